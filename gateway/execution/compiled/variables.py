"""Variables: those of an operation, coerced without graphql-core where all are plain scalars of the very type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLError,
    GraphQLID,
    GraphQLInt,
    GraphQLSchema,
    GraphQLString,
    OperationDefinitionNode,
    get_variable_values,
    is_non_null_type,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource

UNCHANGED: Mapping[Any, Callable[[Any], bool]] = {
    GraphQLID: lambda value: type(value) is str,
    GraphQLString: lambda value: type(value) is str,
    GraphQLBoolean: lambda value: type(value) is bool,
    GraphQLInt: lambda value: type(value) is int and -2147483648 <= value <= 2147483647,
}
"When graphql-core takes a value as it is; tests hold it to that."


@dataclass(frozen=True, slots=True)
class _Plain:
    signature: GraphQLVariableSignature
    unset: VariableValueSource
    is_unchanged: Callable[[Any], bool]
    is_required: bool


class Variables:
    """Those of one operation."""

    def __init__(self, schema: GraphQLSchema, operation: OperationDefinitionNode):
        self._schema, self._nodes = schema, operation.variable_definitions or ()
        self._plain = self._all_plain()

    def coerced(self, given: Mapping[str, Any] | None) -> VariableValues | None:
        """None: they do not fit, which is for graphql-core to tell."""
        found = None if self._plain is None else _taken(self._plain, given or {})
        if found is not None:
            return found
        # One error is enough to know: each of them spells the whole value out, and there may be a hundred thousand.
        values = get_variable_values(self._schema, self._nodes, dict(given or {}), max_errors=1)
        return None if isinstance(values, list) else values

    def _all_plain(self) -> Mapping[str, _Plain] | None:
        found = {}
        for node in self._nodes:
            signature = get_variable_signature(self._schema, node)
            if isinstance(signature, GraphQLError) or node.default_value is not None:
                return None
            is_required = is_non_null_type(signature.type)
            unchanged = UNCHANGED.get(signature.type.of_type if is_required else signature.type)  # type: ignore[union-attr]
            if unchanged is None:
                return None
            found[signature.name] = _Plain(signature, VariableValueSource(signature), unchanged, is_required)
        return found


def _taken(plain: Mapping[str, _Plain], given: Mapping[str, Any]) -> VariableValues | None:
    """None where one is not of its very type."""
    sources: dict[str, VariableValueSource] = {}
    coerced: dict[str, Any] = {}
    for name, one in plain.items():
        if name not in given:
            if one.is_required:
                return None
            sources[name] = one.unset
            continue
        value = given[name]
        if not one.is_unchanged(value) and (value is not None or one.is_required):
            return None
        sources[name] = VariableValueSource(one.signature, value)
        coerced[name] = value
    return VariableValues(sources, coerced)
