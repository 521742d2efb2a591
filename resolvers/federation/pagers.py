"""Pagers: how an upstream's pages follow one another, from a key on or by number."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from resolvers.federation.cursor import Hint
from resolvers.federation.order import Rank, moment
from resolvers.federation.ordered import MAX_TIES, OutOfOrder
from resolvers.federation.streams import Span
from resolvers.graph.node import Placed
from resolvers.transport import freshness
from resolvers.upstreams.port import Page, Place

T = TypeVar("T", bound=Placed)
Read = Callable[[Place], Awaitable[Page[T]]]

SPARE = 5
"Rows asked for beyond a page: usually enough to see its last tie group end."
GROWTH = 4
"A page that was not enough is followed by a larger one: filters applied here may leave little of each."
LARGEST = 1000


def first_place(span: Span[T]) -> Place:
    """Where a source that keeps its order by key is read first, for a page of this span."""
    return Place(span.size + SPARE, None if span.start is None else moment(span.start.key))


class FromKey(Generic[T]):
    """KEYSET: each page begins at the key where the one before ended."""

    def __init__(self, read: Read[T], span: Span[T]):
        self._read, self._span = read, span
        place = first_place(span)
        self._size, self._boundary = place.size, place.boundary
        self.is_over = False

    async def next(self) -> Page[T] | None:
        if self.is_over:
            return None
        page = await self._read(Place(self._size, self._boundary))
        self.is_over = not page.has_more
        if page.has_more:
            self._go_on(None if not page.rows else moment(self._span.order.keys.of(page.rows[-1])))
        return page

    def _go_on(self, boundary: datetime | None) -> None:
        """A page that ends where it began held one key alone: only a larger one gets any further."""
        if boundary is None or boundary == self._boundary:
            if self._size > MAX_TIES:
                raise OutOfOrder(f"more than {MAX_TIES} rows share one key")
            self._size = min(self._size * 2, MAX_TIES + SPARE)
        else:
            self._size = max(self._size, min(self._size * GROWTH, LARGEST))
        self._boundary = boundary or self._boundary


@dataclass
class ByNumber(Generic[T]):
    """PAGES: from the page where the cursor was, back until one begins before its key, then forward.

    Rows that go away while we read move the others to earlier pages: when the list got shorter, the same is done again
    from the key that was seen last.
    """

    read: Read[T]
    span: Span[T]
    page_size: int
    hint: Hint | None  # where `span.start` was, counted in the order of the span
    _number: int = 0
    _total: int | None = None
    _exact: int | None = None
    _kept: dict[int, Page[T]] = field(default_factory=dict)  # read on the way, not given on yet
    _places: list[tuple[Rank, int]] = field(default_factory=list)  # of the rows given on: rank of the key, index
    is_over: bool = False
    _has_moved: bool = False

    async def next(self) -> Page[T] | None:
        if self.is_over:
            return None
        if self._has_moved:
            freshness.only_live()
        self._number = self._number + 1 if self._number else await self._beginning()
        page = await self._page(self._number)
        if self._got_shorter(page):
            # Pages that are remembered, each from another moment, would show the same again.
            self._has_moved = True
            freshness.only_live()
            self._number = await self._back(self._number - 1, self._places[-1][0])
            page = await self._page(self._number)
        self._kept.clear()
        self._given_on(page)
        return page

    async def _beginning(self) -> int:
        start = self.span.start
        if start is None or start.key is None:
            return 1
        rank = self.span.order.key_rank(start.key)
        if self.hint is None:
            return await self._search(rank)
        return await self._back(max(0, self.hint.index) // self.page_size + 1, rank)

    async def _back(self, number: int, key: Rank) -> int:
        """The nearest page up to `number` that begins before `key`; else the first. Rows of one key have no order."""
        while number > 1:
            page = await self._page(number)
            if not page.rows:  # behind the end: the list got shorter, or the hint was never true
                number = min(number - 1, self._last_page(page))
            elif self._begins_before(page, key):
                return number
            else:
                number -= 1
        return 1

    async def _search(self, key: Rank) -> int:
        """Without a hint: the last page that begins before `key`, by halves."""
        low, high = 1, self._last_page(await self._page(1))
        while low < high:
            middle = (low + high + 1) // 2
            is_before = self._begins_before(await self._page(middle), key)
            low, high = (middle, high) if is_before else (low, middle - 1)
        return low

    def _begins_before(self, page: Page[T], key: Rank) -> bool:
        order = self.span.order
        return bool(page.rows) and order.key_rank(order.keys.of(page.rows[0])) < key

    async def _page(self, number: int) -> Page[T]:
        if number not in self._kept:
            self._kept[number] = await self.read(Place(self.span.size, number=number))
        return self._kept[number]

    def _last_page(self, page: Page[T]) -> int:
        return max(1, -(-(page.total or 0) // self.page_size))

    def counted(self) -> int | None:
        """How many rows the list has, as its pages told; None when none was read, or they count others too."""
        return self._exact

    def _got_shorter(self, page: Page[T]) -> bool:
        self._exact = page.total if page.is_total_exact else None
        before, self._total = self._total, page.total
        return before is not None and page.total is not None and page.total < before and bool(self._places)

    def _given_on(self, page: Page[T]) -> None:
        self.is_over = not page.has_more
        order, begin = self.span.order, (self._number - 1) * self.page_size
        self._places += [(order.key_rank(order.keys.of(row)), begin + at) for at, row in enumerate(page.rows)]

    def hint_at(self, key: Rank) -> Hint | None:
        """Where a key stands in this list, as far as it was read; None when it was not."""
        if not self._places or self._total is None:
            return None
        at = bisect_left(self._places, key, key=lambda one: one[0])
        return Hint(self._places[min(at, len(self._places) - 1)][1], self._total)
