"""Sources that fail, wait or want to be left alone: what the others answer meanwhile, and what is told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import aiohttp
import pytest

from gateway.app import create_app
from gateway.demo import WRITE_TOKEN, demo_settings
from tests.conftest import MockPort, served
from tests.graph.telling import SLOW_MS, Told

PAGE = "{ releases(first: 20) { nodes { id fleet { name } } sources { source { name } state } } }"
TRACK = """mutation { trackLatestRelease(input: {source: "balena", slug: "acme/gauge", enabled: false}) {
  userErrors { code } } }"""
OTHERS = ("balena", "buildmaster", "metakraftwerk", "nerveshub")
SOON_S = 3
"Enough for those that answer, on a busy machine, also in the fifth of it that is left for what is below a list."

Begin = Callable[..., AbstractAsyncContextManager[Told]]


@pytest.fixture
def begin(mocks: MockPort) -> Begin:
    """The demo's gateway with guards: `begin(retries=2)`, of every source; the deadline is the server's."""

    @asynccontextmanager
    async def begun(deadline_s: float = 25, **of_sources: Any) -> AsyncIterator[Told]:
        settings = demo_settings(mocks.url, 8000)
        sources = {name: one.model_copy(update=of_sources) for name, one in settings.sources.items()}
        server = settings.server.model_copy(update={"deadline_s": deadline_s})
        with served(create_app(settings.model_copy(update={"sources": sources, "server": server}))) as url:
            async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {WRITE_TOKEN}"}) as session:
                yield Told(url, session)

    return begun


def states(answer: dict[str, Any]) -> dict[str, str]:
    of_sources: dict[str, str] = answer["extensions"]["sources"]
    return of_sources


def codes(answer: dict[str, Any]) -> set[tuple[str, str]]:
    return {(error["extensions"]["code"], error["extensions"]["source"]) for error in answer.get("errors", ())}


LIVE = dict.fromkeys(OTHERS, "LIVE")


async def test_a_session_that_is_not_made_in_time_costs_its_source_alone(begin: Begin, mocks: MockPort) -> None:
    async with begin(deadline_s=SOON_S) as gateway:
        mocks.fail(source="memfault", delay_ms=SLOW_MS)
        _, _, answer = await gateway.ask(PAGE)

    assert states(answer) == {**LIVE, "memfault": "FAILED"}
    assert codes(answer) == {("UPSTREAM_TIMEOUT", "memfault")}


async def test_what_has_not_answered_in_time_is_missing_and_the_others_are_there(begin: Begin, mocks: MockPort) -> None:
    async with begin(deadline_s=SOON_S) as gateway:
        await gateway.ask(PAGE)
        mocks.fail(source="memfault", path="*/releases*", delay_ms=SLOW_MS)
        _, _, during = await gateway.ask(PAGE)
        mocks.mocks.faults.clear()
        _, _, after = await gateway.ask(PAGE)

    assert states(during) == {**LIVE, "memfault": "FAILED"}
    assert codes(during) == {("UPSTREAM_TIMEOUT", "memfault")}
    assert len(during["data"]["releases"]["nodes"]) == 20
    assert states(after) == {**LIVE, "memfault": "LIVE"}


async def test_a_change_that_has_no_time_left_is_not_called_undone(begin: Begin, mocks: MockPort) -> None:
    async with begin(deadline_s=SOON_S) as gateway:
        mocks.fail(source="balena", path="*/application(*", delay_ms=SLOW_MS)
        _, _, answer = await gateway.ask(TRACK)
    mocks.mocks.reset()

    assert codes(answer) == {("CHANGE_UNCONFIRMED", "balena")}


async def test_a_failure_in_passing_is_seen_in_the_metrics_and_the_plan_alone(begin: Begin, mocks: MockPort) -> None:
    async with begin(retries=2, retry_backoff_s=0) as gateway:
        await gateway.ask(PAGE)
        mocks.fail(source="memfault", status=503, times=2)
        _, _, answer = await gateway.ask(PAGE, **{"x-explain": "on"})

        assert "errors" not in answer
        assert states(answer) == {**LIVE, "memfault": "LIVE"}
        assert await gateway.sample("releasegraph_upstream_retries_total", source="memfault") == 2
        calls = [call for call in answer["extensions"]["plan"]["calls"] if call["source"] == "memfault"]
        assert sorted(call["status"] for call in calls if not call["session"])[-2:] == [503, 503]
        assert sum(call["retry"] for call in calls) == 2


async def test_a_source_that_is_left_alone_costs_its_rows_and_says_so_everywhere(begin: Begin, mocks: MockPort) -> None:
    async with begin(breaker_failures=3, breaker_after_s=0, breaker_open_s=600) as gateway:
        _, before = await gateway.ready()
        mocks.fail(source="memfault", status=503)
        for _ in range(3):
            await gateway.ask(PAGE)
        asked = len(mocks.paths("memfault"))
        _, _, answer = await gateway.ask(PAGE)

        _, ready = await gateway.ready()
        assert codes(answer) == {("UPSTREAM_CIRCUIT_OPEN", "memfault")}
        assert states(answer) == {**LIVE, "memfault": "FAILED"}
        assert len(answer["data"]["releases"]["nodes"]) == 20
        assert len(mocks.paths("memfault")) == asked
        assert {one["circuit"] for one in before["sources"].values()} == {"CLOSED"}
        assert {name for name, one in ready["sources"].items() if one["circuit"] == "OPEN"} == {"memfault"}
        assert ready["sources"]["memfault"]["lastErrorCode"] == "UPSTREAM_BROKEN"
        assert await gateway.sample("releasegraph_source_circuit", source="memfault") == 2
        assert await gateway.sample("releasegraph_source_circuit", source="balena") == 0
        held_back = {"source": "memfault", "code": "UPSTREAM_CIRCUIT_OPEN"}
        assert await gateway.sample("releasegraph_upstream_held_back_total", **held_back) > 0


async def test_a_source_that_is_well_again_is_live_at_the_next_question(begin: Begin, mocks: MockPort) -> None:
    async with begin(breaker_failures=3, breaker_after_s=0, breaker_open_s=0) as gateway:
        _, _, whole = await gateway.ask(PAGE)
        mocks.fail(source="memfault", status=503)
        for _ in range(3):
            await gateway.ask(PAGE)
        opened = await gateway.sample("releasegraph_source_circuit", source="memfault")
        mocks.mocks.faults.clear()
        _, _, after = await gateway.ask(PAGE)

        assert opened == 2
        assert after == whole
        assert await gateway.sample("releasegraph_source_circuit", source="memfault") == 0
