"""Directives: whether an operation asks to be answered in parts, by its own words and by its variables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    Visitor,
    visit,
)

NAMES = frozenset({"defer", "stream"})
_WORDS = re.compile(r"\b(?:defer|stream)\b")

Condition = bool | str
"""The `if` of one directive: what it says, or the variable that says it."""


class Conditions:
    """Of the directives that each operation of one document meets."""

    def __init__(self, document: DocumentNode):
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._known: dict[str | None, tuple[tuple[Condition, ...], Mapping[str, bool]]] = {}

    def hold(self, operation: OperationDefinitionNode, variables: Mapping[str, Any] | None) -> bool:
        """Whether one of them is in force. What is no truth value counts as true: it is told when it is executed."""
        name = operation.name.value if operation.name else None
        if name not in self._known:
            self._known[name] = tuple(set(self._met(operation.selection_set, set()))), _defaults(operation)
        conditions, defaults = self._known[name]
        values = {**defaults, **(variables or {})}
        return any(values.get(one, True) is not False if isinstance(one, str) else one for one in conditions)

    def _met(self, within: SelectionSetNode | None, seen: set[str]) -> Iterator[Condition]:
        """seen: fragments that were gone through."""
        for node in within.selections if within is not None else ():
            yield from (condition(one) for one in node.directives or () if one.name.value in NAMES)
            if not isinstance(node, FragmentSpreadNode):
                yield from self._met(getattr(node, "selection_set", None), seen)
            elif node.name.value not in seen:
                seen.add(node.name.value)
                yield from self._met(self._fragments[node.name.value].selection_set, seen)


def conditions(text: str, document: DocumentNode) -> Conditions | None:
    """None for a document that nothing can divide. It is valid: no fragment cycles."""
    if not _WORDS.search(text):  # nearly always: a name cannot be written otherwise
        return None
    found = Conditions(document)
    operations = (node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    return found if any(any(found._met(node.selection_set, set())) for node in operations) else None


def misplaced(text: str, document: DocumentNode) -> list[GraphQLError]:
    """One error for each directive that stands inside introspection: no source is waited for there, and how many parts
    that would be, no page size says."""
    if not _WORDS.search(text):
        return []
    search = _InIntrospection()
    visit(document, search)
    return [GraphQLError(f"@{node.name.value} is not taken inside introspection", node) for node in search.found]


class _InIntrospection(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self._depth = 0
        self.found: list[DirectiveNode] = []

    def enter(self, node: Node, *_: Any) -> None:
        self._depth += _is_introspection(node)
        if self._depth and isinstance(node, DirectiveNode) and node.name.value in NAMES:
            self.found.append(node)

    def leave(self, node: Node, *_: Any) -> None:
        self._depth -= _is_introspection(node)


def _is_introspection(node: Node) -> bool:
    if isinstance(node, FragmentDefinitionNode):
        return node.type_condition.name.value.startswith("__")
    return isinstance(node, FieldNode) and node.name.value.startswith("__")


def condition(node: DirectiveNode) -> Condition:
    """Of one of the two directives."""
    value = next((argument.value for argument in node.arguments or () if argument.name.value == "if"), None)
    if isinstance(value, VariableNode):
        return value.name.value
    return value.value if isinstance(value, BooleanValueNode) else True


def _defaults(operation: OperationDefinitionNode) -> dict[str, bool]:
    return {
        node.variable.name.value: node.default_value.value
        for node in operation.variable_definitions or ()
        if isinstance(node.default_value, BooleanValueNode)
    }
