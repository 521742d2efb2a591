"""BuildMaster's mock: what can be changed, and what is refused. Each test begins with a new installation."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import aiohttp
import pytest

HEADER = {"X-ApiKey": "demo-buildmaster-token"}
GATEWAY = {"applicationName": "Edge Gateway"}
NEW = {**GATEWAY, "releaseNumber": "2.0.0", "pipelineName": "Release"}

Call = Callable[..., Awaitable[Any]]


@pytest.fixture
def call(mocks: Any, http: aiohttp.ClientSession) -> Iterator[Call]:
    """The JSON of a POSTed form (None for no body), or (status, text) of a refusal."""

    async def called(path: str, *, method: str = "POST", **form: Any) -> Any:
        url = f"{mocks.url}/buildmaster/api/releases{path}"
        async with http.request(method, url, headers=HEADER, data=form) as response:
            text = await response.text()
            if response.status != 200:
                return response.status, text
            return json.loads(text) if text else None

    yield called
    mocks.mocks.reset()


@pytest.fixture
def switches(mocks: Any) -> dict[str, Any]:
    found: dict[str, Any] = mocks.mocks.switches["buildmaster"]
    return found


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_created_release_comes_back_and_is_listed(call: Call, method: str) -> None:
    before = await call("", **GATEWAY)

    created = await call("/create", method=method, **NEW, releaseName="Big one")

    after = await call("", **GATEWAY)
    assert after == [created, *before]
    assert created["id"] > before[0]["id"]
    assert created["sequence"] == before[0]["sequence"] + 1
    assert (created["number"], created["name"], created["status"]) == ("2.0.0", "Big one", "active")
    assert (created["createdBy"], created["pipelineName"]) == ("API", "Release")


async def test_a_release_is_named_after_its_number_by_default(call: Call) -> None:
    created = await call("/create", **NEW)

    assert created["name"] == "2.0.0"


async def test_a_global_pipeline_keeps_its_raft_prefix(call: Call) -> None:
    created = await call("/create", **{**NEW, "pipelineName": "global::Hotfix"})

    assert created["pipelineName"] == "global::Hotfix"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"releaseNumber": ""}, "Missing required value: releaseNumber."),
        ({"pipelineName": ""}, "Missing required value: pipelineName."),
        ({"applicationName": ""}, "Missing required value: applicationId or applicationName."),
        ({"applicationName": "Nobody"}, "The application was not found."),
        ({"releaseNumber": "1.4.0"}, "Release 1.4.0 already exists."),
        ({"pipelineName": "Firmware"}, "Invalid value for pipelineName."),
        ({"applicationName": "", "applicationId": "40"}, "The application takes no releases."),
    ],
)
async def test_a_release_is_not_created(call: Call, change: dict[str, str], text: str) -> None:
    assert await call("/create", **{**NEW, **change}) == (400, text)


async def test_canceling_takes_the_builds_along_and_says_nothing(call: Call) -> None:
    release = await call("/create", **NEW)
    build = await call("/builds/create", releaseId=release["id"])

    answer = await call("/cancel", releaseId=release["id"], reason="no time")

    (canceled,) = await call("", releaseId=release["id"])
    (rejected,) = await call("/builds", buildId=build["id"])
    assert answer is None
    assert (canceled["status"], canceled["canceledBy"]) == ("canceled", "API")
    assert "no time" not in str(canceled)
    assert (rejected["status"], rejected["rejectedBy"]) == ("rejected", "API")
    assert "latestBuildId" not in canceled


async def test_a_canceled_release_is_restored_without_a_trace(call: Call) -> None:
    release = await call("/create", **NEW)
    await call("/cancel", **GATEWAY, releaseNumber="2.0.0")

    answer = await call("/restore", method="PUT", releaseId=release["id"])

    assert answer is None
    assert await call("", releaseId=release["id"]) == [release]


async def test_what_is_over_cannot_be_canceled(call: Call) -> None:
    (deployed, *_) = await call("", status="deployed")

    assert await call("/cancel", releaseId=deployed["id"]) == (400, "The release is not active.")


@pytest.mark.parametrize("path", ["/cancel", "/restore"])
@pytest.mark.parametrize(
    ("form", "text"),
    [
        ({}, "Missing required value: releaseId, or releaseNumber with an application."),
        ({"releaseNumber": "7"}, "Missing required value: releaseId, or releaseNumber with an application."),
        ({"releaseId": "999999"}, "The release was not found."),
        ({"releaseId": "x"}, "Invalid value for releaseId."),
    ],
)
async def test_a_release_must_be_named_well(call: Call, path: str, form: dict[str, str], text: str) -> None:
    assert await call(path, **form) == (400, text)


async def test_an_application_beside_a_release_id_can_be_refused(call: Call, switches: dict[str, Any]) -> None:
    release = await call("/create", **NEW)
    switches["strict_release_keys"] = True

    answer = await call("/cancel", releaseId=release["id"], **GATEWAY)

    assert answer == (400, "An application cannot be specified with releaseId.")


async def test_builds_are_numbered_in_their_release(call: Call) -> None:
    release = await call("/create", **NEW)

    first = await call("/builds/create", releaseId=release["id"])
    second = await call("/builds/create", **GATEWAY, releaseNumber="2.0.0")

    (listed,) = await call("", releaseId=release["id"])
    assert [first["number"], second["number"]] == ["1", "2"]
    assert second["pipelineName"] == "Release"
    assert (listed["latestBuildId"], listed["latestBuildNumber"]) == (second["id"], "2")


async def test_a_build_without_release_needs_an_application_that_allows_it(call: Call) -> None:
    created = await call("/builds/create", applicationName="Sensor Hub", pipelineName="global::Firmware")

    refused = await call("/builds/create", **GATEWAY, pipelineName="Release")

    assert created["number"] == "3"
    assert "releaseId" not in created
    assert refused == (400, "The application needs a release for every build.")


async def test_a_build_number_is_taken_once(call: Call) -> None:
    release = await call("/create", **NEW)
    await call("/builds/create", releaseId=release["id"], buildNumber="56.develop")

    again = await call("/builds/create", releaseId=release["id"], buildNumber="56.develop")

    assert again == (400, "Build 56.develop already exists.")


async def test_a_closed_release_takes_no_builds(call: Call) -> None:
    (deployed, *_) = await call("", status="deployed")

    assert await call("/builds/create", releaseId=deployed["id"]) == (400, "The release is not active.")


@pytest.fixture
async def build(call: Call) -> dict[str, Any]:
    """A new build of a new release."""
    release = await call("/create", **NEW)
    created: dict[str, Any] = await call("/builds/create", releaseId=release["id"])
    return created


async def test_a_deploy_answers_with_a_parent_and_prints_null(call: Call, build: dict[str, Any]) -> None:
    parent = await call("/builds/deploy", buildId=build["id"])

    assert (parent["status"], parent["pipelineStageName"]) == ("pending", "Integration")
    assert (parent["plan"], parent["ended"]) == (None, None)
    assert parent["packageId"] == build["id"]


async def test_the_parent_is_not_among_the_runs_of_the_build(call: Call, build: dict[str, Any]) -> None:
    parent = await call("/builds/deploy", buildId=build["id"])

    runs = await call("/builds/deployments", buildId=build["id"])

    assert parent["id"] not in {run["id"] for run in runs}
    assert [run["environmentName"] for run in runs] == ["Build Farm"]


async def test_a_run_moves_each_time_it_is_looked_at(call: Call, build: dict[str, Any]) -> None:
    parent = await call("/builds/deploy", buildId=build["id"])

    looks = [await call("/builds/deployments", deploymentId=parent["id"]) for _ in range(4)]

    assert [look[0]["status"] for look in looks] == ["pending", "executing", "succeeded", "succeeded"]


@pytest.mark.parametrize("outcome", ["failed", "warned"])
async def test_a_run_can_end_otherwise(
    call: Call, build: dict[str, Any], switches: dict[str, Any], outcome: str
) -> None:
    switches["deploy_outcome"] = outcome
    parent = await call("/builds/deploy", buildId=build["id"])

    looks = [await call("/builds/deployments", deploymentId=parent["id"]) for _ in range(3)]

    assert looks[-1][0]["status"] == outcome


async def test_a_run_with_a_time_ahead_waits(call: Call, build: dict[str, Any]) -> None:
    parent = await call("/builds/deploy", buildId=build["id"], startTime="2030-01-01T00:00:00Z")

    looks = [await call("/builds/deployments", deploymentId=parent["id"]) for _ in range(3)]

    assert {look[0]["status"] for look in looks} == {"pending"}


async def test_getting_through_the_last_stage_deploys_build_and_release(call: Call, build: dict[str, Any]) -> None:
    parent = await call("/builds/deploy", buildId=build["id"], toStage="Production", force="true")

    _ = [await call("/builds/deployments", deploymentId=parent["id"]) for _ in range(2)]

    (deployed,) = await call("/builds", buildId=build["id"])
    (release,) = await call("", releaseId=build["releaseId"])
    assert (deployed["status"], deployed["furthestStage"]) == ("deployed", "Production")
    assert release["status"] == "deployed"


async def test_a_newer_build_rejects_the_older_one_in_the_same_stage(call: Call, build: dict[str, Any]) -> None:
    newer = await call("/builds/create", releaseId=build["releaseId"])
    await call("/builds/deploy", buildId=build["id"])

    await call("/builds/deploy", buildId=newer["id"])

    (older,) = await call("/builds", buildId=build["id"])
    assert (older["status"], older["rejectedBy"]) == ("rejected", "SYSTEM")


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ({"toStage": "Production"}, "The build is not ready for Production."),
        ({"force": "maybe"}, "Invalid value for force."),
        ({"startTime": "soon"}, "Invalid value for startTime."),
    ],
)
async def test_a_build_is_not_deployed(call: Call, build: dict[str, Any], form: dict[str, str], text: str) -> None:
    assert await call("/builds/deploy", buildId=build["id"], **form) == (400, text)


@pytest.mark.parametrize(("shape", "answer"), [("", None), ("[]", [])])
async def test_deploying_to_nowhere_is_answered_with_nothing(
    call: Call, build: dict[str, Any], switches: dict[str, Any], shape: str, answer: object
) -> None:
    switches["deploy_nothing"] = shape

    assert await call("/builds/deploy", buildId=build["id"], toStage="Moon") == answer


async def test_the_reply_to_a_deploy_can_be_a_list(call: Call, build: dict[str, Any], switches: dict[str, Any]) -> None:
    switches["deploy_as_list"] = True

    (parent,) = await call("/builds/deploy", buildId=build["id"])

    assert parent["buildId"] == build["id"]


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_a_build_is_rejected_once(call: Call, build: dict[str, Any], method: str) -> None:
    first = await call("/builds/reject", method=method, **GATEWAY, releaseNumber="2.0.0", buildNumber="1")

    again = await call("/builds/reject", buildId=build["id"])

    (rejected,) = await call("/builds", buildId=build["id"])
    assert first is None
    assert rejected["status"] == "rejected"
    assert again == (400, "The build is not active.")


async def test_a_rejected_build_is_not_deployed(call: Call, build: dict[str, Any]) -> None:
    await call("/builds/reject", buildId=build["id"])

    assert await call("/builds/deploy", buildId=build["id"]) == (400, "The build was rejected.")


async def test_the_old_names_write_too(call: Call, build: dict[str, Any]) -> None:
    parent = await call("/packages/deploy", method="PUT", packageId=build["id"])

    assert parent["packageId"] == build["id"]


async def test_templates_are_gone_unless_the_version_is_old(call: Call, switches: dict[str, Any]) -> None:
    status, _ = await call("/create-from-template", **NEW, template="Standard")
    switches["templates"] = True

    created = await call("/create-from-template", **NEW, template="Standard")

    assert status == 404
    assert created["template"] == "Standard"
