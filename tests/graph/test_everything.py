"""The whole graph: cohorts, devices, builds, deployments and lineage, each in one batch however many ask."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import MockPort
from tests.graph.conftest import Gateway, data_calls


async def nodes(gateway: Gateway, query: str, *path: str) -> list[dict[str, Any]]:
    found: Any = await gateway.data(query)
    for step in path:
        found = found[step]
    return list(found["nodes"])


async def test_metakraftwerk_s_lineage_is_a_forest_that_ends(gateway: Gateway, mocks: MockPort) -> None:
    query = """{ releases(first: 200, filter: { sources: ["metakraftwerk"] }) { nodes {
      id name previous { id } hotfixOf { id } next { nodes { id } } hotfixes { nodes { id } }
      native { ... on MetaKraftwerkRelease { prevReleaseId hotfixOfId } } } } }"""
    await gateway.data(query)
    mocks.mocks.calls.clear()

    releases = await nodes(gateway, query, "releases")

    by_id = {release["id"]: release for release in releases}
    after = {(release["id"], one["id"]) for release in releases for one in release["next"]["nodes"]}
    before = {(release["previous"]["id"], release["id"]) for release in releases if release["previous"]}
    assert {pair for pair in after if pair[1] in by_id} == {pair for pair in before if pair[0] in by_id}
    dangling = [one for one in releases if one["native"]["prevReleaseId"] and not one["previous"]]
    assert len(dangling) >= 1
    assert any(release["hotfixOf"] for release in releases)
    assert len(data_calls(mocks)) <= 3


@pytest.mark.parametrize("source", ["balena", "nerveshub", "memfault", "buildmaster", "metakraftwerk"])
async def test_each_fleet_has_a_latest_release_and_nothing_complete_follows_it(gateway: Gateway, source: str) -> None:
    query = """query Latest($source: String!) { fleets(first: 50, filter: { sources: [$source] }) { nodes {
      name latestRelease { name next { nodes { status } } } } } }"""

    fleets = (await gateway.data(query, source=source))["fleets"]["nodes"]

    latest = [fleet["latestRelease"] for fleet in fleets if fleet["latestRelease"]]
    assert len(latest) >= 3
    # A draft, or one that failed, may follow the latest; a complete release may not.
    following = {one["status"] for release in latest for one in release["next"]["nodes"]}
    assert following <= {"DRAFT", "FAILED", "CANCELLED", "INVALIDATED", "IN_PROGRESS", "DELETED"}


async def test_devices_of_all_fleets_cost_a_call_a_scope(gateway: Gateway, mocks: MockPort) -> None:
    query = """{ fleets(first: 50, filter: { kinds: [BALENA, MEMFAULT, NERVESHUB] }) { nodes {
      name deviceCount devices(first: 2) { totalCount nodes { name runningVersion { raw } fleet { name } } } } } }"""
    await gateway.data(query)
    mocks.mocks.calls.clear()

    fleets = await nodes(gateway, query, "fleets")

    with_devices = [fleet for fleet in fleets if fleet["devices"]["totalCount"]]
    assert len(with_devices) >= 10
    assert all(node["fleet"]["name"] == fleet["name"] for fleet in with_devices for node in fleet["devices"]["nodes"])
    assert len(mocks.paths("balena")) <= 4


async def test_what_a_vendor_does_not_have_is_skipped_and_costs_nothing(gateway: Gateway, mocks: MockPort) -> None:
    query = """{ fleets(first: 3, filter: { sources: ["metakraftwerk"] }) { nodes {
      cohorts { nodes { name } sources { state } } devices { nodes { name } sources { state } } deviceCount tags { key }
      targetRelease { name } } } }"""
    await gateway.data(query)
    mocks.mocks.calls.clear()

    fleets = await nodes(gateway, query, "fleets")

    assert [fleet["cohorts"] for fleet in fleets] == [{"nodes": [], "sources": [{"state": "SKIPPED"}]}] * 3
    assert [fleet["devices"]["sources"] for fleet in fleets] == [[{"state": "SKIPPED"}]] * 3
    assert [(fleet["deviceCount"], fleet["tags"], fleet["targetRelease"]) for fleet in fleets] == [
        (None, None, None)
    ] * 3
    assert [path.partition("?")[0] for path in mocks.paths("metakraftwerk")] == ["/metakraftwerk/api/v1/release_groups"]


async def test_which_version_is_on_which_fleet_and_where_it_is_behind_is_one_query(gateway: Gateway) -> None:
    query = """{ fleets(first: 50) { nodes {
      name sourceName
      targetRelease { version { raw } }
      latestRelease { version { raw } }
      cohorts { nodes { name currentRelease { version { raw } } } } } } }"""

    fleets = await nodes(gateway, query, "fleets")

    balena = [fleet for fleet in fleets if fleet["sourceName"] == "balena" and fleet["targetRelease"]]
    cohorts = [cohort for fleet in fleets for cohort in fleet["cohorts"]["nodes"] if cohort["currentRelease"]]
    assert any(one["targetRelease"] != one["latestRelease"] for one in balena)
    assert len(cohorts) >= 4


async def test_filters_on_artifacts_and_pipelines_reach_releases(gateway: Gateway) -> None:
    query = """{
      hardware: releases(first: 50, filter: { targets: ["mp"] }) { nodes { sourceName artifacts { nodes { target } } } }
      service: releases(first: 50, filter: { targets: ["collector"] }) { nodes { sourceName } }
      pipeline: releases(first: 50, filter: { pipelines: ["Release"] }) { nodes { native { ... on BuildMasterRelease
        { pipelineName } } } sources { state } } }"""

    data = await gateway.data(query)

    assert {node["sourceName"] for node in data["hardware"]["nodes"]} == {"memfault"}
    assert all("mp" in [file["target"] for file in node["artifacts"]["nodes"]] for node in data["hardware"]["nodes"])
    assert {node["sourceName"] for node in data["service"]["nodes"]} == {"balena"}
    assert {node["native"]["pipelineName"] for node in data["pipeline"]["nodes"]} == {"Release"}
    assert [report["state"] for report in data["pipeline"]["sources"]].count("SKIPPED") == 4
