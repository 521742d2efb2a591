"""The imitated Memfault keeps the contract of the management API, its refusals and its surprises."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest
from yarl import URL

from tests.conftest import MockPort
from upstream_mocks.memfault import build

ORGANIZATIONS = "/api/v0/organizations"
PROJECTS = f"{ORGANIZATIONS}/acme/projects"
SINK = f"{PROJECTS}/smart-sink"
HUB = f"{PROJECTS}/sensor-hub"
TOKEN = "Bearer demo-memfault-token"
SEED_KEYS = [
    "id", "created_date", "updated_date", "version", "min_version", "revision", "notes", "extra_info", "count_devices",
]  # fmt: skip
STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00"


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()  # noqa: S324 - the digest the vendor prints


def error(code: int, http_code: int, kind: str, message: str) -> tuple[int, Any]:
    return http_code, {"error": {"code": code, "http_code": http_code, "message": message, "type": kind}}


def not_found(message: str) -> tuple[int, Any]:
    return error(1003, 404, "NotFoundError", message)


class Api:
    """The mock as one client sees it; `headers` are those of the last answer."""

    def __init__(self, mocks: MockPort, http: aiohttp.ClientSession):
        self.mocks, self.http = mocks, http
        self.headers: dict[str, str] = {}

    async def ask(
        self, path: str, verb: str = "GET", *, auth: str | None = TOKEN, key: str | None = None, **sent: Any
    ) -> tuple[int, Any]:
        given = {"Authorization": auth, "Memfault-Project-Key": key}
        headers = {name: value for name, value in given.items() if value is not None}
        url = URL(path if path.startswith("http") else f"{self.mocks.url}/memfault{path}", encoded=True)
        async with self.http.request(verb, url, headers=headers, **sent) as response:
            self.headers = {name.lower(): value for name, value in response.headers.items()}
            is_json = response.content_type == "application/json"
            return response.status, await response.json() if is_json else await response.read()

    async def body(self, path: str, verb: str = "GET", **sent: Any) -> Any:
        status, body = await self.ask(path, verb, **sent)
        assert status == 200, body
        return body

    async def data(self, path: str, verb: str = "GET", **sent: Any) -> Any:
        return (await self.body(path, verb, **sent))["data"]

    async def versions(self, query: str = "") -> list[str]:
        return [release["version"] for release in await self.data(f"{SINK}/releases?{query}")]

    def switch(self, **switches: Any) -> None:
        self.mocks.mocks.switches["memfault"].update(switches)


@pytest.fixture
def api(mocks: MockPort, http: aiohttp.ClientSession) -> Iterator[Api]:
    """The API with the world's rows; what a test writes is gone after it."""
    yield Api(mocks, http)
    mocks.mocks.kinds["memfault"] = build(mocks.mocks.world, mocks.mocks.switches["memfault"])


# Who may ask


@pytest.mark.parametrize(
    "auth",
    [
        pytest.param(TOKEN, id="token"),
        pytest.param(basic("", "demo-memfault-token"), id="token as a password"),
        pytest.param(basic("demo@memfault.example", "demo-memfault-password"), id="login"),
        pytest.param(basic("demo@memfault.example", "dec0dedc0ffee0ddba11f005ba11ad00"), id="API key"),
    ],
)
async def test_every_documented_credential_sees_the_organizations(api: Api, auth: str) -> None:
    body = await api.body(ORGANIZATIONS, auth=auth)

    assert body == {
        "data": [{"id": 1, "name": "Acme", "slug": "acme"}, {"id": 2, "name": "Umbra", "slug": "umbra"}],
        "paging": {"item_count": 2, "page": 1, "page_count": 1, "per_page": 100, "total_count": 2},
    }


@pytest.mark.parametrize(
    "auth", [None, "Bearer wrong", basic("", "wrong"), basic("demo@memfault.example", "wrong"), "Basic %%"]
)
async def test_no_valid_credential_is_401(api: Api, auth: str | None) -> None:
    answer = await api.ask(f"{SINK}/releases", auth=auth)

    assert answer == error(1001, 401, "UnauthorizedError", "The credentials are missing or not valid")


async def test_a_project_key_opens_no_management_route(api: Api) -> None:
    key = (await api.data(f"{SINK}/api_key"))["api_key"]

    status, _ = await api.ask(f"{SINK}/releases", auth=None, key=key)

    assert status == 401


async def test_a_token_of_one_organization_is_refused_in_another(api: Api) -> None:
    own = await api.data(ORGANIZATIONS, auth="Bearer demo-memfault-acme-token")
    other = await api.ask(f"{ORGANIZATIONS}/umbra/projects", auth="Bearer demo-memfault-acme-token")

    assert [organization["slug"] for organization in own] == ["acme"]
    assert other == error(1002, 403, "ForbiddenError", "The credentials do not grant this")


async def test_a_token_that_only_reads_writes_nothing(api: Api) -> None:
    reader = "Bearer demo-memfault-read-token"

    reads, _ = await api.ask(f"{SINK}/releases", auth=reader)
    writes, _ = await api.ask(f"{SINK}/releases", "POST", auth=reader, json={"version": "9.0.0"})

    assert (reads, writes) == (200, 403)


