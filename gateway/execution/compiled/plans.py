"""Plans: the regions of one prepared document, each made when it is first met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

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

KNOWN = frozenset({"skip", "include"})
"Directives of operations whose effect is understood here; with any other, graphql-core executes the document."


class Plans:
    """Those of one document."""

    def __init__(self, document: DocumentNode):
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
            if len(self._variants) >= MAX_VARIANTS:
                del self._variants[next(iter(self._variants))]
            self._variants[variant] = Regions()
        return self._variants[variant]


class Regions:
    """Regions by the path of an object, without indices, and the types along it, which say which fragments held.

    roots: the root fields; empty where graphql-core runs them, None until that was looked at.
    """

    def __init__(self) -> None:
        self.roots: Sequence[Root] | None = None
        self._known: dict[tuple[Any, ...], Region | None] = {}

    def at(
        self, executor: Executor[Any], path: Path, type_: GraphQLObjectType, details: list[FieldDetails]
    ) -> Region | None:
        """The region of objects of a type at a path; None when it cannot be compiled."""
        place = _place(path, type_)
        if place not in self._known:
            self._known[place] = _region(executor, type_, details)
        return self._known[place]


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


class _Directives(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.variables: set[str] = set()

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        self.names.add(node.name.value)
        values = [argument.value for argument in node.arguments or ()]
        self.variables.update(value.name.value for value in values if isinstance(value, VariableNode))
