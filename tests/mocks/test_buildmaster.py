"""BuildMaster's mock: keys, carriers, lists and filters; what can be changed has a file of its own."""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

KEY = "demo-buildmaster-token"
HEADER = {"X-ApiKey": KEY}
SENTENCE = "The specified API key does not have the proper permissions to perform this action."
TICKS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z")
STATUSES = {
    "releases": ("active", "canceled", "deployed"),
    "releases/builds": ("active", "rejected", "deployed"),
    "releases/builds/deployments": ("pending", "executing", "succeeded", "warned", "failed"),
}

Send = Callable[..., Awaitable[tuple[int, str]]]
Rows = Callable[..., Awaitable[Any]]


@pytest.fixture
def send(mocks: Any, http: aiohttp.ClientSession) -> Send:
    """Status and text of a call, with no key but what the arguments carry."""

    async def sent(method: str, path: str, **more: Any) -> tuple[int, str]:
        async with http.request(method, f"{mocks.url}/buildmaster/{path}", **more) as response:
            return response.status, await response.text()

    return sent


@pytest.fixture
def rows(mocks: Any, http: aiohttp.ClientSession) -> Rows:
    """What a POSTed form is answered with: `rows("releases", status="active")`."""

    async def asked(path: str, **form: Any) -> Any:
        async with http.post(f"{mocks.url}/buildmaster/api/{path}", headers=HEADER, data=form) as response:
            assert response.status == 200
            return await response.json()

    return asked


@pytest.fixture
def switches(mocks: Any) -> dict[str, Any]:
    found: dict[str, Any] = mocks.mocks.switches["buildmaster"]
    return found


def basic(credentials: bytes) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(credentials).decode()}"}


CARRIERS = [
    pytest.param("POST", {"json": {"status": "active"}}, id="POST with JSON"),
    pytest.param("GET", {"json": {"status": "active"}}, id="GET with JSON, as the page prints it"),
    pytest.param("POST", {"data": {"status": "active"}}, id="POST with a form"),
    pytest.param("GET", {"params": {"status": "active"}}, id="GET with a query"),
    pytest.param("POST", {"params": {"status": "active"}}, id="POST with a query"),
    pytest.param("POST", {"data": b'{"status": "active"}', "skip_auto_headers": ["Content-Type"]}, id="no type"),
]


@pytest.mark.parametrize(("method", "carrier"), CARRIERS)
async def test_a_filter_travels_in_every_documented_way(
    send: Send, rows: Rows, method: str, carrier: dict[str, Any]
) -> None:
    active = await rows("releases", status="active")

    status, text = await send(method, "api/releases", headers=HEADER, **carrier)

    assert status == 200
    assert json.loads(text) == active


@pytest.mark.parametrize("body", [{"data": b""}, {"json": {}}], ids=["empty", "empty object"])
async def test_no_filter_gives_everything(send: Send, rows: Rows, body: dict[str, Any]) -> None:
    everything = await rows("releases")

    _, text = await send("POST", "api/releases", headers=HEADER, **body)

    assert json.loads(text) == everything
    assert len(everything) > 40


async def test_a_form_and_a_query_are_read_together(send: Send, rows: Rows) -> None:
    wanted = await rows("releases", applicationId="17", status="deployed")

    _, text = await send("POST", "api/releases?applicationId=17", headers=HEADER, data={"status": "deployed"})

    assert json.loads(text) == wanted
    assert wanted


@pytest.mark.parametrize(
    "carrier",
    [
        pytest.param({"params": [("status", "active"), ("status", "deployed")]}, id="query"),
        pytest.param({"params": {"status": "active"}, "data": {"status": "active"}}, id="query and form"),
        pytest.param({"data": b'{"status": "active", "status": "active"}'}, id="JSON"),
    ],
)
async def test_the_same_key_twice_is_a_bad_request(send: Send, carrier: dict[str, Any]) -> None:
    typed = {} if isinstance(carrier.get("data"), dict) else {"Content-Type": "application/json"}

    answer = await send("POST", "api/releases", headers={**HEADER, **typed}, **carrier)

    assert answer == (400, "The value status was specified more than once.")


