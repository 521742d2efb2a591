"""Further tries, the circuit and the rate, with the defaults of each kind. The clock stands still."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from resolvers.errors import UpstreamBroken, UpstreamBusy, UpstreamCircuitOpen, UpstreamError, UpstreamRejected
from resolvers.graph.enums import SourceKind
from resolvers.transport.session import Transport
from resolvers.upstreams.config import SourceConfig
from resolvers.upstreams.port import Upstream
from resolvers.upstreams.registry import ADAPTERS
from tests.conftest import MockPort
from tests.contract.conftest import ONE_TRY, Open
from tests.contract.questions import EVERY_KIND, READS, by_id, read
from tests.standing_clock import StandingClock

DataCalls = Callable[[], int]


def defaults(kind: SourceKind) -> dict[str, Any]:
    """Of what other tests turn off."""
    config_type: type[SourceConfig] = ADAPTERS[kind].config_type  # type: ignore[attr-defined]  # as in conftest
    return {name: config_type.model_fields[name].default for name in ONE_TRY}


@pytest.fixture
def time() -> StandingClock:
    return StandingClock()


@pytest.fixture
async def transport(time: StandingClock) -> AsyncIterator[Transport]:
    async with Transport(clock=time.clock) as transport:
        yield transport


@pytest.fixture
async def known(upstream: Open, mocks: MockPort) -> Callable[[SourceKind], Any]:
    """Opens a kind with its defaults and its session made, and gives the rows of its list of releases; nothing is in
    the book of calls."""

    async def opened(kind: SourceKind) -> tuple[Upstream, dict[str, Any]]:
        adapter = upstream(kind, **defaults(kind))
        whole = by_id((await read(READS["releases"](adapter))).rows)
        return adapter, whole

    return opened


@pytest.mark.parametrize("fault", [{"status": 502}, {"status": 503}, {"status": 504}, {"drop": True}], ids=str)
@EVERY_KIND
async def test_what_fails_in_passing_costs_one_call_more_and_no_row(
    kind: SourceKind, fault: dict[str, Any], known: Any, mocks: MockPort, time: StandingClock
) -> None:
    adapter, whole = await known(kind)
    mocks.mocks.calls.clear()
    await read(READS["releases"](adapter))
    usual = len(mocks.calls)
    mocks.mocks.calls.clear()
    mocks.fail(source=kind.value.lower(), **fault, times=1)

    outcome = await read(READS["releases"](adapter))

    assert outcome.errors == []
    assert by_id(outcome.rows) == whole
    assert len(mocks.calls) == usual + 1
    assert time.waits == [1.0 if kind is SourceKind.MEMFAULT else 0.25]


@EVERY_KIND
async def test_a_500_is_asked_once(kind: SourceKind, known: Any, mocks: MockPort, time: StandingClock) -> None:
    adapter, _ = await known(kind)
    mocks.fail(source=kind.value.lower(), status=500)
    mocks.mocks.calls.clear()

    outcome = await read(READS["releases"](adapter))

    paths = [call["path"] for call in mocks.calls]
    assert {type(error) for error in outcome.errors} == {
        UpstreamRejected if kind is SourceKind.BALENA else UpstreamBroken
    }
    assert len(paths) == len(set(paths))
    assert time.waits == []


@EVERY_KIND
async def test_a_429_with_a_short_wait_is_waited_and_answered(
    kind: SourceKind, known: Any, mocks: MockPort, time: StandingClock
) -> None:
    adapter, whole = await known(kind)
    mocks.fail(source=kind.value.lower(), status=429, retry_after=1, times=1)

    outcome = await read(READS["releases"](adapter))

    assert outcome.errors == []
    assert by_id(outcome.rows) == whole
    assert time.waits[0] == 1.0


async def test_memfaults_529_is_a_429_by_another_number(known: Any, mocks: MockPort, time: StandingClock) -> None:
    adapter, whole = await known(SourceKind.MEMFAULT)
    mocks.fail(source="memfault", status=529, retry_after=1, times=1)

    outcome = await read(READS["releases"](adapter))

    assert outcome.errors == []
    assert by_id(outcome.rows) == whole


@EVERY_KIND
async def test_after_a_429_with_a_long_wait_nothing_is_asked_until_it_is_over(
    kind: SourceKind, known: Any, mocks: MockPort, time: StandingClock
) -> None:
    adapter, whole = await known(kind)
    mocks.fail(source=kind.value.lower(), status=429, retry_after=60, times=1)
    await read(READS["releases"](adapter))
    mocks.mocks.calls.clear()

    early = await read(READS["releases"](adapter))
    asked_early = len(mocks.calls)
    time.at += 60
    later = await read(READS["releases"](adapter))

    assert {type(error) for error in early.errors} == {UpstreamBusy}
    assert asked_early == 0
    assert later.errors == []
    assert by_id(later.rows) == whole


@pytest.mark.parametrize("fault", [{"status": 503}, {"drop": True}], ids=["maintenance", "hung up"])
@EVERY_KIND
async def test_a_source_that_goes_on_failing_is_left_alone_and_is_whole_again_afterwards(
    kind: SourceKind, fault: dict[str, Any], known: Any, mocks: MockPort, time: StandingClock
) -> None:
    adapter, whole = await known(kind)
    mocks.fail(source=kind.value.lower(), **fault)
    errors: set[type[UpstreamError]] = set()
    for _ in range(8):
        errors |= {type(error) for error in (await read(READS["releases"](adapter))).errors}
        time.at += 1

    mocks.mocks.calls.clear()
    alone = await read(READS["releases"](adapter))
    asked = len(mocks.calls)
    mocks.mocks.faults.clear()
    time.at += 10
    after = await read(READS["releases"](adapter))

    assert UpstreamCircuitOpen in errors
    assert {type(error) for error in alone.errors} == {UpstreamCircuitOpen}
    assert asked == 0
    assert after.errors == []
    assert by_id(after.rows) == whole
