"""`x-explain: on`: the answer as it always was, and beside it the upstream calls it took."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gateway.app import create_app
from gateway.demo import WRITE_TOKEN, demo_settings
from gateway.http.explorer import files
from gateway.settings import Settings
from tests.conftest import MockPort, served
from tests.graph.conftest import Gateway, is_session_call

PAGE = "{ releases(first: 5) { nodes { name fleet { name } artifacts { totalCount } } } }"
ON = {"x-explain": "on"}
README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
QUERIES = [given["query"] for given in json.loads(files.starters())]
QUERIES += re.findall(r"^```graphql\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
SECRETS = ("demo-", "-token", "-password", "eyJ", "Bearer", "Basic")
"What every credential of the demo has in it, and every token of a login."


async def ask(gateway: Gateway, query: str = PAGE, *, url: str = "", **headers: str) -> dict[str, Any]:
    address = f"{url or gateway.url}/graphql"
    async with gateway.session.post(address, json={"query": query}, headers=headers) as reply:
        body: dict[str, Any] = await reply.json()
        return body


async def plan(gateway: Gateway, query: str = PAGE) -> dict[str, Any]:
    told: dict[str, Any] = (await ask(gateway, query, **ON))["extensions"]["plan"]
    return told


def path_at_the_mock(call: Mapping[str, Any]) -> tuple[str, str, int]:
    return call["method"], f"/{call['source']}{call['path']}", call["status"]


async def test_every_call_is_told_with_method_path_and_status(gateway: Gateway, mocks: MockPort) -> None:
    told = await plan(gateway)

    made = sorted((call["method"], call["path"], call["status"]) for call in mocks.calls)
    assert sorted(map(path_at_the_mock, told["calls"])) == made
    assert told["totals"]["calls"] == len(made) > 5
    assert set(told["totals"]["sources"]) == {"balena", "buildmaster", "memfault", "metakraftwerk", "nerveshub"}


async def test_what_a_session_needs_is_told_apart(mocks: MockPort, gateway: Gateway) -> None:
    with served(create_app(demo_settings(mocks.url, 8000))) as url:
        first = (await ask(gateway, "{ releases { nodes { id } } }", url=url, **ON))["extensions"]["plan"]

    session_calls = [call for call in first["calls"] if call["session"]]
    assert all(is_session_call(call["path"]) for call in session_calls)
    assert first["totals"]["sessionCalls"] == len(session_calls) == 6
    assert {call["source"] for call in session_calls} == {"balena", "memfault", "metakraftwerk", "nerveshub"}


async def test_lists_tell_their_rows_and_objects_have_none(gateway: Gateway) -> None:
    told = await plan(gateway, '{ releaseByNativeId(source: "metakraftwerk", nativeId: "999999") { id } }')
    rows = await plan(gateway, "{ releases(first: 1, filter: { kinds: [METAKRAFTWERK] }) { totalCount } }")

    assert [(call["rows"], call["status"], call["error"]) for call in told["calls"]] == [(None, 404, None)]
    assert [call["rows"] for call in rows["calls"]] == [38]
    assert rows["totals"]["bytes"] == rows["calls"][0]["bytes"] > 0


async def test_pages_asked_side_by_side_tell_the_rows_of_each(gateway: Gateway, mocks: MockPort) -> None:
    mocks.mocks.switches["metakraftwerk"].update(paged=True, page_limit=7)

    told = await plan(gateway, "{ releases(first: 1, filter: { kinds: [METAKRAFTWERK] }) { totalCount } }")

    by_page = {call["path"].partition("?")[2]: call["rows"] for call in told["calls"]}
    assert sorted(by_page.values(), reverse=True) == [7, 7, 7, 7, 7, 3]
    assert by_page["%24skip=35"] == 3


async def test_times_say_what_went_side_by_side(gateway: Gateway) -> None:
    told = await plan(gateway)

    begins = [call["atMs"] for call in told["calls"]]
    ends = [call["atMs"] + call["ms"] for call in told["calls"]]
    assert begins == sorted(begins)
    assert begins[1] < ends[0]
    assert max(ends) <= told["totals"]["ms"] + 0.2  # each was rounded


async def test_a_call_that_failed_says_how(gateway: Gateway, mocks: MockPort) -> None:
    mocks.fail(source="memfault", status=503)
    mocks.fail(source="buildmaster", drop=True)

    body = await ask(gateway, "{ releases(first: 5) { nodes { name } } }", **ON)

    calls = body["extensions"]["plan"]["calls"]
    told = {call["source"]: (call["status"], call["error"]) for call in calls if call["error"]}
    assert told == {"memfault": (503, "UPSTREAM_BROKEN"), "buildmaster": (None, "UPSTREAM_UNREACHABLE")}
    assert body["extensions"]["sources"]["memfault"] == "FAILED"


@pytest.mark.parametrize("query", QUERIES)
async def test_no_plan_holds_a_credential(writer: Gateway, query: str) -> None:
    told = json.dumps(await plan(writer, query))

    assert [word for word in SECRETS if word in told] == []


async def test_a_change_tells_what_was_sent_and_what_was_read_again(writer: Gateway) -> None:
    change = "{fleet { tracksLatest } userErrors { message } }"
    query = (
        f'mutation {{ trackLatestRelease(input: {{source: "balena", slug: "acme/gauge", enabled: true}}) {change} }}'
    )

    told = await plan(writer, query)

    methods = [call["method"] for call in told["calls"]]
    assert (methods.count("PATCH"), methods[-1]) == (1, "GET")


@pytest.mark.parametrize("headers", [{}, {"x-explain": "off"}], ids=["no header", "off"])
async def test_without_the_header_no_plan_is_told(gateway: Gateway, headers: dict[str, str]) -> None:
    body = await ask(gateway, **headers)

    assert set(body["extensions"]) == {"sources"}


async def test_another_word_is_refused_with_those_that_are_taken(gateway: Gateway, mocks: MockPort) -> None:
    body = await ask(gateway, **{"x-explain": "true"})

    assert body["errors"] == [
        {"message": "the header x-explain takes on or off", "extensions": {"code": "BAD_REQUEST"}}
    ]
    assert mocks.calls == []


async def test_an_operation_that_cannot_be_used_has_no_plan(gateway: Gateway) -> None:
    body = await ask(gateway, "{ nope }", **ON)

    assert set(body) == {"errors"}


@pytest.mark.parametrize(
    ("explain", "headers", "code"),
    [
        pytest.param("nobody", {}, "FORBIDDEN", id="nobody"),
        pytest.param("write_token", {}, "UNAUTHENTICATED", id="without the token"),
        pytest.param("write_token", {"authorization": "Bearer another-token"}, "UNAUTHENTICATED", id="with another"),
    ],
)
async def test_who_may_have_no_plan_has_the_answer_and_is_told_why(
    gateway: Gateway, mocks: MockPort, explain: str, headers: dict[str, str], code: str
) -> None:
    with served(create_app(explaining(mocks, explain))) as url:
        body = await ask(gateway, url=url, **ON, **headers)

    refused = body["extensions"]["plan"]["refused"]
    assert len(body["data"]["releases"]["nodes"]) == 5
    assert "errors" not in body
    assert refused["code"] == code
    assert set(body["extensions"]["plan"]) == {"refused"}


async def test_the_write_token_has_plans_where_that_is_said(gateway: Gateway, mocks: MockPort) -> None:
    with served(create_app(explaining(mocks, "write_token"))) as url:
        body = await ask(gateway, url=url, **ON, authorization=f"Bearer {WRITE_TOKEN}")

    assert body["extensions"]["plan"]["totals"]["calls"] > 5


async def test_a_page_of_an_allowed_origin_may_send_the_header(gateway: Gateway, mocks: MockPort) -> None:
    settings = demo_settings(mocks.url, 8000)
    server = settings.server.model_copy(update={"allowed_origins": ("https://app.example",)})
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,x-explain"}

    with served(create_app(Settings(server=server, sources=settings.sources))) as url:
        headers = {"Origin": "https://app.example", **asked}
        async with gateway.session.options(f"{url}/graphql", headers=headers) as reply:
            allowed = reply.headers["access-control-allow-headers"]

    assert (reply.status, "x-explain" in allowed) == (200, True)


def explaining(mocks: MockPort, explain: str) -> Settings:
    settings = demo_settings(mocks.url, 8000)
    return settings.model_copy(update={"security": settings.security.model_copy(update={"explain": explain})})
