"""Look-ups over HTTP: every object a list shows is found again by its id and by its native id, and nothing else is."""

from __future__ import annotations

from typing import Any

import pytest

from resolvers import keys
from tests.conftest import MockPort
from tests.graph.conftest import Gateway, data_calls
from tests.graph.test_main_job import walked

KINDS = ("balena", "buildmaster", "memfault", "metakraftwerk", "nerveshub")
ROW = "id __typename sourceName nativeId name"
WALK = """query ($first: Int, $after: String) {{
  list: {field}(first: $first, after: $after{filter}) {{ pageInfo {{ hasNextPage endCursor }} nodes {{ {row} }} }} }}"""
LISTS = {
    "Release": WALK.format(field="releases", filter=", filter: { includeDeleted: true }", row=ROW),
    "Fleet": WALK.format(field="fleets", filter="", row=ROW),
    "Artifact": WALK.format(field="artifacts", filter="", row=ROW),
}
FIELDS = f"id __typename ... on Release {{ {ROW} }} ... on Fleet {{ {ROW} }} ... on Artifact {{ {ROW} }}"
NODES = f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ {FIELDS} }} }}"
UNKNOWN = {
    "balena": {"Release": "2147483647", "Fleet": "2147483647", "Artifact": "image/2147483647"},
    "buildmaster": {"Release": "2147483647", "Fleet": "2147483647", "Artifact": "2147483647/x"},
    "memfault": {"Release": "acme/gateway/nope", "Fleet": "acme/nope", "Artifact": "acme/gateway/nope/1"},
    "metakraftwerk": {"Release": "2147483647", "Fleet": "2147483647", "Artifact": "1/2147483647"},
    "nerveshub": {"Release": "acme/gateway/9.9.9", "Fleet": "acme/nope", "Artifact": "acme/gateway/nope"},
}
NONSENSE = [
    "",
    "/",
    "☃",
    "%zz",
    "-1",
    "99999999999999999999",
    "a/b/c/d/e/f",
    "image/",
    "'",
    "1 or 1 eq 1",
    "../..",
    "\x00",
]


async def everything(gateway: Gateway, type_name: str) -> list[dict[str, Any]]:
    return await walked(gateway, LISTS[type_name], "list", 200)


@pytest.mark.parametrize("type_name", LISTS)
async def test_every_listed_object_is_found_again_by_its_id(gateway: Gateway, type_name: str) -> None:
    listed = await everything(gateway, type_name)

    found = []
    for start in range(0, len(listed), 200):
        ids = [row["id"] for row in listed[start : start + 200]]
        found += (await gateway.data(NODES, ids=ids))["nodes"]

    assert found == listed
    assert {row["sourceName"] for row in listed} >= set(KINDS) - {"buildmaster"}


