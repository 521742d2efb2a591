"""What a caller can mend about a change is told in `userErrors`, with the field it is about, and nothing is changed."""

from __future__ import annotations

from typing import Any

import pytest

from resolvers import keys
from tests.conftest import MockPort
from tests.graph.changes import (
    CANCELLED,
    DEVICE,
    FIRMWARE,
    GAUGE,
    GROUP,
    INTERNAL,
    LEGACY,
    OPEN,
    ROLLOUT,
    SINK,
    SPARE,
    balena,
    buildmaster,
    memfault,
    nerveshub,
    sent,
)
from tests.graph.conftest import Gateway

GONE = "2147483647"
NEW_FLEET = {"source": "balena", "name": "harbour-light", "organization": "acme", "deviceType": "raspberrypi4-64"}
MEMFAULT_SINK = memfault("Fleet", "acme/smart-sink")
DEPLOYED = memfault("Release", "acme/smart-sink/1.4.1")

NOT_SENT: list[tuple[str, dict[str, Any], str, list[str] | None]] = [
    # balena
    ("createFleet", {**NEW_FLEET, "organization": None}, "REQUIRED", ["input", "organization"]),
    ("createFleet", {**NEW_FLEET, "deviceType": None}, "REQUIRED", ["input", "deviceType"]),
    ("createFleet", {**NEW_FLEET, "organization": "nobody"}, "NOT_FOUND", ["input", "organization"]),
    ("createFleet", {**NEW_FLEET, "deviceType": "toaster"}, "NOT_FOUND", ["input", "deviceType"]),
    ("deleteFleet", {"id": LEGACY, "confirmName": "smart-sink"}, "NOT_CONFIRMED", ["input", "confirmName"]),
    ("deleteFleet", {"id": LEGACY, "confirmName": ""}, "NOT_CONFIRMED", ["input", "confirmName"]),
    ("deleteFleet", {"confirmName": "smart-sink"}, "REQUIRED", ["input"]),
    ("deleteFleet", {"id": LEGACY, "source": "balena", "slug": "x", "confirmName": "x"}, "REQUIRED", ["input"]),
    ("deleteFleet", {"source": "balena", "slug": "acme/x", "confirmName": "x"}, "NOT_FOUND", ["input", "slug"]),
    ("deleteFleet", {"id": balena("Fleet", GONE), "confirmName": "x"}, "NOT_FOUND", ["input", "id"]),
    ("pinFleet", {"id": SINK, "releaseId": balena("Release", GONE)}, "NOT_FOUND", ["input", "releaseId"]),
    ("pinFleet", {"id": SINK, "releaseId": balena("Release", "3030751")}, "INVALID", ["input", "releaseId"]),
    ("pinFleet", {"id": SINK, "releaseId": OPEN}, "INVALID", ["input", "releaseId"]),
    ("trackLatestRelease", {"id": balena("Fleet", GONE), "enabled": True}, "NOT_FOUND", ["input", "id"]),
    ("updateRelease", {"id": balena("Release", GONE), "notes": "x"}, "NOT_FOUND", ["input", "id"]),
    ("updateRelease", {"id": SPARE}, "REQUIRED", ["input"]),
    ("deleteRelease", {"id": SPARE, "confirmVersion": "1.3"}, "NOT_CONFIRMED", ["input", "confirmVersion"]),
    ("deleteRelease", {"id": balena("Release", GONE), "confirmVersion": "1"}, "NOT_FOUND", ["input", "id"]),
    ("deployRelease", {"releaseId": SPARE, "fleetId": LEGACY}, "INVALID", ["input", "fleetId"]),
    ("deployRelease", {"releaseId": SPARE, "rolloutPercent": 10}, "INVALID", ["input", "rolloutPercent"]),
    ("deployRelease", {"releaseId": SPARE, "rolloutPercent": 101}, "INVALID", ["input", "rolloutPercent"]),
    ("deployRelease", {"releaseId": SPARE, "cohortId": GROUP}, "INVALID", ["input", "cohortId"]),
    ("setTag", {"id": balena("Device", GONE), "key": "a", "value": "b"}, "NOT_FOUND", ["input", "id"]),
    ("setTag", {"id": balena("Artifact", "image/1"), "key": "a", "value": "b"}, "INVALID", ["input", "id"]),
    ("removeTag", {"id": balena("Release", GONE), "key": "a"}, "NOT_FOUND", ["input", "id"]),
    # NervesHub
    ("deployRelease", {"releaseId": FIRMWARE}, "REQUIRED", ["input", "cohortId"]),
    (
        "deployRelease",
        {"releaseId": nerveshub("Release", "acme/gateway/9.9.9"), "cohortId": GROUP},
        "NOT_FOUND",
        ["input", "releaseId"],
    ),
    (
        "deployRelease",
        {"releaseId": nerveshub("Release", "acme/gateway/1.1.0"), "cohortId": GROUP},
        "REQUIRED",
        ["input", "artifactId"],
    ),
    (
        "deployRelease",
        {"releaseId": nerveshub("Release", "acme/gauge/1.0.1"), "cohortId": GROUP},
        "INVALID",
        ["input", "releaseId"],
    ),
    (
        "deployRelease",
        {"releaseId": FIRMWARE, "cohortId": GROUP, "rolloutPercent": 10},
        "INVALID",
        ["input", "rolloutPercent"],
    ),
    ("updateCohort", {"id": nerveshub("Cohort", "acme/gateway"), "isActive": True}, "NOT_FOUND", ["input", "id"]),
    # Memfault
    ("createRelease", {"fleetId": MEMFAULT_SINK, "version": "9", "pipeline": "x"}, "INVALID", ["input", "pipeline"]),
    ("deleteRelease", {"id": DEPLOYED, "confirmVersion": "1.4"}, "NOT_CONFIRMED", ["input", "confirmVersion"]),
    ("deployRelease", {"releaseId": DEPLOYED}, "REQUIRED", ["input", "cohortId"]),
    (
        "deployRelease",
        {"releaseId": DEPLOYED, "cohortId": memfault("Cohort", "umbra/dock/beta")},
        "INVALID",
        ["input", "cohortId"],
    ),
    ("updateDeployment", {"id": ROLLOUT, "rolloutPercent": -1}, "INVALID", ["input", "rolloutPercent"]),
    (
        "updateDeployment",
        {"id": memfault("Deployment", "acme/smart-sink/x"), "rolloutPercent": 1},
        "NOT_FOUND",
        ["input", "id"],
    ),
    ("abortDeployment", {"id": memfault("Deployment", f"acme/smart-sink/{GONE}")}, "NOT_FOUND", ["input", "id"]),
    ("abortDeployment", {"id": memfault("Deployment", "acme/smart-sink/5")}, "CONFLICT", ["input", "id"]),
    # BuildMaster
    ("createRelease", {"fleetId": GAUGE, "version": "9.0"}, "REQUIRED", ["input", "pipeline"]),
    (
        "createRelease",
        {"fleetId": buildmaster("Fleet", GONE), "version": "9.0", "pipeline": "Release"},
        "NOT_FOUND",
        ["input", "fleetId"],
    ),
    ("cancelRelease", {"id": buildmaster("Release", GONE)}, "NOT_FOUND", ["input", "id"]),
    ("restoreRelease", {"id": buildmaster("Release", GONE)}, "NOT_FOUND", ["input", "id"]),
    ("deployRelease", {"releaseId": buildmaster("Release", GONE)}, "NOT_FOUND", ["input", "releaseId"]),
    ("deployRelease", {"releaseId": buildmaster("Release", "195")}, "REQUIRED", ["input", "buildId"]),
    (
        "deployRelease",
        {"releaseId": OPEN, "buildId": buildmaster("Build", "1283")},
        "INVALID",
        ["input", "buildId"],
    ),
    ("deployRelease", {"releaseId": OPEN, "cohortId": INTERNAL}, "INVALID", ["input", "cohortId"]),
]
MUST_RUN = (
    "It is necessary that each release that should be running on an application, has a status that is equal to "
    '"success" and belongs to the application.'
)
IN_THE_VENDORS_WORDS: list[tuple[str, dict[str, Any], str, str]] = [
    ("createFleet", {**NEW_FLEET, "name": "smart sink"}, "REJECTED", "App name may only contain [a-zA-Z0-9_-]."),
    ("createFleet", {**NEW_FLEET, "name": "smart-sink"}, "CONFLICT", "must be unique"),
    ("pinFleet", {"id": balena("Fleet", "1900092"), "releaseId": balena("Release", "3025009")}, "REJECTED", MUST_RUN),
    (
        "deleteRelease",
        {"id": balena("Release", "3038401"), "confirmVersion": "1.4.2"},
        "REJECTED",
        "the fleet's target release",
    ),
    ("setTag", {"id": DEVICE, "key": "a b", "value": "c"}, "REJECTED", "Tag keys cannot contain whitespace."),
    (
        "updateCohort",
        {"id": nerveshub("Cohort", "acme/gateway/none"), "isActive": True},
        "NOT_FOUND",
        "Resource Not Found or Authorization Insufficient",
    ),
    (
        "createRelease",
        {"fleetId": MEMFAULT_SINK, "version": "1.2.0"},
        "CONFLICT",
        "Release with version `1.2.0` already exists",
    ),
    ("createRelease", {"fleetId": MEMFAULT_SINK, "version": "ä b"}, "REJECTED", "`version` is missing or not valid"),
    ("deleteRelease", {"id": DEPLOYED, "confirmVersion": "1.4.1"}, "CONFLICT", "has deployments that are not pulled"),
    (
        "updateDeployment",
        {"id": memfault("Deployment", "acme/smart-sink/2"), "rolloutPercent": 10},
        "REJECTED",
        "Only an active staged rollout has a percentage to change",
    ),
    (
        "deployRelease",
        {"releaseId": memfault("Release", "acme/smart-sink/9.9"), "cohortId": INTERNAL},
        "NOT_FOUND",
        "not found",
    ),
    (
        "createRelease",
        {"fleetId": GAUGE, "version": "1.5.0", "pipeline": "Release"},
        "REJECTED",
        "Release 1.5.0 already exists.",
    ),
    (
        "createRelease",
        {"fleetId": GAUGE, "version": "9.0", "pipeline": "None"},
        "REJECTED",
        "Invalid value for pipelineName.",
    ),
    ("cancelRelease", {"id": CANCELLED}, "REJECTED", "The release is not active."),
    ("restoreRelease", {"id": OPEN}, "REJECTED", "The release is already active."),
    ("deployRelease", {"releaseId": OPEN, "stage": "Production"}, "REJECTED", "The build is not ready for Production."),
]


