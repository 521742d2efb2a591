"""Product lines over the demo: which version is where in one query, at a bounded price, and a failure stays local."""

from __future__ import annotations

from collections import Counter
from typing import Any

import aiohttp
import pytest

from resolvers import keys
from tests.conftest import MockPort
from tests.graph.conftest import Gateway, Start, data_calls
from tests.graph.test_explorer import starter

DRIFT = starter("Which version is on which fleet")
HUB = """{ productLine(name: "Sensor Hub") { %s } }"""
ROWS = (
    HUB
    % """drift { isInSync newest { raw } rows {
  fleet { source { name } } cohort { name } targetVersion { raw } latestVersion { raw } behindBy
  deviceCounts { version { raw } count } otherDevices } }"""
)
TRAINS = """query Trains($first: Int, $after: String, $last: Int, $before: String) {
  productLine(name: "Sensor Hub") { trains(first: $first, after: $after, last: $last, before: $before) {
    totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    nodes { id version { raw scheme } releases { nodes { sourceName version { raw } } } missingFrom { sourceName } }
    sources { source { name } state } } } }"""
COUNTERPARTS = """query Counterparts($filter: ReleaseFilter, $first: Int) { releases(first: $first, filter: $filter) {
  nodes { id sourceName version { raw } revision counterparts {
    rule evidence release { id sourceName version { raw } revision } } } } }"""


async def rows(gateway: Gateway) -> list[dict[str, Any]]:
    drift: dict[str, Any] = (await gateway.data(ROWS))["productLine"]["drift"]
    return list(drift["rows"])


async def trains(gateway: Gateway, **window: Any) -> dict[str, Any]:
    page: dict[str, Any] = (await gateway.data(TRAINS, **window))["productLine"]["trains"]
    return page


def of(rows: list[dict[str, Any]], source: str, cohort: str | None = None) -> dict[str, Any]:
    (row,) = [
        row for row in rows if row["fleet"]["source"]["name"] == source and (row["cohort"] or {}).get("name") == cohort
    ]
    return row


# Drift


async def test_which_version_is_on_which_fleet_and_where_it_is_behind_is_one_query(gateway: Gateway) -> None:
    lines = (await gateway.data(DRIFT))["productLines"]

    assert [line["name"] for line in lines] == ["Sensor Hub", "Smart Sink"]
    assert [line["drift"]["newest"] for line in lines] == [{"raw": "1.6.0"}, {"raw": "1.4.2"}]
    assert [line["drift"]["isInSync"] for line in lines] == [False, False]
    assert {row["fleet"]["source"]["name"] for row in lines[0]["drift"]["rows"]} == {
        "balena",
        "nerveshub",
        "memfault",
        "buildmaster",
        "metakraftwerk",
    }


async def test_a_row_says_what_should_run_what_is_latest_and_how_far_behind_it_is(gateway: Gateway) -> None:
    found = await rows(gateway)

    told = {
        (row["fleet"]["source"]["name"], (row["cohort"] or {}).get("name")): (
            row["targetVersion"] and row["targetVersion"]["raw"],
            row["latestVersion"] and row["latestVersion"]["raw"],
            row["behindBy"],
        )
        for row in found
    }
    assert told[("balena", None)] == ("1.6.0", "1.6.0", 0)
    assert told[("nerveshub", None)] == (None, "1.6.0", None)
    assert told[("nerveshub", "beta")] == ("1.6.0", "1.6.0", 0)
    assert told[("nerveshub", "Prod Deployment")] == ("1.5.5+build.5", "1.6.0", 2)
    assert told[("memfault", "Production")] == ("1.5.5+build.5", "1.5.6", 2)
    assert told[("memfault", "Internal Group")] == (None, "1.5.6", None)
    assert told[("buildmaster", None)] == ("1.5.5+build.5", "1.6.0", 2)
    assert told[("metakraftwerk", None)] == (None, None, None)


async def test_behind_by_counts_the_trains_above_the_target(gateway: Gateway) -> None:
    found = [row for row in await rows(gateway) if row["behindBy"] is not None]
    page = await trains(gateway, first=50)

    releases = [train["version"]["raw"] for train in page["nodes"] if train["version"]["scheme"] != "DATE"]
    assert [row["behindBy"] for row in found] == [releases.index(row["targetVersion"]["raw"]) for row in found]


