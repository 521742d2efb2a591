"""Two tenants, each with upstream credentials of their own: neither ever sees what is the other's."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.conftest import MockPort
from tests.graph.conftest import Start

CLIENTS = 64
ROUNDS = 2
WIDE = {"x-balena-token": "demo-balena-token", "x-memfault-token": "demo-memfault-token"}
NARROW = {"x-balena-token": "partner-balena-token", "x-memfault-token": "demo-memfault-acme-token"}
ROWS = """{
  fleets(first: 200) { nodes { sourceName nativeId } sources { source { name } state } }
  releases(first: 20) { nodes { sourceName nativeId fleet { name } } }
}"""


@pytest.fixture(params=["memory", "redis"])
def url(request: pytest.FixtureRequest, start: Start, mocks: MockPort) -> str:
    """A gateway whose sources have no credential of their own. It remembers in its memory, or in Redis."""
    cache = {"RELEASEGRAPH_SERVER_CURSOR_KEY": "a-key-that-workers-share"}
    if request.param == "redis":
        cache["RELEASEGRAPH_CACHE_URL"] = request.getfixturevalue("redis_url")
    environ = {f"{kind.upper()}_URL": f"{mocks.url}/{kind}" for kind in ("balena", "memfault")}
    # On a machine that is busy with other things, so many at once take a while.
    environ |= {f"{kind.upper()}_TIMEOUT_S": "120" for kind in ("balena", "memfault")}
    environ |= {f"{kind.upper()}_PASSTHROUGH": f"X-{kind}-token" for kind in ("balena", "memfault")}
    return f"{start({**environ, **cache, 'RELEASEGRAPH_TELEMETRY_LOG_LEVEL': 'warning'})}/graphql"


async def rows(http: aiohttp.ClientSession, url: str, headers: dict[str, str]) -> dict[str, Any]:
    async with http.post(url, json={"query": ROWS}, headers=headers) as reply:
        body: dict[str, Any] = await reply.json()
        return body


async def test_two_tenants_never_see_each_others_rows_with_64_clients_at_once(
    url: str, mocks: MockPort, http: aiohttp.ClientSession
) -> None:
    alone = [shown(await rows(http, url, tenant)) for tenant in (WIDE, NARROW)]

    asked = [rows(http, url, (WIDE, NARROW)[number % 2]) for _ in range(ROUNDS) for number in range(CLIENTS)]
    answers = await asyncio.gather(*asked)

    assert "errors" not in str([answer.keys() for answer in answers])
    assert [shown(answer) for answer in answers[::2]] == [alone[0]] * (len(answers) // 2)
    assert [shown(answer) for answer in answers[1::2]] == [alone[1]] * (len(answers) // 2)
    wide, narrow = ({(row["sourceName"], row["nativeId"]) for row in one[0]} for one in alone)
    assert {source for source, _ in wide - narrow} == {"balena", "memfault"}


def shown(answer: dict[str, Any]) -> list[Any]:
    """The rows of its lists; how old they are may differ, since answers are remembered."""
    return [answer["data"][name]["nodes"] for name in ("fleets", "releases")]


async def test_look_ups_that_tenants_make_at_once_find_what_each_of_them_may_see(
    url: str, mocks: MockPort, http: aiohttp.ClientSession
) -> None:
    seen = [{id_ async for id_ in releases(http, url, tenant)} for tenant in (WIDE, NARROW)]
    ids = sorted(seen[0] | seen[1])[:CLIENTS]
    mocks.mocks.calls.clear()

    asked = [(id_, number) for id_ in ids for number in (0, 1)]
    found = await asyncio.gather(*(look_up(http, url, (WIDE, NARROW)[number], id_) for id_, number in asked))

    assert found == [{"id": id_} if id_ in seen[number] else None for id_, number in asked]
    assert None in found
    assert len(mocks.paths("balena")) < len(asked)


async def releases(http: aiohttp.ClientSession, url: str, headers: dict[str, str]) -> AsyncIterator[str]:
    """Ids of balena's newest."""
    query = "{ releases(first: 200, filter: { kinds: [BALENA] }) { nodes { id } } }"
    async with http.post(url, json={"query": query}, headers=headers) as reply:
        for one in (await reply.json())["data"]["releases"]["nodes"]:
            yield one["id"]


async def look_up(http: aiohttp.ClientSession, url: str, headers: dict[str, str], id_: str) -> Any:
    async with http.post(url, json={"query": f'{{ release(id: "{id_}") {{ id }} }}'}, headers=headers) as reply:
        body = await reply.json()
        assert "errors" not in body
        return body["data"]["release"]


async def test_what_is_remembered_of_one_tenant_does_not_stand_in_for_another_when_the_source_fails(
    url: str, mocks: MockPort, http: aiohttp.ClientSession
) -> None:
    wide = await rows(http, url, WIDE)
    mocks.fail(status=503)

    narrow = await rows(http, url, NARROW)
    again = await rows(http, url, WIDE)

    assert narrow["data"] == {"fleets": None, "releases": None}
    assert shown(again) == shown(wide)


