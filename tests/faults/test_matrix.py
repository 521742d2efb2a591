"""Every trouble of every source: the others answer, the truth is told, nothing leaks, and all is well afterwards."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.app import create_app
from gateway.demo import OWN
from gateway.settings import load
from tests.conftest import MockPort, served
from tests.faults.conftest import KINDS, Door, impatient
from tests.leaks import heard
from tests.process import Running

DEADLINE_S = 15
"Of any answer: far more than the sources' own limit of a second, since machines are busy."
PATIENCE_S = 30

SAID = "words-of-an-upstream"
PAGE = f"<html><title>{SAID}</title><pre>Traceback (most recent call last): {SAID}</pre></html>"
FAILURE = json.dumps({"error": SAID, "trace": f"Traceback (most recent call last): {SAID}"})
SECRET = [value for own in OWN.values() for name, value in own.items() if "TOKEN" in name or "PASSWORD" in name]
NOT_TO_BE_SAID = [SAID, "Traceback", "/site-packages/", *SECRET, *(f"demo-{kind}-token" for kind in KINDS)]

LIST = "{ releases(first: 1000) { nodes { id sourceName nativeId } sources { source { name } state code } } }"
BY_ID = "query ById($ids: [ID!]!) { nodes(ids: $ids) { ... on Release { sourceName nativeId } } }"

CLOSED: Mapping[str, Any] = {}
TROUBLES: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "refused connection": (CLOSED, "UPSTREAM_UNREACHABLE"),
    "black hole": ({"silent": True}, "UPSTREAM_TIMEOUT"),
    "slow first byte": ({"delay_ms": 60_000}, "UPSTREAM_TIMEOUT"),
    "slow body": ({"trickle_ms": 200}, "UPSTREAM_TIMEOUT"),
    "reset in the body": ({"reset_body": True}, "UPSTREAM_UNREACHABLE"),
    "closed in the body": ({"cut_body": True}, "UPSTREAM_UNREACHABLE"),
    "no answer": ({"drop": True}, "UPSTREAM_UNREACHABLE"),
    "cut JSON": ({"cut_json": True}, "UPSTREAM_PAYLOAD"),
    "wrong shape": ({"wrong_shape": True}, "UPSTREAM_PAYLOAD"),
    "HTML": ({"body": PAGE}, "UPSTREAM_PAYLOAD"),
    "401": ({"status": 401, "body": FAILURE}, "UPSTREAM_REFUSED"),
    "403": ({"status": 403, "body": PAGE}, "UPSTREAM_REFUSED"),
    "404": ({"status": 404, "body": FAILURE}, "UPSTREAM_REJECTED"),
    "500": ({"status": 500, "body": FAILURE}, "UPSTREAM_BROKEN"),
    "503": ({"status": 503, "body": PAGE}, "UPSTREAM_BROKEN"),
    "endless redirect": ({"redirect": True}, "UPSTREAM_REJECTED"),
    "100 MB": ({"size_mb": 100}, "SOURCE_TOO_LARGE"),
}
LIMITS: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "429 with Retry-After": ({"status": 429, "retry_after": 1, "body": FAILURE}, "UPSTREAM_BUSY"),
    "429": ({"status": 429, "body": FAILURE}, "UPSTREAM_BUSY"),
}
"What a mock is told, and the code of the error that comes of it. A source that sets limits is asked less for a while."
OF_LISTS = {("balena", "500"): "UPSTREAM_REJECTED"}
"What is otherwise: balena says 500 to what it cannot read."
OF_LOOK_UPS: Mapping[tuple[str, str], str | None] = {**OF_LISTS, ("metakraftwerk", "404"): None}
"Likewise; who is asked for one object says 404 when there is none. The others' are found in lists."

ON_A_BUSY_MACHINE = {"SOURCE_TOO_LARGE": "UPSTREAM_TIMEOUT"}
"A second may not be enough to read 64 MiB."

EVERY_KIND = pytest.mark.parametrize("kind", KINDS)
EVERY_TROUBLE = pytest.mark.parametrize("name", TROUBLES)


@dataclass
class Asked:
    """A gateway to be asked, and what it had to say to that."""

    url: str
    http: aiohttp.ClientSession
    heard: str = ""

    async def post(self, query: str, **variables: Any) -> dict[str, Any]:
        body = {"query": query, "variables": variables}
        async with self.http.post(f"{self.url}/graphql", json=body) as reply:
            text = await reply.text()
        self.heard += text
        heard("reply", text)
        answer: dict[str, Any] = json.loads(text)
        assert reply.status == 200, text
        return answer

    async def until_live(self) -> dict[str, Any]:
        """The list, once all five sources are in it again."""
        async with asyncio.timeout(PATIENCE_S):
            while set(states(answer := await self.post(LIST)).values()) != {("LIVE", None)}:
                pass
        return answer


@pytest.fixture
async def in_time() -> AsyncIterator[aiohttp.ClientSession]:
    """A client that gives up at the deadline."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=DEADLINE_S)) as http:
        yield http


