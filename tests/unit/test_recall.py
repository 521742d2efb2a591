"""Recall: reads of one source over real HTTP, remembered and shared, and when they must not be."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from resolvers.errors import (
    SourceTooLarge,
    UpstreamBroken,
    UpstreamBusy,
    UpstreamError,
    UpstreamPayloadError,
    UpstreamRefused,
    UpstreamRejected,
    UpstreamTimeout,
)
from resolvers.transport import allowance, freshness, once, plan
from resolvers.transport.cache import Store
from resolvers.transport.cache.memory import Memory
from resolvers.transport.cache.redis import Redis
from resolvers.transport.credentials import FixedHeaders
from resolvers.transport.freshness import Age
from resolvers.transport.http import Http
from resolvers.transport.observe import Call
from resolvers.transport.plan import Plan
from resolvers.transport.recall import FORGETFUL, Policy, Recall
from resolvers.transport.session import Transport
from resolvers.upstreams import payload
from tests.conftest import served

POLICY = Policy(ttl_s=5, stale_s=10, stale_if_error_s=300)
WAITING_S = 5


@dataclass
class Hub:
    """A source that tells whose rows it sends and how often it was asked. open: until set, it lets callers wait."""

    url: str = ""
    asked: list[str] = field(default_factory=list)
    status: int = 200
    body: str = '{{"of": "{owner}", "answer": {number}}}'
    headers: dict[str, str] = field(default_factory=dict)
    open: threading.Event = field(default_factory=threading.Event)
    arrivals: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    async def was_asked(self) -> None:
        """Once more."""
        await asyncio.to_thread(self.arrivals.acquire, timeout=WAITING_S)

    async def answer(self, request: Request) -> Response:
        self.asked.append(f"{request.method} {request.url.path}")
        number = len(self.asked)
        self.arrivals.release()
        await asyncio.to_thread(self.open.wait, WAITING_S)
        known = request.headers.get("if-none-match")
        if known is not None and known == self.headers.get("ETag"):
            return Response(status_code=304, headers=self.headers)
        owner = request.headers.get("authorization", "nobody")
        location = {"Location": f"/file/{number}"} if request.url.path == "/link" else {}
        status = 302 if location else self.status
        return Response(self.body.format(owner=owner, number=number), status, {**self.headers, **location})


@pytest.fixture
def hub() -> Iterator[Hub]:
    made = Hub()
    made.open.set()
    methods = ["GET", "POST", "PUT"]
    with served(Starlette(routes=[Route("/{path:path}", made.answer, methods=methods)])) as made.url:
        yield made


@dataclass
class World:
    """One transport, its clock, and what it told."""

    hub: Hub
    transport: Transport
    calls: list[Call]
    now: list[float]

    def http(self, who: str = "ada", policy: Policy = POLICY, source: str = "hub") -> Http:
        http = Http(self.transport, source, self.hub.url, timeout_s=WAITING_S, policy=policy)
        return http.signed(FixedHeaders({"Authorization": who}))

    async def settled(self) -> None:
        """What goes on behind is over."""
        await asyncio.gather(*(flight.task for flight in self.transport.recall.flights._under_way.values()))
        store = self.transport.recall._store
        if isinstance(store, Redis):
            await asyncio.gather(*store._writing)

    @property
    def told(self) -> list[str | None]:
        return [call.cache for call in self.calls]


@pytest.fixture(params=["memory", "redis"])
def store(request: pytest.FixtureRequest) -> Store:
    return Memory(2**24) if request.param == "memory" else Redis(request.getfixturevalue("redis_url"))


@pytest.fixture
async def world(hub: Hub, store: Store) -> AsyncIterator[World]:
    calls: list[Call] = []
    now = [1000.0]
    async with Transport(calls.append, Recall(store, b"key", clock=lambda: now[0])) as transport:
        yield World(hub, transport, calls, now)


@pytest.fixture
async def forgetful(hub: Hub) -> AsyncIterator[World]:
    """Without a store."""
    calls: list[Call] = []
    async with Transport(calls.append) as transport:
        yield World(hub, transport, calls, [0.0])


async def error_of(asking: Any) -> type[BaseException] | None:
    try:
        await asking
    except UpstreamError as error:
        return type(error)
    return None


async def test_within_its_time_an_answer_serves_unasked(world: World) -> None:
    http = world.http()
    first = await http.get("/rows")
    await world.settled()

    world.now[0] += 4.9
    second = await http.get("/rows")

    assert (first, second) == (b'{"of": "ada", "answer": 1}', first)
    assert (world.told, len(world.hub.asked)) == (["MISS", "HIT"], 1)


async def test_after_its_time_it_still_serves_once_while_it_is_asked_anew_behind(world: World) -> None:
    http = world.http()
    await http.get("/rows")
    await world.settled()

    world.now[0] += 5
    old = await http.get("/rows")
    await world.settled()
    new = await http.get("/rows")

    assert (old[-2:], new[-2:]) == (b"1}", b"2}")
    assert sorted(map(str, world.told)) == ["HIT", "MISS", "MISS", "STALE"]


async def test_beyond_that_it_is_asked(world: World) -> None:
    http = world.http()
    await http.get("/rows")
    await world.settled()

    world.now[0] += 15

    assert await http.get("/rows") == b'{"of": "ada", "answer": 2}'


@pytest.mark.parametrize(
    ("status", "error"), [(503, UpstreamBroken), (500, UpstreamBroken), (429, UpstreamBusy)], ids=["503", "500", "429"]
)
async def test_a_source_that_fails_is_bridged_up_to_an_age(world: World, status: int, error: type[Exception]) -> None:
    http = world.http()
    first = await http.get("/rows")
    await world.settled()
    world.hub.status = status
    fresh = freshness.begin_anew()

    world.now[0] += 300
    bridged = await http.get("/rows")
    age = fresh.of("hub")
    world.now[0] += 1

    assert (bridged, age) == (first, Age(1000.0, is_stale=True))
    assert await error_of(http.get("/rows")) is error
    assert [call.error_code for call in world.calls if call.was_made][1:] == [error.code] * 2  # type: ignore[attr-defined]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 302])
async def test_what_says_something_about_us_is_not_bridged(world: World, status: int) -> None:
    http = world.http()
    await http.get("/rows")
    await world.settled()
    world.hub.status = status
    world.now[0] += 20

    assert await error_of(http.get("/rows")) in (UpstreamRejected, UpstreamRefused)


async def test_a_silent_source_is_bridged(world: World) -> None:
    quick = world.http()
    hasty = Http(world.transport, "hub", world.hub.url, 0.05, policy=POLICY, credentials=quick.credentials)
    first = await quick.get("/rows")
    await world.settled()
    world.hub.open.clear()
    world.now[0] += 20

    bridged = await hasty.get("/rows")
    unknown = await error_of(hasty.get("/other"))
    world.hub.open.set()

    assert (bridged, unknown) == (first, UpstreamTimeout)


@pytest.mark.parametrize("status", [401, 403])
async def test_a_credential_that_is_refused_reads_nothing_more_of_what_is_remembered(world: World, status: int) -> None:
    http = world.http()
    await http.get("/rows")
    await http.get("/other")
    await world.settled()

    world.hub.status = status
    world.now[0] += 20
    refused = await error_of(http.get("/rows"))
    world.hub.status = 503

    assert refused is UpstreamRefused
    assert await error_of(http.get("/other")) is UpstreamBroken


async def test_a_session_that_is_refused_ends_the_trust_too(world: World) -> None:
    http = world.http()
    await http.get("/rows")
    await world.settled()

    world.hub.status = 401
    await error_of(http.get("/whoami", is_session=True))
    world.hub.status = 503

    assert await error_of(http.get("/rows")) is UpstreamBroken


async def test_a_grant_the_key_never_had_leaves_the_rest_remembered(world: World) -> None:
    http = world.http()
    await http.get("/rows")
    await world.settled()

    world.hub.status = 403
    refused = await error_of(http.get("/other"))

    assert refused is UpstreamRefused
    assert await http.get("/rows") == b'{"of": "ada", "answer": 1}'


async def test_no_answer_crosses_credentials_when_remembered(world: World) -> None:
    ada, bob = world.http("ada"), world.http("bob")

    answers = []
    for http in (ada, bob, ada, bob):
        answers.append(await http.get("/rows"))
        await world.settled()

    assert answers == [b'{"of": "ada", "answer": 1}', b'{"of": "bob", "answer": 2}'] * 2


async def test_no_answer_crosses_credentials_when_the_source_fails(world: World) -> None:
    await world.http("ada").get("/rows")
    await world.settled()

    world.hub.status = 503

    assert await error_of(world.http("bob").get("/rows")) is UpstreamBroken


async def test_no_answer_crosses_credentials_when_asked_at_once(forgetful: World) -> None:
    https = [forgetful.http(token, FORGETFUL) for token in ("ada", "bob")] * 32
    forgetful.hub.open.clear()

    asking = [asyncio.ensure_future(http.get("/rows")) for http in https]
    await asyncio.sleep(0)
    forgetful.hub.open.set()
    answers = await asyncio.gather(*asking)

    assert [b'"ada"' in answer for answer in answers] == [True, False] * 32
    assert (len(forgetful.hub.asked), forgetful.told.count("SHARED")) == (2, 62)


async def test_no_answer_crosses_credentials_when_remembered_and_asked_at_once(world: World) -> None:
    https = [world.http(token) for token in ("ada", "bob")] * 16
    world.hub.open.clear()

    asking = [asyncio.ensure_future(http.get("/rows")) for http in https]
    await world.hub.was_asked()
    await world.hub.was_asked()
    world.hub.open.set()
    answers = await asyncio.gather(*asking)

    assert [b'"ada"' in answer for answer in answers] == [True, False] * 16
    assert len(world.hub.asked) == 2


async def test_no_answer_crosses_credentials_when_it_is_refreshed_behind(world: World) -> None:
    ada, bob = world.http("ada"), world.http("bob")
    await ada.get("/rows")
    await world.settled()

    world.now[0] += 6
    world.hub.open.clear()
    stale = await ada.get("/rows")
    await world.hub.was_asked()
    await world.hub.was_asked()
    bobs = asyncio.ensure_future(bob.get("/rows"))  # while the one for ada is under way
    await world.hub.was_asked()
    world.hub.open.set()
    answers = [stale, await bobs]
    await world.settled()
    answers += [await http.get("/rows") for http in (ada, bob)]

    assert [json.loads(answer)["of"] for answer in answers] == ["ada", "bob", "ada", "bob"]
    assert len(world.hub.asked) == 3


async def test_no_answer_crosses_credentials_when_a_source_names_answers_by_etag(world: World) -> None:
    """The hub names everybody's rows alike, as one does that makes its ETags of versions."""
    world.hub.headers = {"ETag": 'W/"7"'}
    ada, bob = world.http("ada"), world.http("bob")
    answers = []

    for http in (ada, bob, ada, bob):
        answers.append(await http.get("/rows"))
        await world.settled()
        world.now[0] += 20

    assert [json.loads(answer)["of"] for answer in answers] == ["ada", "bob", "ada", "bob"]
    assert [call.status for call in world.calls] == [200, 200, 304, 304]


