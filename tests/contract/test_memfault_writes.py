"""Changing Memfault: what is sent for each operation, and each way it is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from resolvers.errors import UpstreamBroken, UpstreamBusy, UpstreamPayloadError, UpstreamRefused, UserMistake
from resolvers.graph.deployment import Deployment
from resolvers.graph.enums import DeploymentStatus, SourceKind
from resolvers.graph.release import Release
from resolvers.upstreams.commands import (
    AbortDeployment,
    Command,
    CreateRelease,
    DeleteRelease,
    DeployRelease,
    UpdateCohort,
    UpdateDeployment,
)
from resolvers.upstreams.memfault.writes import explained
from resolvers.upstreams.port import Upstream
from tests.conftest import MockPort, served
from tests.contract.conftest import Open

KIND = SourceKind.MEMFAULT
SINK = "acme/smart-sink"
ROLLOUT = f"{SINK}/6"  # staged, to a quarter of beta


@pytest.fixture
def memfault(upstream: Open, mocks: MockPort) -> Iterator[Upstream]:
    """An adapter that may change the mock's world, which is made anew afterwards."""
    yield upstream(KIND)
    mocks.mocks.reset()


def changes(mocks: MockPort) -> list[tuple[object, str]]:
    """Every call that changed something, or tried to, by verb and path below the organization."""
    calls = [(call["method"], str(call["path"]).partition("/organizations/")[2]) for call in mocks.calls]
    return [(verb, path) for verb, path in calls if verb != "GET"]


async def release(memfault: Upstream, native_id: str) -> Release:
    found = (await memfault.releases_by_id([native_id]))[native_id]
    assert isinstance(found, Release)
    return found


async def deployment(memfault: Upstream, native_id: str) -> Deployment:
    found = (await memfault.deployments_by_id([native_id]))[native_id]
    assert isinstance(found, Deployment)
    return found


async def refusal(memfault: Upstream, command: Command) -> tuple[str, str, tuple[str, ...] | None]:
    with pytest.raises(UserMistake) as mistake:
        await memfault.perform(command)
    return mistake.value.kind, str(mistake.value), mistake.value.path


# Releases


async def test_a_release_is_made_with_all_it_was_given(memfault: Upstream, mocks: MockPort) -> None:
    command = CreateRelease(
        SINK, "2.0.0+b1", revision="ab" * 20, notes="New.", minimum_version="1.0.1", extra_info={"ci": [1, None]}
    )

    native_id = await memfault.perform(command)
    made = await release(memfault, native_id)

    native: Any = made.native_of()
    assert native_id == f"{SINK}/2.0.0%2Bb1"
    assert (made.raw_version, made.revision, made.notes, made.raw_minimum_version, native.extra_info) == (
        "2.0.0+b1",
        "ab" * 20,
        "New.",
        "1.0.1",
        {"ci": [1, None]},
    )
    assert changes(mocks) == [("POST", "acme/projects/smart-sink/releases")]


async def test_a_release_needs_nothing_but_a_version(memfault: Upstream) -> None:
    made = await release(memfault, await memfault.perform(CreateRelease(SINK, "2.0.0")))

    assert (made.revision, made.notes, made.raw_minimum_version) == (None, None, None)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param(
            CreateRelease(SINK, "1.2.0"),
            ("CONFLICT", "Release with version `1.2.0` already exists", None),
            id="a version that is there",
        ),
        pytest.param(
            CreateRelease(SINK, "one two"),
            ("REJECTED", "`version` is missing or not valid", None),
            id="a version that is none",
        ),
        pytest.param(
            CreateRelease("acme/gone", "1.0.0"),
            ("NOT_FOUND", "Project with slug `gone` not found", None),
            id="a project that is not there",
        ),
        pytest.param(
            CreateRelease("nonsense", "1.0.0"),
            ("NOT_FOUND", "there is no such object in reach", ("input", "fleetId")),
            id="an id that cannot be meant",
        ),
        pytest.param(
            CreateRelease(SINK, "1.0.0", pipeline="main"),
            ("INVALID", "Memfault has no pipeline here", ("input", "pipeline")),
            id="a pipeline",
        ),
        pytest.param(
            CreateRelease(SINK, "1.0.0", name="One"),
            ("INVALID", "Memfault has no name here", ("input", "name")),
            id="a name",
        ),
    ],
)
async def test_a_release_that_does_not_fit_is_refused(
    command: Command, expected: tuple[Any, ...], memfault: Upstream
) -> None:
    assert await refusal(memfault, command) == expected


