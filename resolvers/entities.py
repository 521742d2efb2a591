"""Entities: objects of this graph as another subgraph names them, for a router that puts several graphs together.

Apollo Federation's `_entities`. A representation holds a type and one of its keys. All of them go to the look-ups that
`node` uses, in the same tick: one batch for each type, however many there are and whichever key they carry.

Not strawberry.federation: its resolver takes one key of a type for granted and answers an unknown type with a KeyError,
and what it prints cannot leave `node` out. May import: request, graph and what those may.
"""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from typing import Annotated, Any, NewType, get_args

import strawberry

from resolvers import keys
from resolvers.errors import BadArgument
from resolvers.graph.artifact import Artifact
from resolvers.graph.build import Build
from resolvers.graph.cohort import Cohort
from resolvers.graph.deployment import Deployment
from resolvers.graph.device import Device
from resolvers.graph.fleet import Fleet
from resolvers.graph.node import Node, Sourced
from resolvers.graph.product_line import ProductLine, ReleaseTrain
from resolvers.graph.release import Release
from resolvers.graph.source import Source
from resolvers.request import TYPES, Request

MAX_REPRESENTATIONS = 5_000
"Of one request. A router sends a whole list's worth at once, and more than this would hardly fit the body's limit."

Members = Artifact | Build | Cohort | Deployment | Device | Fleet | ProductLine | Release | ReleaseTrain | Source
Entity = Annotated[
    Members, strawberry.union("_Entity", description="What another subgraph can name by a key (Apollo Federation).")
]

Names = tuple[str, ...]
"Fields that together are a key."

_ID: Names = ("id",)
_OF_SOURCED = (_ID, ("sourceName", "nativeId"))

KEYS: Mapping[str, tuple[Names, ...]] = {
    **{type_.__name__: _OF_SOURCED if issubclass(type_, Sourced) else (_ID,) for type_ in get_args(Members)},
    "ProductLine": (_ID, ("name",)),
    "Source": (_ID, ("name",)),
}
"The keys of each entity, by its type; the first that a representation has in full is the one that counts."

Representation = NewType("Representation", object)
REPRESENTATION = strawberry.scalar(
    name="_Any",
    description="An entity as a router names it: an object of `__typename` and the fields of one key "
    "(Apollo Federation).",
    serialize=lambda value: value,
    parse_value=lambda value: value,
)

Representations = Annotated[
    list[Representation], strawberry.argument(description=f"At most {MAX_REPRESENTATIONS:,} at once.")
]


def named(request: Request, representations: list[Representation]) -> list[Coroutine[Any, Any, Node | None]]:
    """What each of them names, in their order: unawaited, so that one that fails costs its own place alone.

    Raises BadArgument when there are too many.
    """
    if len(representations) > MAX_REPRESENTATIONS:
        raise BadArgument(f"representations: at most {MAX_REPRESENTATIONS} at once, not {len(representations)}")
    return [_entity(request, one) for one in representations]


async def _entity(request: Request, representation: object) -> Node | None:
    """What a representation names; None when it is not there. Raises BadArgument or InvalidKey."""
    type_name, key = _read(representation)
    if "id" in key:
        keys.decode(key["id"], type_name)
        return await request.node(key["id"])
    if "name" in key:
        name = key["name"]
        return request.sources.named(name) if type_name == "Source" else request.lines.named(name)
    found: Node | None = await request.answer(TYPES[type_name], *request.route_to(key["sourceName"], key["nativeId"]))
    return found


def _read(representation: object) -> tuple[str, dict[str, str]]:
    """The type and its first whole key. Raises BadArgument."""
    given = representation if isinstance(representation, dict) else {}
    type_name = given.get("__typename")
    if not isinstance(type_name, str) or type_name not in KEYS:
        raise BadArgument(f"representations: __typename is to be one of {', '.join(KEYS)}, not {_shown(type_name)}")
    for names in KEYS[type_name]:
        key = {name: given[name] for name in names if isinstance(given.get(name), str)}
        if len(key) == len(names):
            return type_name, key
    wanted = " or ".join(f"`{' '.join(names)}`" for names in KEYS[type_name])
    raise BadArgument(f"representations: a {type_name} is named by {wanted}, as text; this one has neither")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