async def test_single_sign_on_leaves_only_tokens(api: Api) -> None:
    api.switch(enforce_sso=True)

    login, _ = await api.ask(ORGANIZATIONS, auth=basic("demo@memfault.example", "demo-memfault-password"))
    token, _ = await api.ask(ORGANIZATIONS)

    assert (login, token) == (401, 200)


async def test_me_is_bare_and_for_users(api: Api) -> None:
    user = await api.body("/auth/me", auth=basic("demo@memfault.example", "demo-memfault-password"))
    token, _ = await api.ask("/auth/me")

    assert sorted(user) == ["created_date", "email", "id", "name", "organizations", "updated_date"]
    assert user["organizations"][0] == {"id": 1, "name": "Acme", "slug": "acme"}
    assert token == 403


async def test_a_new_api_key_replaces_the_old_one(api: Api) -> None:
    login = basic("demo@memfault.example", "demo-memfault-password")
    old = (await api.data("/auth/api_key", auth=login))["api_key"]

    new = (await api.data("/auth/api_key", "POST", auth=login))["api_key"]
    with_old, _ = await api.ask(ORGANIZATIONS, auth=basic("demo@memfault.example", old))
    with_new, _ = await api.ask(ORGANIZATIONS, auth=basic("demo@memfault.example", new))

    assert (with_old, with_new) == (401, 200)


@pytest.mark.parametrize(
    ("verb", "path", "status"),
    [
        ("GET", "/api/v0/nothing", 404),
        ("PUT", f"{SINK}/releases", 405),
        ("PATCH", f"{SINK}/releases", 405),
        ("DELETE", f"{SINK}/releases", 405),
        ("POST", f"{SINK}/releases/1.0.1", 405),
        ("GET", f"{SINK}/releases/1.0.1/artifacts", 405),
    ],
)
async def test_unknown_paths_are_404_and_wrong_verbs_405_in_the_envelope(
    api: Api, verb: str, path: str, status: int
) -> None:
    answered, body = await api.ask(path, verb)

    assert answered == status
    assert sorted(body["error"]) == ["code", "http_code", "message", "type"]
    assert body["error"]["http_code"] == status


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (f"{ORGANIZATIONS}/none/projects", "Organization with slug `none` not found"),
        (f"{PROJECTS}/none", "Project with slug `none` not found"),
        (f"{SINK}/releases/9.9.9", "Release with version `9.9.9` not found"),
        (f"{SINK}/cohorts/none", "Cohort with slug `none` not found"),
        (f"{SINK}/deployments/999", "Deployment with id `999` not found"),
        (f"{SINK}/devices/none", "Device with device_serial `none` not found"),
        (f"{SINK}/installs/1", "Install with id `1` not found"),
        (f"{SINK}/software_types/none/software_versions", "SoftwareType with name `none` not found"),
        ("/api/v0/queue/none", "Task with id `none` not found"),
    ],
)
async def test_what_is_missing_is_named(api: Api, path: str, message: str) -> None:
    answer = await api.ask(path)

    assert answer == not_found(message)


# Releases: what the documented page promises


async def test_a_release_has_the_documented_sample_s_shape_when_artifacts_are_switched_off(api: Api) -> None:
    api.switch(release_artifacts=False)

    listed = await api.data(f"{SINK}/releases?version=1.2.0")
    shown = await api.data(f"{SINK}/releases/1.2.0")

    assert list(shown) == SEED_KEYS
    assert listed == [shown]


async def test_releases_of_a_list_come_with_their_artifacts(api: Api) -> None:
    releases = await api.data(f"{SINK}/releases")

    assert {tuple(release) for release in releases} == {(*SEED_KEYS, "artifacts")}
    assert sum(len(release["artifacts"]) for release in releases) > len(releases)


async def test_a_documented_release_is_created_and_read_back(api: Api) -> None:
    documented = {
        "version": "1.2.3",
        "min_version": "1.0.0",
        "revision": "11d95ef20f7a048ce1da1a6891dd3e2f92c89d85",
        "notes": "<ul><li>Fix bug #1234</li></ul>",
        "extra_info": {"anything": "you_want"},
    }

    made = await api.data(f"{SINK}/releases", "POST", json=documented)
    location = api.headers["location"]
    shown = await api.data(f"{SINK}/releases/1.2.3")

    assert shown == made
    assert {key: made[key] for key in documented} == documented
    assert (made["count_devices"], made["artifacts"]) == (0, [])
    assert location == f"{api.mocks.url}/memfault{SINK}/releases/1.2.3/artifacts"


async def test_timestamps_carry_microseconds_and_an_offset(api: Api) -> None:
    release = await api.data(f"{SINK}/releases/1.2.0")

    stamps = "|".join([release["created_date"], release["updated_date"]])
    assert re.fullmatch(rf"{STAMP}\|{STAMP}", stamps)


async def test_unset_text_is_empty_and_unset_objects_are_null(api: Api) -> None:
    releases = await api.data(f"{HUB}/releases")

    assert "" in [release["min_version"] for release in releases]
    assert None in [release["extra_info"] for release in releases]
    assert None not in [release[name] for release in releases for name in ("min_version", "revision", "notes")]


