"""Arguments: those of one field where it is selected, as its resolver is given them.

What a document says once and for all is made once; a plain scalar out of a variable is looked up; any other argument
is made by graphql-core and strawberry each time, as they would.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from graphql import (
    FieldNode,
    GraphQLArgument,
    GraphQLField,
    GraphQLSchema,
    ListValueNode,
    ObjectValueNode,
    Undefined,
    VariableNode,
    get_argument_values,
    is_leaf_type,
    is_non_null_type,
)
from graphql.execution.values import VariableValues
from strawberry.types.arguments import convert_arguments

from gateway.execution.compiled.surprise import Surprise

DEFINITION = "strawberry-definition"

_CONSTANT = frozenset({type(None), bool, int, float, str})
"Values that no request can change for the others."


class Arguments:
    """Of one field."""

    def __init__(self, schema: GraphQLSchema, field: GraphQLField, node: FieldNode):
        self._schema, self._field, self._node = schema, field, node
        self._fixed: dict[str, Any] = {}
        self._variables: list[tuple[str, str, bool]] = []
        try:
            self._sort()
            self._is_plain = True
        except Surprise:
            self._is_plain = False

    def given(self, variables: VariableValues) -> dict[str, Any]:
        """By the names of the resolver's parameters. Raises what graphql-core and strawberry raise."""
        if self._is_plain:
            found = dict(self._fixed)
            for name, variable, is_required in self._variables:
                value = variables.coerced.get(variable, Undefined)
                if value is Undefined or (value is None and is_required):
                    return self._converted(variables)
                found[name] = value
            return found
        return self._converted(variables)

    def _converted(self, variables: VariableValues) -> dict[str, Any]:
        given = get_argument_values(self._field, self._node, variables)
        own = self._schema.extensions[DEFINITION]
        return convert_arguments(
            given,
            self._field.extensions[DEFINITION].arguments,
            config=own.config,
            scalar_registry=own.schema_converter.scalar_registry,
        )

    def _sort(self) -> None:
        """Raises Surprise when one of them is neither constant nor a plain variable."""
        selected = {argument.name.value: argument.value for argument in self._node.arguments or ()}
        constants: dict[str, GraphQLArgument] = {}
        for name, argument in self._field.args.items():
            value = selected.get(name)
            if isinstance(value, ListValueNode | ObjectValueNode):  # there may be variables in it
                raise Surprise
            if isinstance(value, VariableNode):
                self._variables.append((_python_name(argument), value.name.value, _is_required(argument)))
            else:
                constants[name] = argument
        self._fixed = self._constants(constants)

    def _constants(self, arguments: Mapping[str, GraphQLArgument]) -> dict[str, Any]:
        field = GraphQLField(self._field.type, dict(arguments))
        values = get_argument_values(field, self._node)
        if not all(type(value) in _CONSTANT or isinstance(value, Enum) for value in values.values()):
            raise Surprise
        return {_python_name(arguments[name]): value for name, value in values.items()}


def _is_required(argument: GraphQLArgument) -> bool:
    """Of a plain one, whose variable's value is its own as it is. Raises Surprise for others."""
    is_required = is_non_null_type(argument.type)
    if not is_leaf_type(argument.type.of_type if is_required else argument.type):  # type: ignore[union-attr]
        raise Surprise
    return is_required


def _python_name(argument: GraphQLArgument) -> str:
    name: str = argument.extensions[DEFINITION].python_name
    return name
