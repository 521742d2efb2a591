"""Which devices: DeviceFilter as a selection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from resolvers.federation.filters.selection import (
    Check,
    Selection,
    SourceFacts,
    all_of,
    bounded,
    knowing,
    named,
    native_ids,
)
from resolvers.graph.device import Device
from resolvers.graph.inputs import DeviceFilter
from resolvers.upstreams.port import DeviceQuery, Fact, Part

READS: Mapping[str, tuple[str, ...]] = {
    "sources": (),
    "fleet_ids": ("fleet_native_id",),
    "is_online": ("is_online",),
    "running_versions": ("raw_running_version",),
    "search": ("name", "identifiers"),
}
"What each field of the filter reads of the rows it sifts; of other rows as `Fleet.name`."

DeviceSelection = Selection[Device, DeviceQuery]


def select(facts: SourceFacts, where: DeviceFilter | None) -> DeviceSelection:
    """Raises BadArgument or InvalidKey for values that cannot be meant."""
    if where is not None:
        bounded(where)
    where = where or DeviceFilter()
    fleet_ids = None if where.fleet_ids is None else native_ids(facts, where.fleet_ids, "Fleet")
    asked = named(facts, where.sources, None) & {name for name, own in facts.items() if Part.DEVICES in own.parts}
    asked &= knowing(facts, [(where.is_online, Fact.ONLINE)], lambda own: own.device_facts)
    asked &= asked if fleet_ids is None else fleet_ids.keys()
    is_empty = any(given == [] for given in (where.sources, where.fleet_ids, where.running_versions))
    return Selection(
        asked=frozenset() if is_empty else frozenset(asked),
        query=lambda source, columns: replace(
            _query(where, None if fleet_ids is None else fleet_ids[source]), columns=columns
        ),
        keep=all_of(list(_checks(where, fleet_ids))),
    )


def _query(where: DeviceFilter, fleet_ids: Sequence[str] | None) -> DeviceQuery:
    return DeviceQuery(
        fleet_ids=None if fleet_ids is None else tuple(fleet_ids),
        is_online=where.is_online,
        running_versions=None if where.running_versions is None else tuple(where.running_versions),
        search=where.search,
    )


def _checks(where: DeviceFilter, fleet_ids: Mapping[str, Sequence[str]] | None) -> Iterator[Check[Device]]:
    """One predicate for each field that is given; a null fact never matches."""
    if fleet_ids is not None:
        routes = {(source, native_id) for source, ids in fleet_ids.items() for native_id in ids}
        yield lambda row: (row.source_name, row.fleet_native_id) in routes
    if (is_online := where.is_online) is not None:
        yield lambda row: row.is_online is is_online
    if (versions := where.running_versions) is not None:
        yield lambda row: row.raw_running_version in versions
    if where.search is not None:
        part = where.search.casefold()
        yield lambda row: any(part in text.casefold() for text in _searched(row))


def _searched(row: Device) -> tuple[str, ...]:
    return (row.name, row.native_id.rpartition("/")[2], *row.identifiers)
