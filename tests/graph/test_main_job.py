"""The main job: releases, fleets and artifacts of all five systems in one answer, at a bounded price."""

from __future__ import annotations

from typing import Any

from tests.conftest import MockPort
from tests.graph.conftest import Gateway, data_calls

RELEASES = """
query Releases($first: Int!, $after: String) {
  releases(first: $first, after: $after) {
    pageInfo { hasNextPage endCursor }
    totalCount
    nodes {
      id name version { raw } status createdAt source { kind } fleet { name }
      artifacts { nodes { name kind sizeBytes } }
      native { __typename }
    }
  }
}
"""
SCOPES = 1 + 4 + 4 + 1 + 1
"""balena 1, NervesHub a product each, Memfault a project each, BuildMaster 1, MetaKraftwerk 1: the demo world's."""


async def walked(gateway: Gateway, query: str, field: str, size: int) -> list[dict[str, Any]]:
    """All nodes of a connection, page after page."""
    nodes: list[dict[str, Any]] = []
    after = None
    while True:
        page = (await gateway.data(query, first=size, after=after))[field]
        nodes += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return nodes
        after = page["pageInfo"]["endCursor"]


async def test_one_query_walks_releases_of_all_five_kinds_with_fleets_and_artifacts(gateway: Gateway) -> None:
    nodes = await walked(gateway, RELEASES, "releases", 50)

    total = (await gateway.data(RELEASES, first=1))["releases"]["totalCount"]
    assert len({node["id"] for node in nodes}) == len(nodes) == total
    assert {node["source"]["kind"] for node in nodes} == {
        "BALENA",
        "NERVESHUB",
        "MEMFAULT",
        "BUILDMASTER",
        "METAKRAFTWERK",
    }
    assert {node["native"]["__typename"] for node in nodes} == {
        "BalenaRelease",
        "NervesHubRelease",
        "MemfaultRelease",
        "BuildMasterRelease",
        "MetaKraftwerkRelease",
    }
    assert all(node["fleet"] for node in nodes)
    assert {node["source"]["kind"] for node in nodes if node["artifacts"]["nodes"]} == {
        "BALENA",
        "NERVESHUB",
        "MEMFAULT",
        "METAKRAFTWERK",
    }


async def test_a_page_of_50_with_fleet_and_artifacts_costs_at_most_25_calls(gateway: Gateway, mocks: MockPort) -> None:
    await gateway.data(RELEASES, first=1)  # logins, who-am-I and scopes are behind us
    mocks.mocks.calls.clear()

    page = await gateway.data(RELEASES, first=50)

    assert len(page["releases"]["nodes"]) == 50
    assert len(mocks.calls) <= min(25, 1 + 2 * SCOPES)


async def test_doubling_the_page_adds_no_call(gateway: Gateway, mocks: MockPort) -> None:
    await gateway.data(RELEASES, first=1)
    mocks.mocks.calls.clear()
    await gateway.data(RELEASES, first=100)
    of_100 = sorted(path.partition("?")[0] for path in data_calls(mocks))
    mocks.mocks.calls.clear()

    await gateway.data(RELEASES, first=200)

    # 200 ids are one chunk of balena's: nothing is added but what another source on the page asks once.
    of_200 = sorted(path.partition("?")[0] for path in data_calls(mocks))
    assert len(of_200) - len(of_100) <= 2
    assert len(of_200) <= 25


async def test_a_list_of_one_scope_that_expands_costs_one_call(gateway: Gateway, mocks: MockPort) -> None:
    query = """{ releases(first: 50, filter: { sources: ["balena"] }) {
      nodes { fleet { name } artifacts { nodes { name } } } } }"""
    await gateway.data(query)
    mocks.mocks.calls.clear()

    await gateway.data(query)

    assert len(mocks.paths("balena")) == len(mocks.calls) == 1


async def test_newest_releases_of_every_fleet_cost_a_call_a_scope_not_a_fleet(
    gateway: Gateway, mocks: MockPort
) -> None:
    query = "{ fleets(first: 50) { nodes { name releases(first: 3) { nodes { name } } } } }"
    await gateway.data(query)
    mocks.mocks.calls.clear()

    fleets = (await gateway.data(query))["fleets"]["nodes"]

    assert len(fleets) > 15
    assert len(data_calls(mocks)) <= 2 * SCOPES
    assert len(mocks.paths("balena")) == 1


async def test_one_silent_source_leaves_the_other_four_in_place(gateway: Gateway, mocks: MockPort) -> None:
    mocks.fail(source="memfault", status=503)

    reply = await gateway.post(
        "{ releases(first: 200) { nodes { sourceName } sources { source { name } state code } } }"
    )

    assert {node["sourceName"] for node in reply["data"]["releases"]["nodes"]} == {
        "balena",
        "buildmaster",
        "metakraftwerk",
        "nerveshub",
    }
    error = reply["errors"][0]
    assert error["path"] == ["releases"]
    assert error["extensions"] == {"code": "UPSTREAM_BROKEN", "source": "memfault", "partial": True}
    assert {"source": {"name": "memfault"}, "state": "FAILED", "code": "UPSTREAM_BROKEN"} in reply["data"]["releases"][
        "sources"
    ]
    assert reply["extensions"]["sources"]["memfault"] == "FAILED"


async def test_a_failing_artifacts_call_costs_one_field(gateway: Gateway, mocks: MockPort) -> None:
    mocks.fail(source="balena", path="*release_image*", status=503)

    # In an order that balena does not keep, so that artifacts do not come along with the page.
    reply = await gateway.post("""{
      releases(first: 2, filter: { sources: ["balena"] }, orderBy: { field: VERSION }) {
        nodes { name artifacts { nodes { name } } }
      }
    }""")

    assert [node["artifacts"] for node in reply["data"]["releases"]["nodes"]] == [None, None]
    assert all(node["name"] for node in reply["data"]["releases"]["nodes"])
    assert [error["path"] for error in reply["errors"]] == [
        ["releases", "nodes", 0, "artifacts"],
        ["releases", "nodes", 1, "artifacts"],
    ]


async def test_all_sources_silent_make_the_list_null(gateway: Gateway, mocks: MockPort) -> None:
    mocks.fail(status=503)

    reply = await gateway.post("{ releases { nodes { name } } }")

    assert reply["data"] == {"releases": None}
    assert sorted(error["extensions"]["source"] for error in reply["errors"]) == [
        "balena",
        "buildmaster",
        "memfault",
        "metakraftwerk",
        "nerveshub",
    ]