async def test_devices_are_counted_as_the_list_of_devices_has_them(gateway: Gateway) -> None:
    devices = await gateway.data(
        """{ fleets(first: 50) { nodes { sourceName slug
          devices(first: 200) { nodes { runningVersion { raw } cohort { name } } } } } }"""
    )
    fleets = [one for one in devices["fleets"]["nodes"] if one["slug"] == "acme/sensor-hub"]
    of_balena = next(one for one in fleets if one["sourceName"] == "balena")["devices"]["nodes"]

    found = await rows(gateway)

    counts = Counter(one["runningVersion"]["raw"] for one in of_balena if one["runningVersion"])
    assert {one["version"]["raw"]: one["count"] for one in of(found, "balena")["deviceCounts"]} == counts
    assert of(found, "balena")["otherDevices"] == 0


async def test_cohorts_and_fleet_count_the_same_devices(gateway: Gateway, mocks: MockPort) -> None:
    found = await rows(gateway)

    totals = {
        (row["fleet"]["source"]["name"], row["cohort"] is None): 0 for row in found if row["deviceCounts"] is not None
    }
    for row in found:
        if row["deviceCounts"] is not None:
            key = (row["fleet"]["source"]["name"], row["cohort"] is None)
            totals[key] += sum(one["count"] for one in row["deviceCounts"]) + row["otherDevices"]
    # Of NervesHub some are in no group; of Memfault all are in a cohort, and some run what is no release.
    assert totals["nerveshub", False] <= totals["nerveshub", True] <= 240
    assert totals["memfault", True] <= totals["memfault", False] <= 240
    assert all(len(row["deviceCounts"] or ()) <= 10 for row in found)


async def test_drift_of_all_lines_is_counted_by_scope_and_not_by_row(gateway: Gateway, mocks: MockPort) -> None:
    await gateway.data(DRIFT)
    mocks.mocks.calls.clear()

    await gateway.data(DRIFT)

    made = Counter(path.split("/")[1] for path in data_calls(mocks))
    devices = [path for path in mocks.paths("memfault") if "/devices?" in path]
    # balena: fleets, releases, counts. NervesHub: firmwares, groups, devices. Memfault, for each of two projects:
    # releases, cohorts, the deployments a cohort's row leaves open, and pages of 100 devices for the cohorts alone.
    assert made["balena"] == 3
    assert made["nerveshub"] == 3
    assert made["memfault"] == 2 * 3 + len(devices)
    assert len(devices) == 3 + 2
    assert made["buildmaster"] == 2
    assert made["metakraftwerk"] == 1  # its fleets: its releases have no version that could be behind


async def test_balena_counts_by_itself_and_sends_no_device(gateway: Gateway, mocks: MockPort) -> None:
    await gateway.data(ROWS)

    (counting,) = [path for path in mocks.paths("balena") if "$expand=is_running_on__device/$count" in path]
    assert counting.startswith("/balena/v7/application?$select=id&$filter=")
    assert [path for path in mocks.paths("balena") if path.startswith("/balena/v7/device?")] == []


async def test_without_counts_no_device_is_asked_for(gateway: Gateway, mocks: MockPort) -> None:
    await gateway.data(HUB % "drift { rows { behindBy } }")

    paths = [str(call["path"]) for call in mocks.calls]
    assert [path for path in paths if "/devices?" in path or "is_running_on__device" in path] == []


async def test_a_silent_source_makes_its_own_rows_null_with_an_error(gateway: Gateway, mocks: MockPort) -> None:
    whole = (await gateway.data(ROWS))["productLine"]["drift"]
    mocks.fail(source="balena", status=503)

    reply = await gateway.post(ROWS)

    drift = reply["data"]["productLine"]["drift"]
    assert drift["rows"][1:] == whole["rows"][1:]
    assert set(drift["rows"][0].values()) == {None}
    assert {(error["extensions"]["source"], error["extensions"]["code"]) for error in reply["errors"]} == {
        ("balena", "UPSTREAM_BROKEN")
    }
    path = ["productLine", "drift"]
    fields = ("fleet", "targetVersion", "latestVersion", "behindBy", "deviceCounts", "otherDevices")
    told = sorted(error["path"] for error in reply["errors"])
    assert told == [path, *sorted([*path, "rows", 0, name] for name in fields)]


