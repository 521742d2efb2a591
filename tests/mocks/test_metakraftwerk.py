"""MetaKraftwerk's mock, promise by promise; the examples of its Releases page are answered as printed there."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import aiohttp
import pytest

TOKEN = {"Authorization": "Bearer demo-metakraftwerk-token", "Accept": "application/json"}
LOGIN = {"strategy": "local", "email": "demo@metakraftwerk.example", "password": "demo-metakraftwerk-password"}
NOT_AUTHENTICATED = {
    "name": "NotAuthenticated",
    "message": "Not authenticated",
    "code": 401,
    "className": "not-authenticated",
}
RELEASE_MEMBERS = [
    "id",
    "group_id",
    "name",
    "description",
    "start_date",
    "end_date",
    "closed",
    "deleted",
    "hotfix_of_id",
    "prev_release_id",
]

Ask = Callable[..., Awaitable[tuple[int, Any]]]


@pytest.fixture
def ask(mocks: Any, http: aiohttp.ClientSession) -> Ask:
    """Status and JSON of a call below `/api/v1`, with the fixed token unless other headers are given."""

    async def asked(path: str, method: str = "GET", headers: dict[str, str] = TOKEN, **more: Any) -> tuple[int, Any]:
        url = f"{mocks.url}/metakraftwerk/api/v1{path}"
        async with http.request(method, url, headers=headers, **more) as response:
            return response.status, await response.json()

    return asked


@pytest.fixture
def log_in(mocks: Any, http: aiohttp.ClientSession) -> Ask:
    async def logged_in(method: str = "POST", **more: Any) -> tuple[int, Any]:
        async with http.request(method, f"{mocks.url}/metakraftwerk/authentication", **more) as response:
            return response.status, await response.json()

    return logged_in


@pytest.fixture
def switches(mocks: Any) -> dict[str, Any]:
    found: dict[str, Any] = mocks.mocks.switches["metakraftwerk"]
    return found


@pytest.fixture
def afterwards_new(mocks: Any) -> Iterator[None]:
    yield
    mocks.mocks.reset()


def claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return found


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_a_login_is_answered_with_201_and_a_token_that_opens_the_api(ask: Ask, log_in: Ask) -> None:
    status, answer = await log_in(json=LOGIN)

    got, _ = await ask("/releases", headers=bearer(answer["accessToken"]))
    assert (status, got) == (201, 200)
    assert answer["authentication"] == {"strategy": "local", "accessToken": answer["accessToken"]}
    assert answer["user"] == {"id": 17, "email": "demo@metakraftwerk.example"}


async def test_a_token_tells_by_the_real_clock_when_it_ends(log_in: Ask, switches: dict[str, Any]) -> None:
    switches["token_life_s"] = 90
    before = int(time.time())

    _, answer = await log_in(json=LOGIN)

    told = claims(answer["accessToken"])
    assert before <= told["iat"] <= time.time()
    assert told["exp"] - told["iat"] == 90
    assert set(told) == {"iat", "exp", "aud", "sub", "jti", "iss"}


async def test_every_login_gives_another_token_and_is_in_the_book(mocks: Any, log_in: Ask) -> None:
    _, first = await log_in(json=LOGIN)
    _, second = await log_in(json=LOGIN)

    assert first["accessToken"] != second["accessToken"]
    assert mocks.paths("metakraftwerk") == ["/metakraftwerk/authentication"] * 2


async def test_an_expired_token_is_not_authenticated(ask: Ask, log_in: Ask, switches: dict[str, Any]) -> None:
    switches["token_life_s"] = 0
    _, answer = await log_in(json=LOGIN)

    got = await ask("/releases", headers=bearer(answer["accessToken"]))

    assert got == (401, NOT_AUTHENTICATED)


@pytest.mark.parametrize("path", ["/releases", "/releases/21", "/release_groups", "/builds"])
async def test_no_token_is_not_authenticated(ask: Ask, path: str) -> None:
    assert await ask(path, headers={}) == (401, NOT_AUTHENTICATED)


async def test_another_scheme_is_no_token(ask: Ask) -> None:
    assert await ask("/releases", headers={"Authorization": "Basic YTpi"}) == (401, NOT_AUTHENTICATED)


@pytest.mark.parametrize(
    ("token", "message"),
    [
        pytest.param("garbage", "jwt malformed", id="garbage"),
        pytest.param("e30.e30.c2lnbmVk", "invalid signature", id="signed by another"),
    ],
)
async def test_a_bad_token_is_refused_in_the_words_of_the_library(ask: Ask, token: str, message: str) -> None:
    status, error = await ask("/releases", headers=bearer(token))

    assert status == 401
    assert (error["message"], error["data"]) == (message, {"name": "JsonWebTokenError"})


async def test_a_bad_token_can_be_refused_in_the_words_of_the_page(ask: Ask, switches: dict[str, Any]) -> None:
    switches["documented_token_errors"] = True

    assert await ask("/releases", headers=bearer("garbage")) == (401, NOT_AUTHENTICATED)


@pytest.mark.parametrize(
    ("request_body", "status", "message"),
    [
        pytest.param({**LOGIN, "password": "no"}, 401, "Invalid login", id="wrong password"),
        pytest.param({**LOGIN, "email": "no"}, 401, "Invalid login", id="unknown email"),
        pytest.param({"strategy": "local"}, 400, "'email' is required", id="no email"),
        pytest.param({"strategy": "local", "email": "a"}, 400, "'password' is required", id="no password"),
        pytest.param({}, 401, "Invalid authentication information (no `strategy` set)", id="no strategy"),
    ],
)
async def test_a_login_is_refused(log_in: Ask, request_body: dict[str, str], status: int, message: str) -> None:
    got, error = await log_in(json=request_body)

    assert (got, error["code"], error["message"]) == (status, status, message)


async def test_unreadable_json_is_a_general_error(log_in: Ask) -> None:
    status, error = await log_in(data="{", headers={"Content-Type": "application/json"})

    assert (status, error["name"], error["className"]) == (500, "GeneralError", "general-error")


async def test_the_login_can_only_be_posted(log_in: Ask) -> None:
    status, error = await log_in("GET")

    assert (status, error["message"]) == (405, "Method `find` is not supported by this endpoint.")


async def test_all_releases_come_as_a_bare_array_with_the_members_of_the_page(ask: Ask) -> None:
    status, releases = await ask("/releases")

    assert status == 200
    assert {tuple(release) for release in releases} == {tuple(RELEASE_MEMBERS)}
    assert [release["id"] for release in releases] == sorted({release["id"] for release in releases})


async def test_the_groups_are_named_after_products(ask: Ask) -> None:
    assert await ask("/release_groups") == (
        200,
        [{"id": 1, "name": "SMART_SINK_DWH"}, {"id": 2, "name": "SENSOR_HUB_DWH"}, {"id": 3, "name": "GAUGE_DWH"}],
    )


@pytest.mark.parametrize("query", ["group=SENSOR_HUB_DWH", "group_id=2"])
async def test_releases_of_a_group_are_asked_by_its_name_or_id(ask: Ask, query: str) -> None:
    _, everything = await ask("/releases")

    _, releases = await ask(f"/releases?{query}")

    assert releases == [release for release in everything if release["group_id"] == 2]


@pytest.mark.parametrize(("word", "value"), [("true", True), ("false", False)])
async def test_releases_are_filtered_by_whether_they_are_closed(ask: Ask, word: str, value: bool) -> None:
    _, everything = await ask("/releases")

    _, releases = await ask(f"/releases?closed={word}")

    assert releases == [release for release in everything if release["closed"] is value]
    assert releases


async def test_releases_are_filtered_by_name_which_is_a_list_still(ask: Ask) -> None:
    _, releases = await ask("/releases?name=Default%20Release")

    assert [release["name"] for release in releases] == ["Default Release"] * 3


async def test_filters_are_combined(ask: Ask) -> None:
    _, everything = await ask("/releases")

    _, releases = await ask("/releases?group=SMART_SINK_DWH&closed=false")

    assert releases == [each for each in everything if each["group_id"] == 1 and not each["closed"]]


async def test_an_unknown_group_name_is_an_error_and_no_empty_list(ask: Ask) -> None:
    error = {
        "name": "NotFound",
        "message": "A release group with the name 'NOPE' does not exist!",
        "code": 404,
        "className": "not-found",
    }

    assert await ask("/releases?group=NOPE") == (404, error)


async def test_an_unknown_group_id_is_an_empty_list(ask: Ask) -> None:
    assert await ask("/releases?group_id=999") == (200, [])


@pytest.mark.parametrize("query", ["closed=maybe", "group_id=one"])
async def test_a_value_that_cannot_be_is_a_bad_request(ask: Ask, query: str) -> None:
    status, error = await ask(f"/releases?{query}")

    assert (status, error["className"]) == (400, "bad-request")


async def test_a_filter_nobody_knows_is_ignored(ask: Ask) -> None:
    assert await ask("/releases?clsoed=true") == await ask("/releases")


async def test_one_release_is_the_bare_object(ask: Ask) -> None:
    _, everything = await ask("/releases")

    assert await ask(f"/releases/{everything[5]['id']}") == (200, everything[5])


@pytest.mark.parametrize("identifier", ["999999", "abc", "1.5"])
async def test_an_id_without_a_record_is_not_found(ask: Ask, identifier: str) -> None:
    status, error = await ask(f"/releases/{identifier}")

    assert (status, error["message"]) == (404, f"No record found for id '{identifier}'")


@pytest.mark.parametrize(
    ("method", "path", "word"),
    [
        ("POST", "/releases", "create"),
        ("PUT", "/releases", "update"),
        ("PATCH", "/releases/21", "patch"),
        ("DELETE", "/releases/21", "remove"),
    ],
)
async def test_releases_cannot_be_written(ask: Ask, method: str, path: str, word: str) -> None:
    error = {
        "name": "MethodNotAllowed",
        "message": f"Method `{word}` is not supported by this endpoint.",
        "code": 405,
        "className": "method-not-allowed",
    }

    assert await ask(path, method, json={}) == (405, error)


async def test_a_missing_verb_can_be_501_for_those_with_a_token(ask: Ask, switches: dict[str, Any]) -> None:
    switches["unimplemented_status"] = 501

    status, error = await ask("/releases", "POST", json={})
    without, _ = await ask("/releases", "POST", json={}, headers={})

    assert (status, error["name"], error["className"]) == (501, "NotImplemented", "not-implemented")
    assert without == 401


@pytest.mark.parametrize("path", ["/release-groups", "/metadata_x", "/releases/21/builds"])
async def test_an_unknown_path_is_told_back(ask: Ask, path: str) -> None:
    error = {
        "name": "NotFound",
        "message": "Page not found",
        "code": 404,
        "className": "not-found",
        "data": {"url": f"/api/v1{path}"},
    }

    assert await ask(path) == (404, error)


async def test_the_login_is_not_below_the_api(ask: Ask) -> None:
    status, _ = await ask("/authentication", "POST", json=LOGIN)

    assert status == 404


async def test_a_browser_gets_its_errors_in_html(mocks: Any, http: aiohttp.ClientSession) -> None:
    async with http.get(f"{mocks.url}/metakraftwerk/api/v1/releases", headers={"Accept": "text/html"}) as response:
        assert (response.status, response.content_type) == (401, "text/html")


async def test_errors_can_carry_an_empty_list_of_errors(ask: Ask, switches: dict[str, Any]) -> None:
    switches["error_members"] = True

    _, error = await ask("/releases/0")

    assert error["errors"] == {}


async def test_every_group_begins_with_an_undated_default_release(ask: Ask) -> None:
    _, releases = await ask("/releases?group_id=1")

    first = releases[0]
    assert first == {
        "id": first["id"],
        "group_id": 1,
        "name": "Default Release",
        "description": None,
        "start_date": None,
        "end_date": None,
        "closed": False,
        "deleted": False,
        "hotfix_of_id": None,
        "prev_release_id": None,
    }


async def test_names_are_labels_in_three_habits(ask: Ask) -> None:
    _, releases = await ask("/releases")

    names = {release["name"] for release in releases}
    assert {"R1", "R2.HF1", "R.2026.Q1", "R.2026.Q1.HF1"} <= names
    assert any(name.startswith("HF-") for name in names)


async def test_a_day_begins_the_evening_before_in_utc(ask: Ask) -> None:
    _, releases = await ask("/releases")

    starts = {release["start_date"][10:] for release in releases if release["start_date"]}
    assert starts == {"T22:00:00.000Z", "T23:00:00.000Z"}


async def test_a_hotfix_follows_its_release_or_a_sibling(ask: Ask) -> None:
    _, releases = await ask("/releases")

    parents = {release["id"]: release["hotfix_of_id"] for release in releases}
    hotfixes = [release for release in releases if release["hotfix_of_id"]]
    assert hotfixes
    assert all(
        fix["prev_release_id"] == fix["hotfix_of_id"] or parents[fix["prev_release_id"]] == fix["hotfix_of_id"]
        for fix in hotfixes
    )


async def test_the_lineage_is_a_forest_with_a_dangling_end(ask: Ask) -> None:
    _, releases = await ask("/releases")

    ids = {release["id"] for release in releases}
    previous = [release["prev_release_id"] for release in releases if release["prev_release_id"]]
    roots = [release for release in releases if release["prev_release_id"] is None]
    assert len(roots) > 3
    assert len(set(previous)) < len(previous)
    assert len([number for number in previous if number not in ids]) == 1


async def test_two_releases_follow_each_other_when_asked_to(ask: Ask, switches: dict[str, Any]) -> None:
    switches["cycle"] = True

    _, releases = await ask("/releases?group_id=3")

    previous = {release["id"]: release["prev_release_id"] for release in releases}
    assert len([one for one, before in previous.items() if previous.get(before) == one]) == 2


async def test_deleted_releases_are_listed_unless_hidden(ask: Ask, switches: dict[str, Any]) -> None:
    _, everything = await ask("/releases")
    switches["hide_deleted"] = True

    _, shown = await ask("/releases")

    assert any(release["deleted"] for release in everything)
    assert shown == [release for release in everything if not release["deleted"]]


async def test_lists_can_come_in_pages(ask: Ask, switches: dict[str, Any]) -> None:
    _, everything = await ask("/releases")
    switches.update(paged=True, page_limit=4)

    _, page = await ask("/releases?$skip=4")

    assert page == {"total": len(everything), "limit": 4, "skip": 4, "data": everything[4:8]}


async def test_lists_can_come_in_no_order(ask: Ask, switches: dict[str, Any]) -> None:
    _, everything = await ask("/releases")
    switches["scrambled"] = True

    _, scrambled = await ask("/releases")

    assert scrambled != everything
    assert sorted(scrambled, key=lambda release: release["id"]) == everything


async def test_builds_write_booleans_as_integers_and_embed_their_downloads(ask: Ask) -> None:
    _, builds = await ask("/builds")
    _, downloads = await ask("/downloads")

    flags = {build[name] for build in builds for name in ("deleted", "active", "history_commited", "commit_ind")}
    assert {type(flag) for flag in flags} == {int}
    assert {build["status"] for build in builds} == {"BUILDING", "FINISHED", "FAILED", "CANCELED"}
    assert [download for build in builds for download in build["downloads"]] == downloads


async def test_a_build_may_belong_to_releases_of_two_groups(ask: Ask) -> None:
    _, releases = await ask("/releases")
    _, builds = await ask("/builds")

    group = {release["id"]: release["group_id"] for release in releases}
    groups = [[group[number] for number in build["releases"]] for build in builds]
    assert {len(of_build) for of_build in groups} == {1, 2}
    assert all(len(set(of_build)) == len(of_build) for of_build in groups)


@pytest.mark.parametrize("query", ["project=Sensor%20Hub%20Warehouse", "project_id=13"])
async def test_builds_are_filtered_by_project(ask: Ask, query: str) -> None:
    _, builds = await ask(f"/builds?{query}")

    assert {build["project_id"] for build in builds} == {13}


@pytest.mark.parametrize("query", ["pattern=GAUGE_HUB_LOAD", "pattern_id=85"])
async def test_builds_are_filtered_by_one_of_their_patterns(ask: Ask, query: str) -> None:
    _, builds = await ask(f"/builds?{query}")

    assert builds
    assert all(85 in build["patterns"] for build in builds)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/builds?pattern=X", "A pattern with the name 'X' does not exist!"),
        ("/builds?project=X", "A project with the name 'X' does not exist!"),
    ],
)
async def test_unknown_names_of_other_things_are_errors_too(ask: Ask, path: str, message: str) -> None:
    status, error = await ask(path)

    assert (status, error["message"]) == (404, message)


async def test_downloads_are_filtered_by_build(ask: Ask) -> None:
    _, builds = await ask("/builds")
    build = next(build for build in builds if build["downloads"])

    assert await ask(f"/downloads?build_id={build['id']}") == (200, build["downloads"])


@pytest.mark.usefixtures("afterwards_new")
async def test_fetching_a_file_counts(
    mocks: Any, http: aiohttp.ClientSession, ask: Ask, switches: dict[str, Any]
) -> None:
    _, (download, *_) = await ask("/downloads")
    switches["download_bytes"] = True
    url = f"{mocks.url}/metakraftwerk/api/v1/downloads/{download['id']}"

    async with http.get(url, headers=TOKEN) as response:
        media_type = response.content_type

    _, (again, *_) = await ask("/downloads")
    assert media_type == "application/zip"
    assert again == {**download, "downloaded": 1}


async def test_a_build_deployment_has_no_status_unless_switched_on(ask: Ask, switches: dict[str, Any]) -> None:
    _, (documented, *_) = await ask("/build_deployments")
    switches["build_deployment_status"] = True
    _, (richer, *_) = await ask("/build_deployments")

    assert list(documented) == [
        "id",
        "build_id",
        "pattern_id",
        "deployment_id",
        "upload_id",
        "agent_id",
        "agent_group_id",
    ]
    assert set(richer) - set(documented) == {"status", "message", "created_at"}


async def test_build_deployments_point_at_definitions_of_their_pattern(ask: Ask) -> None:
    _, definitions = await ask("/deployments")
    _, deployments = await ask("/build_deployments")

    pattern = {definition["id"]: definition["pattern_id"] for definition in definitions}
    assert all(pattern[each["deployment_id"]] == each["pattern_id"] for each in deployments)


async def test_a_pattern_belongs_to_at_most_one_group(ask: Ask) -> None:
    _, patterns = await ask("/patterns")

    assert {pattern["release_group_id"] for pattern in patterns} == {1, 2, 3, None}


async def test_agents_are_filtered_by_whether_they_are_online(ask: Ask) -> None:
    _, agents = await ask("/agents?online=false")

    assert [agent["name"] for agent in agents] == ["agent-2"]


@pytest.mark.parametrize("path", ["/instances", "/instance_folders"])
async def test_instances_need_exactly_one_project(ask: Ask, path: str) -> None:
    none, _ = await ask(path)
    both, _ = await ask(f"{path}?project_id=12&project=Gauge%20Warehouse")
    one, rows = await ask(f"{path}?project_id=12")

    assert (none, both, one) == (400, 400, 200)
    assert {row["project_id"] for row in rows} == {12}
