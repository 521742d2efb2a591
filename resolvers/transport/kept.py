"""Kept: an answer asked for once by whoever comes first, shared for a while by everyone with the same credential.

For what a session needs before its first read: who-am-I, logins, the list of scopes.
"""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from resolvers.transport import deadline
from resolvers.transport.credentials import Credentials

T = TypeVar("T")
MOST = 1000
"Identities whose answers are kept. Beyond it the oldest is asked again, which costs calls and never an answer."


@dataclass(slots=True)
class _Asking(Generic[T]):
    task: asyncio.Future[T]
    until: float = 0.0  # by the clock, once it is answered


class Kept(Generic[T]):
    """`ask` at most once at a time for each identity of `whose`; its answer serves that identity for `for_s` seconds.

    An error serves nobody but who waited. The asking is a task of its own, which carries what the first caller brought:
    a waiter that is cancelled, or whose time is up, does not take the answer away from the others.

    source: named by the error of a waiter whose time is up.
    """

    def __init__(
        self,
        whose: Credentials,
        ask: Callable[[], Awaitable[T]],
        *,
        source: str = "",
        for_s: float = 300,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._whose, self._ask, self._source, self._for_s, self._clock = whose, ask, source, for_s, clock
        self._askings: dict[str, _Asking[T]] = {}

    async def get(self) -> T:
        identity = self._whose.identity
        asking = self._askings.get(identity)
        if asking is None or (asking.task.done() and self._is_over(asking)):
            asking = self._begun(identity)
        if asking.task.done():
            return asking.task.result()
        return await deadline.within(asyncio.shield(asking.task), self._source)

    def forget(self) -> None:
        """The next `get` of this identity asks again; one under way is not waited for by it."""
        self._askings.pop(self._whose.identity, None)

    def _begun(self, identity: str) -> _Asking[T]:
        self._askings.pop(identity, None)
        if len(self._askings) >= MOST:
            del self._askings[next(iter(self._askings))]
        context = contextvars.copy_context()
        context.run(deadline.end)
        task = asyncio.get_running_loop().create_task(self._asked(identity), context=context)
        asking = _Asking[T](task)
        task.add_done_callback(partial(_answered, asking))
        self._askings[identity] = asking
        return asking

    def _is_over(self, asking: _Asking[T]) -> bool:
        return self._clock() >= asking.until or asking.task.cancelled() or asking.task.exception() is not None

    async def _asked(self, identity: str) -> T:
        answer = await self._ask()
        asking = self._askings.get(identity)
        if asking is not None and asking.task is asyncio.current_task():
            asking.until = self._clock() + self._for_s
        return answer


def _answered(asking: _Asking[T], task: asyncio.Task[T]) -> None:
    """Keeps the answer instead of the task, which holds what was around the first caller: what it has read."""
    if task.cancelled() or task.exception() is not None:
        return
    asking.task = asyncio.get_running_loop().create_future()
    asking.task.set_result(task.result())
