"""Streams: what the merge takes rows from, and the part of a list that it is asked for."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Generic, Protocol, TypeVar

from resolvers.federation.cursor import Hints
from resolvers.federation.order import Order, OrderKey, Position, Rank
from resolvers.federation.reading import Reading
from resolvers.graph.node import Placed

T = TypeVar("T", bound=Placed)
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Span(Generic[T]):
    """Rows strictly behind `start` and before `stop`, in `order`, of which `size` are needed."""

    order: Order[T]
    start: Position | None = None
    stop: Position | None = None
    size: int = 0
    hints: Hints = field(default_factory=dict)

    @property
    def start_rank(self) -> Rank | None:
        return None if self.start is None else self.order.rank(self.start)

    @property
    def stop_rank(self) -> Rank | None:
        return None if self.stop is None else self.order.rank(self.stop)

    @property
    def is_behind_keys(self) -> bool:
        """Whether it begins where only rows without a key are left."""
        return self.start is not None and self.start.key is None and not self.order.is_backward

    def cut(self, rows: Ranked[T]) -> Ranked[T]:
        """Of rows in order those inside."""
        start, stop = self.start_rank, self.stop_rank
        begin = 0 if start is None else bisect_right(rows.ranks, start)
        end = len(rows) if stop is None else bisect_left(rows.ranks, stop)
        return rows if end - begin == len(rows) else Ranked(rows[begin:end], rows.ranks[begin:end])


class Ranked(list[T]):
    """Rows with the rank of each, as whoever put them in order knows it: ranking them again is most of a merge."""

    def __init__(self, rows: Iterable[T], ranks: Sequence[Rank]):
        super().__init__(rows)
        self.ranks = ranks

    @classmethod
    def sorted(cls, rows: Iterable[T], order: Order[T]) -> Ranked[T]:
        pairs = sorted(((order.rank_of(row), row) for row in rows), key=itemgetter(0))
        return cls((row for _, row in pairs), [rank for rank, _ in pairs])


class Stream(Protocol[T_co]):
    """Rows of one part of one source, in order, inside the span."""

    async def more(self) -> Sequence[T_co]:
        """The next whole tie groups; empty at the end, and from then on. Raises nothing that is an upstream's fault."""
        ...


@dataclass(slots=True)
class Whole(Generic[T]):
    """A list that was read at once."""

    rows: Sequence[T]
    span: Span[T]

    async def more(self) -> Sequence[T]:
        # An upstream that is read in pages shows a row twice when it moves meanwhile: what came last holds.
        once = {(row.source_name, row.native_id): row for row in self.rows}
        self.rows = ()
        return self.span.cut(Ranked.sorted(once.values(), self.span.order))


@dataclass(slots=True)
class Opened(Generic[T]):
    """One source's part in a page: how it did, its streams, how many rows its whole list has.

    hints_at: where a key stands in its numbered lists, for cursors. Complete once the merge is done with it; with
    `is_counted_by_reading` only then the count costs nothing.
    """

    reading: Reading[T]
    streams: Sequence[Stream[T]]
    count: Callable[[], Awaitable[int | None]]
    hints_at: Callable[[OrderKey], Hints] = lambda key: {}
    is_counted_by_reading: bool = False


Open = Callable[[str, Span[T]], Awaitable[Opened[T]]]
"How a source is opened for a page, by its name."


def whole(read_source: Callable[[str], Awaitable[Reading[T]]]) -> Open[T]:
    """Opens sources by reading their lists at once."""

    async def opened(source: str, span: Span[T]) -> Opened[T]:
        return read(await read_source(source), span)

    return opened


def read(reading: Reading[T], span: Span[T]) -> Opened[T]:
    """A source whose list was read WHOLE."""
    size = len({(row.source_name, row.native_id) for row in reading.rows}) if reading.is_complete else None

    async def count() -> int | None:
        return size

    return Opened(reading, [Whole(reading.rows, span)], count)
