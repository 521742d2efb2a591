"""Sources in memory that keep an order themselves, from a key on or by numbered pages, with the manners of real ones.

They store finer than they print, order rows of one instant as they please, and change while they are read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from resolvers.graph.enums import OrderDirection, PagingKind, ReleaseOrderField
from resolvers.graph.release import Release
from resolvers.upstreams.port import Facts, Page, Place, ReleaseQuery, Scopes
from tests.unit.fake_upstreams import ALL_FACTS, FakeUpstream

KEYS: dict[ReleaseOrderField, Callable[[Release], object]] = {
    ReleaseOrderField.CREATED_AT: lambda row: row.created_at,
    ReleaseOrderField.UPDATED_AT: lambda row: row.updated_at,
}
MILLISECOND = timedelta(milliseconds=1)


def keeping(kind: PagingKind, page_size: int = 100) -> Facts:
    """Facts of a vendor that keeps both orders of time in this way."""
    return replace(ALL_FACTS, release_paging=dict.fromkeys(KEYS, kind), release_page_size=page_size)


@dataclass
class OrderedUpstream(FakeUpstream):
    """Every row needs both times. scopes: each fleet is a list of its own. before_page: called with the number of the
    page about to be read, over the whole life of this source. sorts: whether it keeps its word. tells: whether its
    pages count.
    """

    facts: Facts = field(default_factory=lambda: keeping(PagingKind.KEYSET))
    has_scopes: bool = False
    sorts: bool = True
    tells: bool = False
    before_page: Callable[[int], None] = lambda number: None
    read: list[int] = field(default_factory=list)  # rows of each page that was read

    async def release_scopes(self, query: ReleaseQuery) -> Scopes:
        if not self.has_scopes:
            return Scopes([query])
        fleets = sorted({str(row.fleet_native_id) for row in self.rows})
        return Scopes([replace(query, fleet_ids=(fleet,)) for fleet in fleets])

    async def release_page(self, query: ReleaseQuery, place: Place) -> Page[Release]:
        self._asked("release_page", place)
        self.before_page(len(self.read) + 1)
        rows = [row for row in self.rows if query.fleet_ids is None or row.fleet_native_id in query.fleet_ids]
        ordered = self._ordered(rows, query)
        is_keyset = self.facts.release_paging[query.order_field] is PagingKind.KEYSET
        page = _from_key(ordered, query, place) if is_keyset else self._numbered(ordered, place)
        self.read.append(len(page.rows))
        return page

    async def release_count(self, query: ReleaseQuery) -> int | None:
        self._asked("release_count", query)
        return len(self.rows)

    def _ordered(self, rows: Sequence[Release], query: ReleaseQuery) -> list[Release]:
        mixed = sorted(rows, key=lambda row: hashlib.md5(row.native_id.encode()).digest())  # noqa: S324 - an order
        if not self.sorts:
            return mixed
        is_descending = query.order_direction is OrderDirection.DESC
        return sorted(mixed, key=KEYS[query.order_field], reverse=is_descending)  # type: ignore[arg-type]

    def _numbered(self, rows: Sequence[Release], place: Place) -> Page[Release]:
        size = self.facts.release_page_size
        begin = (place.number - 1) * size
        return Page(
            rows[begin : begin + size], has_more=begin + size < len(rows), total=len(rows), is_total_exact=self.tells
        )


def _from_key(rows: Sequence[Release], query: ReleaseQuery, place: Place) -> Page[Release]:
    key = KEYS[query.order_field]
    if place.boundary is not None and query.order_direction is OrderDirection.DESC:
        rows = [row for row in rows if key(row) <= place.boundary + MILLISECOND]  # type: ignore[operator]
    elif place.boundary is not None:
        rows = [row for row in rows if key(row) >= place.boundary - MILLISECOND]  # type: ignore[operator]
    return Page(rows[: place.size], has_more=len(rows) >= place.size)
