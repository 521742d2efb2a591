"""Load: requests over kept connections, so many in flight at once, each followed by the next as soon as it is answered.

As little as can be is done between two of them: who asks shares a core with the upstream.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import cast

HOST = "127.0.0.1"
PATIENCE_S = 60.0
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class BadAnswerError(RuntimeError):
    """A peer did not answer as it should; says with what."""


@dataclass(frozen=True, slots=True)
class Turn:
    """latencies_s: one for each request that was answered. wall_s: from the first question to the last answer."""

    latencies_s: list[float]
    wall_s: float

    @property
    def requests(self) -> int:
        return len(self.latencies_s)


def packed(bodies: Sequence[bytes]) -> list[bytes]:
    """Whole HTTP requests. Nobody is asked to compress."""
    head = "POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\naccept: application/json\r\n"
    return [f"{head}content-length: {len(body)}\r\n\r\n".encode() + body for body in bodies]


class Connections:
    """Connections to one peer for one turn. Open them before the clock is read: accepting them costs the peer."""

    def __init__(self, port: int, requests: Sequence[bytes], in_flight: int):
        self._port, self._requests, self._in_flight = port, cycle(requests), in_flight
        self._slots: list[_Slot] = []

    async def __aenter__(self) -> Connections:
        loop = asyncio.get_running_loop()
        for _ in range(self._in_flight):
            _, slot = await loop.create_connection(lambda: _Slot(self._requests), HOST, self._port)
            self._slots.append(slot)
        await asyncio.sleep(0.02)  # until the peer has accepted them all
        return self

    async def __aexit__(self, *_: object) -> None:
        for slot in self._slots:
            slot.close()

    @property
    def last(self) -> bytes:
        """The newest answer of the first connection."""
        return self._slots[0].last

    async def turn(self, seconds: float) -> Turn:
        """Asks until the time is over, each connection at least once. Raises BadAnswerError."""
        began = time.perf_counter()
        for slot in self._slots:
            slot.begin(began + seconds)
        async with asyncio.timeout(seconds + PATIENCE_S):
            await asyncio.gather(*(slot.done for slot in self._slots))
        wall_s = time.perf_counter() - began
        return Turn([one for slot in self._slots for one in slot.latencies_s], wall_s)


async def answers(port: int, requests: Sequence[bytes]) -> list[bytes]:
    """The bodies of the answers, asked for one after the other."""
    bodies = []
    async with Connections(port, requests, 1) as connections:
        for _ in requests:
            await connections.turn(0)
            bodies.append(connections.last)
    return bodies


class _Slot(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self, requests: Iterator[bytes]):
        self._requests = requests
        self._got, self._wanted = b"", 0
        self.last = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)

    def begin(self, until: float) -> None:
        self._until = until
        self.latencies_s: list[float] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._got += data
        if not self._wanted:
            self._wanted = _size(self._got)
        if self._wanted and len(self._got) >= self._wanted:
            self._answered(time.perf_counter())

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(BadAnswerError("the connection was closed in the middle"))

    def close(self) -> None:
        self._transport.close()

    def _ask(self) -> None:
        self._began = time.perf_counter()
        self._transport.write(next(self._requests))

    def _answered(self, at: float) -> None:
        head, _, self.last = self._got.partition(b"\r\n\r\n")
        self._got, self._wanted = b"", 0
        if not head.startswith(b"HTTP/1.1 200") or not self.last.startswith(b'{"data":') or self.done.done():
            self._fail(head)
            return
        self.latencies_s.append(at - self._began)
        if at < self._until:
            self._ask()
        else:
            self.done.set_result(None)

    def _fail(self, head: bytes) -> None:
        if not self.done.done():
            shown = (head.partition(b"\r\n")[0] + b" " + self.last[:400]).decode(errors="replace")
            self.done.set_exception(BadAnswerError(f"answered with {shown}"))


def _size(got: bytes) -> int:
    """Of the whole answer; 0 while its head is not all here."""
    end = got.find(b"\r\n\r\n")
    if end < 0:
        return 0
    length = _LENGTH.search(got, 0, end)
    if length is None:
        raise BadAnswerError("an answer without a length")
    return end + 4 + int(length[1])