async def test_no_answer_crosses_credentials_within_one_operation(forgetful: World) -> None:
    ada, bob = forgetful.http("ada", FORGETFUL), forgetful.http("bob", FORGETFUL)
    once.begin()

    answers = [await http.get("/rows") for http in (ada, bob, ada, bob)]

    assert [json.loads(answer)["of"] for answer in answers] == ["ada", "bob", "ada", "bob"]
    assert len(forgetful.hub.asked) == 2


async def test_an_answer_for_one_who_left_is_not_given_to_another_credential(forgetful: World) -> None:
    forgetful.hub.open.clear()
    leaving = asyncio.ensure_future(forgetful.http("ada", FORGETFUL).get("/rows"))
    await forgetful.hub.was_asked()

    staying = asyncio.ensure_future(forgetful.http("bob", FORGETFUL).get("/rows"))
    await forgetful.hub.was_asked()
    leaving.cancel()
    forgetful.hub.open.set()

    assert json.loads(await staying)["of"] == "bob"


async def test_sources_of_one_name_at_two_addresses_share_nothing(world: World) -> None:
    here = world.http()
    there = Http(world.transport, "hub", world.hub.url.replace("127.0.0.1", "localhost"), 5, policy=POLICY)
    there = there.signed(here.credentials)

    await here.get("/rows")
    await world.settled()
    await there.get("/rows")

    assert len(world.hub.asked) == 2