async def test_a_release_is_deleted(memfault: Upstream, mocks: MockPort) -> None:
    gone = await memfault.perform(DeleteRelease("acme/sensor-hub/0.9.0-hotfix.1"))

    found = await memfault.releases_by_id([gone])
    assert (gone, found) == ("acme/sensor-hub/0.9.0-hotfix.1", {})
    assert changes(mocks) == [("DELETE", "acme/projects/sensor-hub/releases/0.9.0-hotfix.1")]


async def test_a_version_with_a_plus_is_deleted_by_its_encoded_route(memfault: Upstream, mocks: MockPort) -> None:
    await refusal(memfault, DeleteRelease("acme/sensor-hub/1.5.5%2Bbuild.5"))

    assert changes(mocks) == [("DELETE", "acme/projects/sensor-hub/releases/1.5.5%2Bbuild.5")]


async def test_a_release_with_a_deployment_in_force_is_kept_in_memfaults_words(memfault: Upstream) -> None:
    told = await refusal(memfault, DeleteRelease(f"{SINK}/1.4.1"))

    assert told == ("CONFLICT", "Release `1.4.1` has deployments that are not pulled", None)


async def test_a_release_that_is_gone_already_is_not_found(memfault: Upstream) -> None:
    told = await refusal(memfault, DeleteRelease(f"{SINK}/9.9.9"))

    assert told == ("NOT_FOUND", "Release with version `9.9.9` not found", None)


# Deployments


async def test_a_release_is_deployed_to_all_of_a_cohort(memfault: Upstream, mocks: MockPort) -> None:
    native_id = await memfault.perform(DeployRelease(f"{SINK}/1.2.0", cohort_id=f"{SINK}/internal"))

    made = await deployment(memfault, native_id)
    cohorts: Any = await memfault.cohorts_by_id([f"{SINK}/internal"])
    assert (made.status, made.rollout_percent, made.release_native_id, made.cohort_native_id) == (
        DeploymentStatus.ACTIVE,
        100,
        f"{SINK}/1.2.0",
        f"{SINK}/internal",
    )
    assert cohorts[f"{SINK}/internal"].current_release_native_id == f"{SINK}/1.2.0"
    assert changes(mocks) == [("POST", "acme/projects/smart-sink/deployments")]


@pytest.mark.parametrize(
    ("percent", "status"),
    [(0, DeploymentStatus.RUNNING), (25, DeploymentStatus.RUNNING), (100, DeploymentStatus.ACTIVE)],
)
async def test_a_share_makes_it_a_staged_rollout(percent: int, status: DeploymentStatus, memfault: Upstream) -> None:
    command = DeployRelease(f"{SINK}/1.2.0", fleet_id=SINK, cohort_id=f"{SINK}/internal", rollout_percent=percent)

    made = await deployment(memfault, await memfault.perform(command))

    assert (made.status, made.rollout_percent) == (status, percent)


