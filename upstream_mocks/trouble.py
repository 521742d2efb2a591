"""Trouble: what a rule makes of an answer, on the wire.

Asked to hang up, a mock waits afterwards until its server knows that the client is gone: who returns before is told
off in the log for an answer that was not finished.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from typing import Any

from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from upstream_mocks.calls import Call
from upstream_mocks.faults import Fault

WRONG_SHAPE = b'{"unexpected":{"shape":[1,"two",null]}}'
_ROW = b'{"padding":"' + b"x" * 99_986 + b'"}'
_ROWS_OF_A_MB = 10
_NO_LINGER = struct.pack("ii", 1, 0)
"What is not sent yet is thrown away, and the other side is told by a reset."


class Given:
    """A request whose body is all here. To be read as an ASGI application reads; afterwards it tells when the client
    is gone."""

    def __init__(self, parts: list[Message], receive: Receive):
        self._parts, self._receive = iter(parts), receive

    async def __call__(self) -> Message:
        return next(self._parts, None) or await self._receive()

    async def is_gone_within(self, seconds: float) -> bool:
        """Waits: latency is how a slow upstream is told apart from a fast one. No server works on for nobody."""
        try:
            await asyncio.wait_for(self._receive(), seconds)
        except TimeoutError:
            return False
        return True

    async def until_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass


async def whole(receive: Receive) -> Given | None:
    """None when the client left before it had sent all."""
    parts = [await receive()]
    while parts[-1].get("more_body"):
        parts.append(await receive())
    return None if parts[-1]["type"] == "http.disconnect" else Given(parts, receive)


def reply_of(fault: Fault) -> ASGIApp | None:
    """What is answered in the place of the true answer; None when that is to come, however it comes."""
    if fault.silent:
        return _silent
    if fault.drop:
        return _drop
    if fault.redirect:
        return _elsewhere
    if fault.size_mb:
        return _Large(fault.size_mb)
    if fault.wrong_shape:
        return Response(WRONG_SHAPE, media_type="application/json")
    if fault.status is None and fault.body is None:
        return None
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    return Response(fault.body, fault.status or 200, headers, _type_of(fault.body or ""))


def asked_plainly(scope: dict[str, Any]) -> dict[str, Any]:
    """As if the client took no compressed answer: half of one is no half of its JSON."""
    headers = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
    return {**scope, "headers": headers}


def _type_of(body: str) -> str:
    return "text/html" if body.lstrip().startswith("<") else "application/json"


async def _silent(scope: Scope, receive: Receive, send: Send) -> None:
    # A request's body comes before.
    while (await receive())["type"] != "http.disconnect":
        pass


async def _drop(scope: Scope, receive: Receive, send: Send) -> None:
    _hang_up(send)
    await _silent(scope, receive, send)


async def _elsewhere(scope: Scope, receive: Receive, send: Send) -> None:
    here = scope["root_path"] + scope["raw_target"]
    await RedirectResponse(here, 302)(scope, receive, send)


class _Large:
    """A list that goes on and on, as fast as it is taken."""

    def __init__(self, size_mb: int):
        self._size_mb = size_mb

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        part = b",".join([_ROW] * _ROWS_OF_A_MB)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        for number in range(self._size_mb):
            opening = b"," if number else b"["
            await send({"type": "http.response.body", "body": opening + part, "more_body": True})
        await send({"type": "http.response.body", "body": b"]"})


def _hang_up(send: Send, *, by_reset: bool = False) -> None:
    # ASGI has no word for it: uvicorn's cycle, of which `send` is a method, knows its transport.
    cycle = getattr(getattr(send, "inner", send), "__self__", None)
    if cycle is None:
        return
    if by_reset:
        # By another descriptor: the loop's own object does not let go of all options everywhere.
        with socket.socket(fileno=os.dup(cycle.transport.get_extra_info("socket").fileno())) as same:
            same.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    cycle.transport.abort()


class Recorded:
    """`send`, noting the status, and doing to the body what the rule says."""

    def __init__(self, call: Call, fault: Fault | None, given: Given, inner: Send):
        self.call, self.fault, self.inner, self._given = call, fault or _NONE, inner, given
        self._start: Message | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.call.status = message["status"]
        if message["type"] == "http.response.start" and self.fault.cut_json:
            self._start = message
        elif message["type"] == "http.response.body":
            await self._send_body(message)
        else:
            await self.inner(message)

    async def _send_body(self, message: Message) -> None:
        body: bytes = message.get("body", b"")
        half = body[: len(body) // 2]
        if self.fault.cut_body or self.fault.reset_body:
            await self.inner({**message, "body": half, "more_body": True})
            _hang_up(self, by_reset=self.fault.reset_body)
            await self._given.until_gone()
        elif self._start is not None:
            await self.inner(_shortened(self._start, len(half)))
            await self.inner({**message, "body": half, "more_body": False})
        elif self.fault.trickle_ms:
            await self._trickle(message, body)
        else:
            await self.inner(message)

    async def _trickle(self, message: Message, body: bytes) -> None:
        for at in range(len(body)):
            await self.inner({**message, "body": body[at : at + 1], "more_body": True})
            if await self._given.is_gone_within(self.fault.trickle_ms / 1000):
                return
        await self.inner({**message, "body": b""})


def _shortened(start: Message, size_bytes: int) -> Message:
    headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
    return {**start, "headers": [*headers, (b"content-length", b"%d" % size_bytes)]}


_NONE = Fault()
