"""Ordered: one part of a source that keeps our order itself, read page by page.

`Pager` asks for the upstream's pages, `Ties` makes whole tie groups of them, `Ordered` puts both together as a stream.
A row out of its order, or a tie group too large to hold, ends the trust: the part is then read WHOLE, for this request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Generic, Protocol, TypeVar

import structlog

from resolvers.errors import SourceTooLarge, UpstreamError
from resolvers.federation.order import Rank
from resolvers.federation.reading import MAX_ROWS, Reading, Unexpected, advice
from resolvers.federation.streams import Ranked, Span
from resolvers.graph.node import Placed
from resolvers.transport.allowance import Allowance
from resolvers.transport.freshness import Freshness, current
from resolvers.upstreams.port import Page

T = TypeVar("T", bound=Placed)
MAX_TIES = 1000
"Rows of one key that are waited for; more of them are not worth keeping in order."

_log = structlog.get_logger("releasegraph.federation")


class OutOfOrder(Exception):
    """The upstream's order is not what it was taken for."""


class Pager(Protocol[T]):
    """The upstream's pages, one after another."""

    async def next(self) -> Page[T] | None:
        """None when there is no more. Raises UpstreamError, or OutOfOrder when it cannot go on in order."""
        ...


@dataclass
class Source(Generic[T]):
    """What all parts of one source share while a page is read: how it did, how much was read of it.

    reading: its rows stay empty, since they are handed over as they come. freshness: of the list it is opened for.
    """

    name: str
    narrowed_by: Sequence[str]
    allowance: Allowance
    freshness: Freshness | None = field(default_factory=current)
    reading: Reading[T] = field(init=False)
    _seen: int = 0
    _has_answered: bool = False

    def __post_init__(self) -> None:
        self.reading = Reading(self.name, errors=[])

    def came(self, page: Page[T]) -> None:
        """Counts a page. Raises SourceTooLarge."""
        self._has_answered = self._has_answered or bool(page.rows) or not page.failures
        for failure in page.failures:
            self.failed(failure.error)
        self._seen += len(page.rows)
        if self._seen > MAX_ROWS:
            raise SourceTooLarge(self.name, f"more than {MAX_ROWS} rows; {advice(self.narrowed_by)}")
        self.reading.is_lost = bool(self.reading.errors) and not self._has_answered

    def failed(self, error: UpstreamError) -> None:
        self.reading.errors = [*self.reading.errors, error]
        self.reading.is_lost = not self._has_answered

    def distrusted(self, why: str) -> None:
        _log.warning("source out of order", source=self.name, reason=why)
        self.reading.warning = f"read as a whole, since {why}"

    def took(self, whole: Reading[T]) -> None:
        self._has_answered = self._has_answered or not whole.is_lost
        self.reading.errors = [*self.reading.errors, *whole.errors]
        self.reading.is_lost = bool(self.reading.errors) and not self._has_answered


class Ties(Generic[T]):
    """Rows as pages bring them, given on once their tie group is whole."""

    def __init__(self, span: Span[T], keep: Callable[[T], bool]):
        self._span, self._keep = span, keep
        self._start, self._stop = span.start_rank, span.stop_rank
        self._seen: set[str] = set()
        self._last: Rank | None = None  # key of the foremost group that may still grow
        self._open: list[tuple[Rank, T]] = []
        self._done: list[tuple[Rank, T]] = []
        self.given: Rank | None = self._start  # everything up to here was handed over, or is not wanted
        self.is_past_stop = False

    def add(self, rows: Sequence[T]) -> None:
        """Raises OutOfOrder."""
        order = self._span.order
        for row in rows:
            if row.native_id in self._seen:
                continue
            self._seen.add(row.native_id)
            key = order.keys.of(row)
            if key is None:
                raise OutOfOrder("a row has no key")
            rank = order.rank_with(key, row)
            group = order.group_of(rank)
            if group != self._last:
                if self._last is not None and group < self._last:
                    raise OutOfOrder("a row came out of order")
                self._close()
            self._last = group
            self._open.append((rank, row))
        if len(self._open) > MAX_TIES:
            raise OutOfOrder(f"more than {MAX_TIES} rows share one key")

    def taken(self, *, is_over: bool) -> Ranked[T]:
        """Whole groups, in order; at the end the last one too."""
        if is_over:
            self._close()
        done, self._done = self._done, []
        return Ranked((row for _, row in done), [rank for rank, _ in done])

    def _close(self) -> None:
        """The group that was open is whole now."""
        group, self._open = self._open, []
        if len(group) > 1:
            group.sort(key=itemgetter(0))
        for rank, row in group:
            if self._stop is not None and rank >= self._stop:
                self.is_past_stop = True
            elif self.given is None or rank > self.given:
                self.given = rank
                if self._keep(row):
                    self._done.append((rank, row))


@dataclass
class Ordered(Generic[T]):
    """The stream. `whole` reads the part without its order; `refine` filters by what needs another call, and tells what
    of that failed."""

    source: Source[T]
    span: Span[T]
    pager: Pager[T]
    keep: Callable[[T], bool]
    whole: Callable[[], Awaitable[Reading[T]]]
    refine: Callable[[Sequence[T]], Awaitable[Reading[T]]]
    _is_over: bool = False

    def __post_init__(self) -> None:
        self._ties = Ties(self.span, self.keep)
        # Whoever keeps an order has a key for every row, so behind a row without one there is nothing more.
        self._is_over = self.span.is_behind_keys

    async def more(self) -> Sequence[T]:
        self.source.allowance.go_on()
        if self.source.freshness is not None:
            self.source.freshness.go_on()
        while not self._is_over:
            rows = await self._next()
            if rows and (refined := await self._refined(rows)):
                return refined
        return ()

    async def _refined(self, rows: Sequence[T]) -> Sequence[T]:
        refined = await self.refine(rows)
        for error in refined.errors:
            self.source.failed(error)
        return refined.rows

    async def _next(self) -> Sequence[T]:
        try:
            page = await self.pager.next()
            if page is not None:
                self.source.came(page)
                self._ties.add(page.rows)
            self._is_over = page is None or self._ties.is_past_stop
            return self._ties.taken(is_over=page is None)
        except OutOfOrder as error:
            return await self._whole(str(error))
        except UpstreamError as error:
            return self._broken_off(error)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            _log.error("unexpected error", source=self.source.name, exc_info=error)
            return self._broken_off(Unexpected(self.source.name))

    def _broken_off(self, error: UpstreamError) -> Sequence[T]:
        self.source.failed(error)
        self._is_over = True
        return self._ties.taken(is_over=True)

    async def _whole(self, why: str) -> Sequence[T]:
        """What of the part was not handed over yet, out of all of it."""
        self._is_over = True
        done = self._ties.taken(is_over=False)
        self.source.distrusted(why)
        reading = await self.whole()
        self.source.took(reading)
        order, given, stop = self.span.order, self._ties.given, self.span.stop_rank
        once = {row.native_id: row for row in reading.rows}.values()
        ranked = sorted(((order.rank_of(row), row) for row in once), key=lambda one: one[0])
        inside = (row for rank, row in ranked if (given is None or rank > given) and (stop is None or rank < stop))
        return [*done, *inside]
