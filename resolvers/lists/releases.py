"""Lists of releases: over all sources, and of one fleet."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial, reduce
from typing import Any

from graphql import GraphQLResolveInfo

from resolvers.federation import order as orders
from resolvers.federation import pages, streams
from resolvers.federation.filters import releases as filters
from resolvers.federation.filters.releases import ReleaseSelection
from resolvers.federation.lists import Listing, is_selected
from resolvers.federation.pagers import first_place
from resolvers.federation.reading import Keep, Reading, read_whole, sifted, skipped
from resolvers.federation.streams import Opened, Span
from resolvers.graph.artifact import Artifact
from resolvers.graph.connection import Connection
from resolvers.graph.fleet import Fleet
from resolvers.graph.inputs import ReleaseFilter, ReleaseOrder
from resolvers.graph.node import Sourced
from resolvers.graph.questions import Question
from resolvers.graph.release import Release
from resolvers.graph.window import Window
from resolvers.lists import Desk, files_of, identity, in_order, looked_up, settled, settled_each
from resolvers.lists.in_order import Asked
from resolvers.upstreams.port import FleetQuery, ReleaseQuery, ReleasesBelow

At = GraphQLResolveInfo[Any]
Within = Callable[[str], Awaitable[Reading[str]]]
"Native ids of a source's fleets that a list is about; a source that has none of them is skipped."
FilesCheck = Callable[[Sequence[Artifact]], bool] | None


async def everywhere(
    desk: Desk,
    where: ReleaseFilter | None,
    order: ReleaseOrder | None,
    window: Window,
    at: At,
    within: Within | None = None,
) -> Connection[Release]:
    """Releases of all sources, or `within` the fleets it names."""
    selection = filters.select(desk.sources.facts, where, order)
    named = None if where is None or where.fleet_names is None else partial(_named, desk, where.fleet_names)
    cuts = [cut for cut in (within, named) if cut is not None]
    check = filters.artifact_check(where)

    async def opened(source: str, span: Span[Release]) -> Opened[Release]:
        query, cut = await _cut(_query(desk, selection, source), cuts, source)
        if query is None:
            return streams.read(cut, span)
        if selection.ids is None and in_order.is_kept(desk.sources.facts[source], query):
            found = await in_order.opened(_asked(desk, selection, query, source, check), span)
        else:
            found = streams.read(await _refined(desk, await _read(desk, selection, query, source), check), span)
        found.reading.errors = [*cut.errors, *found.reading.errors]
        return found

    listing = Listing(orders.releases(order), identity(where), desk.sources.names, selection.asked, opened)
    return await desk.lister.connection(listing, window, at)


async def of_fleet(
    desk: Desk, fleet: Fleet, where: ReleaseFilter | None, order: ReleaseOrder | None, window: Window, at: At
) -> Connection[Release]:
    """Fleets of one request that are asked the same are asked together.

    Counted, they are read whole: one call for all fleets of a source, where counting would be one for each.
    """
    selection = filters.select(desk.sources.facts, where, order)
    check = filters.artifact_check(where)
    is_counted = is_selected(at, "totalCount")

    async def opened(source: str, span: Span[Release]) -> Opened[Release]:
        query = _query(desk, selection, source)
        if not _is_about(where, query, fleet):
            return streams.read(Reading(source), span)
        query = _anywhere(query)
        if selection.ids is None and not is_counted and in_order.is_kept(desk.sources.facts[source], query):
            return in_order.of_fleet(desk, _asked(desk, selection, query, source, check), fleet, span)
        reading = await desk.loaders.releases_by_fleet_key.load((*fleet.route, query))
        return streams.read(await _refined(desk, _wanted(reading, selection), check), span)

    own = (*identity(where), fleet.route)
    listing = Listing(orders.releases(order), own, (fleet.source_name,), selection.asked, opened)
    return await desk.lister.connection(listing, window, at)


async def linked(desk: Desk, parent: Sourced, ids: Sequence[str], window: Window, at: At) -> Connection[Release]:
    """Releases of the parent's source by native id; one that is gone is left out."""

    async def read(source: str) -> Reading[Release]:
        routes = [(source, native_id) for native_id in dict.fromkeys(ids)]
        rows, errors = await settled_each(desk.loaders.to(Question.RELEASE), routes)
        found = [row for row in rows if row is not None]
        return Reading(source, found, errors, is_lost=bool(routes) and len(errors) == len(routes))

    source = parent.source_name
    listing = Listing(
        orders.releases(None), ("linked", parent.route), (source,), frozenset((source,)), streams.whole(read)
    )
    return await desk.lister.connection(listing, window, at)


