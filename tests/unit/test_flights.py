"""Operations in flight: how many, and how they are ended."""

from __future__ import annotations

import asyncio

import pytest

from gateway.execution.flights import Ended, Flight, Flights, NotTaken, Why
from resolvers.transport import departure


async def flown(flights: Flights, begun: asyncio.Event, work: asyncio.Future[str]) -> str:
    with flights.begun():
        begun.set()
        return await work


async def in_flight(flights: Flights) -> tuple[asyncio.Task[str], asyncio.Future[str]]:
    """A task whose operation has begun, and what it waits for."""
    begun, work = asyncio.Event(), asyncio.get_running_loop().create_future()
    task = asyncio.ensure_future(flown(flights, begun, work))
    await begun.wait()
    return task, work


async def test_one_more_than_the_most_is_not_taken_until_one_is_over() -> None:
    flights = Flights(1)
    first, work = await in_flight(flights)

    with pytest.raises(NotTaken, match="1 operations in flight"), flights.begun():
        pass
    work.set_result("done")
    await first
    with flights.begun():
        taken = len(flights)

    assert (taken, len(flights)) == (1, 0)


async def test_what_still_runs_when_the_grace_is_over_is_ended_and_its_task_goes_on() -> None:
    flights = Flights(10)
    task, work = await in_flight(flights)

    flights.drain(0)
    with pytest.raises(Ended) as ended:
        await task

    assert (ended.value.why, work.cancelled(), task.cancelling()) == (Why.STOPPING, True, 0)
    with pytest.raises(NotTaken, match="stopping"), flights.begun():
        pass


async def test_while_it_drains_operations_are_taken_and_answered() -> None:
    flights = Flights(10)
    flights.drain(3600)

    with flights.begun():
        taken = len(flights)
    flights.close()

    assert (taken, flights.is_draining) == (1, True)


async def test_a_second_word_to_drain_can_only_shorten_the_first() -> None:
    flights = Flights(10)
    task, _ = await in_flight(flights)

    flights.drain(0)
    flights.drain(3600)

    with pytest.raises(Ended):
        await task


async def test_a_cancel_from_elsewhere_stays_a_cancel() -> None:
    task, _ = await in_flight(Flights(10))

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_batches_of_their_own_are_given_up_with_the_operation_and_others_are_not() -> None:
    flights, asked = Flights(10), asyncio.Event()
    never: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    batches: list[asyncio.Task[None]] = []
    flight_of: list[Flight] = []

    async def batch() -> None:
        with departure.waiting():
            asked.set()
            await asyncio.shield(never)

    async def operation() -> None:
        with flights.begun() as flight:
            flight_of.append(flight)
            batches.append(asyncio.ensure_future(batch()))
            await asyncio.shield(never)

    task, outsider = asyncio.ensure_future(operation()), asyncio.ensure_future(batch())
    await asked.wait()
    await asyncio.sleep(0)
    flight_of[0].end(Why.GONE)
    await asyncio.gather(task, *batches, return_exceptions=True)

    assert isinstance(task.exception(), Ended)
    assert batches[0].cancelled()
    assert not outsider.done()
    outsider.cancel()


async def test_who_comes_to_ask_after_the_departure_asks_nothing() -> None:
    leaving = departure.Departure()
    leaving.leave()

    with leaving.watched(), pytest.raises(asyncio.CancelledError), departure.waiting():
        pytest.fail("it was let in")
