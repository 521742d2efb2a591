"""The cost of an operation in upstream calls: told before it runs, held against a limit then and while it runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack

import aiohttp
import pytest

from gateway.app import create_app
from gateway.demo import demo_settings
from gateway.settings import Settings
from tests.conftest import MockPort, served
from tests.graph.conftest import Gateway, data_calls

NAMES = "{ releases(first: 2) { nodes { name } } }"
BOARD = "{ fleets(first: 50) { nodes { releases(first: 1) { nodes { artifacts { totalCount } tags { key } } } } } }"


def limited(mocks: MockPort, max_cost: int) -> Settings:
    settings = demo_settings(mocks.url, 8000)
    return settings.model_copy(update={"server": settings.server.model_copy(update={"max_cost": max_cost})})


Start = Callable[[int], str]


@pytest.fixture
def start(mocks: MockPort) -> Iterator[Start]:
    """Starts a gateway that makes so many calls for one operation."""
    with ExitStack() as stack:
        yield lambda max_cost: stack.enter_context(served(create_app(limited(mocks, max_cost))))


@pytest.fixture
async def frugal(start: Start, mocks: MockPort) -> AsyncIterator[Gateway]:
    """A gateway that makes at most twelve calls for one operation, and knows its scopes."""
    async with aiohttp.ClientSession() as session:
        gateway = Gateway(start(12), session)
        await gateway.data(NAMES)
        mocks.mocks.calls.clear()
        yield gateway


async def test_too_dear_an_operation_is_told_its_cost_and_the_limit_and_asks_nobody(
    frugal: Gateway, mocks: MockPort
) -> None:
    error = await frugal.error(BOARD)

    assert error["extensions"] == {"code": "QUERY_TOO_COMPLEX", "cost": 23, "limit": 12}
    assert error["message"] == "the operation may take 23 upstream calls; this server makes at most 12 for one"
    assert data_calls(mocks) == []


async def test_what_an_operation_is_about_decides_and_not_what_it_could_be_about(frugal: Gateway) -> None:
    query = "query Of($kinds: [SourceKind!]) { releases(filter: { kinds: $kinds }) { nodes { fleet { name } } } }"

    of_all = await frugal.error(query)
    of_one = await frugal.post(query, kinds=["METAKRAFTWERK"])

    assert of_all["extensions"]["cost"] == 19
    assert "errors" not in of_one


async def test_a_condition_that_leaves_a_part_out_makes_it_cheaper(frugal: Gateway) -> None:
    query = "query Of($all: Boolean!) { releases { nodes { name fleet @include(if: $all) { name } } } }"

    whole, part = await frugal.post(query, all=True), await frugal.post(query, all=False)

    assert whole["errors"][0]["extensions"]["code"] == "QUERY_TOO_COMPLEX"
    assert "errors" not in part


async def test_variables_that_do_not_fit_are_told_as_such(frugal: Gateway) -> None:
    query = "query Of($kinds: [SourceKind!]) { releases(filter: { kinds: $kinds }) { nodes { fleet { name } } } }"

    error = await frugal.error(query, kinds=["NOBODY"])

    assert error["extensions"]["code"] == "BAD_ARGUMENT"


async def test_the_limit_holds_while_it_runs_and_what_came_so_far_stays(start: Start, mocks: MockPort) -> None:
    # A list of one call, so far as anybody knows beforehand; it comes in pages of ten.
    mocks.mocks.switches["metakraftwerk"]["paged"] = True
    query = """{ releases(filter: { kinds: [BUILDMASTER, METAKRAFTWERK] }) {
      nodes { sourceName } sources { source { name } state code } } }"""
    async with aiohttp.ClientSession() as session:
        reply = await Gateway(start(2), session).post(query)

    page = reply["data"]["releases"]
    states = {one["source"]["name"]: one["state"] for one in page["sources"] if one["state"] != "SKIPPED"}
    assert states == {"buildmaster": "LIVE", "metakraftwerk": "FAILED"}
    assert {node["sourceName"] for node in page["nodes"]} == {"buildmaster"}
    assert [error["extensions"] for error in reply["errors"]] == [
        {"code": "QUERY_TOO_COMPLEX", "source": "metakraftwerk", "cost": 2, "limit": 2, "partial": True}
    ]
    assert len(data_calls(mocks)) == 2


async def test_what_is_asked_twice_is_counted_once(start: Start, mocks: MockPort) -> None:
    listed = "fleets(filter: { kinds: [METAKRAFTWERK] }) { totalCount }"
    async with aiohttp.ClientSession() as session:
        gateway = Gateway(start(4), session)
        reply = await gateway.post(f"{{ a: {listed} b: {listed} }}")

    assert "errors" not in reply
    assert len(data_calls(mocks)) == 1


async def test_a_plan_tells_what_was_expected(gateway: Gateway) -> None:
    await gateway.data(NAMES)

    async with gateway.session.post(
        f"{gateway.url}/graphql", json={"query": NAMES}, headers={"X-Explain": "on"}
    ) as reply:
        totals = (await reply.json())["extensions"]["plan"]["totals"]

    assert totals["estimate"] == 11
    assert totals["calls"] - totals["sessionCalls"] == 11


async def test_a_change_is_not_stopped_in_the_middle(writer: Gateway) -> None:
    reply = await writer.post(
        'mutation { trackLatestRelease(input: { source: "balena", slug: "acme/gauge", enabled: true }) '
        "{ fleet { tracksLatest } userErrors { code } } }"
    )

    assert reply["data"]["trackLatestRelease"] == {"fleet": {"tracksLatest": True}, "userErrors": []}
