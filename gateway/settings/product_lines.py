"""Product lines: the `[[product_lines]]` tables. From gateway.toml alone: a list of tables fits no variable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.settings.file import File
from gateway.settings.problems import shown, unknown
from resolvers.federation.product_lines import FleetRef, LineSpec, Naming
from resolvers.upstreams.config import SourceConfig
from resolvers.upstreams.port import Fact
from resolvers.upstreams.registry import ADAPTERS

KEY = "product_lines"
LONGEST_NAME = 64  # it becomes part of ids
EXAMPLE = '{ source = "balena", slug = "acme/sensor-hub" }'
NAMINGS = tuple(naming.value for naming in Naming)


def read(given: File, sources: Mapping[str, SourceConfig], problems: list[str]) -> tuple[LineSpec, ...]:
    """In their order. sources: the configured ones; of one that has a problem of its own nothing more is said."""
    tables = given.tables.get(KEY, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        problems.append(f"{KEY}: should be tables, one [[{KEY}]] for each line, in {given.path}")
        return ()
    reading = _Reading(sources, {*sources, *_tables(given)}, problems)
    return tuple(reading.line(f"{KEY}.{number}", table) for number, table in enumerate(tables))


def _tables(given: File) -> Mapping[str, Any]:
    tables = given.tables.get("sources", {})
    return tables if isinstance(tables, dict) else {}


class _Reading:
    """What was said before is remembered: a name, or a fleet, belongs to one line."""

    def __init__(self, sources: Mapping[str, SourceConfig], names: set[str], problems: list[str]):
        self._sources, self._names, self._problems = sources, names, problems
        self._lines: dict[str, str] = {}
        self._fleets: dict[FleetRef, str] = {}

    def line(self, key: str, table: Mapping[str, Any]) -> LineSpec:
        self._strangers(key, table, ("name", "fleets"))
        fleets = table.get("fleets")
        if not isinstance(fleets, list) or not fleets:
            self._problems.append(f"{key}.fleets: should be a list of fleets, such as [{EXAMPLE}]")
            fleets = []
        refs = [self._fleet(f"{key}.fleets.{number}", one) for number, one in enumerate(fleets)]
        return LineSpec(self._name(f"{key}.name", table.get("name")), tuple(ref for ref in refs if ref is not None))

    def _name(self, key: str, name: Any) -> str:
        if name is None:
            self._problems.append(f"{key}: not set; give the line a name")
        elif not isinstance(name, str) or not 0 < len(name.strip()) <= LONGEST_NAME:
            self._problems.append(f"{key}: should be a text of at most {LONGEST_NAME} characters; given {shown(name)}")
        elif name in self._lines:
            self._problems.append(f"{key}: {shown(name)} is what {self._lines[name]} is called already")
        else:
            self._lines[name] = key.rpartition(".")[0]
        return str(name)

    def _fleet(self, key: str, table: Any) -> FleetRef | None:
        if not isinstance(table, dict):
            self._problems.append(f"{key}: should be a fleet, such as {EXAMPLE}; given {shown(table)}")
            return None
        self._strangers(key, table, ("source", *NAMINGS))
        source, named = self._source(f"{key}.source", table.get("source")), self._naming(key, table)
        if source is None or named is None:
            return None
        ref = FleetRef(source, *named)
        if named[0] is Naming.SLUG and source in self._sources and not self._has_slugs(source):
            kind = self._sources[source].kind.name
            self._problems.append(f"{key}.slug: fleets of {kind} have no slug; give their id or name")
        elif ref in self._fleets:
            self._problems.append(f"{key}: {ref} is in {self._fleets[ref]} already; a fleet is in one line, once")
        self._fleets.setdefault(ref, key)
        return ref

    def _source(self, key: str, source: Any) -> str | None:
        if source is None:
            self._problems.append(f"{key}: not set; give the name of a source")
        elif not isinstance(source, str) or source not in self._names:
            told = unknown(key, f"source as {shown(source)}", str(source), sorted(self._names) or ["none"])
            self._problems.append(told)
        else:
            return source
        return None

    def _naming(self, key: str, table: Mapping[str, Any]) -> tuple[Naming, str] | None:
        """A number is taken as an id: that is what balena's, BuildMaster's and MetaKraftwerk's are."""
        given = [naming for naming in Naming if naming.value in table]
        if len(given) != 1:
            said = " and ".join(naming.value for naming in given) or "none of them"
            self._problems.append(f"{key}: should have one of {', '.join(NAMINGS)}; given {said}")
            return None
        value = table[given[0].value]
        is_number = given[0] is Naming.ID and isinstance(value, int) and not isinstance(value, bool)
        if not is_number and (not isinstance(value, str) or not value):
            self._problems.append(f"{key}.{given[0].value}: should be a text; given {shown(value)}")
            return None
        return given[0], str(value)

    def _strangers(self, key: str, table: Mapping[str, Any], known: tuple[str, ...]) -> None:
        words = (word for word in table if word not in known)
        self._problems.extend(unknown(f"{key}.{word}", "setting", word, known) for word in words)

    def _has_slugs(self, source: str) -> bool:
        facts = ADAPTERS[self._sources[source].kind].facts  # type: ignore[attr-defined]  # every adapter has them
        return Fact.SLUG in facts.fleet_facts
