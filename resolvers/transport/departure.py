"""Departure: whoever waits for an operation may leave; what its tasks then wait for of upstreams is given up.

It travels with the task that executes and those it starts, as a plan does: cancelling the one that executes does not
reach the batches of loaders, which are tasks of their own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Departure:
    """Of one operation."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Task[object]] = set()
        self._has_left = False

    def leave(self) -> None:
        """Tasks that wait for an upstream are cancelled, and so is each that is about to ask one."""
        self._has_left = True
        for task in self._waiting:
            task.cancel()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Calls of the block, in this task and those it starts, are given up when whoever waits leaves."""
        before = _current.set(self)
        try:
            yield
        finally:
            _current.reset(before)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """This task waits for an upstream. Raises CancelledError when nobody waits for the task any more."""
        if self._has_left:
            raise asyncio.CancelledError
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("an upstream is asked inside a task")
        self._waiting.add(task)
        try:
            yield
        finally:
            self._waiting.discard(task)


_current: ContextVar[Departure | None] = ContextVar("departure", default=None)


@contextmanager
def waiting() -> Iterator[None]:
    """Likewise, of the operation that this task belongs to, if any."""
    departure = _current.get()
    if departure is None:
        yield
        return
    with departure.waiting():
        yield
