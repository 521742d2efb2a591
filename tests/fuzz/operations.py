"""Operations over the whole schema, drawn by hypothesis: every field, every argument, values that fit and some that do
not quite. Changes too, so that it is for imitations alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from hypothesis import strategies as st

from gateway.execution.executor import core
from resolvers import keys
from resolvers.schema import schema

SCHEMA = core(schema)
TEXTS = st.one_of(
    st.sampled_from(
        (
            "",
            " ",
            "acme",
            "acme/sensor-hub",
            "balena",
            "memfault",
            "1.3.0",
            ">=1,<2",
            "a/b/c/d",
            "..",
            "%2e%2e/%00",
            "💡",
        )
    ),
    st.text(max_size=20),
)
NATIVE = st.sampled_from(("1", "12", "acme/sensor-hub", "acme/sensor-hub/1.3.0", "..", "0", "-1", "9" * 30, "", "a b"))
IDS = st.one_of(
    st.builds(
        keys.encode,
        st.sampled_from(("Release", "Fleet", "Artifact", "Device", "Cohort", "Build", "Deployment", "Nobody")),
        st.sampled_from(("balena", "nerveshub", "memfault", "buildmaster", "metakraftwerk", "elsewhere")),
        NATIVE,
    ),
    TEXTS,
)
SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "ID": IDS,
    "String": TEXTS,
    "Int": st.one_of(st.integers(-1, 5), st.sampled_from((200, 201, 2**31 - 1, 2**31))),
    "Float": st.floats(allow_nan=False, allow_infinity=False),
    "Boolean": st.booleans(),
    "DateTime": st.sampled_from(("2026-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59+14:00", "soon")),
    "_Any": st.fixed_dictionaries(
        {"__typename": st.sampled_from(("Release", "Fleet", "Source", "Nobody"))},
        optional={
            "id": IDS,
            "sourceName": TEXTS,
            "nativeId": NATIVE,
            "name": TEXTS,
            "more": st.lists(TEXTS, max_size=2),
        },
    ),
    "JSON": st.recursive(
        st.one_of(st.none(), TEXTS, st.integers()), lambda inner: st.lists(inner, max_size=3), max_leaves=5
    ),
}
"By name; a scalar that is not here is drawn as a text."


@dataclass
class Drawn:
    """A document with its variables. left: fields it may still select."""

    left: int = 60
    variables: dict[str, Any] = field(default_factory=dict)
    declared: list[str] = field(default_factory=list)


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    """A whole request as JSON has it: of up to three root fields."""
    is_change = draw(st.integers(0, 4)) == 0
    root: Any = SCHEMA.mutation_type if is_change else SCHEMA.query_type
    drawn = Drawn()
    names = draw(st.lists(st.sampled_from(sorted(root.fields)), min_size=1, max_size=3))
    fields = [f"r{at}: {_field(draw, drawn, name, root.fields[name], 5)}" for at, name in enumerate(names)]
    head = f"({', '.join(drawn.declared)})" if drawn.declared else ""
    return {
        "query": f"{'mutation' if is_change else 'query'} Q{head} {{ {' '.join(fields)} }}",
        "variables": drawn.variables,
    }


def _field(draw: st.DrawFn, drawn: Drawn, name: str, declared: GraphQLField, depth: int) -> str:
    drawn.left -= 1
    arguments = _arguments(draw, drawn, declared)
    result = get_named_type(declared.type)
    return f"{name}{arguments}{'' if is_leaf_type(result) else _selection(draw, drawn, result, depth - 1)}"


def _arguments(draw: st.DrawFn, drawn: Drawn, declared: GraphQLField) -> str:
    given = [
        f"{name}: {_variable(draw, drawn, argument)}"
        for name, argument in declared.args.items()
        if is_non_null_type(argument.type) or draw(st.integers(0, 2)) == 0
    ]
    return f"({', '.join(given)})" if given else ""


def _variable(draw: st.DrawFn, drawn: Drawn, argument: GraphQLArgument) -> str:
    name = f"v{len(drawn.declared)}"
    drawn.declared.append(f"${name}: {argument.type}")
    drawn.variables[name] = _value(draw, argument.type, 3)
    return f"${name}"


def _value(draw: st.DrawFn, type_: Any, depth: int) -> Any:
    if is_non_null_type(type_):
        return _value(draw, type_.of_type, depth)
    if draw(st.integers(0, 40)) == 0:
        return draw(st.sampled_from((None, [], {}, "odd", 7)))
    if is_list_type(type_):
        return [_value(draw, type_.of_type, depth) for _ in range(draw(st.integers(0, 3)))]
    if isinstance(type_, GraphQLEnumType):
        return draw(st.sampled_from(sorted(type_.values)))
    if isinstance(type_, GraphQLInputObjectType):
        return {
            name: _value(draw, one.type, depth - 1)
            for name, one in type_.fields.items()
            if is_non_null_type(one.type) or (depth > 0 and draw(st.integers(0, 3)) == 0)
        }
    return draw(SCALARS.get(type_.name, TEXTS))


def _selection(draw: st.DrawFn, drawn: Drawn, type_: Any, depth: int) -> str:
    if is_abstract_type(type_):
        on: Any = draw(st.sampled_from(sorted(SCHEMA.get_possible_types(type_), key=lambda one: one.name)))
        return f" {{ __typename ... on {on.name}{_selection(draw, drawn, on, depth)} }}"
    fields = _within(type_, depth if drawn.left > 0 else 0)
    names = draw(st.lists(st.sampled_from(sorted(fields)), min_size=1, max_size=4, unique=True)) if fields else []
    chosen = [f"f{at}: {_field(draw, drawn, name, fields[name], depth)}" for at, name in enumerate(names)]
    return f" {{ __typename {' '.join(chosen)} }}"


def _within(type_: GraphQLObjectType, depth: int) -> dict[str, GraphQLField]:
    return {name: one for name, one in type_.fields.items() if depth > 0 or is_leaf_type(get_named_type(one.type))}


def as_json(request: dict[str, Any]) -> bytes:
    """Texts of lone surrogates are sent as escapes, as JSON allows."""
    return json.dumps(request).encode()
