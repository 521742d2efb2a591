"""BuildMaster: what is changed is sent once, as the API takes it, and refusals come back in its own words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from resolvers.errors import (
    UpstreamBroken,
    UpstreamError,
    UpstreamPayloadError,
    UpstreamRefused,
    UpstreamRejected,
    UpstreamUnreachable,
    UserMistake,
)
from resolvers.graph.build import Build
from resolvers.graph.enums import BuildStatus, DeploymentStatus, ReleaseStatus, SourceKind, SourceOperation
from resolvers.graph.release import Release
from resolvers.upstreams.buildmaster import FACTS
from resolvers.upstreams.buildmaster.writes import explain
from resolvers.upstreams.commands import (
    CancelRelease,
    Command,
    CreateRelease,
    DeleteRelease,
    DeployRelease,
    RestoreRelease,
)
from resolvers.upstreams.port import ReleaseQuery, Upstream
from tests.conftest import MockPort
from tests.contract.conftest import Open

KIND = SourceKind.BUILDMASTER
ROOT = "/buildmaster/api/releases"
APPLICATIONS = "/buildmaster/api/applications/list"
CREATE, CANCEL, RESTORE, DEPLOY = (f"{ROOT}/{call}" for call in ("create", "cancel", "restore", "builds/deploy"))
GATEWAY, GAUGE = "17", "27"
ALL = ReleaseQuery()


@pytest.fixture(autouse=True)
def _rebuilt(mocks: MockPort) -> Iterator[None]:
    """What a test writes is gone before the next one, here and elsewhere."""
    mocks.mocks.reset()
    yield
    mocks.mocks.reset()


@pytest.fixture
def switches(mocks: MockPort) -> dict[str, Any]:
    return mocks.mocks.switches["buildmaster"]


@pytest.fixture
def strict(switches: dict[str, Any]) -> None:
    """A server that takes nothing its pages do not name."""
    switches.update(unknown_keys_are_errors=True, strict_release_keys=True)


async def release(bm: Upstream, native_id: str) -> Release:
    found = (await bm.releases_by_id([native_id]))[native_id]
    assert isinstance(found, Release)
    return found


async def builds(bm: Upstream, release_id: str) -> list[Build]:
    """Of a release, newest first."""
    found = (await bm.builds_by_release_id([release_id]))[release_id]
    assert not isinstance(found, UpstreamError)
    return sorted(found, key=lambda build: -int(build.native_id))


async def some(bm: Upstream, status: ReleaseStatus, query: ReleaseQuery = ALL) -> Release:
    """A release with this status; a build of it could be deployed, unless it is cancelled."""
    async for chunk in bm.releases(query):
        for each in chunk.rows:
            native: Any = each.native_of()
            is_built = each.pipeline is not None and native.latest_build_id is not None
            if each.status is status and (is_built or status is ReleaseStatus.CANCELLED):
                return each
    raise AssertionError("the world has no such release")


async def refused(bm: Upstream, command: Command) -> tuple[str, str, tuple[str, ...] | None]:
    with pytest.raises(UserMistake) as raised:
        await bm.perform(command)
    return raised.value.kind, str(raised.value), raised.value.path


# Releases


@pytest.mark.usefixtures("strict")
async def test_a_release_is_created_as_it_was_asked_for(upstream: Open, mocks: MockPort) -> None:
    bm = upstream(KIND)

    native_id = await bm.perform(CreateRelease(GAUGE, "9.0, α+β & =", name="Größer?", pipeline="global::Firmware"))

    made = await release(bm, native_id)
    assert (made.raw_version, made.name, made.pipeline) == ("9.0, α+β & =", "Größer?", "global::Firmware")
    assert (made.fleet_native_id, made.status) == (GAUGE, ReleaseStatus.IN_PROGRESS)
    assert mocks.paths("buildmaster") == [APPLICATIONS, CREATE, ROOT]


async def test_a_release_without_a_name_is_called_by_its_number(upstream: Open) -> None:
    bm = upstream(KIND)

    native_id = await bm.perform(CreateRelease(GAUGE, "9.1", pipeline="Release"))

    assert (await release(bm, native_id)).name == "9.1"


@pytest.mark.parametrize(
    ("given", "kind", "path"),
    [
        pytest.param({}, "REQUIRED", ("input", "pipeline"), id="no pipeline"),
        pytest.param({"pipeline": ""}, "REQUIRED", ("input", "pipeline"), id="an empty pipeline"),
        pytest.param({"pipeline": "Release", "version": ""}, "REQUIRED", ("input", "version"), id="no version"),
        pytest.param({"pipeline": "Release", "notes": "n"}, "INVALID", ("input", "notes"), id="notes"),
        pytest.param({"pipeline": "Release", "minimum_version": "1"}, "INVALID", ("input", "minimumVersion"), id="min"),
        pytest.param({"pipeline": "Release", "extra_info": {}}, "INVALID", ("input", "extraInfo"), id="extra info"),
    ],
)
async def test_what_a_release_cannot_be_made_of_is_told_without_a_call(
    upstream: Open, mocks: MockPort, given: dict[str, Any], kind: str, path: tuple[str, ...]
) -> None:
    told = await refused(upstream(KIND), CreateRelease(**{"fleet_id": GAUGE, "version": "9.2", **given}))

    assert (told[0], told[2]) == (kind, path)
    assert mocks.paths("buildmaster") == []


async def test_a_number_that_is_taken_is_refused_in_buildmasters_words(upstream: Open) -> None:
    bm = upstream(KIND)
    await bm.perform(CreateRelease(GAUGE, "9.3", pipeline="Release"))

    told = await refused(bm, CreateRelease(GAUGE, "9.3", pipeline="Release"))

    assert told == ("REJECTED", "Release 9.3 already exists.", None)


async def test_a_pipeline_nobody_has_is_refused_in_buildmasters_words(upstream: Open) -> None:
    told = await refused(upstream(KIND), CreateRelease(GAUGE, "9.4", pipeline="Firmware"))

    assert told == ("REJECTED", "Invalid value for pipelineName.", None)


@pytest.mark.parametrize("fleet_id", ["999", GATEWAY, "nonsense"])
async def test_nothing_is_created_outside_the_scope(upstream: Open, mocks: MockPort, fleet_id: str) -> None:
    bm = upstream(KIND, applications=("Gauge",))

    told = await refused(bm, CreateRelease(fleet_id, "9.5", pipeline="Release"))

    assert (told[0], told[2]) == ("NOT_FOUND", ("input", "fleetId"))
    assert CREATE not in mocks.paths("buildmaster")


@pytest.mark.usefixtures("strict")
async def test_a_cancelled_release_can_be_restored(upstream: Open, mocks: MockPort) -> None:
    bm = upstream(KIND)
    active = (await some(bm, ReleaseStatus.IN_PROGRESS)).native_id
    mocks.mocks.calls.clear()

    assert await bm.perform(CancelRelease(active, reason="too early, & more")) == active
    cancelled = await release(bm, active)
    assert await bm.perform(RestoreRelease(active)) == active
    restored = await release(bm, active)

    assert (cancelled.status, restored.status) == (ReleaseStatus.CANCELLED, ReleaseStatus.IN_PROGRESS)
    assert {build.status for build in await builds(bm, active)} == {BuildStatus.REJECTED}
    assert mocks.paths("buildmaster")[:6] == [ROOT, CANCEL, ROOT, ROOT, RESTORE, ROOT]


@pytest.mark.parametrize(
    ("status", "command", "sentence"),
    [
        (ReleaseStatus.CANCELLED, CancelRelease, "The release is not active."),
        (ReleaseStatus.IN_PROGRESS, RestoreRelease, "The release is already active."),
    ],
)
async def test_a_change_that_does_not_fit_is_refused_in_buildmasters_words(
    upstream: Open, status: ReleaseStatus, command: type[Any], sentence: str
) -> None:
    bm = upstream(KIND)
    wrong = await some(bm, status)

    assert await refused(bm, command(wrong.native_id)) == ("REJECTED", sentence, None)


@pytest.mark.parametrize("command", [CancelRelease, RestoreRelease])
@pytest.mark.parametrize("native_id", ["999999", "nonsense"])
async def test_a_release_that_is_not_there_is_not_changed(
    upstream: Open, mocks: MockPort, command: type[Any], native_id: str
) -> None:
    told = await refused(upstream(KIND), command(native_id))

    assert (told[0], told[2]) == ("NOT_FOUND", ("input", "id"))
    assert {CANCEL, RESTORE}.isdisjoint(mocks.paths("buildmaster"))


async def test_a_release_outside_the_scope_is_not_changed(upstream: Open, mocks: MockPort) -> None:
    query = ReleaseQuery(fleet_ids=(GATEWAY,))
    stranger = await some(upstream(KIND), ReleaseStatus.IN_PROGRESS, query)

    told = await refused(upstream(KIND, applications=("Gauge",)), CancelRelease(stranger.native_id))

    assert told[0] == "NOT_FOUND"
    assert CANCEL not in mocks.paths("buildmaster")


# Deployments


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize("as_list", [False, True])
async def test_a_deploy_gives_the_run_that_is_found_by_its_id_alone(
    upstream: Open, mocks: MockPort, switches: dict[str, Any], as_list: bool
) -> None:
    switches["deploy_as_list"] = as_list
    bm = upstream(KIND)
    active = await some(bm, ReleaseStatus.IN_PROGRESS)
    mocks.mocks.calls.clear()

    run_id = await bm.perform(DeployRelease(active.native_id))

    assert mocks.paths("buildmaster") == [ROOT, DEPLOY]
    run: Any = (await bm.deployments_by_id([run_id]))[run_id]
    listed: Any = (await bm.deployments_by_release_id([active.native_id]))[active.native_id]
    assert (run.status, run.release_native_id) == (DeploymentStatus.QUEUED, active.native_id)
    assert run_id not in {each.native_id for each in listed}


async def test_the_build_and_the_stage_can_be_chosen(upstream: Open, mocks: MockPort) -> None:
    bm = upstream(KIND)
    active = await some(bm, ReleaseStatus.IN_PROGRESS)
    build = (await builds(bm, active.native_id))[0].native_id
    mocks.mocks.calls.clear()

    run_id = await bm.perform(
        DeployRelease(active.native_id, fleet_id=active.fleet_native_id, build_id=build, stage="Integration")
    )

    run: Any = (await bm.deployments_by_id([run_id]))[run_id]
    assert (run.stage, run.release_native_id) == ("Integration", active.native_id)
    assert mocks.paths("buildmaster")[:3] == [ROOT, f"{ROOT}/builds", DEPLOY]


@pytest.mark.parametrize("nothing", ["", "[]"])
async def test_a_deploy_that_starts_nothing_is_told(upstream: Open, switches: dict[str, Any], nothing: str) -> None:
    switches["deploy_nothing"] = nothing
    bm = upstream(KIND)
    active = await some(bm, ReleaseStatus.IN_PROGRESS)

    told = await refused(bm, DeployRelease(active.native_id, stage="Nowhere"))

    assert (told[0], told[2]) == ("REJECTED", ("input", "stage"))
    assert "started nothing" in told[1]


async def test_a_stage_a_build_is_not_ready_for_is_refused_in_buildmasters_words(upstream: Open) -> None:
    bm = upstream(KIND)
    fresh = await bm.perform(CreateRelease(GAUGE, "9.6", pipeline="Release"))
    active = await some(bm, ReleaseStatus.IN_PROGRESS)

    unbuilt = await refused(bm, DeployRelease(fresh))
    unready = await refused(bm, DeployRelease(active.native_id, stage="Production"))

    assert unbuilt == ("REQUIRED", "the release has no build that could be deployed", ("input", "buildId"))
    assert unready == ("REJECTED", "The build is not ready for Production.", None)


async def test_a_rejected_build_is_refused_in_buildmasters_words(upstream: Open) -> None:
    bm = upstream(KIND)
    active = (await some(bm, ReleaseStatus.IN_PROGRESS)).native_id
    build = (await builds(bm, active))[0].native_id
    await bm.perform(CancelRelease(active))

    told = await refused(bm, DeployRelease(active, build_id=build))

    assert told == ("REJECTED", "The build was rejected.", None)


async def test_a_build_of_another_release_is_not_deployed(upstream: Open, mocks: MockPort) -> None:
    bm = upstream(KIND)
    active, other = await some(bm, ReleaseStatus.IN_PROGRESS), await some(bm, ReleaseStatus.DEPLOYED)
    foreign = (await builds(bm, other.native_id))[0].native_id

    of_another = await refused(bm, DeployRelease(active.native_id, build_id=foreign))
    of_nobody = await refused(bm, DeployRelease(active.native_id, build_id="999999"))

    assert of_another == ("INVALID", "the build is of another release", ("input", "buildId"))
    assert (of_nobody[0], of_nobody[2]) == ("NOT_FOUND", ("input", "buildId"))
    assert DEPLOY not in mocks.paths("buildmaster")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"cohort_id": "1"}, "cohortId"),
        ({"artifact_id": "1/Default"}, "artifactId"),
        ({"rollout_percent": 50}, "rolloutPercent"),
        ({"fleet_id": "999"}, "fleetId"),
    ],
)
async def test_a_deploy_to_what_buildmaster_does_not_have_is_told(
    upstream: Open, mocks: MockPort, given: dict[str, Any], field: str
) -> None:
    bm = upstream(KIND)
    active = await some(bm, ReleaseStatus.IN_PROGRESS)

    told = await refused(bm, DeployRelease(active.native_id, **given))

    assert (told[0], told[2]) == ("INVALID", ("input", field))
    assert DEPLOY not in mocks.paths("buildmaster")


# Trouble


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        pytest.param({"status": 403}, UpstreamRefused, id="the key may not"),
        pytest.param({"status": 404}, UpstreamRejected, id="a version without the call"),
        pytest.param({"status": 500}, UpstreamBroken, id="it failed"),
        pytest.param({"drop": True}, UpstreamUnreachable, id="hung up"),
        pytest.param({"wrong_shape": True}, UpstreamPayloadError, id="JSON nobody documented"),
    ],
)
async def test_what_leaves_it_open_whether_it_was_done_is_sent_once(
    upstream: Open, mocks: MockPort, fault: dict[str, Any], error: type[UpstreamError]
) -> None:
    mocks.fail(source="buildmaster", path=CREATE, **fault)

    with pytest.raises(error) as raised:
        await upstream(KIND).perform(CreateRelease(GAUGE, "9.7", pipeline="Release"))

    assert mocks.paths("buildmaster").count(CREATE) == 1
    assert "demo-buildmaster-token" not in f"{raised.value}"


async def test_an_object_that_cannot_be_looked_at_is_not_changed(upstream: Open, mocks: MockPort) -> None:
    mocks.fail(source="buildmaster", path=ROOT, status=503)

    with pytest.raises(UpstreamBroken):
        await upstream(KIND).perform(CancelRelease("111"))

    assert mocks.paths("buildmaster") == [ROOT]


async def test_an_operation_it_has_not_is_a_mistake_of_ours(upstream: Open) -> None:
    with pytest.raises(NotImplementedError, match="DELETE_RELEASE"):
        await upstream(KIND).perform(DeleteRelease("111"))

    assert SourceOperation.DELETE_RELEASE not in FACTS.operations


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        pytest.param(b"The release is not active.\r\n", "The release is not active.", id="a sentence"),
        pytest.param("Größe fehlt.".encode(), "Größe fehlt.", id="with letters of its own"),
        pytest.param(b"First line.\nSecond line.", "First line.", id="two lines"),
        pytest.param(b"", None, id="nothing"),
        pytest.param(b"  \r\n", None, id="blanks"),
        pytest.param(b"<!DOCTYPE html><h1>Bad Request</h1>", None, id="a page"),
        pytest.param(b'{"error": "x"}', None, id="JSON"),
        pytest.param(b"Oops.\r\n   at Inedo.BuildMaster.Api.Run()\r\n", None, id="a stack trace"),
    ],
)
def test_only_a_plain_sentence_is_passed_on(body: bytes, sentence: str | None) -> None:
    assert explain(body) == sentence
