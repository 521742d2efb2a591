"""Merge: many sources, one ordered list, read only as far as a page needs.

    page arguments -> Span            the part of the list that is wanted, in its order or turned round
    each source    -> Opened          its streams: the whole list, or one for each part it keeps in order itself
    streams        -> whole tie groups, in order, by our keys          (`streams`, `ordered`)
    first(n)       -> the n foremost rows over all streams

A stream hands over rows that stand in our total order, (order key, source name, native id), and all rows of equal key
together: an upstream orders by its own key alone, so rows of one key may come from it in any order, over several
pages. The merge keeps one buffer a stream and takes the foremost row of all; a stream whose buffer is empty is asked
for more before another row is taken, since its next row may be the foremost. All streams are first asked side by side.

How a source is read in an order is its adapter's to declare (`Facts.release_paging`):

    KEYSET   from a key on: the boundary and a millisecond before it come along, what was seen is dropped
    PAGES    by numbered pages: from where a cursor's hint says, back to a row at or before it, then forward
    WHOLE    everything, sorted here

A page from the back is the same with the order reversed, and turned round afterwards: nobody is read from an offset.
A source that fails ends its streams and leaves its error; what it gave before stays.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Iterator, Sequence
from typing import TypeVar

from resolvers.federation.order import Order, Rank
from resolvers.federation.streams import Ranked, Stream
from resolvers.graph.node import Placed

T = TypeVar("T", bound=Placed)


async def first(count: int, streams: Sequence[Stream[T]], order: Order[T]) -> list[T]:
    """The `count` foremost rows over all streams, in order; fewer when there are no more."""
    buffers = [_ranked(rows, order) for rows in await asyncio.gather(*(stream.more() for stream in streams))]
    # By rank, then by place: rows themselves are never compared.
    firsts = ((at, next(buffer, None)) for at, buffer in enumerate(buffers))
    heap = [(head[0], at, head[1]) for at, head in firsts if head is not None]
    heapq.heapify(heap)
    found: list[T] = []
    while heap and len(found) < count:
        _, at, row = heap[0]
        found.append(row)
        head = next(buffers[at], None)
        if head is None and len(found) < count:
            buffers[at] = _ranked(await _more(streams[at]), order)
            head = next(buffers[at], None)
        if head is None:
            heapq.heappop(heap)
        else:
            heapq.heapreplace(heap, (head[0], at, head[1]))
    return found


def _ranked(rows: Sequence[T], order: Order[T]) -> Iterator[tuple[Rank, T]]:
    return zip(rows.ranks if isinstance(rows, Ranked) else map(order.rank_of, rows), rows, strict=True)


async def _more(stream: Stream[T]) -> Sequence[T]:
    # A task of its own, so that what the stream sets for its reading (its allowance) ends with it.
    return await asyncio.create_task(_asked(stream))


async def _asked(stream: Stream[T]) -> Sequence[T]:
    return await stream.more()
