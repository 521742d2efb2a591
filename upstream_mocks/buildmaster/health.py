"""`/health`: the one call without a key; readiness, and which version this is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from upstream_mocks.buildmaster.errors import server_error

REPORT = {
    "applicationName": "BuildMaster",
    "databaseStatus": "OK",
    "extensionsInstalled": {"Git": "3.1.1", "Linux": "3.0.4", "ProGet": "3.0.2"},
    "licenseStatus": "OK",
    "versionNumber": "2025.4 (Build 1)",
    "releaseNumber": "25.0.4",
    "serviceStatus": "OK",
}


def health(switches: Mapping[str, Any]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        return server_error() if switches.get("server_error") else JSONResponse(REPORT)

    return answer