@pytest.mark.parametrize("path", STATUSES)
async def test_a_word_that_is_no_status_is_a_bad_request_in_text(send: Send, path: str) -> None:
    answer = await send("POST", f"api/{path}", headers=HEADER, data={"status": "closed"})

    assert answer == (400, "Invalid value for status.")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"applicationId": "x"}', "Invalid value for applicationId."),
        (b"{", "The request body is not valid JSON."),
        (b"[]", "The request body must be a JSON object."),
        (b'{"status": ["active"]}', "Invalid value for status."),
    ],
)
async def test_an_unreadable_value_is_a_bad_request(send: Send, body: bytes, text: str) -> None:
    headers = {**HEADER, "Content-Type": "application/json"}

    assert await send("POST", "api/releases", headers=headers, data=body) == (400, text)


async def test_a_misspelt_filter_gives_everything(rows: Rows) -> None:
    assert await rows("releases", Status="active") == await rows("releases")


async def test_a_misspelt_filter_can_be_refused(send: Send, switches: dict[str, Any]) -> None:
    switches["unknown_keys_are_errors"] = True

    answer = await send("POST", "api/releases", headers=HEADER, data={"Status": "active"})

    assert answer == (400, "Unexpected value: Status.")


async def test_a_lost_body_silently_gives_everything(send: Send, rows: Rows, switches: dict[str, Any]) -> None:
    everything = await rows("releases")
    switches["drop_get_body"] = True

    _, text = await send("GET", "api/releases", headers=HEADER, json={"status": "active"})

    assert json.loads(text) == everything


KEYS = [
    pytest.param({"headers": HEADER}, id="header"),
    pytest.param({"params": {"key": KEY}}, id="query"),
    pytest.param({"data": {"key": KEY}}, id="form field"),
    pytest.param({"json": {"API_Key": KEY}}, id="JSON property"),
    pytest.param({"headers": basic(f"api:{KEY}".encode())}, id="Basic"),
]


@pytest.mark.parametrize("way", KEYS)
async def test_a_key_is_taken_in_every_documented_way(send: Send, way: dict[str, Any]) -> None:
    status, _ = await send("POST", "api/releases", **way)

    assert status == 200


BAD_KEYS = [
    pytest.param({}, id="none"),
    pytest.param({"headers": {"X-ApiKey": "nope"}}, id="unknown"),
    pytest.param({"params": {"API_Key": KEY}}, id="the native way"),
    pytest.param({"data": {"API_Key": KEY}}, id="the JSON name in a form"),
    pytest.param({"json": {"key": KEY}}, id="the form name in JSON"),
    pytest.param({"headers": basic(f"admin:{KEY}".encode())}, id="Basic as someone else"),
    pytest.param({"headers": basic(b"\xff\xfe")}, id="Basic of no text"),
    pytest.param({"headers": {"Authorization": f"Bearer {KEY}"}}, id="Bearer"),
]


@pytest.mark.parametrize("way", BAD_KEYS)
async def test_a_bad_key_is_403_with_nothing_to_read(send: Send, way: dict[str, Any]) -> None:
    assert await send("POST", "api/releases", **way) == (403, "")


async def test_a_403_can_carry_the_sentence(send: Send, switches: dict[str, Any]) -> None:
    switches["forbidden_body"] = True

    assert await send("POST", "api/releases") == (403, SENTENCE)


async def test_without_the_grant_applications_are_forbidden_and_releases_are_not(
    send: Send, rows: Rows, switches: dict[str, Any]
) -> None:
    switches["grant_application_management"] = False

    answer = await send("POST", "api/applications/list", headers=HEADER)

    assert answer == (403, "")
    assert await rows("releases")


async def test_windows_authentication_comes_before_the_key(
    mocks: Any, http: aiohttp.ClientSession, switches: dict[str, Any]
) -> None:
    switches["windows_authentication"] = True

    async with http.post(f"{mocks.url}/buildmaster/api/releases", headers=HEADER) as response:
        assert (response.status, response.headers["WWW-Authenticate"]) == (401, "Negotiate")


async def test_health_asks_for_no_key(mocks: Any, http: aiohttp.ClientSession) -> None:
    async with http.get(f"{mocks.url}/buildmaster/health") as response:
        report = await response.json()

    assert report["applicationName"] == "BuildMaster"
    assert {report["databaseStatus"], report["licenseStatus"], report["serviceStatus"]} == {"OK"}
    assert report["releaseNumber"] == "25.0.4"


