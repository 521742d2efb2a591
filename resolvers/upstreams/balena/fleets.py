"""Fleets: lists and look-ups. Ours, and with `public` what is not as well, by a call of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import msgspec

from resolvers.graph.fleet import Fleet
from resolvers.upstreams.balena import filters, normalise
from resolvers.upstreams.balena.asking import Asking, numbered, side_by_side
from resolvers.upstreams.balena.columns import Cut, with_more
from resolvers.upstreams.balena.odata import Condition
from resolvers.upstreams.balena.releases import ReleasesOf
from resolvers.upstreams.port import Chunk, Columns, FleetQuery, Found, ReleasesBelow
from resolvers.upstreams.scopes import Answer


async def listed(asking: Asking, query: FleetQuery) -> AsyncIterator[Chunk[Fleet]]:
    view = _cut(asking, query.columns, query.below)
    calls = [
        _chunk(asking, view, where, is_mine)
        for scope, is_mine in _scopes(asking)
        for where in filters.fleets(asking.config, query, scope)
    ]
    for chunk in await side_by_side(calls):
        yield chunk


async def by_id(asking: Asking, ids: Sequence[str], columns: Columns, below: ReleasesBelow | None) -> Found[Fleet]:
    view = _cut(asking, columns, below)

    async def find(numbers: Sequence[int]) -> Answer[Fleet]:
        """What one of the calls finds holds, also when the other fails."""
        calls = (_chosen(asking, view, scope, numbers, is_mine) for scope, is_mine in _scopes(asking))
        chunks = await side_by_side(list(calls))
        error = next((failure.error for chunk in chunks for failure in chunk.failures), None)
        return Answer({fleet.native_id: fleet for chunk in chunks for fleet in chunk.rows}, error)

    return await asking.look_up(numbered(ids), find)


async def _chosen(
    asking: Asking, view: Cut[Fleet], scope: Condition, numbers: Sequence[int], is_mine: bool
) -> Chunk[Fleet]:
    rows = await asking.chosen_rows("application", view, scope, numbers)
    return Chunk(view.rows(rows.rows, replace(asking.at, is_mine=is_mine)), rows.failures())


async def _chunk(asking: Asking, view: Cut[Fleet], where: Condition, is_mine: bool) -> Chunk[Fleet]:
    rows = await asking.cut_rows("application", view.options(where), view)
    return Chunk(view.rows(rows.rows, replace(asking.at, is_mine=is_mine)), rows.failures())


def _cut(asking: Asking, columns: Columns, below: ReleasesBelow | None) -> Cut[Fleet]:
    view = asking.cut(normalise.FLEET, columns)
    if below is None:
        return view
    releases = ReleasesOf(asking, below.query, below.place)

    def pages(row: object, at: object) -> object:
        return {below: releases.page(row.owns__release)} if hasattr(row, "owns__release") else {}

    return with_more(view, releases.expansion, {"owns__release": msgspec.Raw}, {"pages": pages})


def _scopes(asking: Asking) -> list[tuple[Condition, bool]]:
    """Conditions on applications, each with whether what meets it is ours."""
    own = [(filters.own(asking.config), True)]
    return [*own, (filters.foreign(asking.config), False)] if asking.config.public else own
