"""BuildMaster: builds and deployments an application at a time, artifacts by the native API where it is allowed."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

import aiohttp
import msgspec
import pytest

from resolvers.errors import SourceTooLarge, UpstreamBroken, UpstreamError, UpstreamPayloadError, UpstreamRefused
from resolvers.graph.artifact import Artifact
from resolvers.graph.build import Build
from resolvers.graph.deployment import Deployment
from resolvers.graph.enums import ArtifactKind, BuildStatus, DeploymentStatus, SourceKind
from resolvers.graph.people import Actor
from resolvers.upstreams import payload
from resolvers.upstreams.buildmaster import FACTS, WITH_ARTIFACTS, normalise
from resolvers.upstreams.buildmaster.homes import MOST, Homes
from resolvers.upstreams.buildmaster.rows import BuildRow, FileRow, RunRow
from resolvers.upstreams.port import ArtifactQuery, Chunk, ReleaseQuery, Upstream
from tests.conftest import MockPort
from tests.contract.conftest import Open

KIND = SourceKind.BUILDMASTER
ROOT = "/buildmaster/api/releases"
BUILDS, RUNS = f"{ROOT}/builds", f"{ROOT}/builds/deployments"
APPLICATIONS = "/buildmaster/api/applications/list"
FILES = "/buildmaster/api/json/Artifacts_GetArtifacts"
SMART_SINK, GATEWAY, SENSOR_HUB, GAUGE = "12", "17", "22", "27"

# As the contract's example exchange composes them, each with every member it may have.
BUILD: dict[str, Any] = {
    "id": 2207, "number": "56.develop", "status": "rejected", "createdBy": "API",
    "createdOn": "2026-02-18T10:00:01.5000000Z", "rejectedBy": "SYSTEM", "rejectedOn": "2026-02-19T10:00:00.1234567Z",
    "applicationId": 12, "applicationName": "GaugeFirmware", "pipelineName": "global::Firmware",
    "furthestStage": "Testing", "releaseId": 341, "releaseNumber": "3.2.0", "releaseName": "Spring wave",
    "buildNumber": "56.develop",
}  # fmt: skip
RUN: dict[str, Any] = {
    "id": 9120, "plan": "Deploy", "status": "warned", "started": "2026-02-18T11:00:02.0000000Z",
    "ended": "2026-02-18T11:01:40.2500000Z", "createdBy": "SYSTEM", "createdOn": "2026-02-18T11:00:00.0000000Z",
    "pipelineName": "global::Firmware", "pipelineStageName": "Testing", "environmentId": 3, "environmentName": "Bench",
    "applicationId": 12, "applicationName": "GaugeFirmware", "releaseId": 341, "releaseNumber": "3.2.0",
    "releaseName": "Spring wave", "buildId": 2207, "buildNumber": "4", "packageId": 2207, "packageNumber": "4",
}  # fmt: skip
FILE: dict[str, Any] = {
    "Application_Id": 12, "Application_Name": "GaugeFirmware", "Release_Id": 341, "Release_Number": "3.2.0",
    "Build_Id": 2207, "Build_Number": "4", "Deployable_Id": None, "Deployable_Name": None,
    "Artifact_Name": "Symbole/Außen", "Execution_Id": 5, "Created_Date": "2026-02-18T10:05:00.0000000",
    "Artifact_Path": "C:\\ProgramData\\BuildMaster\\Artifacts\\A12\\B2207\\Symbole.zip",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _untouched(mocks: MockPort) -> None:
    """Looks move runs on and other tests write to the installation; here it is as the world made it."""
    mocks.mocks.reset()


@pytest.fixture
def switches(mocks: MockPort) -> dict[str, Any]:
    return mocks.mocks.switches["buildmaster"]


def one(row: type[Any], body: Mapping[str, Any]) -> Any:
    return payload.decode("bm", "POST /api", msgspec.json.encode(body), row)


def members(thing: Any) -> dict[str, Any]:
    """Every field of a graph type but those that are called when asked."""
    values = {member.name: getattr(thing, member.name) for member in dataclasses.fields(thing)}
    return {name: value for name, value in values.items() if not callable(value)}


async def on_the_wire(http: aiohttp.ClientSession, mocks: MockPort, path: str) -> list[dict[str, Any]]:
    """The mock's rows; the calls for it are not counted."""
    headers = {"X-ApiKey": "demo-buildmaster-token"}
    async with http.post(f"{mocks.url}{path}", headers=headers) as response:
        rows: list[dict[str, Any]] = await response.json()
    mocks.mocks.calls.clear()
    return rows


