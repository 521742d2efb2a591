"""Runtime: what lives as long as the app does, and what each request is given of it."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from gateway.access.principal import Caller
from gateway.execution.documents import Documents
from gateway.execution.executor import Executor, core
from gateway.execution.limits import Limits
from gateway.settings import Settings
from gateway.telemetry import log
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

    def request(self, authorization: str = "") -> Request:
        """The context of one GraphQL request, by its Authorization header. Call it inside the running loop."""
        return Request(self.sources, self.lists, Caller(self.settings.security, authorization))


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Runtime]:
    """Opens the transport inside the running loop, closes it at the end. Asks no upstream yet."""
    health = Health()

    def observe(call: Call) -> None:
        health.observe(call)
        log.upstream_call(call)
        plan.observe(call)

    server = settings.server
    limits = Limits.of(server)
    documents = Documents(core(schema), limits, server.documents_cached)
    executor = Executor(schema, documents, limits, compiled=server.compiled)
    async with Transport(observe) as transport:
        sources = open_sources(settings.sources, transport, health)
        lists = ListSettings(_cursor_key(settings), server.max_page_size, settings.product_lines)
        yield Runtime(settings, executor, sources, health, lists)


def _cursor_key(settings: Settings) -> bytes:
    """The configured key, or one derived from the sources' names: the same on every worker, and no secret."""
    given = settings.server.cursor_key
    text = given.get_secret_value() if given is not None else "\n".join(sorted(settings.sources))
    return hashlib.blake2b(text.encode(), digest_size=32).digest()
