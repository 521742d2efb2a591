"""Five upstreams on ports of their own, each of which can be closed, and one gateway over them for a whole module."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.demo import OWN
from gateway.listening import in_thread, taken
from resolvers.graph.enums import SourceKind
from tests.conftest import MockPort
from tests.graph.test_stopping import free_port
from tests.process import Running, running
from upstream_mocks.server import Mocks

KINDS = [kind.name.lower() for kind in SourceKind]
SHORT = {"TIMEOUT_S": "1.5"}
"What a fault costs in time, and how soon a source is asked again after it."


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


@contextmanager
def short_of_patience(doors: Mapping[str, Door], said: Path) -> Iterator[Running]:
    """A gateway that remembers nothing, gives up soon and tells everything."""
    port = free_port()
    environ = sources({kind: door.url for kind, door in doors.items()}, **SHORT)
    environ |= {"RELEASEGRAPH_CACHE_TTL_S": "0", "RELEASEGRAPH_CACHE_STALE_IF_ERROR_S": "0", "PORT": str(port)}
    environ |= {"RELEASEGRAPH_SERVER_MAX_PAGE_SIZE": "1000", "RELEASEGRAPH_TELEMETRY_LOG_LEVEL": "debug"}
    with running(said, port, "serve", **environ) as process:
        yield process


@pytest.fixture(scope="module")
def gateway(doors: Mapping[str, Door], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with short_of_patience(doors, tmp_path_factory.mktemp("gateway") / "said.log") as process:
        yield process


@pytest.fixture
def another(doors: Mapping[str, Door], tmp_path: Path) -> Iterator[Running]:
    """One that was never asked."""
    with short_of_patience(doors, tmp_path / "said.log") as process:
        yield process
