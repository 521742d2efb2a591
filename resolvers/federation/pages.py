"""Pages: Relay's arguments as a span, and what the merge found in it as a connection."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from msgspec import Struct

from resolvers.errors import BadArgument
from resolvers.federation.cursor import Cursor, Cursors, missed_mark
from resolvers.federation.order import Order
from resolvers.federation.reading import Reading
from resolvers.federation.report import report
from resolvers.federation.streams import Opened, Span
from resolvers.graph.connection import Connection, page_info
from resolvers.graph.node import Placed
from resolvers.graph.window import Window

T = TypeVar("T", bound=Placed)
DEFAULT_SIZE = 20


class Limits(Struct, frozen=True):
    """Relay's arguments, checked: how many from which end, between which cursors."""

    size: int
    is_from_back: bool
    after: Cursor | None
    before: Cursor | None

    def has_missed(self, source: str) -> bool:
        return any(cursor is not None and cursor.has_missed(source) for cursor in (self.after, self.before))


def limits(window: Window, cursors: Cursors, max_size: int) -> Limits:
    """Raises BadArgument for a size that is negative, too large or doubled, BadCursor for a cursor of elsewhere."""
    return Limits(
        size=_size(window, max_size),
        is_from_back=window.last is not None,
        after=None if window.after is None else cursors.decode(window.after),
        before=None if window.before is None else cursors.decode(window.before),
    )


def at_an_end(window: Window, max_size: int) -> Limits | None:
    """The same of a window without cursors; None with one: which list a cursor is of shows only when it is asked."""
    if window.after is not None or window.before is not None:
        return None
    return Limits(_size(window, max_size), window.last is not None, None, None)


def _size(window: Window, max_size: int) -> int:
    if window.first is not None and window.last is not None:
        raise BadArgument("first and last cannot be given together: choose one end of the list")
    name, asked = ("first", window.first) if window.last is None else ("last", window.last)
    size = min(DEFAULT_SIZE, max_size) if asked is None else asked
    if not 0 <= size <= max_size:
        raise BadArgument(f"{name} must be from 0 to {max_size}, not {size}")
    return size


def span(order: Order[T], limits: Limits) -> Span[T]:
    """What the page is cut from: one row more than it shows, to know whether it ends there."""
    ends = (limits.after, limits.before)
    start, stop = reversed(ends) if limits.is_from_back else ends
    return Span(
        order.backward if limits.is_from_back else order,
        None if start is None else start.position,
        None if stop is None else stop.position,
        limits.size + 1,
        {} if start is None else start.hints,
    )


def page(
    rows: Sequence[T],
    opened: Sequence[Opened[T]],
    order: Order[T],
    cursors: Cursors,
    limits: Limits,
    total_count: int | None,
) -> Connection[T]:
    """The page, from the rows of its span in the span's order."""
    nodes = rows[: limits.size]
    nodes = nodes[::-1] if limits.is_from_back else nodes
    is_more = len(rows) > limits.size
    readings = [one.reading for one in opened]
    missed = _missed(readings, limits)

    def cursor_of(row: T) -> str:
        position = order.position(row)
        hints = {mark: hint for one in opened for mark, hint in one.hints_at(position.key).items()}
        return cursors.encode(position, missed.marks, missed.is_all, hints)

    now = datetime.now(UTC)
    return Connection(
        nodes=list(nodes),
        # With `after` there is something before without looking, and the mirror with `before`.
        info_of=partial(
            page_info,
            nodes,
            cursor_of,
            has_next=limits.before is not None or (is_more and not limits.is_from_back),
            has_previous=limits.after is not None or (is_more and limits.is_from_back),
        ),
        total_count=total_count if all(reading.is_complete for reading in readings) else None,
        sources=[report(reading, now, was_missed=limits.has_missed(reading.source)) for reading in readings],
        cursor_of=cursor_of,
    )


def unread(limits: Limits) -> Connection[T]:
    """The answer to `first: 0`: nobody was asked, so nothing is known of what follows."""
    return Connection(
        nodes=[],
        info_of=partial(
            page_info, [], _no_cursor, has_next=limits.before is not None, has_previous=limits.after is not None
        ),
        total_count=None,
        sources=[],
        cursor_of=_no_cursor,
    )


class _Missed(Struct, frozen=True):
    marks: frozenset[bytes]
    is_all: bool


def _missed(readings: Sequence[Reading[T]], limits: Limits) -> _Missed:
    """Sources whose rows this page or an earlier one lacks: they ride on in every cursor of the page."""
    earlier = [cursor for cursor in (limits.after, limits.before) if cursor is not None]
    marks = {missed_mark(reading.source) for reading in readings if reading.errors}
    marks.update(mark for cursor in earlier for mark in cursor.missed)
    return _Missed(frozenset(marks), any(cursor.all_missed for cursor in earlier))


def _no_cursor(row: object) -> str:
    raise LookupError("an unread page has no rows")
