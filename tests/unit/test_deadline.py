"""The deadline of a request: who waits longer than it has is told so, and costs the others nothing."""

from __future__ import annotations

import asyncio
import math

import pytest

from resolvers.errors import UpstreamTimeout
from resolvers.transport import deadline
from resolvers.transport.coalesce import Flights, Took
from resolvers.transport.credentials import FixedHeaders
from resolvers.transport.deadline import Over
from resolvers.transport.kept import Kept

NO_TIME_S = 0.0
PLENTY_S = 60.0


class Gate:
    """Answers once it is opened. asked: how often; the time each asking had left."""

    def __init__(self) -> None:
        self.open, self.left_s = asyncio.Event(), list[float]()

    async def __call__(self, took: Took | None = None) -> str:
        self.left_s.append(deadline.left_s())
        await self.open.wait()
        return "here"


async def in_time(seconds: float, flights: Flights[str], gate: Gate) -> str:
    deadline.begin(seconds)
    answer, _ = await flights.join("it", gate)
    return answer


async def test_one_whose_time_is_up_leaves_the_call_to_those_who_have_more() -> None:
    flights, gate = Flights[str](), Gate()

    hasty, patient = [asyncio.create_task(in_time(seconds, flights, gate)) for seconds in (NO_TIME_S, PLENTY_S)]
    await asyncio.wait([hasty])
    gate.open.set()

    assert isinstance(hasty.exception(), Over)
    assert await patient == "here"
    assert gate.left_s == [math.inf]


async def test_a_call_that_nobody_has_time_for_any_more_is_cancelled() -> None:
    flights, gate = Flights[str](), Gate()

    with pytest.raises(Over) as over:
        await in_time(NO_TIME_S, flights, gate)

    assert not over.value.is_shared
    assert len(flights) == 0


async def test_who_joins_anothers_call_and_has_no_time_is_told_so() -> None:
    flights, gate = Flights[str](), Gate()
    first = asyncio.create_task(in_time(PLENTY_S, flights, gate))
    await asyncio.sleep(0)

    with pytest.raises(Over) as over:
        await in_time(NO_TIME_S, flights, gate)
    gate.open.set()

    assert over.value.is_shared
    assert await first == "here"


async def test_a_session_is_waited_for_until_the_end_and_goes_on_for_the_others() -> None:
    gate = Gate()
    kept = Kept(FixedHeaders({}), gate, source="hub")

    async def get(seconds: float) -> str:
        deadline.begin(seconds)
        return await kept.get()

    hasty, patient = asyncio.create_task(get(NO_TIME_S)), asyncio.create_task(get(PLENTY_S))
    await asyncio.wait([hasty])
    gate.open.set()

    assert isinstance(error := hasty.exception(), UpstreamTimeout)
    assert error.source == "hub"
    assert await patient == "here"
    assert gate.left_s == [math.inf]


async def test_no_call_may_take_all_the_time_that_is_left() -> None:
    deadline.begin(PLENTY_S)

    assert deadline.share_s() < 0.9 * deadline.left_s()


async def test_without_a_deadline_nobody_is_hurried() -> None:
    assert deadline.left_s() == math.inf
    assert deadline.ends(asyncio.get_running_loop().create_future()) is None


async def test_an_answer_that_is_there_is_given_also_when_it_is_late() -> None:
    gate = Gate()
    gate.open.set()
    kept = Kept(FixedHeaders({}), gate, source="hub")
    await kept.get()

    deadline.begin(NO_TIME_S)

    assert await kept.get() == "here"