async def test_a_change_drops_what_its_source_had_and_no_other_source(world: World) -> None:
    http, other = world.http(), world.http(source="other")
    await http.get("/rows")
    await other.get("/rows")
    await world.settled()

    await http.change("PUT", "/rows/1", b"{}", lambda body: None)

    assert await http.get("/rows") == b'{"of": "ada", "answer": 4}'
    assert await other.get("/rows") == b'{"of": "ada", "answer": 2}'


async def test_a_change_that_failed_drops_it_too(world: World) -> None:
    http = world.http()
    await http.get("/rows")
    await world.settled()

    world.hub.status = 503
    await error_of(http.change("PUT", "/rows/1", b"{}", lambda body: None))
    world.hub.status = 200

    assert await http.get("/rows") == b'{"of": "ada", "answer": 3}'


async def test_changes_are_never_shared_and_never_remembered(world: World) -> None:
    http = world.http()

    await asyncio.gather(*(http.change("PUT", "/rows/1", b"{}", lambda body: None) for _ in range(3)))

    assert world.hub.asked == ["PUT /rows/1"] * 3


async def test_who_reads_after_a_change_does_not_join_a_read_from_before_it(world: World) -> None:
    http = world.http()
    world.hub.open.clear()
    before = asyncio.ensure_future(http.get("/rows"))
    await world.hub.was_asked()

    await world.transport.recall.drop("hub")
    after = asyncio.ensure_future(http.get("/rows"))
    await world.hub.was_asked()
    world.hub.open.set()

    assert sorted(answer[-2:] for answer in await asyncio.gather(before, after)) == [b"1}", b"2}"]
    await world.settled()
    assert (await http.get("/rows"))[-2:] == b"2}"


