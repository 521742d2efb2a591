"""Streams: what the merge takes rows from, and the part of a list that it is asked for."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from msgspec import Struct, field

from resolvers.federation.cursor import Hints
from resolvers.federation.order import Order, OrderKey, Position, Rank
from resolvers.federation.ranked import Ranked
from resolvers.federation.reading import Reading
from resolvers.graph.node import Placed
from resolvers.transport.made import Made

T = TypeVar("T", bound=Placed)
T_co = TypeVar("T_co", covariant=True)


class Span(Struct, Generic[T], frozen=True):
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
        if start is None and stop is None:
            return rows
        begin = 0 if start is None else bisect_right(rows.ranks, start)
        end = len(rows) if stop is None else bisect_left(rows.ranks, stop)
        return rows.between(begin, end)


class Stream(Protocol[T_co]):
    """Rows of one part of one source, in order, inside the span. is_over: nothing follows what was handed over."""

    @property
    def is_over(self) -> bool: ...

    def at_hand(self) -> Sequence[T_co] | None:
        """`more` where nobody has to be asked for it; None where somebody has."""
        ...

    async def more(self) -> Sequence[T_co]:
        """The next whole tie groups; empty at the end, and from then on. Raises nothing that is an upstream's fault."""
        ...


@dataclass(slots=True)
class Whole(Generic[T]):
    """A list that was read at once."""

    rows: Sequence[T]
    span: Span[T]

    @property
    def is_over(self) -> bool:
        return not self.rows

    async def more(self) -> Sequence[T]:
        return self.at_hand()

    def at_hand(self) -> Sequence[T]:
        rows, self.rows = self.rows, ()
        order = self.span.order
        return self.span.cut(_MADE.of(rows, order, lambda: _sorted(rows, order)))


_MADE = Made()
"Of whole lists that several operations got at once."


def _sorted(rows: Sequence[T], order: Order[T]) -> Ranked[T]:
    """An upstream that is read in pages shows a row twice when it moves meanwhile: what came last holds."""
    return Ranked.sorted(list({row.native_id: row for row in rows}.values()), order)


@dataclass(slots=True)
class Begun(Generic[T]):
    """A stream whose first rows are here already."""

    stream: Stream[T]
    firsts: Sequence[T] | None

    @property
    def is_over(self) -> bool:
        return self.firsts is None and self.stream.is_over

    def at_hand(self) -> Sequence[T] | None:
        rows, self.firsts = self.firsts, None
        return self.stream.at_hand() if rows is None else rows

    async def more(self) -> Sequence[T]:
        rows = self.at_hand()
        return await self.stream.more() if rows is None else rows


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
    counted: int | None = None  # what `count` gave, where that was asked for beside the first rows


Open = Callable[[str, Span[T]], Awaitable[Opened[T]]]
"How a source is opened for a page, by its name."


def whole(read_source: Callable[[str], Awaitable[Reading[T]]]) -> Open[T]:
    """Opens sources by reading their lists at once."""

    async def opened(source: str, span: Span[T]) -> Opened[T]:
        return read(await read_source(source), span)

    return opened


def read(reading: Reading[T], span: Span[T]) -> Opened[T]:
    """A source whose list was read WHOLE."""

    async def count() -> int | None:
        return len({row.native_id for row in reading.rows}) if reading.is_complete else None

    return Opened(reading, [Whole(reading.rows, span)], count)
