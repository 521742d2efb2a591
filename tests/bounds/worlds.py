"""Worlds: the written list of those a bound holds in, each behind a gateway of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import aiohttp
import uvicorn
from starlette.types import ASGIApp

from gateway.app import create_app
from gateway.demo import demo_settings
from gateway.http.endpoint import EXPLAIN_HEADER
from gateway.listening import Server, taken
from tests.bounds.pace import Paced
from tests.graph.conftest import is_session_call
from upstream_mocks.server import Mocks, create_mocks
from upstream_mocks.world import KINDS

SCALES = (1, 8)
"""The demo's world, and one with eight times as many versions of each product: over a hundred of each, which is more
than any upstream gives in one page. Scopes are the same in both; only they may make a query dearer."""

IDS = """query Ids($source: String!) {
  fleets(first: 200, filter: { sources: [$source] }) { nodes { id } }
  releases(first: 200, filter: { sources: [$source] }) { nodes { id revision } }
  devices(first: 200, filter: { sources: [$source] }) { nodes { id } }
}"""
OF_EACH = 3
"Of each source, so many fleets, releases, commits and devices are tried: from its first to its last."


@dataclass(frozen=True, slots=True)
class Cost:
    """Upstream calls of one query, session calls left out: those that were made, and those that were told before."""

    calls: int
    estimate: int


@dataclass
class World:
    scale: int
    url: str
    mocks: Mocks
    paced: Paced
    session: aiohttp.ClientSession

    async def cost(self, query: str, variables: Mapping[str, Any], *, one_by_one: bool) -> Cost:
        """What one query costs. one_by_one: how the upstreams answer, see pace.py."""
        self.mocks.calls.clear()
        async with self.paced.one_by_one() if one_by_one else nullcontext():
            answer = await self._answer(query, variables)
        made = len([call for call in self.mocks.calls.made if not is_session_call(call.path)])
        return Cost(made, answer["extensions"]["plan"]["totals"]["estimate"])

    async def subjects(self) -> dict[str, list[str]]:
        """What an operation's variables are given, by their names: see measure.py."""
        found = [await self._data(IDS, {"source": kind}) for kind in KINDS]
        return {
            "fleet": _few_of_each(found, "fleets", "id"),
            "release": _few_of_each(found, "releases", "id"),
            "commit": _few_of_each(found, "releases", "revision"),
            "device": _few_of_each(found, "devices", "id"),
        }

    async def _data(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        data: dict[str, Any] = (await self._answer(query, variables))["data"]
        return data

    async def _answer(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        body = {"query": query, "variables": dict(variables)}
        async with self.session.post(f"{self.url}/graphql", json=body, headers={EXPLAIN_HEADER: "on"}) as reply:
            answer: dict[str, Any] = await reply.json()
        # A bound of half an answer would be too low.
        assert "errors" not in answer, answer["errors"][:3]
        return answer


@asynccontextmanager
async def world(scale: int) -> AsyncIterator[World]:
    """Logged in everywhere: what a session costs is behind it."""
    mocks = create_mocks(scale=scale)
    paced = Paced(mocks)
    async with (
        _served(paced) as mocks_url,
        _served(create_app(demo_settings(mocks_url, 8000))) as url,
        aiohttp.ClientSession() as session,
    ):
        yield World(scale, url, mocks, paced, session)


def _few_of_each(answers: list[dict[str, Any]], field: str, member: str) -> list[str]:
    return [value for answer in answers for value in _few([node[member] for node in answer[field]["nodes"]])]


def _few(values: list[str | None]) -> Iterator[str]:
    known = [value for value in values if value]
    yield from dict.fromkeys(known[(len(known) - 1) * step // (OF_EACH - 1)] for step in range(OF_EACH) if known)


class _Server(Server):
    """A server inside this loop, which leaves Ctrl-C to whoever runs the loop."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def _served(app: ASGIApp) -> AsyncIterator[str]:
    with taken("127.0.0.1", 0, "nothing: any free port will do") as listener:
        up = asyncio.Event()
        server = _Server(uvicorn.Config(app, log_level="warning"), up.set)
        serving = asyncio.create_task(server.serve([listener]))
        await up.wait()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving
