"""All five mocks on one port by prefix, behind one book of calls and one set of faults.

`/_mock/calls` GET, DELETE · `/_mock/faults` GET, PUT, DELETE · `/_mock/switches` GET, PUT · `POST /_mock/reset` builds
the world anew. Everything else is `/<kind>/...` and answered by that kind's own Starlette application.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Annotated, Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from upstream_mocks import trouble
from upstream_mocks.calls import Calls
from upstream_mocks.faults import Faults
from upstream_mocks.world import KINDS, World

Build = Callable[[World, Mapping[str, Any]], ASGIApp]
_Kind = Annotated[str, msgspec.Meta(pattern=f"^({'|'.join(KINDS)})$")]


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
        given = await trouble.whole(receive)
        if given is None:
            return
        delay_s = self.latency_s + (fault.delay_ms / 1000 if fault else 0)
        if delay_s and await given.is_gone_within(delay_s):
            return
        inside = {**scope, "root_path": f"/{source}", "raw_target": path[len(source) + 1 :]}
        if fault is not None and fault.cut_json:
            inside = trouble.asked_plainly(inside)
        reply = trouble.reply_of(fault) if fault else None
        await (reply or self.kinds[source])(inside, given, trouble.Recorded(call, fault, given, send))

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


def _raw_path(scope: Scope) -> str:
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    return (raw + b"?" + query if query else raw).decode("latin-1")
