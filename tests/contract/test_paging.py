"""Sources that keep an order themselves, asked through the whole graph over ten thousand releases of their own mock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from itertools import pairwise
from typing import Any

import aiohttp
import pytest

from gateway.app import create_app
from gateway.demo import demo_settings
from resolvers.graph.enums import OrderDirection, SourceKind
from resolvers.upstreams.registry import ADAPTERS
from tests.conftest import served
from upstream_mocks.server import Mocks, _builder
from upstream_mocks.world import PRODUCTS, World

KEPT = [
    pytest.param(kind, {"field": field.name, "direction": way.name}, id=f"{kind.name} {field.name} {way.name}".lower())
    for kind, adapter in ADAPTERS.items()
    for field in adapter.facts.release_paging  # type: ignore[attr-defined]  # a class that is its own factory
    for way in OrderDirection
]
PAGE = """query Page($kind: SourceKind!, $by: ReleaseOrder!, $first: Int, $after: String, $last: Int, $before: String) {
  releases(filter: { kinds: [$kind] }, orderBy: $by, first: $first, after: $after, last: $last, before: $before) {
    pageInfo { startCursor endCursor } sources { message } nodes { nativeId createdAt updatedAt }
  }
}"""


@pytest.fixture(scope="module")
def large() -> Iterator[str]:
    """A gateway over one product of more than ten thousand versions."""
    mocks = Mocks(World())
    world = World(scale=800, products=PRODUCTS[:1])
    mocks.kinds |= {
        kind.name.lower(): _builder(kind.name.lower())(world, {}) for kind in {one.values[0] for one in KEPT}
    }
    with served(mocks) as mock_url, served(create_app(demo_settings(mock_url, 8000))) as url:
        yield url


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(headers={"x-explain": "on"}) as session:
        yield session


class Asked:
    """Pages of one source in one order, and what each cost."""

    def __init__(self, url: str, session: aiohttp.ClientSession, kind: SourceKind, by: dict[str, str]):
        self._url, self._session, self._given = url, session, {"kind": kind.name, "by": by}
        self.costs: list[tuple[int, int]] = []  # upstream pages, rows

    async def page(self, **window: Any) -> dict[str, Any]:
        body = {"query": PAGE, "variables": {**self._given, **window}}
        async with self._session.post(f"{self._url}/graphql", json=body) as reply:
            answer = await reply.json()
        assert "errors" not in answer, answer["errors"]
        calls = [call for call in answer["extensions"]["plan"]["calls"] if not call["session"]]
        self.costs.append((len(calls), sum(call["rows"] or 0 for call in calls)))
        found: dict[str, Any] = answer["data"]["releases"]
        assert [one["message"] for one in found["sources"] if one["message"]] == []
        return found


@pytest.mark.parametrize(("kind", "by"), KEPT)
async def test_a_page_of_twenty_reads_three_pages_and_three_hundred_rows_at_most(
    large: str, session: aiohttp.ClientSession, kind: SourceKind, by: dict[str, str]
) -> None:
    """At either end, and in the middle in both directions; beside a page of two hundred."""
    asked = Asked(large, session, kind, by)
    beginning, end = await asked.page(first=20), await asked.page(last=20)
    middle = await asked.page(first=200)
    for _ in range(6):
        middle = await asked.page(first=200, after=middle["pageInfo"]["endCursor"])
    walk = Asked(large, session, kind, by)

    forward = await walk.page(first=20, after=middle["pageInfo"]["endCursor"])
    back = await walk.page(last=20, before=forward["pageInfo"]["startCursor"])

    assert back["nodes"] == middle["nodes"][-20:]
    assert [len(one["nodes"]) for one in (beginning, end, forward)] == [20, 20, 20]
    assert_in_order([*beginning["nodes"], *middle["nodes"], *forward["nodes"], *end["nodes"]], by)
    of_twenty = [*asked.costs[:2], *walk.costs]
    assert max(calls for calls, _ in of_twenty) <= 3
    assert max(rows for _, rows in of_twenty) <= 300
    assert max(rows for _, rows in asked.costs) <= 600


def assert_in_order(nodes: list[dict[str, Any]], by: dict[str, str]) -> None:
    name = {"CREATED_AT": "createdAt", "UPDATED_AT": "updatedAt"}[by["field"]]
    moments = [node[name][:23] for node in nodes]
    steps = pairwise(moments if by["direction"] == "ASC" else reversed(moments))
    assert all(one <= other for one, other in steps)
    assert len({node["nativeId"] for node in nodes}) == len(nodes)
