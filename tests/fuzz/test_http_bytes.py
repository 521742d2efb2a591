"""Anything at all over HTTP: methods, paths, headers and bytes that no client sends."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress

import pytest

from tests.fuzz.served import PATIENCE_S, Served

SEED = 4711
ROUTES = (
    "/graphql",
    "/graphql/",
    "/",
    "/healthz",
    "/readyz",
    "/metrics",
    "/_cache/purge",
    "/explorer/explorer.js",
    "/explorer/..%2f..%2fetc%2fpasswd",
    "/nowhere",
    "/%00",
    "/%ff%fe",
    "//graphql",
    "/graphql?query=%7B__typename%7D&variables=%5B",
)
METHODS = ("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PURGE", "get", "X" * 40, "\x01")
HEADERS = (
    "accept",
    "accept-encoding",
    "authorization",
    "content-type",
    "content-length",
    "content-encoding",
    "cookie",
    "host",
    "origin",
    "connection",
    "expect",
    "upgrade",
    "transfer-encoding",
    "x-request-id",
    "x-explain",
    "x-partial-errors",
    "x-requested-with",
    "traceparent",
    "tracestate",
    "baggage",
    "if-none-match",
    "x-forwarded-for",
    "access-control-request-method",
)
VALUES = (
    b"", b"*/*", b"application/json", b"application/json; charset=\xff", b"text/html", b"on", b"off", b"true",
    b"Bearer demo-write-token", b"Bearer " + b"a" * 3000, b"Basic Og==", b"0", b"5", b"-1", b"9" * 20, b"chunked",
    b"gzip", b"gzip, br;q=nonsense", b"100-continue", b"websocket", b"127.0.0.1", b"[::1", b"evil.example",
    b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01", b"00-zz-zz-zz", b"bytes=0-", b"\xff\xfe\x80", b"a\x7fb",
    b"a,b;c=d;q=,", b";" * 500, b"," * 500, b'"' * 100, b"%s%n%x", b"../../..", b"{{7*7}}", b"=" * 2000,
)  # fmt: skip
BODIES = (
    b"", b"{", b"null", b"[]", b'"a"', b'{"query": "{ __typename }"}', b'{"source": "balena"}', b'{"source": []}',
    b"\x00" * 50, b"\x1f\x8b" + b"a" * 50, b"5\r\nhello\r\n0\r\n\r\n", b"ffffffffff\r\n", b"--a\r\n\r\n--a--",
)  # fmt: skip
REQUESTS = 400
RANDOM = 60
AT_ONCE = 20


def _request(draw: random.Random) -> bytes:
    """Something like a request: each part of it may be wrong."""
    method, path = draw.choice(METHODS), draw.choice(ROUTES)
    version = draw.choice(("HTTP/1.1",) * 8 + ("HTTP/1.0", "HTTP/2.0", "HTTP/9", ""))
    names = draw.sample(HEADERS, draw.randint(0, 6))
    lines = [f"{name}: ".encode() + draw.choice(VALUES) for name in names]
    body = draw.choice(BODIES)
    if "host" not in names and draw.random() < 0.9:
        lines.append(b"host: 127.0.0.1")
    if "content-length" not in names and draw.random() < 0.9:
        lines.append(f"content-length: {len(body)}".encode())
    lines.append(b"connection: close")
    return f"{method} {path} {version}\r\n".encode("latin-1") + b"\r\n".join(lines) + b"\r\n\r\n" + body


async def _sent(gateway: Served, data: bytes) -> bytes:
    """The whole reply. Raises TimeoutError for one that does not come."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    try:
        async with asyncio.timeout(PATIENCE_S):
            with suppress(ConnectionError):
                writer.write(data)
                await writer.drain()
                writer.write_eof()
                return await reader.read()
        return b""
    finally:
        writer.close()


async def _all_sent(gateway: Served, requests: list[bytes]) -> list[tuple[bytes, bytes]]:
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(data: bytes) -> tuple[bytes, bytes]:
        async with turns:
            return data, await _sent(gateway, data)

    return list(await asyncio.gather(*map(one, requests)))


def _is_harm(reply: bytes) -> bool:
    status = reply.partition(b"\r\n")[0].split(b" ")[1:2]
    return bool(status and status[0].startswith(b"5")) or b"Traceback" in reply


async def test_anything_like_a_request_is_answered_or_refused(gateway: Served) -> None:
    draw = random.Random(SEED)  # no secret: the same each time

    replies = await _all_sent(gateway, [_request(draw) for _ in range(REQUESTS)])

    assert [one for one in replies if _is_harm(one[1])] == []
    assert sum(reply.startswith(b"HTTP/1.1 ") for _, reply in replies) > REQUESTS / 2


@pytest.mark.parametrize("prefix", [b"", b"POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\n"], ids=["bytes", "headers"])
async def test_random_bytes_are_answered_or_refused(gateway: Served, prefix: bytes) -> None:
    draw = random.Random(SEED)

    replies = await _all_sent(gateway, [prefix + draw.randbytes(draw.randint(1, 5000)) for _ in range(RANDOM)])

    assert [one for one in replies if _is_harm(one[1])] == []


async def test_random_bytes_as_a_body_are_refused_in_json(gateway: Served) -> None:
    draw = random.Random(SEED)
    bodies = [draw.randbytes(draw.randint(1, 5000)) for _ in range(RANDOM)]
    head = b"POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\nconnection: close\r\n"

    replies = await _all_sent(gateway, [head + f"content-length: {len(one)}\r\n\r\n".encode() + one for one in bodies])

    assert {reply.partition(b"\r\n")[0] for _, reply in replies} == {b"HTTP/1.1 400 Bad Request"}
    assert all(b'"BAD_REQUEST"' in reply for _, reply in replies)