@pytest.mark.parametrize("header", ["on", "off"])
async def test_a_drift_without_a_source_says_so_whatever_is_selected_of_it(
    gateway: Gateway, mocks: MockPort, header: str
) -> None:
    """Drift has no `sources` of its own, so it cannot be left to them."""
    mocks.fail(source="balena", status=503)
    body = {"query": HUB % "drift { isInSync newest { raw } }"}

    async with gateway.session.post(
        f"{gateway.url}/graphql", json=body, headers={"x-partial-errors": header}
    ) as answer:
        reply = await answer.json()

    assert reply["data"]["productLine"]["drift"]["isInSync"] is not True
    assert [(error["path"], error["extensions"]["partial"]) for error in reply["errors"]] == [
        (["productLine", "drift"], True)
    ]
    states = reply["extensions"]["sources"]
    assert (states.pop("balena"), set(states.values())) == ("FAILED", {"LIVE"})


async def test_cohorts_that_cannot_be_read_are_a_row_of_errors(gateway: Gateway, mocks: MockPort) -> None:
    mocks.fail(source="nerveshub", path="*/deployments", status=503)

    reply = await gateway.post(ROWS)

    found = reply["data"]["productLine"]["drift"]["rows"]
    of_nerveshub = [row for row in found if row["fleet"]["source"]["name"] == "nerveshub"]
    assert [row["latestVersion"] for row in of_nerveshub] == [{"raw": "1.6.0"}, None]
    assert of_nerveshub[0]["deviceCounts"]
    assert ["productLine", "drift", "rows", 2, "cohort"] in [error["path"] for error in reply["errors"]]
    assert reply["data"]["productLine"]["drift"]["isInSync"] is False


async def test_devices_that_cannot_be_counted_cost_their_counts_alone(gateway: Gateway, mocks: MockPort) -> None:
    mocks.fail(source="balena", path="*is_running_on__device*", status=503)

    reply = await gateway.post(ROWS)

    row = of(reply["data"]["productLine"]["drift"]["rows"], "balena")
    assert (row["deviceCounts"], row["otherDevices"], row["behindBy"]) == (None, None, 0)
    assert [error["path"][-1] for error in reply["errors"]] == ["deviceCounts", "otherDevices"]


async def test_what_is_left_without_a_source_is_never_called_in_sync(gateway: Gateway, mocks: MockPort) -> None:
    mocks.fail(status=503)

    reply = await gateway.post(HUB % "name drift { isInSync newest { raw } }")

    assert reply["data"]["productLine"] == {"name": "Sensor Hub", "drift": None}
    assert [error["path"] for error in reply["errors"]] == [["productLine", "drift"]]


# Trains


async def test_trains_are_the_versions_of_the_line_highest_first(gateway: Gateway) -> None:
    page = await trains(gateway, first=50)

    told = [train["version"]["raw"] for train in page["nodes"]]
    assert told[:4] == ["2026.03.04", "1.6.0", "1.5.6", "1.5.5+build.5"]
    assert "7" not in told
    assert page["totalCount"] == len(told) == len(set(told))


async def test_a_train_has_its_releases_and_the_fleets_that_miss_it(gateway: Gateway) -> None:
    page = await trains(gateway, first=50)

    train = next(one for one in page["nodes"] if one["version"]["raw"] == "1.6.0")
    assert {one["sourceName"] for one in train["releases"]["nodes"]} == {"balena", "buildmaster", "nerveshub"}
    # MetaKraftwerk knows no versions: whether it misses one cannot be said.
    assert [fleet["sourceName"] for fleet in train["missingFrom"]] == ["memfault"]


@pytest.mark.parametrize("size", [1, 7])
async def test_trains_are_walked_in_both_directions(gateway: Gateway, size: int) -> None:
    whole = [train["id"] for train in (await trains(gateway, first=50))["nodes"]]

    forward, page = [], await trains(gateway, first=size)
    while page["nodes"]:
        forward += [train["id"] for train in page["nodes"]]
        page = await trains(gateway, first=size, after=page["pageInfo"]["endCursor"])
    backward, page = [], await trains(gateway, last=size)
    while page["nodes"]:
        backward = [train["id"] for train in page["nodes"]] + backward
        page = await trains(gateway, last=size, before=page["pageInfo"]["startCursor"])

    assert forward == backward == whole


