"""Coalescing: one call for all who ask the same at once, for as long as one of them waits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from resolvers.transport import allowance
from resolvers.transport.allowance import Allowance, UsedUp
from resolvers.transport.coalesce import Flights, Took
from resolvers.transport.plan import Plan, begun


class Upstream:
    """Counts what it is asked, and answers when told to: with parts of ten bytes, or an error."""

    def __init__(self, error: Exception | None = None, parts: int = 1):
        self.gate, self.asked, self.cancelled = asyncio.Event(), 0, 0
        self.error, self.parts = error, parts

    async def ask(self, took: Took) -> str:
        self.asked += 1
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.error is not None:
            raise self.error
        for _ in range(self.parts):
            if not took(10):
                raise OverflowError
        return "rows"


async def settled(*tasks: asyncio.Future[tuple[str, bool]]) -> list[object]:
    return [
        one if isinstance(one, tuple) else type(one) for one in await asyncio.gather(*tasks, return_exceptions=True)
    ]


def waiting(flights: Flights[str], upstream: Upstream, key: str = "k") -> asyncio.Task[tuple[str, bool]]:
    return asyncio.create_task(flights.join(key, upstream.ask))


async def begun_all(*tasks: object) -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def test_who_asks_the_same_at_once_shares_one_call_and_other_keys_have_their_own() -> None:
    flights, upstream = Flights[str](), Upstream()

    same, other = [waiting(flights, upstream) for _ in range(3)], waiting(flights, upstream, "another")
    await begun_all()
    upstream.gate.set()

    assert await settled(*same, other) == [("rows", False), ("rows", True), ("rows", True), ("rows", False)]
    assert (upstream.asked, len(flights)) == (2, 0)


async def test_one_who_leaves_does_not_end_the_call_and_the_last_one_does() -> None:
    flights, upstream = Flights[str](), Upstream()
    first, second = waiting(flights, upstream), waiting(flights, upstream)
    await begun_all()

    first.cancel()
    await begun_all()
    still_asked = (upstream.cancelled, len(flights))
    second.cancel()
    await begun_all()

    assert (still_asked, upstream.cancelled, len(flights)) == ((0, 1), 1, 0)


async def test_who_comes_after_the_last_one_left_gets_a_call_of_its_own() -> None:
    flights, left, asked = Flights[str](), Upstream(), Upstream()
    first = waiting(flights, left)
    await begun_all()

    first.cancel()
    await asyncio.sleep(0)
    asked.gate.set()

    assert await waiting(flights, asked) == ("rows", False)


async def test_an_error_is_for_those_who_waited_and_is_not_remembered() -> None:
    flights, broken, mended = Flights[str](), Upstream(ConnectionError()), Upstream()
    first, second = waiting(flights, broken), waiting(flights, broken)
    await begun_all()

    broken.gate.set()
    mended.gate.set()

    assert await settled(first, second) == [ConnectionError, ConnectionError]
    assert await waiting(flights, mended) == ("rows", False)


async def test_each_waiter_is_charged_and_one_without_allowance_leaves_the_others_their_answer() -> None:
    flights, upstream = Flights[str](), Upstream(parts=3)
    rich, poor = Allowance(30), Allowance(25)

    async def join(own: Allowance) -> tuple[str, bool]:
        own.go_on()
        return await flights.join("k", upstream.ask)

    tasks = [asyncio.create_task(join(own)) for own in (rich, poor)]
    await begun_all()
    upstream.gate.set()

    assert await settled(*tasks) == [("rows", False), UsedUp]
    assert (rich.take(0), rich.take(1)) == (True, False)


async def test_a_call_whose_every_waiter_has_used_up_its_allowance_ends_by_itself() -> None:
    flights, upstream = Flights[str](), Upstream(parts=3)
    upstream.gate.set()

    async def join() -> tuple[str, bool]:
        allowance.begin(15)
        return await flights.join("k", upstream.ask)

    assert await settled(asyncio.create_task(join())) == [OverflowError]


async def test_one_who_joins_late_is_charged_for_what_came_before() -> None:
    flights, gate = Flights[str](), asyncio.Event()

    async def ask(took: Took) -> str:
        took(20)
        await gate.wait()
        return "rows"

    async def join(size_bytes: int) -> tuple[str, bool]:
        allowance.begin(size_bytes)
        return await flights.join("k", ask)

    first = asyncio.create_task(join(20))
    await begun_all()
    late = asyncio.create_task(join(19))
    await begun_all()
    gate.set()

    assert await settled(first, late) == [("rows", False), UsedUp]


async def test_who_asks_in_the_moment_it_lands_gets_what_landed() -> None:
    """Between the end of the call and the turn of those who waited for it."""
    flights, late = Flights[str](), list[asyncio.Task[tuple[str, bool]]]()

    async def again(took: Took) -> str:
        return "asked twice"

    async def ask(took: Took) -> str:
        loop = asyncio.get_running_loop()
        loop.call_soon(lambda: late.append(asyncio.ensure_future(flights.join("k", again))))
        return "rows"

    first = await flights.join("k", ask)

    assert (first, await late[0], len(flights)) == (("rows", False), ("rows", True), 0)


async def test_a_call_behind_waits_for_nobody_and_serves_who_comes() -> None:
    flights, upstream = Flights[str](), Upstream()

    flights.begin("k", upstream.ask)
    flights.begin("k", upstream.ask)
    leaving, staying = waiting(flights, upstream), waiting(flights, upstream)
    await begun_all()
    leaving.cancel()
    upstream.gate.set()

    assert await staying == ("rows", True)
    assert upstream.asked == 1


async def test_a_call_behind_is_in_nobodys_plan() -> None:
    flights, seen, made = Flights[str](), [], Plan()

    async def ask(took: Took) -> str:
        from resolvers.transport.plan import _plan

        seen.append(_plan.get())
        return "rows"

    with begun(made):
        flights.begin("behind", ask)
        await flights.join("own", ask)

    assert seen == [None, made]


async def test_closing_ends_all_calls() -> None:
    flights, upstream = Flights[str](), Upstream()
    flights.begin("behind", upstream.ask)
    waiter = waiting(flights, upstream)
    await begun_all()

    await flights.close()

    assert await settled(waiter) == [asyncio.CancelledError]
    assert upstream.cancelled == upstream.asked == 2


@pytest.mark.parametrize("count", [1, 1000])
async def test_nothing_is_left_behind(count: int) -> None:
    flights, upstream = Flights[str](), Upstream()
    upstream.gate.set()
    ask: Callable[[Took], Awaitable[str]] = upstream.ask

    await asyncio.gather(*(flights.join(number % 7, ask) for number in range(count)))

    assert len(flights) == 0