async def read(chunks: AsyncIterator[Chunk[Any]]) -> tuple[list[Any], list[UpstreamError]]:
    got = [chunk async for chunk in chunks]
    return [row for chunk in got for row in chunk.rows], [each.error for chunk in got for each in chunk.failures]


async def release_ids(upstream: Upstream, mocks: MockPort) -> list[str]:
    """Of all releases, by a list whose call is not counted."""
    releases, _ = await read(upstream.releases(ReleaseQuery()))
    mocks.mocks.calls.clear()
    return [release.native_id for release in releases]


def kept(found: Mapping[str, Any]) -> dict[str, set[str]]:
    return {key: {row.native_id for row in rows} for key, rows in found.items()}


def by_release(rows: list[dict[str, Any]], ids: list[str]) -> dict[str, set[str]]:
    return {key: {str(row["id"]) for row in rows if str(row.get("releaseId")) == key} for key in ids}


# Rows


def test_a_build_is_told_whole() -> None:
    build = normalise.build("bm", one(BuildRow, BUILD))

    assert build == Build(
        source_name="bm",
        native_id="2207",
        number="56.develop",
        status=BuildStatus.REJECTED,
        native_status="rejected",
        created_at=datetime(2026, 2, 18, 10, 0, 1, 500000, UTC),
        finished_at=datetime(2026, 2, 19, 10, 0, 0, 123456, UTC),
        created_by=Actor(name="API"),
        furthest_stage="Testing",
        release_native_ids=("341",),
    )


def test_a_build_without_release_stage_or_new_name_is_a_build() -> None:
    least = {"id": 9, "status": "active", "createdOn": "2026-02-18T10:00:01", "buildNumber": "7"}

    build = normalise.build("bm", one(BuildRow, {**least, "applicationId": 12, "applicationName": "G"}))

    assert (build.number, build.furthest_stage, build.release_native_ids) == ("7", None, ())
    assert (build.created_by, build.finished_at) == (None, None)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("active", BuildStatus.OPEN),
        ("deployed", BuildStatus.SUCCEEDED),
        ("rejected", BuildStatus.REJECTED),
        ("frozen", BuildStatus.UNKNOWN),
    ],
)
def test_status_of_a_build_follows_the_glossary(word: str, status: BuildStatus) -> None:
    build = normalise.build("bm", one(BuildRow, {**BUILD, "status": word}))

    assert (build.status, build.native_status) == (status, word)


def test_a_deployment_is_told_whole() -> None:
    deployment = normalise.deployment("bm", one(RunRow, RUN))

    assert deployment == Deployment(
        source_name="bm",
        native_id="9120",
        status=DeploymentStatus.SUCCEEDED,
        native_status="warned",
        environment="Bench",
        stage="Testing",
        has_warnings=True,
        created_at=datetime(2026, 2, 18, 11, 0, tzinfo=UTC),
        started_at=datetime(2026, 2, 18, 11, 0, 2, tzinfo=UTC),
        finished_at=datetime(2026, 2, 18, 11, 1, 40, 250000, UTC),
        created_by=Actor(name="SYSTEM"),
        release_native_id="341",
        fleet_native_id="12",
    )


@pytest.mark.parametrize(
    ("changed", "status", "has_warnings"),
    [
        ({"status": "pending"}, DeploymentStatus.QUEUED, None),
        ({"status": "executing"}, DeploymentStatus.RUNNING, None),
        ({"status": "succeeded"}, DeploymentStatus.SUCCEEDED, False),
        ({"status": "warned"}, DeploymentStatus.SUCCEEDED, True),
        ({"status": "failed"}, DeploymentStatus.FAILED, None),
        ({"status": "sleeping"}, DeploymentStatus.UNKNOWN, None),
        ({"status": "failed", "canceledOn": "2026-02-18T11:01:00.0000000Z"}, DeploymentStatus.ABORTED, None),
        ({"status": "warned", "canceledOn": "2026-02-18T11:01:00.0000000Z"}, DeploymentStatus.ABORTED, None),
    ],
)
def test_status_of_a_deployment_follows_the_glossary(
    changed: dict[str, Any], status: DeploymentStatus, has_warnings: bool | None
) -> None:
    deployment = normalise.deployment("bm", one(RunRow, {**RUN, **changed}))

    assert (deployment.status, deployment.has_warnings) == (status, has_warnings)
    assert deployment.native_status == changed["status"]