async def test_a_version_of_digits_alone_is_not_taken_for_an_id(memfault: Upstream) -> None:
    made = await deployment(memfault, await memfault.perform(DeployRelease(f"{SINK}/7", cohort_id=f"{SINK}/internal")))

    assert made.release_native_id == f"{SINK}/7"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param(
            DeployRelease(f"{SINK}/1.2.0"),
            ("REQUIRED", "Memfault deploys to a cohort: say which", ("input", "cohortId")),
            id="no cohort",
        ),
        pytest.param(
            DeployRelease(f"{SINK}/1.2.0", cohort_id="umbra/dock/beta"),
            ("INVALID", "the cohort is of another project than the release", ("input", "cohortId")),
            id="a cohort of another project",
        ),
        pytest.param(
            DeployRelease(f"{SINK}/1.2.0", cohort_id=f"{SINK}/beta", fleet_id="umbra/dock"),
            ("INVALID", "the release is not of that fleet", ("input", "fleetId")),
            id="another fleet",
        ),
        pytest.param(
            DeployRelease(f"{SINK}/1.2.0", cohort_id=f"{SINK}/beta", stage="Testing"),
            ("INVALID", "Memfault has no stage here", ("input", "stage")),
            id="a stage",
        ),
        pytest.param(
            DeployRelease(f"{SINK}/1.2.0", cohort_id=f"{SINK}/beta", build_id="7"),
            ("INVALID", "Memfault has no build id here", ("input", "buildId")),
            id="a build",
        ),
        pytest.param(
            DeployRelease(f"{SINK}/77", cohort_id=f"{SINK}/beta"),
            ("NOT_FOUND", "there is no such object in reach", ("input", "releaseId")),
            id="a release of digits that is not there",
        ),
        pytest.param(
            DeployRelease(f"{SINK}/9.9.9", cohort_id=f"{SINK}/beta"),
            ("NOT_FOUND", "Release with version `9.9.9` not found", None),
            id="a release that is not there",
        ),
        pytest.param(
            DeployRelease(f"{SINK}/1.2.0", cohort_id=f"{SINK}/none"),
            ("NOT_FOUND", "Cohort with slug `none` not found", None),
            id="a cohort that is not there",
        ),
        pytest.param(
            DeployRelease(f"{SINK}/1.4.1", cohort_id=f"{SINK}/beta"),
            ("CONFLICT", "Release 1.4.1 is already active for cohort beta", None),
            id="deployed already",
        ),
    ],
)
async def test_a_deployment_that_does_not_fit_is_refused(
    command: Command, expected: tuple[Any, ...], memfault: Upstream
) -> None:
    assert await refusal(memfault, command) == expected


async def test_a_staged_rollout_is_widened(memfault: Upstream, mocks: MockPort) -> None:
    native_id = await memfault.perform(UpdateDeployment(ROLLOUT, 60))

    made = await deployment(memfault, native_id)
    assert (native_id, made.rollout_percent, made.status) == (ROLLOUT, 60, DeploymentStatus.RUNNING)
    assert changes(mocks) == [("PATCH", "acme/projects/smart-sink/deployments/6")]


@pytest.mark.parametrize(
    ("native_id", "expected"),
    [
        (f"{SINK}/3", ("REJECTED", "Only an active staged rollout has a percentage to change", None)),
        (f"{SINK}/999", ("NOT_FOUND", "Deployment with id `999` not found", None)),
        (f"{SINK}/x", ("NOT_FOUND", "there is no such object in reach", ("input", "id"))),
    ],
)
async def test_what_is_no_staged_rollout_has_no_share_to_change(
    native_id: str, expected: tuple[Any, ...], memfault: Upstream
) -> None:
    assert await refusal(memfault, UpdateDeployment(native_id, 60)) == expected


@pytest.mark.parametrize(
    ("vanishes", "status"), [(False, [DeploymentStatus.INACTIVE]), (True, [])], ids=["stays", "vanishes"]
)
async def test_a_stopped_deployment_reads_pulled_or_is_gone(
    vanishes: bool, status: list[DeploymentStatus], memfault: Upstream, mocks: MockPort
) -> None:
    mocks.mocks.switches["memfault"]["pulled_deployments_vanish"] = vanishes

    native_id = await memfault.perform(AbortDeployment(ROLLOUT))
    found = await memfault.deployments_by_id([native_id])

    assert [each.status for each in found.values() if isinstance(each, Deployment)] == status
    assert changes(mocks) == [("DELETE", "acme/projects/smart-sink/deployments/6")]


@pytest.mark.parametrize("status", [200, 202])
async def test_any_success_stops_a_deployment(status: int, memfault: Upstream, mocks: MockPort) -> None:
    mocks.mocks.switches["memfault"]["pull_status"] = status

    made = await deployment(memfault, await memfault.perform(AbortDeployment(ROLLOUT)))

    assert made.status is DeploymentStatus.INACTIVE


@pytest.mark.parametrize(
    ("native_id", "expected"),
    [
        pytest.param(f"{SINK}/1", ("CONFLICT", "the deployment is pulled already", ("input", "id")), id="pulled"),
        pytest.param(f"{SINK}/5", ("CONFLICT", "the deployment is aborted already", ("input", "id")), id="aborted"),
        pytest.param(f"{SINK}/999", ("NOT_FOUND", "there is no such object in reach", ("input", "id")), id="not there"),
    ],
)
async def test_what_is_stopped_already_is_not_deleted(
    native_id: str, expected: tuple[Any, ...], memfault: Upstream, mocks: MockPort
) -> None:
    assert await refusal(memfault, AbortDeployment(native_id)) == expected
    assert changes(mocks) == []