async def test_trains_tell_which_source_they_lack(gateway: Gateway, mocks: MockPort) -> None:
    mocks.fail(source="balena", status=503)

    reply = await gateway.post(HUB % "trains(first: 2) { totalCount nodes { version { raw } } sources { state } }")

    page = reply["data"]["productLine"]["trains"]
    assert page["nodes"] == [{"version": {"raw": "2026.03.04"}}, {"version": {"raw": "1.6.0"}}]
    assert page["totalCount"] is None
    assert [one["state"] for one in page["sources"]] == ["FAILED", "LIVE", "LIVE", "SKIPPED", "LIVE"]
    assert [error["extensions"]["partial"] for error in reply["errors"]] == [True]


async def test_a_source_that_knows_no_versions_spoils_no_train(gateway: Gateway, mocks: MockPort) -> None:
    query = HUB % "trains(first: 1) { totalCount nodes { missingFrom { sourceName } } sources { state } }"
    healthy = (await gateway.data(query))["productLine"]["trains"]
    mocks.fail(source="metakraftwerk", status=503)

    assert (await gateway.data(query))["productLine"]["trains"] == healthy


async def test_who_misses_a_train_is_not_guessed_when_a_fleet_does_not_answer(
    gateway: Gateway, mocks: MockPort
) -> None:
    mocks.fail(source="memfault", status=503)

    reply = await gateway.post(HUB % "trains(first: 1) { nodes { missingFrom { name } } }")

    assert reply["data"]["productLine"]["trains"]["nodes"] == [{"missingFrom": None}]
    assert ["productLine", "trains", "nodes", 0, "missingFrom"] in [error["path"] for error in reply["errors"]]


async def test_all_of_a_line_is_read_once_for_trains_and_drift_together(gateway: Gateway, mocks: MockPort) -> None:
    both = HUB % "trains { nodes { missingFrom { name } releases { nodes { name } } } } drift { isInSync }"
    await gateway.data(both)
    mocks.mocks.calls.clear()

    await gateway.data(both)

    assert len([path for path in mocks.paths("balena") if path.startswith("/balena/v7/release?")]) == 1
    assert len([path for path in mocks.paths("memfault") if "/releases?" in path]) == 1


# Ids and look-ups


async def test_a_line_and_a_train_are_found_again_by_their_ids(gateway: Gateway) -> None:
    train = next(one for one in (await trains(gateway, first=50))["nodes"] if one["version"]["raw"] == "1.3.0")
    line = (await gateway.data(HUB % "id name"))["productLine"]

    data = await gateway.data(
        """query Nodes($ids: [ID!]!) { nodes(ids: $ids) { id
          ... on ProductLine { name } ... on ReleaseTrain { version { raw } } } }""",
        ids=[line["id"], train["id"]],
    )

    assert data["nodes"] == [line, {"id": train["id"], "version": {"raw": "1.3.0"}}]


async def test_a_train_that_is_not_there_is_null(gateway: Gateway) -> None:
    unknown = keys.encode("ReleaseTrain", keys.NOWHERE, keys.join("Sensor Hub", "99.0.0"))

    assert await gateway.data("query One($id: ID!) { node(id: $id) { id } }", id=unknown) == {"node": None}


@pytest.mark.parametrize(("type_name", "parts"), [("ProductLine", ["Gone"]), ("ReleaseTrain", ["Gone", "1.0.0"])])
async def test_an_id_of_a_line_that_is_not_configured_is_invalid(
    gateway: Gateway, type_name: str, parts: list[str]
) -> None:
    unknown = keys.encode(type_name, keys.NOWHERE, keys.join(*parts))

    error = await gateway.error("query One($id: ID!) { node(id: $id) { id } }", id=unknown)

    assert error["extensions"]["code"] == "INVALID_KEY"
    assert "Sensor Hub, Smart Sink" in error["message"]


