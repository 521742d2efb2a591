"""Several of a kind: two BuildMaster servers, two balena organizations and three Memfault projects behind one gateway.

The second server shows another world, whose ids overlap with those of the first: only the source tells them apart.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.app import create_app
from gateway.settings import load
from tests.conftest import MockPort, served
from tests.graph.conftest import Gateway
from upstream_mocks.server import create_mocks

SOURCES = ("balena-acme", "balena-umbra", "devices", "east-builds", "west-builds")
QUESTIONS = ("/buildmaster/api/releases", "/buildmaster/api/applications/list")
"What is asked by POST and changes nothing."
TOKEN = "a-write-token-of-sixteen"
SECRETS = {
    "BALENA_ACME_TOKEN": "demo-balena-token",
    "BALENA_UMBRA_TOKEN": "demo-balena-token",
    "EAST_BUILDS_TOKEN": "demo-buildmaster-token",
    "WEST_BUILDS_TOKEN": "demo-buildmaster-token",
    "DEVICES_TOKEN": "demo-memfault-token",
    "RELEASEGRAPH_SECURITY_WRITE_TOKEN": TOKEN,
}
SETTINGS = """
[sources.balena-acme]
kind = "balena"
url = "{here}/balena"
organizations = ["acme"]

[sources.balena-umbra]
kind = "balena"
url = "{here}/balena"
organizations = ["umbra"]
writable = true

[sources.east-builds]
kind = "buildmaster"
url = "{here}/buildmaster"

[sources.west-builds]
kind = "buildmaster"
url = "{there}/buildmaster"
writable = true

