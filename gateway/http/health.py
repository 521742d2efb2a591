"""Health: is the process alive, and is it ready to answer. Neither asks an upstream."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.runtime import Runtime


async def healthz(request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def readyz(request: Request) -> Response:
    """Ready as soon as it runs: a source that is down costs its own rows, not the gateway."""
    runtime: Runtime = request.app.state.runtime
    return JSONResponse({"status": "ready", "sources": {name: _known(runtime, name) for name in runtime.sources.names}})


def _known(runtime: Runtime, name: str) -> dict[str, object]:
    pulse = runtime.health.pulse(name)
    if pulse is None:
        return {"asked": False}
    return {"asked": True, "answers": pulse.error_code is None, "lastErrorCode": pulse.error_code}
