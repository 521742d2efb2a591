"""Departure: whoever waits for an operation may leave; what its tasks then wait for of upstreams is given up.

It travels with the task that executes and those it starts, as a plan does: cancelling the one that executes does not
reach the batches of loaders, which are tasks of their own.

Classes and not generators: every upstream call goes through here, and a generator costs it five times as much.
"""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar, Token


class Departure:
    """Of one operation."""

    __slots__ = ("_has_left", "_waiting")

    def __init__(self) -> None:
        self._waiting: set[asyncio.Task[object]] = set()
        self._has_left = False

    def leave(self, *, but: asyncio.Task[object] | None = None) -> None:
        """Tasks that wait for an upstream are cancelled, and so is each that is about to ask one. but: one that is
        cancelled by itself, which would count twice."""
        self._has_left = True
        for task in self._waiting:
            if task is not but:
                task.cancel()

    def watched(self) -> AbstractContextManager[None]:
        """Calls of the block, in this task and those it starts, are given up when whoever waits leaves."""
        return _Watched(self)

    def waiting(self) -> AbstractContextManager[None]:
        """This task waits for an upstream. Raises CancelledError when nobody waits for the task any more."""
        return _Waiting(self)

    def begin(self) -> asyncio.Task[object]:
        task = asyncio.current_task()
        if self._has_left:
            raise asyncio.CancelledError
        if task is None:
            raise RuntimeError("an upstream is asked inside a task")
        self._waiting.add(task)
        return task

    def end(self, task: asyncio.Task[object]) -> None:
        self._waiting.discard(task)


class _Watched(AbstractContextManager[None]):
    __slots__ = ("_before", "_departure")

    def __init__(self, departure: Departure):
        self._departure = departure

    def __enter__(self) -> None:
        self._before: Token[Departure | None] = _current.set(self._departure)

    def __exit__(self, *_: object) -> None:
        _current.reset(self._before)


class _Waiting(AbstractContextManager[None]):
    __slots__ = ("_departure", "_task")

    def __init__(self, departure: Departure):
        self._departure = departure

    def __enter__(self) -> None:
        self._task = self._departure.begin()

    def __exit__(self, *_: object) -> None:
        self._departure.end(self._task)


_current: ContextVar[Departure | None] = ContextVar("departure", default=None)
_NOBODY: AbstractContextManager[None] = nullcontext()


def waiting() -> AbstractContextManager[None]:
    """Likewise, of the operation that this task belongs to, if any."""
    departure = _current.get()
    return _NOBODY if departure is None else _Waiting(departure)