def test_an_artifact_tells_its_build_and_never_where_it_lies() -> None:
    artifact = normalise.artifact("bm", one(FileRow, FILE))

    expected = Artifact(
        source_name="bm",
        native_id="2207/Symbole%2FAu%C3%9Fen",
        name="Symbole/Außen",
        kind=ArtifactKind.DOWNLOAD,
        build_identifier="2207",
        created_at=datetime(2026, 2, 18, 10, 5, tzinfo=UTC),
        release_native_ids=("341",),
    )
    assert members(artifact) == members(expected)
    assert artifact.details() == {"releaseNumber": "3.2.0", "buildNumber": "4"}
    assert "ProgramData" not in f"{artifact!r}{artifact.details()}"


# Builds and deployments of releases


@pytest.mark.parametrize(("what", "path"), [("builds_by_release_id", BUILDS), ("deployments_by_release_id", RUNS)])
async def test_all_releases_cost_a_call_an_application_and_one_for_their_homes(
    upstream: Open, mocks: MockPort, http: aiohttp.ClientSession, what: str, path: str
) -> None:
    ids = await release_ids(upstream(KIND), mocks)
    rows = await on_the_wire(http, mocks, path)

    found = await getattr(upstream(KIND), what)([*ids, "nonsense", "2147483647"])

    assert kept(found) == by_release(rows, ids)
    assert set() in kept(found).values()
    assert Counter(mocks.paths("buildmaster")) == {ROOT: 1, path: 4}


async def test_releases_that_were_listed_tell_their_homes(upstream: Open, mocks: MockPort) -> None:
    bm = upstream(KIND)
    ids = await release_ids(bm, mocks)

    builds = await bm.builds_by_release_id(ids)
    runs = await bm.deployments_by_release_id(ids)

    assert set(builds) == set(runs) == set(ids)
    assert Counter(mocks.paths("buildmaster")) == {BUILDS: 4, RUNS: 4}


@pytest.mark.parametrize("is_leaky", [False, True])
async def test_one_release_costs_one_call_and_gets_no_build_of_another(
    upstream: Open, mocks: MockPort, http: aiohttp.ClientSession, switches: dict[str, Any], is_leaky: bool
) -> None:
    rows = await on_the_wire(http, mocks, BUILDS)
    wanted = str(next(row["releaseId"] for row in rows if "releaseId" in row))
    switches["leaky_builds"] = is_leaky

    found = await upstream(KIND).builds_by_release_id([wanted, wanted])

    assert kept(found) == by_release(rows, [wanted])
    assert mocks.paths("buildmaster") == [BUILDS]


async def test_an_application_that_fails_costs_only_its_own_releases(upstream: Open, mocks: MockPort) -> None:
    bm = upstream(KIND)
    ids = await release_ids(bm, mocks)
    mocks.fail(source="buildmaster", path=BUILDS, status=503, times=1)

    found = await bm.builds_by_release_id(ids)

    lost = {key for key, value in found.items() if isinstance(value, UpstreamBroken)}
    homes = {key: release.fleet_native_id for key, release in (await bm.releases_by_id(ids)).items()}
    assert len({homes[key] for key in lost}) == 1
    assert lost == {key for key in ids if homes[key] in {homes[key] for key in lost}}
    assert set(found) == set(ids)


async def test_homes_that_cannot_be_found_out_are_an_error_not_an_absence(upstream: Open, mocks: MockPort) -> None:
    mocks.fail(source="buildmaster", path=ROOT, status=503)

    found = await upstream(KIND).deployments_by_release_id(["101", "103"])

    assert {key: type(value) for key, value in found.items()} == {"101": UpstreamBroken, "103": UpstreamBroken}


async def test_deployments_of_fleets_cost_a_call_each(
    upstream: Open, mocks: MockPort, http: aiohttp.ClientSession
) -> None:
    rows = await on_the_wire(http, mocks, RUNS)

    found = await upstream(KIND).deployments_by_fleet_id([GAUGE, GATEWAY, "999", "x"])

    expected = {key: {str(row["id"]) for row in rows if str(row["applicationId"]) == key} for key in (GAUGE, GATEWAY)}
    assert kept(found) == {**expected, "999": set()}
    assert mocks.paths("buildmaster") == [RUNS] * 3


