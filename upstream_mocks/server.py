"""All five mocks on one port by prefix, behind one book of calls and one set of faults.

`/_mock/calls` GET, DELETE · `/_mock/faults` GET, PUT, DELETE · `/_mock/switches` GET, PUT · `POST /_mock/reset` builds
the world anew. Everything else is `/<kind>/...` and answered by that kind's own Starlette application.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Annotated, Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from upstream_mocks.calls import Call, Calls
from upstream_mocks.faults import Fault, Faults
from upstream_mocks.world import KINDS, World

Build = Callable[[World, Mapping[str, Any]], ASGIApp]
_Kind = Annotated[str, msgspec.Meta(pattern=f"^({'|'.join(KINDS)})$")]
WRONG_SHAPE = b'{"unexpected":{"shape":[1,"two",null]}}'


class Mocks:
    """The whole port as one ASGI application.

    switches: what a contract calls unconfirmed, by kind and name, e.g. {"buildmaster": {"forbidden_body": True}}.
    """

    def __init__(self, world: World, *, latency_ms: int = 0, switches: Mapping[str, Mapping[str, Any]] | None = None):
        self.world = world
        self.latency_s = latency_ms / 1000
        self.calls = Calls()
        self.faults = Faults()
        self.switches: dict[str, dict[str, Any]] = {kind: dict((switches or {}).get(kind, {})) for kind in KINDS}
        self.control = Starlette(routes=self._control_routes())
        self.reset()

    def reset(self) -> None:
        self.kinds = {kind: _builder(kind)(self.world, self.switches[kind]) for kind in KINDS}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self.control(scope, receive, send)
        source = scope["path"].split("/", 2)[1]
        if source not in self.kinds:
            return await self.control(scope, receive, send)
        return await self._answer(source, scope, receive, send)

    async def _answer(self, source: str, scope: Scope, receive: Receive, send: Send) -> None:
        path = _raw_path(scope)
        call = self.calls.begin(source, scope["method"], path)
        fault = self.faults.meet(source, path)
        delay_s = self.latency_s + (fault.delay_ms / 1000 if fault else 0)
        if delay_s:
            given = await _delayed(delay_s, receive)
            if given is None:
                return
            receive = given
        inside = {**scope, "root_path": f"/{source}", "raw_target": path[len(source) + 1 :]}
        reply = _reply_of(fault) if fault else None
        await (reply or self.kinds[source])(inside, receive, _Recorded(call, fault, send))

    def _control_routes(self) -> list[Route]:
        return [
            Route("/_mock/calls", self._calls, methods=["GET", "DELETE"]),
            Route("/_mock/faults", self._faults, methods=["GET", "PUT", "DELETE"]),
            Route("/_mock/switches", self._switches, methods=["GET", "PUT"]),
            Route("/_mock/reset", self._reset, methods=["POST"]),
        ]

    async def _calls(self, request: Request) -> Response:
        if request.method == "DELETE":
            self.calls.clear()
        return JSONResponse(self.calls.listed())

    async def _faults(self, request: Request) -> Response:
        if request.method == "DELETE":
            self.faults.clear()
        if request.method == "PUT":
            try:
                self.faults.put(await request.body())
            except msgspec.DecodeError as error:
                return JSONResponse({"error": str(error)}, status_code=400)
        return JSONResponse([msgspec.to_builtins(rule) for rule in self.faults.listed()])

    async def _switches(self, request: Request) -> Response:
        if request.method == "PUT":
            try:
                given = msgspec.json.decode(await request.body(), type=dict[_Kind, dict[str, Any]])
            except msgspec.DecodeError as error:
                return JSONResponse({"error": f"expected switches by kind, one of {', '.join(KINDS)}: {error}"}, 400)
            for kind, values in given.items():
                self.switches[kind].clear()
                self.switches[kind].update(values)
        return JSONResponse(self.switches)

    async def _reset(self, request: Request) -> Response:
        self.reset()
        return Response(status_code=204)


def create_mocks(*, seed: int = 1, scale: int = 1, latency_ms: int = 0) -> Mocks:
    """The mocks of `releasegraph mocks`: the same world for the same seed and scale."""
    return Mocks(World(seed=seed, scale=scale), latency_ms=latency_ms)


def _builder(kind: str) -> Build:
    build: Build = import_module(f"upstream_mocks.{kind}").build
    return build


async def _delayed(delay_s: float, receive: Receive) -> Receive | None:
    """Waits: latency is how a slow upstream is told apart from a fast one, and all the waiting the mocks do.

    What gives the body afterwards; None when the client has gone meanwhile, as no server works on for nobody.
    """
    parts = [await receive()]
    while parts[-1].get("more_body"):
        parts.append(await receive())
    try:
        await asyncio.wait_for(receive(), delay_s)
    except TimeoutError:
        coming = iter(parts)

        async def again() -> Message:
            return next(coming, None) or await receive()

        return again
    return None


def _raw_path(scope: Scope) -> str:
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    return (raw + b"?" + query if query else raw).decode("latin-1")


def _reply_of(fault: Fault) -> ASGIApp | None:
    if fault.drop:
        return _drop
    if fault.status is not None:
        headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        return Response(status_code=fault.status, headers=headers)
    if fault.wrong_shape:
        return Response(WRONG_SHAPE, media_type="application/json")
    return None


async def _drop(scope: Scope, receive: Receive, send: Send) -> None:
    _close(send)


def _close(send: Send) -> None:
    # ASGI has no word for hanging up: uvicorn's cycle, of which `send` is a method, knows its transport.
    cycle = getattr(getattr(send, "inner", send), "__self__", None)
    if cycle is not None:
        cycle.transport.abort()


class _Recorded:
    """`send`, noting the status and cutting the body when the fault says so."""

    def __init__(self, call: Call, fault: Fault | None, inner: Send):
        self.call, self.fault, self.inner = call, fault, inner

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.call.status = message["status"]
        cut = self.fault is not None and self.fault.cut_body and message["type"] == "http.response.body"
        if not cut:
            return await self.inner(message)
        body: bytes = message.get("body", b"")
        await self.inner({**message, "body": body[: len(body) // 2], "more_body": True})
        return _close(self)