async def test_what_is_read_in_the_course_of_a_change_is_asked_anew(world: World) -> None:
    http = world.http()
    await http.get("/rows")
    await world.settled()

    freshness.only_live()

    assert await http.get("/rows") == b'{"of": "ada", "answer": 2}'


async def test_sessions_and_links_are_asked_for_each_time(world: World) -> None:
    http = world.http()

    for _ in range(2):
        await http.get("/session", is_session=True)
        await http.post_json("/login", b"{}", is_session=True)
        await http.get("/signed", may_be_kept=False)
        assert await http.location("/link")
        await world.settled()

    assert [world.hub.asked.count(path) for path in ("GET /session", "POST /login", "GET /signed", "GET /link")] == [
        2, 2, 2, 2,
    ]  # fmt: skip
    assert set(world.told) == {None}


async def test_logins_asked_at_once_are_not_shared(world: World) -> None:
    http = world.http()

    await asyncio.gather(*(http.post_json("/login", b"{}", is_session=True) for _ in range(2)))

    assert len(world.hub.asked) == 2


async def test_posts_that_only_read_are_told_apart_by_their_forms(world: World) -> None:
    http = world.http()

    first, other = await http.post_form("/rows", {"id": "1"}), await http.post_form("/rows", {"id": "2"})
    await world.settled()
    again = await http.post_form("/rows", {"id": "1"})

    assert (first == again, first != other, len(world.hub.asked)) == (True, True, 2)


async def test_headers_that_change_the_answer_tell_reads_apart(world: World) -> None:
    http = world.http()

    await http.get("/rows", headers={"Accept": "application/json"})
    await http.get("/rows", headers={"Accept": "application/yaml"})

    assert len(world.hub.asked) == 2


async def test_that_there_is_nothing_is_remembered_for_look_ups_alone(world: World) -> None:
    world.hub.status = 404
    http = world.http()

    found = await http.find("/rows/9")
    await world.settled()
    again = await http.find("/rows/9")

    assert (found, again, len(world.hub.asked)) == (None, None, 1)
    assert await error_of(http.get("/rows/9")) is UpstreamRejected


@pytest.mark.parametrize("body", ["<html>Back soon</html>", '{{"rows": [1, 2', "", "  "])
async def test_what_cannot_be_a_whole_answer_is_not_remembered(world: World, body: str) -> None:
    world.hub.body = body
    http = world.http()

    await http.get("/rows")
    await world.settled()
    await http.get("/rows")

    assert len(world.hub.asked) == 2


async def test_an_answer_that_turns_out_unreadable_is_remembered_no_longer(world: World) -> None:
    http = world.http()
    body = await http.get("/rows")
    await world.settled()

    with pytest.raises(UpstreamPayloadError):
        payload.decode_rows("hub", "GET /rows", body, int)
    await world.settled()

    assert await http.get("/rows") == b'{"of": "ada", "answer": 2}'