@contextmanager
def trouble(doors: Mapping[str, Door], mocks: MockPort, kind: str, name: str) -> Iterator[None]:
    """Within the block the source has it."""
    rule, _ = {**TROUBLES, **LIMITS}[name]
    if rule is CLOSED:
        doors[kind].close()
    else:
        mocks.fail(source=kind, **rule)
    try:
        yield
    finally:
        if rule is CLOSED:
            doors[kind].open()
        assert all(rule.met for rule in mocks.mocks.faults.listed())
        mocks.mocks.faults.clear()


def states(answer: Mapping[str, Any]) -> dict[str, tuple[str, str | None]]:
    return {one["source"]["name"]: (one["state"], one["code"]) for one in answer["data"]["releases"]["sources"]}


def errors(answer: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    return [
        (error["path"], error["extensions"]["code"], error["extensions"]["source"])
        for error in answer.get("errors", [])
    ]


def one_of_each(answer: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The last release of each source, by name."""
    return {row["sourceName"]: row for row in answer["data"]["releases"]["nodes"]}


@dataclass(frozen=True, slots=True)
class Seen:
    """The list before, during and after a trouble, and one release of each source by id during it."""

    before: dict[str, Any]
    during: dict[str, Any]
    by_id: dict[str, Any]
    after: dict[str, Any]
    ids: dict[str, str]  # native, by source, in the order they were asked for


async def seen(asked: Asked, doors: Mapping[str, Door], mocks: MockPort, kind: str, name: str) -> Seen:
    before = await asked.until_live()
    chosen = one_of_each(before)
    ids = [row["id"] for row in chosen.values()]
    with trouble(doors, mocks, kind, name):
        during, by_id = await asyncio.gather(asked.post(LIST), asked.post(BY_ID, ids=ids))
    after = await asked.until_live()
    return Seen(before, during, by_id, after, {source: row["nativeId"] for source, row in chosen.items()})


def only_it_is_missing(seen: Seen, kind: str) -> None:
    rows = seen.before["data"]["releases"]["nodes"]
    found = {source: None if source == kind else native_id for source, native_id in seen.ids.items()}
    assert seen.during["data"]["releases"]["nodes"] == [row for row in rows if row["sourceName"] != kind]
    assert [row and row["nativeId"] for row in seen.by_id["data"]["nodes"]] == [*found.values()]
    assert seen.after["data"]["releases"]["nodes"] == rows


def the_truth_is_told(seen: Seen, kind: str, of_list: str, of_one: str | None) -> None:
    """of_one: None when a source says that there is no such object."""
    told = states(seen.during)[kind][1]
    assert told in (of_list, ON_A_BUSY_MACHINE.get(of_list))
    assert states(seen.during) == {**dict.fromkeys(KINDS, ("LIVE", None)), kind: ("FAILED", told)}
    assert seen.during["extensions"]["sources"] == {**dict.fromkeys(KINDS, "LIVE"), kind: "FAILED"}
    assert errors(seen.during) == [(["releases"], told, kind)]
    place, codes = ["nodes", list(seen.ids).index(kind)], (of_one, ON_A_BUSY_MACHINE.get(of_one or ""))
    assert errors(seen.by_id) in ([[(place, code, kind)] for code in codes if code] or [[]])


@EVERY_KIND
@EVERY_TROUBLE
async def test_a_source_in_trouble_costs_itself_alone_tells_why_and_comes_back(
    gateway: Running, in_time: aiohttp.ClientSession, doors: Mapping[str, Door], mocks: MockPort, kind: str, name: str
) -> None:
    asked, said_before = Asked(gateway.url, in_time), len(gateway.text)

    what = await seen(asked, doors, mocks, kind, name)

    only_it_is_missing(what, kind)
    code = OF_LISTS.get((kind, name), TROUBLES[name][1])
    the_truth_is_told(what, kind, code, OF_LOOK_UPS.get((kind, name), code))
    assert [word for word in NOT_TO_BE_SAID if word in asked.heard + gateway.text[said_before:]] == []


@EVERY_KIND
@pytest.mark.parametrize("name", LIMITS)
async def test_a_source_that_sets_limits_costs_itself_alone_and_is_asked_again_when_it_may_be(
    capfd: pytest.CaptureFixture[str],
    in_time: aiohttp.ClientSession,
    doors: Mapping[str, Door],
    mocks: MockPort,
    kind: str,
    name: str,
) -> None:
    # Of its own, since what it learns of limits it keeps; and with time to wait for its turn.
    environ = impatient(doors, RETRIES="0", TIMEOUT_S="10")
    with served(create_app(load(Path(os.devnull), environ))) as url:
        asked = Asked(url, in_time)

        what = await seen(asked, doors, mocks, kind, name)

    only_it_is_missing(what, kind)
    the_truth_is_told(what, kind, LIMITS[name][1], LIMITS[name][1])
    (error,) = what.during["errors"]
    assert error["extensions"].get("retryAfter") == LIMITS[name][0].get("retry_after")
    assert [word for word in NOT_TO_BE_SAID if word in asked.heard + "".join(capfd.readouterr())] == []


@EVERY_KIND
async def test_a_source_that_fails_again_and_again_is_left_alone_and_says_so_until_it_is_well(
    gateway: Running, in_time: aiohttp.ClientSession, mocks: MockPort, kind: str
) -> None:
    asked = Asked(gateway.url, in_time)
    mocks.fail(source=kind, status=503)

    async with asyncio.timeout(PATIENCE_S):
        while states(answer := await asked.post(LIST))[kind] != ("FAILED", "UPSTREAM_CIRCUIT_OPEN"):
            pass
    mocks.mocks.faults.clear()
    await asked.until_live()

    (error,) = answer["errors"]
    assert (error["path"], error["extensions"]["retryAfter"]) == (["releases"], 1)
    assert set(states(answer).values()) == {("LIVE", None), ("FAILED", "UPSTREAM_CIRCUIT_OPEN")}


async def test_bodies_of_100_mb_cost_less_than_one_of_them_and_are_given_back(
    another: Running, mocks: MockPort, in_time: aiohttp.ClientSession
) -> None:
    fresh = Asked(another.url, in_time)
    await fresh.until_live()
    before_mb = another.memory_mb()
    mocks.fail(size_mb=100)

    query = "query One($sources: [String!]) { releases(filter: {sources: $sources}) { nodes { name } } }"
    answers = [await fresh.post(query, sources=[kind]) for kind in KINDS * 2]

    codes = [code for answer in answers for _, code, _ in errors(answer)]
    assert (len(codes), set(codes) <= {"SOURCE_TOO_LARGE", "UPSTREAM_TIMEOUT"}) == (len(answers), True)
    assert another.memory_mb("VmHWM") - before_mb < 100


async def test_a_gateway_that_starts_while_all_are_down_tells_so_and_answers_when_they_are_up(
    another: Running, mocks: MockPort, in_time: aiohttp.ClientSession
) -> None:
    fresh = Asked(another.url, in_time)
    mocks.fail(status=503, body=PAGE)

    down = await fresh.post(LIST)
    mocks.mocks.faults.clear()
    up = await fresh.until_live()

    assert down["data"]["releases"] is None
    assert {error["extensions"]["code"] for error in down["errors"]} == {"UPSTREAM_BROKEN"}
    assert "errors" not in up
    assert [word for word in NOT_TO_BE_SAID if word in fresh.heard + another.text] == []


async def test_after_all_that_nothing_is_under_way_and_no_connection_is_left(
    gateway: Running, http: aiohttp.ClientSession
) -> None:
    async with asyncio.timeout(PATIENCE_S):
        told = await metrics(gateway, http)
        # A listener, what the loop keeps for itself, and this connection: those to upstreams end when they were idle.
        while gateway.sockets > 8:
            told = await metrics(gateway, http)

    under_way = [line for line in told.splitlines() if "_in_flight" in line and not line.startswith("#")]
    assert {line.split()[-1] for line in under_way} == {"0.0"}


async def metrics(gateway: Running, http: aiohttp.ClientSession) -> str:
    async with http.get(f"{gateway.url}/metrics") as reply:
        text = await reply.text()
    heard("metrics", text)
    return text
