"""Every trouble of every source: the others answer, the truth is told, nothing leaks, and all is well afterwards."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from gateway.demo import OWN
from tests.conftest import MockPort
from tests.faults.conftest import KINDS, Door
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
    "429 with Retry-After": ({"status": 429, "retry_after": 1, "body": FAILURE}, "UPSTREAM_BUSY"),
    "429": ({"status": 429, "body": FAILURE}, "UPSTREAM_BUSY"),
    "500": ({"status": 500, "body": FAILURE}, "UPSTREAM_BROKEN"),
    "503": ({"status": 503, "body": PAGE}, "UPSTREAM_BROKEN"),
    "endless redirect": ({"redirect": True}, "UPSTREAM_REJECTED"),
    "100 MB": ({"size_mb": 100}, "SOURCE_TOO_LARGE"),
}
"What a mock is told, and the code of the error that comes of it."
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

    gateway: Running
    http: aiohttp.ClientSession
    heard: str = ""

    async def post(self, query: str, **variables: Any) -> dict[str, Any]:
        body = {"query": query, "variables": variables}
        async with self.http.post(f"{self.gateway.url}/graphql", json=body) as reply:
            text = await reply.text()
        self.heard += text
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
async def asked(gateway: Running, mocks: MockPort) -> Any:
    timeout = aiohttp.ClientTimeout(total=DEADLINE_S)
    async with aiohttp.ClientSession(timeout=timeout) as http:
        yield Asked(gateway, http)


@pytest.fixture
async def whole(asked: Asked) -> dict[str, Any]:
    """The list as it is when all is well."""
    return await asked.until_live()


@contextmanager
def trouble(doors: Mapping[str, Door], mocks: MockPort, kind: str, name: str) -> Iterator[None]:
    """Within the block the source has it."""
    rule, _ = TROUBLES[name]
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


@EVERY_KIND
@EVERY_TROUBLE
async def test_a_source_in_trouble_costs_itself_alone_tells_why_and_comes_back(
    asked: Asked, whole: Mapping[str, Any], doors: Mapping[str, Door], mocks: MockPort, kind: str, name: str
) -> None:
    code = OF_LISTS.get((kind, name), TROUBLES[name][1])
    code_of_one = OF_LOOK_UPS.get((kind, name), code)
    chosen, said_before = one_of_each(whole), len(asked.gateway.text)

    with trouble(doors, mocks, kind, name):
        many, some = await asyncio.gather(
            asked.post(LIST), asked.post(BY_ID, ids=[row["id"] for row in chosen.values()])
        )
    again = await asked.until_live()

    # The others are all there.
    rows = whole["data"]["releases"]["nodes"]
    assert many["data"]["releases"]["nodes"] == [row for row in rows if row["sourceName"] != kind]
    assert [row and row["nativeId"] for row in some["data"]["nodes"]] == [
        None if name_of == kind else row["nativeId"] for name_of, row in chosen.items()
    ]
    # The truth is told, in all places.
    told = states(many)[kind][1]
    assert told in (code, ON_A_BUSY_MACHINE.get(code))
    assert states(many) == {**dict.fromkeys(KINDS, ("LIVE", None)), kind: ("FAILED", told)}
    assert many["extensions"]["sources"] == {**dict.fromkeys(KINDS, "LIVE"), kind: "FAILED"}
    assert errors(many) == [(["releases"], told, kind)]
    place = ["nodes", list(chosen).index(kind)]
    possible = [[(place, one, kind)] for one in (code_of_one, ON_A_BUSY_MACHINE.get(code_of_one or "")) if one]
    assert errors(some) in (possible or [[]])
    # It is over, and nobody said what is nobody's to read.
    assert again["data"]["releases"]["nodes"] == rows
    assert [word for word in NOT_TO_BE_SAID if word in asked.heard + asked.gateway.text[said_before:]] == []


async def test_bodies_of_100_mb_cost_less_than_one_of_them_and_are_given_back(
    another: Running, mocks: MockPort, http: aiohttp.ClientSession
) -> None:
    fresh = Asked(another, http)
    await fresh.until_live()
    before_mb = another.memory_mb()
    mocks.fail(size_mb=100)

    query = "query One($sources: [String!]) { releases(filter: {sources: $sources}) { nodes { name } } }"
    answers = [await fresh.post(query, sources=[kind]) for kind in KINDS * 2]

    codes = [code for answer in answers for _, code, _ in errors(answer)]
    assert (len(codes), set(codes) <= {"SOURCE_TOO_LARGE", "UPSTREAM_TIMEOUT"}) == (len(answers), True)
    assert another.memory_mb("VmHWM") - before_mb < 100


async def test_a_gateway_that_starts_while_all_are_down_tells_so_and_answers_when_they_are_up(
    another: Running, mocks: MockPort, http: aiohttp.ClientSession
) -> None:
    fresh = Asked(another, http)
    mocks.fail(status=503, body=PAGE)

    down = await fresh.post(LIST)
    mocks.mocks.faults.clear()
    up = await fresh.until_live()

    assert down["data"]["releases"] is None
    assert {error["extensions"]["code"] for error in down["errors"]} == {"UPSTREAM_BROKEN"}
    assert "errors" not in up
    assert [word for word in NOT_TO_BE_SAID if word in fresh.heard + another.text] == []


async def test_after_all_that_nothing_is_under_way_and_no_connection_is_left(asked: Asked) -> None:
    async with asyncio.timeout(PATIENCE_S):
        told = await metrics(asked)
        # A listener, what the loop keeps for itself, and this connection: those to upstreams end when they were idle.
        while asked.gateway.sockets > 8:
            told = await metrics(asked)

    under_way = [line for line in told.splitlines() if "_in_flight" in line and not line.startswith("#")]
    assert {line.split()[-1] for line in under_way} == {"0.0"}


async def metrics(asked: Asked) -> str:
    async with asked.http.get(f"{asked.gateway.url}/metrics") as reply:
        return await reply.text()