async def test_nothing_outside_the_scope_is_shown(upstream: Open, mocks: MockPort, http: aiohttp.ClientSession) -> None:
    builds, runs = await on_the_wire(http, mocks, BUILDS), await on_the_wire(http, mocks, RUNS)
    ids = await release_ids(upstream(KIND), mocks)
    strangers = {
        "builds": [str(row["id"]) for row in builds if row["applicationId"] != 27],
        "runs": [str(row["id"]) for row in runs if row["applicationId"] != 27],
    }
    bm = upstream(KIND, applications=("Gauge",))

    of_releases = await bm.builds_by_release_id(ids)
    of_one = await bm.builds_by_release_id([str(builds[-1]["releaseId"])])

    assert {row.native_id for rows in of_releases.values() for row in rows}.isdisjoint(strangers["builds"])
    assert {row.native_id for rows in of_one.values() for row in rows}.isdisjoint(strangers["builds"])
    assert await bm.builds_by_id(strangers["builds"]) == {}
    assert await bm.builds_by_id(strangers["builds"][:1]) == {}
    assert await bm.deployments_by_id(strangers["runs"][:1]) == {}
    assert kept(await bm.deployments_by_fleet_id([GATEWAY])) == {GATEWAY: set()}


# Builds by id


async def test_one_build_is_asked_for_by_its_id(upstream: Open, mocks: MockPort, http: aiohttp.ClientSession) -> None:
    rows = await on_the_wire(http, mocks, BUILDS)

    found = await upstream(KIND).builds_by_id([str(rows[0]["id"]), "nonsense"])

    assert list(found) == [str(rows[0]["id"])]
    assert mocks.paths("buildmaster") == [BUILDS]


async def test_builds_that_releases_name_cost_a_call_an_application(upstream: Open, mocks: MockPort) -> None:
    bm = upstream(KIND)
    releases, _ = await read(bm.releases(ReleaseQuery()))
    natives = [release.native_of() for release in releases]
    named = {str(one) for each in natives for one in (each.furthest_build_id, each.latest_build_id) if one}
    mocks.mocks.calls.clear()

    found = await bm.builds_by_id(sorted(named))

    assert set(found) == named
    assert mocks.paths("buildmaster") == [BUILDS] * 4


async def test_builds_nobody_told_of_cost_no_more_calls_than_there_are_applications(
    upstream: Open, mocks: MockPort, http: aiohttp.ClientSession
) -> None:
    ids = [str(row["id"]) for row in await on_the_wire(http, mocks, BUILDS)]

    few = await upstream(KIND).builds_by_id(ids[:3])
    calls_of_few = Counter(mocks.paths("buildmaster"))
    mocks.mocks.calls.clear()
    all_of_them = await upstream(KIND).builds_by_id([*ids, "2147483647"])

    assert set(few) == set(ids[:3])
    assert set(all_of_them) == set(ids)
    assert calls_of_few == {APPLICATIONS: 1, BUILDS: 3}
    assert Counter(mocks.paths("buildmaster")) == {APPLICATIONS: 1, BUILDS: 4}


async def test_a_build_that_retention_removed_is_not_there(
    upstream: Open, mocks: MockPort, switches: dict[str, Any]
) -> None:
    bm = upstream(KIND)
    releases, _ = await read(bm.releases(ReleaseQuery()))
    gone, other = [one for each in releases if (one := each.native_of().latest_build_id)][:2]
    switches["purged_builds"] = [gone]

    assert await bm.builds_by_id([str(gone)]) == {}
    assert set(await bm.builds_by_id([str(gone), str(other)])) == {str(other)}


async def test_with_an_application_lost_builds_that_were_not_found_are_unknown(
    upstream: Open, mocks: MockPort, http: aiohttp.ClientSession
) -> None:
    rows = await on_the_wire(http, mocks, BUILDS)
    ids = [str(row["id"]) for row in rows]
    mocks.fail(source="buildmaster", path=BUILDS, status=503, times=1)

    found = await upstream(KIND).builds_by_id([*ids, "2147483647"])

    lost = {key for key, value in found.items() if isinstance(value, UpstreamBroken)}
    homes = {row["applicationId"] for row in rows if str(row["id"]) in lost}
    assert len(homes) == 1
    assert "2147483647" in lost
    assert set(found) == {*ids, "2147483647"}


