"""App: the gateway as one Starlette application, put together from settings."""

from __future__ import annotations

import gc
import os
from collections.abc import AsyncIterator, Awaitable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway import settings as settings_module
from gateway import stopping
from gateway.access import csrf
from gateway.access.hosts import AllowedHosts
from gateway.access.passing import headers_of
from gateway.http import endpoint, explorer, health, home, metrics, purge
from gateway.http.arrived import zipped
from gateway.http.telling import GRAPHQL, HEADER, Telling
from gateway.runtime import running
from gateway.settings import Server, Settings
from gateway.telemetry import log


def create_app(settings: Settings) -> Starlette:
    """The application. Sources are opened when it starts and closed when it stops."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        log.configure(settings.telemetry)
        async with running(settings) as runtime:
            app.state.runtime = runtime
            yield

    plain = [Route("/", home.home), Route("/healthz", health.healthz), Route("/readyz", health.readyz)]
    operating = [
        Route("/_cache/purge", purge.purge, methods=endpoint.METHODS),
        Route("/metrics", metrics.metrics),
    ]
    routes = [*plain, *operating, *explorer.routes()]
    return Gateway(settings, routes=routes, lifespan=lifespan)


class Gateway(Starlette):
    """Starlette, but for operations, which are all but a few of the requests: they go past its routes and layers."""

    def __init__(self, settings: Settings, **given: Any):
        super().__init__(**given)
        self._server, self._passed = settings.server, tuple(headers_of(settings.sources).values())

    def build_middleware_stack(self) -> ASGIApp:
        app: ASGIApp = _forked(zipped(super().build_middleware_stack()))
        if self._server.allowed_origins:
            app = _shared_with_origins(app, self._server, self._passed)
        return Telling(AllowedHosts(app, self._server.allowed_hosts))


def _forked(pages: ASGIApp) -> ASGIApp:
    def fork(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        is_operation = scope["type"] == "http" and scope["path"] in GRAPHQL
        return endpoint.graphql(scope, receive, send) if is_operation else pages(scope, receive, send)

    return fork


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
    The eldest generation is walked all the more often: what is in it by chance, of broken connections say, must not
    wait for an hour.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 10, 5)


def _shared_with_origins(app: ASGIApp, server: Server, passed: Iterable[str]) -> ASGIApp:
    """passed: headers in which callers bring credentials for upstreams."""
    return CORSMiddleware(
        app,
        allow_origins=list(server.allowed_origins),
        allow_methods=["GET", "POST"],
        allow_headers=["content-type", "authorization", *csrf.HEADERS, HEADER, *endpoint.OPTION_HEADERS, *passed],
        expose_headers=[HEADER],
        max_age=600,
    )
