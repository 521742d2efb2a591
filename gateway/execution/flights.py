"""Flights: operations on their way: how many at most, and how they are ended before their answer.

An operation is ended when nobody waits for it any more, or when the server stops. What it waits for of upstreams ends
with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import AbstractContextManager
from contextvars import Context
from enum import Enum
from typing import Any

from resolvers.transport.departure import Departure

RETRY_AFTER_S = 1
"Said to who comes while all places are taken: most operations are over by then."

ROUND_S = 0.05
"Between two rounds of the watchman."

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
"As in ASGI."


class Why(Enum):
    """Why an operation was ended."""

    GONE = "the client has gone"
    STOPPING = "the server is stopping"


class Ended(Exception):
    """An operation was ended before its answer."""

    def __init__(self, why: Why):
        super().__init__(why.value)
        self.why = why


class NotTaken(Exception):
    """An operation was not begun. The message says why, for a client."""


class Flight(AbstractContextManager["Flight"]):
    """One operation on its way, executed by this task inside the block. Raises Ended when it is ended.

    receive: of its request, whose body has been read; None where it matters nothing whether its client is still there.
    """

    __slots__ = ("_departure", "_flights", "_task", "_watched", "is_old", "receive", "watching", "why")

    def __init__(self, flights: Flights, task: asyncio.Task[object]):
        self.why: Why | None = None
        self.receive: Receive | None = None
        self.watching: asyncio.Task[None] | None = None
        self.is_old = False
        self._flights, self._task, self._departure = flights, task, Departure()
        self._watched = self._departure.watched()

    def __enter__(self) -> Flight:
        self._watched.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._watched.__exit__(None, None, None)
        self._flights.landed(self)
        if self.watching is not None:
            self.watching.cancel()
            self.watching = None  # it knows this flight: its end would wait for the collector
        if self.why is not None and kind is not None and issubclass(kind, asyncio.CancelledError):
            self._task.uncancel()  # it goes on: it was the operation that was meant
            raise Ended(self.why) from None

    def end(self, why: Why) -> None:
        """The first reason counts."""
        if self.why is None:
            self.why = why
            self._departure.leave(but=self._task)
            self._task.cancel()

    def is_of(self, task: asyncio.Task[Any] | None) -> bool:
        return self._task is task

    async def watch(self, receive: Receive) -> None:
        """Ends it when its client hangs up."""
        message = await receive()
        if message["type"] == "http.request":  # of a GET, the body that it has not
            message = await receive()
        if message["type"] == "http.disconnect":
            self.end(Why.GONE)


class Flights:
    """Those of one process. most: at once.

    Most are over before anybody could hang up. So clients are not watched from the beginning, which would take a task
    for each operation: those that are still there when a watchman has come by twice are watched from then on.
    """

    def __init__(self, most: int):
        self.most = most
        self.is_draining = False
        self._is_over = False
        self._flying: set[Flight] = set()
        self._last_call: asyncio.TimerHandle | None = None
        self._round: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._flying)

    @property
    def are_full(self) -> bool:
        return len(self._flying) >= self.most

    def begun(self) -> Flight:
        """One more. Raises NotTaken."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("an operation is executed inside a task")
        if self._is_over:
            raise NotTaken("the server is stopping; ask again")
        if self.are_full:
            raise NotTaken(f"the server has {self.most} operations in flight, the most it takes; ask again")
        flight = Flight(self, task)
        self._flying.add(flight)
        if self._round is None:
            self._walk_later()
        return flight

    def current(self) -> Flight:
        """That which this task executes. To be asked inside its block."""
        task = asyncio.current_task()
        return next(flight for flight in self._flying if flight.is_of(task))

    def landed(self, flight: Flight) -> None:
        self._flying.discard(flight)

    def drain(self, grace_s: float) -> None:
        """From here on not ready; what still runs after `grace_s` seconds is ended. Said again, the sooner counts."""
        self.is_draining = True
        loop = asyncio.get_running_loop()
        end_at = loop.time() + grace_s
        if self._last_call is None or self._last_call.when() > end_at:
            self.close()
            self._last_call = loop.call_at(end_at, self.end_all)

    def end_all(self) -> None:
        self._is_over = True
        for flight in tuple(self._flying):
            flight.end(Why.STOPPING)

    def close(self) -> None:
        if self._last_call is not None:
            self._last_call.cancel()

    def _walk_later(self) -> None:
        # In no request's context: it would be kept for as long as there are others.
        self._round = asyncio.get_running_loop().call_later(ROUND_S, self._walk, context=Context())

    def _walk(self) -> None:
        self._round = None
        for flight in self._flying:
            if flight.is_old and flight.watching is None and flight.receive is not None:
                flight.watching = asyncio.ensure_future(flight.watch(flight.receive))
            flight.is_old = True
        if self._flying:
            self._walk_later()
