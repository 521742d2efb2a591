"""The transport: what one list may read, and what a source's answers become."""

from __future__ import annotations

import asyncio

from resolvers.transport import allowance
from resolvers.transport.credentials import FixedHeaders
from resolvers.transport.kept import Kept


async def test_an_allowance_is_shared_by_the_calls_of_one_list_and_by_no_other() -> None:
    async def listed() -> list[bool]:
        allowance.begin(100)
        taken = await asyncio.gather(*(asyncio.to_thread(allowance.take, 40) for _ in range(3)))
        return sorted(taken)

    first, second = await asyncio.gather(listed(), listed())

    assert first == second == [False, True, True]
    assert allowance.take(10**12)


async def test_kept_asks_once_for_everyone_and_again_when_its_time_is_over() -> None:
    now, asked = [0.0], []

    async def ask() -> int:
        asked.append(now[0])
        await asyncio.sleep(0)
        return len(asked)

    kept = Kept(FixedHeaders({}), ask, for_s=300, clock=lambda: now[0])

    together = await asyncio.gather(*(kept.get() for _ in range(50)))
    now[0] = 299.0
    still = await kept.get()
    now[0] = 300.0
    anew = await kept.get()

    assert (set(together), still, anew) == ({1}, 1, 2)
    assert asked == [0.0, 300.0]


async def test_kept_keeps_no_error_and_no_waiter_takes_the_answer_along() -> None:
    gate, tries = asyncio.Event(), []

    async def ask() -> str:
        tries.append(1)
        await gate.wait()
        if len(tries) == 1:
            raise ConnectionError
        return "here"

    kept = Kept(FixedHeaders({}), ask)
    leaving, staying = asyncio.ensure_future(kept.get()), asyncio.ensure_future(kept.get())
    await asyncio.sleep(0)
    leaving.cancel()
    gate.set()
    outcomes = await asyncio.gather(leaving, staying, return_exceptions=True)

    again = await kept.get()

    assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError, ConnectionError]
    assert (again, len(tries)) == ("here", 2)


def test_fixed_headers_show_names_and_no_secret() -> None:
    assert repr(FixedHeaders({"Authorization": "Bearer hemlighet"})) == "FixedHeaders(Authorization)"
