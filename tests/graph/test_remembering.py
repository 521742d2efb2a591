"""Remembering: what the gateway answers unasked, how it says so, and what makes it ask again."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.app import create_app
from gateway.demo import WRITE_TOKEN, demo_settings
from gateway.settings import Cache, Security, Settings, load
from resolvers import keys
from tests import redis_server
from tests.conftest import MockPort, served
from tests.graph.conftest import Gateway, data_calls

PAGE = (
    """{ releases(first: 50) { nodes { id fleet { name } } sources { source { name } state ageSeconds fetchedAt } } }"""
)
FLEETS = """{ fleets(filter: {kinds: [MEMFAULT, BUILDMASTER]}) { nodes {
  releases { totalCount sources { state } } deployments { sources { state } } } sources { state } } }"""
BOTH = """{ releases(first: 20, filter: {kinds: [%s]}) { nodes { isDeployed deployments { nodes { status } } } }
  fleets(filter: {kinds: [%s]}) { nodes { deployments { nodes { status } } } } }"""
TRACK = """mutation {
  trackLatestRelease(input: {source: "balena", slug: "acme/gauge", enabled: %s}) { userErrors { code } } }"""
CREATE = """mutation {
  createFleet(input: {source: "balena", name: "%s", organization: "acme", deviceType: "raspberrypi4-64"}) {
    fleet { id } userErrors { code } } }"""
DELETE = """mutation Delete($id: ID!) {
  deleteFleet(input: {id: $id, confirmName: "fog-light"}) { deletedId userErrors { code } } }"""
SOURCES = ("balena", "buildmaster", "memfault", "metakraftwerk", "nerveshub")
PATIENCE = 50
"Queries that are sent until Redis has all of it."
LONG = Cache(ttl_s=600)
ON_FAILURE = Cache(ttl_s=0, stale_if_error_s=600)

Begin = Callable[..., str]


@pytest.fixture
def begin(mocks: MockPort) -> Iterator[Begin]:
    """Starts the demo's gateway with other settings: `begin(cache=Cache(ttl_s=60))`."""
    with ExitStack() as stack:

        def started(**sections: Any) -> str:
            settings = demo_settings(mocks.url, 8000).model_copy(update=sections)
            return stack.enter_context(served(create_app(settings)))

        yield started
    mocks.mocks.reset()


@pytest.fixture
async def session() -> Any:
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {WRITE_TOKEN}"}) as session:
        yield session


async def until_remembered(gateway: Gateway) -> None:
    """Redis is written to behind the answer."""
    for _ in range(PATIENCE):
        if states(await gateway.post(PAGE)) == {"CACHED"}:
            return
    raise AssertionError("nothing is remembered")


def states(reply: dict[str, Any]) -> set[str]:
    return set(reply["extensions"]["sources"].values())


async def test_what_was_asked_just_now_answers_the_next_query_and_is_told_as_remembered(
    begin: Begin, session: aiohttp.ClientSession, mocks: MockPort
) -> None:
    gateway = Gateway(begin(cache=LONG), session)

    first = await gateway.post(PAGE)
    mocks.mocks.calls.clear()
    second = await gateway.post(PAGE)

    assert first["data"]["releases"]["nodes"] == second["data"]["releases"]["nodes"]
    assert (states(first), states(second), mocks.calls) == ({"LIVE"}, {"CACHED"}, [])
    reports = second["data"]["releases"]["sources"]
    assert {report["state"] for report in reports} == {"CACHED"}
    assert all(0 < report["ageSeconds"] < 600 for report in reports)
    assert "errors" not in second


async def test_each_list_below_an_object_tells_what_it_was_made_of(
    begin: Begin, session: aiohttp.ClientSession
) -> None:
    gateway = Gateway(begin(cache=LONG), session)

    first, second = await gateway.data(FLEETS), await gateway.data(FLEETS)

    def told(data: dict[str, Any]) -> set[str]:
        lists = [part for fleet in data["fleets"]["nodes"] for part in (fleet["releases"], fleet["deployments"])]
        return {report["state"] for part in [data["fleets"], *lists] for report in part["sources"]}

    assert len(first["fleets"]["nodes"]) > 4
    assert (told(first) - {"SKIPPED"}, told(second) - {"SKIPPED"}) == ({"LIVE"}, {"CACHED"})


