"""Arrived: one request, as far as its head is read, and the reply that goes out for it.

Thinner than Starlette's Request and Response, which cost as much as an answer out of memory does: what is read of the
head is looked up in one dict of bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from msgspec import Struct, structs
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

COMPRESSED_FROM_BYTES = 2048
COMPRESSION_LEVEL = 4  # most of the gain for a third of level 9's time


class Headers(Mapping[str, str]):
    """Of a request, by names in lower case. Of several by one name the first."""

    __slots__ = ("_raw",)

    def __init__(self, scope: Scope):
        self._raw: dict[bytes, bytes] = dict(reversed(scope["headers"]))

    def get(self, name: str, default: str = "") -> str:  # type: ignore[override]  # what is missing is empty here
        found = self._raw.get(name.encode("latin-1"))
        return default if found is None else found.decode("latin-1")

    def __getitem__(self, name: str) -> str:
        return self._raw[name.encode("latin-1")].decode("latin-1")

    def __iter__(self) -> Iterator[str]:
        return (name.decode("latin-1") for name in self._raw)

    def __len__(self) -> int:
        return len(self._raw)


class Arrived(NamedTuple):
    method: str
    headers: Headers
    scope: Scope
    receive: Receive
    send: Send


class Reply(Struct, frozen=True):
    """An application that answers with this. headers: without those of the body."""

    status: int
    headers: Mapping[str, str]
    content_type: bytes
    body: bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"%d" % len(self.body)), (b"content-type", self.content_type)]
        headers += [(name.lower().encode(), value.encode("latin-1")) for name, value in self.headers.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


class Sent(Reply, frozen=True):
    """One that is out already."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        pass


def sized(reply: Reply, accept_encoding: str) -> ASGIApp:
    """The reply, compressed where that is worth it and taken. By whom it is not taken needs no more than to be told
    that it might have been."""
    if len(reply.body) < COMPRESSED_FROM_BYTES:
        return reply
    if "gzip" in accept_encoding:
        return zipped(reply)
    return structs.replace(reply, headers={**reply.headers, "Vary": "Accept-Encoding"})


def zipped(app: ASGIApp) -> ASGIApp:
    """Compresses replies that are worth it, for who takes that."""
    return GZipMiddleware(app, minimum_size=COMPRESSED_FROM_BYTES, compresslevel=COMPRESSION_LEVEL)