async def test_releases_are_those_of_the_world_odd_versions_too(api: Api) -> None:
    presence = next(each for each in api.mocks.mocks.world.presences("memfault") if each.product.slug == "smart-sink")
    commits = {cut.version: cut.commit for cut in presence.cuts}

    releases = await api.data(f"{SINK}/releases")

    told = {release["version"]: release["revision"] for release in releases}
    assert sorted(told) == sorted(commits)
    assert {(version, told[version]) for version in told if told[version]} <= set(commits.items())
    assert {"spring-a", "7", "2026.03.04"} <= set(told)


async def test_sort_follows_the_creation_date_both_ways(api: Api) -> None:
    rising, falling = await api.versions("sort=created_date"), await api.versions("sort=-created_date")

    assert rising[0] == "1.0.1"
    assert rising[-1] == "1.4.1"
    assert falling == rising[::-1]


async def test_an_unsorted_list_is_in_no_order_to_rely_on_but_always_the_same(api: Api) -> None:
    first, second, rising = await api.versions(), await api.versions(), await api.versions("sort=created_date")

    assert first == second
    assert first not in (rising, rising[::-1])
    assert sorted(first) == sorted(rising)


async def test_the_unsorted_order_can_be_switched(api: Api) -> None:
    api.switch(default_order="-created_date")

    assert await api.versions() == await api.versions("sort=-created_date")


async def test_an_unknown_sort_key_is_400(api: Api) -> None:
    answer = await api.ask(f"{SINK}/releases?sort=version")

    assert answer == error(1000, 400, "ValidationError", "`version` is not a sort key")


async def test_repeated_filters_are_alternatives_and_different_ones_must_all_hold(api: Api) -> None:
    revision = (await api.data(f"{SINK}/releases/1.2.0"))["revision"]

    either = await api.versions("sort=created_date&version=1.2.0&version=1.0.1")
    both = await api.versions(f"version=1.2.0&version=1.0.1&revision={revision}")
    neither = await api.versions(f"version=1.0.1&revision={revision}")

    assert (either, both, neither) == (["1.0.1", "1.2.0"], ["1.2.0"], [])


async def test_releases_are_found_by_hardware_version_of_their_artifacts(api: Api) -> None:
    everything = await api.data(f"{SINK}/releases?sort=created_date")

    found = await api.versions("sort=created_date&hardware_version=mp")

    with_mp = [
        release["version"]
        for release in everything
        if "mp" in [artifact["hardware_version"] for artifact in release["artifacts"]]
    ]
    assert found == with_mp
    assert 0 < len(found) < len(everything)


async def test_releases_are_found_by_build_id_of_their_artifacts(api: Api) -> None:
    releases = await api.data(f"{SINK}/releases")
    built = next(
        (release["version"], artifact["build_id"])
        for release in releases
        for artifact in release["artifacts"]
        if artifact["build_id"]
    )

    found = await api.versions(f"build_id={built[1]}")

    assert found == [built[0]]


async def test_the_newer_release_flags_can_be_switched_on(api: Api) -> None:
    api.switch(release_flags=True)

    release = await api.data(f"{SINK}/releases/1.2.0")

    assert list(release) == [*SEED_KEYS, "artifacts", "must_pass_through", "is_delta"]


async def test_a_version_with_a_plus_travels_encoded(api: Api) -> None:
    release = await api.data(f"{HUB}/releases/1.5.5%2Bbuild.5")

    assert release["version"] == "1.5.5+build.5"


# Paging


async def test_pages_are_cut_and_counted(api: Api) -> None:
    first = await api.body(f"{SINK}/releases?sort=created_date&per_page=5")
    last = await api.body(f"{SINK}/releases?sort=created_date&per_page=5&page=3")

    assert first["paging"] == {"item_count": 5, "page": 1, "page_count": 3, "per_page": 5, "total_count": 13}
    assert last["paging"] == {"item_count": 3, "page": 3, "page_count": 3, "per_page": 5, "total_count": 13}
    assert (first["data"][0]["version"], last["data"][-1]["version"]) == ("1.0.1", "1.4.1")


async def test_a_page_past_the_end_is_empty_with_true_totals(api: Api) -> None:
    body = await api.body(f"{SINK}/releases?page=9&per_page=5")

    assert body == {
        "data": [],
        "paging": {"item_count": 0, "page": 9, "page_count": 3, "per_page": 5, "total_count": 13},
    }


async def test_a_hundred_rows_a_page_are_the_default_and_the_most(api: Api) -> None:
    default, more = await api.body(f"{HUB}/devices"), await api.body(f"{HUB}/devices?per_page=240")

    assert default["paging"] == {"item_count": 100, "page": 1, "page_count": 3, "per_page": 100, "total_count": 240}
    assert more == default


@pytest.mark.parametrize(("limit", "status"), [("reject", 400), ("accept", 200)])
async def test_what_a_larger_page_gets_can_be_switched(api: Api, limit: str, status: int) -> None:
    api.switch(per_page_limit=limit)

    answered, _ = await api.ask(f"{HUB}/devices?per_page=240")

    assert answered == status


@pytest.mark.parametrize("query", ["page=0", "page=x", "per_page=-1", "per_page=0"])
async def test_a_page_that_is_no_positive_number_is_400(api: Api, query: str) -> None:
    status, _ = await api.ask(f"{SINK}/releases?{query}")

    assert status == 400


