"""Telling: each request has an id, and is told when its reply is out, by a line of the log; operations to metrics and
traces too.

The id is the caller's when it is a plain one, else made here; it is in the reply, in `scope["state"]["request_id"]`,
and in every line that the log has about the request.
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable
from random import getrandbits

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.runtime import Runtime
from gateway.telemetry import log
from gateway.telemetry.told import Told
from gateway.telemetry.tracing import Replied

GRAPHQL = frozenset({"/graphql", "/graphql/"})
HEADER = "x-request-id"
_NAME = HEADER.encode()
_ACCEPTED = re.compile(rb"[A-Za-z0-9._-]{8,64}")


class Telling:
    """Who answers an operation puts what is known of it into `request.state.told`; nobody does for all else."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, state = time.perf_counter(), scope.setdefault("state", {})
        replied = Replied(_request_id(scope))
        state["request_id"] = replied.request_id
        runtime: Runtime = scope["app"].state.runtime
        span = runtime.tracing.request(scope, replied) if scope["path"] in GRAPHQL else None
        with log.of_request(replied.request_id):
            try:
                if span is None:
                    await self.app(scope, receive, _Counting(send, replied))
                    return
                with span:
                    await self.app(scope, receive, _Counting(send, replied))
            finally:
                _tell(runtime, scope, state.get("told"), replied, time.perf_counter() - began)


class _Counting:
    """Sends, and notes what was sent."""

    __slots__ = ("_replied", "_send")

    def __init__(self, send: Send, replied: Replied):
        self._send, self._replied = send, replied

    def __call__(self, message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            self._replied.status = message["status"]
            message["headers"] = [*message.get("headers", ()), (_NAME, self._replied.request_id.encode())]
        else:
            self._replied.size_bytes += len(message.get("body", b""))
        return self._send(message)


def _request_id(scope: Scope) -> str:
    for name, given in scope["headers"]:
        if name == _NAME and _ACCEPTED.fullmatch(given):
            return str(given, "ascii")
    return f"{getrandbits(128):032x}"  # a name, and no secret: the system's own takes a call of it


def _tell(runtime: Runtime, scope: Scope, told: Told | None, replied: Replied, duration_s: float) -> None:
    if isinstance(told, Told):
        runtime.metrics.operation(told, duration_s)
        log.operation(told, replied, duration_s)
    else:
        log.request(scope["method"], scope["path"], replied, duration_s)
