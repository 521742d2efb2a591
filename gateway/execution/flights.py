"""Flights: operations on their way: how many at most, and how they are ended before their answer.

An operation is ended when nobody waits for it any more, or when the server stops. What it waits for of upstreams ends
with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum

from resolvers.transport.departure import Departure

RETRY_AFTER_S = 1
"Said to who comes while all places are taken: most operations are over by then."


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


class Flight:
    """One operation on its way."""

    def __init__(self, task: asyncio.Task[object], departure: Departure):
        self.why: Why | None = None
        self._task, self._departure = task, departure

    def end(self, why: Why) -> None:
        """The first reason counts."""
        if self.why is None:
            self.why = why
            self._departure.leave()
            self._task.cancel()


class Flights:
    """Those of one process. most: at once."""

    def __init__(self, most: int):
        self.most = most
        self.is_draining = False
        self._is_over = False
        self._flying: set[Flight] = set()
        self._last_call: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._flying)

    @property
    def are_full(self) -> bool:
        return len(self._flying) >= self.most

    @contextmanager
    def begun(self) -> Iterator[Flight]:
        """One more, executed by this task inside the block. Raises NotTaken, and Ended when it is ended."""
        flight, departure = self._taken()
        try:
            with departure.watched():
                yield flight
        except asyncio.CancelledError:
            if flight.why is None:
                raise
            _uncancel()
            raise Ended(flight.why) from None
        finally:
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

    def _taken(self) -> tuple[Flight, Departure]:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("an operation is executed inside a task")
        if self._is_over:
            raise NotTaken("the server is stopping; ask again")
        if self.are_full:
            raise NotTaken(f"the server has {self.most} operations in flight, the most it takes; ask again")
        departure = Departure()
        flight = Flight(task, departure)
        self._flying.add(flight)
        return flight, departure


def _uncancel() -> None:
    """The task goes on: it was the operation that was meant."""
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()
