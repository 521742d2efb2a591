"""Side by side: whichever way sources are read, none waits for another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from resolvers.graph.release import Release
from resolvers.upstreams.port import Chunk, Page, Place, ReleaseQuery
from tests.unit.fake_upstreams import FakeUpstream, Graph, release
from tests.unit.ordered_upstreams import OrderedUpstream

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)


def rows(source: str) -> list[Release]:
    times: list[dict[str, Any]] = [dict.fromkeys(("created_at", "updated_at"), BEGIN + timedelta(n)) for n in range(3)]
    return [release(source, str(number), **times[number]) for number in range(3)]


class Whole(FakeUpstream):
    """Read at once, and not before the other one was asked too."""

    other_was_asked: asyncio.Event

    async def releases(self, query: ReleaseQuery) -> AsyncIterator[Chunk[Release]]:
        await self.other_was_asked.wait()
        yield Chunk(self.rows)


class Paged(OrderedUpstream):
    was_asked: asyncio.Event

    async def release_page(self, query: ReleaseQuery, place: Place) -> Page[Release]:
        self.was_asked.set()
        return await super().release_page(query, place)

    async def release_count(self, query: ReleaseQuery) -> int | None:
        await self.was_asked.wait()
        return await super().release_count(query)


@pytest.mark.parametrize("asked", ["nodes { name }", "nodes { name } totalCount"])
async def test_a_page_of_one_source_is_asked_for_while_another_is_read_as_a_whole(asked: str) -> None:
    whole, paged = Whole("a", rows=rows("a")), Paged("b", rows=rows("b"))
    whole.other_was_asked = paged.was_asked = asyncio.Event()

    async with asyncio.timeout(20):
        data = await Graph([whole, paged]).data(f"{{ releases(first: 4) {{ {asked} }} }}")

    assert len(data["releases"]["nodes"]) == 4
    assert data["releases"].get("totalCount", 6) == 6
