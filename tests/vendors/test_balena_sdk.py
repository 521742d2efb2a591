"""balena's own Python SDK works on the mock as it comes, and the graph shows what it did.

The SDK builds https addresses of a host alone and asks `/actor/v1/whoami` from that host's root: so the mock gets a
host of its own here, on the same world as the gateway's, and the SDK is told its address after it was made.
"""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Iterator
from typing import Any

import pytest
from balena import Balena
from balena.exceptions import ApplicationNotFound, NotLoggedIn, ReleaseNotFound
from starlette.types import Receive, Scope, Send

from tests.conftest import MockPort, served
from tests.graph.conftest import Gateway

PREFIX = "/balena"
FLEET = "acme/smart-sink"
TOKEN = "demo-balena-token"
SHOWN = {"$select": ["id", "commit", "raw_version", "status", "is_final", "is_invalidated"]}

RELEASE = """query Release($id: String!) { release: releaseByNativeId(source: "balena", nativeId: $id) {
  name status notes nativeStatus tags { key value }
  artifacts(first: 50) { nodes { kind name digests { value } } } } }"""
OWN = """query Fleet($id: String!) { fleet: fleetByNativeId(source: "balena", nativeId: $id) {
  name slug tracksLatest tags { key value } targetRelease { nativeId name isDeployed } } }"""


class Host:
    """The balena mock at the root of a host, as its clients know it; behind it the port the gateway asks."""

    def __init__(self, port: MockPort):
        self.port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = {**scope, "path": PREFIX + scope["path"], "raw_path": PREFIX.encode() + scope["raw_path"]}
        await self.port.mocks(scope, receive, send)


def client(host: str, token: str) -> Balena:
    made = Balena({"data_directory": False})  # type: ignore[typeddict-item]  # their type forgets the False they document
    made.settings.set("api_endpoint", f"{host}/")
    made.pine.api_prefix = f"{host}/v7/"
    made.auth.login_with_token(token)
    return made


@pytest.fixture
def host(world: MockPort) -> Iterator[str]:
    with served(Host(world)) as url:
        yield url


@pytest.fixture
def sdk(host: str) -> Balena:
    return client(host, TOKEN)


def asked(world: MockPort, method: str = "GET") -> list[str]:
    """Paths below the version, with that method, so far."""
    return [str(call["path"]).removeprefix(f"{PREFIX}/v7/") for call in world.calls if call["method"] == method]


def writes(world: MockPort) -> list[tuple[str, str, int]]:
    """Method, resource and status of all that was not read."""
    calls = [call for call in world.calls if call["method"] != "GET"]
    return [(str(c["method"]), str(c["path"]).split("/")[3].partition("?")[0], int(str(c["status"]))) for c in calls]


async def a_release(sdk: Balena, **wanted: Any) -> dict[str, Any]:
    """A release of the fleet with these members, the newest."""
    rows = await to_thread(sdk.models.release.get_all_by_application, FLEET, SHOWN)
    return next(dict(row) for row in rows if wanted.items() <= dict(row).items())


async def fleet_id(sdk: Balena) -> str:
    return str((await to_thread(sdk.models.application.get, FLEET, {"$select": "id"}))["id"])


async def images(gateway: Gateway, release_id: int) -> set[tuple[str, str]]:
    """Service and digest of the release's images, as the graph shows them."""
    found = (await gateway.data(RELEASE, id=str(release_id)))["release"]["artifacts"]["nodes"]
    of_services = [one for one in found if one["kind"] == "CONTAINER_IMAGE"]
    return {(one["name"], f"sha256:{digest['value']}") for one in of_services for digest in one["digests"]}


# Reading


async def test_it_is_told_who_it_is(sdk: Balena, host: str) -> None:
    assert await to_thread(sdk.auth.is_logged_in)
    assert await to_thread(sdk.auth.get_user_info) == {
        "id": 90001,
        "actor": 7000001,
        "username": "demo",
        "email": "demo@balena.example",
    }


async def test_a_wrong_token_is_not_logged_in(host: str) -> None:
    stranger = client(host, "expired")

    assert not await to_thread(stranger.auth.is_logged_in)
    with pytest.raises(NotLoggedIn):
        await to_thread(stranger.auth.whoami)


async def test_it_reads_the_fleets_of_the_graph(sdk: Balena, gateway: Gateway) -> None:
    read = await to_thread(sdk.models.application.get_all)

    shown = await gateway.data('{ fleets(first: 100, filter: {sources: ["balena"], mine: true}) { nodes { slug } } }')
    assert sorted(row["slug"] for row in read) == sorted(node["slug"] for node in shown["fleets"]["nodes"])


async def test_it_reads_the_releases_of_the_graph(sdk: Balena, gateway: Gateway) -> None:
    read = await to_thread(sdk.models.release.get_all_by_application, FLEET, {"$select": ["id", "raw_version"]})

    shown = await gateway.data(f"""{{ fleetBySlug(slug: "{FLEET}", source: "balena") {{
      releases(first: 200) {{ nodes {{ nativeId name }} }} }} }}""")
    nodes = shown["fleetBySlug"]["releases"]["nodes"]
    assert [(str(row["id"]), row["raw_version"]) for row in read] == [(n["nativeId"], n["name"]) for n in nodes]


