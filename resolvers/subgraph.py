"""Subgraph: the graph as a router's composer is to see it, made from the printed schema by rules.

- What has an id of its own is an entity: another subgraph may add fields to it, by either of its keys.
- Every other object is a value, and shareable: a neighbour may have the same, such as `PageInfo`.
- `node`, `nodes` and `Node` are left out. They are served all the same, but a neighbour has them too, and neither finds
  the other's objects: in a graph put together of both, nothing may promise that.

By rules rather than by decorators, so that no new type can be forgotten.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import strawberry
from graphql import (
    ConstDirectiveNode,
    DefinitionNode,
    ObjectTypeDefinitionNode,
    ScalarTypeDefinitionNode,
    parse,
    print_ast,
)
from strawberry.schema.base import BaseSchema

from resolvers.entities import KEYS

LINK = """extend schema
  @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable"])"""
"Apollo's composer, the Guild's and Cosmo's all take this version."

NODE = "Node"
UNSEEN_TYPES = frozenset({NODE, "_Any", "_Entity", "_Service"})
UNSEEN_DIRECTIVES = frozenset({"defer", "stream"})
"A router takes parts out of operations itself, and sends no subgraph any of these."
UNSEEN_FIELDS = frozenset({"node", "nodes", "_entities", "_service"})
"Of the query type: those above, and what every subgraph serves without telling."
ROOTS = frozenset({"Query", "Mutation", "Subscription"})


@strawberry.type(name="_Service", description="This graph as one of several behind a router (Apollo Federation).")
class Subgraph:
    sdl: str = strawberry.field(description="Its schema for a composer, with keys and what may be shared.")


@lru_cache(maxsize=4)
def subgraph(schema: BaseSchema) -> Subgraph:
    """A served schema as a subgraph: printed once, for it never changes."""
    return Subgraph(sdl=sdl(schema.as_str()))


def sdl(schema: str) -> str:
    """The subgraph's text, from that of the schema that is served."""
    document = parse(schema)
    seen = (_seen(node) for node in document.definitions if _name(node) not in UNSEEN_TYPES | UNSEEN_DIRECTIVES)
    return f"{LINK}\n\n{print_ast(replace(document, definitions=tuple(seen)))}\n"


def _seen(node: DefinitionNode) -> DefinitionNode:
    if not isinstance(node, ObjectTypeDefinitionNode):
        return node
    if node.name.value in ROOTS:
        fields = tuple(field for field in node.fields or () if field.name.value not in UNSEEN_FIELDS)
        return replace(node, fields=fields)
    interfaces = tuple(one for one in node.interfaces or () if one.name.value != NODE)
    return replace(node, interfaces=interfaces, directives=_directives(_marks(node.name.value)))


def _marks(type_name: str) -> str:
    if type_name not in KEYS:
        return "@shareable"
    return " ".join(f'@key(fields: "{" ".join(names)}")' for names in KEYS[type_name])


@lru_cache
def _directives(text: str) -> tuple[ConstDirectiveNode, ...]:
    (node,) = parse(f"scalar Any {text}").definitions
    assert isinstance(node, ScalarTypeDefinitionNode)
    return tuple(node.directives or ())


def _name(node: DefinitionNode) -> str:
    name = getattr(node, "name", None)
    return name.value if name is not None else ""