async def test_software_types_take_five_thousand_a_page(api: Api) -> None:
    body = await api.body(f"{SINK}/software_types?per_page=5000")

    assert (body["paging"]["per_page"], body["data"][0]["name"]) == (5000, "main")


# Artifacts


async def test_an_artifact_names_its_hardware_and_its_file(api: Api) -> None:
    releases = await api.data(f"{SINK}/releases")
    artifacts = [artifact for release in releases for artifact in release["artifacts"]]

    required = ["id", "created_date", "updated_date", "type", "hardware_version", "build_id", "filename", "url", "md5"]
    assert {tuple(artifact)[:9] for artifact in artifacts} == {tuple(required)}
    assert {artifact["type"] for artifact in artifacts} == {"firmware", "symbols"}
    assert {artifact["hardware_version"] for artifact in artifacts} == {"evt", "mp"}


@pytest.mark.parametrize("name", ["sha1", "sha256", "file_size", "extra_info"])
async def test_newer_facts_of_an_artifact_may_be_missing(api: Api, name: str) -> None:
    releases = await api.data(f"{SINK}/releases")

    has = {name in artifact for release in releases for artifact in release["artifacts"]}

    assert has == {True, False}


async def test_a_release_has_one_firmware_per_hardware_version(api: Api) -> None:
    releases = await api.data(f"{SINK}/releases")

    firmwares = [
        (release["version"], artifact["hardware_version"])
        for release in releases
        for artifact in release["artifacts"]
        if artifact["type"] == "firmware"
    ]
    assert len(firmwares) == len(set(firmwares))


async def test_a_signed_link_gives_the_file_its_digests_describe(api: Api) -> None:
    releases = await api.data(f"{SINK}/releases")
    artifact = next(
        each for release in releases for each in release["artifacts"] if {"sha256", "file_size"} <= set(each)
    )

    _, content = await api.ask(artifact["url"], auth=None)
    unsigned, _ = await api.ask(artifact["url"].partition("?")[0], auth=None)

    assert hashlib.sha256(content).hexdigest() == artifact["sha256"]
    assert md5(content) == artifact["md5"]
    assert len(content) == artifact["file_size"]
    assert unsigned == 403


def firmware_form(**fields: str) -> aiohttp.FormData:
    form = aiohttp.FormData(fields)
    form.add_field("file", b"\x00\r\nfirmware\n", filename="fw.bin")
    return form


async def test_a_form_with_a_file_becomes_an_artifact_by_way_of_the_queue(api: Api) -> None:
    await api.data(f"{SINK}/releases", "POST", json={"version": "9.0.0"})
    api.switch(queue_pending_polls=1)

    form = firmware_form(hardware_version="mp", build_id="b1")
    status, _ = await api.ask(f"{SINK}/releases/9.0.0/artifacts", "POST", data=form)
    task = api.headers["location"]
    before = await api.data(f"{SINK}/releases/9.0.0")
    polls = [await api.body(task), await api.body(task)]
    after = (await api.data(f"{SINK}/releases/9.0.0"))["artifacts"]

    assert (status, before["artifacts"]) == (202, [])
    assert "/api/v0/queue/" in task
    assert polls == [{"status": "PENDING"}, {"status": "SUCCESS"}]
    assert [(each["filename"], each["hardware_version"], each["build_id"]) for each in after] == [
        ("fw.bin", "mp", "b1")
    ]
    assert after[0]["md5"] == md5(b"\x00\r\nfirmware\n")


async def test_an_artifact_for_unknown_hardware_is_refused(api: Api) -> None:
    form = firmware_form(hardware_version="x")

    answer = await api.ask(f"{SINK}/releases/1.2.0/artifacts", "POST", data=form)

    assert answer == not_found("HardwareVersion with name `x` not found")


def payload(token: str, version: str = "9.1.0") -> dict[str, Any]:
    return {
        "file": {"token": token, "md5": "4cac6056183cabec36280721ac6792d4", "name": "fw.bin"},
        "software_version": {"version": version, "software_type": "main", "revision": "abc"},
        "must_pass_through": True,
        "hardware_version": "mp",
        "notes": "hi",
        "extra_info": {"k": "v"},
    }


@pytest.mark.parametrize("route", ["releases/ota_payload", "release-artifacts"])
async def test_an_uploaded_payload_makes_the_release_it_is_for(api: Api, route: str) -> None:
    prepared = await api.data(f"{SINK}/upload", "POST", json={"kind": "OTA_PAYLOAD", "size": 1000})
    await api.ask(prepared["upload_url"], "PUT", auth=None, data=b"payload")

    status, _ = await api.ask(f"{SINK}/{route}", "POST", json=payload(prepared["token"]))
    again, _ = await api.ask(f"{SINK}/{route}", "POST", json=payload(prepared["token"]))
    release = await api.data(f"{SINK}/releases/9.1.0")

    assert (status, again) == (202, 409)
    assert (release["revision"], release["notes"], release["extra_info"]) == ("abc", "hi", {"k": "v"})
    assert [artifact["md5"] for artifact in release["artifacts"]] == [md5(b"payload")]


