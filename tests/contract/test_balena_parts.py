"""What the balena adapter promises of devices, deployments, tags, counts and links, on the wire against its mock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, TypeVar

import aiohttp
import pytest
from yarl import URL

from resolvers.errors import UpstreamBroken, UpstreamError, UpstreamPayloadError, UpstreamRefused
from resolvers.graph.artifact import Artifact
from resolvers.graph.deployment import Deployment
from resolvers.graph.device import Device
from resolvers.graph.enums import ArtifactKind, DeploymentStatus, SourceKind
from resolvers.graph.fleet import Fleet
from resolvers.graph.release import Release
from resolvers.upstreams.balena.client import Balena
from resolvers.upstreams.port import ArtifactQuery, Chunk, DeviceQuery, FleetQuery, Found, ReleaseQuery
from tests.conftest import MockPort

T = TypeVar("T")
Open = Callable[..., Balena]
TOKEN = {"Authorization": "Bearer demo-balena-token"}
WHO_AM_I = "/balena/actor/v1/whoami"
GONE = "2147483647"

ASKED: dict[str, Callable[[Balena, Sequence[str]], Awaitable[Found[Any]]]] = {
    "devices by id": lambda source, ids: source.devices_by_id(ids),
    "devices by fleet": lambda source, ids: source.devices_by_fleet_id(ids),
    "deployments by fleet": lambda source, ids: source.deployments_by_fleet_id(ids),
    "deployments by release": lambda source, ids: source.deployments_by_release_id(ids),
    "tags by release": lambda source, ids: source.tags_by_release_id(ids),
    "tags by fleet": lambda source, ids: source.tags_by_fleet_id(ids),
    "tags by device": lambda source, ids: source.tags_by_device_id(ids),
    "is deployed": lambda source, ids: source.is_deployed_by_release_id(ids),
    "devices on release": lambda source, ids: source.device_count_by_release_id(ids),
    "devices in fleet": lambda source, ids: source.device_count_by_fleet_id(ids),
}
EVERY_QUESTION = pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)


@pytest.fixture
def balena(upstream: Callable[..., Any]) -> Open:
    return lambda **settings: upstream(SourceKind.BALENA, **{"select_cloud_fields": True, **settings})


async def rows_of(chunks: AsyncIterator[Chunk[T]]) -> list[T]:
    return [row for chunk in [chunk async for chunk in chunks] for row in chunk.rows]


async def fleets_of(source: Balena) -> dict[str, Fleet]:
    return {fleet.native_id: fleet for fleet in await rows_of(source.fleets(FleetQuery()))}


async def releases_of(source: Balena) -> dict[str, Release]:
    return {release.native_id: release for release in await rows_of(source.releases(ReleaseQuery()))}


async def devices_of(source: Balena, **narrowed: Any) -> dict[str, Device]:
    return {device.native_id: device for device in await rows_of(source.devices(DeviceQuery(**narrowed)))}


async def artifacts_of(source: Balena) -> list[Artifact]:
    return await rows_of(source.artifacts(ArtifactQuery()))


def reads(mocks: MockPort) -> list[str]:
    return [path for path in mocks.paths("balena") if path != WHO_AM_I]


def values(found: Found[T]) -> dict[str, T]:
    """What was found, when nothing was left unknown."""
    assert not [one for one in found.values() if isinstance(one, UpstreamError)]
    return {native_id: one for native_id, one in found.items() if not isinstance(one, UpstreamError)}


async def told(http: aiohttp.ClientSession, mocks: MockPort, target: str) -> Any:
    """What the mock itself says."""
    async with http.get(URL(f"{mocks.url}/balena/v7/{target}", encoded=True), headers=TOKEN) as reply:
        return (await reply.json())["d"]


# --- devices ---


async def test_every_device_of_ours_is_listed_once_in_one_call(
    balena: Open, mocks: MockPort, http: aiohttp.ClientSession
) -> None:
    devices = await rows_of(balena().devices(DeviceQuery()))

    calls = reads(mocks)
    assert len({device.native_id for device in devices}) == len(devices)
    assert len(devices) == await told(http, mocks, "device/$count")
    assert len(calls) == 1


async def test_devices_lead_to_fleets_and_releases_of_ours(balena: Open) -> None:
    source = balena()
    fleets, releases = await fleets_of(source), await releases_of(source)

    devices = (await devices_of(source)).values()

    running = {device.running_release_native_id for device in devices} - {None}
    assert {device.fleet_native_id for device in devices} <= fleets.keys()
    assert running
    assert running <= releases.keys()
    assert {device.target_release_native_id for device in devices} - {None} <= releases.keys()
    assert {(device.raw_running_version, device.running_release_native_id) for device in devices} - {(None, None)} == {
        (releases[native_id].raw_version, native_id) for native_id in running if native_id
    }


async def test_a_device_should_run_its_pin_else_what_its_fleet_should(balena: Open) -> None:
    source = balena()
    fleets = await fleets_of(source)

    devices = (await devices_of(source)).values()

    def pin(device: Device) -> Any:
        details: Any = device.details_of()
        return details.get("is_pinned_on__release")

    pinned = [device for device in devices if pin(device) is not None]
    others = [device for device in devices if pin(device) is None]
    assert pinned
    assert [device.target_release_native_id for device in pinned] == [str(pin(device)) for device in pinned]
    assert [device.target_release_native_id for device in others] == [
        fleets[device.fleet_native_id or ""].target_release_native_id for device in others
    ]


async def test_devices_are_narrowed_to_exactly_what_is_asked(balena: Open, mocks: MockPort) -> None:
    source = balena()
    devices = await devices_of(source)
    one = next(device for device in devices.values() if device.raw_running_version and not device.is_online)
    mocks.mocks.calls.clear()

    online = await devices_of(source, is_online=True)
    running = await devices_of(source, running_versions=(one.raw_running_version, "it's none"))
    in_fleet = await devices_of(source, fleet_ids=(one.fleet_native_id, "no-number"), is_online=False)

    assert {*online} == {key for key, device in devices.items() if device.is_online}
    assert {*running} == {
        key for key, device in devices.items() if device.raw_running_version == one.raw_running_version
    }
    assert {*in_fleet} == {
        key for key, device in devices.items() if device.fleet_native_id == one.fleet_native_id and not device.is_online
    }
    assert len(reads(mocks)) == 3


@pytest.mark.parametrize(
    "narrowed",
    [{"fleet_ids": ()}, {"fleet_ids": ("a/b",)}, {"running_versions": ()}, {"running_versions": ("\0",)}],
    ids=str,
)
async def test_devices_that_cannot_be_cost_no_call(balena: Open, mocks: MockPort, narrowed: dict[str, Any]) -> None:
    assert await devices_of(balena(), **narrowed) == {}
    assert mocks.paths("balena") == []


async def test_a_search_is_left_to_who_folds_case_as_unicode_does(balena: Open) -> None:
    source = balena()

    assert {*await devices_of(source, search="RIVER")} == {*await devices_of(source)}


async def test_devices_are_found_by_id_and_by_fleet_as_they_are_listed(balena: Open, mocks: MockPort) -> None:
    source = balena()
    devices, fleets = await devices_of(source), await fleets_of(source)
    mocks.mocks.calls.clear()

    by_id = values(await source.devices_by_id([*devices, GONE]))
    by_fleet = values(await source.devices_by_fleet_id([*fleets, GONE]))

    assert {key: device.details_of() for key, device in by_id.items()} == {
        key: device.details_of() for key, device in devices.items()
    }
    assert {key: {one.native_id for one in own} for key, own in by_fleet.items()} == {
        key: {one.native_id for one in devices.values() if one.fleet_native_id == key} for key in [*fleets, GONE]
    }
    assert len(reads(mocks)) == 2


async def test_devices_outside_the_scope_are_not_there(balena: Open) -> None:
    narrow, wide = balena(organizations=("umbra",)), balena()
    own, everything = await devices_of(narrow), await devices_of(wide)
    others = [key for key in everything if key not in own]

    assert own
    assert others
    assert await narrow.devices_by_id(others) == {}
    assert await narrow.tags_by_device_id(others) == {}


async def test_an_open_server_is_asked_for_no_device_field_it_does_not_know(balena: Open, mocks: MockPort) -> None:
    mocks.mocks.switches["balena"]["open_server"] = True

    devices = await devices_of(balena(select_cloud_fields=None))

    details: list[Any] = [device.details_of() for device in devices.values()]
    assert details
    assert not [one for one in details if {"is_active", "is_frozen", "belongs_to__user"} & one.keys()]


async def test_a_list_that_lost_a_row_of_nobody_known_is_unknown_to_all(balena: Open, mocks: MockPort) -> None:
    source = balena()
    fleets = await fleets_of(source)
    store = mocks.mocks.kinds["balena"].v7.state.store  # type: ignore[attr-defined]  # the mock's own rows
    device = next(iter(store.all("device")))
    store.change("device", device, {"uuid": None})
    try:
        found = await source.devices_by_fleet_id([*fleets])
        listed = [chunk async for chunk in source.devices(DeviceQuery())]
    finally:
        mocks.mocks.reset()

    assert {type(one) for one in found.values()} == {UpstreamPayloadError}
    assert [type(failure.error) for chunk in listed for failure in chunk.failures] == [UpstreamPayloadError]
    assert listed[0].rows


# --- deployments ---


async def test_the_target_of_each_fleet_is_its_deployment(balena: Open, mocks: MockPort) -> None:
    source = balena()
    fleets = await fleets_of(source)
    mocks.mocks.calls.clear()

    by_fleet = values(await source.deployments_by_fleet_id([*fleets, GONE]))
    listed = [one for own in by_fleet.values() for one in own]
    by_id = values(await source.deployments_by_id([one.native_id for one in listed]))

    assert {key: [one.release_native_id for one in own] for key, own in by_fleet.items()} == {
        key: [fleet.target_release_native_id] if fleet.target_release_native_id else [] for key, fleet in fleets.items()
    }
    assert by_id == {one.native_id: one for one in listed}
    assert {one.status for one in listed} == {DeploymentStatus.ACTIVE}
    assert [] in by_fleet.values()
    assert len(reads(mocks)) == 2


async def test_deployments_of_releases_are_the_fleets_that_should_run_them(balena: Open, mocks: MockPort) -> None:
    source = balena()
    fleets, releases = await fleets_of(source), await releases_of(source)
    targets = {fleet.target_release_native_id: key for key, fleet in fleets.items() if fleet.target_release_native_id}
    mocks.mocks.calls.clear()

    found = values(await source.deployments_by_release_id([*releases]))

    assert {key: [one.fleet_native_id for one in own] for key, own in found.items()} == {
        key: [targets[key]] if key in targets else [] for key in releases
    }
    assert len(reads(mocks)) == 1


async def test_a_deployment_the_fleet_moved_on_from_is_gone(balena: Open) -> None:
    source = balena()
    fleet = next(fleet for fleet in (await fleets_of(source)).values() if fleet.target_release_native_id)
    current = f"{fleet.native_id}/{fleet.target_release_native_id}"

    found = await source.deployments_by_id([current, f"{fleet.native_id}/1", f"1/{fleet.target_release_native_id}"])

    assert [*found] == [current]
    assert isinstance(found[current], Deployment)


@pytest.mark.parametrize("native_id", ["", "1", "1/", "/1", "1/2/3", "a/1", "1/a", "01/1", "1/-1", "1%2F2"])
async def test_a_deployment_that_cannot_be_meant_costs_no_call(balena: Open, mocks: MockPort, native_id: str) -> None:
    assert await balena().deployments_by_id([native_id]) == {}
    assert mocks.paths("balena") == []


async def test_a_deployment_that_could_not_be_asked_for_is_unknown(balena: Open, mocks: MockPort) -> None:
    mocks.fail(source="balena", path="/balena/v7/*", status=503)

    found = await balena().deployments_by_id(["1/2"])

    assert isinstance(found["1/2"], UpstreamBroken)


# --- counts ---


async def test_devices_are_counted_in_one_call_for_all(balena: Open, mocks: MockPort) -> None:
    source = balena()
    devices = (await devices_of(source)).values()
    fleets, releases = await fleets_of(source), await releases_of(source)
    mocks.mocks.calls.clear()

    in_fleets = values(await source.device_count_by_fleet_id([*fleets, GONE]))
    on_releases = values(await source.device_count_by_release_id([*releases, GONE]))

    assert in_fleets == {key: sum(one.fleet_native_id == key for one in devices) for key in fleets}
    assert on_releases == {key: sum(one.running_release_native_id == key for one in devices) for key in releases}
    assert len(reads(mocks)) == 2
    assert "owns__device/$count" in reads(mocks)[0]


async def test_a_release_is_deployed_when_anything_points_to_it(balena: Open, mocks: MockPort) -> None:
    source = balena()
    fleets, releases, devices = await fleets_of(source), await releases_of(source), await devices_of(source)
    live = {fleet.target_release_native_id for fleet in fleets.values()}
    live |= {device.running_release_native_id for device in devices.values()}
    live |= {device.target_release_native_id for device in devices.values()}
    mocks.mocks.calls.clear()

    found = values(await source.is_deployed_by_release_id([*releases, GONE]))

    assert found == {key: key in live for key in releases}
    assert {*found.values()} == {True, False}
    assert len(reads(mocks)) == 1


async def test_of_strangers_fleets_nothing_is_counted_and_only_a_yes_is_told(balena: Open) -> None:
    wide = balena(public=True)
    theirs = {key: fleet for key, fleet in (await fleets_of(wide)).items() if not fleet.is_mine}
    releases = [key for key, release in (await releases_of(wide)).items() if release.fleet_native_id in theirs]
    targets = {fleet.target_release_native_id for fleet in theirs.values()}

    assert await wide.device_count_by_fleet_id([*theirs]) == {}
    assert await wide.device_count_by_release_id(releases) == {}
    assert await wide.is_deployed_by_release_id(releases) == {key: True for key in releases if key in targets}
    assert {*await wide.deployments_by_fleet_id([*theirs])} == {*theirs}
    assert {*await wide.tags_by_fleet_id([*theirs])} == {*theirs}


# --- tags ---


async def test_tags_are_read_in_one_call_for_all_by_key(
    balena: Open, mocks: MockPort, http: aiohttp.ClientSession
) -> None:
    source = balena()
    fleets, releases, devices = await fleets_of(source), await releases_of(source), await devices_of(source)
    mocks.mocks.calls.clear()

    of_fleets = values(await source.tags_by_fleet_id([*fleets, GONE]))
    of_releases = values(await source.tags_by_release_id([*releases, GONE]))
    of_devices = values(await source.tags_by_device_id([*devices, GONE]))
    calls = len(reads(mocks))

    rows = await told(http, mocks, "release_tag?$select=release,tag_key,value")
    assert {(key, tag.key, tag.value) for key, tags in of_releases.items() for tag in tags} == {
        (str(row["release"]["__id"]), row["tag_key"], row["value"])
        for row in rows
        if str(row["release"]["__id"]) in releases
    }
    assert any(of_releases.values())
    assert ["description", "product"] in [[tag.key for tag in tags] for tags in of_fleets.values()]
    assert (of_fleets.keys(), of_releases.keys(), of_devices.keys()) == (
        fleets.keys(), releases.keys(), devices.keys(),
    )  # fmt: skip
    assert calls == 3


# --- artifacts ---


async def test_a_download_link_is_signed_anew_and_leads_to_the_file(
    balena: Open, mocks: MockPort, http: aiohttp.ClientSession
) -> None:
    source = balena()
    artifacts = await artifacts_of(source)
    asset = next(one for one in artifacts if one.kind is ArtifactKind.RELEASE_ASSET and one.filename)
    slots = [one.native_id for one in artifacts if one.kind is ArtifactKind.RELEASE_ASSET and not one.filename]
    image = next(one.native_id for one in artifacts if one.kind is ArtifactKind.CONTAINER_IMAGE)
    mocks.mocks.calls.clear()

    links = values(await source.download_url_by_artifact_id([asset.native_id, image, *slots, "asset/1"]))
    again = await source.download_url_by_artifact_id([asset.native_id])

    asked = reads(mocks)
    async with http.get(URL(links[asset.native_id], encoded=True)) as reply:
        assert reply.status == 200
    assert [*links] == [*again] == [asset.native_id]
    assert len(asked) == 2


async def test_images_found_through_a_release_lead_to_all_they_serve(balena: Open, mocks: MockPort) -> None:
    source = balena()
    listed = {one.native_id: one for one in await artifacts_of(source)}
    reused = next(one for one in listed.values() if len(one.release_native_ids) > 1)
    asset = next(one for one in listed.values() if one.kind is ArtifactKind.RELEASE_ASSET)
    release = reused.release_native_ids[0]
    files = values(await source.artifacts_by_release_id([release]))[release]
    mocks.mocks.calls.clear()

    found = values(await source.release_ids_by_artifact_id([reused.native_id, asset.native_id, "image/1"]))

    assert {(one.kind, one.has_all_releases) for one in files} <= {
        (ArtifactKind.CONTAINER_IMAGE, False), (ArtifactKind.RELEASE_ASSET, True),
    }  # fmt: skip
    assert {one.has_all_releases for one in listed.values()} == {True}
    assert {key: {*own} for key, own in found.items()} == {
        reused.native_id: {*reused.release_native_ids},
        asset.native_id: {*asset.release_native_ids},
    }
    assert len(reads(mocks)) == 2


async def test_an_image_leads_to_no_release_outside_the_scope(balena: Open) -> None:
    wide, narrow = balena(), balena(organizations=("umbra",))
    own = {one.native_id for one in await artifacts_of(narrow)}
    foreign = [one.native_id for one in await artifacts_of(wide) if one.native_id not in own]

    assert await narrow.release_ids_by_artifact_id(foreign) == {}
    assert await narrow.download_url_by_artifact_id(foreign) == {}


# --- every question ---


@EVERY_QUESTION
async def test_what_cannot_be_a_number_is_not_asked(
    balena: Open, mocks: MockPort, ask: Callable[[Balena, Sequence[str]], Awaitable[Found[Any]]]
) -> None:
    assert await ask(balena(), ["", "x", "1/2", "01", "2147483648", "image/1"]) == {}
    assert mocks.paths("balena") == []


@EVERY_QUESTION
async def test_calls_grow_by_chunks_of_two_hundred(
    balena: Open, mocks: MockPort, ask: Callable[[Balena, Sequence[str]], Awaitable[Found[Any]]]
) -> None:
    await ask(balena(), [str(number) for number in range(2_000_000_000, 2_000_000_401)])

    assert len(reads(mocks)) == 3
    assert max(map(len, reads(mocks))) < 6_000


@EVERY_QUESTION
async def test_a_bad_token_leaves_it_unknown(
    balena: Open, ask: Callable[[Balena, Sequence[str]], Awaitable[Found[Any]]]
) -> None:
    found = await ask(balena(token="stale-token-0815"), ["1"])

    assert isinstance(found["1"], UpstreamRefused)
    assert "stale-token-0815" not in str(found["1"])


@EVERY_QUESTION
async def test_another_shape_leaves_it_unknown(
    balena: Open, mocks: MockPort, ask: Callable[[Balena, Sequence[str]], Awaitable[Found[Any]]]
) -> None:
    mocks.fail(source="balena", path="/balena/v7/*", wrong_shape=True)

    found = await ask(balena(), ["1"])

    assert isinstance(found["1"], UpstreamPayloadError)


@EVERY_QUESTION
async def test_an_open_server_answers_the_same(
    balena: Open, mocks: MockPort, ask: Callable[[Balena, Sequence[str]], Awaitable[Found[Any]]]
) -> None:
    source = balena()
    ids = [*await fleets_of(source), *await releases_of(source), *await devices_of(source)]
    of_cloud = values(await ask(source, ids))
    mocks.mocks.switches["balena"].update(open_server=True, compares_finely=True)

    of_open = values(await ask(balena(select_cloud_fields=False), ids))

    assert of_cloud
    assert of_open.keys() == of_cloud.keys()


async def test_a_dashboard_address_gives_fleets_and_releases_their_pages(balena: Open) -> None:
    source = balena(web_url="https://dashboard.example")
    fleets, releases = await fleets_of(source), await releases_of(source)

    assert {fleet.web_url for fleet in fleets.values()} == {f"https://dashboard.example/fleets/{key}" for key in fleets}
    assert {release.web_url for release in releases.values()} == {
        f"https://dashboard.example/fleets/{release.fleet_native_id}/releases/{key}"
        for key, release in releases.items()
    }