async def test_a_list_of_what_another_list_has_loaded_tells_the_same(
    begin: Begin, session: aiohttp.ClientSession
) -> None:
    gateway = Gateway(begin(cache=LONG), session)
    one = "releases(first: 3, filter: {kinds: [NERVESHUB]}) { nodes { deployments { sources { state } } } }"
    brought_along = one.replace("deployments", "deployments: artifacts")
    twice = f"{{ a: {one} b: {one} c: {brought_along} }}"

    await gateway.data(twice)
    data = await gateway.data(twice)

    nodes = [node for part in data.values() for node in part["nodes"]]
    assert [node["deployments"]["sources"] for node in nodes] == [[{"state": "CACHED"}]] * 9


async def test_an_object_that_is_remembered_is_told_too(begin: Begin, session: aiohttp.ClientSession) -> None:
    gateway = Gateway(begin(cache=LONG), session)
    query = '{ releaseByNativeId(source: "memfault", nativeId: "acme/sensor-hub/1.3.0") { name } }'

    first, second = await gateway.post(query), await gateway.post(query)

    assert first["extensions"] == {"sources": {"memfault": "LIVE"}}
    assert second == {**first, "extensions": {"sources": {"memfault": "CACHED"}}}


async def test_a_whole_answer_is_given_again_until_something_changes(
    begin: Begin, session: aiohttp.ClientSession, mocks: MockPort
) -> None:
    url = begin(cache=LONG)
    gateway = Gateway(url, session)
    query = """{ fleets(filter: {kinds: [BALENA]}) { nodes { name tracksLatest } } }"""
    first, second = await gateway.post(query), await gateway.post(query)

    await gateway.data(TRACK % "false")
    third = await gateway.post(query)

    assert second["data"] == first["data"]
    assert third["data"] != first["data"]
    assert await again(session, url) == 1


async def test_a_signed_link_is_asked_for_each_time(
    begin: Begin, session: aiohttp.ClientSession, mocks: MockPort
) -> None:
    url = begin(cache=LONG)
    gateway = Gateway(url, session)
    query = """{ releaseByNativeId(source: "memfault", nativeId: "acme/sensor-hub/1.3.0") {
      artifacts { nodes { downloadUrl } } } }"""
    first = await gateway.data(query)
    mocks.mocks.calls.clear()

    second = await gateway.data(query)

    assert first["releaseByNativeId"]["artifacts"]["nodes"][0]["downloadUrl"]
    assert second.keys() == first.keys()
    assert len(data_calls(mocks)) == 1
    assert await again(session, url) == 0


async def again(session: aiohttp.ClientSession, url: str) -> int:
    """How many whole answers were given again, by the metrics."""
    async with session.get(f"{url.removesuffix('/graphql')}/metrics") as reply:
        lines = (await reply.text()).splitlines()
    return int(float(next(line.split()[1] for line in lines if line.startswith("releasegraph_answers_again_total"))))


@pytest.mark.parametrize(
    "fault", [{"status": 503}, {"drop": True}, {"status": 429, "retry_after": 0}], ids=["503", "no connection", "429"]
)
async def test_a_source_that_fails_shows_its_last_good_answer_and_how_old_it_is(
    begin: Begin, session: aiohttp.ClientSession, mocks: MockPort, fault: dict[str, Any]
) -> None:
    gateway = Gateway(begin(cache=ON_FAILURE), session)
    before = await gateway.post(PAGE)

    mocks.fail(source="memfault", **fault)
    during = await gateway.post(PAGE)
    mocks.mocks.faults.clear()
    after = await gateway.post(PAGE)

    assert during["data"]["releases"]["nodes"] == before["data"]["releases"]["nodes"]
    assert "errors" not in during
    assert during["extensions"]["sources"] == {**before["extensions"]["sources"], "memfault": "STALE"}
    reports = {report["source"]["name"]: report for report in during["data"]["releases"]["sources"]}
    assert 0 < reports["memfault"]["ageSeconds"] < 600
    assert {name: report["state"] for name, report in reports.items() if name != "memfault"} == {
        name: "LIVE" for name in SOURCES if name != "memfault"
    }
    assert states(after) == {"LIVE"}


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_credential_shows_nothing_of_what_is_remembered(
    begin: Begin, session: aiohttp.ClientSession, mocks: MockPort, status: int
) -> None:
    gateway = Gateway(begin(cache=ON_FAILURE), session)
    await gateway.post(PAGE)

    mocks.fail(source="memfault", status=status)
    refused = await gateway.post(PAGE)
    mocks.mocks.faults.clear()
    mocks.fail(source="memfault", status=503)
    broken = await gateway.post(PAGE)

    assert refused["extensions"]["sources"]["memfault"] == "FAILED"
    assert {error["extensions"]["code"] for error in refused["errors"]} == {"UPSTREAM_REFUSED"}
    assert broken["extensions"]["sources"]["memfault"] == "FAILED"


