"""Look-ups that come in the same moment leave as one call, and each gets what it would have got alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from resolvers.errors import UpstreamBusy, UpstreamError, UpstreamRefused, UpstreamTimeout
from resolvers.graph.enums import SourceKind
from resolvers.graph.release import Release
from resolvers.transport import allowance, plan, spending
from resolvers.transport.observe import Call
from resolvers.transport.plan import Plan
from resolvers.transport.session import Transport
from resolvers.upstreams.balena.client import Balena
from resolvers.upstreams.balena.odata import MAX_NUMBERS
from resolvers.upstreams.port import ReleaseQuery
from tests.conftest import MockPort

WHO_AM_I = "/balena/actor/v1/whoami"
Open = Callable[..., Balena]


@pytest.fixture
def told() -> list[Call]:
    return []


@pytest.fixture
async def transport(told: list[Call]) -> AsyncIterator[Transport]:
    async with Transport(told.append) as transport:
        yield transport


@pytest.fixture
def open_balena(upstream: Callable[..., Any]) -> Open:
    return lambda **settings: upstream(SourceKind.BALENA, **{"select_cloud_fields": True, **settings})


@pytest.fixture
async def balena(open_balena: Open, mocks: MockPort) -> Balena:
    """That knows who it is: what is counted from here on are look-ups."""
    source = open_balena()
    await source.releases_by_id(["1"])
    mocks.mocks.calls.clear()
    return source


@pytest.fixture
async def ids(open_balena: Open, mocks: MockPort) -> list[str]:
    source = open_balena()
    found = [row.native_id async for chunk in source.releases(ReleaseQuery()) for row in chunk.rows]
    mocks.mocks.calls.clear()
    return found


async def one(source: Balena, native_id: str, columns: frozenset[str] | None = None) -> Any:
    return (await source.releases_by_id([native_id], columns)).get(native_id)


async def together(source: Balena, ids: Sequence[str]) -> list[Any]:
    return await asyncio.gather(*(one(source, native_id) for native_id in ids))


def named(found: Sequence[Any]) -> list[Any]:
    return [row.native_id if isinstance(row, Release) else row for row in found]


async def test_look_ups_of_the_same_moment_are_one_call_and_each_finds_its_own(
    balena: Balena, ids: list[str], mocks: MockPort
) -> None:
    found = await together(balena, ids[:16])

    assert named(found) == ids[:16]
    assert len(mocks.paths("balena")) == 1


async def test_what_is_found_together_equals_what_is_found_alone(balena: Balena, ids: list[str]) -> None:
    alone = [await one(balena, native_id) for native_id in ids[:5]]

    found = await together(balena, ids[:5])

    assert [(row.name, row.status, row.created_at) for row in found] == [
        (row.name, row.status, row.created_at) for row in alone
    ]


async def test_one_that_is_not_there_is_none_and_costs_the_others_nothing(balena: Balena, ids: list[str]) -> None:
    found = await together(balena, [ids[0], "999999999", ids[1]])

    assert named(found) == [ids[0], None, ids[1]]


async def test_look_ups_of_several_ids_and_with_the_same_one_among_them_go_together(
    balena: Balena, ids: list[str], mocks: MockPort
) -> None:
    asked = [ids[:3], ids[2:5], ids[:1]]

    found = await asyncio.gather(*(balena.releases_by_id(own) for own in asked))

    assert [sorted(one) for one in found] == [sorted(own) for own in asked]
    assert len(mocks.paths("balena")) == 1


async def test_other_columns_are_another_call(balena: Balena, ids: list[str], mocks: MockPort) -> None:
    columns = frozenset({"name"})

    await asyncio.gather(one(balena, ids[0], columns), one(balena, ids[1], columns), one(balena, ids[2]))

    assert len(mocks.paths("balena")) == 2


async def test_another_credential_is_another_call(open_balena: Open, ids: list[str], mocks: MockPort) -> None:
    theirs, ours = open_balena(token="partner-balena-token"), open_balena()

    mine, other = await asyncio.gather(together(ours, ids[:8]), together(theirs, ids[:8]))

    assert named(mine) == ids[:8]
    assert named(other) != ids[:8]
    assert len([path for path in mocks.paths("balena") if path != WHO_AM_I]) == 2


async def test_a_call_takes_no_more_ids_than_the_upstream_does(balena: Balena, mocks: MockPort) -> None:
    await asyncio.gather(*(one(balena, str(number)) for number in range(1, MAX_NUMBERS + 3)))

    sizes = sorted(path.count(",") for path in mocks.paths("balena"))
    assert sizes[1] - sizes[0] == MAX_NUMBERS - 2


@pytest.mark.parametrize(
    "fault", [{"status": status} for status in (400, 403, 404, 500, 502, 503)] + [{"drop": True}, {"reset_body": True}]
)
async def test_what_one_of_them_may_have_caused_has_each_ask_by_itself(
    balena: Balena, ids: list[str], mocks: MockPort, fault: dict[str, Any]
) -> None:
    mocks.fail(source="balena", times=1, **fault)

    found = await together(balena, ids[:3])

    assert named(found) == ids[:3]
    assert len(mocks.paths("balena")) == 1 + 3


@pytest.mark.parametrize(("status", "error"), [(401, UpstreamRefused), (429, UpstreamBusy)])
async def test_what_none_of_them_has_caused_is_the_answer_to_all(
    balena: Balena, ids: list[str], mocks: MockPort, status: int, error: type[UpstreamError]
) -> None:
    mocks.fail(source="balena", times=1, status=status)

    found = await together(balena, ids[:3])

    assert [type(one) for one in found] == [error] * 3
    assert len(mocks.paths("balena")) == 1


async def test_rows_that_are_too_large_together_come_one_by_one(
    balena: Balena, ids: list[str], mocks: MockPort
) -> None:
    balena.asking.http = replace(balena.asking.http, max_bytes=4_000)

    found = await together(balena, ids[:8])

    assert named(found) == ids[:8]
    assert len(mocks.paths("balena")) == 1 + 8


async def test_who_asks_again_by_itself_has_the_time_that_is_left_and_no_more(
    open_balena: Open, ids: list[str], mocks: MockPort
) -> None:
    source = open_balena(timeout_s=1.0)
    await source.releases_by_id(["1"])
    mocks.fail(source="balena", delay_ms=700, status=500, times=1)
    mocks.fail(source="balena", delay_ms=700)

    found = await together(source, ids[:3])

    assert [type(one) for one in found] == [UpstreamTimeout] * 3


async def test_until_a_call_has_its_turn_others_join_it(
    open_balena: Open, ids: list[str], mocks: MockPort, http: aiohttp.ClientSession
) -> None:
    source = open_balena(concurrency=1)
    await source.releases_by_id(["1"])
    mocks.mocks.calls.clear()
    mocks.fail(source="balena", delay_ms=300, times=1)
    first = asyncio.ensure_future(one(source, ids[0]))
    await until_called(mocks, http)

    second = asyncio.ensure_future(one(source, ids[1]))
    async with http.get(f"{mocks.url}/_mock/calls"):  # by then it waits for its turn
        pass
    third = asyncio.ensure_future(one(source, ids[2]))

    assert named([await first, await second, await third]) == ids[:3]
    assert len(mocks.paths("balena")) == 2


async def test_an_answer_that_cannot_be_taken_apart_has_each_ask_by_itself(
    balena: Balena, ids: list[str], mocks: MockPort
) -> None:
    mocks.fail(source="balena", wrong_shape=True, times=1)

    found = await together(balena, ids[:3])

    assert named(found) == ids[:3]
    assert len(mocks.paths("balena")) == 1 + 3


async def until_called(mocks: MockPort, http: aiohttp.ClientSession) -> None:
    async with asyncio.timeout(5):
        while not mocks.paths("balena"):
            async with http.get(f"{mocks.url}/_mock/calls"):
                pass


async def test_one_that_leaves_takes_nobody_along(
    balena: Balena, ids: list[str], mocks: MockPort, http: aiohttp.ClientSession
) -> None:
    mocks.fail(source="balena", delay_ms=200, times=1)
    tasks = [asyncio.ensure_future(one(balena, native_id)) for native_id in ids[:4]]
    await until_called(mocks, http)

    tasks[0].cancel()
    tasks[2].cancel()

    assert named([await tasks[1], await tasks[3]]) == [ids[1], ids[3]]


async def test_the_call_is_in_the_plan_of_the_first_and_shared_in_those_of_the_others(
    balena: Balena, ids: list[str], told: list[Call]
) -> None:
    plans = [Plan() for _ in range(3)]
    told.clear()

    async def planned(own: Plan, native_id: str) -> None:
        with plan.begun(own):
            await one(balena, native_id)

    await asyncio.gather(*map(planned, plans, ids))

    totals = [(own.told["totals"]["calls"], own.told["totals"]["shared"]) for own in plans]
    assert totals == [(1, 0), (0, 1), (0, 1)]
    assert all(
        f"id%20in%20({native_id})" in own.told["calls"][0]["path"] for own, native_id in zip(plans, ids, strict=False)
    )
    assert sorted(str(call.cache) for call in told) == ["None", "SHARED", "SHARED"]


async def test_no_plan_tells_what_others_have_asked(balena: Balena, ids: list[str], mocks: MockPort) -> None:
    mocks.fail(source="balena", status=500, times=1)
    plans = [Plan() for _ in range(3)]

    async def planned(own: Plan, native_id: str) -> None:
        with plan.begun(own):
            await one(balena, native_id)

    await asyncio.gather(*map(planned, plans, ids))

    calls = [[(call["path"].count(","), call["retry"]) for call in own.told["calls"]] for own in plans]
    alone = calls[1][0][0]
    assert calls == [[(alone, False), (alone, True)], [(alone, True)], [(alone, True)]]


async def test_only_the_first_has_spent_a_call(balena: Balena, ids: list[str]) -> None:
    async def spent(native_id: str) -> int:
        spending.begin(10)
        await one(balena, native_id)
        counted = spending._current.get()
        assert counted is not None
        return counted.calls

    assert await asyncio.gather(*map(spent, ids[:3])) == [1, 0, 0]


async def test_each_is_charged_for_its_own_rows_alone(balena: Balena, ids: list[str]) -> None:
    async def charged(native_ids: list[str]) -> int:
        allowance.begin(1_000_000)
        await balena.releases_by_id(native_ids)
        own = allowance.current()
        assert own is not None
        return 1_000_000 - own._left

    few, many = await asyncio.gather(charged(ids[:1]), charged(ids[1:9]))

    assert 5 * few < many < 11 * few


async def test_whole_lists_that_wait_for_one_answer_share_their_rows(
    upstream: Callable[..., Any], mocks: MockPort
) -> None:
    source = upstream(SourceKind.BUILDMASTER)

    async def read() -> list[Release]:
        return [row async for chunk in source.releases(ReleaseQuery()) for row in chunk.rows]

    first, second = await asyncio.gather(read(), read())

    assert len(mocks.paths("buildmaster")) == 1
    assert first
    assert all(one is other for one, other in zip(first, second, strict=True))
