"""Rows: how many objects an operation may make the gateway build, from its page sizes alone, before anything runs.

Depth does not tell: five lists of two hundred inside one another are shallow, and more than any process can hold.
A list counts as many rows as were asked for, or the default; what is below it counts once for each. A look-up of many
keys counts as many rows as it has keys. Each part that is deferred counts as PART_ROWS: it takes about that long.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    value_from_ast_untyped,
)

from gateway.execution.incremental.directives import condition
from resolvers.federation.pages import DEFAULT_SIZE

LISTS = frozenset({"nodes", "edges"})
"Selections below a field that make it a list of rows."
SIZES = ("first", "last")
PART_ROWS = 10
KEYS = frozenset({"ids", "representations"})
"Arguments of look-ups that take many keys: `nodes`, and `_entities`, which routers ask by the thousand."


def count(
    document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any] | None, max_page: int
) -> int:
    """Objects the operation asks for at most. The document is valid: no fragment cycles.

    max_page: a larger page is refused where it is asked for, by its argument's name; here it counts as this much.
    """
    return _Counter(document, operation, variables or {}, max_page).below(operation.selection_set)


def ceiling(document: DocumentNode, operation: OperationDefinitionNode, max_page: int) -> int | None:
    """The same whatever the variables; None when it is for them to say how many keys a look-up has."""
    try:
        return _Most(document, operation, {}, max_page).below(operation.selection_set)
    except _Open:
        return None


class _Counter:
    def __init__(
        self,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any],
        max_page: int,
    ):
        self._max_page = max_page
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._variables = {**_defaults(operation), **variables}
        self._known: dict[str, int] = {}

    def below(self, within: SelectionSetNode | None) -> int:
        return sum(self._node(node) for node in within.selections) if within is not None else 0

    def _node(self, node: object) -> int:
        if isinstance(node, FieldNode):
            return self._field(node)
        part = PART_ROWS if _is_deferred(node) else 0
        if isinstance(node, FragmentSpreadNode):
            return self._fragment(node.name.value) + part
        return self.below(getattr(node, "selection_set", None)) + part

    def _field(self, node: FieldNode) -> int:
        if node.selection_set is None or node.name.value.startswith("__"):
            return 0
        each = self.below(node.selection_set)
        keys = self._keys(node)
        if keys is not None:
            return keys * (each + 1)
        if node.name.value in LISTS:
            return each + 1
        return self._size(node) * max(each, 1) if self._is_list(node.selection_set) else each + 1

    def _keys(self, node: FieldNode) -> int | None:
        """How many keys a look-up has; None when it is none. A value that is no list stands for a list of it."""
        given = (argument.value for argument in node.arguments or () if argument.name.value in KEYS)
        values = (value_from_ast_untyped(value, self._variables) for value in given)
        return next((len(value) if isinstance(value, list) else 1 for value in values), None)

    def _is_list(self, within: SelectionSetNode) -> bool:
        return any(self._holds_rows(node) for node in within.selections)

    def _holds_rows(self, node: object) -> bool:
        if isinstance(node, FieldNode):
            return node.name.value in LISTS
        if isinstance(node, FragmentSpreadNode):
            return self._is_list(self._fragments[node.name.value].selection_set)
        inner = getattr(node, "selection_set", None)
        return inner is not None and self._is_list(inner)

    def _size(self, node: FieldNode) -> int:
        """Rows asked for. What is no number is somebody else's error, and is counted as the default."""
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        sizes = (value_from_ast_untyped(given[name], self._variables) for name in SIZES if name in given)
        return min(max((size for size in sizes if isinstance(size, int)), default=DEFAULT_SIZE), self._max_page)

    def _fragment(self, name: str) -> int:
        if name not in self._known:
            self._known[name] = self.below(self._fragments[name].selection_set)
        return self._known[name]


class _Open(Exception):  # never leaves this module
    """A variable may be of any size."""


class _Most(_Counter):
    """Each page whose size is a variable is as large as a page may be."""

    def _keys(self, node: FieldNode) -> int | None:
        if any(one.name.value in KEYS and isinstance(one.value, VariableNode) for one in node.arguments or ()):
            raise _Open
        return super()._keys(node)

    def _size(self, node: FieldNode) -> int:
        is_open = any(isinstance(one.value, VariableNode) for one in node.arguments or () if one.name.value in SIZES)
        return self._max_page if is_open else super()._size(node)


def _is_deferred(node: object) -> bool:
    directives = getattr(node, "directives", None) or ()
    return any(one.name.value == "defer" and condition(one) is not False for one in directives)


def _defaults(operation: OperationDefinitionNode) -> dict[str, Any]:
    return {
        node.variable.name.value: value_from_ast_untyped(node.default_value)
        for node in operation.variable_definitions or ()
        if node.default_value is not None
    }
