"""Telling: each request is told when its reply is out, by a line of the log; operations to metrics and traces too."""

from __future__ import annotations

import time
from contextlib import nullcontext

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.runtime import Runtime
from gateway.telemetry import log
from gateway.telemetry.told import Told
from gateway.telemetry.tracing import Replied

GRAPHQL = frozenset({"/graphql", "/graphql/"})


class Telling:
    """Who answers an operation puts what is known of it into `request.state.told`; nobody does for all else."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        replied = Replied(scope["state"]["request_id"])
        runtime: Runtime = scope["app"].state.runtime
        is_graphql = scope["path"] in GRAPHQL
        span = runtime.tracing.request(scope["method"], Headers(scope=scope), replied) if is_graphql else nullcontext()
        try:
            with span:
                await self.app(scope, receive, _counting(send, replied))
        finally:
            duration_s, told = time.perf_counter() - began, scope["state"].get("told")
            if isinstance(told, Told):
                runtime.metrics.operation(told, duration_s)
                log.operation(told, replied, duration_s)
            else:
                log.request(scope["method"], scope["path"], replied, duration_s)


def _counting(send: Send, replied: Replied) -> Send:
    async def counted(message: Message) -> None:
        if message["type"] == "http.response.start":
            replied.status = message["status"]
        else:
            replied.size_bytes += len(message.get("body", b""))
        await send(message)

    return counted
