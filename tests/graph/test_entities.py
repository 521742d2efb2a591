"""Entities over HTTP: what a router names by a key is found as `node` finds it, in as few calls."""

from __future__ import annotations

from typing import Any

import pytest

from resolvers import keys
from resolvers.entities import KEYS, MAX_REPRESENTATIONS
from tests.conftest import MockPort
from tests.graph.conftest import Gateway, data_calls

FIELDS = " ".join(f"... on {name} {{ id }}" for name in KEYS)
ENTITIES = f"query ($named: [_Any!]!) {{ _entities(representations: $named) {{ __typename {FIELDS} }} }}"
ROWS = """{
  releases(first: 200) { nodes { __typename id sourceName nativeId } }
  fleets(first: 50) { nodes { __typename id sourceName nativeId
    cohorts(first: 1) { nodes { __typename id sourceName nativeId } }
    devices(first: 1) { nodes { __typename id sourceName nativeId } }
    deployments(first: 1) { nodes { __typename id sourceName nativeId } } } }
  artifacts(first: 20) { nodes { __typename id sourceName nativeId } }
  builds: releases(first: 10, filter: { kinds: [BUILDMASTER] }) { nodes {
    builds(first: 1) { nodes { __typename id sourceName nativeId } } } }
}"""


def rows(found: Any) -> list[dict[str, str]]:
    """Every object with a native id in an answer, however deep."""
    if isinstance(found, list):
        return [row for one in found for row in rows(one)]
    if not isinstance(found, dict):
        return []
    row = {name: value for name, value in found.items() if isinstance(value, str)}
    return [*([row] if "nativeId" in row else []), *rows(list(found.values()))]


async def listed(gateway: Gateway) -> list[dict[str, str]]:
    """Objects of every type that is in a source."""
    found = rows(await gateway.data(ROWS))
    assert {row["__typename"] for row in found} == set(KEYS) - {"Source", *keys.OF_NO_SOURCE}
    return found


def by_id(row: dict[str, str]) -> dict[str, str]:
    return {"__typename": row["__typename"], "id": row["id"]}


def by_route(row: dict[str, str]) -> dict[str, str]:
    return {name: row[name] for name in ("__typename", "sourceName", "nativeId")}


async def test_every_object_is_found_by_both_of_its_keys(gateway: Gateway) -> None:
    all_rows = await listed(gateway)

    ids = await gateway.data(ENTITIES, named=[by_id(row) for row in all_rows])
    routes = await gateway.data(ENTITIES, named=[by_route(row) for row in all_rows])

    assert ids["_entities"] == routes["_entities"] == [by_id(row) for row in all_rows]


async def test_a_source_is_found_by_its_id_and_its_name(gateway: Gateway, mocks: MockPort) -> None:
    source_id = keys.encode("Source", "balena", "")
    named = [{"id": source_id}, {"name": "balena"}, {"name": "nobody"}]

    data = await gateway.data(ENTITIES, named=[{"__typename": "Source", **key} for key in named])

    found = {"__typename": "Source", "id": source_id}
    assert data["_entities"] == [found, found, None]
    assert data_calls(mocks) == []