async def test_a_fleet_knows_its_line_without_a_call_for_it(gateway: Gateway, mocks: MockPort) -> None:
    query = '{ fleets(first: 50, filter: { sources: ["balena"] }) { nodes { slug productLine { name } } } }'
    fleets = (await gateway.data(query))["fleets"]["nodes"]

    lines = {fleet["slug"]: fleet["productLine"] for fleet in fleets}
    assert (lines["acme/sensor-hub"], lines["acme/gauge"]) == ({"name": "Sensor Hub"}, None)
    assert len(data_calls(mocks)) == 1


async def test_a_line_lists_its_fleets_by_name(gateway: Gateway) -> None:
    page = (await gateway.data(HUB % "fleets { totalCount nodes { sourceName name } }"))["productLine"]["fleets"]

    assert page["totalCount"] == 5
    assert [fleet["sourceName"] for fleet in page["nodes"]] == [
        "metakraftwerk",
        "buildmaster",
        "memfault",
        "balena",
        "nerveshub",
    ]


async def test_a_line_nobody_configured_is_null(gateway: Gateway) -> None:
    assert await gateway.data('{ productLine(name: "Gone") { name } }') == {"productLine": None}


async def test_a_gateway_without_lines_has_none_and_no_fleet_is_in_one(start: Start, mocks: MockPort) -> None:
    url = start({"BALENA_URL": f"{mocks.url}/balena", "BALENA_TOKEN": "demo-balena-token"})

    async with aiohttp.ClientSession() as session:
        data = await Gateway(url, session).data(
            "{ productLines { name } fleets(first: 1) { nodes { productLine { name } } } }"
        )

    assert data == {"productLines": [], "fleets": {"nodes": [{"productLine": None}]}}


# The filter


async def test_releases_are_cut_to_the_fleets_of_lines(gateway: Gateway) -> None:
    query = """{ releases(first: 200, filter: { productLines: ["Smart Sink"] }) {
      totalCount nodes { fleet { productLine { name } } } sources { source { name } state } } }"""

    page = (await gateway.data(query))["releases"]

    assert page["totalCount"] == len(page["nodes"]) > 20
    assert {node["fleet"]["productLine"]["name"] for node in page["nodes"]} == {"Smart Sink"}
    states = {report["source"]["name"]: report["state"] for report in page["sources"]}
    assert states == {
        "balena": "LIVE",
        "buildmaster": "LIVE",
        "memfault": "LIVE",
        "metakraftwerk": "SKIPPED",
        "nerveshub": "SKIPPED",
    }


async def test_releases_of_lines_are_narrowed_further_by_other_filters(gateway: Gateway) -> None:
    query = """{ releases(first: 200, filter: {
      productLines: ["Smart Sink", "Sensor Hub"], fleetNames: ["Sensor Hub"], versions: ["1.3.0"] }) {
      nodes { sourceName } } }"""

    nodes = (await gateway.data(query))["releases"]["nodes"]

    assert sorted(node["sourceName"] for node in nodes) == ["buildmaster", "memfault"]


async def test_a_source_that_does_not_tell_its_fleets_is_told_and_the_walk_goes_on(
    gateway: Gateway, mocks: MockPort
) -> None:
    query = """query Of($after: String) { releases(first: 2, after: $after, filter: { productLines: ["Smart Sink"] }) {
      nodes { sourceName } pageInfo { endCursor } sources { source { name } state } } }"""
    mocks.fail(source="balena", path="*/application?*", status=503, times=1)
    first = (await gateway.post(query))["data"]["releases"]

    second = (await gateway.data(query, after=first["pageInfo"]["endCursor"]))["releases"]

    assert {"source": {"name": "balena"}, "state": "FAILED"} in first["sources"]
    assert {"source": {"name": "balena"}, "state": "PARTIAL"} in second["sources"]


@pytest.mark.parametrize("field", ["releases", "fleets(first: 1) { nodes { releases"])
async def test_a_line_that_is_not_configured_is_a_bad_argument(gateway: Gateway, field: str) -> None:
    closing = "} }" if "{" in field else ""

    error = await gateway.error(f'{{ {field}(filter: {{ productLines: ["Gone"] }}) {{ totalCount }} {closing} }}')

    assert error["extensions"]["code"] == "BAD_ARGUMENT"
    assert "configured are: Sensor Hub, Smart Sink" in error["message"]


