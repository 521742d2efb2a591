"""Health: is the process alive, and is it ready to answer. Neither asks an upstream."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.execution.flights import Flights
from gateway.runtime import Runtime
from resolvers.graph.source import Source


async def healthz(request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def readyz(request: Request) -> Response:
    """503 while it takes no operations. A source that is down costs its own rows, not the gateway."""
    runtime: Runtime = request.app.state.runtime
    status = _status(runtime.flights)
    sources = {
        name: {**_known(source), "circuit": runtime.circuits.of(name).name}
        for name, source in runtime.sources.objects.items()
    }
    told = {"status": status, "inFlight": len(runtime.flights), "sources": sources}
    return JSONResponse(told, 200 if status == "ready" else 503)


def _status(flights: Flights) -> str:
    if flights.is_draining:
        return "draining"
    return "busy" if flights.are_full else "ready"


def _known(source: Source) -> dict[str, object]:
    """From the calls that were made anyway, of this worker."""
    health = source.health_of()
    if health is None:
        return {"status": "UNKNOWN", "lastErrorCode": None, "checkedAt": None}
    checked_at = None if health.checked_at is None else health.checked_at.isoformat(timespec="seconds")
    return {"status": health.status.name, "lastErrorCode": health.last_error_code, "checkedAt": checked_at}
