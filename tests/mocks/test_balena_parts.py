"""The balena mock's tags, assets and devices as they are written."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from yarl import URL

from tests.mocks.test_balena_api import MUST_PIN, Api, Json


@pytest.fixture
async def api(mocks: Any, http: aiohttp.ClientSession) -> AsyncIterator[Api]:
    yield await Api.with_own_fleet(http, mocks.url)
    await http.post(f"{mocks.url}/_mock/reset")


# Tags


async def test_a_tag_lives_through_post_patch_put_and_delete(api: Api) -> None:
    release = (await api.release())["id"]
    by_key = f"/release_tag(release={release},tag_key='channel')"

    await api.made("release_tag", release=release, tag_key="channel", value="beta")
    await api.patched(by_key, value="stable")
    patched = await api.d(f"{by_key}?$select=value")
    updated = await api.ask("PUT", by_key, {"value": "next"})
    inserted = await api.ask("PUT", f"/release_tag(release={release},tag_key='new')", {"value": "x"})
    tags = await api.d(f"/release_tag?$filter=release%20eq%20{release}&$select=tag_key,value&$orderby=tag_key%20asc")
    await api.ask("DELETE", f"/release_tag?$filter=(release%20eq%20{release})%20and%20(tag_key%20eq%20'channel')")

    assert patched == [{"value": "stable"}]
    assert [(reply.status, reply.text) for reply in (updated, inserted)] == [(200, ""), (200, "")]
    assert tags == [{"tag_key": "channel", "value": "next"}, {"tag_key": "new", "value": "x"}]
    assert await api.d(by_key) == []


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        pytest.param({"tag_key": "taken"}, (409, '"release" and "tag_key" must be unique.'), id="taken"),
        pytest.param({"tag_key": "a b"}, (400, "Tag keys cannot contain whitespace."), id="whitespace"),
        pytest.param({"tag_key": "io.balena.x"}, (400, "Tag keys beginning with io.balena. are reserved."), id="ours"),
        pytest.param({"value": None}, (400, ""), id="null value"),
        pytest.param({"release": 5}, (409, "Data is referenced by release."), id="no release"),
        pytest.param(
            {"value": "x" * 1_001},
            (400, "It is necessary that each release tag has a value that has a Length (Type) that is less than or "
                  "equal to 1000."),
            id="long value",
        ),
        pytest.param(
            {"tag_key": ""},
            (400, "It is necessary that each release tag has a tag key that has a Length (Type) that is greater "
                  "than 0."),
            id="empty key",
        ),
    ],
)  # fmt: skip
async def test_tags_that_are_refused(api: Api, change: Json, refusal: tuple[int, str]) -> None:
    release = (await api.release())["id"]
    await api.made("release_tag", release=release, tag_key="taken", value="v")

    reply = await api.ask("POST", "/release_tag", {"release": release, "tag_key": "k", "value": "v", **change})

    assert reply.refusal == refusal


async def test_a_tag_without_a_value_is_500(api: Api) -> None:
    assert (await api.ask("POST", "/application_tag", {"application": api.fleet, "tag_key": "k"})).status == 500


# Assets


async def test_an_asset_is_uploaded_as_multipart_and_downloaded_again(api: Api) -> None:
    release = (await api.release())["id"]
    form = aiohttp.FormData({"release": str(release), "asset_key": "sbom.json"})
    form.add_field("asset", b"\x00\xff{}\r\n", filename="sbom.json", content_type="application/json")

    reply = await api.ask("POST", "/release_asset", data=form)
    async with api.http.get(URL(reply.json["asset"]["href"], encoded=True)) as response:
        content = await response.read()

    assert reply.status == 201
    assert {name: reply.json["asset"][name] for name in ("filename", "content_type", "size")} == {
        "filename": "sbom.json", "content_type": "application/json", "size": 6,
    }  # fmt: skip
    assert content == b"\x00\xff{}\r\n"


@pytest.mark.parametrize("body", [{}, {"asset": None}])
async def test_json_makes_an_empty_slot(api: Api, body: Json) -> None:
    release = (await api.release())["id"]

    slot = await api.made("release_asset", release=release, asset_key="manual.pdf", **body)

    assert slot["asset"] is None


async def test_json_uploads_nothing(api: Api) -> None:
    release = (await api.release())["id"]

    reply = await api.ask("POST", "/release_asset", {"release": release, "asset_key": "x", "asset": {"filename": "x"}})

    assert reply.refusal == (400, "Use multipart requests to upload a file.")


# Devices


async def test_a_device_follows_its_fleet_until_it_is_pinned(api: Api) -> None:
    old, new = await api.release(), await api.release()
    device = await api.device()
    target = f"/device({device['id']})?$select=should_be_running__release"

    following = await api.d(target)
    await api.patched(f"/device({device['id']})", is_pinned_on__release=old["id"])
    pinned = await api.d(target)
    await api.patched(f"/device({device['id']})", is_pinned_on__release=None)

    assert following == [{"should_be_running__release": {"__id": new["id"]}}]
    assert pinned == [{"should_be_running__release": {"__id": old["id"]}}]
    assert await api.d(target) == following


async def test_a_pin_must_be_a_success_of_the_same_fleet(api: Api) -> None:
    failed = await api.release(status="failed")
    target = f"/device({(await api.device())['id']})"

    refusals = [
        (await api.patched(target, is_pinned_on__release=release)).refusal for release in (failed["id"], 3_000_001, 5)
    ]

    assert refusals == [(400, MUST_PIN), (400, MUST_PIN), (409, "Data is referenced by is_pinned_on__release.")]


async def test_a_pinned_release_cannot_stop_being_a_success(api: Api) -> None:
    pinned, _ = await api.release(), await api.release()
    await api.device(is_pinned_on__release=pinned["id"])

    assert (await api.patched(f"/release({pinned['id']})", status="failed")).refusal == (400, MUST_PIN)


async def test_a_moved_device_drops_its_pin_and_keeps_what_it_runs(api: Api) -> None:
    release = (await api.release())["id"]
    device = await api.device(is_pinned_on__release=release, is_running__release=release)
    (other,) = await api.d("/application(slug='acme/gateway')?$select=id")

    await api.patched(f"/device({device['id']})", belongs_to__application=other["id"])
    unknown = await api.patched(f"/device({device['id']})", belongs_to__application=5)

    (moved,) = await api.d(f"/device({device['id']})?$select=is_pinned_on__release,is_running__release")
    assert moved == {"is_pinned_on__release": None, "is_running__release": {"__id": release}}
    assert unknown.refusal == (404, "Application doesn't exist or you have no access to it.")


async def test_a_moved_device_takes_the_pin_of_the_same_request(api: Api) -> None:
    device = await api.device()
    (gateway,) = await api.d("/application(slug='acme/gateway')?$select=id,should_be_running__release")
    pin = gateway["should_be_running__release"]["__id"]

    reply = await api.patched(
        f"/device({device['id']})", belongs_to__application=gateway["id"], is_pinned_on__release=pin
    )

    (moved,) = await api.d(f"/device({device['id']})?$select=is_pinned_on__release")
    assert (reply.status, moved["is_pinned_on__release"]) == (200, {"__id": pin})


@pytest.mark.parametrize("uuid", ["abc", "A" * 32])
async def test_a_device_needs_a_lower_case_uuid(api: Api, uuid: str) -> None:
    body = {"belongs_to__application": api.fleet, "is_of__device_type": api.ids["device_type"], "uuid": uuid}

    reply = await api.ask("POST", "/device", body)

    assert reply.refusal == (400, "Device UUID must be a 32 or 62 character long lower case hex string.")


async def test_a_device_never_seen_is_configuring(api: Api) -> None:
    device = await api.device()

    assert await api.d(f"/device({device['id']})?$select=overall_status") == [{"overall_status": "configuring"}]
