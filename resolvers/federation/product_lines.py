"""Product lines: which fleets of several sources are one product, as an operator says. Pure: nobody is asked here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from resolvers.errors import BadArgument
from resolvers.graph.fleet import Fleet


class Naming(StrEnum):
    """How an operator names a fleet: by the graph's `nativeId`, by its slug, or by what people call it."""

    ID = "id"
    SLUG = "slug"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class FleetRef:
    """A fleet as an operator names it."""

    source: str
    naming: Naming
    value: str

    def means(self, fleet: Fleet) -> bool:
        return self.source == fleet.source_name and self.value == _named(fleet, self.naming)

    def __str__(self) -> str:
        return f"{self.source} {self.naming.value} {self.value}"


@dataclass(frozen=True, slots=True)
class LineSpec:
    """One `[[product_lines]]`."""

    name: str
    fleets: tuple[FleetRef, ...]

    @property
    def sources(self) -> tuple[str, ...]:
        """Those that have a part in it, by name."""
        return tuple(sorted({ref.source for ref in self.fleets}))

    def has(self, fleet: Fleet) -> bool:
        return any(ref.means(fleet) for ref in self.fleets)


def seen_in(lines: Iterable[LineSpec], sources: Collection[str]) -> tuple[LineSpec, ...]:
    """The lines as they are to whoever may read these sources alone: with fewer fleets, and without those that have
    none left."""
    own = ((line, tuple(ref for ref in line.fleets if ref.source in sources)) for line in lines)
    return tuple(replace(line, fleets=fleets) for line, fleets in own if fleets)


def line_of(lines: Iterable[LineSpec], fleet: Fleet) -> LineSpec | None:
    """The line a fleet is in: the first that names it."""
    return next((line for line in lines if line.has(fleet)), None)


def chosen(lines: Sequence[LineSpec], names: Collection[str]) -> list[LineSpec]:
    """The lines of these names. Raises BadArgument for a name that is not configured."""
    by_name = {line.name: line for line in lines}
    for name in names:
        if name not in by_name:
            known = ", ".join(sorted(by_name)) or "none: see [[product_lines]] in the settings"
            raise BadArgument(f"productLines: no product line is called {name!r}; configured are: {known}")
    return [by_name[name] for name in dict.fromkeys(names)]


def _named(fleet: Fleet, naming: Naming) -> str | None:
    if naming is Naming.ID:
        return fleet.native_id
    return fleet.slug if naming is Naming.SLUG else fleet.name
