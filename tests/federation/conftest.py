"""The gateway beside a neighbour, and a real router over both, on free ports of loopback."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest

from docs.federation.neighbour import app as neighbour
from gateway.app import create_app
from gateway.demo import demo_settings
from tests.conftest import MockPort, served
from tests.federation import node
from tests.graph.conftest import Gateway


@pytest.fixture(scope="session")
def node_environment() -> dict[str, str]:
    return node.environment()


@pytest.fixture(scope="session")
def subgraph_url(mock_server: MockPort) -> Iterator[str]:
    """The demo's gateway, for a router."""
    with served(create_app(demo_settings(mock_server.url, 8000))) as url:
        yield url


@pytest.fixture
async def gateway(subgraph_url: str, mocks: MockPort) -> AsyncIterator[Gateway]:
    async with aiohttp.ClientSession() as session:
        yield Gateway(subgraph_url, session)


@pytest.fixture(scope="session")
def router_url(subgraph_url: str, node_environment: dict[str, str]) -> Iterator[str]:
    """The router of docs/federation, over the gateway and the neighbour of docs/federation."""
    with served(neighbour) as neighbour_url:
        places = {"RELEASEGRAPH_URL": f"{subgraph_url}/graphql", "NEIGHBOUR_URL": neighbour_url, "PORT": "0"}
        with subprocess.Popen(
            ["node", "router.js"],
            cwd=node.EXAMPLE,
            env={**node_environment, **places},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield _announced(process)
            finally:
                process.terminate()


def _announced(process: subprocess.Popen[str]) -> str:
    """The router's address, once it says so; it ends by itself, and says why, when it cannot start."""
    assert process.stdout is not None
    assert process.stderr is not None
    for line in process.stdout:
        if line.startswith("router at "):
            return line.removeprefix("router at ").strip()
    pytest.fail(f"the router did not start: {process.stderr.read()}")


@pytest.fixture
async def router(router_url: str, gateway: Gateway) -> Gateway:
    """Asked as the gateway is, but through the router."""
    return Gateway(router_url, gateway.session)