@pytest.mark.parametrize("path", ["api/nothing", "api/releases/4", "nowhere", "api/json/Releases_Unknown"])
async def test_an_unknown_path_is_html(mocks: Any, http: aiohttp.ClientSession, path: str) -> None:
    async with http.get(f"{mocks.url}/buildmaster/{path}", headers=HEADER) as response:
        assert (response.status, response.content_type) == (404, "text/html")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "api/releases"),
        ("PUT", "api/releases"),
        ("GET", "api/releases/create"),
        ("GET", "api/applications/list"),
    ],
)
async def test_a_verb_nobody_documented_is_not_allowed(send: Send, method: str, path: str) -> None:
    status, _ = await send(method, path, headers=HEADER)

    assert status == 405


async def test_a_500_tells_too_much(send: Send, switches: dict[str, Any]) -> None:
    switches["server_error"] = True

    status, text = await send("POST", "api/releases", headers=HEADER)

    assert status == 500
    assert "   at Inedo." in text


async def test_applications_are_products_and_the_drafts_of_someone(rows: Rows) -> None:
    found = await rows("applications/list")

    assert [each["name"] for each in found if each["active"]] == ["Smart Sink", "Edge Gateway", "Sensor Hub", "Gauge"]
    assert [each["name"][:6] for each in found if not each["active"]] == ["draft-"]
    assert found[0]["groupName"] == "Devices"
    assert "groupName" not in found[1]


async def test_a_retired_application_shows_up_with_its_canceled_releases(rows: Rows, switches: dict[str, Any]) -> None:
    before = await rows("releases", applicationId=7)
    switches["retired_application"] = True

    applications = await rows("applications/list")
    releases = await rows("releases", applicationName="Prüfstand/Alt")

    assert before == []
    assert [each["active"] for each in applications if each["id"] == 7] == [False]
    assert {release["status"] for release in releases} == {"canceled"}


async def test_a_release_says_everything_twice(rows: Rows) -> None:
    releases = await rows("releases", applicationName="Gauge")

    release = next(each for each in releases if "furthestBuildId" in each)
    assert release["releaseNumber"] == release["number"]
    assert release["releaseName"] == release["name"]
    assert release["furthestPackageId"] == release["furthestBuildId"]
    assert release["latestPackageNumber"] == release["latestBuildNumber"]


async def test_the_repetitions_can_be_left_out(rows: Rows, switches: dict[str, Any]) -> None:
    switches["legacy_duplicates"] = False

    releases = await rows("releases")

    assert not {name for release in releases for name in release if "Package" in name or name.startswith("release")}


async def test_members_of_old_versions_can_be_there(rows: Rows, switches: dict[str, Any]) -> None:
    switches["pipeline_ids"] = True

    releases = await rows("releases")

    assert all(("pipelineId" in release) == ("pipelineName" in release) for release in releases)


@pytest.mark.parametrize("path", ["releases", "releases/builds", "releases/builds/deployments", "applications/list"])
async def test_a_list_never_says_null(rows: Rows, path: str) -> None:
    found = await rows(path)

    assert found
    assert None not in {value for row in found for value in row.values() if not isinstance(value, list)}


async def test_times_have_seven_digits_after_the_point(rows: Rows) -> None:
    releases = await rows("releases")

    times = [
        release[name] for release in releases for name in ("createdOn", "canceledOn", "targetDate") if name in release
    ]
    assert all(TICKS.fullmatch(at) for at in times)
    assert any("targetDate" in release for release in releases)
    assert not all("targetDate" in release for release in releases)


async def test_numbers_stay_as_they_were_spelled(rows: Rows) -> None:
    releases = await rows("releases")

    assert {"7", "spring-a", "2026.03.04", "1.4.0"} <= {release["number"] for release in releases}


async def test_sequences_climb_inside_an_application(rows: Rows) -> None:
    releases = await rows("releases", applicationName="Edge Gateway")

    sequences = [release["sequence"] for release in releases]
    assert sequences == list(range(len(releases), 0, -1))


async def test_lists_come_newest_first_unless_scrambled(rows: Rows, switches: dict[str, Any]) -> None:
    ordered = await rows("releases")
    switches["scrambled"] = True
    scrambled = await rows("releases")

    assert [each["id"] for each in ordered] == sorted((each["id"] for each in ordered), reverse=True)
    assert scrambled != ordered
    assert sorted(scrambled, key=lambda each: -each["id"]) == ordered


async def test_pipelines_have_a_raft_prefix_here_and_none_there(rows: Rows) -> None:
    releases = await rows("releases")

    assert {release.get("pipelineName") for release in releases} == {"global::Firmware", "Release", None}