async def test_it_finds_a_fleet_by_slug_uuid_name_and_id(sdk: Balena, world: MockPort) -> None:
    by_slug = await to_thread(sdk.models.application.get, FLEET.upper())

    assert await to_thread(sdk.models.application.get, by_slug["uuid"]) == by_slug
    assert await to_thread(sdk.models.application.get, by_slug["id"]) == by_slug
    assert await to_thread(sdk.models.application.get_by_name, "smart-sink") == by_slug
    assert not await to_thread(sdk.models.application.has, "acme/nothing")
    with pytest.raises(ApplicationNotFound):
        await to_thread(sdk.models.application.get, 5)
    assert "(slug%20eq%20'acme%2Fsmart-sink')%20or%20(uuid%20eq%20'acme%2Fsmart-sink')" in asked(world)[0]


async def test_it_finds_a_release_by_id_commit_and_version(sdk: Balena) -> None:
    release = await a_release(sdk, status="success", is_final=True)

    by_id = await to_thread(sdk.models.release.get, release["id"], SHOWN)
    by_commit = await to_thread(sdk.models.release.get, release["commit"], SHOWN)
    pair = {"application": FLEET, "raw_version": release["raw_version"]}
    by_version = await to_thread(sdk.models.release.get, pair, SHOWN)

    assert by_id == by_commit == by_version == release
    with pytest.raises(ReleaseNotFound):
        await to_thread(sdk.models.release.get, "0" * 40)


async def test_it_counts_without_reading(sdk: Balena, world: MockPort) -> None:
    mine = {"belongs_to__application": int(await fleet_id(sdk))}

    counted = await to_thread(sdk.pine.get, {"resource": "release", "options": {"$count": {"$filter": mine}}})

    assert asked(world)[-1].startswith("release/$count?$filter=")
    assert counted == len(await to_thread(sdk.models.release.get_all_by_application, FLEET, {"$select": "id"}))


async def test_it_reads_the_images_of_the_graph(sdk: Balena, gateway: Gateway) -> None:
    release = await a_release(sdk, status="success")

    read = await to_thread(sdk.models.release.get_with_image_details, release["id"], {"$select": "content_hash"})

    shown = await images(gateway, release["id"])
    assert {(one["service_name"], one["content_hash"]) for one in read["images"]} == shown != set()


async def test_it_reads_host_os_versions(sdk: Balena, world: MockPort) -> None:
    versions = await to_thread(sdk.models.os.get_available_os_versions, "raspberrypi4-64")

    assert versions
    assert all(row["raw_version"] for row in versions)
    assert "$expand=application_tag(" in asked(world)[-1]


async def test_it_reads_what_runs_on_a_device(sdk: Balena, gateway: Gateway) -> None:
    devices = await to_thread(sdk.models.device.get_all_by_application, FLEET, {"$filter": {"is_online": True}})

    read = await to_thread(sdk.models.device.get_with_service_details, devices[0]["uuid"])

    shown = await images(gateway, devices[0]["is_running__release"]["__id"])
    assert set(read["current_services"]) == {name for name, _ in shown} != set()


# Releases


async def test_a_note_it_sets_is_in_the_graph(sdk: Balena, gateway: Gateway) -> None:
    release = await a_release(sdk)

    await to_thread(sdk.models.release.set_note, release["id"], "## It's new\n50 % less & more")

    shown = await gateway.data(RELEASE, id=str(release["id"]))
    assert shown["release"]["notes"] == "## It's new\n50 % less & more"


async def test_a_tag_it_sets_twice_is_one_tag_with_the_second_value(
    sdk: Balena, world: MockPort, gateway: Gateway
) -> None:
    release = await a_release(sdk)
    world.mocks.calls.clear()

    await to_thread(sdk.models.release.tags.set, release["id"], "ring", "1")
    await to_thread(sdk.models.release.tags.set, release["id"], "ring", "2 & a half")

    assert writes(world) == [("POST", "release_tag", 201), ("POST", "release_tag", 409), ("PATCH", "release_tag", 200)]
    assert await to_thread(sdk.models.release.tags.get, release["id"], "ring") == "2 & a half"
    tags = (await gateway.data(RELEASE, id=str(release["id"])))["release"]["tags"]
    assert [tag for tag in tags if tag["key"] == "ring"] == [{"key": "ring", "value": "2 & a half"}]


async def test_a_tag_it_removes_leaves_the_graph(sdk: Balena, world: MockPort, gateway: Gateway) -> None:
    release = await a_release(sdk)
    before = (await gateway.data(RELEASE, id=str(release["id"])))["release"]["tags"]
    await to_thread(sdk.models.release.tags.set, release["id"], "ring", "1")

    await to_thread(sdk.models.release.tags.remove, release["id"], "ring")

    assert writes(world)[-1] == ("DELETE", "release_tag", 200)
    assert (await gateway.data(RELEASE, id=str(release["id"])))["release"]["tags"] == before


