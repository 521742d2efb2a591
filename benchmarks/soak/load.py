"""Load: first as fast as it is answered, to know how fast that is; then evenly, at a share of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import aiohttp
import orjson

from benchmarks.soak.mix import Question

CLIENTS = 16
MOST_UNDER_WAY = 40
"Who comes then waits for a place. More would queue behind sources, and time out there when the machine is busy."
PATIENCE_S = 60.0
KEPT_IDLE_S = 2.0
"The gateway closes connections that were idle for five: one taken up again in that moment loses its request."

Judged = Callable[[Question, float, float, int, bytes, object], None]


@dataclass
class Load:
    """Questions to the gateway at `url`. latencies_s: of what was answered. behind: how often there was no place."""

    url: str
    http: aiohttp.ClientSession
    next: Callable[[], Question]
    clock: Callable[[], float] = time.monotonic
    latencies_s: list[float] = field(default_factory=list)
    behind: int = 0

    async def fastest_per_s(self, seconds: float, judged: Judged) -> float:
        """Requests a second, of CLIENTS that ask one after the other."""
        began, count = self.clock(), len(self.latencies_s)

        async def client() -> None:
            while self.clock() < began + seconds:
                await self.ask(self.next(), judged)

        await asyncio.gather(*(client() for _ in range(CLIENTS)))
        return (len(self.latencies_s) - count) / (self.clock() - began)

    async def evenly(self, per_s: float, seconds: float, judged: Judged) -> None:
        """At that pace, whatever becomes of what was asked before; all is answered when this returns."""
        places, asking, began, asked = asyncio.Semaphore(MOST_UNDER_WAY), set[asyncio.Task[object]](), self.clock(), 0
        while (now := self.clock()) < began + seconds:
            due = int((now - began) * per_s) - asked
            for _ in range(min(due, MOST_UNDER_WAY)):
                self.behind += places.locked()
                await places.acquire()
                task = asyncio.create_task(self.ask(self.next(), judged))
                asking.add(task)
                task.add_done_callback(asking.discard)
                task.add_done_callback(lambda _: places.release())
            asked += max(due, 0)
            await asyncio.sleep(max(1 / per_s, 0.005))
        await asyncio.gather(*asking)

    async def ask(self, question: Question, judged: Judged) -> object:
        """The reply's body."""
        begin = self.clock()
        headers = {"Content-Type": "application/json", **question.headers}
        status, text = 0, b""
        try:
            async with self.http.post(f"{self.url}/graphql", data=question.body, headers=headers) as reply:
                status, text = reply.status, await reply.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            text = repr(error).encode()
        body: object = None
        with suppress(orjson.JSONDecodeError):
            body = orjson.loads(text)
        end = self.clock()
        judged(question, begin, end, status, text, body)
        self.latencies_s.append(end - begin)
        return body


def session() -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT_IDLE_S)
    return aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=PATIENCE_S))