async def test_a_delta_payload_is_taken_once_and_adds_nothing_to_its_releases(api: Api) -> None:
    prepared = await api.data(f"{SINK}/upload", "POST", json={"kind": "OTA_PAYLOAD", "size": 5})
    await api.ask(prepared["upload_url"], "PUT", auth=None, data=b"delta")
    before = await api.data(f"{SINK}/releases/1.2.1")
    about = payload(prepared["token"])
    body = {**about, "software_version": {**about["software_version"], "version": ["1.2.0", "1.2.1"]}}

    answers = [(await api.ask(f"{SINK}/releases/ota_payload", "POST", json=body))[0] for _ in range(2)]
    body["software_version"]["version"] = ["1.2.0", "99.0.0"]
    unknown, _ = await api.ask(f"{SINK}/releases/ota_payload", "POST", json=body)

    assert (answers, unknown) == ([202, 409], 404)
    assert await api.data(f"{SINK}/releases/1.2.1") == before


async def test_a_large_payload_goes_up_in_parts(api: Api) -> None:
    api.switch(max_ota_upload_size=10**9)

    project = await api.data(SINK)
    prepared = await api.data(f"{SINK}/upload_multipart", "POST", json={"kind": "OTA_PAYLOAD", "size": 60 * 2**20})
    await api.ask(prepared["part_urls"][1], "PUT", auth=None, data=b"two")
    await api.ask(prepared["part_urls"][0], "PUT", auth=None, data=b"one")
    etag = api.headers["etag"]
    done, _ = await api.ask(prepared["complete_upload_url"], "POST", auth=None)
    await api.ask(f"{SINK}/releases/ota_payload", "POST", json=payload(prepared["token"]))
    artifact = (await api.data(f"{SINK}/releases/9.1.0"))["artifacts"][0]

    assert (project["max_ota_upload_size"], len(prepared["part_urls"]), done) == (10**9, 2, 200)
    assert etag == f'"{md5(b"one")}"'
    assert artifact["md5"] == md5(b"onetwo")


async def test_a_payload_without_an_upload_is_400(api: Api) -> None:
    status, _ = await api.ask(f"{SINK}/releases/ota_payload", "POST", json=payload("none"))

    assert status == 400


# Writing releases


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param({"version": "1.2.0"}, 409, id="it exists"),
        pytest.param({}, 400, id="no version"),
        pytest.param({"version": "1.0 beta"}, 400, id="a space"),
        pytest.param({"version": "9.0.0", "notes": 1}, 400, id="notes are no text"),
    ],
)
async def test_a_release_that_does_not_fit_is_refused(api: Api, body: dict[str, Any], status: int) -> None:
    answered, told = await api.ask(f"{SINK}/releases", "POST", json=body)

    assert (answered, told["error"]["http_code"]) == (status, status)


async def test_a_body_that_is_no_json_object_is_400(api: Api) -> None:
    answer = await api.ask(f"{SINK}/releases", "POST", data=b"[]")

    assert answer == error(1000, 400, "ValidationError", "The body is not a JSON object")


async def test_a_patch_changes_only_what_it_names(api: Api) -> None:
    before = await api.data(f"{SINK}/releases/1.2.0")

    after = await api.data(f"{SINK}/releases/1.2.0", "PATCH", json={"notes": "new"})

    assert after == {**before, "notes": "new", "updated_date": after["updated_date"]}
    assert after["updated_date"] > before["updated_date"]


async def test_a_release_can_be_deleted_once_its_deployments_are_pulled(api: Api) -> None:
    deployments = await api.data(f"{SINK}/deployments?cohort=beta")
    version = deployments[0]["release"]["version"]

    refused, _ = await api.ask(f"{SINK}/releases/{version}", "DELETE")
    pulled, _ = await api.ask(f"{SINK}/deployments/{deployments[0]['id']}", "DELETE")
    gone, _ = await api.ask(f"{SINK}/releases/{version}", "DELETE")
    missing, _ = await api.ask(f"{SINK}/releases/{version}")

    assert (refused, pulled, gone, missing) == (409, 204, 204, 404)


# Cohorts


async def test_every_project_has_a_default_cohort_and_all_devices_are_in_one(api: Api) -> None:
    cohorts = await api.data(f"{SINK}/cohorts?sort=created_date")

    project = await api.data(SINK)
    assert sorted(cohort["slug"] for cohort in cohorts) == ["beta", "default", "internal", "prod"]
    assert sum(cohort["count_devices"] for cohort in cohorts) == project["count_devices"] == 118


async def test_cohorts_are_filtered_by_name_and_slug(api: Api) -> None:
    by_slug = await api.data(f"{SINK}/cohorts?slug=beta&slug=prod")
    by_name = await api.data(f"{SINK}/cohorts?name=Internal%20Group")

    assert sorted(cohort["slug"] for cohort in by_slug) == ["beta", "prod"]
    assert [cohort["slug"] for cohort in by_name] == ["internal"]


@pytest.mark.parametrize(
    ("shape", "keys"),
    [
        ("last_deployment", ["last_deployment"]),
        ("deployments", ["deployments"]),
        ("both", ["last_deployment", "deployments"]),
        ("neither", []),
    ],
)
async def test_a_cohort_tells_of_its_deployments_in_either_shape(api: Api, shape: str, keys: list[str]) -> None:
    api.switch(cohort_shape=shape)

    cohort = await api.data(f"{SINK}/cohorts/beta")

    assert list(cohort) == ["id", "created_date", "updated_date", "name", "slug", "count_devices", *keys]


