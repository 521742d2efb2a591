"""What the tests of telling share: reading /metrics, waiting for what it says, and slow sources."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from gateway.app import create_app
from gateway.demo import demo_settings
from tests.conftest import MockPort, served
from tests.leaks import heard

PATIENCE_S = 20
SLOW_MS = 600_000
"Longer than any test waits: what ends such a call is not its answer."

Labels = Mapping[str, str]


@dataclass
class Told:
    """A gateway over the demo's sources, and what it tells."""

    url: str
    session: aiohttp.ClientSession

    async def sample(self, name: str, **labels: str) -> float:
        """The sum of all series with these labels; 0 while there is none."""
        async with self.session.get(f"{self.url}/metrics") as reply:
            families = list(text_string_to_metric_families(await reply.text()))
        samples = [sample for family in families for sample in family.samples if sample.name == name]
        return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())

    async def until(self, is_so: Callable[[float], bool], name: str, **labels: str) -> float:
        """Asks until it is so."""
        async with asyncio.timeout(PATIENCE_S):
            while not is_so(value := await self.sample(name, **labels)):
                pass
        return value

    async def ask(self, query: str, **headers: str) -> tuple[int, Mapping[str, str], dict[str, Any]]:
        async with self.session.post(f"{self.url}/graphql", json={"query": query}, headers=headers) as reply:
            heard("reply", await reply.read())
            return reply.status, reply.headers, await reply.json(content_type=None)

    async def ready(self) -> tuple[int, dict[str, Any]]:
        async with self.session.get(f"{self.url}/readyz") as reply:
            return reply.status, await reply.json()

    @asynccontextmanager
    async def under_way(self, query: str, mocks: MockPort, **headers: str) -> AsyncIterator[asyncio.Task[Any]]:
        """A query that has met the last fault, a slow source; its client hangs up when the block ends."""
        asking, fault = asyncio.ensure_future(self.ask(query, **headers)), mocks.mocks.faults.rules[-1]
        async with asyncio.timeout(PATIENCE_S):
            while not fault.met:
                await self.ready()
        try:
            yield asking
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)


@contextmanager
def gateway_over(url: str, telemetry: Mapping[str, Any] | None = None, **server: Any) -> Iterator[str]:
    """A gateway of its own over mocks at `url`; server and telemetry: settings that differ from the demo's."""
    settings = demo_settings(url, 8000)
    changed = {
        "server": settings.server.model_copy(update=server),
        "telemetry": settings.telemetry.model_copy(update=telemetry or {}),
    }
    with served(create_app(settings.model_copy(update=changed))) as gateway_url:
        yield gateway_url


@asynccontextmanager
async def told(mocks: MockPort, telemetry: Mapping[str, Any] | None = None, **server: Any) -> AsyncIterator[Told]:
    """Likewise, to be asked."""
    with gateway_over(mocks.url, telemetry, **server) as url:
        async with aiohttp.ClientSession() as session:
            yield Told(url, session)