async def test_no_lines_match_nothing_and_ask_nobody(gateway: Gateway, mocks: MockPort) -> None:
    data = await gateway.data("{ releases(filter: { productLines: [] }) { nodes { name } } }")

    assert data == {"releases": {"nodes": []}}
    assert mocks.calls == []


async def test_releases_of_a_fleet_outside_the_line_are_none(gateway: Gateway) -> None:
    query = """{ fleets(first: 50, filter: { sources: ["balena"] }) { nodes { slug
      releases(first: 1, filter: { productLines: ["Sensor Hub"] }) { nodes { name } } } } }"""

    fleets = (await gateway.data(query))["fleets"]["nodes"]

    assert [fleet["slug"] for fleet in fleets if fleet["releases"]["nodes"]] == ["acme/sensor-hub"]


# Counterparts


async def test_a_release_is_found_again_by_its_commit_else_by_its_version(gateway: Gateway) -> None:
    where = {"sources": ["balena"], "productLines": ["Sensor Hub"], "versions": ["1.3.0"]}
    (release,) = (await gateway.data(COUNTERPARTS, filter=where))["releases"]["nodes"]

    told = [(one["rule"], one["release"]["sourceName"], one["evidence"]) for one in release["counterparts"]]
    same = "Both are version 1.3.0 of the product line Sensor Hub."
    assert told == [
        ("REVISION", "memfault", f"Both were built from the commit {release['revision']}."),
        ("VERSION", "buildmaster", same),
        ("VERSION", "nerveshub", same),
    ]


async def test_outside_of_a_line_only_the_commit_counts(gateway: Gateway) -> None:
    where = {"sources": ["balena"], "fleetNames": ["gateway"], "statuses": ["AVAILABLE"]}
    nodes = (await gateway.data(COUNTERPARTS, filter=where, first=50))["releases"]["nodes"]

    rules = {(one["rule"], one["release"]["sourceName"]) for node in nodes for one in node["counterparts"]}
    assert rules == {("REVISION", "memfault")}


async def test_counterparts_are_mutual(gateway: Gateway) -> None:
    nodes = (await gateway.data(COUNTERPARTS, filter={"productLines": ["Sensor Hub"]}, first=200))["releases"]["nodes"]

    pairs = {(node["id"], one["release"]["id"], one["rule"]) for node in nodes for one in node["counterparts"]}
    assert len(pairs) > 50
    assert pairs == {(there, here, rule) for here, there, rule in pairs}


async def test_drafts_and_what_failed_have_no_counterparts(gateway: Gateway) -> None:
    where = {"statuses": ["DRAFT", "FAILED", "CANCELLED"]}
    nodes = (await gateway.data(COUNTERPARTS, filter=where, first=50))["releases"]["nodes"]

    assert nodes
    assert [node for node in nodes if node["counterparts"]] == []


async def test_commits_of_a_whole_page_are_asked_for_together(gateway: Gateway, mocks: MockPort) -> None:
    where = {"sources": ["balena"], "fleetNames": ["gateway"]}
    await gateway.data(COUNTERPARTS, filter=where, first=50)
    mocks.mocks.calls.clear()

    nodes = (await gateway.data(COUNTERPARTS, filter=where, first=50))["releases"]["nodes"]

    asked = [path for path in mocks.paths("balena") if "commit%20in%20(" in path]
    assert len(nodes) > 10
    assert len(asked) == 1
    assert len([path for path in mocks.paths("memfault") if "revision=" in path]) == 4  # projects


async def test_a_silent_source_is_told_beside_the_counterparts_of_the_others(gateway: Gateway, mocks: MockPort) -> None:
    mocks.fail(source="memfault", path="*/releases?*", status=503)
    where = {"sources": ["balena"], "productLines": ["Sensor Hub"], "versions": ["1.3.0"]}

    reply = await gateway.post(COUNTERPARTS, filter=where)

    (release,) = reply["data"]["releases"]["nodes"]
    assert [one["release"]["sourceName"] for one in release["counterparts"]] == ["buildmaster", "nerveshub"]
    assert [(error["path"], error["extensions"]["source"]) for error in reply["errors"]] == [
        (["releases", "nodes", 0, "counterparts"], "memfault")
    ]
    assert reply["extensions"]["sources"]["memfault"] in ("FAILED", "PARTIAL")
