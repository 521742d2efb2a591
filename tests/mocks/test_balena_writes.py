"""The balena mock's writes in general, and those of fleets: replies, names, pins and tracking."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.mocks.test_balena_api import MUST_RUN, Api, Json

JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def api(mocks: Any, http: aiohttp.ClientSession) -> AsyncIterator[Api]:
    yield await Api.with_own_fleet(http, mocks.url)
    await http.post(f"{mocks.url}/_mock/reset")


# Replies


async def test_a_creation_is_201_with_the_bare_row_and_its_place(api: Api) -> None:
    reply = await api.ask("POST", "/application_tag", {"application": api.fleet, "tag_key": "k", "value": "v"})

    assert reply.status == 201
    assert {*reply.json} == {"id", "created_at", "application", "tag_key", "value"}
    assert reply.headers["Location"] == f"/v7/application_tag(@id)?@id={reply.json['id']}"
    assert reply.headers["ETag"].startswith('W/"')


async def test_a_creation_can_be_answered_with_the_id_alone(api: Api) -> None:
    body = {"application": api.fleet, "tag_key": "k", "value": "v"}

    reply = await api.ask("POST", "/application_tag?returnResource=false", body)

    assert {*reply.json} == {"id"}


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_a_write_of_nothing_is_an_empty_200(api: Api, method: str) -> None:
    reply = await api.ask(method, "/release_tag(release=1,tag_key='k')", {"value": "v"})

    assert (reply.status, reply.text) == (200, "")
    assert reply.headers["Transfer-Encoding"] == "chunked"
    assert "Content-Type" not in reply.headers
    assert "ETag" not in reply.headers


async def test_public_rows_of_others_are_left_as_they_are(api: Api) -> None:
    (before,) = await api.d("/application(slug='open-weather/weather-station')")

    patched = await api.patched(f"/application({before['id']})", is_archived=True)
    deleted = await api.ask("DELETE", f"/release?$filter=belongs_to__application%20eq%20{before['id']}")
    tagged = await api.ask("POST", "/application_tag", {"application": before["id"], "tag_key": "k", "value": "v"})

    assert (patched.status, deleted.status, tagged.refusal) == (200, 200, (401, ""))
    assert await api.d(f"/application({before['id']})") == [before]
    assert await api.d(f"/application({before['id']})/owns__release/$count") == 4


async def test_a_write_may_name_its_rows_by_a_filter(api: Api) -> None:
    await api.release(), await api.release()

    await api.ask("PATCH", f"/release?$filter=belongs_to__application%20eq%20{api.fleet}", {"note": "both"})

    rows = await api.d(f"/release?$select=note&$filter=belongs_to__application%20eq%20{api.fleet}")
    assert rows == [{"note": "both"}, {"note": "both"}]


# Fleets


async def test_a_fleet_gets_its_slug_uuid_and_tracking_from_the_server(api: Api) -> None:
    (fleet,) = await api.d("/application(slug='acme/own-fleet')?$expand=is_directly_accessible_by__user")

    assert (fleet["app_name"], fleet["is_of__class"], fleet["should_track_latest_release"]) == (
        "Own-Fleet",
        "fleet",
        True,
    )
    assert len(fleet["uuid"]) == 32
    assert len(fleet["is_directly_accessible_by__user"]) == 1


async def test_a_slug_follows_a_new_name(api: Api) -> None:
    await api.patched(f"/application({api.fleet})", app_name="Renamed")

    assert (await api.d("/application(slug='acme/renamed')"))[0]["id"] == api.fleet


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        pytest.param({"app_name": None}, (400, "Missing application name"), id="no name"),
        pytest.param({"app_name": "a b c d"}, (400, "App name may only contain [a-zA-Z0-9_-]."), id="spaces"),
        pytest.param({"app_name": "own-fleet"}, (409, '"slug" must be unique.'), id="taken"),
        pytest.param({"is_for__device_type": 9}, (409, "Data is referenced by is_for__device_type."), id="no board"),
        pytest.param({"is_of__class": "navy"}, (400, "Check constraint violated"), id="unknown class"),
        pytest.param({"organization": None}, (400, ""), id="null organization"),
        pytest.param({"is_host": "true"}, (400, ""), id="text for a boolean"),
        pytest.param(
            {"app_name": "abc"},
            (400, "It is necessary that each application has an app name that has a Length (Type) that is greater than "
                  "or equal to 4 and is less than or equal to 100."),
            id="short name",
        ),
    ],
)  # fmt: skip
async def test_fleets_that_are_refused(api: Api, change: Json, refusal: tuple[int, str]) -> None:
    body = {"app_name": "other", "organization": api.ids["organization"], "is_for__device_type": api.ids["device_type"]}

    reply = await api.ask("POST", "/application", {**body, **change})

    assert reply.refusal == refusal


async def test_a_missing_member_is_500(api: Api) -> None:
    assert (await api.ask("POST", "/application", {"app_name": "other"})).refusal == (500, "")


async def test_a_board_of_another_architecture_is_refused(api: Api) -> None:
    (other,) = await api.d("/device_type(slug='intel-nuc')?$select=id")
    (alike,) = await api.d("/device_type(slug='raspberrypi5')?$select=id")

    refused = await api.patched(f"/application({api.fleet})", is_for__device_type=other["id"])
    accepted = await api.patched(f"/application({api.fleet})", is_for__device_type=alike["id"])

    assert (refused.status, accepted.status) == (400, 200)


async def test_deleting_a_fleet_takes_everything_along(api: Api) -> None:
    service = await api.made("service", application=api.fleet, service_name="main")
    release = await api.release()
    device = await api.device(is_pinned_on__release=release["id"])

    reply = await api.ask("DELETE", f"/application({api.fleet})")
    again = await api.ask("DELETE", f"/application({api.fleet})")

    gone = [f"/service({service['id']})", f"/release({release['id']})", f"/device({device['id']})"]
    assert reply.refusal == (200, "")
    assert again.refusal == (404, "Application(s) not found.")
    assert [await api.d(target) for target in gone] == [[], [], []]


async def test_deleting_fleets_by_a_filter_that_finds_none_is_fine(api: Api) -> None:
    assert (await api.ask("DELETE", "/application?$filter=id%20eq%201")).status == 200


# Pinning and tracking


async def test_a_fleet_follows_its_newest_usable_release(api: Api) -> None:
    first, second = await api.release(), await api.release()
    assert await api.target() == second["id"]

    await api.patched(f"/release({second['id']})", is_invalidated=True)
    assert await api.target() == first["id"]

    draft = await api.release(is_final=False)
    assert await api.target() == first["id"]

    await api.patched(f"/release({draft['id']})", is_final=True)
    assert await api.target() == draft["id"]


async def test_the_target_stays_when_no_release_qualifies(api: Api) -> None:
    release = await api.release()

    await api.patched(f"/release({release['id']})", is_passing_tests=False)

    assert await api.target() == release["id"]


async def test_newest_means_the_latest_start(api: Api) -> None:
    newer = await api.release(start_timestamp="2026-10-20T00:00:00Z")
    await api.release(start_timestamp="2026-10-19T00:00:00Z")

    assert await api.target() == newer["id"]


async def test_tracking_again_only_flips_the_flag_until_a_release_changes_state(api: Api) -> None:
    old, new = await api.release(), await api.release()
    pinned = await api.patched(
        f"/application({api.fleet})", should_be_running__release=old["id"], should_track_latest_release=False
    )
    await api.patched(f"/application({api.fleet})", should_track_latest_release=True)
    flipped = await api.target()

    await api.patched(f"/release({new['id']})", note="no state")
    noted = await api.target()
    await api.patched(f"/release({new['id']})", is_passing_tests=True)

    assert pinned.status == 200
    assert (flipped, noted, await api.target()) == (old["id"], old["id"], new["id"])


async def test_a_pinned_fleet_does_not_move(api: Api) -> None:
    old = await api.release()
    await api.patched(f"/application({api.fleet})", should_track_latest_release=False)

    await api.release()

    assert await api.target() == old["id"]


async def test_a_fleet_is_pinned_by_slug_and_by_text_of_digits(api: Api) -> None:
    old, _ = await api.release(), await api.release()

    reply = await api.patched(
        "/application(slug='acme/own-fleet')",
        should_be_running__release=str(old["id"]), should_track_latest_release=False,
    )  # fmt: skip

    assert (reply.status, await api.target()) == (200, old["id"])


@pytest.mark.parametrize(
    ("target", "refusal"),
    [
        pytest.param("abc", (400, ""), id="no number"),
        pytest.param(5, (409, "Data is referenced by should_be_running__release."), id="unknown"),
        pytest.param(3_000_001, (400, MUST_RUN), id="of another fleet"),
    ],
)
async def test_targets_that_are_refused(api: Api, target: Any, refusal: tuple[int, str]) -> None:
    assert (await api.patched(f"/application({api.fleet})", should_be_running__release=target)).refusal == refusal


@pytest.mark.parametrize("given", [True, False, 1, 0, "1", "0"])
async def test_flags_are_booleans_or_their_digits(api: Api, given: Any) -> None:
    reply = await api.patched(f"/application({api.fleet})", should_track_latest_release=given)

    (row,) = await api.d(f"/application({api.fleet})?$select=should_track_latest_release")
    assert (reply.status, row["should_track_latest_release"]) == (200, bool(int(given)))


@pytest.mark.parametrize("given", ["true", "false", 2, None])
async def test_flags_in_words_are_refused_without_one(api: Api, given: Any) -> None:
    reply = await api.patched(f"/application({api.fleet})", should_track_latest_release=given)

    assert reply.refusal == (400, "")


async def test_the_documented_example_without_a_comma_gets_html(api: Api) -> None:
    body = '{"should_be_running__release": "1"\n"should_track_latest_release": false}'

    reply = await api.ask("PATCH", f"/application({api.fleet})", data=body, headers=JSON)

    assert reply.status == 400
    assert reply.headers["Content-Type"].startswith("text/html")


async def test_a_target_cannot_stop_being_a_success_but_can_be_invalidated(api: Api) -> None:
    release = await api.release()

    failed = await api.patched(f"/release({release['id']})", status="failed")
    invalidated = await api.patched(f"/release({release['id']})", is_invalidated=True)

    assert (failed.refusal, invalidated.status) == ((400, MUST_RUN), 200)


async def test_invalid_releases_and_successful_drafts_can_be_pinned(api: Api) -> None:
    invalid = await api.release(is_invalidated=True)
    draft = await api.release(is_final=False)

    replies = [
        await api.patched(f"/application({api.fleet})", should_be_running__release=release["id"])
        for release in (invalid, draft)
    ]

    assert [reply.status for reply in replies] == [200, 200]
