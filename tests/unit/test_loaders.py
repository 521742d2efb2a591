"""Loaders: many questions become few calls, and one source's trouble stays with its own keys."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from resolvers import keys
from resolvers.errors import UpstreamBroken, UpstreamPayloadError
from resolvers.federation.reading import MAX_ROWS
from resolvers.graph.enums import ReleaseFilterField
from resolvers.graph.questions import Question
from resolvers.loaders import Loaders
from resolvers.upstreams.port import Chunk, Failure, ReleaseQuery
from tests.unit.fake_upstreams import ALL_FACTS, FakeUpstream, Graph, artifact, fleet, release, silent

SECRET = "sk-live-of-somebody"
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { id __typename ... on Release { name fleet { name } artifacts { nodes { name } } } } }"  # noqa: E501


def a_source(name: str, count: int = 3, fleet_count: int = 2) -> FakeUpstream:
    """Releases shared out over fleets, each with one file."""
    fleets = [fleet(name, f"f{number}") for number in range(fleet_count)]
    rows = [release(name, str(number), fleet_native_id=f"f{number % fleet_count}") for number in range(count)]
    return FakeUpstream(name, ALL_FACTS, rows, fleets, {row.native_id: [artifact(name, row.native_id)] for row in rows})


def ids_of(upstream: FakeUpstream) -> list[str]:
    return [keys.encode("Release", upstream.name, row.native_id) for row in upstream.rows]


def crash(upstream: FakeUpstream) -> None:
    """As a mistake of ours in an adapter would."""
    upstream.error = KeyError(SECRET)


async def test_a_hundred_nodes_of_two_sources_cost_one_call_a_source_and_question() -> None:
    a, b = a_source("a", 50), a_source("b", 50)

    nodes = (await Graph([a, b]).data(NODES, ids=[*ids_of(a), *ids_of(b)]))["nodes"]

    assert [node["id"] for node in nodes] == [*ids_of(a), *ids_of(b)]
    once = ["artifacts_by_release_id", "fleets_by_id", "releases_by_id"]
    assert sorted(call for call, _ in a.calls) == sorted(call for call, _ in b.calls) == once


async def test_doubling_the_nodes_adds_no_call() -> None:
    few, many = a_source("a", 20), a_source("a", 40)

    await Graph([few]).data(NODES, ids=ids_of(few))
    await Graph([many]).data(NODES, ids=ids_of(many))

    assert [call for call, _ in few.calls] == [call for call, _ in many.calls]


async def test_the_same_key_is_asked_once() -> None:
    a = a_source("a")
    one = ids_of(a)[0]

    nodes = (await Graph([a]).data("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=[one] * 5))["nodes"]

    assert nodes == [{"id": one}] * 5
    assert a.calls == [("releases_by_id", ("0",))]


async def test_releases_of_many_fleets_are_one_stream_shared_out() -> None:
    a = a_source("a", 12, fleet_count=4)
    query = "{ fleets { nodes { nativeId releases { nodes { nativeId } } } } }"

    nodes = (await Graph([a]).data(query))["fleets"]["nodes"]

    assert {node["nativeId"]: [one["nativeId"] for one in node["releases"]["nodes"]] for node in nodes} == {
        "f0": ["0", "4", "8"],
        "f1": ["1", "5", "9"],
        "f2": ["2", "6", "10"],
        "f3": ["3", "7", "11"],
    }
    assert [call for call, _ in a.calls] == ["fleets", "releases"]


async def test_two_questions_about_the_same_fleets_are_two_streams() -> None:
    a = a_source("a", 12, fleet_count=4)
    query = (
        '{ fleets { nodes { all: releases { totalCount } few: releases(filter: { names: ["1"] }) { totalCount } } } }'
    )

    nodes = (await Graph([a]).data(query))["fleets"]["nodes"]

    assert [(node["all"]["totalCount"], node["few"]["totalCount"]) for node in nodes] == [
        (3, 0),
        (3, 1),
        (3, 0),
        (3, 0),
    ]
    assert [call for call, _ in a.calls] == ["fleets", "releases", "releases"]


async def test_a_fleet_that_was_listed_is_not_asked_for_again() -> None:
    a = a_source("a")

    await Graph([a]).data("{ fleets { nodes { releases { nodes { fleet { name } } } } } }")

    assert [call for call, _ in a.calls] == ["fleets", "releases"]


@pytest.mark.parametrize("trouble", [silent, crash])
async def test_an_error_of_one_source_goes_to_its_keys_alone(trouble: Any) -> None:
    a, b = a_source("a"), a_source("b")
    trouble(b)
    loaders = Loaders({"a": a, "b": b})  # type: ignore[dict-item]  # facts are an instance's own here

    answers = await asyncio.gather(
        *(loaders.to(Question.RELEASE).load((name, "1")) for name in ("a", "b")),
        *(loaders.to(Question.ARTIFACTS_OF_RELEASE).load((name, "1")) for name in ("a", "b")),
        *(loaders.columns_by_release_key.load((name, "1", frozenset({"notes"}))) for name in ("a", "b")),
        return_exceptions=True,
    )

    assert [answer is b.error for answer in answers] == [False, True] * 3


async def test_an_error_of_one_source_costs_the_other_nodes_nothing() -> None:
    a, b = a_source("a"), a_source("b")
    silent(b)

    reply = await Graph([a, b]).reply(NODES, ids=[ids_of(b)[0], ids_of(a)[0], ids_of(b)[1]])

    assert [node and node["name"] for node in reply["data"]["nodes"]] == [None, "0", None]
    assert [error["path"] for error in reply["errors"]] == [["nodes", 0], ["nodes", 2]]
    assert {error["extensions"]["code"] for error in reply["errors"]} == {"UPSTREAM_BROKEN"}


async def test_one_key_may_fail_while_its_neighbour_is_found() -> None:
    class Gappy(FakeUpstream):
        async def releases_by_id(self, ids: Any, columns: Any = None) -> Any:
            found = dict(await super().releases_by_id(ids, columns))
            return {**found, "1": UpstreamPayloadError(self.name, "a row in no known shape")}

    a = Gappy("a", rows=a_source("a").rows)

    reply = await Graph([a]).reply("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids_of(a))

    assert [node is None for node in reply["data"]["nodes"]] == [False, True, False]
    assert [error["extensions"]["code"] for error in reply["errors"]] == ["UPSTREAM_PAYLOAD"]


async def test_a_mistake_of_ours_in_one_source_leaves_the_other_in_its_list() -> None:
    a, b = a_source("a"), a_source("b")
    crash(b)

    reply = await Graph([a, b]).reply("{ releases { nodes { nativeId } sources { state code } totalCount } }")

    assert reply["data"]["releases"] == {
        "nodes": [{"nativeId": "0"}, {"nativeId": "1"}, {"nativeId": "2"}],
        "sources": [{"state": "LIVE", "code": None}, {"state": "FAILED", "code": "INTERNAL"}],
        "totalCount": None,
    }
    assert [error["extensions"] for error in reply["errors"]] == [{"code": "INTERNAL", "source": "b", "partial": True}]
    assert SECRET not in str(reply)


CRASHING = [
    pytest.param("{ releases { nodes { name } } }", id="list"),
    pytest.param("{ artifacts { nodes { name } } }", id="artifacts"),
    pytest.param('{ fleetBySlug(slug: "x") { name } }', id="slug"),
    pytest.param('{ releaseByNativeId(source: "b", nativeId: "1") { name } }', id="look-up"),
    pytest.param(f'{{ node(id: "{keys.encode("Fleet", "b", "f0")}") {{ id }} }}', id="node"),
]


@pytest.mark.parametrize("query", CRASHING)
async def test_a_mistake_of_ours_is_masked(query: str) -> None:
    b = a_source("b")
    crash(b)

    error = await Graph([b]).error(query)

    assert error["extensions"]["code"] == "INTERNAL"
    assert "inside the gateway" in error["message"]
    assert SECRET not in str(error)


async def test_a_fleet_that_fails_costs_its_own_releases() -> None:
    a = a_source("a", 4)
    a.failures = [Failure(UpstreamBroken("a", "503 (GET /f1)"), "f1")]
    a.rows = [row for row in a.rows if row.fleet_native_id != "f1"]
    query = '{ fleetByNativeId(source: "a", nativeId: "%s") { releases { totalCount sources { state } } } }'

    whole = await Graph([a]).data(query % "f0")
    lost = await Graph([a]).reply(query % "f1")

    assert whole["fleetByNativeId"]["releases"] == {"totalCount": 2, "sources": [{"state": "LIVE"}]}
    assert lost["data"]["fleetByNativeId"] == {"releases": None}
    assert [error["extensions"]["code"] for error in lost["errors"]] == ["UPSTREAM_BROKEN"]


class Endless(FakeUpstream):
    """Gives its rows until nobody wants them any more."""

    async def releases(self, query: ReleaseQuery) -> AsyncIterator[Chunk[Any]]:
        while True:
            self._asked("releases", query)
            yield Chunk(self.rows * 100)


@pytest.mark.parametrize(("pushed_down", "advice"), [
    pytest.param((ReleaseFilterField.FLEETS, ReleaseFilterField.CREATED), "by `fleetIds`, `createdAfter`", id="some"),
    pytest.param((), "leave it out by `sources`", id="nothing helps"),
])  # fmt: skip
async def test_a_source_beyond_the_cap_is_failed_and_says_what_helps(pushed_down: Any, advice: str) -> None:
    a, b = a_source("a"), Endless("b", rows=a_source("b", 50).rows)
    b.facts = replace(ALL_FACTS, pushed_down=pushed_down)

    reply = await Graph([a, b]).reply("{ releases { nodes { sourceName } totalCount } }")

    assert {node["sourceName"] for node in reply["data"]["releases"]["nodes"]} == {"a"}
    assert reply["data"]["releases"]["totalCount"] is None
    assert reply["errors"][0]["extensions"] == {"code": "SOURCE_TOO_LARGE", "source": "b", "partial": True}
    assert reply["errors"][0]["message"].startswith(f"b: more than {MAX_ROWS} rows; ")
    assert advice in reply["errors"][0]["message"]
    assert len(b.calls) == MAX_ROWS // 5000 + 1


async def test_the_cap_holds_for_the_releases_of_fleets_too() -> None:
    b = Endless("b", rows=a_source("b", 50).rows, own_fleets=a_source("b").own_fleets)

    reply = await Graph([b]).reply("{ fleets { nodes { releases { totalCount } } } }")

    assert reply["data"]["fleets"]["nodes"] == [{"releases": None}] * 2
    assert {error["extensions"]["code"] for error in reply["errors"]} == {"SOURCE_TOO_LARGE"}


async def test_a_source_of_exactly_the_cap_is_read() -> None:
    a = a_source("a", MAX_ROWS)

    found = (await Graph([a]).data("{ releases(first: 1) { totalCount } }"))["releases"]

    assert found == {"totalCount": MAX_ROWS}
