"""Regions: what one compiled function answers, and the slots of what it leaves to be waited for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLField, GraphQLObjectType
from graphql.execution.collect_fields import FieldDetails
from graphql.pyutils import Path

from gateway.execution.compiled.fields import Called
from resolvers.graph.lookups import BROUGHT, LookUp

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

    @property
    def is_brought(self) -> bool:
        """Whether the object itself may hold what is to be shown, with nothing below it to be waited for."""
        way, region = self.way, self.region
        is_known = isinstance(way, LookUp) and way.question in BROUGHT and way.known is None
        return is_known and region is not None and not region.slots

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
        return [info, *(Brought(slot, info) if slot.is_brought else [] for slot in self.slots)]


class Brought(list[Row]):
    """Rows of a slot that have to be waited for. Others are shown at once, by what came along with them.

    shown: by route, so that rows share it; False where it did not come along, or not all of it.
    """

    __slots__ = ("_notes", "_region", "shown")

    def __init__(self, slot: Slot, info: object):
        assert slot.region is not None
        self._region, self._notes = slot.region, [info]
        self.shown: dict[tuple[str, str], Any] = {}

    def show(self, row: Any, route: tuple[str, str]) -> Any:
        """To be asked once for each route."""
        self.shown[route] = found = self._found(row, route)
        return found

    def _found(self, row: Any, route: tuple[str, str]) -> Any:
        for one in row.along:
            if one.route == route:
                try:
                    return self._region.answer(one, None, self._notes)
                except Exception:  # noqa: S112  # of another type, or without a column: whoever is asked has it
                    continue
        return False


def path(trail: Trail) -> Path:
    """The Path a trail stands for."""
    if trail is None or type(trail) is Path:
        return trail  # type: ignore[return-value]  # None only at the root, which has no field
    before, key, type_name = trail
    return Path(path(before), key, type_name)
