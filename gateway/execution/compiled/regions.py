"""Regions: what one compiled function answers, and the slots of what it leaves to be waited for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLField, GraphQLObjectType
from graphql.execution.collect_fields import FieldDetails
from graphql.pyutils import Path

from gateway.execution.compiled.fields import Called
from resolvers.graph.lookups import LookUp

Trail = Any
"A Path, or the same three things as a plain tuple, which is quicker to make: (Trail, key, type's name)."

Row = tuple[dict[str, Any], Any, Trail]
"(the dict a value belongs in, the object or the route it is asked with, the object's trail)"


@dataclass(frozen=True, slots=True)
class Slot:
    """One field to be waited for, of all objects of a region that have it selected at the same path.

    key: of the response. way: None leaves the field to graphql-core. region: of its value, unless left to graphql-core.
    """

    key: str
    parent: GraphQLObjectType
    field: GraphQLField
    details: list[FieldDetails]
    way: LookUp | Called | None = None
    region: Region | None = None

    def path(self, trail: Trail) -> Path:
        return Path(path(trail), self.key, self.parent.name)


@dataclass(frozen=True, slots=True)
class Region:
    """answer: (value, its trail, notes) -> what is shown of it; raises for any surprise. slots: what it may note.

    notes: the stand-in for resolvers' `info`, then a list of rows for each slot.
    """

    answer: Callable[[Any, Trail, list[Any]], Any]
    slots: Sequence[Slot]

    def __del__(self) -> None:
        # Functions and the names they refer to one another by are a circle, which would wait for the collector.
        self.answer.__globals__.clear()

    def notes(self, info: object) -> list[Any]:
        return [info, *([] for _ in self.slots)]


def path(trail: Trail) -> Path:
    """The Path a trail stands for."""
    if trail is None or type(trail) is Path:
        return trail  # type: ignore[return-value]  # None only at the root, which has no field
    before, key, type_name = trail
    return Path(path(before), key, type_name)
