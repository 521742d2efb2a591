"""Ahead: the page of releases that an operation asks of its fleets, so that fleets may bring it along.

Told before anything is asked: a source that can send fleets with their first releases then answers both in one call.
Where an operation asks for several such pages, one comes along and the others are asked for as ever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLObjectType,
    get_argument_values,
    get_variable_values,
)
from graphql.execution.values import VariableValues
from strawberry import Schema
from strawberry.types.arguments import convert_arguments

from resolvers.errors import ReleasegraphError
from resolvers.federation.columns import Wanted
from resolvers.federation.lists import is_selected
from resolvers.graph.window import Window
from resolvers.lists import Desk, releases
from resolvers.upstreams.port import ReleasesBelow


@dataclass(frozen=True, slots=True)
class _Place:
    """A list where it is selected, as far as telling what is selected below it needs."""

    field_nodes: Sequence[FieldNode]
    fragments: Mapping[str, FragmentDefinitionNode]
    variable_values: Mapping[str, Any]


def below_fleets(desk: Desk, wanted: Wanted, schema: Schema, variables: Mapping[str, Any]) -> ReleasesBelow | None:
    if not wanted.below_fleets:
        return None
    values = get_variable_values(schema._schema, wanted.variables, dict(variables), max_errors=1)
    if isinstance(values, list):  # they do not fit: nothing will be executed
        return None
    for node in wanted.below_fleets:
        at: Any = _Place([node], wanted.fragments, values.coerced)
        # Counted, the releases of all fleets are read whole, see `releases.of_fleet`.
        if not is_selected(at, "totalCount") and (page := _page(desk, schema, node, values)) is not None:
            return page
    return None


def _page(desk: Desk, schema: Schema, node: FieldNode, values: VariableValues) -> ReleasesBelow | None:
    try:
        given = _arguments(schema, node, values)
        window = Window(given.get("first"), given.get("after"), given.get("last"), given.get("before"))
        return releases.below(desk, given.get("filter"), given.get("order_by"), window)
    except (GraphQLError, ReleasegraphError):
        return None  # whoever answers the field says what is wrong with it


def _arguments(schema: Schema, node: FieldNode, values: VariableValues) -> dict[str, Any]:
    """The arguments of a list of releases below a fleet, as its resolver would get them."""
    fleet = schema._schema.type_map["Fleet"]
    assert isinstance(fleet, GraphQLObjectType)
    declared = fleet.fields[node.name.value]
    given = get_argument_values(declared, node, values)
    return convert_arguments(
        given,
        declared.extensions["strawberry-definition"].arguments,
        config=schema.config,
        scalar_registry=schema.schema_converter.scalar_registry,
    )