async def test_an_answer_that_has_not_changed_is_not_sent_again(world: World) -> None:
    world.hub.headers = {"ETag": 'W/"7"'}
    http = world.http()
    first = await http.get("/rows")
    await world.settled()

    world.now[0] += 20
    fresh = freshness.begin_anew()
    second = await http.get("/rows")
    await world.settled()
    third = await http.get("/rows")

    assert first == second == third
    assert [(call.status, call.size_bytes, call.cache) for call in world.calls] == [
        (200, len(first), "MISS"), (304, 0, "MISS"), (200, len(first), "HIT"),
    ]  # fmt: skip
    assert fresh.of("hub") == Age(1020.0, is_stale=False)


async def test_without_remembering_nothing_is_asked_of_the_store(world: World) -> None:
    http = world.http(policy=FORGETFUL)

    await http.get("/rows")
    await http.get("/rows")

    assert (world.told, len(world.hub.asked)) == ([None, None], 2)


async def test_one_operation_asks_once_whatever_is_remembered(forgetful: World) -> None:
    http = forgetful.http(policy=FORGETFUL)
    once.begin()

    first, second = await http.get("/rows"), await http.get("/rows")
    await http.get("/signed", may_be_kept=False)
    await http.get("/signed", may_be_kept=False)

    assert (first, forgetful.told) == (second, [None, "SHARED", None, None])


async def test_one_operation_asks_again_for_what_failed_and_after_a_drop(forgetful: World) -> None:
    http = forgetful.http(policy=FORGETFUL)
    once.begin()

    forgetful.hub.status = 503
    failed = await error_of(http.get("/rows"))
    forgetful.hub.status = 200
    await http.get("/rows")
    await forgetful.transport.recall.drop("hub")
    await http.get("/rows")

    assert (failed, len(forgetful.hub.asked)) == (UpstreamBroken, 3)


async def test_each_list_is_charged_for_what_it_got_unasked(world: World) -> None:
    http = world.http()
    size_bytes = len(await http.get("/rows"))
    await world.settled()

    allowance.begin(2 * size_bytes - 1)
    once.begin()
    await http.get("/rows")

    assert await error_of(http.get("/rows")) is SourceTooLarge


@pytest.mark.parametrize("store", ["memory"], indirect=True)  # Redis is asked first: who is quicker would be chance
async def test_a_plan_tells_whose_call_it_was_and_counts_those_that_were_made(world: World) -> None:
    http, plans = world.http(), [Plan(), Plan()]
    world.hub.open.clear()

    async def read(made: Plan) -> None:
        with plan.begun(made):
            payload.decode("hub", "GET /rows", await http.get("/rows"), dict)

    tasks = [asyncio.ensure_future(read(made)) for made in plans]
    await asyncio.sleep(0)
    world.hub.open.set()
    await asyncio.gather(*tasks)
    await world.settled()
    await read(plans[1])

    told = [[call["cache"] for call in made.told["calls"]] for made in plans]
    totals = [made.told["totals"] for made in plans]
    assert told == [["MISS"], ["SHARED", "HIT"]]
    assert [(one["calls"], one["shared"], one["remembered"]) for one in totals] == [(1, 0, 0), (0, 1, 1)]
    assert totals[1]["sources"] == {"hub": 0}


async def test_a_client_that_leaves_ends_a_call_nobody_else_waits_for(forgetful: World) -> None:
    http = forgetful.http(policy=FORGETFUL)
    forgetful.hub.open.clear()
    reading = asyncio.ensure_future(http.get("/rows"))
    await forgetful.hub.was_asked()

    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)

    assert len(forgetful.transport.recall.flights) == 0
    forgetful.hub.open.set()


async def test_redis_that_goes_costs_calls_and_no_answer(hub: Hub) -> None:
    store = Redis("redis://127.0.0.1:1")
    async with Transport(recall=Recall(store)) as transport:
        http = Http(transport, "hub", hub.url, 5, policy=POLICY)

        answers = await asyncio.gather(*(http.get("/rows") for _ in range(10)))
        later = await http.get("/rows")

    assert (len(set(answers)), len(hub.asked), later[-2:]) == (1, 2, b"2}")


def test_no_token_is_in_the_identity_of_a_credential() -> None:
    identities = {FixedHeaders({"Authorization": f"Bearer {word}"}).identity for word in ("hemlig", "hemlighet")}

    assert len(identities) == 2
    assert "hemlig" not in "".join(identities)
