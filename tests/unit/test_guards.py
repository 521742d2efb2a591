"""Guards of one source over real HTTP: further tries, the circuit, and the rate. The clock stands still."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from resolvers.errors import (
    UpstreamBroken,
    UpstreamBusy,
    UpstreamCircuitOpen,
    UpstreamError,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from resolvers.transport import deadline, passed, plan
from resolvers.transport.breaker import Circuit, Patience
from resolvers.transport.cache.memory import Memory
from resolvers.transport.credentials import FixedHeaders, OrPassed
from resolvers.transport.freshness import begin_anew
from resolvers.transport.guards import Guards, Limits
from resolvers.transport.http import Http
from resolvers.transport.observe import Call
from resolvers.transport.plan import Plan
from resolvers.transport.recall import Policy, Recall
from resolvers.transport.retry import Retries
from resolvers.transport.session import Transport
from tests.conftest import served
from tests.standing_clock import StandingClock

LIMITS = Limits(Retries(most=2, backoff_s=0.25), Patience(failures=3, lasting_s=2, open_s=10), heeds_429=True)
ONE_TRY = replace(LIMITS, retries=Retries())
WAITING_S = 5
Answer = tuple[int, dict[str, str]]


@dataclass
class Hub:
    """A source that answers as it is told to, and with 200 from then on. open: until set, callers wait."""

    url: str = ""
    asked: list[str] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    open: threading.Event = field(default_factory=threading.Event)
    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    async def answer(self, request: Request) -> Response:
        self.asked.append(request.method)
        self.arrived.release()
        await asyncio.to_thread(self.open.wait, WAITING_S)
        status, headers = self.answers.pop(0) if self.answers else (200, {})
        return Response('{"it": "is here"}', status, headers)

    def fails(self, status: int, times: int = 1, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers += [(status, named)] * times


@pytest.fixture
def hub() -> Iterator[Hub]:
    made = Hub()
    made.open.set()
    routes = [Route("/{path:path}", made.answer, methods=["GET", "POST", "PUT"])]
    with served(Starlette(routes=routes)) as made.url:
        yield made


@dataclass
class Told:
    """What guards told."""

    circuits: list[Circuit] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)

    def circuit(self, source: str, circuit: Circuit) -> None:
        self.circuits.append(circuit)

    def held_back(self, source: str, code: str) -> None:
        self.codes.append(code)


@dataclass
class World:
    hub: Hub
    transport: Transport
    time: StandingClock
    calls: list[Call]
    told: Told = field(default_factory=Told)

    def http(self, limits: Limits = LIMITS, policy: Policy | None = None) -> Http:
        guards = Guards("hub", limits, self.told)
        return Http(self.transport, "hub", self.hub.url, WAITING_S, guards=guards, policy=policy or Policy())

    async def arrivals(self, count: int) -> None:
        """So many calls have arrived since the beginning."""
        for _ in range(count):
            await asyncio.to_thread(self.hub.arrived.acquire, timeout=WAITING_S)

    async def fail(self, http: Http, times: int = 3, seconds: float = 1) -> None:
        """So often, with some time in between."""
        self.hub.fails(503, times)
        for _ in range(times):
            await error_of(http.get("/it"))
            self.time.at += seconds


@pytest.fixture
async def world(hub: Hub) -> AsyncIterator[World]:
    calls: list[Call] = []
    time = StandingClock()
    async with Transport(calls.append, Recall(Memory(2**20), b"key"), clock=time.clock) as transport:
        yield World(hub, transport, time, calls)


async def error_of(asking: Any) -> UpstreamError | None:
    try:
        await asking
    except UpstreamError as error:
        return error
    return None


# Further tries


async def test_a_read_that_fails_in_passing_is_answered_and_every_try_is_told(world: World) -> None:
    world.hub.fails(503, times=2)
    listed = Plan()

    with plan.begun(listed):
        body = await world.http().get("/it")

    assert b"is here" in body
    assert [(call.status, call.is_retry) for call in world.calls] == [(503, False), (503, True), (200, True)]
    assert listed.told["totals"]["calls"] == 3
    assert [call["retry"] for call in listed.told["calls"]] == [False, True, True]
    assert world.time.waits == [0.25, 0.5]


async def test_a_read_that_goes_on_failing_says_how_often_it_was_tried(world: World) -> None:
    world.hub.fails(503, times=9)

    error = await error_of(world.http().get("/it?with=query"))

    assert isinstance(error, UpstreamBroken)
    assert str(error) == "hub: failed: 503 (GET /it, 3 tries)"
    assert len(world.hub.asked) == 3


async def test_a_read_by_post_is_tried_again_and_a_login_is_not(world: World) -> None:
    http = world.http()
    world.hub.fails(503)
    read = await error_of(http.post_form("/read", {"a": "b"}))
    world.hub.fails(503)
    login = await error_of(http.post_json("/login", b"{}", is_session=True))

    assert read is None
    assert isinstance(login, UpstreamBroken)
    assert world.hub.asked == ["POST"] * 3


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_change_is_sent_once_whatever_becomes_of_it(world: World, method: str) -> None:
    world.hub.fails(503, times=5, Retry_After="1")

    error = await error_of(world.http().change(method, "/it", b"{}", lambda body: None))

    assert isinstance(error, UpstreamBroken)
    assert world.hub.asked == [method]


@pytest.mark.parametrize("status", [500, 404, 400, 401, 403, 302])
async def test_what_would_be_answered_alike_is_not_asked_again(world: World, status: int) -> None:
    world.hub.fails(status)

    error = await error_of(world.http().get("/it"))

    assert error is not None
    assert len(world.hub.asked) == 1


async def test_no_connection_is_tried_again(world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        nowhere = f"http://127.0.0.1:{listener.getsockname()[1]}"

    error = await error_of(replace(world.http(), base_url=nowhere).get("/it"))

    assert isinstance(error, UpstreamUnreachable)
    assert str(error).endswith("(GET /it, 3 tries)")
    assert len(world.calls) == 3


@pytest.mark.parametrize("status", [429, 503])
async def test_a_short_wait_that_the_source_asks_for_is_waited(world: World, status: int) -> None:
    world.hub.fails(status, Retry_After="1")

    body = await world.http().get("/it")

    assert b"is here" in body
    assert world.time.waits == [1.0]


@pytest.mark.parametrize(("status", "error"), [(429, UpstreamBusy), (503, UpstreamBroken)])
async def test_a_long_wait_is_told_and_not_waited(world: World, status: int, error: type[UpstreamError]) -> None:
    world.hub.fails(status, Retry_After="30")

    told = await error_of(world.http().get("/it"))

    assert isinstance(told, error)
    assert "it wants to be asked again in 30 s" in str(told)
    assert told.extensions["retryAfter"] == 30
    assert world.time.waits == []


async def test_when_everything_fails_little_more_is_asked_than_without_retries(world: World) -> None:
    http = world.http(replace(LIMITS, patience=Patience()))
    world.hub.fails(503, times=100)

    for _ in range(30):
        await error_of(http.get("/it"))

    assert len(world.hub.asked) == 30 + 10 + 30 // 10 - 1


async def test_those_who_ask_the_same_share_the_tries_and_one_that_leaves_stops_none(world: World) -> None:
    world.hub.fails(503)
    world.hub.open.clear()
    http = world.http()

    asking = [asyncio.create_task(http.get("/it")) for _ in range(10)]
    await world.arrivals(1)
    asking.pop(0).cancel()
    world.hub.open.set()
    bodies = await asyncio.gather(*asking)

    assert len(bodies) == 9
    assert len(world.hub.asked) == 2


# The circuit


async def test_a_source_that_goes_on_failing_is_left_alone_and_says_when_it_is_tried_again(world: World) -> None:
    http = world.http(ONE_TRY)
    await world.fail(http)
    world.time.at += 0.5

    error = await error_of(http.get("/it"))

    assert isinstance(error, UpstreamCircuitOpen)
    assert str(error) == (
        "hub: not asked, since 3 calls in a row failed, the last with UPSTREAM_BROKEN; it is tried again in 9 s"
    )
    assert error.extensions == {"code": "UPSTREAM_CIRCUIT_OPEN", "source": "hub", "retryAfter": 9}
    assert len(world.hub.asked) == 3
    assert world.told == Told([Circuit.OPEN], ["UPSTREAM_CIRCUIT_OPEN"])


async def test_a_change_meets_the_circuit_before_it_leaves(world: World) -> None:
    http = world.http(ONE_TRY)
    await world.fail(http)

    error = await error_of(http.change("PUT", "/it", b"{}", lambda body: None))

    assert isinstance(error, UpstreamCircuitOpen)
    assert "PUT" not in world.hub.asked


async def test_one_call_of_many_tries_whether_it_is_well_again_and_then_all_are_made(world: World) -> None:
    http = world.http(ONE_TRY)
    await world.fail(http)
    world.time.at += 10
    world.hub.open.clear()

    asking = [asyncio.create_task(error_of(http.get(f"/{number}"))) for number in range(6)]
    await world.arrivals(3 + 1)
    asked = len(world.hub.asked)
    world.hub.open.set()
    errors = await asyncio.gather(*asking)

    assert asked == 3 + 1
    assert errors == [None] * 6
    assert len(world.hub.asked) == 3 + 6
    assert world.told.circuits == [Circuit.OPEN, Circuit.HALF_OPEN, Circuit.CLOSED]


async def test_a_try_that_takes_long_is_waited_for_no_longer(world: World) -> None:
    http = world.http(ONE_TRY)
    await world.fail(http)
    world.time.at += 10
    world.hub.open.clear()
    probe = asyncio.create_task(http.get("/probe"))
    await world.arrivals(3 + 1)
    world.time.at += 2

    error = await error_of(http.get("/it"))
    world.hub.open.set()

    assert isinstance(error, UpstreamCircuitOpen)
    assert b"is here" in await probe


async def test_when_that_call_fails_none_of_the_others_is_made(world: World) -> None:
    http = world.http(ONE_TRY)
    await world.fail(http)
    world.time.at += 10
    world.hub.fails(503)

    errors = await asyncio.gather(*(error_of(http.get(f"/{number}")) for number in range(6)))

    assert [type(error) for error in errors] == [UpstreamBroken, *[UpstreamCircuitOpen] * 5]
    assert len(world.hub.asked) == 3 + 1


async def test_a_probe_whose_client_leaves_does_not_shut_the_source_out(world: World) -> None:
    http = world.http(ONE_TRY)
    await world.fail(http)
    world.time.at += 10
    world.hub.open.clear()

    probe, other = [asyncio.create_task(http.get(f"/{number}")) for number in range(2)]
    await world.arrivals(3 + 1)
    probe.cancel()
    await asyncio.wait([probe])
    world.hub.open.set()

    assert b"is here" in await other


async def test_once_it_is_open_nobody_tries_again(world: World) -> None:
    http = world.http()
    world.time.chance = 0
    world.hub.fails(503, times=99)
    await error_of(http.get("/it"))
    world.time.at += 2

    error = await error_of(http.get("/it"))

    assert isinstance(error, UpstreamBroken)
    assert str(error) == "hub: failed: 503 (GET /it)"
    assert len(world.hub.asked) == 4
    assert world.told.circuits == [Circuit.OPEN]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
async def test_who_refuses_is_not_broken(world: World, status: int) -> None:
    http = world.http(ONE_TRY)
    world.hub.fails(status, times=10)

    for _ in range(10):
        await error_of(http.get("/it"))
        world.time.at += 1

    assert len(world.hub.asked) == 10
    assert world.told.circuits == []


async def test_what_one_callers_credential_meets_shuts_nobody_else_out(world: World) -> None:
    own = FixedHeaders({"Authorization": "Bearer own"})
    http = world.http(ONE_TRY).signed(OrPassed("hub", "x-hub-token", own, lambda token: {"Authorization": token}))
    ada, bob = [{"hub": passed.passed(name, b"key")} for name in ("ada", "bob")]

    with passed.begun(ada):
        await world.fail(http)
        of_ada = await error_of(http.get("/it"))
    with passed.begun(bob):
        of_bob = await error_of(http.get("/it"))
    of_nobody = await error_of(http.get("/it"))

    assert isinstance(of_ada, UpstreamCircuitOpen)
    assert (of_bob, of_nobody) == (None, None)


async def test_while_it_is_open_the_last_good_answer_is_shown_as_old(world: World) -> None:
    http = world.http(ONE_TRY, Policy(stale_if_error_s=600))
    good = await http.get("/it")
    await world.fail(http)
    asked = len(world.hub.asked)

    told = begin_anew()
    shown = await http.get("/it")

    age = told.of("hub")
    assert shown == good
    assert age is not None
    assert age.is_stale
    assert len(world.hub.asked) == asked


# The rate


async def test_after_a_429_it_is_not_asked_before_it_wants_to_be(world: World) -> None:
    http = world.http()
    world.hub.fails(429, Retry_After="30")
    await error_of(http.get("/it"))
    world.time.at += 5

    early = await error_of(http.get("/it"))
    world.time.at += 25
    later = await error_of(http.get("/it"))

    assert isinstance(early, UpstreamBusy)
    assert str(early) == "hub: not asked, since it was asked too often before; it is asked again in 25 s"
    assert early.extensions["retryAfter"] == 25
    assert later is None
    assert len(world.hub.asked) == 2


async def test_after_a_429_calls_wait_their_turn(world: World) -> None:
    http = world.http(ONE_TRY)
    world.hub.fails(429)
    await error_of(http.get("/it"))

    await http.get("/one")
    await http.get("/two")
    heedless = world.http(replace(ONE_TRY, heeds_429=False))
    world.hub.fails(429)
    await error_of(heedless.get("/it"))
    await heedless.get("/it")

    assert world.time.waits == pytest.approx([1.0, 0.2])


# The time


async def test_no_connection_within_its_own_time_is_unreachable(world: World) -> None:
    with ExitStack() as full:
        listener = full.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(3):  # nobody takes them: the next one is not even answered
            waiting = full.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        away = f"http://127.0.0.1:{listener.getsockname()[1]}"

        error = await error_of(replace(world.http(ONE_TRY), base_url=away, connect_timeout_s=0.05).get("/it"))

    assert isinstance(error, UpstreamUnreachable)
    assert str(error) == "hub: no connection within 0.05 s (GET /it)"


async def test_a_call_that_was_not_shared_ends_with_the_request(world: World) -> None:
    world.hub.open.clear()
    deadline.begin(0.05)

    cut = await error_of(world.http().change("PUT", "/it", b"{}", lambda body: None))
    deadline.begin(0)
    never = await error_of(world.http().change("PUT", "/it", b"{}", lambda body: None))
    world.hub.open.set()

    assert isinstance(cut, UpstreamTimeout)
    assert str(cut) == "hub: no full answer in the time that the whole request had left for it (PUT /it)"
    assert isinstance(never, UpstreamTimeout)
    assert len(world.hub.asked) == 1
    assert world.told.circuits == []