def _asked(desk: Desk, selection: ReleaseSelection, query: ReleaseQuery, source: str, check: FilesCheck) -> Asked:
    """What is asked of a source that keeps the order itself."""

    async def refine(rows: Sequence[Release]) -> Reading[Release]:
        return await _refined(desk, Reading(source, rows), check)

    return Asked(
        name=source,
        upstream=desk.sources.upstreams[source],
        query=query,
        keep=_inside(selection, query),
        refine=None if check is None else refine,
        received=desk.loaders.received,
        is_countable=selection.is_all_asked,
    )


async def _refined(desk: Desk, reading: Reading[Release], check: FilesCheck) -> Reading[Release]:
    """Filtered by what the releases' artifacts show: read in one batch where the rows did not bring them along."""
    if check is None or not reading.rows:
        return reading
    readings = await asyncio.gather(*(settled(row.source_name, files_of(desk, row)) for row in reading.rows))
    rows = [row for row, files in zip(reading.rows, readings, strict=True) if check(files.rows)]
    errors = {error for files in readings for error in files.errors}
    return replace(reading, rows=rows, errors=(*reading.errors, *errors))


async def _named(desk: Desk, fleet_names: Sequence[str], source: str) -> Reading[str]:
    """Names of fleets become ids first: a call more for each source, and the only way that holds for all vendors."""
    fleets = desk.sources.upstreams[source].fleets(FleetQuery(names=tuple(fleet_names), columns=frozenset({"name"})))
    named = await read_whole(source, fleets, lambda fleet: fleet.name in fleet_names, ("fleetIds",))
    return Reading(source, [fleet.native_id for fleet in named.rows], named.errors, named.is_lost)


async def _cut(
    query: ReleaseQuery, cuts: Sequence[Within], source: str
) -> tuple[ReleaseQuery | None, Reading[Release]]:
    """The query of the fleets that all cuts leave, None when there are none; and what went wrong in finding them."""
    if not cuts:
        return query, Reading(source)
    found = await asyncio.gather(*(cut(source) for cut in cuts))
    if any(one.is_skipped for one in found):
        return None, skipped(source)
    query = reduce(lambda query, one: filters.narrowed(query, one.rows), found, query)
    errors = [error for one in found for error in one.errors]
    reading: Reading[Release] = Reading(source, errors=errors, is_lost=any(one.is_lost for one in found))
    return query if query.fleet_ids else None, reading


def _is_about(where: ReleaseFilter | None, query: ReleaseQuery, fleet: Fleet) -> bool:
    if where is not None and where.fleet_names is not None and fleet.name not in where.fleet_names:
        return False
    return query.fleet_ids is None or fleet.native_id in query.fleet_ids


def below(desk: Desk, where: ReleaseFilter | None, order: ReleaseOrder | None, window: Window) -> ReleasesBelow | None:
    """The first page of `of_fleet` for these arguments, as fleets may bring it along; None when it begins elsewhere."""
    limits = pages.at_an_end(window, desk.lister.max_size)
    selection = filters.select(desk.sources.facts, where, order)
    if limits is None or limits.size == 0 or selection.ids is not None or not selection.asked:
        return None
    span = pages.span(orders.releases(order), limits)
    query = _anywhere(_query(desk, selection, min(selection.asked)))
    return ReleasesBelow(in_order.turned(query, span), first_place(span))


def _anywhere(query: ReleaseQuery) -> ReleaseQuery:
    return query if query.fleet_ids is None else replace(query, fleet_ids=None)


def _query(desk: Desk, selection: ReleaseSelection, source: str) -> ReleaseQuery:
    return selection.query(source, desk.columns("Release"))


async def _read(desk: Desk, selection: ReleaseSelection, query: ReleaseQuery, source: str) -> Reading[Release]:
    is_wanted = _inside(selection, query)
    if selection.ids is not None:
        reading = await looked_up(desk.loaders.to(Question.RELEASE), source, selection)
        return replace(reading, rows=sifted(is_wanted, reading.rows))
    upstream = desk.sources.upstreams[source]
    return await read_whole(
        source, desk.arriving(upstream.releases(query)), is_wanted, filters.narrowed_by(upstream.facts)
    )


def _inside(selection: ReleaseSelection, query: ReleaseQuery) -> Keep[Release]:
    """Filtered by fleet again: an upstream that ignores the narrowing must not widen the answer."""
    if query.fleet_ids is None:
        return selection.keep
    within, keep = frozenset(query.fleet_ids), selection.keep
    return lambda row: row.fleet_native_id in within and (keep is None or keep(row))


def _wanted(reading: Reading[Release], selection: ReleaseSelection) -> Reading[Release]:
    rows, ids = sifted(selection.keep, reading.rows), selection.ids
    if ids is not None:
        rows = [row for row in rows if row.native_id in ids[row.source_name]]
    return replace(reading, rows=rows)
