"""Pace: when the upstreams' answers leave, so that what a query costs does not hang on how fast a machine is.

A loader sends what has gathered while it waited. Answers that come together make one batch of what follows, answers
that come apart make several: the same query costs more calls in one run than in the next. So requests are held here
until the gateway has asked all it can ask without them, and then one of them is answered: batches are split as far as
they can be.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Receive, Scope, Send

QUIET_ROUNDS = 150
"""Rounds of the event loop without another request, after which none is expected. Servers and clients share one loop,
so rounds are steps of theirs, however slow the machine. What the kernel carries takes its own time all the same."""


@dataclass
class _Held:
    path: str
    may_go_on: asyncio.Event = field(default_factory=asyncio.Event)


class Paced:
    """An ASGI application that answers as soon as it can; within `one_by_one`, a request at a time, oldest first."""

    def __init__(self, inner: ASGIApp):
        self._inner = inner
        self._is_paced = False
        self._arrived: list[_Held] = []  # since it was quiet last

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._is_paced:
            held = _Held(f"{scope['path']}?{scope['query_string'].decode()}")
            self._arrived.append(held)
            await held.may_go_on.wait()
        await self._inner(scope, receive, send)

    @asynccontextmanager
    async def one_by_one(self) -> AsyncIterator[None]:
        self._is_paced = True
        releasing = asyncio.create_task(self._release())
        try:
            yield
        finally:
            self._is_paced = False
            releasing.cancel()

    async def _release(self) -> None:
        waiting: deque[_Held] = deque()
        while True:
            await self._quiet()
            # Requests of one round come in any order: their paths decide.
            waiting += sorted(self._arrived, key=lambda held: held.path)
            self._arrived.clear()
            if waiting:
                waiting.popleft().may_go_on.set()

    async def _quiet(self) -> None:
        seen, rounds = len(self._arrived), 0
        while rounds < QUIET_ROUNDS:
            await asyncio.sleep(0)
            now = len(self._arrived)
            seen, rounds = now, rounds + 1 if now == seen else 0