async def test_an_operation_that_one_tenant_left_here_answers_each_with_its_own_rows(
    url: str, mocks: MockPort, http: aiohttp.ClientSession
) -> None:
    named = {"persistedQuery": {"version": 1, "sha256Hash": hashlib.sha256(ROWS.encode()).hexdigest()}}
    alone = [shown(await rows(http, url, tenant)) for tenant in (WIDE, NARROW)]
    async with http.post(url, json={"query": ROWS, "extensions": named}, headers=WIDE) as reply:
        left = await reply.json()

    async with http.post(url, json={"extensions": named}, headers=NARROW) as reply:
        by_name = await reply.json()

    assert [shown(left), shown(by_name)] == alone
    assert alone[0] != alone[1]


async def test_tenants_that_come_first_together_do_not_share_a_session(
    url: str, mocks: MockPort, http: aiohttp.ClientSession
) -> None:
    answers = await asyncio.gather(*(rows(http, url, (WIDE, NARROW)[number % 2]) for number in range(CLIENTS)))

    sizes = [len(answer["data"]["fleets"]["nodes"]) for answer in answers]
    assert len(set(sizes[::2])) == len(set(sizes[1::2])) == 1
    assert sizes[0] > sizes[1]


async def test_who_brings_nothing_is_told_which_header_is_missing(
    url: str, mocks: MockPort, http: aiohttp.ClientSession
) -> None:
    await rows(http, url, WIDE)
    mocks.mocks.calls.clear()

    body = await rows(http, url, {"x-balena-token": "demo-balena-token"})

    states = {one["source"]["name"]: one["state"] for one in body["data"]["fleets"]["sources"]}
    errors = {(error["extensions"]["code"], error["extensions"]["source"]) for error in body["errors"]}
    assert (states["memfault"], states["balena"] in ("LIVE", "CACHED")) == ("FAILED", True)
    assert errors == {("CREDENTIAL_REQUIRED", "memfault")}
    assert "in the header x-memfault-token" in body["errors"][0]["message"]
    assert mocks.paths("memfault") == []


async def test_a_refused_credential_of_one_caller_is_nobody_elses_trouble(
    url: str, mocks: MockPort, http: aiohttp.ClientSession
) -> None:
    bad = {"x-balena-token": "hemlighet-1", "x-memfault-token": "hemlighet-2"}
    refused, well = await asyncio.gather(rows(http, url, bad), rows(http, url, WIDE))

    async with http.get(url.replace("/graphql", "/readyz")) as reply:
        ready = await reply.json()

    assert {error["extensions"]["code"] for error in refused["errors"]} == {"UPSTREAM_REFUSED"}
    assert "errors" not in well
    assert [one["status"] for one in ready["sources"].values()] == ["UP", "UP"]


async def test_a_header_that_is_no_token_is_refused_without_repeating_it(
    url: str, mocks: MockPort, http: aiohttp.ClientSession
) -> None:
    async with http.post(url, json={"query": ROWS}, headers={"x-balena-token": "two words"}) as reply:
        text = await reply.text()

    assert reply.status == 400
    assert "x-balena-token should be one word" in text
    assert "two words" not in text


async def test_no_callers_token_is_in_a_reply_a_plan_or_the_log(
    start: Start, mocks: MockPort, http: aiohttp.ClientSession, capfd: pytest.CaptureFixture[str]
) -> None:
    environ = {"MEMFAULT_URL": f"{mocks.url}/memfault", "MEMFAULT_PASSTHROUGH": "x-memfault-token"}
    url = f"{start({**environ, 'RELEASEGRAPH_SECURITY_EXPLAIN': 'anyone'})}/graphql"

    replies = [
        await rows(http, url, {"x-memfault-token": token, "x-explain": "on"})
        for token in ("demo-memfault-token", "hemlighet-token")
    ]

    said = "".join(capfd.readouterr()) + str(replies)
    assert "upstream call" in said
    assert "plan" in said
    assert [token for token in ("demo-memfault-token", "hemlighet-token") if token in said] == []


async def test_a_configured_token_serves_who_brings_none_and_never_who_does(
    start: Start, mocks: MockPort, http: aiohttp.ClientSession
) -> None:
    environ = {"BALENA_URL": f"{mocks.url}/balena", "BALENA_TOKEN": "demo-balena-token"}
    url = f"{start({**environ, 'BALENA_PASSTHROUGH': 'x-balena-token'})}/graphql"

    own, partner, bad = [
        await rows(http, url, headers)
        for headers in ({}, {"x-balena-token": "partner-balena-token"}, {"x-balena-token": "nobodys-balena-token"})
    ]

    fleets = [len(answer["data"]["fleets"]["nodes"]) for answer in (own, partner)]
    assert fleets[0] > fleets[1] > 0
    assert bad["data"]["fleets"] is None
