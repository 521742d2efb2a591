"""Ordered: one part of a source that keeps our order itself, read page by page.

`Pager` asks for the upstream's pages, `Ties` makes whole tie groups of them, `Ordered` puts both together as a stream.
A row out of its order, or a tie group too large to hold, ends the trust: the part is then read WHOLE, for this request.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

import structlog

from resolvers.errors import SourceTooLarge, UpstreamError
from resolvers.federation.order import OrderKey, Rank
from resolvers.federation.ranked import Ranked, is_ascending
from resolvers.federation.reading import MAX_ROWS, Keep, Reading, Unexpected, advice, sifted
from resolvers.federation.streams import Span
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
    """The upstream's pages, one after another. is_over: the last was handed over."""

    @property
    def is_over(self) -> bool: ...

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

    def __init__(self, span: Span[T], keep: Keep[T]):
        self._span, self._keep = span, keep
        self._stop = span.stop_rank
        self._seen: set[str] = set()
        # Not given on: rows in order but for those of one key, with the keys and what these sort by.
        self._rows: list[T] = []
        self._keys: list[OrderKey] = []
        self._groups: list[Any] = []
        self._last: T | None = None  # that was handed over, or was found not to be wanted
        self.is_past_stop = False

    @property
    def given(self) -> Rank | None:
        """Everything up to here was handed over, or is not wanted."""
        return self._span.start_rank if self._last is None else self._span.order.rank_of(self._last)

    def add(self, rows: Sequence[T]) -> None:
        """Raises OutOfOrder."""
        seen, order = self._seen, self._span.order
        ids = [row.native_id for row in rows]
        # Mostly none of them was seen before.
        fresh = rows if seen.isdisjoint(ids) else [row for row in rows if row.native_id not in seen]
        seen.update(ids)
        keys = order.keys.of_all(fresh)
        if None in keys:
            raise OutOfOrder("a row has no key")
        groups = [*self._groups, *order.groups(keys)]
        if not is_ascending(groups):
            raise OutOfOrder("a row came out of order")
        self._rows, self._keys, self._groups = [*self._rows, *fresh], [*self._keys, *keys], groups
        if len(groups) - self._closed() > MAX_TIES:
            raise OutOfOrder(f"more than {MAX_TIES} rows share one key")

    def taken(self, *, is_over: bool) -> Sequence[T]:
        """Whole groups, in order; at the end the last one too."""
        end = len(self._rows) if is_over else self._closed()
        whole = Ranked(self._rows[:end], self._span.order, self._keys[:end], self._groups[:end])
        self._rows, self._keys, self._groups = self._rows[end:], self._keys[end:], self._groups[end:]
        if whole.groups is None:
            whole = Ranked.sorted(whole, self._span.order)
        wanted = self._inside(whole)
        if wanted:
            self._last = wanted[-1]
        return sifted(self._keep, wanted)

    def _closed(self) -> int:
        """How many rows belong to groups that cannot grow any more: all but the last."""
        return bisect_left(self._groups, self._groups[-1]) if self._groups else 0

    def _inside(self, rows: Ranked[T]) -> Ranked[T]:
        """What was handed over before is behind us: only the first pages can begin before the span does."""
        start = self._span.start_rank if self._last is None else None
        begin = 0 if start is None else bisect_right(rows.ranks, start)
        end = len(rows) if self._stop is None else bisect_left(rows.ranks, self._stop)
        self.is_past_stop = self.is_past_stop or end < len(rows)
        return rows if (begin, end) == (0, len(rows)) else rows.between(begin, end)


@dataclass
class Ordered(Generic[T]):
    """The stream. keep: None lets every row through. `whole` reads the part without its order; `refine` filters by what
    needs another call, and tells what of that failed; None: by nothing."""

    source: Source[T]
    span: Span[T]
    pager: Pager[T]
    keep: Keep[T]
    whole: Callable[[], Awaitable[Reading[T]]]
    refine: Callable[[Sequence[T]], Awaitable[Reading[T]]] | None
    is_over: bool = False

    def __post_init__(self) -> None:
        self._ties = Ties(self.span, self.keep)
        # Whoever keeps an order has a key for every row, so behind a row without one there is nothing more.
        self.is_over = self.span.is_behind_keys

    def at_hand(self) -> Sequence[T] | None:
        return () if self.is_over else None

    async def more(self) -> Sequence[T]:
        self.source.allowance.go_on()
        if self.source.freshness is not None:
            self.source.freshness.go_on()
        while not self.is_over:
            rows = await self._next()
            if rows and (refined := await self._refined(rows)):
                return refined
        return ()

    async def _refined(self, rows: Sequence[T]) -> Sequence[T]:
        if self.refine is None:
            return rows
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
            is_last = page is None or self.pager.is_over
            self.is_over = is_last or self._ties.is_past_stop
            return self._ties.taken(is_over=is_last)
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
        self.is_over = True
        return self._ties.taken(is_over=True)

    async def _whole(self, why: str) -> Sequence[T]:
        """What of the part was not handed over yet, out of all of it."""
        self.is_over = True
        done = self._ties.taken(is_over=False)
        self.source.distrusted(why)
        reading = await self.whole()
        self.source.took(reading)
        order, given, stop = self.span.order, self._ties.given, self.span.stop_rank
        rows = Ranked.sorted(list({row.native_id: row for row in reading.rows}.values()), order)
        ranked = zip(rows.ranks, rows, strict=True)
        inside = (row for rank, row in ranked if (given is None or rank > given) and (stop is None or rank < stop))
        return [*done, *inside]
