"""Runtime: what lives as long as the app does, and what each request is given of it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from gateway import stopping
from gateway.access.principal import Caller
from gateway.execution.documents import Documents
from gateway.execution.executor import Executor, core
from gateway.execution.flights import Flights
from gateway.execution.limits import Limits
from gateway.settings import Settings, Telemetry
from gateway.telemetry import log
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.tracing import Tracing, Untraced, Watching
from resolvers.request import ListSettings, Request
from resolvers.schema import schema
from resolvers.sources import Sources, open_sources
from resolvers.transport import plan
from resolvers.transport.health import Health
from resolvers.transport.observe import Call
from resolvers.transport.session import Transport


@dataclass(frozen=True)
class Runtime:
    settings: Settings
    executor: Executor
    sources: Sources
    health: Health
    lists: ListSettings
    metrics: Metrics
    tracing: Tracing
    flights: Flights

    def request(self, authorization: str = "") -> Request:
        """The context of one GraphQL request, by its Authorization header. Call it inside the running loop."""
        caller = Caller(self.settings.security, authorization)
        return Request(self.sources, self.lists, caller, self.metrics.batch)


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Runtime]:
    """Opens the transport inside the running loop, closes it at the end. Asks no upstream yet."""
    health, metrics = Health(), Metrics(settings.telemetry.operation_names)

    def observe(call: Call) -> None:
        health.observe(call)
        metrics.upstream_call(call)
        log.upstream_call(call)
        plan.observe(call)

    server = settings.server
    limits = Limits(server.max_depth, server.max_aliases, server.max_tokens, server.max_rows, server.max_page_size)
    executor = Executor(schema, Documents(core(schema), limits, server.documents_cached), limits)
    lists = ListSettings(_cursor_key(settings), server.max_page_size)
    flights = Flights(server.max_in_flight)
    async with _traced(settings.telemetry) as tracing, Transport(observe, Watching(metrics, tracing)) as transport:
        sources = open_sources(settings.sources, transport, health)
        with stopping.told(flights.drain, server.drain_s):
            yield Runtime(settings, executor, sources, health, lists, metrics, tracing, flights)
        flights.close()


@asynccontextmanager
async def _traced(telemetry: Telemetry) -> AsyncIterator[Tracing]:
    """Spans go to the collector, if one is configured; the last of them at the end."""
    if telemetry.otlp_endpoint is None:
        yield Untraced()
        return
    # Here: who wants no traces pays nothing for the library.
    from gateway.telemetry.traces import Traces

    traces = Traces(telemetry.otlp_endpoint, telemetry.trace_ratio)
    try:
        yield traces
    finally:
        await asyncio.to_thread(traces.close)


def _cursor_key(settings: Settings) -> bytes:
    """The configured key, or one derived from the sources' names: the same on every worker, and no secret."""
    given = settings.server.cursor_key
    text = given.get_secret_value() if given is not None else "\n".join(sorted(settings.sources))
    return hashlib.blake2b(text.encode(), digest_size=32).digest()