async def test_entities_cost_what_nodes_cost_by_whichever_key(gateway: Gateway, mocks: MockPort) -> None:
    releases = [row for row in await listed(gateway) if row["__typename"] == "Release"]
    mocks.mocks.calls.clear()
    await gateway.data("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=[row["id"] for row in releases])
    cost_of_nodes = sorted(data_calls(mocks))
    mocks.mocks.calls.clear()

    # Each of them twice, by one key and by the other, far apart.
    await gateway.data(ENTITIES, named=[by_id(row) for row in releases] + [by_route(row) for row in releases])

    assert sorted(data_calls(mocks)) == cost_of_nodes
    assert 5 <= len(cost_of_nodes) < 20 < len(releases)


async def test_an_id_counts_when_both_keys_are_there(gateway: Gateway) -> None:
    one, other, *_ = (row for row in await listed(gateway) if row["__typename"] == "Fleet")

    data = await gateway.data(ENTITIES, named=[{**by_route(other), **by_id(one)}, {**by_route(other), "id": None}])

    assert data["_entities"] == [by_id(one), by_id(other)]


async def test_what_is_not_there_is_null_and_no_error(gateway: Gateway) -> None:
    gone = {"__typename": "Release", "sourceName": "balena", "nativeId": "2147483647"}
    by_its_id = {"__typename": "Release", "id": keys.encode("Release", "balena", "2147483647")}

    assert await gateway.data(ENTITIES, named=[gone, by_its_id]) == {"_entities": [None, None]}


async def test_a_product_line_is_found_by_its_id_and_by_its_name(gateway: Gateway) -> None:
    line_id = keys.encode("ProductLine", keys.NOWHERE, keys.join("Sensor Hub"))
    named = [{"id": line_id}, {"name": "Sensor Hub"}, {"name": "nobody's"}]

    data = await gateway.data(ENTITIES, named=[{"__typename": "ProductLine", **key} for key in named])

    found = {"__typename": "ProductLine", "id": line_id}
    assert data == {"_entities": [found, found, None]}


TYPES = ", ".join(KEYS)
RELEASE = {"__typename": "Release"}
NO_KEY = "a Release is named by `id` or `sourceName nativeId`, as text"
WRONG = [
    pytest.param(5, "BAD_ARGUMENT", f"__typename is to be one of {TYPES}, not None", id="no object"),
    pytest.param({"id": "x"}, "BAD_ARGUMENT", f"__typename is to be one of {TYPES}, not None", id="no type"),
    pytest.param({"__typename": "Tag"}, "BAD_ARGUMENT", f"one of {TYPES}, not 'Tag'", id="no entity"),
    pytest.param({"__typename": ["Release"]}, "BAD_ARGUMENT", "not ['Release']", id="no name of a type"),
    pytest.param({"__typename": "x" * 9999}, "BAD_ARGUMENT", "not 'xxx", id="a long name"),
    pytest.param(RELEASE, "BAD_ARGUMENT", NO_KEY, id="no key"),
    pytest.param({**RELEASE, "sourceName": "balena"}, "BAD_ARGUMENT", NO_KEY, id="half a key"),
    pytest.param({**RELEASE, "sourceName": "balena", "nativeId": 1}, "BAD_ARGUMENT", NO_KEY, id="a number"),
    pytest.param({**RELEASE, "sourceName": "elsewhere", "nativeId": "1"}, "BAD_ARGUMENT", "'elsewhere'", id="source"),
    pytest.param({"__typename": "Source"}, "BAD_ARGUMENT", "a Source is named by `id` or `name`", id="nameless source"),
    pytest.param({**RELEASE, "id": "garbage"}, "INVALID_KEY", "'garbage' is not an id of this graph", id="garbage"),
    pytest.param(
        {**RELEASE, "id": keys.encode("Fleet", "balena", "1")},
        "INVALID_KEY",
        "is an id of type Fleet; expected one of type Release",
        id="another type",
    ),
    pytest.param(
        {**RELEASE, "id": keys.encode("Release", "elsewhere", "1")},
        "INVALID_KEY",
        "the id is of source 'elsewhere'",
        id="an id of no source",
    ),
]


@pytest.mark.parametrize(("named", "code", "message"), WRONG)
async def test_a_bad_representation_is_an_error_at_its_own_place(
    gateway: Gateway, mocks: MockPort, named: object, code: str, message: str
) -> None:
    good = {"__typename": "Source", "name": "balena"}

    reply = await gateway.post(ENTITIES, named=[good, named, good])

    (error,) = reply["errors"]
    assert [one and one["__typename"] for one in reply["data"]["_entities"]] == ["Source", None, "Source"]
    assert (error["path"], error["extensions"]) == (["_entities", 1], {"code": code})
    assert message in error["message"]
    assert len(error["message"]) < 300
    assert data_calls(mocks) == []


async def test_a_failing_source_costs_its_own_entities(gateway: Gateway, mocks: MockPort) -> None:
    fleets = [row for row in await listed(gateway) if row["__typename"] == "Fleet"]
    named = [by_route(row) for row in fleets if row["sourceName"] in ("balena", "metakraftwerk")]
    mocks.fail(source="metakraftwerk", status=503)

    reply = await gateway.post(ENTITIES, named=named)

    lost = [place for place, row in enumerate(named) if row["sourceName"] == "metakraftwerk"]
    assert [place for place, one in enumerate(reply["data"]["_entities"]) if one is None] == lost
    assert [(error["path"], error["extensions"]["code"]) for error in reply["errors"]] == [
        (["_entities", place], "UPSTREAM_BROKEN") for place in lost
    ]


async def test_entities_have_a_bound_of_their_own(gateway: Gateway, mocks: MockPort) -> None:
    named = [{"__typename": "Source", "name": "balena"}] * MAX_REPRESENTATIONS

    assert len((await gateway.data(ENTITIES, named=named))["_entities"]) == MAX_REPRESENTATIONS
    error = await gateway.error(ENTITIES, named=[*named, named[0]])
    assert error["extensions"] == {"code": "BAD_ARGUMENT"}
    assert error["message"] == f"representations: at most {MAX_REPRESENTATIONS} at once, not {MAX_REPRESENTATIONS + 1}"


async def test_lists_below_entities_are_counted_for_each_of_them(gateway: Gateway, mocks: MockPort) -> None:
    query = """query ($named: [_Any!]!) { _entities(representations: $named) {
      ... on Fleet { releases(first: 200) { nodes { name } } } } }"""
    named = [{"__typename": "Fleet", "sourceName": "balena", "nativeId": str(number)} for number in range(250)]

    error = await gateway.error(query, named=named)

    assert error["extensions"] == {"code": "QUERY_TOO_COMPLEX"}
    assert "a number of rows of up to 50250" in error["message"]
    assert data_calls(mocks) == []


async def test_a_representation_may_stand_in_the_query(gateway: Gateway) -> None:
    query = '{ _entities(representations: {__typename: "Source", name: "balena"}) { ... on Source { kind } } }'

    assert await gateway.data(query) == {"_entities": [{"kind": "BALENA"}]}


async def test_no_representations_are_no_entities(gateway: Gateway) -> None:
    assert await gateway.data(ENTITIES, named=[]) == {"_entities": []}
