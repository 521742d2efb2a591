"""Leaves: scalars and enums, by their own serialisers; a value that needs no change is told by its type alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLString,
    Undefined,
)
from strawberry.execution import optimized_is_awaitable

from gateway.execution.compiled.surprise import Surprise

UNCHANGED: Mapping[GraphQLLeafType, str] = {
    GraphQLString: "type({0}) is str",
    GraphQLID: "type({0}) is str",
    GraphQLBoolean: "type({0}) is bool",
    GraphQLInt: "type({0}) is int and -2147483648 <= {0} <= 2147483647",
}
"When graphql-core's own serialisers give a value back as it is; tests hold them to it."

SURE: Mapping[str, type] = {"DateTime": datetime}
"Scalars whose own serialiser has a text for every value of a type."

_PLAIN = frozenset({str, int, float, bool, dict, list, datetime})
"Neither exceptions nor awaitables."


def serialiser(leaf: GraphQLLeafType) -> Callable[[Any], Any]:
    """The leaf's own serialiser. Raises whatever it raises, and Surprise where graphql-core would not accept it."""
    coerce = leaf.coerce_output_value

    def serialised(value: Any) -> Any:
        if type(value) not in _PLAIN and (isinstance(value, Exception) or optimized_is_awaitable(value)):
            raise Surprise
        coerced = None if value is None or value is Undefined else coerce(value)
        if coerced is None or coerced is Undefined:
            raise Surprise
        return coerced

    return serialised


def words(leaf: GraphQLEnumType) -> tuple[type, Mapping[str, str]] | None:
    """A Python enum and what its members are serialised to, by their names; None for an enum made otherwise."""
    members = getattr(leaf, "wrapped_cls", None)
    if members is None:
        return None
    return members, {member.name: leaf.coerce_output_value(member) for member in members}