async def test_a_draft_it_finalises_becomes_available_under_its_lasting_version(sdk: Balena, gateway: Gateway) -> None:
    draft = await a_release(sdk, is_final=False, status="success")
    before = (await gateway.data(RELEASE, id=str(draft["id"])))["release"]

    await to_thread(sdk.models.release.finalize, draft["id"])

    after = (await gateway.data(RELEASE, id=str(draft["id"])))["release"]
    assert (before["status"], after["status"]) == ("DRAFT", "AVAILABLE")
    assert after["name"] == before["name"].rpartition("-")[0]


async def test_a_release_it_invalidates_is_invalidated_in_the_graph(sdk: Balena, gateway: Gateway) -> None:
    release = await a_release(sdk, status="success", is_final=True, is_invalidated=False)

    await to_thread(sdk.models.release.set_is_invalidated, release["id"], True)

    shown = (await gateway.data(RELEASE, id=str(release["id"])))["release"]
    assert (shown["status"], shown["nativeStatus"]) == ("INVALIDATED", "success")


# Fleets and devices


async def test_a_fleet_it_pins_and_lets_track_has_that_target(sdk: Balena, gateway: Gateway) -> None:
    number = await fleet_id(sdk)
    rows = await to_thread(sdk.models.release.get_all_by_application, FLEET, SHOWN)
    usable = [row for row in rows if row["status"] == "success" and row["is_final"] and not row["is_invalidated"]]

    await to_thread(sdk.models.application.pin_to_release, FLEET, usable[-1]["commit"])
    pinned = (await gateway.data(OWN, id=number))["fleet"]
    await to_thread(sdk.models.application.track_latest_release, FLEET)
    tracking = (await gateway.data(OWN, id=number))["fleet"]

    target = {"nativeId": str(usable[-1]["id"]), "name": usable[-1]["raw_version"], "isDeployed": True}
    assert (pinned["tracksLatest"], pinned["targetRelease"]) == (False, target)
    assert (tracking["tracksLatest"], tracking["targetRelease"]["nativeId"] == target["nativeId"]) == (True, False)
    assert await to_thread(sdk.models.application.is_tracking_latest_release, FLEET)


async def test_tags_of_a_fleet_follow(sdk: Balena, gateway: Gateway) -> None:
    number = await fleet_id(sdk)

    await to_thread(sdk.models.application.tags.set, FLEET, "site", "north")
    await to_thread(sdk.models.application.tags.set, FLEET, "site", "it's; north+south")
    set_twice = (await gateway.data(OWN, id=number))["fleet"]["tags"]
    await to_thread(sdk.models.application.tags.remove, FLEET, "site")
    removed = (await gateway.data(OWN, id=number))["fleet"]["tags"]

    assert [tag["value"] for tag in set_twice if tag["key"] == "site"] == ["it's; north+south"]
    assert [tag for tag in set_twice if tag["key"] != "site"] == removed


async def test_a_fleet_it_makes_renames_and_removes_comes_and_goes(sdk: Balena, gateway: Gateway) -> None:
    made = await to_thread(sdk.models.application.create, "harbour-light", "raspberrypi4-64", "acme")
    await to_thread(sdk.models.application.rename, "acme/harbour-light", "harbour-dark")
    renamed = (await gateway.data(OWN, id=str(made["id"])))["fleet"]
    await to_thread(sdk.models.application.remove, "acme/harbour-dark")
    gone = (await gateway.data(OWN, id=str(made["id"])))["fleet"]

    assert (renamed["name"], renamed["slug"], gone) == ("harbour-dark", "acme/harbour-dark", None)


async def test_a_device_it_pins_and_lets_follow_has_that_target(sdk: Balena, world: MockPort, gateway: Gateway) -> None:
    query = """query Devices($id: String!) { fleetByNativeId(source: "balena", nativeId: $id) {
      targetRelease { nativeId } devices(first: 100) { nodes { nativeId targetRelease { nativeId } } } } }"""
    number = await fleet_id(sdk)
    device = (await to_thread(sdk.models.device.get_all_by_application, FLEET))[0]
    rows = await to_thread(sdk.models.release.get_all_by_application, FLEET, SHOWN)
    oldest = [row for row in rows if row["status"] == "success"][-1]

    await to_thread(sdk.models.device.pin_to_release, device["uuid"], oldest["commit"])
    pinned = (await gateway.data(query, id=number))["fleetByNativeId"]
    await to_thread(sdk.models.device.track_application_release, device["uuid"])
    following = (await gateway.data(query, id=number))["fleetByNativeId"]

    assert ("PATCH", "device", 200) in writes(world)
    assert target_of(pinned, device["id"]) == {"nativeId": str(oldest["id"])}
    assert target_of(following, device["id"]) == following["targetRelease"]


def target_of(fleet: dict[str, Any], device: int) -> Any:
    (found,) = [node for node in fleet["devices"]["nodes"] if node["nativeId"] == str(device)]
    return found["targetRelease"]
