"""Spending: how many upstream calls one operation makes, and where it has to stop.

It travels with the task that executes and those it starts. A read counts before it is made, so that calls side by side
cannot pass the limit together; what was remembered, or asked by another, is given back. A call counts once however
often it is tried, and those for sessions do not count.
"""

from __future__ import annotations

from contextvars import ContextVar

from resolvers.errors import TooManyCalls


class Spending:
    """Of one operation. calls: made, and under way."""

    __slots__ = ("calls", "limit")

    def __init__(self, limit: int):
        self.calls, self.limit = 0, limit


_current: ContextVar[Spending | None] = ContextVar("spending", default=None)


def begin(limit: int) -> None:
    """From here on, in this task and those it starts."""
    _current.set(Spending(limit))


def end() -> None:
    """From here on in this task, and in those it starts, nothing is counted."""
    _current.set(None)


def take(source: str) -> None:
    """Before a call. Raises TooManyCalls instead of letting it pass the limit."""
    spending = _current.get()
    if spending is None:
        return
    if spending.calls >= spending.limit:
        raise TooManyCalls(source, spending.calls, spending.limit)
    spending.calls += 1


def give_back() -> None:
    """The call was not made after all."""
    spending = _current.get()
    if spending is not None:
        spending.calls -= 1