async def test_the_last_deployment_of_a_cohort_is_the_latest(api: Api) -> None:
    latest = (await api.data(f"{SINK}/deployments?cohort=beta"))[0]

    last = (await api.data(f"{SINK}/cohorts/beta"))["last_deployment"]

    assert last == {key: latest[key] for key in ("id", "type", "status", "deployer", "release", "deployed_date")}


async def test_a_cohort_without_deployments_has_a_null(api: Api) -> None:
    made = await api.data(f"{SINK}/cohorts", "POST", json={"name": "Night Owls"})

    assert (made["slug"], made["count_devices"], made["last_deployment"]) == ("night-owls", 0, None)


@pytest.mark.parametrize(("body", "status"), [({"name": "Beta"}, 409), ({"name": "B", "slug": "beta"}, 409), ({}, 400)])
async def test_a_cohort_that_does_not_fit_is_refused(api: Api, body: dict[str, Any], status: int) -> None:
    answered, _ = await api.ask(f"{SINK}/cohorts", "POST", json=body)

    assert answered == status


async def test_a_cohort_is_renamed_and_deleted(api: Api) -> None:
    renamed = await api.data(f"{SINK}/cohorts/prod", "PATCH", json={"name": "Everyone", "slug": "all"})
    gone, _ = await api.ask(f"{SINK}/cohorts/all", "DELETE")
    default = await api.data(f"{SINK}/cohorts/default")

    assert (renamed["name"], renamed["slug"], gone) == ("Everyone", "all", 204)
    assert default["count_devices"] > renamed["count_devices"] > 0


async def test_devices_move_to_a_cohort_together(api: Api) -> None:
    serials = ["SMART-SINK-0001", "SMART-SINK-0002"]

    status, _ = await api.ask(f"{SINK}/cohorts/internal/devices", "PATCH", json={"devices": serials})
    devices = await api.data(f"{SINK}/cohorts/internal/devices")

    assert status == 202
    assert sorted(device["device_serial"] for device in devices) == serials


# Deployments


async def test_deployments_come_latest_first_with_release_and_cohort(api: Api) -> None:
    deployments = await api.data(f"{SINK}/deployments")

    dates = [deployment["deployed_date"] for deployment in deployments]
    assert dates == sorted(dates, reverse=True)
    assert {tuple(deployment) for deployment in deployments} == {
        (
            "id", "created_date", "updated_date", "deployed_date", "type", "status", "rollout_percent",
            "release", "cohort", "deployer", "extra_info",
        )
    }  # fmt: skip
    assert list(deployments[0]["release"]) == ["id", "version", "revision"]
    assert list(deployments[0]["cohort"]) == ["id", "name", "slug", "count_devices"]
    assert list(deployments[0]["deployer"]) == ["id", "email", "name"]
    assert {deployment["status"] for deployment in deployments} == {"done", "in_progress", "pulled", "aborted"}


async def test_a_normal_deployment_reads_zero_percent(api: Api) -> None:
    deployments = await api.data(f"{SINK}/deployments")

    told = {(each["type"], each["rollout_percent"]) for each in deployments}
    assert told == {("normal", 0), ("staged_rollout", 100), ("staged_rollout", 10), ("staged_rollout", 25)}


async def test_deployments_are_filtered_by_cohort_release_and_date(api: Api) -> None:
    everything = await api.data(f"{SINK}/deployments")
    newest = everything[0]

    by_release = await api.data(f"{SINK}/deployments?release={newest['release']['version']}&cohort=beta&cohort=prod")
    before = await api.data(f"{SINK}/deployments?until={newest['deployed_date'].replace('+', '%2B')}")
    since = await api.data(f"{SINK}/deployments?since={everything[1]['deployed_date']}")

    assert by_release == [each for each in everything if each["release"] == newest["release"]][:1]
    assert before == everything[1:]
    assert since == [newest]


async def test_a_date_that_is_none_is_400(api: Api) -> None:
    status, _ = await api.ask(f"{SINK}/deployments?since=yesterday")

    assert status == 400


async def test_a_staged_rollout_starts_grows_ends_and_is_pulled(api: Api) -> None:
    wanted = {"type": "staged_rollout", "release": "1.2.0", "cohort": "beta", "rollout_percent": 25}

    made = await api.data(f"{SINK}/deployments", "POST", json=wanted)
    path = f"{SINK}/deployments/{made['id']}"
    grown = await api.data(path, "PATCH", json={"rollout_percent": 50, "extra_info": {"by": "test"}})
    whole = await api.data(path, "PATCH", json={"rollout_percent": 100})
    pulled, _ = await api.ask(path, "DELETE")
    shown = await api.data(path)

    assert (made["status"], made["rollout_percent"], made["cohort"]["slug"]) == ("in_progress", 25, "beta")
    assert (grown["status"], grown["rollout_percent"], grown["extra_info"]) == ("in_progress", 50, {"by": "test"})
    assert (whole["status"], pulled, shown["status"]) == ("done", 204, "pulled")