[sources.devices]
kind = "memfault"
url = "{here}/memfault"
projects = ["acme/smart-sink", "acme/sensor-hub", "umbra/dock"]
writable = true
"""
RELEASES = """query Of($source: String!) {
  releases(first: 200, filter: { sources: [$source] }) {
    totalCount nodes { id nativeId sourceName name status createdAt fleet { id sourceName } } } }"""
CANCEL = """mutation Cancel($id: ID!) {
  cancelRelease(input: { id: $id }) { release { id sourceName status } userErrors { code } } }"""
CREATE = """mutation Create($source: String!, $organization: String!) {
  createFleet(input: { source: $source, name: "harbour", organization: $organization, deviceType: "raspberrypi4-64" }) {
    fleet { slug sourceName organization { handle } } userErrors { code path } } }"""
DEPLOY = """mutation Deploy($release: ID!, $cohort: ID!) {
  deployRelease(input: { releaseId: $release, cohortId: $cohort }) {
    deployment { status sourceName fleet { slug } release { id } cohort { id } } userErrors { code path } } }"""


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[MockPort]:
    """A second server with a world of its own."""
    mocks = create_mocks(seed=2)
    with served(mocks) as url:
        yield MockPort(url, mocks)


@pytest.fixture
async def several(mocks: MockPort, elsewhere: MockPort, tmp_path: Path) -> AsyncIterator[Gateway]:
    """The gateway over five sources of three kinds; both worlds are made anew afterwards."""
    file = tmp_path / "gateway.toml"
    file.write_text(SETTINGS.format(here=mocks.url, there=elsewhere.url))
    elsewhere.mocks.calls.clear()
    with served(create_app(load(file, SECRETS))) as url:
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as session:
            yield Gateway(url, session)
    for port in (mocks, elsewhere):
        port.mocks.reset()


async def releases(gateway: Gateway, source: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await gateway.data(RELEASES, source=source))["releases"]["nodes"]
    return found


def writes(port: MockPort) -> list[tuple[object, str]]:
    """Verb and plain path of what may have changed something."""
    calls = [(call["method"], str(call["path"]).partition("?")[0]) for call in port.calls]
    return [one for one in calls if one[0] != "GET" and one[1] not in QUESTIONS]


async def test_every_source_is_listed_by_its_name_and_may_do_what_it_was_allowed(several: Gateway) -> None:
    data = await several.data("{ sources { nodes { name kind capabilities { operations } } } }")

    told = [(one["name"], one["kind"], bool(one["capabilities"]["operations"])) for one in data["sources"]["nodes"]]
    assert told == [
        ("balena-acme", "BALENA", False),
        ("balena-umbra", "BALENA", True),
        ("devices", "MEMFAULT", True),
        ("east-builds", "BUILDMASTER", False),
        ("west-builds", "BUILDMASTER", True),
    ]


async def test_one_list_holds_the_fleets_of_every_source_once(several: Gateway) -> None:
    data = await several.data("{ fleets(first: 100) { totalCount nodes { id sourceName slug } sources { state } } }")

    fleets = data["fleets"]["nodes"]
    slugs = {source: [one["slug"] for one in fleets if one["sourceName"] == source] for source in SOURCES}
    assert sorted(slugs["devices"]) == ["acme/sensor-hub", "acme/smart-sink", "umbra/dock"]
    assert slugs["balena-umbra"] == ["umbra/dock"]
    assert {slug.partition("/")[0] for slug in slugs["balena-acme"]} == {"acme"}
    assert len(slugs["east-builds"]) == len(slugs["west-builds"]) == 4
    assert len({one["id"] for one in fleets}) == data["fleets"]["totalCount"] == len(fleets)
    assert {report["state"] for report in data["fleets"]["sources"]} == {"LIVE"}


async def test_two_servers_with_the_same_numbers_are_told_apart(
    several: Gateway, mocks: MockPort, elsewhere: MockPort
) -> None:
    east, west = await releases(several, "east-builds"), await releases(several, "west-builds")
    shared = {one["nativeId"] for one in east} & {one["nativeId"] for one in west}
    mocks.mocks.calls.clear()
    elsewhere.mocks.calls.clear()

    one = next(one for one in west if one["nativeId"] in shared)
    twin = next(twin for twin in east if twin["nativeId"] == one["nativeId"])
    query = "query One($id: ID!) { release(id: $id) { id nativeId sourceName name status createdAt } }"
    found = (await several.data(query, id=one["id"]))["release"]

    assert found == {name: one[name] for name in found}
    assert found["createdAt"] != twin["createdAt"]
    assert (len(mocks.paths("buildmaster")), len(elsewhere.paths("buildmaster"))) == (0, 1)
    assert {release["fleet"]["sourceName"] for release in west} == {"west-builds"}


async def test_one_server_that_fails_costs_its_own_rows_alone(several: Gateway, elsewhere: MockPort) -> None:
    elsewhere.fail(source="buildmaster", status=503)

    reply = await several.post("{ releases(first: 5, filter: { kinds: [BUILDMASTER] }) { nodes { sourceName } } }")
    elsewhere.mocks.faults.clear()

    assert {one["sourceName"] for one in reply["data"]["releases"]["nodes"]} == {"east-builds"}
    assert reply["extensions"]["sources"]["east-builds"] == "LIVE"
    assert [error["extensions"]["source"] for error in reply["errors"]] == ["west-builds"]


async def test_a_change_at_one_server_reaches_that_server_alone(
    several: Gateway, mocks: MockPort, elsewhere: MockPort
) -> None:
    east, west = await releases(several, "east-builds"), await releases(several, "west-builds")
    opened = {one["nativeId"]: one for one in west if one["status"] == "IN_PROGRESS"}
    twin = next(one for one in east if one["nativeId"] in opened and one["status"] == "IN_PROGRESS")
    chosen = opened[twin["nativeId"]]

    answer = (await several.data(CANCEL, id=chosen["id"]))["cancelRelease"]

    cancelled = {"id": chosen["id"], "sourceName": "west-builds", "status": "CANCELLED"}
    assert answer == {"release": cancelled, "userErrors": []}
    assert (writes(mocks), writes(elsewhere)) == ([], [("POST", "/buildmaster/api/releases/cancel")])
    assert await releases(several, "east-builds") == east


async def test_a_server_that_is_not_writable_stays_so_beside_one_that_is(several: Gateway, mocks: MockPort) -> None:
    chosen = (await releases(several, "east-builds"))[0]

    error = await several.error(CANCEL, id=chosen["id"])

    assert error["extensions"] == {"code": "WRITES_DISABLED"}
    assert writes(mocks) == []


async def test_a_fleet_is_made_in_the_organization_of_its_source(several: Gateway, mocks: MockPort) -> None:
    made = (await several.data(CREATE, source="balena-umbra", organization="umbra"))["createFleet"]
    refused = (await several.data(CREATE, source="balena-umbra", organization="acme"))["createFleet"]
    query = '{ fleets(first: 100, filter: { names: ["harbour"] }) { nodes { sourceName } } }'
    shown = (await several.data(query))["fleets"]["nodes"]

    fleet = {"slug": "umbra/harbour", "sourceName": "balena-umbra", "organization": {"handle": "umbra"}}
    assert made == {"fleet": fleet, "userErrors": []}
    assert refused == {"fleet": None, "userErrors": [{"code": "INVALID", "path": ["input", "organization"]}]}
    assert shown == [{"sourceName": "balena-umbra"}]
    assert writes(mocks) == [("POST", "/balena/v7/application")]


async def test_a_release_goes_to_a_cohort_of_its_own_project(several: Gateway, mocks: MockPort) -> None:
    query = """query Fleet($slug: String!) { fleetBySlug(slug: $slug, source: "devices") {
      latestRelease { id } cohorts { nodes { id slug } } } }"""
    hub = (await several.data(query, slug="acme/sensor-hub"))["fleetBySlug"]
    sink = (await several.data(query, slug="acme/smart-sink"))["fleetBySlug"]
    behind, foreign = (
        next(one["id"] for one in fleet["cohorts"]["nodes"] if one["slug"] == "default") for fleet in (hub, sink)
    )
    release = hub["latestRelease"]["id"]

    deployed = (await several.data(DEPLOY, release=release, cohort=behind))["deployRelease"]
    refused = (await several.data(DEPLOY, release=release, cohort=foreign))["deployRelease"]

    own = {"fleet": {"slug": "acme/sensor-hub"}, "release": {"id": release}, "cohort": {"id": behind}}
    assert deployed["userErrors"] == []
    assert {name: deployed["deployment"][name] for name in own} == own
    assert refused == {"deployment": None, "userErrors": [{"code": "INVALID", "path": ["input", "cohortId"]}]}
    assert writes(mocks) == [("POST", "/memfault/api/v0/organizations/acme/projects/sensor-hub/deployments")]


async def test_a_release_of_one_source_is_not_put_on_a_fleet_of_another(several: Gateway, mocks: MockPort) -> None:
    release = next(one for one in await releases(several, "balena-acme") if one["status"] == "AVAILABLE")
    mutation = """mutation Pin($release: ID!) {
      pinFleet(input: { source: "balena-umbra", slug: "umbra/dock", releaseId: $release }) {
        fleet { id } userErrors { code path } } }"""

    answer = (await several.data(mutation, release=release["id"]))["pinFleet"]

    assert answer == {"fleet": None, "userErrors": [{"code": "INVALID", "path": ["input", "releaseId"]}]}
    assert writes(mocks) == []


async def test_what_an_organization_s_source_does_not_show_it_does_not_find(several: Gateway) -> None:
    theirs = (await releases(several, "balena-umbra"))[0]
    query = 'query R($id: String!) { releaseByNativeId(source: "balena-acme", nativeId: $id) { id } }'

    found = await several.data(query, id=theirs["nativeId"])

    assert found == {"releaseByNativeId": None}


async def test_a_slug_that_two_sources_know_needs_the_source_s_name(several: Gateway) -> None:
    query = 'query F($source: String) { fleetBySlug(slug: "umbra/dock", source: $source) { sourceName } }'

    error = await several.error(query)
    named = [(await several.data(query, source=source))["fleetBySlug"] for source in ("balena-umbra", "devices")]

    assert error["extensions"] == {"code": "BAD_ARGUMENT"}
    assert named == [{"sourceName": "balena-umbra"}, {"sourceName": "devices"}]
