"""The gateway as its users meet it: a real server over the mocks, asked by HTTP."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.app import create_app
from gateway.demo import WRITE_TOKEN, demo_settings
from gateway.settings import load
from resolvers.graph.enums import SourceKind
from tests.conftest import MockPort, served

ONE_TRY = {f"{kind.name}_{name}": "0" for kind in SourceKind for name in ("RETRIES", "BREAKER_FAILURES", "HEEDS_429")}
"A fault strikes once for each call that is told of: what happens after it is tested elsewhere."

SESSION_CALLS = ("/authentication", "/whoami", "/api/orgs?include=products", "/api/v0/organizations")
"""Logins, who-am-I and discovery of scopes, by their paths: counted apart from what a query costs."""


@dataclass
class Gateway:
    url: str
    session: aiohttp.ClientSession

    async def post(self, query: str, **variables: Any) -> dict[str, Any]:
        """The whole reply to a query, `data` and `errors` as they are."""
        async with self.session.post(f"{self.url}/graphql", json={"query": query, "variables": variables}) as reply:
            body: dict[str, Any] = await reply.json()
            return body

    async def data(self, query: str, **variables: Any) -> dict[str, Any]:
        """`data` of a query that must not have errors."""
        reply = await self.post(query, **variables)
        assert "errors" not in reply, reply["errors"]
        data: dict[str, Any] = reply["data"]
        return data

    async def error(self, query: str, **variables: Any) -> dict[str, Any]:
        """The one error of a query that must have exactly one."""
        reply = await self.post(query, **variables)
        assert len(reply["errors"]) == 1, reply
        error: dict[str, Any] = reply["errors"][0]
        return error


Start = Callable[..., str]


@pytest.fixture(scope="session")
def gateway_url(mock_server: MockPort) -> Iterator[str]:
    """The demo's gateway, once for the whole run: who-am-I, logins and scopes are asked once."""
    with served(create_app(demo_settings(mock_server.url, 8000))) as url:
        yield url


@pytest.fixture
async def gateway(gateway_url: str, mocks: MockPort) -> AsyncIterator[Gateway]:
    async with aiohttp.ClientSession() as session:
        yield Gateway(gateway_url, session)


@pytest.fixture
async def writer(gateway_url: str, mocks: MockPort) -> AsyncIterator[Gateway]:
    """A gateway whose requests carry the write token; the mocks' worlds are made anew afterwards."""
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {WRITE_TOKEN}"}) as session:
        yield Gateway(gateway_url, session)
    mocks.mocks.reset()


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a gateway with settings of its own, from variables: `start({"BALENA_URL": ..., "BALENA_TOKEN": ...})`."""
    with ExitStack() as stack:
        yield lambda environ: stack.enter_context(served(create_app(load(Path(os.devnull), ONE_TRY | environ))))


def data_calls(mocks: MockPort) -> list[str]:
    """Paths of the upstream calls made so far, session calls left out."""
    paths = [str(call["path"]) for call in mocks.calls]
    return [path for path in paths if not is_session_call(path)]


def is_session_call(path: str) -> bool:
    plain = path.partition("&page")[0].partition("?page")[0]
    return plain.endswith((*SESSION_CALLS, "/projects"))
