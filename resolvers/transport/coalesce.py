"""Coalesce: who asks the same at the same time waits for one call.

The call is a task of its own with a count of waiters: one that leaves does not end it, the last one does. An error goes
to those who waited, and is not remembered. What comes is taken from the allowance of each waiter as it comes, so that
one who may read less is told so without the others losing anything.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine, Hashable
from contextvars import ContextVar
from functools import partial
from typing import Any, Generic, TypeVar

from resolvers.transport import allowance, deadline, freshness, once, plan
from resolvers.transport.allowance import Allowance, UsedUp

T = TypeVar("T")
Took = Callable[[int], bool]
"Told of each part of an answer, in bytes; False once nobody who waits may have more."
Ask = Callable[[Took], Coroutine[Any, Any, T]]


class Flights(Generic[T]):
    """Calls under way, by a key that says all that their answer depends on."""

    def __init__(self) -> None:
        self._under_way: dict[Hashable, _Flight[T]] = {}

    async def join(self, key: Hashable, ask: Ask[T]) -> tuple[T, bool]:
        """The answer, and whether it is that of a call another had begun. Raises what `ask` raises, UsedUp,
        and Over when the time of whoever waits is up."""
        flight = self._under_way.get(key)
        is_shared = flight is not None
        if flight is None:
            flight = self._begun(key, ask, contextvars.copy_context())
        flight.are_several = flight.are_several or is_shared
        try:
            answer = await flight.wait()
        except deadline.Over as over:
            over.is_shared = is_shared
            raise
        _are_several.set(flight.are_several)
        return answer, is_shared

    def begin(self, key: Hashable, ask: Ask[T]) -> None:
        """Asks behind the back of whoever is here, for those who come later; no matter whose plan or list it is."""
        if key not in self._under_way:
            self._begun(key, ask, _nobodys()).is_wanted = True

    async def close(self) -> None:
        """Ends all of them."""
        tasks = [flight.task for flight in self._under_way.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def __len__(self) -> int:
        return len(self._under_way)

    def _begun(self, key: Hashable, ask: Ask[T], context: contextvars.Context) -> _Flight[T]:
        context.run(allowance.end)
        context.run(deadline.end)
        flight: _Flight[T] = _Flight(ask, context, partial(self._over, key))
        self._under_way[key] = flight
        return flight

    def _over(self, key: Hashable, flight: _Flight[Any]) -> None:
        if self._under_way.get(key) is flight:
            del self._under_way[key]


class _Flight(Generic[T]):
    """One call. `over` is called once nobody may join it any more."""

    def __init__(self, ask: Ask[T], context: contextvars.Context, over: Callable[[_Flight[Any]], None]):
        self._waiters: dict[asyncio.Future[T], Allowance | None] = {}
        self._size_bytes = 0
        self._over = over
        self.is_wanted = False  # also when nobody waits
        self.are_several = False  # who waited for it, also if some have left
        self.task: asyncio.Task[T] = asyncio.get_running_loop().create_task(ask(self._came), context=context)
        self.task.add_done_callback(self._landed)

    async def wait(self) -> T:
        own = allowance.current()
        if own is not None and not own.take(self._size_bytes):
            raise UsedUp
        if self.task.done():
            return self.task.result()
        waiter: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiters[waiter] = own
        timer = deadline.ends(waiter)
        try:
            return await waiter
        finally:
            if timer is not None:
                timer.cancel()
            self._left(waiter)

    def _came(self, size_bytes: int) -> bool:
        """Once nobody may have more, the call ends by itself, and its own error is for all of them."""
        self._size_bytes += size_bytes
        waiting = {waiter: own for waiter, own in self._waiters.items() if not waiter.done()}
        spent = [waiter for waiter, own in waiting.items() if own is not None and not own.take(size_bytes)]
        if len(spent) == len(waiting):
            return self.is_wanted
        for waiter in spent:
            waiter.set_exception(UsedUp())
        return True

    def _left(self, waiter: asyncio.Future[T]) -> None:
        self._waiters.pop(waiter, None)
        if waiter.done() and not waiter.cancelled():
            waiter.exception()  # of one that left meanwhile: asyncio would complain that nobody looked at it
        if not self._waiters and not self.is_wanted and not self.task.done():
            self._over(self)
            self.task.cancel()

    def _landed(self, task: asyncio.Task[T]) -> None:
        error = None if task.cancelled() else task.exception()
        if task.cancelled() or error is not None:
            self._over(self)
        else:
            # After those who waited have gone on: who asks before they could note the answer would ask once more.
            asyncio.get_running_loop().call_soon(self._over, self)
        for waiter in [one for one in self._waiters if not one.done()]:
            if task.cancelled():
                waiter.cancel()
            elif error is not None:
                waiter.set_exception(error)
            else:
                waiter.set_result(task.result())


_are_several: ContextVar[bool] = ContextVar("are_several", default=False)


def are_several() -> bool:
    """Whether others have got the very answer that this task waited for last."""
    return _are_several.get()


def _nobodys() -> contextvars.Context:
    context = contextvars.copy_context()
    context.run(plan.end)
    context.run(freshness.end)
    context.run(once.end)
    return context