async def test_a_change_is_seen_at_once_and_leaves_other_sources_remembered(
    begin: Begin, session: aiohttp.ClientSession
) -> None:
    gateway = Gateway(begin(cache=LONG), session)
    query = '{ fleetBySlug(source: "balena", slug: "acme/gauge") { tracksLatest } }'
    await gateway.post(PAGE)
    seen = []

    for enabled in ("true", "false", "true"):
        await gateway.data(query)
        await gateway.data(TRACK % enabled)
        seen.append((await gateway.data(query))["fleetBySlug"]["tracksLatest"])

    assert seen == [True, False, True]
    assert (await gateway.post(PAGE))["extensions"]["sources"] == {**dict.fromkeys(SOURCES, "CACHED"), "balena": "LIVE"}


async def test_a_change_is_decided_by_what_is_and_not_by_what_is_remembered(
    begin: Begin, session: aiohttp.ClientSession, gateway_url: str
) -> None:
    gateway, another = Gateway(begin(cache=LONG), session), Gateway(gateway_url, session)
    made = await another.data(CREATE % "fog-light")
    fleet_id = made["createFleet"]["fleet"]["id"]
    lookup = f'{{ fleet(id: "{fleet_id}") {{ name }} }}'
    await gateway.data(lookup)

    await another.data(DELETE, id=fleet_id)
    refused = await gateway.data(DELETE, id=fleet_id)

    assert refused["deleteFleet"] == {"deletedId": None, "userErrors": [{"code": "NOT_FOUND"}]}


async def test_gateways_that_share_redis_share_answers_and_hear_of_changes(
    begin: Begin, session: aiohttp.ClientSession, mocks: MockPort, redis_url: str
) -> None:
    shared = Cache(ttl_s=600, url=redis_url)
    one, two = Gateway(begin(cache=shared), session), Gateway(begin(cache=shared), session)
    query = '{ fleetBySlug(source: "balena", slug: "acme/gauge") { tracksLatest } }'
    first = await one.data(PAGE)
    await until_remembered(one)
    mocks.mocks.calls.clear()

    second = await two.post(PAGE)
    asked = data_calls(mocks)
    await two.data(query)
    await one.data(TRACK % "true")
    seen = [(await gateway.data(query))["fleetBySlug"]["tracksLatest"] for gateway in (one, two)]
    await two.data(TRACK % "false")
    seen += [(await gateway.data(query))["fleetBySlug"]["tracksLatest"] for gateway in (one, two)]

    assert (second["data"]["releases"]["nodes"], states(second)) == (first["releases"]["nodes"], {"CACHED"})
    assert (asked, seen) == ([], [True, True, False, False])


async def test_gateways_with_different_tokens_share_redis_and_no_answer(
    session: aiohttp.ClientSession, mocks: MockPort, redis_url: str, start: Callable[[dict[str, str]], str]
) -> None:
    def settings(token: str) -> dict[str, str]:
        source = {"BUILDMASTER_URL": f"{mocks.url}/buildmaster", "BUILDMASTER_TOKEN": token}
        cache = {"RELEASEGRAPH_CACHE_URL": redis_url, "RELEASEGRAPH_CACHE_TTL_S": "600"}
        return {**source, **cache, "RELEASEGRAPH_SERVER_CURSOR_KEY": "the-same-for-both-of-them"}

    ours, theirs = (
        Gateway(start(settings(token)), session) for token in ("demo-buildmaster-token", "nobodys-buildmaster-token")
    )

    await until_remembered(ours)
    refused = [await theirs.post(PAGE) for _ in range(2)]
    after = await ours.post(PAGE)

    assert states(after) == {"CACHED"}
    assert [reply["data"]["releases"] for reply in refused] == [None, None]