def mutation(name: str) -> str:
    shown = "deletedId" if name.startswith(("delete", "remove")) else "__typename"
    return (
        f"mutation ($input: {name[0].upper()}{name[1:]}Input!) {{ "
        f"done: {name}(input: $input) {{ {shown} userErrors {{ code message path }} }} }}"
    )


def cases(table: list[tuple[str, dict[str, Any], str, Any]]) -> list[Any]:
    return [pytest.param(*case, id=f"{case[0]} {case[2]} {number}") for number, case in enumerate(table)]


@pytest.mark.parametrize(("name", "given", "code", "path"), cases(NOT_SENT))
async def test_a_mistake_that_shows_here_is_told_and_not_sent(
    writer: Gateway, mocks: MockPort, name: str, given: dict[str, Any], code: str, path: list[str] | None
) -> None:
    done = (await writer.data(mutation(name), input=given))["done"]

    (mistake,) = done["userErrors"]
    assert (mistake["code"], mistake["path"]) == (code, path)
    assert mistake["message"]
    assert done.get("deletedId") is None
    assert sent(mocks) == []


@pytest.mark.parametrize(("name", "given", "code", "sentence"), cases(IN_THE_VENDORS_WORDS))
async def test_a_refusal_is_told_in_the_vendors_words_and_sent_once(
    writer: Gateway, mocks: MockPort, name: str, given: dict[str, Any], code: str, sentence: str
) -> None:
    done = (await writer.data(mutation(name), input=given))["done"]

    (mistake,) = done["userErrors"]
    assert (mistake["code"], mistake["path"]) == (code, None)
    assert sentence in mistake["message"]
    assert done.get("deletedId") is None
    assert [status // 100 for _, _, status in sent(mocks)] == [4]


@pytest.mark.parametrize(
    ("name", "given"),
    [
        pytest.param("deleteFleet", {"id": "nonsense", "confirmName": "x"}, id="no id"),
        pytest.param("deleteFleet", {"id": SPARE, "confirmName": "1.3.0"}, id="an id of another type"),
        pytest.param("pinFleet", {"id": SINK, "releaseId": LEGACY}, id="the second one of another type"),
        pytest.param(
            "cancelRelease", {"id": keys.encode("Release", "elsewhere", "1")}, id="a source that is not configured"
        ),
    ],
)
async def test_an_id_that_is_none_is_an_error_and_nothing_is_asked(
    writer: Gateway, mocks: MockPort, name: str, given: dict[str, Any]
) -> None:
    error = await writer.error(mutation(name), input=given)

    assert error["extensions"]["code"] == "INVALID_KEY"
    assert mocks.calls == []
