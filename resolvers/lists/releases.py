"""Lists of releases: over all sources, and of one fleet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from graphql import GraphQLResolveInfo

from resolvers.federation import order as orders
from resolvers.federation.filters import releases as filters
from resolvers.federation.filters.releases import ReleaseSelection
from resolvers.federation.lists import Listing
from resolvers.federation.reading import Reading, read_whole
from resolvers.graph.artifact import Artifact
from resolvers.graph.connection import Connection
from resolvers.graph.fleet import Fleet
from resolvers.graph.inputs import ReleaseFilter, ReleaseOrder
from resolvers.graph.node import Sourced
from resolvers.graph.questions import Question
from resolvers.graph.release import Release
from resolvers.graph.window import Window
from resolvers.lists import Desk, files_of, identity, looked_up, settled, settled_each
from resolvers.upstreams.port import FleetQuery, ReleaseQuery

At = GraphQLResolveInfo[Any]


async def everywhere(
    desk: Desk, where: ReleaseFilter | None, order: ReleaseOrder | None, window: Window, at: At
) -> Connection[Release]:
    selection = filters.select(desk.sources.facts, where, order)
    fleet_names = where.fleet_names if where else None

    async def read(source: str) -> Reading[Release]:
        if fleet_names is not None:
            return await _read_named(desk, selection, fleet_names, source)
        return await _read(desk, selection, _query(desk, selection, source), source)

    async def refined(source: str) -> Reading[Release]:
        return await _refined(desk, await read(source), filters.artifact_check(where))

    listing = Listing(orders.releases(order), identity(where), desk.sources.names, selection.asked, refined)
    return await desk.lister.connection(listing, window, at)


async def of_fleet(
    desk: Desk, fleet: Fleet, where: ReleaseFilter | None, order: ReleaseOrder | None, window: Window, at: At
) -> Connection[Release]:
    """Fleets of one request that are asked the same share one stream a source."""
    selection = filters.select(desk.sources.facts, where, order)

    async def read(source: str) -> Reading[Release]:
        if where and where.fleet_names is not None and fleet.name not in where.fleet_names:
            return Reading(source)
        query = _query(desk, selection, source)
        if query.fleet_ids is not None and fleet.native_id not in query.fleet_ids:
            return Reading(source)
        key = (*fleet.route, replace(query, fleet_ids=None))
        reading = await desk.loaders.releases_by_fleet_key.load(key)
        wanted = replace(reading, rows=[row for row in reading.rows if _is_wanted(row, selection)])
        return await _refined(desk, wanted, filters.artifact_check(where))

    listing = Listing(
        orders.releases(order), (*identity(where), fleet.route), (fleet.source_name,), selection.asked, read
    )
    return await desk.lister.connection(listing, window, at)


async def linked(desk: Desk, parent: Sourced, ids: Sequence[str], window: Window, at: At) -> Connection[Release]:
    """Releases of the parent's source by native id; one that is gone is left out."""

    async def read(source: str) -> Reading[Release]:
        routes = [(source, native_id) for native_id in dict.fromkeys(ids)]
        rows, errors = await settled_each(desk.loaders.to(Question.RELEASE), routes)
        found = [row for row in rows if row is not None]
        return Reading(source, found, errors, is_lost=bool(routes) and len(errors) == len(routes))

    source = parent.source_name
    listing = Listing(orders.releases(None), ("linked", parent.route), (source,), frozenset((source,)), read)
    return await desk.lister.connection(listing, window, at)


async def _refined(
    desk: Desk, reading: Reading[Release], check: Callable[[Sequence[Artifact]], bool] | None
) -> Reading[Release]:
    """Filtered by what the releases' artifacts show: read in one batch where the rows did not bring them along."""
    if check is None or not reading.rows:
        return reading
    readings = await asyncio.gather(*(settled(row.source_name, files_of(desk, row)) for row in reading.rows))
    rows = [row for row, files in zip(reading.rows, readings, strict=True) if check(files.rows)]
    errors = {error for files in readings for error in files.errors}
    return replace(reading, rows=rows, errors=(*reading.errors, *errors))


async def _read_named(
    desk: Desk, selection: ReleaseSelection, fleet_names: Sequence[str], source: str
) -> Reading[Release]:
    """Names of fleets become ids first: a call more for each source, and the only way that holds for all vendors."""
    fleets = desk.sources.upstreams[source].fleets(FleetQuery(names=tuple(fleet_names), columns=frozenset({"name"})))
    named = await read_whole(source, fleets, lambda fleet: fleet.name in fleet_names, ("fleetIds",))
    query = filters.narrowed(_query(desk, selection, source), [fleet.native_id for fleet in named.rows])
    if not query.fleet_ids:
        return Reading(source, errors=named.errors, is_lost=named.is_lost)
    reading = await _read(desk, selection, query, source)
    return replace(reading, errors=(*named.errors, *reading.errors))


def _query(desk: Desk, selection: ReleaseSelection, source: str) -> ReleaseQuery:
    return replace(selection.query(source), columns=desk.columns("Release"))


async def _read(desk: Desk, selection: ReleaseSelection, query: ReleaseQuery, source: str) -> Reading[Release]:
    """Filtered by fleet again: an upstream that ignores the narrowing must not widen the answer."""
    within = None if query.fleet_ids is None else frozenset(query.fleet_ids)

    def is_wanted(row: Release) -> bool:
        return (within is None or row.fleet_native_id in within) and selection.keep(row)

    if selection.ids is not None:
        reading = await looked_up(desk.loaders.to(Question.RELEASE), source, selection)
        return replace(reading, rows=list(filter(is_wanted, reading.rows)))
    upstream = desk.sources.upstreams[source]
    return await read_whole(
        source, desk.arriving(upstream.releases(query)), is_wanted, filters.narrowed_by(upstream.facts)
    )


def _is_wanted(row: Release, selection: ReleaseSelection) -> bool:
    return selection.keep(row) and (selection.ids is None or row.native_id in selection.ids[row.source_name])
