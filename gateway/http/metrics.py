"""Metrics: `/metrics`, for Prometheus. Open to whoever may ask /healthz: it names sources, and nothing of theirs."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from gateway.runtime import Runtime
from gateway.telemetry.metrics import CONTENT_TYPE


async def metrics(request: Request) -> Response:
    runtime: Runtime = request.app.state.runtime
    runtime.metrics.tasks(len(asyncio.all_tasks()))
    return Response(runtime.metrics.text(), headers={"Content-Type": CONTENT_TYPE})
