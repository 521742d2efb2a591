"""Releases: whole lists, pages in balena's own order, look-ups, counts. Questions of the port, asked of balena.

A page is one call: `$orderby` and `$top`, for every fleet at once inside an `$expand`. Artifacts and fleets come along
where they were wanted; in a whole list no artifacts do, since nobody shows those of every release there is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import msgspec

from resolvers.graph.columns import linked, without
from resolvers.graph.enums import OrderDirection, ReleaseOrderField
from resolvers.graph.release import Release
from resolvers.upstreams import payload
from resolvers.upstreams.balena import files, filters, normalise, odata, selection
from resolvers.upstreams.balena.asking import Asking, numbered, side_by_side
from resolvers.upstreams.balena.columns import At, Cut, listing, with_more
from resolvers.upstreams.balena.odata import Condition, Direction, Options
from resolvers.upstreams.balena.rows import ColumnsRow
from resolvers.upstreams.payload import Rows
from resolvers.upstreams.port import Chunk, Columns, Found, Page, Place, ReleaseQuery, Scopes
from resolvers.upstreams.scopes import Answer

ORDERS = {ReleaseOrderField.CREATED_AT: "created_at", ReleaseOrderField.UPDATED_AT: "update_timestamp"}
"Orders that are balena's as well: by instants, which it stores finer than it prints."


class FleetPageRow(msgspec.Struct):
    """A fleet with a page of its releases, not read yet: one that does not fit costs no other fleet anything."""

    id: int
    owns__release: msgspec.Raw


async def listed(asking: Asking, query: ReleaseQuery) -> AsyncIterator[Chunk[Release]]:
    view = _cut(asking, query.columns)

    async def read(where: Condition) -> Chunk[Release]:
        rows, releases = await _read(asking, view, view.options(where))
        return Chunk(releases, rows.failures())

    for chunk in await side_by_side([read(where) for where in filters.releases(asking.config, query)]):
        yield chunk


async def by_id(asking: Asking, ids: Sequence[str], columns: Columns) -> Found[Release]:
    view = _with_files(asking, _cut(asking, columns), columns)

    async def find(numbers: Sequence[int]) -> Answer[Release]:
        rows = await asking.chosen_rows("release", view, filters.releases_in_scope(asking.config), numbers)
        releases = view.rows(rows.rows, asking.at)
        return Answer({release.native_id: release for release in releases}, rows.error)

    return await asking.look_up(numbered(ids), find)


def scopes(asking: Asking, query: ReleaseQuery) -> Scopes:
    """One for each call that takes so many fleets."""
    parts = filters.parts(query)
    return Scopes([query if part == query.fleet_ids else replace(query, fleet_ids=part) for part in parts])


async def page(asking: Asking, query: ReleaseQuery, place: Place) -> Page[Release]:
    conditions = filters.releases(asking.config, query)
    if not conditions:
        return Page()
    if len(conditions) > 1:
        raise ValueError("a page is of one part: ask for `release_scopes` first")
    view = _with_files(asking, _cut(asking, query.columns), query.columns)
    where = odata.every(conditions[0], *filters.beyond(ORDERS[query.order_field], query.order_direction, place))
    rows, releases = await _read(asking, view, view.options(where, _order(query), place.size))
    return _page(rows, releases, place)


async def pages_by_fleet_id(
    asking: Asking, ids: Sequence[str], query: ReleaseQuery, place: Place
) -> Found[Page[Release]]:
    below = ReleasesOf(asking, query, place)

    async def find(numbers: Sequence[int]) -> Answer[Page[Release]]:
        where = odata.every(filters.fleets_in_scope(asking.config), odata.one_of("id", numbers))
        rows = await asking.rows(odata.url("application", Options(("id",), where, below.expansion)), FleetPageRow)
        return Answer({str(row.id): below.page(row.owns__release) for row in rows.rows}, rows.error)

    return await asking.look_up(numbered(ids), find)


class ReleasesOf:
    """The page of their own releases that comes with fleets, as an expansion of theirs, and out of its rows."""

    def __init__(self, asking: Asking, query: ReleaseQuery, place: Place):
        self._asking, self._place = asking, place
        columns = without(query.columns, "fleet")  # whose they are is known: it stands above them
        self._cut = _with_files(asking, _cut(asking, columns), columns)
        conditions = [*filters.within(query), *filters.beyond(ORDERS[query.order_field], query.order_direction, place)]
        where = odata.every(*conditions) if conditions else None
        self.expansion = {"owns__release": self._cut.options(where, _order(query), place.size)}
        self._matches_nothing = filters.is_nothing(query)

    def page(self, body: msgspec.Raw) -> Page[Release]:
        if self._matches_nothing:
            return Page()
        rows = _fitted(self._asking, body, self._cut)
        return _page(rows, self._cut.rows(rows.rows, self._asking.at), self._place)


async def count(asking: Asking, query: ReleaseQuery) -> int | None:
    """None when a filter of the query is not in the condition to the letter."""
    conditions = filters.exactly(asking.config, query)
    if conditions is None:
        return None
    return sum([await asking.count("release", where) for where in conditions])


async def columns_by_id(asking: Asking, ids: Sequence[str], columns: frozenset[str]) -> Found[Mapping[str, Any]]:
    names = sorted(columns & selection.HEAVY_RELEASE)

    async def find(numbers: Sequence[int]) -> Answer[Mapping[str, Any]]:
        wanted = Options(("id", *names), _of(asking, numbers))
        rows = await asking.rows(odata.url("release", wanted), ColumnsRow)
        return Answer({str(row.id): normalise.columns(row, names) for row in rows.rows}, rows.error)

    if not names:
        return {}
    return await asking.look_up(numbered(ids), find)


def _cut(asking: Asking, columns: Columns) -> Cut[Release]:
    return asking.cut(normalise.RELEASE, columns)


def _with_files(asking: Asking, view: Cut[Release], columns: Columns) -> Cut[Release]:
    """With its artifacts, when they are wanted; of a row that does not fit with them they are left to their loader."""
    behind = None if columns is None else linked(columns, "artifacts")
    if behind is None:
        return view
    parts = files.Files(behind, asking.of_cloud)

    def make(row: Any, at: At) -> Any:
        if type(row) is view.plain:
            return None
        # An image may be in releases that are not in this answer.
        return partial(parts.of, at.source, [row], has_all_releases=False)

    return with_more(view, parts.expand, parts.types, {"artifacts_of": make})


async def _read(asking: Asking, view: Cut[Release], options: Options) -> tuple[Rows[Any], list[Release]]:
    rows = await asking.cut_rows("release", options, view)
    return rows, asking.made.of(rows, view, lambda: view.rows(rows.rows, asking.at))


def _fitted(asking: Asking, body: msgspec.Raw, view: Cut[Release]) -> Rows[Any]:
    fitting = payload.fitting(body, listing(view.row))
    if fitting is not None:
        return Rows(fitting)
    return payload.decode_rows(asking.source, "GET /v7/application", body, view.plain, "$.d[].owns__release")


def _page(rows: Rows[Any], releases: list[Release], place: Place) -> Page[Release]:
    """Rows that were dropped count: they are a failure, and not the end of the list."""
    came = len(rows.rows) + rows.dropped
    return Page(releases, has_more=came >= place.size, failures=rows.failures())


def _order(query: ReleaseQuery) -> Sequence[tuple[str, Direction]]:
    direction: Direction = "asc" if query.order_direction is OrderDirection.ASC else "desc"
    return ((ORDERS[query.order_field], direction), ("id", "asc"))


def _of(asking: Asking, numbers: Sequence[int]) -> Condition:
    return odata.every(filters.releases_in_scope(asking.config), odata.one_of("id", numbers))