@pytest.mark.parametrize(("type_name", "field"), [("Release", "release"), ("Fleet", "fleet"), ("Artifact", "artifact")])
async def test_every_listed_object_is_found_by_its_own_field(gateway: Gateway, type_name: str, field: str) -> None:
    listed = await everything(gateway, type_name)
    fields = " ".join(
        f'f{number}: {field}(id: "{row["id"]}") {{ id __typename sourceName nativeId name }}'
        for number, row in enumerate(listed[:: max(1, len(listed) // 30)][:30])
    )

    found = await gateway.data(f"{{ {fields} }}")

    assert list(found.values()) == listed[:: max(1, len(listed) // 30)][:30]


@pytest.mark.parametrize(("type_name", "field"), [("Release", "releaseByNativeId"), ("Fleet", "fleetByNativeId")])
async def test_every_listed_object_is_found_by_its_native_id(gateway: Gateway, type_name: str, field: str) -> None:
    listed = await everything(gateway, type_name)
    query = f"query ($source: String!, $id: String!) {{ found: {field}(source: $source, nativeId: $id) {{ id }} }}"

    found = [(await gateway.data(query, source=row["sourceName"], id=row["nativeId"]))["found"] for row in listed[::7]]

    assert found == [{"id": row["id"]} for row in listed[::7]]


async def test_ids_with_signs_of_a_url_in_them_are_found(gateway: Gateway) -> None:
    odd = [row for row in await everything(gateway, "Release") if "%" in row["nativeId"]]

    found = (await gateway.data(NODES, ids=[row["id"] for row in odd]))["nodes"]

    assert {row["sourceName"] for row in odd} == {"memfault", "nerveshub"}
    assert found == odd


async def test_an_id_holds_type_source_and_native_id(gateway: Gateway) -> None:
    for type_name in LISTS:
        for row in (await gateway.data(LISTS[type_name], first=3))["list"]["nodes"]:
            assert keys.decode(row["id"]) == (type_name, row["sourceName"], row["nativeId"])


@pytest.mark.parametrize("source", KINDS)
async def test_what_is_not_there_is_null_and_no_error(gateway: Gateway, source: str) -> None:
    ids = [keys.encode(type_name, source, native_id) for type_name, native_id in UNKNOWN[source].items()]

    assert (await gateway.data(NODES, ids=ids))["nodes"] == [None, None, None]
    data = await gateway.data(
        "query ($r: ID!, $f: ID!, $a: ID!) { release(id: $r) { id } fleet(id: $f) { id } artifact(id: $a) { id } }",
        **dict(zip("rfa", ids, strict=True)),
    )
    assert data == {"release": None, "fleet": None, "artifact": None}


@pytest.mark.parametrize("source", KINDS)
async def test_a_native_id_that_cannot_be_meant_is_null_and_asks_nobody(
    gateway: Gateway, mocks: MockPort, source: str
) -> None:
    query = """query ($source: String!, $id: String!) {
      releaseByNativeId(source: $source, nativeId: $id) { id }
      fleetByNativeId(source: $source, nativeId: $id) { id } }"""

    found = [await gateway.data(query, source=source, id=native_id) for native_id in NONSENSE]

    assert found == [{"releaseByNativeId": None, "fleetByNativeId": None}] * len(NONSENSE)
    assert data_calls(mocks) == []


FLEET_ID = keys.encode("Fleet", "balena", "1900092")
RELEASE_ID = keys.encode("Release", "balena", "1")
OF_ELSEWHERE, OF_NO_TYPE = keys.encode("Release", "elsewhere", "1"), keys.encode("Query", "balena", "1")
WRONG = [
    pytest.param("release", FLEET_ID, "is an id of type Fleet; expected one of type Release", id="fleet for a release"),
    pytest.param("fleet", RELEASE_ID, "is an id of type Release; expected one of type Fleet", id="release for a fleet"),
    pytest.param("artifact", RELEASE_ID, "expected one of type Artifact", id="release for an artifact"),
    pytest.param("node", "garbage", "'garbage' is not an id of this graph", id="garbage"),
    pytest.param("node", "", "'' is not an id of this graph", id="empty"),
    pytest.param("node", 42, "'42' is not an id of this graph", id="number"),
    pytest.param("node", OF_ELSEWHERE, "the id is of source 'elsewhere'; configured are: balena, ", id="source"),
    pytest.param("node", OF_NO_TYPE, "no object of this graph is a Query", id="no such type"),
    pytest.param("node", keys.encode("Source", "balena", "1"), "is not an id", id="a source has no native id"),
]


@pytest.mark.parametrize(("field", "given", "message"), WRONG)
async def test_an_id_that_was_never_issued_is_an_invalid_key(
    gateway: Gateway, mocks: MockPort, field: str, given: str | int, message: str
) -> None:
    error = await gateway.error(f"query ($id: ID!) {{ {field}(id: $id) {{ id }} }}", id=given)

    assert error["extensions"] == {"code": "INVALID_KEY"}
    assert message in error["message"]
    assert data_calls(mocks) == []


async def test_an_id_that_fails_costs_its_own_place(gateway: Gateway, mocks: MockPort) -> None:
    rows = {row["sourceName"]: row["id"] for row in await everything(gateway, "Fleet")}
    mocks.fail(source="metakraftwerk", status=503)
    ids = [rows["balena"], "garbage", rows["metakraftwerk"], keys.encode("Source", "memfault", ""), rows["nerveshub"]]

    reply = await gateway.post(NODES, ids=ids)

    assert [node and node["__typename"] for node in reply["data"]["nodes"]] == ["Fleet", None, None, "Source", "Fleet"]
    assert [(error["path"], error["extensions"]["code"]) for error in reply["errors"]] == [
        (["nodes", 1], "INVALID_KEY"),
        (["nodes", 2], "UPSTREAM_BROKEN"),
    ]


async def test_a_failing_source_is_an_error_and_never_a_null_alone(gateway: Gateway, mocks: MockPort) -> None:
    mocks.fail(source="memfault", status=503)

    error = await gateway.error('{ releaseByNativeId(source: "memfault", nativeId: "acme/gateway/1.0.0") { id } }')

    assert error["extensions"] == {"code": "UPSTREAM_BROKEN", "source": "memfault"}


async def test_nodes_of_one_kind_cost_a_bounded_number_of_calls(gateway: Gateway, mocks: MockPort) -> None:
    listed = await everything(gateway, "Release")
    costs = {}

    for source in KINDS:
        ids = [row["id"] for row in listed if row["sourceName"] == source]
        mocks.mocks.calls.clear()
        await gateway.data(
            "query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Release { fleet { name } } } }", ids=ids
        )
        costs[source] = len(data_calls(mocks))

    # Releases and then fleets, a call a scope each; fleets of NervesHub and Memfault are what discovery knows, and
    # balena's come along with their releases.
    assert costs == {"balena": 1, "buildmaster": 2, "memfault": 4, "metakraftwerk": 2, "nerveshub": 4}


async def test_nodes_are_as_many_as_a_page_at_most(gateway: Gateway) -> None:
    error = await gateway.error(NODES, ids=[RELEASE_ID] * 201)

    assert error["extensions"] == {"code": "BAD_ARGUMENT"}
    assert error["message"] == "ids: at most 200 at once, not 201"


async def test_no_ids_are_no_nodes(gateway: Gateway) -> None:
    assert await gateway.data(NODES, ids=[]) == {"nodes": []}


async def test_a_slug_of_one_source_finds_its_fleet(gateway: Gateway) -> None:
    found = await gateway.data(
        """{
          one: fleetBySlug(slug: "acme/smart-sink-legacy") { name sourceName }
          two: fleetBySlug(slug: "acme/gateway", source: "memfault") { name }
          none: fleetBySlug(slug: "no/where") { id }
          skipped: fleetBySlug(slug: "acme/gateway", source: "buildmaster") { id }
        }"""
    )

    assert found == {
        "one": {"name": "smart-sink-legacy", "sourceName": "balena"},
        "two": {"name": "Edge Gateway"},
        "none": None,
        "skipped": None,
    }


async def test_a_slug_of_several_sources_is_ambiguous_and_names_them(gateway: Gateway) -> None:
    error = await gateway.error('{ fleetBySlug(slug: "acme/gateway") { id } }')

    assert error["extensions"] == {"code": "BAD_ARGUMENT"}
    assert "balena, memfault, nerveshub" in error["message"]


async def test_a_slug_is_not_found_for_sure_while_a_source_is_silent(gateway: Gateway, mocks: MockPort) -> None:
    mocks.fail(source="balena", status=503)

    error = await gateway.error('{ fleetBySlug(slug: "no/where") { id } }')

    assert error["extensions"] == {"code": "UPSTREAM_BROKEN", "source": "balena"}


async def test_a_source_is_found_by_its_name_and_its_id(gateway: Gateway) -> None:
    data = await gateway.data(
        '{ source(name: "balena") { id kind } none: source(name: "Balena") { id } sources { nodes { id name } } }'
    )

    again = await gateway.data(
        "query ($id: ID!) { node(id: $id) { id ... on Source { name } } }", id=data["source"]["id"]
    )

    assert data["none"] is None
    assert [node["name"] for node in data["sources"]["nodes"]] == list(KINDS)
    assert again["node"] == {"id": data["source"]["id"], "name": "balena"}
