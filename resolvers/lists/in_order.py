"""In order: releases of a source that keeps an order itself, opened as one stream for each of its scopes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from msgspec import Struct, structs

from resolvers.errors import UpstreamError
from resolvers.federation import streams
from resolvers.federation.cursor import Hint, Hints, hint_mark
from resolvers.federation.filters.releases import narrowed_by
from resolvers.federation.order import OrderKey
from resolvers.federation.ordered import Ordered, Source
from resolvers.federation.pagers import ByNumber, FromKey, Read
from resolvers.federation.reading import Keep, Reading, read_whole
from resolvers.federation.streams import Opened, Span
from resolvers.graph.enums import OrderDirection, PagingKind
from resolvers.graph.fleet import Fleet
from resolvers.graph.release import Release
from resolvers.lists import Desk
from resolvers.transport.allowance import Allowance
from resolvers.transport.way import MAX_BYTES
from resolvers.upstreams.port import Facts, Page, Place, ReleaseQuery, Upstream

Refine = Callable[[Sequence[Release]], Awaitable[Reading[Release]]]


def is_kept(facts: Facts, query: ReleaseQuery) -> bool:
    """Whether this vendor keeps the order of the query itself."""
    return facts.release_paging.get(query.order_field, PagingKind.WHOLE) is not PagingKind.WHOLE


class Asked(Struct, frozen=True):
    """What is asked of one source: rows that pass `keep` and `refine`.

    received: is told of all rows that come. is_countable: the query says all that `keep` and `refine` do.
    """

    name: str
    upstream: Upstream
    query: ReleaseQuery
    keep: Keep[Release]
    refine: Refine | None
    received: Callable[[Sequence[Release]], None]
    is_countable: bool


async def opened(asked: Asked, span: Span[Release]) -> Opened[Release]:
    """The source's scopes as streams. Failures are part of its reading, never raised."""
    if span.order.is_backward:
        asked = structs.replace(asked, query=turned(asked.query, span))
    try:
        scopes = await asked.upstream.release_scopes(asked.query)
    except UpstreamError as error:
        return streams.read(Reading(asked.name, errors=(error,), is_lost=True), span)
    source: Source[Release] = Source(asked.name, narrowed_by(asked.upstream.facts), Allowance(MAX_BYTES))
    for failure in scopes.failures:
        source.failed(failure.error)
    return _together(asked, source, span, [(query, _read(asked, query)) for query in scopes.queries])


def of_fleet(desk: Desk, asked: Asked, fleet: Fleet, span: Span[Release]) -> Opened[Release]:
    """One fleet's releases; the pages of all fleets that are asked the same are asked for together."""
    query = turned(asked.query, span)

    async def read(place: Place) -> Page[Release]:
        page = await desk.loaders.release_page_by_fleet_key.load((*fleet.route, query, place))
        return page or Page()

    own = replace(query, fleet_ids=(fleet.native_id,))
    source: Source[Release] = Source(asked.name, narrowed_by(asked.upstream.facts), Allowance(MAX_BYTES))
    return _together(structs.replace(asked, query=own), source, span, [(own, read)])


def _together(
    asked: Asked, source: Source[Release], span: Span[Release], parts: Sequence[tuple[ReleaseQuery, Read[Release]]]
) -> Opened[Release]:
    """Parts of one source, each with what reads its pages."""
    paged = [(query, _pager(asked, query, read, span)) for query, read in parts]
    made = [Ordered(source, span, pager, asked.keep, _whole(asked, query), asked.refine) for query, pager in paged]
    numbered = {hint_mark(asked.name, query.fleet_ids): pager for query, pager in paged if isinstance(pager, ByNumber)}

    def hints_at(key: OrderKey) -> Hints:
        found = ((mark, pager.hint_at(span.order.key_rank(key))) for mark, pager in numbered.items())
        return {mark: _turned_hint(hint, span) for mark, hint in found if hint is not None}

    by_number = [pager for _, pager in paged if isinstance(pager, ByNumber)]
    return Opened(source.reading, made, lambda: _count(asked, source, by_number), hints_at, bool(by_number))


def turned(query: ReleaseQuery, span: Span[Release]) -> ReleaseQuery:
    """The query in the direction that the span is read in."""
    if not span.order.is_backward:
        return query
    is_descending = query.order_direction is OrderDirection.DESC
    return replace(query, order_direction=OrderDirection.ASC if is_descending else OrderDirection.DESC)


def _pager(
    asked: Asked, query: ReleaseQuery, read: Read[Release], span: Span[Release]
) -> FromKey[Release] | ByNumber[Release]:
    facts = asked.upstream.facts
    if facts.release_paging[query.order_field] is PagingKind.KEYSET:
        return FromKey(read, span)
    hint = span.hints.get(hint_mark(asked.name, query.fleet_ids))
    return ByNumber(read, span, facts.release_page_size, None if hint is None else _turned_hint(hint, span))


def _turned_hint(hint: Hint, span: Span[Release]) -> Hint:
    """Cursors count from the front: what is read from the back counts the other way, in both directions."""
    return replace(hint, index=hint.total - 1 - hint.index) if span.order.is_backward else hint


def _read(asked: Asked, query: ReleaseQuery) -> Read[Release]:
    async def read(place: Place) -> Page[Release]:
        page = await asked.upstream.release_page(query, place)
        asked.received(page.rows)
        return page

    return read


def _whole(asked: Asked, query: ReleaseQuery) -> Callable[[], Awaitable[Reading[Release]]]:
    async def whole() -> Reading[Release]:
        stream = asked.upstream.releases(query)
        reading = await read_whole(asked.name, stream, asked.keep, narrowed_by(asked.upstream.facts))
        asked.received(reading.rows)
        return reading

    return whole


async def _count(asked: Asked, source: Source[Release], pagers: Sequence[ByNumber[Release]]) -> int | None:
    """As the pages told, else by calls of its own."""
    if not asked.is_countable:
        return None
    counts = [pager.counted() for pager in pagers]
    if counts and None not in counts:
        return sum(count for count in counts if count is not None)
    try:
        return await asked.upstream.release_count(asked.query)
    except UpstreamError as error:
        source.reading.warning = f"its releases could not be counted: {error}"
        return None
