"""Server: HTTP as far as clients of these APIs speak it: requests one after the other on kept connections."""

from __future__ import annotations

import asyncio
import re
import sys
from typing import cast

import orjson
import uvloop

from benchmarks.upstream.memory import Memory, packed

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
DELAY = re.compile(rb"delay_ms=(\d+)")


class Upstream:
    """What all connections share."""

    def __init__(self) -> None:
        self.memory = Memory()
        self.calls = 0
        self.delay_s = 0.0

    def told(self, line: bytes) -> bytes:
        """Its own state, changed first when the request says so."""
        delay = DELAY.search(line)
        if delay is not None:
            self.delay_s = int(delay[1]) / 1000
        state = {"calls": self.calls, "unknown": self.memory.unknown}
        return packed(200, [(b"content-type", b"application/json")], orjson.dumps(state))


class Connection(asyncio.Protocol):
    def __init__(self, upstream: Upstream):
        self._upstream, self._waiting = upstream, b""
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's is none by inheritance

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        while (end := self._waiting.find(b"\r\n\r\n")) >= 0:
            length = LENGTH.search(self._waiting, 0, end)
            stop = end + 4 + (0 if length is None else int(length[1]))
            if len(self._waiting) < stop:
                return
            head, body = self._waiting[:end], self._waiting[end + 4 : stop]
            self._waiting = self._waiting[stop:]
            self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        line = head[: head.find(b"\r\n")]
        if b" /_bench" in line:
            self._transport.write(self._upstream.told(line))
            return
        self._upstream.calls += 1
        key = line + body
        reply = self._upstream.memory.replies.get(key)
        if reply is not None:
            self._send(reply)
            return
        task = asyncio.get_running_loop().create_task(self._learn(key, head, body))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _learn(self, key: bytes, head: bytes, body: bytes) -> None:
        self._send(await self._upstream.memory.learned(key, head, body))

    def _send(self, reply: bytes) -> None:
        if self._upstream.delay_s:
            asyncio.get_running_loop().call_later(self._upstream.delay_s, self._transport.write, reply)
        else:
            self._transport.write(reply)


async def serve() -> None:
    """Until standard input ends: so also when who started it is gone."""
    loop, upstream = asyncio.get_running_loop(), Upstream()
    server = await loop.create_server(lambda: Connection(upstream), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


def main() -> None:
    uvloop.run(serve())
