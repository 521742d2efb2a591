"""Runtime: what lives as long as the app does, and what each request is given of it."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from gateway import stopping
from gateway.access.authentication import Authentication
from gateway.access.passing import Passing
from gateway.access.principal import Caller
from gateway.execution.again import Again
from gateway.execution.documents import Documents
from gateway.execution.executor import Executor, core
from gateway.execution.flights import Flights
from gateway.execution.limits import Limits
from gateway.execution.manifest import documents_in
from gateway.execution.persisted import Persisted
from gateway.settings import Cache, Security, Settings, Telemetry
from gateway.telemetry import log
from gateway.telemetry.circuits import Circuits
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.tracing import Tracing, Untraced, Watching
from resolvers.errors import UpstreamRefused
from resolvers.request import ListSettings, Request
from resolvers.schema import schema_of
from resolvers.sources import Sources, open_sources
from resolvers.transport import deadline, passed
from resolvers.transport.cache import Store
from resolvers.transport.cache.memory import Memory
from resolvers.transport.health import Health
from resolvers.transport.observe import Call
from resolvers.transport.recall import Policy, Recall
from resolvers.transport.session import Transport
from resolvers.transport.watched import Watched


@dataclass(frozen=True)
class Runtime:
    settings: Settings
    executor: Executor
    sources: Sources
    health: Health
    lists: ListSettings
    recall: Recall
    again: Again
    authentication: Authentication
    persisted: Persisted
    passing: Passing
    metrics: Metrics
    tracing: Tracing
    flights: Flights
    circuits: Circuits

    def request(self, caller: Caller) -> Request:
        """The context of one GraphQL request, whose time begins now. Call it inside the running loop."""
        deadline.begin(self.settings.server.deadline_s)
        return Request(self.sources, self.lists, caller, self.metrics.batch)


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Runtime]:
    """Opens the transport inside the running loop, closes it at the end. Asks no upstream yet."""
    health, metrics = Health(), Metrics(settings.telemetry.operation_names)

    def observe(call: Call) -> None:
        # That one caller's own token was refused says nothing of how the source is doing for the others.
        is_telling = call.error_code != UpstreamRefused.code or passed.to(call.source) is None
        if is_telling:
            health.observe(call)
        metrics.upstream_call(call, is_telling=is_telling)
        log.upstream_call(call)

    server, security = settings.server, settings.security
    limits = Limits.of(server)
    schema = schema_of(is_incremental=server.incremental)
    documents = Documents(core(schema), limits, server.documents_cached, server.documents_max_bytes)
    executor = Executor(schema, documents, limits, compiled=server.compiled, lines=settings.product_lines)
    flights = Flights(server.max_in_flight)
    circuits = Circuits(metrics, settings.sources)
    remembering = _recall(settings), _policy(settings.cache)
    async with (
        _traced(settings.telemetry) as tracing,
        Transport(observe, *remembering, Watching(metrics, tracing), circuits) as transport,
    ):
        sources = open_sources(settings.sources, transport, health)
        lists = ListSettings(_cursor_key(settings), server.max_page_size, settings.product_lines)
        doors = Authentication(security), _persisted(security), Passing(settings.sources, _identity_key(settings))
        with stopping.told(flights.drain, server.drain_s):
            telling = metrics, tracing, flights
            recall, again = transport.recall, _again(settings, transport.recall)
            yield Runtime(settings, executor, sources, health, lists, recall, again, *doors, *telling, circuits)
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


def _persisted(security: Security) -> Persisted:
    path = security.trusted_documents
    manifest = Watched(path, documents_in) if path is not None else None
    return Persisted(manifest, security.trusted_documents_mode, security.persisted_queries)


def _identity_key(settings: Settings) -> bytes:
    """Made of the cursor key, which workers and replicas share. Without it one that no other process knows: what is
    remembered for callers' own credentials is then remembered by each process for itself."""
    given = settings.server.cursor_key
    if given is None:
        return secrets.token_bytes(32)
    return hashlib.blake2b(given.get_secret_value().encode(), digest_size=32, person=b"identity").digest()


def _recall(settings: Settings) -> Recall:
    # Not the cursors' key itself: who sees a name in Redis learns nothing of what signs cursors.
    key = hashlib.blake2b(b"names of remembered answers", key=_cursor_key(settings), digest_size=32).digest()
    return Recall(_store(settings.cache), key)


def _again(settings: Settings, recall: Recall) -> Again:
    cache, sources = settings.cache, settings.sources
    ttl_s = {name: cache.ttl_s if own.ttl_s is None else own.ttl_s for name, own in sources.items()}
    may_keep = cache.url is None and any(ttl_s.values())
    return Again(cache.answers_max_bytes if may_keep else 0, ttl_s, lambda: recall.revision)


def _store(cache: Cache) -> Store:
    if cache.url is None:
        return Memory(cache.max_bytes)
    # Here: without a Redis its library, and whatever that loads for itself, stays out.
    from resolvers.transport.cache.redis import Redis

    password = cache.password.get_secret_value() if cache.password is not None else None
    return Redis(cache.url, username=cache.username, password=password)


def _policy(cache: Cache) -> Policy:
    return Policy(cache.ttl_s, cache.stale_s, cache.stale_if_error_s)


def _cursor_key(settings: Settings) -> bytes:
    """The configured key, or one derived from the sources' names: the same on every worker, and no secret."""
    given = settings.server.cursor_key
    text = given.get_secret_value() if given is not None else "\n".join(sorted(settings.sources))
    return hashlib.blake2b(text.encode(), digest_size=32).digest()
