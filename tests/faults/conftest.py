"""Five upstreams on ports of their own, each of which can be closed, and one gateway over them for a whole module."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.demo import OWN
from gateway.listening import in_thread, taken
from resolvers.graph.enums import SourceKind
from tests.conftest import MockPort, served
from tests.graph.test_stopping import free_port
from tests.graph.test_traces import Collector
from tests.process import Running, running
from upstream_mocks.server import Mocks

KINDS = [kind.name.lower() for kind in SourceKind]
IMPATIENT = {
    "TIMEOUT_S": "1",
    "RETRIES": "1",
    "RETRY_BACKOFF_S": "0.02",
    "BREAKER_FAILURES": "2",
    "BREAKER_AFTER_S": "0.1",
    "BREAKER_OPEN_S": "0.1",
}
"Of every source: how soon it is given up, tried again, left alone and tried anew. Seconds."


@dataclass
class Door:
    """A port of the mocks that can be closed: then connections are refused."""

    mocks: Mocks
    port: int
    _open: ExitStack = field(default_factory=ExitStack)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def open(self) -> None:
        listener = self._open.enter_context(taken("127.0.0.1", self.port, "nothing: it was ours"))
        self._open.enter_context(in_thread(self.mocks, listener))

    def close(self) -> None:
        self._open.close()


@pytest.fixture(scope="module")
def doors(mock_server: MockPort) -> Iterator[Mapping[str, Door]]:
    opened = {kind: Door(mock_server.mocks, free_port()) for kind in KINDS}
    for door in opened.values():
        door.open()
    yield opened
    for door in opened.values():
        door.close()


def sources(urls: Mapping[str, str], **settings: str) -> dict[str, str]:
    """Variables of all five sources as the demo has them, at these addresses; settings: of each of them."""
    environ: dict[str, str] = {}
    for kind, url in urls.items():
        name = kind.upper()
        environ |= {f"{name}_URL": f"{url}/{kind}"} | {f"{name}_{key}": value for key, value in settings.items()}
        environ |= OWN.get(kind, {f"{name}_TOKEN": f"demo-{kind}-token"})
    return environ


def impatient(doors: Mapping[str, Door], **more: str) -> dict[str, str]:
    """Variables of a gateway that remembers nothing, gives up soon and tells everything."""
    environ = sources({kind: door.url for kind, door in doors.items()}, **{**IMPATIENT, **more})
    environ |= {"RELEASEGRAPH_CACHE_TTL_S": "0", "RELEASEGRAPH_CACHE_STALE_IF_ERROR_S": "0"}
    return environ | {"RELEASEGRAPH_SERVER_MAX_PAGE_SIZE": "1000", "RELEASEGRAPH_TELEMETRY_LOG_LEVEL": "debug"}


@pytest.fixture(scope="module")
def gateway(doors: Mapping[str, Door], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    port, said = free_port(), tmp_path_factory.mktemp("gateway") / "said.log"
    with served(Collector()) as collecting:
        telling = {
            "RELEASEGRAPH_TELEMETRY_OTLP_ENDPOINT": collecting,
            "OTEL_EXPORTER_OTLP_HEADERS": "x-collector-key=collector-secret",
            "RELEASEGRAPH_SECURITY_WRITE_TOKEN": "write-token-of-the-matrix",
        }
        with running(said, port, "serve", PORT=str(port), **impatient(doors), **telling) as process:
            yield process


@pytest.fixture
def another(doors: Mapping[str, Door], tmp_path: Path) -> Iterator[Running]:
    """One that was never asked."""
    port = free_port()
    with running(tmp_path / "said.log", port, "serve", PORT=str(port), **impatient(doors)) as process:
        yield process