async def test_release_and_cohort_of_a_new_deployment_may_be_ids(api: Api) -> None:
    release, cohort = await api.data(f"{SINK}/releases/1.2.0"), await api.data(f"{SINK}/cohorts/internal")

    made = await api.data(
        f"{SINK}/deployments", "POST", json={"type": "normal", "release": release["id"], "cohort": cohort["id"]}
    )

    assert (made["release"]["version"], made["cohort"]["slug"], made["status"]) == ("1.2.0", "internal", "done")


async def test_an_active_release_is_not_deployed_twice(api: Api) -> None:
    wanted = {"type": "normal", "release": "1.2.0", "cohort": "internal"}
    await api.data(f"{SINK}/deployments", "POST", json=wanted)

    answer = await api.ask(f"{SINK}/deployments", "POST", json=wanted)

    assert answer == error(1005, 409, "ConflictError", "Release 1.2.0 is already active for cohort internal")


async def test_a_delta_is_deployed_as_a_pair_and_found_by_its_ends(api: Api) -> None:
    wanted = {"type": "normal", "release": ["1.2.0", "1.2.1"], "cohort": "internal"}
    made = await api.data(f"{SINK}/deployments", "POST", json=wanted)

    found = await api.data(f"{SINK}/deployments?delta_from=1.2.0&delta_to=1.2.1")

    assert found == [made]
    assert made["release"]["version"] == "1.2.1"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"type": "sudden"}, 400),
        ({"release": "9.9.9"}, 404),
        ({"cohort": "none"}, 404),
        ({"type": "staged_rollout"}, 400),
        ({"type": "staged_rollout", "rollout_percent": 101}, 400),
    ],
)
async def test_a_deployment_that_does_not_fit_is_refused(api: Api, change: dict[str, Any], status: int) -> None:
    wanted = {"type": "normal", "release": "1.2.0", "cohort": "internal", **change}

    answered, _ = await api.ask(f"{SINK}/deployments", "POST", json=wanted)

    assert answered == status


# Devices


async def test_a_live_device_names_hardware_by_object_and_its_software_version(api: Api) -> None:
    seen = await api.data(f"{SINK}/devices?sort=-last_seen&per_page=1")

    device = seen[0]
    assert list(device) == [
        "id", "created_date", "updated_date", "device_serial", "last_seen", "nickname", "description",
        "hardware_version", "last_seen_software_version", "cohort", "project", "fleet_sampling_resolution",
        "server_side_developer_mode",
    ]  # fmt: skip
    assert list(device["hardware_version"]) == ["name"]
    assert list(device["last_seen_software_version"]) == ["id", "version", "archived", "software_type"]
    assert device["project"]["slug"] == "smart-sink"


async def test_the_old_shape_of_a_device_can_be_switched_on(api: Api) -> None:
    api.switch(device_shape="old")

    device = (await api.data(f"{SINK}/devices?sort=-last_seen&per_page=1"))[0]

    assert list(device) == [
        "id", "created_date", "updated_date", "device_serial", "last_seen", "owner_ref", "hardware_version",
        "last_seen_release", "latest_install", "latest_trace", "cohort",
    ]  # fmt: skip
    assert isinstance(device["hardware_version"], str)
    assert list(device["last_seen_release"]) == ["id", "version", "revision"]
    assert list(device["cohort"]) == ["id", "name", "slug", "count_devices"]


async def test_counts_of_a_release_are_its_devices(api: Api) -> None:
    releases = await api.data(f"{SINK}/releases?sort=created_date")
    busiest = max(releases, key=lambda release: release["count_devices"])

    devices = await api.body(f"{SINK}/devices?release={busiest['version']}")

    assert devices["paging"]["total_count"] == busiest["count_devices"] > 1


async def test_devices_are_filtered_by_hardware_and_last_sight(api: Api) -> None:
    recent = await api.data(f"{SINK}/devices?hardware_version=mp&last_seen_since=2026-10-01T00:00:00%2B00:00")
    early = await api.data(f"{SINK}/devices?last_seen_until=2026-10-01T00:00:00%2B00:00")

    assert {device["hardware_version"]["name"] for device in recent} == {"mp"}
    assert min(device["last_seen"] for device in recent) > "2026-10-01"
    assert max(device["last_seen"] for device in early) < "2026-10-01"


async def test_a_device_never_seen_has_nulls(api: Api) -> None:
    devices = await api.data(f"{HUB}/devices?sort=last_seen&page=3")

    assert (devices[-1]["last_seen"], devices[-1]["last_seen_software_version"]) == (None, None)


async def test_a_device_is_created_moved_and_deleted(api: Api) -> None:
    made = await api.data(f"{SINK}/devices", "POST", json={"device_serial": "SN-1", "hardware_version": "mp"})
    twice, _ = await api.ask(f"{SINK}/devices", "POST", json={"device_serial": "SN-1", "hardware_version": "mp"})
    moved = await api.data(f"{SINK}/devices/SN-1", "PATCH", json={"cohort": "beta", "nickname": "desk"})
    gone, _ = await api.ask(f"{SINK}/devices/SN-1", "DELETE")
    missing, _ = await api.ask(f"{SINK}/devices/SN-1")

    assert (made["cohort"]["slug"], twice) == ("default", 409)
    assert (moved["cohort"]["slug"], moved["nickname"], gone, missing) == ("beta", "desk", 204, 404)