async def test_redis_that_is_gone_or_comes_back_costs_no_answer(begin: Begin, session: aiohttp.ClientSession) -> None:
    port = redis_server.free_port()
    gateway = Gateway(begin(cache=Cache(ttl_s=600, url=f"redis://127.0.0.1:{port}")), session)

    without = await gateway.post(PAGE)
    with redis_server.running(port):
        there = await gateway.post(PAGE)
    gone = await gateway.post(PAGE)

    assert (
        without["data"]["releases"]["nodes"] == there["data"]["releases"]["nodes"] == gone["data"]["releases"]["nodes"]
    )
    assert states(gone) == {"LIVE"}
    assert [reply.get("errors") for reply in (without, there, gone)] == [None] * 3


@pytest.mark.parametrize("source", ["balena", "memfault", "nerveshub"])
async def test_links_are_signed_anew_each_time(
    source: str, begin: Begin, session: aiohttp.ClientSession, mocks: MockPort
) -> None:
    gateway = Gateway(begin(cache=LONG), session)
    query = f'{{ artifacts(first: 50, filter: {{sources: ["{source}"]}}) {{ nodes {{ downloadUrl }} }} }}'

    first = await gateway.data(query)
    asked_first = data_calls(mocks)
    mocks.mocks.calls.clear()
    await gateway.data(query)

    asked = data_calls(mocks)
    links = [node["downloadUrl"] for node in first["artifacts"]["nodes"] if node["downloadUrl"]]
    assert (bool(links), bool(asked)) == (True, True)
    assert set(asked) < set(asked_first)


async def test_a_plan_tells_what_was_remembered_and_counts_no_call_for_it(
    begin: Begin, session: aiohttp.ClientSession, mocks: MockPort
) -> None:
    url = begin(cache=LONG)
    plans = []
    for _ in range(2):
        async with session.post(f"{url}/graphql", json={"query": PAGE}, headers={"x-explain": "on"}) as reply:
            plans.append((await reply.json())["extensions"]["plan"])

    first, second = plans
    assert {call["cache"] for call in first["calls"] if not call["session"]} <= {"MISS", "SHARED"}
    assert {call["cache"] for call in second["calls"]} <= {"HIT", "SHARED"}
    assert (second["totals"]["calls"], second["totals"]["sources"]) == (0, dict.fromkeys(SOURCES, 0))
    assert second["totals"]["rows"] == sum(call["rows"] or 0 for call in second["calls"]) > 0


@pytest.mark.parametrize("kind", ["MEMFAULT", "NERVESHUB", "METAKRAFTWERK"])
async def test_no_upstream_is_asked_twice_for_one_answer(gateway: Gateway, mocks: MockPort, kind: str) -> None:
    await gateway.data(BOTH % (kind, kind))

    asked = data_calls(mocks)
    assert sorted(asked) == sorted(set(asked))


async def test_runs_of_buildmaster_are_read_once_for_all_that_is_made_of_them(
    gateway: Gateway, mocks: MockPort
) -> None:
    applications = await gateway.data("{ fleets(filter: {kinds: [BUILDMASTER]}) { totalCount } }")
    mocks.mocks.calls.clear()

    await gateway.data(BOTH % ("BUILDMASTER", "BUILDMASTER"))

    runs = [path for path in mocks.paths("buildmaster") if path.endswith("/builds/deployments")]
    assert len(runs) == applications["fleets"]["totalCount"] == 4


# purging


