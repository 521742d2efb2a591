"""Real servers on free ports of loopback, one of each for the whole run; every test starts with a clean book."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from hypothesis import settings
from redis import Redis
from starlette.types import ASGIApp

from gateway.execution import executor
from gateway.execution.compiled import PlainExecutor
from gateway.listening import in_thread, taken
from tests import recorded
from tests import redis_server as redis_server_module
from upstream_mocks.server import Mocks, create_mocks

# A machine under load is no reason to fail; and what CI tries is the same each time, so that it fails for a reason.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")

# The whole suite holds for graphql-core alone as well, the calls counted included.
if os.environ.get("RELEASEGRAPH_TEST_COMPILED") == "off":
    executor.CompiledExecutor = PlainExecutor  # type: ignore[assignment, misc]

recorded.record()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What asks again what the others have asked comes after them."""
    items.sort(key=lambda item: item.get_closest_marker("last") is not None)


@contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """The application behind a real server in a thread of its own, on a free port; gives its base URL."""
    listener = taken("127.0.0.1", 0, "nothing: any free port will do")
    with closing(listener), in_thread(app, listener):
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@dataclass
class MockPort:
    """The mocks of this run and their control routes."""

    url: str
    mocks: Mocks

    @property
    def calls(self) -> list[dict[str, object]]:
        return self.mocks.calls.listed()

    def paths(self, source: str) -> list[str]:
        return [str(call["path"]) for call in self.calls if call["source"] == source]

    def fail(self, **rule: Any) -> None:
        """Ask for one more fault, in the words of `PUT /_mock/faults`."""
        from upstream_mocks.faults import Fault

        self.mocks.faults.rules.append(Fault(**rule))


@pytest.fixture(scope="session")
def mock_server() -> Iterator[MockPort]:
    mocks = create_mocks()
    with served(mocks) as url:
        yield MockPort(url, mocks)


@pytest.fixture
def mocks(mock_server: MockPort) -> Iterator[MockPort]:
    """The mocks with no calls, no faults and no switches; a fault nobody met fails the test."""
    mock_server.mocks.calls.clear()
    yield mock_server
    unmet = [rule for rule in mock_server.mocks.faults.listed() if not rule.met]
    mock_server.mocks.faults.clear()
    for switches in mock_server.mocks.switches.values():
        switches.clear()
    assert not unmet, f"faults nobody met: {unmet}"


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    with redis_server_module.running(redis_server_module.free_port()) as url:
        yield url


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """A Redis with nothing in it."""
    with closing(Redis.from_url(redis_server)) as client:
        client.flushall()
    return redis_server


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session
