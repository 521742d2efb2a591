"""What several make of one answer in the same moment is made once, and what one alone makes is not held."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from resolvers.federation import order as orders
from resolvers.federation.streams import Span, Whole
from resolvers.graph.release import Release
from resolvers.transport.coalesce import Flights, Took
from resolvers.transport.made import Made
from tests.unit.fake_upstreams import release


class Source:
    """Waits for an answer as everything that reads does, and makes rows of it."""

    def __init__(self, body: bytes = b"[1, 2]"):
        self.body, self.made, self.count = body, Made(), 0
        self.flights: Flights[bytes] = Flights()

    async def rows(self, how: str = "rows") -> list[int]:
        body, _ = await self.flights.join("list", self._asked)
        return self.made.of(body, how, self._make)

    async def _asked(self, took: Took) -> bytes:
        await asyncio.sleep(0)
        return self.body

    def _make(self) -> list[int]:
        self.count += 1
        if not self.body:
            raise ValueError("of no use")
        return [*self.body]


@pytest.fixture
def source() -> Source:
    return Source()


async def test_those_who_waited_for_one_answer_have_the_very_same_rows_which_were_made_once(source: Source) -> None:
    first, second, third = await asyncio.gather(source.rows(), source.rows(), source.rows())

    assert first is second is third
    assert source.count == 1


async def test_another_shape_of_the_same_answer_is_made_by_itself(source: Source) -> None:
    rows, others = await asyncio.gather(source.rows(), source.rows("others"))

    assert rows is not others
    assert source.count == 2


async def test_nothing_is_held_beyond_the_moment(source: Source) -> None:
    await asyncio.gather(source.rows(), source.rows())
    await asyncio.sleep(0)

    assert source.made._known == {}


async def test_who_waited_alone_holds_nothing_for_others(source: Source) -> None:
    await source.rows()

    assert (source.made._known, source.count) == ({}, 1)


async def test_an_answer_of_no_use_is_told_to_each() -> None:
    source = Source(b"")

    told = await asyncio.gather(source.rows(), source.rows(), return_exceptions=True)

    assert [str(one) for one in told] == ["of no use", "of no use"]
    assert source.count == 2


async def test_a_whole_list_that_several_wait_for_is_put_in_order_once() -> None:
    rows, order = [release("hub", str(number)) for number in (2, 3, 1)], orders.releases(None)
    flights: Flights[list[Release]] = Flights()

    async def asked(took: Took) -> list[Release]:
        await asyncio.sleep(0)
        return rows

    async def ordered() -> Sequence[Release]:
        found, _ = await flights.join("list", asked)
        return await Whole(found, Span(order)).more()

    first, second = await asyncio.gather(ordered(), ordered())

    assert first is second
    assert [row.native_id for row in first] == ["1", "2", "3"]
