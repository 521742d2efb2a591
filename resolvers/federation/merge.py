"""Merge: many sources, one ordered list, read only as far as a page needs.

    page arguments -> Span            the part of the list that is wanted, in its order or turned round
    each source    -> Opened          its streams: the whole list, or one for each part it keeps in order itself
    streams        -> whole tie groups, in order, by our keys          (`streams`, `ordered`)
    first(n)       -> the n foremost rows over all streams

A stream hands over rows that stand in our total order, (order key, source name, native id), and all rows of equal key
together: an upstream orders by its own key alone, so rows of one key may come from it in any order, over several
pages. The merge keeps one buffer a stream and takes the foremost row of all; a stream whose buffer is empty is asked
for more before another row is taken, since its next row may be the foremost, unless it is over. All streams are first
asked side by side.

How a source is read in an order is its adapter's to declare (`Facts.release_paging`):

    KEYSET   from a key on: the boundary and a millisecond before it come along, what was seen is dropped
    PAGES    by numbered pages: from where a cursor's hint says, back to a row at or before it, then forward
    WHOLE    everything, sorted here

A page from the back is the same with the order reversed, and turned round afterwards: nobody is read from an offset.
A source that fails ends its streams and leaves its error; what it gave before stays.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from resolvers.federation.apart import apart, side_by_side
from resolvers.federation.order import Order
from resolvers.federation.ranked import Ranked
from resolvers.federation.streams import Stream
from resolvers.graph.node import Placed

T = TypeVar("T", bound=Placed)


async def first(count: int, streams: Sequence[Stream[T]], order: Order[T]) -> list[T]:
    """The `count` foremost rows over all streams, in order; fewer when there are no more."""
    if len(streams) == 1:
        return await _of_one(count, streams[0])
    buffers = [_Buffer(stream, order) for stream in streams]
    await _fill(buffers)
    found: list[T] = []
    while len(found) < count and any(buffers):
        found += _foremost(count - len(found), [buffer for buffer in buffers if buffer])
        if len(found) < count:
            await _fill([buffer for buffer in buffers if not buffer and not buffer.is_over])
    return found


async def _fill(buffers: Sequence[_Buffer[T]]) -> None:
    """Side by side; those whose rows are here already take no task."""
    await side_by_side([buffer.fill() for buffer in buffers if not buffer.is_filled()])


async def _of_one(count: int, stream: Stream[T]) -> list[T]:
    """Rows of one stream are in order already."""
    found: list[T] = []
    while len(found) < count and not stream.is_over:
        rows = stream.at_hand()
        if rows is None:
            rows = await apart(stream.more())
        if not rows:
            break
        found += rows
    return found[:count]


class _Buffer(Generic[T]):
    """What a stream has given and the merge has not taken. False when there is nothing of it.

    is_over: nothing follows it.
    """

    def __init__(self, stream: Stream[T], order: Order[T]):
        self._stream, self._order = stream, order
        self.rows: Ranked[T] = Ranked((), order)
        self.begin = 0
        self.is_over = False

    def __bool__(self) -> bool:
        return self.begin < len(self.rows)

    async def fill(self) -> None:
        self._take(await self._stream.more())

    def is_filled(self) -> bool:
        """By what is at hand; nobody was asked."""
        rows = self._stream.at_hand()
        if rows is None:
            return False
        self._take(rows)
        return True

    def _take(self, rows: Sequence[T]) -> None:
        self.rows = rows if isinstance(rows, Ranked) else Ranked(rows, self._order)
        self.begin, self.is_over = 0, not rows or self._stream.is_over


def _foremost(count: int, buffers: Sequence[_Buffer[T]]) -> list[T]:
    """The first `count` rows of all buffers, up to where one of them ends that is not over: behind it may be more."""
    groups = [buffer.rows.groups for buffer in buffers]
    told = [own for own in groups if own is not None]
    if len(told) < len(buffers):
        return _by_rank(count, buffers)
    ends = _ends(count, told, buffers)
    rows: dict[Any, T] = {}
    for own, buffer, end in zip(told, buffers, ends, strict=True):
        rows.update(zip(own[buffer.begin : end], buffer.rows[buffer.begin : end], strict=True))
    if len(rows) < sum(end - buffer.begin for buffer, end in zip(buffers, ends, strict=True)):
        return _by_rank(count, buffers)
    # No two keys are equal, so they tell the order alone.
    taken = sorted(rows)[:count]
    for own, buffer, end in zip(told, buffers, ends, strict=True):
        buffer.begin = bisect_right(own, taken[-1], buffer.begin, end)
    return [rows[group] for group in taken]


def _by_rank(count: int, buffers: Sequence[_Buffer[T]]) -> list[T]:
    """The same where keys tie; one row may be there twice."""
    ranks = [buffer.rows.ranks for buffer in buffers]
    ends = _ends(count, ranks, buffers)
    heads = [
        (own[at], place, at)
        for place, (own, buffer, end) in enumerate(zip(ranks, buffers, ends, strict=True))
        for at in range(buffer.begin, end)
    ]
    taken = sorted(heads)[:count]
    for _, place, at in taken:
        buffers[place].begin = at + 1
    return [buffers[place].rows[at] for _, place, at in taken]


def _ends(count: int, by: Sequence[Sequence[Any]], buffers: Sequence[_Buffer[T]]) -> list[int]:
    """How far each buffer goes: up to the last row of the one that ends first and is not over, `count` at most."""
    open_ = [own[-1] for own, buffer in zip(by, buffers, strict=True) if not buffer.is_over]
    ends = [min(len(own), buffer.begin + count) for own, buffer in zip(by, buffers, strict=True)]
    if not open_:
        return ends
    limit = min(open_)
    return [bisect_right(own, limit, buffer.begin, end) for own, buffer, end in zip(by, buffers, ends, strict=True)]
