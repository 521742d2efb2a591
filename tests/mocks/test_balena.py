"""The balena mock: envelopes, credentials, refusals, the documented examples, and the world it shows."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from yarl import URL

TOKEN = "demo-balena-token"


@dataclass
class Reply:
    status: int
    text: str
    headers: Any

    @property
    def d(self) -> Any:
        assert self.status == 200, (self.status, self.text)
        return json.loads(self.text)["d"]


@dataclass
class Balena:
    """Asks the mock with URLs exactly as written."""

    http: aiohttp.ClientSession
    url: str

    async def ask(self, method: str, target: str, token: str | None = TOKEN, **more: Any) -> Reply:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers.update(more.pop("headers", {}))
        url = URL(f"{self.url}/balena{target}", encoded=True)
        async with self.http.request(method, url, headers=headers, **more) as response:
            return Reply(response.status, (await response.read()).decode(), response.headers)

    async def get(self, target: str, token: str | None = TOKEN, **more: Any) -> Reply:
        return await self.ask("GET", target, token, **more)

    async def fleet(self, slug: str) -> dict[str, Any]:
        (row,) = (await self.get(f"/v7/application(slug='{slug}')")).d
        return dict(row)


@pytest.fixture
async def balena(mocks: Any, http: aiohttp.ClientSession) -> AsyncIterator[Balena]:
    yield Balena(http, mocks.url)
    await http.post(f"{mocks.url}/_mock/reset")


# The documented examples


async def test_fleets_of_an_organization_are_found_by_its_handle(balena: Balena) -> None:
    rows = (await balena.get("/v7/application?$filter=organization/any(o:o/handle%20eq%20%27umbra%27)")).d

    assert [row["slug"] for row in rows] == ["umbra/dock"]


async def test_all_fleets_include_the_public_ones_of_others(balena: Balena) -> None:
    rows = (await balena.get("/v7/application?$select=slug")).d

    assert {row["slug"] for row in rows} == {
        "acme/smart-sink", "acme/gateway", "acme/sensor-hub", "acme/gauge", "umbra/dock", "acme/smart-sink-legacy",
        "balena_os/raspberrypi4-64", "open-weather/weather-station",
    }  # fmt: skip


async def test_fleets_of_the_caller_leave_the_public_ones_of_others_out(balena: Balena) -> None:
    rows = (await balena.get("/v7/application?$filter=is_directly_accessible_by__user/any(dau:true)&$select=slug")).d

    assert len(rows) == 6
    assert "open-weather/weather-station" not in {row["slug"] for row in rows}


async def test_a_fleet_is_found_by_id_slug_and_name_with_the_documented_fields(balena: Balena) -> None:
    by_slug = await balena.fleet("acme/gauge")
    encoded = (await balena.get("/v7/application(slug='acme%2Fgauge')")).d
    by_id = (await balena.get(f"/v7/application({by_slug['id']})")).d
    by_name = (await balena.get("/v7/application?$filter=app_name%20eq%20'gauge'")).d

    assert encoded == by_id == by_name == [by_slug]
    assert {*by_slug} == {
        "id", "uuid", "organization", "actor", "app_name", "slug", "should_be_running__release", "application_type",
        "is_for__device_type", "should_track_latest_release", "is_accessible_by_support_until__date", "is_public",
        "is_host", "is_archived", "is_discoverable", "is_stored_at__repository_url", "created_at", "is_of__class",
    }  # fmt: skip


async def test_a_fleet_comes_with_its_devices(balena: Balena) -> None:
    fleet = await balena.fleet("umbra/dock")

    (row,) = (await balena.get(f"/v7/application({fleet['id']})?$expand=owns__device")).d

    assert len(row["owns__device"]) == 12
    assert {device["belongs_to__application"]["__id"] for device in row["owns__device"]} == {fleet["id"]}


async def test_fleets_that_are_not_public(balena: Balena) -> None:
    rows = (await balena.get("/v7/application?$filter=is_public%20eq%20false")).d

    assert len(rows) == 6


async def test_the_target_release_is_a_link(balena: Balena) -> None:
    rows = (await balena.get("/v7/application(slug='acme/gauge')?$select=should_be_running__release")).d

    assert [{*row} for row in rows] == [{"should_be_running__release"}]
    assert [*rows[0]["should_be_running__release"]] == ["__id"]


async def test_releases_of_a_fleet_have_the_documented_fields_but_raw_version(balena: Balena) -> None:
    fleet = await balena.fleet("acme/gauge")

    rows = (await balena.get(f"/v7/release?$filter=belongs_to__application%20eq%20{fleet['id']}")).d

    documented = {
        "id", "created_at", "belongs_to__application", "is_created_by__user", "semver", "semver_major", "semver_minor",
        "semver_patch", "semver_prerelease", "semver_build", "revision", "variant", "commit", "composition", "status",
        "source", "build_log", "start_timestamp", "end_timestamp", "update_timestamp", "is_invalidated",
        "release_version", "contract",
    }  # fmt: skip
    assert documented <= {*rows[0]}
    assert "raw_version" not in rows[0]


async def test_raw_version_comes_when_selected(balena: Balena) -> None:
    fleet = await balena.fleet("acme/gauge")
    release = fleet["should_be_running__release"]["__id"]

    rows = (await balena.get(f"/v7/release({release})?$select=raw_version")).d

    assert rows == [{"raw_version": "0.0.0+rev2"}]


async def test_a_release_id_is_found_by_fleet_and_version_and_by_fleet_and_commit(balena: Balena) -> None:
    fleet = (await balena.fleet("acme/sensor-hub"))["id"]
    of_fleet = f"/v7/release?$filter=belongs_to__application%20eq%20{fleet}%20and%20"

    (row,) = (await balena.get(of_fleet + "raw_version%20eq%20'1.5.6'&$select=id,commit")).d
    by_commit = (await balena.get(of_fleet + f"commit%20eq%20'{row['commit']}'&$select=id")).d

    assert by_commit == [{"id": row["id"]}]


# Envelopes, kinds of values


async def test_a_missing_row_is_an_empty_list(balena: Balena) -> None:
    by_id = await balena.get("/v7/release(1)")
    by_key = await balena.get("/v7/application(slug='acme/nothing')")

    assert by_id.text == by_key.text == '{"d":[]}'


async def test_replies_carry_the_documented_headers(balena: Balena) -> None:
    reply = await balena.get("/v7/cpu_architecture")

    assert reply.headers["Content-Type"] == "application/json; charset=utf-8"
    assert reply.headers["Cache-Control"] == "no-cache"
    assert reply.headers["Vary"] == "Accept-Encoding"
    assert reply.headers["ETag"].startswith('W/"')


@pytest.mark.parametrize("known", [pytest.param(None, id="the tag"), pytest.param("*", id="anything")])
async def test_a_known_tag_is_304_without_a_body(balena: Balena, known: str | None) -> None:
    tag = (await balena.get("/v7/cpu_architecture")).headers["ETag"]

    reply = await balena.get("/v7/cpu_architecture", headers={"If-None-Match": known or tag})

    assert (reply.status, reply.text) == (304, "")


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [("gzip", "gzip"), ("br", "br"), ("gzip, deflate, br;q=0.9", "br"), ("identity", None), ("zstd", None)],
)
async def test_large_replies_are_compressed_as_asked_and_small_ones_stay_plain(
    balena: Balena, accepted: str, coding: str | None
) -> None:
    large = await balena.get("/v7/release", headers={"Accept-Encoding": accepted})
    small = await balena.get("/v7/release/$count", headers={"Accept-Encoding": accepted})

    assert large.headers.get("Content-Encoding") == coding
    assert len(large.d) > 50
    assert "Content-Encoding" not in small.headers


async def test_moments_have_milliseconds_though_stored_finer(balena: Balena) -> None:
    (row,) = (await balena.get("/v7/release?$filter=commit%20eq%20'nothing'%20or%20id%20eq%203000001")).d

    assert row["created_at"] == "2025-07-03T19:59:59.984Z"


async def test_a_link_not_expanded_is_an_id_or_null(balena: Balena) -> None:
    running = await balena.fleet("acme/gauge")
    archived = await balena.fleet("acme/smart-sink-legacy")

    assert isinstance(running["should_be_running__release"]["__id"], int)
    assert archived["should_be_running__release"] is None


async def test_a_link_expanded_is_a_list_of_one_or_none(balena: Balena) -> None:
    target = "$select=slug&$expand=should_be_running__release($select=status)"

    running = (await balena.get(f"/v7/application(slug='acme/gauge')?{target}")).d
    archived = (await balena.get(f"/v7/application(slug='acme/smart-sink-legacy')?{target}")).d

    assert running == [{"should_be_running__release": [{"status": "success"}], "slug": "acme/gauge"}]
    assert archived == [{"should_be_running__release": [], "slug": "acme/smart-sink-legacy"}]


async def test_full_metadata_adds_addresses(balena: Balena) -> None:
    reply = await balena.get("/v7/release(3000001)?$select=belongs_to__application&$format=json;metadata=full")

    fleet = reply.d[0]["belongs_to__application"]["__id"]
    assert reply.d == [
        {
            "__metadata": {"uri": "/v7/release(@id)?@id=3000001"},
            "belongs_to__application": {
                "__id": fleet,
                "__deferred": {"uri": f"/v7/application(@id)?@id={fleet}"},
            },
        }
    ]


async def test_sizes_of_images_are_text_and_of_assets_numbers(balena: Balena) -> None:
    images = (await balena.get("/v7/image?$filter=image_size%20ne%20null&$select=image_size")).d
    assets = (await balena.get("/v7/release_asset?$filter=asset%20ne%20null&$select=asset")).d

    assert {type(row["image_size"]) for row in images} == {str}
    assert {type(row["asset"]["size"]) for row in assets} == {int}


async def test_the_version_document_of_a_draft_has_its_birth_as_a_number(balena: Balena) -> None:
    rows = (await balena.get("/v7/release?$filter=status%20eq%20'running'&$select=version,semver,raw_version")).d

    assert rows == [
        {
            "version": {
                "raw": "1.7.0-1793534219994", "major": 1, "minor": 7, "patch": 0, "version": "1.7.0-1793534219994",
                "prerelease": [1793534219994], "build": [],
            },
            "semver": "1.7.0",
            "raw_version": "1.7.0-1793534219994",
        }
    ]  # fmt: skip


# Credentials


@pytest.mark.parametrize("token", [pytest.param(None, id="none"), pytest.param("x", id="garbage")])
async def test_a_bad_token_sees_public_rows_only(balena: Balena, token: str | None) -> None:
    fleets = (await balena.get("/v7/application?$select=slug", token)).d
    releases = (await balena.get("/v7/release/$count", token)).d
    images = (await balena.get("/v7/image/$count", token)).d

    assert {row["slug"] for row in fleets} == {"balena_os/raspberrypi4-64", "open-weather/weather-station"}
    assert (releases, images) == (9, 9)


async def test_basic_credentials_are_a_guest_too(balena: Balena) -> None:
    reply = await balena.get("/v7/release/$count", None, headers={"Authorization": "Basic ZGVtbzpkZW1v"})

    assert reply.d == 9


@pytest.mark.parametrize("resource", ["organization", "device", "user", "application_type", "nope", "$metadata"])
async def test_closed_resources_are_401_with_an_empty_body_for_a_guest(balena: Balena, resource: str) -> None:
    reply = await balena.get(f"/v7/{resource}", "x")

    assert (reply.status, reply.text) == (401, "")


@pytest.mark.parametrize(
    "target",
    [
        "/v7/application?$expand=organization",
        "/v7/application?$expand=owns__device/$count",
        "/v7/application?$filter=owns__device/$count%20gt%200",
        "/v7/release?$filter=is_running_on__device/any(d:true)",
    ],
)
async def test_touching_a_closed_resource_makes_all_of_it_401(balena: Balena, target: str) -> None:
    reply = await balena.get(target, "x")

    assert (reply.status, reply.text) == (401, "")


async def test_a_guest_may_select_links_into_closed_resources(balena: Balena) -> None:
    rows = (await balena.get("/v7/application?$select=organization", "x")).d

    assert len(rows) == 2


async def test_a_guest_still_gets_400_for_the_url_and_500_for_the_field(balena: Balena) -> None:
    malformed = await balena.get("/v7/release?$filter=id%20eq", "x")
    unknown = await balena.get("/v7/release?$select=nothing", "x")

    assert (malformed.status, unknown.status) == (400, 500)


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
async def test_a_guest_writes_nothing(balena: Balena, method: str) -> None:
    reply = await balena.ask(method, "/v7/release_tag(1)", "x", json={"value": "x"})

    assert (reply.status, reply.text) == (401, "")


async def test_who_am_i_tells_bad_tokens_from_no_rows(balena: Balena) -> None:
    user = await balena.get("/user/v1/whoami")
    actor = await balena.get("/actor/v1/whoami")
    bad = await balena.get("/actor/v1/whoami", "x")

    me = json.loads(user.text)
    assert {*me} == {"id", "username", "email"}
    assert json.loads(actor.text).items() >= {"actorType": "user", "actorTypeId": me["id"]}.items()
    assert (bad.status, bad.text) == (401, "")


async def test_a_key_in_the_query_works_like_the_header(balena: Balena) -> None:
    reply = await balena.get(f"/v7/organization?$select=handle&apikey={TOKEN}", None)

    assert {row["handle"] for row in reply.d} == {"acme", "umbra"}


async def test_another_account_sees_its_own_organization_only(balena: Balena) -> None:
    rows = (await balena.get("/v7/application?$filter=is_public%20eq%20false&$select=slug", "partner-balena-token")).d

    assert rows == [{"slug": "umbra/dock"}]


async def test_logging_in_gives_a_token_and_rests_after_ten_wrong_tries(balena: Balena) -> None:
    right = {"username": "demo", "password": "demo-balena-password"}

    token = (await balena.ask("POST", "/login_", None, json=right)).text
    wrong = [await balena.ask("POST", "/login_", None, json={**right, "password": "x"}) for _ in range(10)]
    tired = await balena.ask("POST", "/login_", None, json=right)

    assert (await balena.get("/user/v1/whoami", token)).status == 200
    assert {reply.status for reply in wrong} == {401}
    assert (tired.status, tired.headers["Retry-After"], tired.text) == (429, "3600", '"Too Many Requests"')


async def test_a_named_key_is_told_once_and_works(balena: Balena) -> None:
    key = json.loads((await balena.ask("POST", "/api-key/user/full", json={"name": "ci"})).text)

    assert len(key) == 32
    assert (await balena.get("/user/v1/whoami", key)).status == 200


# Refusals


async def test_a_malformed_url_is_told_as_it_came(balena: Balena) -> None:
    reply = await balena.get("/v7/release?$filter=id%20eq")

    assert reply.status == 400
    assert json.loads(reply.text) == "Malformed url: '/v7/release?$filter=id%20eq'"
    assert reply.headers["ETag"].startswith('W/"')


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("HEAD", "/v7/release", 500),
        ("POST", "/v7/$batch", 400),
        ("GET", "/v8/release", 404),
        ("GET", "/nowhere", 404),
        ("POST", "/user/v1/whoami", 404),
        ("TRACE", "/v7/release", 404),
        ("POST", "/v7/device_type", 401),
        ("DELETE", "/v7/organization(1)", 401),
    ],
)
async def test_verbs_and_paths_that_are_not_served(balena: Balena, method: str, target: str, status: int) -> None:
    assert (await balena.ask(method, target)).status == status


async def test_a_url_beyond_sixteen_kibibytes_is_431(balena: Balena) -> None:
    ids = ",".join(["1234567"] * 1_800)
    long = await balena.get(f"/v7/release?$filter=id%20in%20({ids})&$select=id")
    too_long = await balena.get(f"/v7/release?$filter=id%20in%20({ids},{ids})&$select=id")

    assert (long.status, too_long.status, too_long.text) == (200, 431, "")


async def test_a_body_beyond_512_kibibytes_is_413_in_html(balena: Balena) -> None:
    reply = await balena.ask("PATCH", "/v7/release(3000001)", json={"note": "x" * 600_000})

    assert reply.status == 413
    assert reply.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("body", ['{"a": "b" "c": 1}', '"text"', "5", "{"])
async def test_a_body_that_is_no_json_gets_html(balena: Balena, body: str) -> None:
    reply = await balena.ask("PATCH", "/v7/release(1)", data=body, headers={"Content-Type": "application/json"})

    assert reply.status == 400
    assert reply.headers["Content-Type"].startswith("text/html")


# The world


async def test_ids_do_not_come_sorted_without_an_order(balena: Balena) -> None:
    ids = [row["id"] for row in (await balena.get("/v7/release?$select=id")).d]

    assert ids != sorted(ids)
    assert ids != sorted(ids, reverse=True)


async def test_paging_without_an_order_is_unstable(balena: Balena) -> None:
    whole = {row["id"] for row in (await balena.get("/v7/release?$select=id")).d}
    pages = [(await balena.get(f"/v7/release?$select=id&$top=20&$skip={skip}")).d for skip in range(0, 100, 20)]

    assert {row["id"] for page in pages for row in page} != whole


async def test_every_state_of_a_release_occurs(balena: Balena) -> None:
    rows = (await balena.get("/v7/release?$select=status,is_final,is_invalidated,end_timestamp,is_passing_tests")).d

    assert {row["status"] for row in rows} == {"success", "failed", "running", "cancelled", "interrupted"}
    assert {(row["status"], row["is_final"]) for row in rows} >= {("success", True), ("success", False)}
    assert {row["is_invalidated"] for row in rows} == {row["is_passing_tests"] for row in rows} == {True, False}
    assert {row["status"] for row in rows if row["end_timestamp"] is None} == {"running", "interrupted"}


async def test_two_failed_releases_share_a_commit_with_the_success_that_followed(balena: Balena) -> None:
    failed = (await balena.get("/v7/release?$filter=status%20eq%20'failed'&$select=commit,created_at")).d
    commit = failed[0]["commit"]
    tries = (await balena.get(f"/v7/release?$filter=commit%20eq%20'{commit}'&$select=status")).d

    assert len(failed) == 2
    assert failed[0] == failed[1]
    assert sorted(row["status"] for row in tries) == ["failed", "failed", "success"]


async def test_a_version_built_twice_is_a_revision(balena: Balena) -> None:
    rows = (await balena.get("/v7/release?$filter=raw_version%20eq%20'1.0.1%2Brev1'&$select=revision,semver")).d

    assert rows == [{"revision": 1, "semver": "1.0.1"}]


async def test_versions_that_are_none_are_revisions_of_zero(balena: Balena) -> None:
    fleet = (await balena.fleet("acme/gauge"))["id"]
    rows = (
        await balena.get(
            f"/v7/release?$filter=(belongs_to__application%20eq%20{fleet})%20and%20(semver%20eq%20'0.0.0')"
            "%20and%20(is_final%20eq%20true)&$select=raw_version&$orderby=revision%20asc"
        )
    ).d

    assert [row["raw_version"] for row in rows] == ["0.0.0", "0.0.0+rev1", "0.0.0+rev2"]


async def test_an_image_is_shared_by_several_releases(balena: Balena) -> None:
    shared = (await balena.get("/v7/image?$filter=release_image/$count%20gt%201&$select=id")).d

    assert shared


async def test_a_release_comes_with_everything(balena: Balena) -> None:
    (row,) = (
        await balena.get(
            "/v7/release?$top=1&$filter=release_asset/any(a:true)%20and%20is_final%20eq%20true&$select=id,raw_version"
            "&$expand=release_image($select=id;$expand=image($select=id,content_hash,image_size,"
            "is_stored_at__image_location,status,push_timestamp;$expand=is_a_build_of__service($select=id,service_name)"
            ")),release_tag($select=tag_key,value),release_asset($select=id,asset_key,asset)"
        )
    ).d

    image = row["release_image"][0]["image"][0]
    assert [*row] == ["release_image", "release_tag", "release_asset", "id", "raw_version"]
    assert image["content_hash"].startswith("sha256:")
    assert len(image["content_hash"]) == 71
    assert image["is_stored_at__image_location"].startswith("registry2.balena-cloud.com/v2/")
    assert image["is_a_build_of__service"][0]["service_name"]
    assert {tag["tag_key"] for tag in row["release_tag"]} == {"channel", "built-by"}


async def test_the_newest_release_of_one_fleet_is_withdrawn_and_it_runs_the_one_before(balena: Balena) -> None:
    (row,) = (
        await balena.get(
            "/v7/application(slug='umbra/dock')?$select=id&$expand=should_be_running__release($select=raw_version),"
            "owns__release($select=raw_version,is_invalidated;$orderby=start_timestamp%20desc;$top=1)"
        )
    ).d

    assert row["owns__release"] == [{"raw_version": "1.3.1", "is_invalidated": True}]
    assert row["should_be_running__release"] == [{"raw_version": "1.3.0-rc.1"}]


async def test_other_users_are_invisible(balena: Balena) -> None:
    rows = (await balena.get("/v7/release?$select=id&$expand=is_created_by__user($select=username)")).d

    assert {json.dumps(row["is_created_by__user"]) for row in rows} == {"[]", '[{"username": "demo"}]'}


async def test_host_os_versions_of_a_device_type(balena: Balena) -> None:
    rows = (
        await balena.get(
            "/v7/release?$select=raw_version&$filter=(is_final%20eq%20true)%20and%20(belongs_to__application/any(a:"
            "(a/is_host%20eq%20true)%20and%20(a/is_for__device_type/any(dt:dt/slug%20eq%20'raspberrypi4-64'))))"
            "&$orderby=semver_major%20desc,semver_minor%20desc,semver_patch%20desc,revision%20desc"
        )
    ).d

    assert [row["raw_version"] for row in rows] == ["6.1.2", "6.0.13+rev1", "6.0.13", "6.0.10", "5.3.27"]


async def test_devices_of_other_peoples_public_fleets_stay_hidden(balena: Balena) -> None:
    (row,) = (
        await balena.get("/v7/application(slug='open-weather/weather-station')?$select=id&$expand=owns__device/$count")
    ).d

    assert row["owns__device"] == 0


# Files


async def test_an_asset_is_downloaded_from_its_signed_address_without_a_token(balena: Balena) -> None:
    (row,) = (await balena.get("/v7/release_asset?$top=1&$filter=asset%20ne%20null")).d
    asset = row["asset"]

    again = (await balena.get(f"/v7/release_asset({row['id']})")).d[0]["asset"]
    async with balena.http.get(URL(asset["href"], encoded=True)) as response:
        content = await response.read()

    assert {*asset} == {"filename", "href", "content_type", "size"}
    assert len(content) == asset["size"]
    assert again["href"] == asset["href"]


async def test_a_signed_address_expires_and_is_renewed_on_the_next_read(balena: Balena, mocks: Any) -> None:
    (row,) = (await balena.get("/v7/release_asset?$top=1&$filter=asset%20ne%20null")).d

    mocks.mocks.switches["balena"]["elapsed_s"] = 25 * 3600
    async with balena.http.get(URL(row["asset"]["href"], encoded=True)) as response:
        stale = response.status
    fresh = (await balena.get(f"/v7/release_asset({row['id']})")).d[0]["asset"]["href"]
    async with balena.http.get(URL(fresh, encoded=True)) as response:
        renewed = response.status

    assert (stale, renewed) == (403, 200)


async def test_a_forged_address_is_refused(balena: Balena) -> None:
    (row,) = (await balena.get("/v7/release_asset?$top=1&$filter=asset%20ne%20null")).d

    async with balena.http.get(URL(row["asset"]["href"][:-1] + "x", encoded=True)) as response:
        assert response.status == 403


async def test_host_os_downloads_are_sized_by_board(balena: Balena) -> None:
    size = await balena.get("/device-types/v1/raspberrypi4-64/images/6.1.2/download-size")
    image = await balena.get("/download?deviceType=raspberrypi4-64&version=6.1.2&fileType=.gz")
    unknown = await balena.get("/device-types/v1/toaster/images/6.1.2/download-size")

    assert json.loads(size.text)["size"] > 0
    assert image.headers["Content-Type"] == "application/octet-stream"
    assert unknown.status == 404


# Switches


async def test_the_open_server_shows_computed_columns_unasked_and_no_cloud_columns(balena: Balena, mocks: Any) -> None:
    mocks.mocks.switches["balena"]["open_server"] = True

    (row,) = (await balena.get("/v7/release(3000001)")).d
    cloud = await balena.get("/v7/release(3000001)?$select=is_created_by__user")

    assert {"raw_version", "modified_at"} <= {*row}
    assert cloud.status == 500


async def test_a_cap_on_rows_can_be_asked_for(balena: Balena, mocks: Any) -> None:
    mocks.mocks.switches["balena"]["most_rows"] = 7

    assert len((await balena.get("/v7/release?$select=id")).d) == 7


async def test_bad_tokens_can_be_refused_outright(balena: Balena, mocks: Any) -> None:
    mocks.mocks.switches["balena"]["refuses_bad_tokens"] = True

    assert (await balena.get("/v7/release", "x")).status == 401