async def test_one_release_still_lists_deployables(rows: Rows, switches: dict[str, Any]) -> None:
    short = await rows("releases")
    switches["deployable_members"] = "long"
    long = await rows("releases")

    assert [each["deployables"] for each in short if each["deployables"]] == [[{"id": 11, "name": "collector"}]]
    assert [each["deployables"] for each in long if each["deployables"]] == [
        [{"deployableId": 11, "deployableName": "collector"}]
    ]


@pytest.mark.parametrize(
    ("path", "name", "member"),
    [
        ("releases", "applicationId", "applicationId"),
        ("releases", "applicationName", "applicationName"),
        ("releases", "releaseId", "id"),
        ("releases", "releaseNumber", "number"),
        ("releases", "releaseName", "name"),
        ("releases", "pipelineName", "pipelineName"),
        ("releases", "status", "status"),
        ("releases/builds", "applicationId", "applicationId"),
        ("releases/builds", "releaseId", "releaseId"),
        ("releases/builds", "releaseNumber", "releaseNumber"),
        ("releases/builds", "buildId", "id"),
        ("releases/builds", "buildNumber", "buildNumber"),
        ("releases/builds", "furthestStage", "furthestStage"),
        ("releases/builds", "status", "status"),
        ("releases/builds/deployments", "applicationName", "applicationName"),
        ("releases/builds/deployments", "releaseId", "releaseId"),
        ("releases/builds/deployments", "buildId", "buildId"),
        ("releases/builds/deployments", "deploymentId", "id"),
        ("releases/builds/deployments", "pipelineName", "pipelineName"),
        ("releases/builds/deployments", "pipelineStageName", "pipelineStageName"),
        ("releases/builds/deployments", "environmentId", "environmentId"),
        ("releases/builds/deployments", "environmentName", "environmentName"),
        ("releases/builds/deployments", "status", "status"),
    ],
)
async def test_every_filter_keeps_what_it_names(rows: Rows, path: str, name: str, member: str) -> None:
    everything = await rows(path)
    wanted = next(row[member] for row in reversed(everything) if member in row)

    found = await rows(path, **{name: wanted})

    assert found == [row for row in everything if row.get(member) == wanted]


@pytest.mark.parametrize("path", STATUSES)
async def test_the_statuses_share_out_the_list(rows: Rows, path: str) -> None:
    everything = await rows(path)

    parts = [await rows(path, status=status) for status in STATUSES[path]]

    assert all(parts)
    assert sum(map(len, parts)) == len(everything)


async def test_nothing_matching_is_an_empty_list(rows: Rows) -> None:
    assert await rows("releases", applicationId=999999) == []


async def test_an_unknown_application_can_be_refused(send: Send, switches: dict[str, Any]) -> None:
    switches["unknown_application_is_error"] = True

    answer = await send("POST", "api/releases", headers=HEADER, data={"applicationName": "Nobody"})

    assert answer == (400, "Invalid value for applicationName.")


async def test_a_release_names_its_furthest_and_latest_standing_build(rows: Rows) -> None:
    releases = await rows("releases")
    builds = {build["id"]: build for build in await rows("releases/builds")}

    named = [
        builds[release[name]]
        for release in releases
        for name in ("furthestBuildId", "latestBuildId")
        if name in release
    ]
    apart = [each for each in releases if each.get("furthestBuildId") != each.get("latestBuildId")]
    assert "rejected" not in {build["status"] for build in named}
    assert apart


async def test_a_canceled_release_has_only_rejected_builds(rows: Rows) -> None:
    canceled = {release["id"] for release in await rows("releases", status="canceled")}

    builds = [build for build in await rows("releases/builds") if build.get("releaseId") in canceled]

    assert {build["status"] for build in builds} == {"rejected"}
    assert all("rejectedOn" in build for build in builds)


async def test_builds_may_do_without_release_and_pipeline(rows: Rows) -> None:
    builds = [build for build in await rows("releases/builds") if "releaseId" not in build]

    assert [build.get("pipelineName") for build in builds] == [None, "global::Firmware"]
    assert not any("releaseNumber" in build or "releaseName" in build for build in builds)


async def test_builds_of_a_release_can_leak_those_of_the_application(rows: Rows, switches: dict[str, Any]) -> None:
    release = (await rows("releases", applicationId=12))[0]
    switches["leaky_builds"] = True

    leaked = await rows("releases/builds", releaseId=release["id"])

    assert leaked == await rows("releases/builds", applicationId=12)


