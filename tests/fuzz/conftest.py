"""One gateway for all that is thrown at it: what one request leaves behind may hurt the next."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import MockPort
from tests.fuzz.served import Served, served

MAX_GROWTH_MIB = 200
"Beyond what the process has once it has answered something. A page of answers is some megabytes at most."


@pytest.fixture(scope="package")
def gateway(mock_server: MockPort, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(mock_server.url, tmp_path_factory.mktemp("fuzz")) as running:
        yield running
    mock_server.mocks.reset()
    mock_server.mocks.calls.clear()


@pytest.fixture(autouse=True)
def unharmed(gateway: Served) -> Iterator[None]:
    """After each test: it runs, its log has no alarm, and it has not grown out of bounds."""
    before, alarms = gateway.memory_mib, len(gateway.alarms)
    yield
    assert gateway.is_up
    assert gateway.alarms[alarms:] == []
    assert gateway.memory_mib - before < MAX_GROWTH_MIB
