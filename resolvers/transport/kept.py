"""Kept: an answer asked for once by whoever comes first, shared by everyone for a while.

For what a session needs before its first read: who-am-I, logins, the list of scopes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """`ask` at most once at a time; its answer serves for `for_s` seconds. An error serves nobody but who waited.

    The asking is a task of its own: a waiter that is cancelled does not take the answer away from the others.
    """

    def __init__(
        self, ask: Callable[[], Awaitable[T]], *, for_s: float = 300, clock: Callable[[], float] = time.monotonic
    ):
        self._ask, self._for_s, self._clock = ask, for_s, clock
        self._task: asyncio.Task[T] | None = None
        self._until = 0.0

    async def get(self) -> T:
        if self._task is None or (self._task.done() and self._is_over(self._task)):
            self._task = asyncio.ensure_future(self._asked())
        return await asyncio.shield(self._task)

    def forget(self) -> None:
        """The next `get` asks again; one under way is not waited for by it."""
        self._task = None

    def _is_over(self, task: asyncio.Task[T]) -> bool:
        return self._clock() >= self._until or task.cancelled() or task.exception() is not None

    async def _asked(self) -> T:
        answer = await self._ask()
        self._until = self._clock() + self._for_s
        return answer
