"""An adapter of each kind on a real transport against the mocks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from resolvers.graph.enums import SourceKind
from resolvers.transport.session import Transport
from resolvers.upstreams.port import Upstream
from resolvers.upstreams.registry import ADAPTERS, open_source
from tests.conftest import MockPort

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
        given = {"kind": kind, "url": f"{mocks.url}/{name}", **CREDENTIALS[kind], **settings}
        return open_source(name, config_type(**given), transport)

    return open_kind