async def test_a_purged_build_is_gone_though_its_release_names_it(rows: Rows, switches: dict[str, Any]) -> None:
    release = next(each for each in await rows("releases") if "latestBuildId" in each)
    switches["purged_builds"] = [release["latestBuildId"]]

    assert await rows("releases/builds", buildId=release["latestBuildId"]) == []
    assert (await rows("releases", releaseId=release["id"]))[0]["latestBuildId"] == release["latestBuildId"]


async def test_a_parent_run_is_seen_by_its_id_only(rows: Rows) -> None:
    listed = {run["id"] for run in await rows("releases/builds/deployments")}
    hidden = max(set(range(1, max(listed))) - listed)

    (parent,) = await rows("releases/builds/deployments", deploymentId=hidden)

    assert parent["id"] == hidden
    assert "environmentId" not in parent


async def test_a_run_of_production_works_on_two_environments(rows: Rows) -> None:
    runs = await rows("releases/builds/deployments", pipelineStageName="Production")

    assert {run["environmentName"] for run in runs} == {"Field", "Spare Parts"}


async def test_some_runs_were_canceled(rows: Rows) -> None:
    runs = await rows("releases/builds/deployments", status="failed")

    assert Counter("canceledOn" in run for run in runs).keys() == {True, False}


async def test_the_old_names_of_builds_still_work(send: Send, rows: Rows) -> None:
    build = (await rows("releases/builds"))[0]

    _, text = await send("GET", f"api/releases/packages?packageId={build['id']}&key={KEY}")

    assert json.loads(text) == [build]


async def test_environments_need_a_grant(send: Send, rows: Rows, switches: dict[str, Any]) -> None:
    found = await rows("infrastructure/environments/list")
    switches["grant_infrastructure"] = False

    answer = await send("POST", "api/infrastructure/environments/list", headers=HEADER)

    assert {"name": "Spare Parts", "parentName": "Field", "variables": {}, "active": True} in found
    assert answer == (403, "")


async def test_variables_of_a_build_hold_its_commit(send: Send, rows: Rows) -> None:
    build = (await rows("releases/builds", applicationName="Edge Gateway"))[0]
    path = f"api/variables/builds/Edge%20Gateway/{build['releaseNumber']}/{build['number']}"

    status, text = await send("GET", path, headers=HEADER)

    variables = json.loads(text)
    assert status == 200
    assert re.fullmatch("[0-9a-f]{40}", variables["CommitId"])
    assert variables["SigningKey"] == {"value": None, "sensitive": True, "evaluate": False}


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        pytest.param("releases/Gauge/99", HEADER, 404, id="unknown"),
        pytest.param("releases/Gauge", HEADER, 400, id="too short"),
        pytest.param("releases/Gauge/7", {}, 403, id="no key"),
    ],
)
async def test_variables_refuse_with_a_sentence(send: Send, path: str, headers: dict[str, str], status: int) -> None:
    got, text = await send("GET", f"api/variables/{path}", headers=headers)

    assert got == status
    assert text.endswith(".")


async def test_native_calls_need_a_grant_of_their_own(send: Send) -> None:
    assert await send("GET", "api/json/Artifacts_GetArtifacts", headers=HEADER) == (403, "")


@pytest.mark.parametrize("how", [{"params": {"API_Key": KEY}}, {"headers": HEADER}], ids=["query", "header"])
async def test_native_artifacts_are_files_of_builds(send: Send, switches: dict[str, Any], how: dict[str, Any]) -> None:
    switches["grant_native"] = True

    status, text = await send("GET", "api/json/Artifacts_GetArtifacts", **how)

    artifacts = json.loads(text)
    assert status == 200
    assert {each["Artifact_Name"] for each in artifacts} == {"Default", "Symbols"}
    assert {each["Deployable_Id"] for each in artifacts} == {None}


async def test_native_artifacts_are_narrowed_by_build_and_count(send: Send, switches: dict[str, Any]) -> None:
    switches["grant_native"] = True
    wanted = {"Application_Id": 17, "Release_Number": "1.4.0", "Artifact_Count": 1}

    _, text = await send("POST", "api/json/Artifacts_GetArtifacts", headers=HEADER, json=wanted)

    (artifact,) = json.loads(text)
    assert (artifact["Application_Id"], artifact["Release_Number"]) == (17, "1.4.0")


async def test_native_applications_are_rows_of_the_database(send: Send, switches: dict[str, Any]) -> None:
    switches["grant_native"] = True

    _, text = await send("GET", "api/json/Applications_GetApplications?Application_Count=0", headers=HEADER)

    assert [row["Application_Id"] for row in json.loads(text)] == [12, 17, 22, 27]