# What holds for every change


EVERY = [
    pytest.param(CreateRelease("acme/gateway", "9.0.0"), id="create"),
    pytest.param(DeleteRelease("acme/gateway/1.1.0"), id="delete"),
    pytest.param(DeployRelease("acme/gateway/1.1.0", cohort_id="acme/gateway/beta"), id="deploy"),
    pytest.param(UpdateDeployment("acme/gateway/12", 60), id="update"),
    pytest.param(AbortDeployment("acme/gateway/12"), id="abort"),
]


@pytest.mark.parametrize("command", EVERY)
async def test_nothing_outside_the_scope_is_changed_or_asked_about(
    command: Command, upstream: Open, mocks: MockPort
) -> None:
    kind, _, _ = await refusal(upstream(KIND, organizations=("umbra",)), command)

    assert (kind, mocks.calls) == ("NOT_FOUND", [])


@pytest.mark.parametrize("command", EVERY)
async def test_a_credential_that_only_reads_is_refused_as_ours(command: Command, upstream: Open) -> None:
    with pytest.raises(UpstreamRefused):
        await upstream(KIND, token="demo-memfault-read-token").perform(command)


@pytest.mark.parametrize("command", EVERY)
@pytest.mark.parametrize(("status", "error"), [(503, UpstreamBroken), (429, UpstreamBusy), (529, UpstreamBusy)])
async def test_a_change_is_never_sent_twice(
    command: Command, status: int, error: type[Exception], memfault: Upstream, mocks: MockPort
) -> None:
    mocks.fail(source="memfault", path="*/gateway/*", status=status)

    with pytest.raises(error):
        await memfault.perform(command)

    assert len(mocks.calls) == 1


async def test_a_reply_in_no_known_shape_leaves_open_whether_it_was_done(memfault: Upstream, mocks: MockPort) -> None:
    mocks.fail(source="memfault", path="*/gateway/releases", wrong_shape=True)

    with pytest.raises(UpstreamPayloadError):
        await memfault.perform(CreateRelease("acme/gateway", "9.0.0"))


async def test_what_memfault_has_not_is_not_tried(memfault: Upstream, mocks: MockPort) -> None:
    with pytest.raises(NotImplementedError):
        await memfault.perform(UpdateCohort(f"{SINK}/beta", False))

    assert mocks.calls == []


async def test_what_is_sent_is_what_the_vendors_own_tool_sends(upstream: Open) -> None:
    sent: list[Any] = []

    async def answer(request: Request) -> Response:
        sent.append(msgspec.json.decode(await request.body()))
        return JSONResponse({"data": {"id": 1, "version": "1.2.0"}})

    with served(Starlette(routes=[Route("/{path:path}", answer, methods=["POST", "PATCH"])])) as url:
        adapter = upstream(KIND, url=url)
        await adapter.perform(DeployRelease("a/b/1.2.0", cohort_id="a/b/beta"))
        await adapter.perform(DeployRelease("a/b/1.2.0", cohort_id="a/b/beta", rollout_percent=25))
        await adapter.perform(UpdateDeployment("a/b/1", 50))
        await adapter.perform(CreateRelease("a/b", "1.2.0", notes=""))

    assert sent == [
        {"type": "normal", "release": "1.2.0", "cohort": "beta"},
        {"type": "staged_rollout", "rollout_percent": 25, "release": "1.2.0", "cohort": "beta"},
        {"rollout_percent": 50},
        {"version": "1.2.0", "notes": ""},
    ]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b'{"error":{"code":1003,"http_code":404,"message":"Not\\n  here","type":"NotFoundError"}}', "Not here"),
        (b'{"error":{"message":"<h1>Oops</h1>"}}', None),
        (b'{"error":{"message":"Traceback (most recent call last): ..."}}', None),
        (b'{"error":{"message":"version < 2 > 1 is none"}}', "version < 2 > 1 is none"),
        (b'{"error":{"message":""}}', None),
        (b'{"error":{}}', None),
        (b'{"error":"no"}', None),
        (b"<html>nginx</html>", None),
        (b"", None),
        (b'{"error":{"message":"M\xfcll"}}', None),
        pytest.param(b'{"error":{"message":' * 50_000, None, id="a nest without end"),
    ],
)
def test_only_plain_sentences_of_memfault_are_passed_on(body: bytes, sentence: str | None) -> None:
    assert explained(body) == sentence
