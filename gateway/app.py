"""App: the gateway as one Starlette application, put together from settings."""

from __future__ import annotations

import gc
import os
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Route

from gateway import settings as settings_module
from gateway import stopping
from gateway.access import csrf
from gateway.access.hosts import AllowedHosts
from gateway.access.passing import headers_of
from gateway.http import endpoint, explorer, health, home, metrics, purge
from gateway.http.request_id import HEADER, RequestId
from gateway.http.telling import Telling
from gateway.runtime import running
from gateway.settings import Server, Settings
from gateway.telemetry import log

COMPRESSED_FROM_BYTES = 2048
COMPRESSION_LEVEL = 4  # most of the gain for a third of level 9's time


def create_app(settings: Settings) -> Starlette:
    """The application. Sources are opened when it starts and closed when it stops."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        log.configure(settings.telemetry)
        async with running(settings) as runtime:
            app.state.runtime = runtime
            yield

    # Two routes for one endpoint: a mount would answer one of them with a redirect.
    graphql = [Route(path, endpoint.graphql, methods=endpoint.METHODS) for path in ("/graphql", "/graphql/")]
    plain = [Route("/", home.home), Route("/healthz", health.healthz), Route("/readyz", health.readyz)]
    operating = [
        Route("/_cache/purge", purge.purge, methods=endpoint.METHODS),
        Route("/metrics", metrics.metrics),
    ]
    routes = [*graphql, *plain, *operating, *explorer.routes()]
    passed = headers_of(settings.sources).values()
    return Starlette(routes=routes, middleware=_middleware(settings.server, passed), lifespan=lifespan)


def from_environment() -> Starlette:
    """The application of `releasegraph serve`: each worker reads its settings itself."""
    config = os.environ.get("RELEASEGRAPH_CONFIG")
    stopping.quietly()
    app = create_app(settings_module.load(Path(config) if config else None, os.environ))
    collect_rarely()
    return app


def collect_rarely() -> None:
    """For a process that is ours alone: what is built so far stays, so the collector need not walk it again.

    A request makes tens of thousands of short-lived objects: at the default threshold of 700 that is dozens of walks.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _middleware(server: Server, passed: Iterable[str]) -> list[Middleware]:
    """passed: headers in which callers bring credentials for upstreams."""
    cors = Middleware(
        CORSMiddleware,
        allow_origins=list(server.allowed_origins),
        allow_methods=["GET", "POST"],
        allow_headers=["content-type", "authorization", *csrf.HEADERS, HEADER, *endpoint.OPTION_HEADERS, *passed],
        expose_headers=[HEADER],
        max_age=600,
    )
    return [
        Middleware(RequestId),
        Middleware(Telling),
        Middleware(AllowedHosts, allowed=server.allowed_hosts),
        *([cors] if server.allowed_origins else []),
        Middleware(GZipMiddleware, minimum_size=COMPRESSED_FROM_BYTES, compresslevel=COMPRESSION_LEVEL),
    ]