async def test_unknown_hardware_is_named_until_it_is_made(api: Api) -> None:
    wanted = {"hardware_version": "x"}

    refused = await api.ask(f"{SINK}/devices/SMART-SINK-0001", "PATCH", json=wanted)
    made = await api.data(f"{SINK}/hardware_versions", "POST", json={"name": "x"})
    taken = await api.data(f"{SINK}/devices/SMART-SINK-0001", "PATCH", json=wanted)

    assert refused == not_found("HardwareVersion with name `x` not found")
    assert (made["name"], made["primary_software_type"]["name"]) == ("x", "main")
    assert taken["hardware_version"] == {"name": "x"}


# Projects and software


async def test_projects_of_an_organization_are_listed(api: Api) -> None:
    acme, umbra = await api.data(PROJECTS), await api.data(f"{ORGANIZATIONS}/umbra/projects")

    assert sorted(project["slug"] for project in acme) == ["gateway", "sensor-hub", "smart-sink"]
    assert [project["slug"] for project in umbra] == ["dock"]
    assert sorted(umbra[0]) == [
        "api_key", "count_devices", "created_date", "id", "max_ota_upload_size", "name", "os", "platform",
        "qcomm_enabled", "slug", "updated_date",
    ]  # fmt: skip


async def test_a_project_is_created_with_a_default_cohort_changed_and_deleted(api: Api) -> None:
    made = await api.data(PROJECTS, "POST", json={"name": "New One"})
    twice, _ = await api.ask(PROJECTS, "POST", json={"name": "New One"})
    cohorts = await api.data(f"{PROJECTS}/new-one/cohorts")
    changed = await api.data(f"{PROJECTS}/new-one", "PATCH", json={"os": "zephyr"})
    gone, _ = await api.ask(f"{PROJECTS}/new-one", "DELETE")

    assert (made["slug"], twice, [cohort["slug"] for cohort in cohorts]) == ("new-one", 409, ["default"])
    assert (changed["os"], gone) == ("zephyr", 204)


async def test_software_versions_are_those_of_the_releases(api: Api) -> None:
    types = await api.data(f"{SINK}/software_types")
    versions = await api.data(f"{SINK}/software_types/main/software_versions")
    values = await api.data(f"{SINK}/software_type_values?sort=is_primary_type&sort=-active_device_count&sort=name")
    one = await api.data(f"{SINK}/software_types/main/software_versions/1.2.0")

    assert types[0]["software_versions_count"] == len(versions) == 13
    assert values[0]["name"] == "main"
    assert one in versions


# What devices ask


async def latest(api: Api, path: str = "/api/v0/releases/latest", **query: str) -> tuple[int, Any]:
    asked = {"hardware_version": "mp", "software_type": "main", "device_serial": "new", **query}
    key = (await api.data(f"{SINK}/api_key"))["api_key"]
    return await api.ask(path, auth=None, key=key, params=asked)


async def deploy(api: Api, *versions: str) -> None:
    """A payload for `mp` of each version, deployed to the default cohort."""
    for version in versions:
        prepared = await api.data(f"{SINK}/upload", "POST", json={"kind": "OTA_PAYLOAD", "size": 1})
        await api.ask(prepared["upload_url"], "PUT", auth=None, data=version.encode())
        body = {**payload(prepared["token"], version), "must_pass_through": version == "9.1.0"}
        await api.ask(f"{SINK}/releases/ota_payload", "POST", json=body)
        await api.data(f"{SINK}/deployments", "POST", json={"type": "normal", "release": version, "cohort": "default"})


async def test_a_device_gets_the_highest_release_bare_and_for_its_hardware(api: Api) -> None:
    await deploy(api, "9.2.0", "9.3.0")

    status, release = await latest(api)
    _, url = await latest(api, "/api/v0/releases/latest/url")

    assert (status, release["version"], release["is_delta"]) == (200, "9.3.0", False)
    assert [artifact["hardware_version"] for artifact in release["artifacts"]] == ["mp"]
    assert url.decode() == release["artifacts"][0]["url"]


async def test_a_release_that_must_be_passed_through_comes_first(api: Api) -> None:
    await deploy(api, "9.1.0", "9.3.0")

    _, below = await latest(api, current_version="9.0.0")
    _, above = await latest(api, current_version="9.1.0")

    assert (below["version"], above["version"]) == ("9.1.0", "9.3.0")


async def test_nothing_newer_is_204(api: Api) -> None:
    status, _ = await latest(api, current_version="99.0.0")

    assert status == 204


@pytest.mark.parametrize("query", [{"hardware_version": "x"}, {"software_type": "x"}, {"device_serial": ""}])
async def test_unknown_hardware_or_software_or_no_serial_is_400(api: Api, query: dict[str, str]) -> None:
    status, _ = await latest(api, **query)

    assert status == 400


async def test_a_wrong_project_key_is_403(api: Api) -> None:
    status, _ = await api.ask("/api/v0/releases/latest", auth=None, key="0" * 32)

    assert status == 403