async def test_ids_that_cannot_be_meant_never_reach_the_wire(upstream: Open, mocks: MockPort) -> None:
    bm, odd = upstream(KIND, native_artifacts=True), ["x", "", "-1", "007", "99999999999", "1 or 1=1"]

    assert await bm.builds_by_id(odd) == {}
    assert await bm.deployments_by_id(odd) == {}
    assert await bm.builds_by_release_id(odd) == {}
    assert await bm.deployments_by_release_id(odd) == {}
    assert await bm.deployments_by_fleet_id(odd) == {}
    assert await bm.is_deployed_by_release_id(odd) == {}
    assert await bm.artifacts_by_release_id(odd) == {}
    assert await bm.artifacts_by_build_id(odd) == {}
    assert await bm.artifacts_by_id([*odd, "x/Default", "1001", "1/2/3"]) == {}
    assert mocks.paths("buildmaster") == []


# Deployments by id


async def test_deployments_that_were_listed_are_found_by_their_applications(upstream: Open, mocks: MockPort) -> None:
    bm = upstream(KIND)
    listed = await bm.deployments_by_fleet_id([GAUGE, GATEWAY])
    ids = [run.native_id for runs in listed.values() for run in runs]
    mocks.mocks.calls.clear()

    found = await bm.deployments_by_id(ids)

    assert set(found) == set(ids)
    assert mocks.paths("buildmaster") == [RUNS] * 2


async def test_a_parent_is_found_by_its_id_though_no_list_shows_it(
    upstream: Open, mocks: MockPort, http: aiohttp.ClientSession
) -> None:
    listed = {row["id"] for row in await on_the_wire(http, mocks, RUNS)}
    parents = [str(one) for one in range(1, max(listed)) if one not in listed]

    alone = await upstream(KIND).deployments_by_id(parents[:1])
    among_others = await upstream(KIND).deployments_by_id([*map(str, sorted(listed)), *parents[:3]])

    assert set(alone) == set(parents[:1])
    assert alone[parents[0]].environment is None
    assert set(among_others) == {*map(str, listed), *parents[:3]}
    assert Counter(mocks.paths("buildmaster")) == {APPLICATIONS: 1, RUNS: 1 + 4 + 3}


async def test_too_many_ids_that_no_list_has_are_told_not_asked_for(upstream: Open, mocks: MockPort) -> None:
    ids = [str(100_000 + number) for number in range(50)]

    found = await upstream(KIND).deployments_by_id(ids)

    assert {type(value) for value in found.values()} == {SourceTooLarge}
    assert set(found) == set(ids[20:])
    assert mocks.paths("buildmaster").count(RUNS) == 4 + 20


# Whether it is live


async def test_a_release_is_live_by_its_status_or_by_a_run_that_succeeded(
    upstream: Open, mocks: MockPort, http: aiohttp.ClientSession
) -> None:
    releases = await on_the_wire(http, mocks, ROOT)
    runs = await on_the_wire(http, mocks, RUNS)
    succeeded = {run.get("releaseId") for run in runs if run["status"] in ("succeeded", "warned")}
    settled = {"deployed": True, "canceled": False}

    told = await upstream(KIND).is_deployed_by_release_id([*(str(row["id"]) for row in releases), "2147483647"])

    assert told == {str(row["id"]): settled.get(row["status"], row["id"] in succeeded) for row in releases}
    assert {told[str(row["id"])] for row in releases if row["status"] == "active"} == {True, False}
    assert Counter(mocks.paths("buildmaster")) == {ROOT: 1, RUNS: 4}


async def test_what_is_settled_by_status_costs_no_call_for_runs(
    upstream: Open, mocks: MockPort, http: aiohttp.ClientSession
) -> None:
    rows = await on_the_wire(http, mocks, ROOT)
    settled = [str(row["id"]) for row in rows if row["status"] != "active"]

    told = await upstream(KIND).is_deployed_by_release_id(settled)

    assert set(told) == set(settled)
    assert mocks.paths("buildmaster") == [ROOT]


async def test_without_its_runs_it_is_not_known_whether_a_release_is_live(upstream: Open, mocks: MockPort) -> None:
    bm = upstream(KIND)
    releases, _ = await read(bm.releases(ReleaseQuery()))
    active = next(release.native_id for release in releases if release.native_status == "active")
    mocks.fail(source="buildmaster", path=RUNS, status=503)

    told = await bm.is_deployed_by_release_id([active])

    assert isinstance(told[active], UpstreamBroken)


# Artifacts, by the native API


def test_artifacts_are_a_capability_an_operator_turns_on(upstream: Open) -> None:
    assert upstream(KIND).facts == FACTS
    assert upstream(KIND, native_artifacts=True).facts == WITH_ARTIFACTS
    assert upstream(KIND).facts.artifact_kinds == frozenset()


