"""Plans: the regions of one prepared document, each made when it is first met."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from weakref import ref

from graphql import (
    DirectiveNode,
    DocumentNode,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    Visitor,
    visit,
)
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetails
from graphql.pyutils import Path

from gateway.execution.compiled import writing
from gateway.execution.compiled.regions import Region
from gateway.execution.compiled.roots import Root
from gateway.execution.compiled.surprise import Surprise
from gateway.execution.compiled.variables import Variables

MAX_VARIANTS = 16
"Of one document: four variables that leave fields out. The oldest is forgotten first."

MAX_BYTES = 4 * 1024 * 1024
"Of one document: once its variants take more, the oldest make room for the next."

BYTES_PER_NAME = 250
"Of a region's code, whatever stands behind the name included: between 170 and 290 were measured."

BYTES_PER_PLACE = 500

KNOWN = frozenset({"skip", "include"})
"Directives of operations whose effect is understood here; with any other, graphql-core executes the document."


class Plans:
    """Those of one document. grew: is told whenever `size_bytes` has changed, until the document is forgotten."""

    def __init__(self, document: DocumentNode):
        self.grew: Callable[[], object] = nobody_asks
        found = _Directives()
        visit(document, found)
        self._is_open = found.names <= KNOWN
        self._conditions = tuple(sorted(found.variables))
        self._variants: dict[tuple[Any, ...], Regions] = {}
        self._variables: dict[str | None, Variables] = {}

    def variables(self, schema: GraphQLSchema, operation: OperationDefinitionNode) -> Variables:
        name = operation.name.value if operation.name else None
        found = self._variables.get(name)
        if found is None:
            found = self._variables[name] = Variables(schema, operation)
        return found

    def of(self, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> Regions | None:
        """The regions of an operation with the variables it was asked with; None when all of it is graphql-core's."""
        if not self._is_open or operation.operation is not OperationType.QUERY:
            return None
        name = operation.name.value if operation.name else None
        variant = (name, *(variables.get(condition) for condition in self._conditions))
        if variant not in self._variants:
            while len(self._variants) >= MAX_VARIANTS or self.size_bytes > MAX_BYTES:
                del self._variants[next(iter(self._variants))]
            self._variants[variant] = Regions(self)
        return self._variants[variant]

    @property
    def size_bytes(self) -> int:
        """An estimate of what they take in memory."""
        return sum(regions.size_bytes for regions in self._variants.values())


class Regions:
    """Regions by the path of an object, without indices, and the types along it, which say which fragments held.

    roots: the root fields; empty where graphql-core runs them, None until that was looked at.
    """

    def __init__(self, plans: Plans) -> None:
        self.roots: Sequence[Root] | None = None
        self.size_bytes = 0
        # Weak, as nothing here may be a circle: what is forgotten would wait for a collection of all generations.
        self._plans = ref(plans)
        self._known: dict[tuple[Any, ...], Region | None] = {}

    def at(
        self, executor: Executor[Any], path: Path, type_: GraphQLObjectType, details: list[FieldDetails]
    ) -> Region | None:
        """The region of objects of a type at a path; None when it cannot be compiled."""
        place = _place(path, type_)
        if place not in self._known:
            self._known[place] = found = _region(executor, type_, details)
            self._count(found)
        return self._known[place]

    def rooted(self, found: Sequence[Root]) -> None:
        """They were looked at."""
        self.roots = found
        for root in found:
            self._count(root.region)

    def _count(self, region: Region | None) -> None:
        self.size_bytes += BYTES_PER_PLACE + (0 if region is None else size_bytes(region))
        plans = self._plans()
        if plans is not None:
            plans.grew()


def size_bytes(region: Region) -> int:
    """An estimate of what a region takes in memory, with those of what it leaves to be waited for."""
    names = region.answer.__globals__
    below = (slot.region for slot in region.slots if slot.region is not None)
    return len(names) * BYTES_PER_NAME + sum(map(size_bytes, below))


def _region(executor: Executor[Any], type_: GraphQLObjectType, details: list[FieldDetails]) -> Region | None:
    try:
        return writing.region(executor, GraphQLNonNull(type_), details)
    except Surprise:
        return None


def _place(path: Path | None, type_: GraphQLObjectType) -> tuple[Any, ...]:
    steps: list[Any] = [type_.name]
    while path is not None:
        before, key, type_name = path
        if type_name is not None:  # an index has none
            steps += (key, type_name)
        path = before
    return tuple(steps)


def nobody_asks() -> None:
    """How much the plans of a document take that is not kept, or no longer."""


class _Directives(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.variables: set[str] = set()

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        self.names.add(node.name.value)
        values = [argument.value for argument in node.arguments or ()]
        self.variables.update(value.name.value for value in values if isinstance(value, VariableNode))
