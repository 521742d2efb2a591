"""Load: clients that ask one question after the other, each over a connection of its own, and what became of all."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.leaks import heard

PATIENCE_S = 60
Check = Callable[[dict[str, Any]], bool]


@dataclass(frozen=True, slots=True)
class Outcome:
    """began: by time.monotonic(). status: None when no answer came; body then says why."""

    began: float
    status: int | None
    body: Any


@dataclass
class Load:
    """Within the block `clients` ask the gateway at `url`, in turn of the operations."""

    url: str
    operations: Sequence[dict[str, Any]]
    clients: int = 8
    outcomes: list[Outcome] = field(default_factory=list)
    under_way: set[float] = field(default_factory=set)

    async def __aenter__(self) -> Load:
        self._questions = itertools.cycle(self.operations)
        # A connection for each request: who reuses one to a process that ends may lose what it sends then.
        connector = aiohttp.TCPConnector(force_close=True, limit=0)
        self._http = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=PATIENCE_S))
        self._asking = [asyncio.create_task(self._ask_on()) for _ in range(self.clients)]
        return self

    async def __aexit__(self, *_: object) -> None:
        """What is under way is answered."""
        self._questions = iter(())
        await asyncio.gather(*self._asking)
        await self._http.close()

    @property
    def lost(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.status != 200]

    async def more(self, count: int, is_one: Check = lambda body: True) -> None:
        """Until so many more requests, all begun from now on, were answered in this way."""
        now = time.monotonic()
        async with asyncio.timeout(PATIENCE_S):
            while sum(one.began > now and one.status == 200 and is_one(one.body) for one in self.outcomes) < count:
                done, _ = await asyncio.wait(self._asking, timeout=0.05, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()

    async def _ask_on(self) -> None:
        while question := next(self._questions, None):
            began = time.monotonic()
            self.under_way.add(began)
            self.outcomes.append(await self._answer(began, question))
            self.under_way.discard(began)

    async def _answer(self, began: float, question: dict[str, Any]) -> Outcome:
        try:
            async with self._http.post(f"{self.url}/graphql", json=question) as reply:
                text = await reply.text()
                heard("reply", text)
                return Outcome(began, reply.status, json.loads(text))
        except (aiohttp.ClientError, TimeoutError) as error:
            return Outcome(began, None, repr(error))
