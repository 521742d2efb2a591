"""The subgraph's text: what a composer is told of the graph."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from graphql import GraphQLInterfaceType, GraphQLUnionType, ObjectTypeDefinitionNode, parse, print_ast

from gateway.execution.executor import core
from resolvers.entities import KEYS
from resolvers.keys import OF_NO_SOURCE
from resolvers.schema import schema
from resolvers.subgraph import sdl


def objects(text: str) -> Mapping[str, ObjectTypeDefinitionNode]:
    """Object types of a schema's text, by name."""
    return {node.name.value: node for node in parse(text).definitions if isinstance(node, ObjectTypeDefinitionNode)}


GRAPH = core(schema)
TEXT = sdl(schema.as_str())
SERVED, TOLD = objects(schema.as_str()), objects(TEXT)


def marks(name: str) -> list[str]:
    return [print_ast(directive) for directive in TOLD[name].directives or ()]


def fields(node: ObjectTypeDefinitionNode) -> set[str]:
    return {field.name.value for field in node.fields or ()}


def test_what_has_an_id_of_its_own_is_an_entity() -> None:
    node, entity = GRAPH.type_map["Node"], GRAPH.type_map["_Entity"]
    assert isinstance(node, GraphQLInterfaceType)
    assert isinstance(entity, GraphQLUnionType)

    assert {one.name for one in GRAPH.get_implementations(node).objects} == set(KEYS)
    assert {one.name for one in entity.types} == set(KEYS)


@pytest.mark.parametrize("name", sorted(set(KEYS) - {"Source", *OF_NO_SOURCE}))
def test_an_object_of_a_source_has_two_keys(name: str) -> None:
    assert marks(name) == ['@key(fields: "id")', '@key(fields: "sourceName nativeId")']


@pytest.mark.parametrize("name", ["Source", "ProductLine"])
def test_what_is_configured_is_keyed_by_its_name(name: str) -> None:
    assert marks(name) == ['@key(fields: "id")', '@key(fields: "name")']


def test_every_other_object_is_shareable() -> None:
    others = set(TOLD) - set(KEYS) - {"Query", "Mutation"}

    assert [name for name in others if marks(name) != ["@shareable"]] == []
    assert {"PageInfo", "Version", "Tag", "SourceReport"} < others


def test_what_a_neighbour_has_too_is_left_out_and_nothing_else() -> None:
    lost = {name: fields(SERVED[name]) - fields(TOLD[name]) for name in TOLD}

    assert set(SERVED) - set(TOLD) == {"_Service"}
    assert {name: names for name, names in lost.items() if names} == {
        "Query": {"node", "nodes", "_entities", "_service"}
    }
    assert [name for name, node in TOLD.items() if node.interfaces] == []
    assert [word for word in ("interface Node", "_Any", "_Entity") if word in TEXT] == []


def test_the_version_of_federation_is_pinned() -> None:
    assert TEXT.startswith(
        'extend schema\n  @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable"])\n'
    )