async def purge(session: aiohttp.ClientSession, url: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    async with session.post(f"{url}/_cache/purge", json=body or {}, headers=headers) as reply:
        return reply.status, await reply.json()


async def test_an_operator_can_purge_one_source_or_all(begin: Begin, session: aiohttp.ClientSession) -> None:
    gateway = Gateway(begin(cache=LONG), session)
    await gateway.post(PAGE)

    one = await purge(session, gateway.url, {"source": "memfault"})
    after_one = (await gateway.post(PAGE))["extensions"]["sources"]
    every = await purge(session, gateway.url)
    after_all = await gateway.post(PAGE)

    assert (one, every) == ((200, {"purged": ["memfault"]}), (200, {"purged": list(SOURCES)}))
    assert after_one == {**dict.fromkeys(SOURCES, "CACHED"), "memfault": "LIVE"}
    assert states(after_all) == {"LIVE"}


@pytest.mark.parametrize("word", ["fleet", "release"])
async def test_an_operator_can_purge_what_may_tell_of_one_fleet_or_release(
    begin: Begin, session: aiohttp.ClientSession, mocks: MockPort, word: str
) -> None:
    gateway = Gateway(begin(cache=LONG), session)
    listed = await gateway.data(f"{{ {word}s(first: 1, filter: {{kinds: [MEMFAULT]}}) {{ nodes {{ id }} }} }}")
    await gateway.post(PAGE)

    answer = await purge(session, gateway.url, {word: listed[f"{word}s"]["nodes"][0]["id"]})
    after = await gateway.post(PAGE)

    assert answer == (200, {"purged": ["memfault"]})
    assert after["extensions"]["sources"] == {**dict.fromkeys(SOURCES, "CACHED"), "memfault": "LIVE"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param({"source": "gitlab"}, "source must be one of balena, buildmaster", id="no such source"),
        pytest.param({"source": ["memfault"]}, "source must be one of balena, buildmaster", id="a list"),
        pytest.param({"sources": []}, "'sources' is not known here", id="another word"),
        pytest.param({"fleet": "fleet-1"}, "fleet: 'fleet-1' is not an id of this graph", id="no id"),
        pytest.param({"fleet": 7}, "fleet must be its id, a text", id="a number"),
        pytest.param({"fleet": keys.encode("Release", "balena", "1")}, "fleet: 'MT", id="an id of another type"),
        pytest.param(
            {"release": keys.encode("Release", "gitlab", "1")}, "release must be of one of", id="of no source"
        ),
        pytest.param({"source": "balena", "fleet": "x"}, "source and fleet are too much", id="two at once"),
    ],
)
async def test_a_purge_of_nothing_we_know_says_what_is_accepted(
    begin: Begin, session: aiohttp.ClientSession, body: Any, message: str
) -> None:
    status, reply = await purge(session, begin(), body)

    assert (status, reply["errors"][0]["extensions"]) == (400, {"code": "BAD_REQUEST"})
    assert reply["errors"][0]["message"].startswith(message)


async def test_purging_wants_the_write_token_where_there_is_one(begin: Begin, http: aiohttp.ClientSession) -> None:
    url = begin(cache=LONG)

    without = await purge(http, url)
    wrong = await purge(http, url, Authorization="Bearer hemlighet-hemlighet")

    assert [(status, reply["errors"][0]["extensions"]["code"]) for status, reply in (without, wrong)] == [
        (401, "UNAUTHENTICATED")
    ] * 2


async def test_without_a_token_this_machine_alone_may_purge(begin: Begin, http: aiohttp.ClientSession) -> None:
    url = begin(security=Security())

    here = await purge(http, url, {"source": "balena"})
    elsewhere = await purge(http, url, **{"X-Forwarded-For": "203.0.113.7"})

    assert here == (200, {"purged": ["balena"]})
    assert (elsewhere[0], elsewhere[1]["errors"][0]["extensions"]["code"]) == (403, "FORBIDDEN")


async def test_no_page_of_elsewhere_can_purge(begin: Begin, http: aiohttp.ClientSession) -> None:
    url = f"{begin(security=Security())}/_cache/purge"

    async with http.post(url, data="{}", headers={"Content-Type": "text/plain"}) as simple:
        pass
    async with http.get(url) as get:
        pass

    assert (simple.status, get.status, get.headers["Allow"]) == (415, 405, "POST")


async def test_a_purge_that_redis_did_not_hear_of_says_so(begin: Begin, session: aiohttp.ClientSession) -> None:
    url = begin(cache=Cache(url=f"redis://127.0.0.1:{redis_server.free_port()}"))

    status, reply = await purge(session, url, {"source": "balena"})

    assert (status, reply["purged"]) == (202, ["balena"])
    assert "cannot be reached" in reply["message"]


def test_a_source_may_remember_for_another_time_than_the_others() -> None:
    environ = {"BALENA_TOKEN": "x", "MEMFAULT_TOKEN": "x", "BALENA_TTL_S": "60", "RELEASEGRAPH_CACHE_TTL_S": "7"}

    settings: Settings = load(Path(os.devnull), environ)

    assert (settings.cache.ttl_s, settings.sources["balena"].ttl_s, settings.sources["memfault"].ttl_s) == (7, 60, None)
