"""Attempt: whether a change has left for its upstream, told to whoever asked for it.

It travels with the task that writes, as an allowance does with the one that reads. What fails after it left may have
been done all the same.
"""

from __future__ import annotations

from contextvars import ContextVar


class Attempt:
    def __init__(self) -> None:
        self.has_left = False


_current: ContextVar[Attempt | None] = ContextVar("attempt", default=None)


def begin() -> Attempt:
    """From here on, in this task and those it starts."""
    attempt = Attempt()
    _current.set(attempt)
    return attempt


def left() -> None:
    """A change is on its way."""
    _mark(True)


def came_back() -> None:
    """It was refused: nothing was done."""
    _mark(False)


def _mark(has_left: bool) -> None:
    attempt = _current.get()
    if attempt is not None:
        attempt.has_left = has_left
