"""Pages: one page out of what the sources gave.

    arguments --check--> Limits
    filters --ask--> one reading a source --sort, cut--> one page, one report a source

Every source is read WHOLE for now: all its rows that pass the filter, sorted together in one total order, and the page
is cut out by position. Hence a row whose key does not change and that is not deleted meanwhile shows exactly once on a
walk, and a new one at most once.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from resolvers.errors import BadArgument
from resolvers.federation.cursor import Cursor, Cursors, missed_mark
from resolvers.federation.order import Order
from resolvers.federation.reading import Reading
from resolvers.federation.report import report
from resolvers.graph.connection import Connection, page_info
from resolvers.graph.node import Placed
from resolvers.graph.window import Window

T = TypeVar("T", bound=Placed)
DEFAULT_SIZE = 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Relay's arguments, checked: how many from which end, between which cursors."""

    size: int
    is_from_back: bool
    after: Cursor | None
    before: Cursor | None

    def has_missed(self, source: str) -> bool:
        return any(cursor is not None and cursor.has_missed(source) for cursor in (self.after, self.before))


def limits(window: Window, cursors: Cursors, max_size: int) -> Limits:
    """Raises BadArgument for a size that is negative, too large or doubled, BadCursor for a cursor of elsewhere."""
    if window.first is not None and window.last is not None:
        raise BadArgument("first and last cannot be given together: choose one end of the list")
    name, asked = ("first", window.first) if window.last is None else ("last", window.last)
    size = min(DEFAULT_SIZE, max_size) if asked is None else asked
    if not 0 <= size <= max_size:
        raise BadArgument(f"{name} must be from 0 to {max_size}, not {size}")
    return Limits(
        size=size,
        is_from_back=window.last is not None,
        after=None if window.after is None else cursors.decode(window.after),
        before=None if window.before is None else cursors.decode(window.before),
    )


def page(readings: Sequence[Reading[T]], order: Order[T], cursors: Cursors, limits: Limits) -> Connection[T]:
    """The page that `limits` cut out of the rows of all readings, in `order`."""
    rows = sorted(_each_once(readings), key=order.rank_of)
    start, stop = _between(rows, order, limits)
    first, last = _cut(start, stop, limits)
    nodes = rows[first:last]
    cursor_of = _cursor_of(order, cursors, _missed(readings, limits))
    is_whole = all(reading.is_complete for reading in readings)
    now = datetime.now(UTC)
    return Connection(
        nodes=nodes,
        # With `after` there is something before without looking, and the mirror with `before`.
        page_info=page_info(
            nodes,
            cursor_of,
            has_next=limits.before is not None or last < stop,
            has_previous=limits.after is not None or first > start,
        ),
        total_count=len(rows) if is_whole else None,
        sources=[report(reading, now, was_missed=limits.has_missed(reading.source)) for reading in readings],
        cursor_of=cursor_of,
    )


def unread(limits: Limits) -> Connection[T]:
    """The answer to `first: 0`: nobody was asked, so nothing is known of what follows."""
    return Connection(
        nodes=[],
        page_info=page_info([], _no_cursor, has_next=limits.before is not None, has_previous=limits.after is not None),
        total_count=None,
        sources=[],
        cursor_of=_no_cursor,
    )


def _each_once(readings: Sequence[Reading[T]]) -> Iterable[T]:
    """An upstream that is read in pages shows a row twice when it moves meanwhile: what came last holds."""
    return {(row.source_name, row.native_id): row for reading in readings for row in reading.rows}.values()


def _between(rows: Sequence[T], order: Order[T], limits: Limits) -> tuple[int, int]:
    """Where the rows strictly between the two cursors begin and end."""
    start = 0 if limits.after is None else bisect_right(rows, order.rank(limits.after.position), key=order.rank_of)
    stop = len(rows)
    if limits.before is not None:
        stop = bisect_left(rows, order.rank(limits.before.position), key=order.rank_of)
    return start, max(start, stop)


def _cut(start: int, stop: int, limits: Limits) -> tuple[int, int]:
    if limits.is_from_back:
        return max(start, stop - limits.size), stop
    return start, min(stop, start + limits.size)


@dataclass(frozen=True, slots=True)
class _Missed:
    marks: frozenset[bytes]
    is_all: bool


def _missed(readings: Sequence[Reading[T]], limits: Limits) -> _Missed:
    """Sources whose rows this page or an earlier one lacks: they ride on in every cursor of the page."""
    earlier = [cursor for cursor in (limits.after, limits.before) if cursor is not None]
    marks = {missed_mark(reading.source) for reading in readings if reading.errors}
    marks.update(mark for cursor in earlier for mark in cursor.missed)
    return _Missed(frozenset(marks), any(cursor.all_missed for cursor in earlier))


def _cursor_of(order: Order[T], cursors: Cursors, missed: _Missed) -> Callable[[T], str]:
    return lambda row: cursors.encode(order.position(row), missed.marks, missed.is_all)


def _no_cursor(row: object) -> str:
    raise LookupError("an unread page has no rows")
