"""Memory: the mocks' answers by request, as the bytes that go over the wire."""

from __future__ import annotations

import asyncio
import re

from starlette.types import Message

from benchmarks.upstream.worlds import Exactly
from upstream_mocks.server import Mocks

PREFIX = re.compile(r"^/w(\d+)-(\d+)(/.*)$")


class Memory:
    """Whole HTTP replies by method, target and body. Who asks does not count: all bring the same credentials."""

    def __init__(self) -> None:
        self.replies: dict[bytes, bytes] = {}
        self.unknown = 0
        self._mocks: dict[tuple[int, int], Mocks] = {}
        self._asking = asyncio.Lock()

    async def learned(self, key: bytes, head: bytes, body: bytes) -> bytes:
        """The reply of the mock to a request that is not remembered yet."""
        async with self._asking:
            if key not in self.replies:
                self.unknown += 1
                self.replies[key] = await self._asked(head, body)
        return self.replies[key]

    async def _asked(self, head: bytes, body: bytes) -> bytes:
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        placed = PREFIX.match(target)
        if placed is None:
            return packed(404, [], b"no world there")
        path, _, query = placed[3].partition("?")
        headers = [(n.strip().lower().encode(), v.strip().encode()) for n, _, v in (li.partition(":") for li in lines)]
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
            "headers": [pair for pair in headers if pair[0] != b"accept-encoding"], "client": None,
            "server": ("127.0.0.1", 80), "state": {},
        }  # fmt: skip
        return await _answered(self._mocks_of(int(placed[1]), int(placed[2])), scope, body)

    def _mocks_of(self, seed: int, rows: int) -> Mocks:
        if (seed, rows) not in self._mocks:
            self._mocks[seed, rows] = Mocks(Exactly(seed, rows))
        return self._mocks[seed, rows]


async def _answered(mocks: Mocks, scope: dict[str, object], body: bytes) -> bytes:
    messages: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        messages.append(dict(message))

    await mocks(scope, receive, send)
    start = messages[0]
    whole = b"".join(message.get("body", b"") for message in messages[1:])
    return packed(start["status"], start["headers"], whole)


def packed(status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> bytes:
    kept = [(name, value) for name, value in headers if name.lower() not in (b"content-length", b"transfer-encoding")]
    lines = [b"HTTP/1.1 %d -" % status, *(name + b": " + value for name, value in kept)]
    return b"\r\n".join([*lines, b"content-length: %d" % len(body), b"", body])
