"""An adapter of each kind on a real transport against the mocks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from resolvers.graph.enums import SourceKind
from resolvers.transport.session import Transport
from resolvers.upstreams.port import Upstream
from resolvers.upstreams.registry import ADAPTERS, open_source
from tests.conftest import MockPort, served
from tests.contract.questions import BELOW
from tests.contract.rewriting import Rewriting

ONE_TRY = {"retries": 0, "breaker_failures": 0, "heeds_429": False}
"A fault strikes once for each call that is told of: what happens after it is tested elsewhere."

CREDENTIALS: dict[SourceKind, dict[str, str]] = {
    kind: {"token": f"demo-{kind.value.lower()}-token"} for kind in SourceKind
}

Open = Callable[..., Upstream]


@pytest.fixture
async def transport() -> AsyncIterator[Transport]:
    async with Transport() as transport:
        yield transport


@pytest.fixture
def upstream(mocks: MockPort, transport: Transport) -> Open:
    """Opens the adapter of a kind against its mock: `upstream(SourceKind.MEMFAULT, projects=("a/b",))`."""

    def open_kind(kind: SourceKind, **settings: Any) -> Upstream:
        name = kind.value.lower()
        config_type: Any = ADAPTERS[kind].config_type  # type: ignore[attr-defined]  # every adapter is a class with it
        given = {"kind": kind, "url": f"{mocks.url}/{name}", **CREDENTIALS[kind], **ONE_TRY, **settings}
        return open_source(name, config_type(**given), transport)

    return open_kind


@pytest.fixture
def opened(mocks: MockPort, upstream: Open) -> Open:
    """The same for a question of `questions`: `opened(SourceKind.BUILDMASTER, "artifacts")` may ask for artifacts."""

    def open_for(kind: SourceKind, what: str, **settings: Any) -> Upstream:
        if kind is not SourceKind.BUILDMASTER or what not in ("artifacts", *BELOW):
            return upstream(kind, **settings)
        mocks.mocks.switches["buildmaster"]["grant_native"] = True
        return upstream(kind, **{"native_artifacts": True, **settings})

    return open_for


@pytest.fixture(scope="session")
def rewriting_server(mock_server: MockPort) -> Iterator[Rewriting]:
    app = Rewriting(mock_server.mocks)
    with served(app) as app.url:
        yield app


@pytest.fixture
def rewriting(rewriting_server: Rewriting, mocks: MockPort) -> Iterator[Rewriting]:
    """The mocks once more, at an address where some of their rows can be changed on the way."""
    yield rewriting_server
    rewriting_server.rules.clear()
