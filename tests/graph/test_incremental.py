"""Answers in parts, by `[server] incremental`: when parts come, that they are the whole, and what is told of them."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.demo import WRITE_TOKEN
from gateway.http.media_types import GRAPHQL, JSON
from tests.conftest import MockPort
from tests.graph.conftest import Start
from tests.graph.parts import ACCEPT, all_parts, asked, parts_of, together
from tests.graph.telling import PATIENCE_S, SLOW_MS, Told, gateway_over, told
from tests.held import holding

LATEST = """{ fleets(first: 2, filter: {sources: ["memfault"]}) {
  nodes { name ... @defer(label: "latest") { latestRelease { name } } }
} }"""
LISTS = """{ fleets(first: 2, filter: {sources: ["balena"]}) { nodes { name } }
  ... @defer { releases(first: 2, filter: {sources: ["balena", "memfault"]}) { nodes { name } sources { state } } } }"""
RELEASES = "*/releases*"
TYPENAME = "{ ... @defer { __typename } }"

Body = dict[str, Any]


@pytest.fixture
async def gateway(mocks: MockPort) -> AsyncIterator[Told]:
    async with told(mocks, incremental=True) as gateway:
        yield gateway


async def plain(gateway: Told, query: str, accept: str = ACCEPT, **headers: str) -> tuple[int, str, Body]:
    """Status, content type and body of what does not come in parts."""
    status, given, body = await gateway.ask(query, accept=accept, **headers)
    return status, given["Content-Type"].partition(";")[0], body


def undivided(query: str) -> str:
    """Without the two directives; all else stays where it was."""
    return re.sub(r"@(defer|stream)(\([^)]*\))?", lambda found: " " * len(found[0]), query)


def same(answer: Body) -> Body:
    """Errors in no order, since parts come as they do; and without the call that failed first, of several."""
    errors = [{name: value for name, value in error.items() if name != "message"} for error in answer.get("errors", ())]
    return {**answer, "errors": sorted(json.dumps(error, sort_keys=True) for error in errors)}


# When parts come, and that they are the whole


async def test_the_first_part_does_not_wait_for_what_is_deferred(mocks: MockPort) -> None:
    with holding(mocks, RELEASES) as held, gateway_over(held.url, incremental=True) as url:
        async with aiohttp.ClientSession() as session, asked(session, url, LATEST) as reply:
            first = await reply.next()
            await held.met()
            held.let_go()
            later = await reply.rest()

    assert first == {
        "data": {"fleets": {"nodes": [{"name": "Charging Dock"}, {"name": "Edge Gateway"}]}},
        "pending": [{"id": str(at), "path": ["fleets", "nodes", at], "label": "latest"} for at in range(2)],
        "hasNext": True,
    }
    assert together([first, *later])["data"] == {
        "fleets": {
            "nodes": [
                {"name": "Charging Dock", "latestRelease": {"name": "1.4.2"}},
                {"name": "Edge Gateway", "latestRelease": {"name": "1.4.0"}},
            ]
        }
    }


WHOLES = [
    pytest.param(LATEST, id="on each row"),
    pytest.param(LISTS, id="at the root"),
    pytest.param(
        "{ fleets(first: 3) { nodes { ... @defer { name releases(first: 2) { nodes { name ... @defer { artifacts "
        "{ nodes { name } } } } } } } } }",
        id="one in another",
    ),
    pytest.param(
        "{ releases(first: 4) { nodes { ...A @defer ...B @defer } } } fragment A on Release { fleet { name } status } "
        "fragment B on Release { fleet { name slug } status name }",
        id="two that overlap",
    ),
    pytest.param("{ releases(first: 9) { nodes @stream(initialCount: 2) { name fleet { name } } } }", id="nodes"),
    pytest.param("{ releases(first: 9) { edges @stream { cursor node { id } } pageInfo { endCursor } } }", id="edges"),
    pytest.param(
        "{ fleets(first: 3) { nodes @stream(initialCount: 1) { releases(first: 3) { nodes @stream { name } } } } }",
        id="a stream in a stream",
    ),
    pytest.param(
        "{ releases(first: 9) { nodes @stream { native { __typename ... on BalenaRelease @defer { phase } } } } }",
        id="in a stream, of one type",
    ),
    pytest.param("{ productLines @stream { name ... @defer { drift { rows { behindBy } } } } }", id="product lines"),
    pytest.param(
        "{ releases(first: 2) { nodes @stream(initialCount: 9) { name } ... @defer { totalCount } } }", id="few"
    ),
]


@pytest.mark.parametrize("failing", [pytest.param(False, id="all well"), pytest.param(True, id="one fails")])
@pytest.mark.parametrize("query", WHOLES)
async def test_all_parts_together_are_the_answer_as_it_comes_whole(
    gateway: Told, mocks: MockPort, query: str, *, failing: bool
) -> None:
    if failing:
        mocks.fail(source="memfault", path=RELEASES, status=503)
    _, _, whole = await plain(gateway, undivided(query), JSON)

    parts = await parts_of(gateway.session, gateway.url, query)

    assert same(together(parts)) == same(whole)
    assert [list(part) for part in parts if "extensions" in part] == [list(parts[-1])]


@pytest.mark.parametrize("query", WHOLES)
async def test_parts_cost_no_more_calls_than_the_whole(gateway: Told, mocks: MockPort, query: str) -> None:
    await gateway.ask(undivided(query))  # logins and scopes are known from here on
    mocks.mocks.calls.clear()
    await gateway.ask(undivided(query))
    whole = len(mocks.calls)
    mocks.mocks.calls.clear()

    await parts_of(gateway.session, gateway.url, query)

    assert len(mocks.calls) <= whole


async def test_what_a_change_defers_comes_when_it_is_done_and_its_lists_come_whole(
    gateway: Told, mocks: MockPort
) -> None:
    _, _, body = await gateway.ask('{ fleetByNativeId(source: "memfault", nativeId: "acme/sensor-hub") { id } }')
    create = 'createRelease(input: {fleetId: "%s", version: "%s"}) { release { ...R } }'
    both = " ".join(f"{name}: " + create % (body["data"]["fleetByNativeId"]["id"], name) for name in ("v91", "v92"))
    deferred = "fragment R on Release { name ... @defer { fleet { releases(first: 2) { nodes @stream { name } } } } }"
    mocks.mocks.calls.clear()

    parts = await parts_of(
        gateway.session, gateway.url, f"mutation {{ {both} }} {deferred}", Authorization=f"Bearer {WRITE_TOKEN}"
    )
    methods = [call["method"] for call in mocks.calls if call["source"] == "memfault"]
    mocks.mocks.reset()

    assert [one["release"]["name"] for one in parts[0]["data"].values()] == ["v91", "v92"]
    assert [len(one["release"]["fleet"]["releases"]["nodes"]) for one in together(parts)["data"].values()] == [2, 2]
    assert methods.count("POST") == 2
    assert "GET" in methods[methods.index("POST", methods.index("POST") + 1) :]


# Who gets parts


@pytest.mark.parametrize("accept", ["*/*", JSON, GRAPHQL, f"{GRAPHQL}, {JSON}", f"multipart/mixed;q=0, {JSON}"])
async def test_who_does_not_take_parts_is_told_what_to_accept(gateway: Told, accept: str) -> None:
    status, content_type, body = await plain(gateway, TYPENAME, accept)

    assert (status, content_type) == (406, GRAPHQL if accept.startswith(GRAPHQL) else JSON)
    assert body["errors"] == [
        {
            "message": "@defer and @stream are answered in parts, and Accept does not name multipart/mixed: add it, or "
            "turn them off by `if: false`",
            "extensions": {"code": "BAD_REQUEST"},
        }
    ]


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        pytest.param("{ __typename ... @defer(if: false) { __typename } }", {}, id="by its own words"),
        pytest.param(
            "query Q($on: Boolean!) { ... @defer(if: $on) { __typename } }", {"on": False}, id="by a variable"
        ),
        pytest.param("query Q($on: Boolean! = false) { ... @defer(if: $on) { __typename } }", {}, id="by its default"),
        pytest.param(
            "{ sources { nodes @stream(if: false) { ...F @defer(if: false) } } } fragment F on Source { __typename }",
            {},
            id="all of several",
        ),
    ],
)
@pytest.mark.parametrize("accept", [JSON, ACCEPT])
async def test_what_is_turned_off_comes_whole_to_anybody(
    gateway: Told, query: str, variables: Body, accept: str
) -> None:
    given = {"query": query, "variables": variables}
    async with gateway.session.post(f"{gateway.url}/graphql", json=given, headers={"Accept": accept}) as reply:
        body = await reply.json()

    assert reply.status == 200
    assert set(body) == {"data", "extensions"}


@pytest.mark.parametrize(
    "accept",
    [
        "multipart/mixed",
        "multipart/mixed;incrementalSpec=v0.2, application/json",
        'application/json, multipart/mixed; boundary="-"; q=0.1',
        "multipart/*, text/event-stream",
    ],
)
async def test_whoever_names_parts_gets_them(gateway: Told, accept: str) -> None:
    parts = await parts_of(gateway.session, gateway.url, TYPENAME, accept=accept)

    assert together(parts)["data"] == {"__typename": "Query"}


async def test_the_older_draft_is_answered_in_its_words_too(gateway: Told, mocks: MockPort) -> None:
    accept = "multipart/mixed;deferSpec=20220824,application/json"
    query = '{ productLines { name @skip(if: true) id ... @defer(label: "d") { name } } }'
    stream = '{ releases(first: 3) { nodes @stream(initialCount: 1, label: "s") { __typename } } }'
    failing = "{ fleets(first: 1) { nodes { ... @defer { releases(first: 1) { nodes { name } } } } } }"

    async with asked(gateway.session, gateway.url, query, accept=accept) as reply:
        content_type, pieces = reply.response.headers["Content-Type"], (await reply.rest())[-1]["incremental"]
    items = (await parts_of(gateway.session, gateway.url, stream, accept=accept))[-1]["incremental"]
    mocks.fail(source="memfault", path=RELEASES, status=503)
    last = (await parts_of(gateway.session, gateway.url, failing, accept=accept))[-1]

    assert content_type.endswith(";deferSpec=20220824")
    assert [(one["path"], one["label"], set(one["data"])) for one in pieces] == [
        (["productLines", 0], "d", {"name"}),
        (["productLines", 1], "d", {"name"}),
    ]
    assert [(one["path"], one["label"], len(one["items"])) for one in items] == [
        (["releases", "nodes", 1], "s", 2),
    ]
    assert [(one["path"], one["data"]) for one in last["incremental"]] == [(["fleets", "nodes", 0], {"releases": None})]


async def test_what_is_not_divided_comes_as_one_part_to_who_takes_nothing_else(gateway: Told) -> None:
    headers = {"Accept": "multipart/mixed"}
    async with gateway.session.post(
        f"{gateway.url}/graphql", json={"query": "{ __typename }"}, headers=headers
    ) as reply:
        parts = all_parts(await reply.text())
    status, content_type, refused = await plain(gateway, "{ nothing }", "multipart/mixed")

    assert parts == [{"data": {"__typename": "Query"}, "extensions": {"sources": {}}, "hasNext": False}]
    assert (status, content_type) == (400, JSON)
    assert refused["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


@pytest.mark.parametrize("accept", [ACCEPT, "multipart/mixed"])
async def test_what_turns_out_to_have_nothing_to_defer_comes_at_once(gateway: Told, accept: str) -> None:
    query = "{ releases(filter: {versions: []}) { nodes { ... @defer { name } } } }"
    async with gateway.session.post(
        f"{gateway.url}/graphql", json={"query": query}, headers={"Accept": accept}
    ) as reply:
        text = await reply.text()

    found = all_parts(text)[0] if accept == "multipart/mixed" else json.loads(text)
    assert found["data"] == {"releases": {"nodes": []}}
    assert set(found["extensions"]["sources"].values()) == {"SKIPPED"}


async def test_a_client_of_http_1_0_gets_all_parts_together(gateway: Told) -> None:
    body = json.dumps({"query": TYPENAME}).encode()
    head = f"POST /graphql HTTP/1.0\r\nHost: localhost\r\nContent-Type: {JSON}\r\nAccept: multipart/mixed\r\n"
    host, port = gateway.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    sent, _, content = (await asyncio.wait_for(reader.read(), PATIENCE_S)).partition(b"\r\n\r\n")
    writer.close()

    assert b"content-length: %d" % len(content) in sent.lower()
    assert b"transfer-encoding" not in sent.lower()
    assert together(all_parts(content.decode()))["data"] == {"__typename": "Query"}


async def test_a_get_is_answered_in_parts_too(gateway: Told) -> None:
    headers = {"Accept": ACCEPT, "X-Requested-With": "test"}
    url = f"{gateway.url}/graphql"
    async with gateway.session.get(url, params={"query": TYPENAME}, headers=headers) as reply:
        parts = all_parts(await reply.text())

    assert together(parts)["data"] == {"__typename": "Query"}


async def test_a_batch_is_refused_as_any(gateway: Told) -> None:
    batch = [{"query": TYPENAME}, {"query": TYPENAME}]
    async with gateway.session.post(f"{gateway.url}/graphql", json=batch, headers={"Accept": ACCEPT}) as reply:
        body = await reply.json()

    assert reply.status == 400
    assert body["errors"][0]["message"].startswith("the body is a list; batches are not taken here")


async def test_a_trusted_document_is_answered_in_parts_by_its_name(
    start: Start, mocks: MockPort, tmp_path: Path
) -> None:
    name, manifest = sha256(LATEST.encode()).hexdigest(), tmp_path / "relay.json"
    manifest.write_text(json.dumps({name: LATEST}))
    environ = {
        "MEMFAULT_URL": f"{mocks.url}/memfault",
        "MEMFAULT_TOKEN": "demo-memfault-token",
        "RELEASEGRAPH_SERVER_INCREMENTAL": "true",
        "RELEASEGRAPH_SECURITY_TRUSTED_DOCUMENTS": str(manifest),
        "RELEASEGRAPH_SECURITY_TRUSTED_DOCUMENTS_MODE": "enforce",
    }
    async with aiohttp.ClientSession(headers={"Accept": ACCEPT}) as session:
        url = f"{start(environ)}/graphql"
        async with session.post(url, json={"documentId": name}) as reply:
            parts = all_parts(await reply.text())
        async with session.post(url, json={"query": TYPENAME}) as other:
            refused = await other.json()

    assert [one["latestRelease"]["name"] for one in together(parts)["data"]["fleets"]["nodes"]] == ["1.4.2", "1.4.0"]
    assert refused["errors"][0]["extensions"]["code"] == "DOCUMENT_NOT_TRUSTED"


async def test_what_is_deferred_is_asked_with_the_credential_that_the_caller_brought(
    start: Start, mocks: MockPort
) -> None:
    environ = {
        "MEMFAULT_URL": f"{mocks.url}/memfault",
        "MEMFAULT_PASSTHROUGH": "x-memfault-token",
        "RELEASEGRAPH_SERVER_INCREMENTAL": "true",
    }
    async with aiohttp.ClientSession() as session:
        url = start(environ)
        brought = await parts_of(session, url, LATEST, **{"x-memfault-token": "demo-memfault-token"})
        without = await parts_of(session, url, "{ __typename ... @defer { releases { totalCount } } }")

    assert [one["latestRelease"]["name"] for one in together(brought)["data"]["fleets"]["nodes"]] == ["1.4.2", "1.4.0"]
    assert [error["extensions"]["code"] for error in together(without)["errors"]] == ["CREDENTIAL_REQUIRED"]


async def test_parts_are_made_of_what_is_remembered_and_are_not_kept_as_a_whole(start: Start, mocks: MockPort) -> None:
    environ = {
        "MEMFAULT_URL": f"{mocks.url}/memfault",
        "MEMFAULT_TOKEN": "demo-memfault-token",
        "MEMFAULT_TTL_S": "600",
        "RELEASEGRAPH_SERVER_INCREMENTAL": "true",
    }
    async with aiohttp.ClientSession() as session:
        gateway = Told(start(environ), session)
        for _ in range(2):
            answer = together(await parts_of(session, gateway.url, LATEST))

        assert answer["extensions"] == {"sources": {"memfault": "CACHED"}}
        assert await gateway.sample("releasegraph_answers_again_total") == 0


# What the schema says


INTROSPECTION = "{ __schema { directives { name } subscriptionType { name } } }"


@pytest.mark.parametrize("incremental", [False, True])
async def test_the_schema_has_the_directives_where_they_are_taken_and_never_a_subscription(
    mocks: MockPort, *, incremental: bool
) -> None:
    async with told(mocks, incremental=incremental) as gateway:
        _, _, body = await gateway.ask(INTROSPECTION)
        _, _, composed = await gateway.ask("{ _service { sdl } }")
        _, _, refused = await gateway.ask("subscription { releases { totalCount } }", accept=ACCEPT)

    schema = body["data"]["__schema"]
    assert ({"defer", "stream"} <= {one["name"] for one in schema["directives"]}) is incremental
    assert schema["subscriptionType"] is None
    assert "@defer" not in composed["data"]["_service"]["sdl"]
    assert [error["message"].partition(":")[0] for error in refused["errors"]] == ["subscriptions are not supported"]


INVALID = "GRAPHQL_VALIDATION_FAILED"
MANY = (
    f"""{{ releases(first: 200) {{ nodes {{ {" ".join(f"... @defer {{ a{at}: name }}" for at in range(25))} }} }} }}"""
)
DEEP = f"{{ ... @defer {{ {'releases { nodes { fleet { ' * 6} name {'} } } ' * 6} }} }}"
WIDE = """{ fleets(first: 200) { nodes { ... @defer {
  releases(first: 200) { nodes { fleet { devices(first: 50) { nodes { id } } } } } } } } }"""
ROOTS = f"{{ ... @defer {{ {' '.join(f'a{at}: __typename' for at in range(31))} }} }}"


@pytest.mark.parametrize(
    ("query", "code", "said"),
    [
        pytest.param("{ __schema { types @stream { name } } }", INVALID, "inside introspection", id="introspection"),
        pytest.param(
            '{ __type(name: "Query") { ...T } } fragment T on __Type { ... @defer { name } }',
            INVALID,
            "inside introspection",
            id="introspection by a fragment",
        ),
        pytest.param("mutation { ... @defer { __typename } }", INVALID, "root", id="root of a change"),
        pytest.param("{ releases @stream { totalCount } }", INVALID, "list", id="no list"),
        pytest.param(MANY, "QUERY_TOO_COMPLEX", "rows", id="too many parts"),
        pytest.param(DEEP, "QUERY_TOO_COMPLEX", "depth", id="depth"),
        pytest.param(WIDE, "QUERY_TOO_COMPLEX", "rows", id="rows"),
        pytest.param(ROOTS, "QUERY_TOO_COMPLEX", "root fields", id="root fields"),
    ],
)  # fmt: skip
async def test_limits_and_rules_hold_for_what_is_deferred(gateway: Told, query: str, code: str, said: str) -> None:
    _, content_type, body = await plain(gateway, query)

    assert content_type == JSON
    assert body["errors"][0]["extensions"]["code"] == code
    assert said in body["errors"][0]["message"]


async def test_the_cost_of_what_is_deferred_is_told_before_anybody_is_asked(mocks: MockPort) -> None:
    async with told(mocks, incremental=True, max_cost=2) as gateway:
        _, _, body = await plain(gateway, LATEST)

    assert body["errors"][0]["extensions"]["code"] == "QUERY_TOO_COMPLEX"
    assert body["errors"][0]["extensions"]["limit"] == 2
    assert mocks.calls == []


async def test_the_cost_of_what_is_deferred_is_held_while_it_runs(mocks: MockPort) -> None:
    # A list of one call, so far as anybody knows beforehand; it comes in pages of ten.
    mocks.mocks.switches["metakraftwerk"]["paged"] = True
    query = "{ __typename ... @defer { releases(filter: {kinds: [BUILDMASTER, METAKRAFTWERK]}) { totalCount } } }"

    async with told(mocks, incremental=True, max_cost=2) as gateway:
        answer = together(await parts_of(gateway.session, gateway.url, query))

    assert [error["extensions"] for error in answer["errors"]] == [
        {"code": "QUERY_TOO_COMPLEX", "source": "metakraftwerk", "cost": 2, "limit": 2, "partial": True}
    ]


# What is told of trouble


async def test_an_error_of_a_later_part_is_told_as_in_the_whole(gateway: Told, mocks: MockPort) -> None:
    mocks.fail(source="memfault", path=RELEASES, status=503, body="Traceback: demo-memfault-token")

    first, *later = await parts_of(gateway.session, gateway.url, LATEST)

    errors = [error for part in later for piece in part["incremental"] for error in piece["errors"]]
    assert "errors" not in first
    assert [(error["path"], error["extensions"]) for error in errors] == [
        (["fleets", "nodes", at, "latestRelease"], {"code": "UPSTREAM_BROKEN", "source": "memfault"}) for at in range(2)
    ]
    assert "Traceback" not in json.dumps(later)
    assert later[-1]["extensions"]["sources"]["memfault"] == "FAILED"


async def test_a_list_that_lost_a_source_tells_it_in_the_part_that_brings_it(gateway: Told, mocks: MockPort) -> None:
    mocks.fail(source="memfault", path=RELEASES, status=503)

    first, last = await parts_of(gateway.session, gateway.url, LISTS)
    quiet = together(await parts_of(gateway.session, gateway.url, LISTS, **{"x-partial-errors": "off"}))

    (piece,) = last["incremental"]
    assert "errors" not in first
    assert [(error["path"], error["extensions"]) for error in piece["errors"]] == [
        (["releases"], {"code": "UPSTREAM_BROKEN", "source": "memfault", "partial": True})
    ]
    assert "errors" not in quiet
    assert {one["state"] for one in quiet["data"]["releases"]["sources"]} == {"LIVE", "FAILED", "SKIPPED"}
    assert last["extensions"] == quiet["extensions"]
    assert last["extensions"]["sources"]["memfault"] == "FAILED"


async def test_what_is_deferred_and_hangs_is_cut_at_the_deadline(mocks: MockPort) -> None:
    mocks.fail(source="memfault", path=RELEASES, silent=True)

    async with told(mocks, incremental=True, deadline_s=1) as gateway:
        async with asked(gateway.session, gateway.url, LATEST) as reply:
            first = await reply.next()
            later = await asyncio.wait_for(reply.rest(), PATIENCE_S)
        _, _, whole = await plain(gateway, undivided(LATEST))

    assert "errors" not in first
    errors = together([first, *later])["errors"]
    assert [error["extensions"] for error in errors] == [{"code": "UPSTREAM_TIMEOUT", "source": "memfault"}] * 2
    assert same({"errors": errors}) == same({"errors": whole["errors"]})


@pytest.mark.parametrize("given", ["-1", "null"])
async def test_a_stream_that_cannot_be_is_told_by_its_argument(gateway: Told, given: str) -> None:
    _, _, body = await plain(gateway, f"{{ sources {{ nodes @stream(initialCount: {given}) {{ name }} }} }}")

    (error,) = body["errors"]
    assert error["message"] == "@stream: initialCount should be 0 or more"
    assert error["extensions"]["code"] == "BAD_ARGUMENT"


async def test_variables_that_do_not_fit_are_told_at_once(gateway: Told) -> None:
    status, content_type, body = await plain(gateway, "query Q($on: Boolean!) { ... @defer(if: $on) { __typename } }")

    assert (status, content_type) == (200, JSON)
    assert body["errors"][0]["extensions"]["code"] == "BAD_ARGUMENT"
    assert "data" not in body


async def test_the_plan_is_in_the_last_part_and_has_what_was_deferred(gateway: Told) -> None:
    first, *_, last = await parts_of(gateway.session, gateway.url, LATEST, **{"x-explain": "on"})

    assert "extensions" not in first
    paths = [call["path"] for call in last["extensions"]["plan"]["calls"]]
    assert any("/releases" in path for path in paths)
    assert last["extensions"]["plan"]["totals"]["estimate"] is not None


# From its place in flight to its last part


async def test_a_client_that_leaves_ends_the_calls_for_what_is_deferred(mocks: MockPort) -> None:
    mocks.fail(source="memfault", path=RELEASES, delay_ms=SLOW_MS)

    async with told(mocks, incremental=True) as gateway:
        async with aiohttp.ClientSession() as session, asked(session, gateway.url, LATEST) as reply:
            await reply.next()
            await gateway.until(lambda value: value > 0, "releasegraph_upstream_in_flight")
        await gateway.until(lambda value: value == 1, "releasegraph_operations_total", outcome="gone")

        assert await gateway.sample("releasegraph_upstream_errors_total", source="memfault", code="CANCELLED") > 0
        assert await gateway.sample("releasegraph_upstream_in_flight") == 0
        assert await gateway.sample("releasegraph_operations_in_flight") == 0


async def test_a_client_that_leaves_before_the_first_part_ends_them_as_well(mocks: MockPort) -> None:
    mocks.fail(source="memfault", path=RELEASES, delay_ms=SLOW_MS)
    query = """{ releases(first: 1, filter: {sources: ["memfault"]}) { nodes { name } }
      ... @defer { fleets(first: 1, filter: {sources: ["memfault"]}) { nodes { latestRelease { name } } } } }"""

    async with told(mocks, incremental=True) as gateway:
        at_rest = await gateway.sample("releasegraph_tasks")
        async with gateway.under_way(query, mocks, accept=ACCEPT):
            pass
        await gateway.until(lambda value: value == 1, "releasegraph_operations_total", outcome="gone")

        assert await gateway.sample("releasegraph_upstream_in_flight") == 0
        assert await gateway.sample("releasegraph_operations_in_flight") == 0
        await gateway.until(lambda value: value <= at_rest, "releasegraph_tasks")


async def test_a_client_that_leaves_a_change_ends_the_reading_behind_it(mocks: MockPort) -> None:
    async with told(mocks, incremental=True) as gateway:
        _, _, body = await gateway.ask('{ fleetByNativeId(source: "memfault", nativeId: "acme/sensor-hub") { id } }')
        mutation = (
            'mutation { createRelease(input: {fleetId: "%s", version: "9.9.9"}) { release { name ...R @defer } } }'
        )
        mutation += " fragment R on Release { fleet { devices(first: 1) { nodes { id } } } }"
        mocks.fail(source="memfault", path="*/devices*", delay_ms=SLOW_MS)
        mutation = mutation % body["data"]["fleetByNativeId"]["id"]
        async with (
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {WRITE_TOKEN}"}) as session,
            asked(session, gateway.url, mutation) as reply,
        ):
            await reply.next()
        ended = await gateway.until(lambda value: value == 1, "releasegraph_operations_total", outcome="gone")
    mocks.mocks.reset()

    assert ended == 1


async def test_an_operation_is_told_once_and_not_before_its_last_part(mocks: MockPort) -> None:
    with holding(mocks, RELEASES) as held, gateway_over(held.url, incremental=True) as url:
        async with aiohttp.ClientSession() as session, asked(session, url, LATEST) as reply:
            gateway = Told(url, session)
            await reply.next()
            before = await gateway.sample("releasegraph_operations_total")
            in_flight = await gateway.sample("releasegraph_operations_in_flight")
            held.let_go()
            await reply.rest()
            after = await gateway.until(lambda value: value > 0, "releasegraph_operations_total", outcome="ok")
            states = await gateway.sample("releasegraph_answer_sources_total", source="memfault", state="LIVE")

    assert (before, in_flight, after, states) == (0, 1, 1, 1)


async def test_a_client_that_does_not_take_its_parts_is_left(mocks: MockPort) -> None:
    fields = " ".join(f"a{at}: id" for at in range(600))  # more than any buffer on the way holds
    large = f"releases(first: 200) {{ nodes {{ {fields} }} }}"
    query = f"{{ {large} ... @defer {{ fleets {{ nodes {{ latestRelease {{ id }} }} }} }} }}"
    body = json.dumps({"query": query}).encode()
    head = f"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: {JSON}\r\nAccept: multipart/mixed\r\n"

    async with told(mocks, incremental=True, body_timeout_s=0.2, max_aliases=600) as gateway:
        host, port = gateway.url.removeprefix("http://").split(":")
        _, writer = await asyncio.open_connection(host, int(port), limit=1)
        writer.write(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        gone = await gateway.until(lambda value: value == 1, "releasegraph_operations_total", outcome="gone")
        writer.transport.abort()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)

    assert gone == 1