async def test_artifacts_are_listed_an_application_at_a_time(
    upstream: Open, mocks: MockPort, switches: dict[str, Any]
) -> None:
    switches["grant_native"] = True

    artifacts, errors = await read(upstream(KIND, native_artifacts=True).artifacts(ArtifactQuery()))

    assert {artifact.name for artifact in artifacts} == {"Default", "Symbols"}
    assert len({artifact.native_id for artifact in artifacts}) == len(artifacts)
    assert errors == []
    assert Counter(mocks.paths("buildmaster")) == {APPLICATIONS: 1, FILES: 4}


@pytest.mark.parametrize("chosen", [("Gauge",), (GAUGE,)])
async def test_artifacts_stay_in_the_scope(
    upstream: Open, mocks: MockPort, switches: dict[str, Any], chosen: tuple[str, ...]
) -> None:
    switches["grant_native"] = True

    artifacts, _ = await read(upstream(KIND, native_artifacts=True, applications=chosen).artifacts(ArtifactQuery()))

    assert artifacts
    assert mocks.paths("buildmaster").count(FILES) == 1


async def test_an_application_whose_artifacts_fail_costs_only_itself(
    upstream: Open, mocks: MockPort, switches: dict[str, Any]
) -> None:
    switches["grant_native"] = True
    mocks.fail(source="buildmaster", path=FILES, status=500, times=1)

    artifacts, errors = await read(upstream(KIND, native_artifacts=True).artifacts(ArtifactQuery()))

    assert artifacts
    assert [type(error) for error in errors] == [UpstreamBroken]


async def test_artifacts_of_releases_builds_and_ids_agree(
    upstream: Open, mocks: MockPort, switches: dict[str, Any]
) -> None:
    switches["grant_native"] = True
    bm = upstream(KIND, native_artifacts=True)
    ids = await release_ids(bm, mocks)
    listed, _ = await read(bm.artifacts(ArtifactQuery()))
    builds = sorted({str(artifact.build_identifier) for artifact in listed})
    mocks.mocks.calls.clear()

    of_releases = await bm.artifacts_by_release_id(ids)
    of_builds = await bm.artifacts_by_build_id(builds)
    found = await bm.artifacts_by_id([*(artifact.native_id for artifact in listed), f"{builds[0]}/Nothing"])

    everything = {artifact.native_id for artifact in listed}
    with_release = {artifact.native_id for artifact in listed if artifact.release_native_ids}
    assert {file.native_id for files in of_releases.values() for file in files} == with_release
    assert {file.native_id for files in of_builds.values() for file in files} == everything == set(found)
    assert all(file.build_identifier == key for key, files in of_builds.items() for file in files)
    assert mocks.paths("buildmaster") == [FILES] * 12


async def test_artifacts_of_a_build_nobody_told_of_are_found(
    upstream: Open, mocks: MockPort, http: aiohttp.ClientSession, switches: dict[str, Any]
) -> None:
    switches["grant_native"] = True
    rows = await on_the_wire(http, mocks, BUILDS)
    wanted = str(next(row["id"] for row in rows if row["status"] == "active"))

    found = await upstream(KIND, native_artifacts=True).artifacts_by_id([f"{wanted}/Default", "2147483647/Default"])

    assert list(found) == [f"{wanted}/Default"]


async def test_a_key_without_the_native_grant_is_an_error_not_an_empty_list(upstream: Open) -> None:
    bm = upstream(KIND, native_artifacts=True)

    artifacts, errors = await read(bm.artifacts(ArtifactQuery()))
    found = await bm.artifacts_by_release_id(["111", "113"])

    assert artifacts == []
    assert {type(error) for error in errors} == {UpstreamRefused}
    assert {key: type(value) for key, value in found.items()} == {"111": UpstreamRefused, "113": UpstreamRefused}


# Homes


def test_homes_are_forgotten_before_they_are_too_many() -> None:
    homes = Homes()

    for number in range(MOST + 1):
        homes.learn([number], [12])

    assert homes.grouped(["0", str(MOST)]) == ({"12": [str(MOST)]}, ["0"])


def test_a_row_with_an_unreadable_time_is_a_misfit() -> None:
    rows = payload.decode_rows("bm", "POST /x", msgspec.json.encode([RUN, {**RUN, "ended": "later"}]), RunRow)

    assert [row.id for row in rows.rows] == [9120]
    assert isinstance(rows.error, UpstreamPayloadError)
