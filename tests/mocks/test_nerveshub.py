"""The imitated NervesHub keeps the contract of the REST API, its refusals and its surprises."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest
from yarl import URL

from tests.conftest import MockPort
from upstream_mocks.nerveshub import build

GATEWAY = "/api/orgs/acme/products/gateway"
DETAIL = {"errors": {"detail": "Resource Not Found or Authorization Insufficient"}}


class Api:
    """The mock as one client sees it; `status`, `headers` and `body` are of the last answer."""

    def __init__(self, mocks: MockPort, http: aiohttp.ClientSession):
        self.mocks, self.http = mocks, http
        self.headers: dict[str, str] = {}

    async def ask(
        self,
        path: str,
        verb: str = "GET",
        *,
        auth: str | None = "Bearer demo-nerveshub-token",
        kind: str = "",
        **sent: Any,
    ) -> tuple[int, Any]:
        given = {"Authorization": auth or "", "Content-Type": kind}
        headers = {name: value for name, value in given.items() if value}
        url = URL(f"{self.mocks.url}/nerveshub{path}", encoded=True)
        async with self.http.request(verb, url, headers=headers, allow_redirects=False, **sent) as response:
            self.headers = {name.lower(): value for name, value in response.headers.items()}
            is_json = response.content_type == "application/json"
            return response.status, await response.json() if is_json else await response.text()

    async def data(self, path: str, verb: str = "GET", **sent: Any) -> Any:
        status, body = await self.ask(path, verb, **sent)
        assert status in (200, 201), body
        return body["data"]

    def switch(self, **switches: Any) -> None:
        self.mocks.mocks.switches["nerveshub"].update(switches)


@pytest.fixture
def api(mocks: MockPort, http: aiohttp.ClientSession) -> Iterator[Api]:
    """The API with the world's rows; what a test writes is gone after it."""
    yield Api(mocks, http)
    mocks.mocks.kinds["nerveshub"] = build(mocks.mocks.world, mocks.mocks.switches["nerveshub"])


def fw(**meta: str) -> bytes:
    """A signed firmware archive as fwup makes them."""
    told = {"product": "gateway", "version": "9.0.0", "platform": "rpi4", "architecture": "arm"} | meta
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("meta.conf", "".join(f'meta-{key}="{value}"\n' for key, value in told.items()))
        archive.writestr("meta.conf.ed25519", b"signature")
    return packed.getvalue()


def form(content: bytes) -> aiohttp.FormData:
    filled = aiohttp.FormData()
    filled.add_field("firmware", content, filename="gateway.fw")
    return filled


# Who may ask


@pytest.mark.parametrize("scheme", ["Bearer", "token", "bearer", "TOKEN"])
async def test_both_schemes_let_in_whatever_their_case(api: Api, scheme: str) -> None:
    answer = await api.ask("/api/users/me", auth=f"{scheme} demo-nerveshub-token")

    assert answer == (200, {"data": {"name": "Demo", "email": "demo@nerveshub.example"}})


@pytest.mark.parametrize("auth", [None, "Bearer wrong", "Basic ZGVtbw==", "demo-nerveshub-token"])
async def test_no_valid_token_is_401_with_the_one_sentence(api: Api, auth: str | None) -> None:
    answer = await api.ask("/api/orgs", auth=auth)

    assert answer == (401, DETAIL)


async def test_a_role_too_low_is_401_and_never_403(api: Api) -> None:
    viewer = "token demo-nerveshub-view-token"

    reads = await api.ask(GATEWAY, auth=viewer)
    downloads = await api.ask(f"{GATEWAY}/firmwares/{await first_uuid(api)}/download", auth=viewer)
    deletes = await api.ask(GATEWAY, "DELETE", auth="token demo-nerveshub-manage-token")

    assert reads[0] == 200
    assert downloads == (401, DETAIL)
    assert deletes == (401, DETAIL)


async def test_a_foreign_org_answers_as_if_it_did_not_exist(api: Api) -> None:
    foreign = await api.ask(GATEWAY, auth="Bearer demo-nerveshub-stranger-token")
    unknown = await api.ask("/api/orgs/nobody/products")
    orgs = await api.ask("/api/orgs", auth="Bearer demo-nerveshub-stranger-token")

    assert foreign == unknown == (404, DETAIL)
    assert orgs == (200, {"data": []})


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        pytest.param("GET", "/api/nothing", id="unknown path"),
        pytest.param("GET", "/api/orgs/acme", id="an org alone"),
        pytest.param("PATCH", f"{GATEWAY}/deployments/beta", id="wrong verb"),
        pytest.param("POST", f"{GATEWAY}/devices/gateway-1", id="create at the identifier"),
    ],
)
async def test_what_the_router_does_not_know_is_404(api: Api, verb: str, path: str) -> None:
    answer = await api.ask(path, verb)

    assert answer == (404, DETAIL)


async def test_email_and_password_get_the_token(api: Api) -> None:
    login = {"email": "demo@nerveshub.example", "password": "demo-nerveshub-password", "note": "test"}

    user = await api.data("/api/users/auth", "POST", json=login, auth=None)
    status, refusal = await api.ask("/api/users/login", "POST", json={**login, "password": "wrong"}, auth=None)

    assert user == {"name": "Demo", "email": "demo@nerveshub.example", "token": "demo-nerveshub-token"}
    assert status == 401
    assert refusal["errors"]["detail"].startswith("Authentication failed")


async def test_a_browser_login_waits_and_is_then_ready(api: Api) -> None:
    session = await api.data("/api/auth/cli_session", "POST", auth=None)
    path = f"/api/auth/cli_session/{session['token']}"

    first, second = await api.data(path, auth=None), await api.data(path, auth=None)

    assert (first["status"], second["status"]) == ("waiting", "ready")
    assert second["user_token"] == "demo-nerveshub-token"


async def test_health_asks_for_no_token(api: Api) -> None:
    answer = await api.ask("/status/alive", auth=None)

    assert answer == (200, "Hello, Friend!")


# Orgs and products


async def test_orgs_name_their_products_only_when_asked(api: Api) -> None:
    bare, full = await api.data("/api/orgs"), await api.data("/api/orgs?include=products")

    assert [sorted(org) for org in bare] == [["inserted_at", "name", "updated_at"]] * 2
    assert {org["name"]: [product["name"] for product in org["products"]] for org in full} == {
        "acme": ["gateway", "sensor-hub", "gauge"],
        "umbra": ["dock"],
    }


async def test_a_product_tells_its_settings(api: Api) -> None:
    product = await api.data(GATEWAY)

    assert product == {
        "name": "gateway",
        "require_unique_firmware_version": True,
        "allowed_update_tools": ["fwup"],
        "allow_unsigned_esp_idf_firmware": False,
    }


async def test_a_product_is_created_flat_configured_and_deleted(api: Api) -> None:
    made = await api.ask("/api/orgs/acme/products", "POST", json={"name": "gw two"})
    location = api.headers["location"]
    taken = await api.ask("/api/orgs/acme/products", "POST", json={"name": "gw two"})
    nested = await api.ask("/api/orgs/acme/products", "POST", json={"product": {"name": "gw three"}})
    put = await api.data("/api/orgs/acme/products/gw%20two", "PUT", json={"allowed_update_tools": ["esp-idf"]})
    gone = await api.ask("/api/orgs/acme/products/gw%20two", "DELETE")

    assert made[0] == 201
    assert location.endswith("/api/orgs/acme/products/gw%20two")
    assert taken == (422, {"errors": {"name": ["has already been taken"]}})
    assert nested == (422, {"errors": {"name": ["can't be blank"]}})
    assert put["allowed_update_tools"] == ["esp-idf"]
    assert gone == (204, "")


# Firmwares


async def first_uuid(api: Api) -> str:
    uuid: str = (await api.data(f"{GATEWAY}/firmwares"))[0]["uuid"]
    return uuid


async def test_a_firmware_tells_eight_facts_and_no_time_or_size(api: Api) -> None:
    firmwares = await api.data(f"{GATEWAY}/firmwares")

    assert {tuple(firmware) for firmware in firmwares} == {
        ("uuid", "version", "architecture", "platform", "author", "product", "tool")
    }
    assert {firmware["product"] for firmware in firmwares} == {"gateway"}


async def test_firmwares_come_whole_newest_version_first_whatever_page_is_asked(api: Api) -> None:
    whole = await api.data(f"{GATEWAY}/firmwares")
    paged = await api.data(f"{GATEWAY}/firmwares?pagination[page_size]=1")

    versions = list(dict.fromkeys(firmware["version"] for firmware in whole))
    assert paged == whole
    assert versions == [
        "1.3.3", "1.3.2", "1.3.1", "1.3.0-rc.1", "1.2.6", "1.2.5-rc.1",
        "1.2.4", "1.2.3", "1.2.2", "1.2.1", "1.2.0", "1.1.0", "1.0.1-rc.1",
    ]  # fmt: skip


async def test_one_version_may_be_several_firmwares(api: Api) -> None:
    firmwares = await api.data(f"{GATEWAY}/firmwares")

    boards = {(firmware["platform"], firmware["architecture"]) for firmware in firmwares}
    assert boards == {("rpi4", "arm"), ("rpi5", "aarch64")}
    assert len(firmwares) > len({firmware["version"] for firmware in firmwares})


async def test_a_name_with_a_slash_is_one_part_of_the_path(api: Api) -> None:
    await api.data("/api/orgs/acme/products", "POST", json={"name": "a/b"})

    shown = await api.data("/api/orgs/acme/products/a%2Fb")
    status, _ = await api.ask("/api/orgs/acme/products/a/b")

    assert (shown["name"], status) == ("a/b", 404)


async def test_one_firmware_goes_by_uuid(api: Api) -> None:
    listed = (await api.data(f"{GATEWAY}/firmwares"))[0]

    shown = await api.data(f"{GATEWAY}/firmwares/{listed['uuid']}")
    missing = await api.ask(f"{GATEWAY}/firmwares/none")

    assert shown == listed
    assert missing == (404, DETAIL)


async def test_a_download_redirects_to_the_stored_file(api: Api) -> None:
    uuid = await first_uuid(api)

    status, _ = await api.ask(f"{GATEWAY}/firmwares/{uuid}/download")
    location = api.headers["location"]
    file = await api.ask(location.removeprefix(f"{api.mocks.url}/nerveshub"), auth=None)

    assert status == 302
    assert location.endswith(f"/{uuid}.fw")
    assert file[0] == 200


async def test_an_uploaded_firmware_is_listed(api: Api) -> None:
    made = await api.data(f"{GATEWAY}/firmwares", "POST", data=form(fw(author="ada")))
    location = api.headers["location"]
    listed = await api.data(f"{GATEWAY}/firmwares")

    assert {**made, "uuid": ""} == {
        "uuid": "", "version": "9.0.0", "architecture": "arm", "platform": "rpi4",
        "author": "ada", "product": "gateway", "tool": "fwup",
    }  # fmt: skip
    assert location.endswith(f"{GATEWAY}/firmwares/{made['uuid']}")
    assert listed[0] == made


@pytest.mark.parametrize(
    ("content", "errors"),
    [
        pytest.param(b"no zip", {"detail": "The file is of no format this server recognises."}, id="format"),
        pytest.param(
            fw(product="dock"), {"detail": "The firmware is of the product dock, not of gateway."}, id="product"
        ),
        pytest.param(fw(version="7"), {"detail": "The version 7 is no semantic version."}, id="version"),
        pytest.param(fw(version="1.3.3"), {"version": ["has already been taken"]}, id="duplicate"),
    ],
)
async def test_an_upload_that_does_not_fit_is_422(api: Api, content: bytes, errors: dict[str, Any]) -> None:
    answer = await api.ask(f"{GATEWAY}/firmwares", "POST", data=form(content))

    assert answer == (422, {"errors": errors})


async def test_an_upload_without_a_file_says_so(api: Api) -> None:
    answer = await api.ask(f"{GATEWAY}/firmwares", "POST", json={})

    assert answer == (422, {"errors": {"detail": "No firmware uploaded"}})


async def test_an_upload_over_the_limit_is_413(api: Api) -> None:
    api.switch(firmware_upload_max_size=100)

    status, _ = await api.ask(f"{GATEWAY}/firmwares", "POST", data=form(fw()))

    assert status == 413


async def test_a_duplicate_version_is_taken_where_uniqueness_is_off(api: Api) -> None:
    await api.data(GATEWAY, "PUT", json={"require_unique_firmware_version": False})

    status, _ = await api.ask(f"{GATEWAY}/firmwares", "POST", data=form(fw(version="1.3.3")))

    assert status == 201


async def test_a_firmware_in_use_cannot_be_deleted(api: Api) -> None:
    group = await api.data(f"{GATEWAY}/deployments/production")
    unused = await api.data(f"{GATEWAY}/firmwares", "POST", data=form(fw()))

    refused = await api.ask(f"{GATEWAY}/firmwares/{group['firmware_uuid']}", "DELETE")
    gone = await api.ask(f"{GATEWAY}/firmwares/{unused['uuid']}", "DELETE")

    assert refused == (422, {"errors": {"deployment_releases": ["Firmware has associated deployment releases"]}})
    assert gone == (204, "")


# Deployment groups


async def test_groups_come_by_name_with_their_current_release(api: Api) -> None:
    groups = await api.data(f"{GATEWAY}/deployments")

    production = groups[-1]
    release = production["current_release"]
    assert [group["name"] for group in groups] == ["Prod Deployment", "beta", "production"]
    assert sorted(production) == [
        "archive_uuid", "conditions", "current_release", "delta_updatable", "device_count", "firmware_uuid",
        "is_active", "name", "notes", "releases_count", "state",
    ]  # fmt: skip
    assert production["conditions"] == {"version": ">= 1.0.0", "tags": ["prod"], "tag_operator": "and"}
    assert (production["is_active"], production["state"]) == (True, "on")
    assert (release["number"], release["firmware"]["uuid"]) == (3, production["firmware_uuid"])
    assert sorted(release["firmware"]) == ["architecture", "platform", "uuid", "version"]


async def test_a_name_with_a_space_travels_encoded(api: Api) -> None:
    group = await api.data(f"{GATEWAY}/deployments/Prod%20Deployment")

    assert (group["name"], group["state"]) == ("Prod Deployment", "off")


async def test_device_counts_of_groups_are_those_of_the_list(api: Api) -> None:
    group = await api.data(f"{GATEWAY}/deployments/beta")
    devices = await api.data(f"{GATEWAY}/devices?pagination[page_size]=500")

    names = [device["deployment_group"] and device["deployment_group"]["name"] for device in devices]
    assert group["device_count"] == names.count("beta") > 0


async def test_an_old_server_sends_the_core_of_a_group_only(api: Api) -> None:
    api.switch(server_version="2.4.0")

    group = await api.data(f"{GATEWAY}/deployments/production")
    product, firmware = await api.data(GATEWAY), (await api.data(f"{GATEWAY}/firmwares"))[0]

    assert sorted(group) == ["conditions", "delta_updatable", "firmware_uuid", "is_active", "name", "state"]
    assert sorted(group["conditions"]) == ["tags", "version"]
    assert product == {"name": "gateway"}
    assert "tool" not in firmware


async def test_a_new_group_is_off_and_counts_nothing(api: Api) -> None:
    wanted = {"name": "lab", "firmware": await first_uuid(api), "conditions": {}, "state": "on", "is_active": True}

    made = await api.ask(f"{GATEWAY}/deployments", "POST", json=wanted)
    location = api.headers["location"]
    shown = await api.data(f"{GATEWAY}/deployments/lab")

    assert made[0] == 201
    assert location.endswith(f"{GATEWAY}/deployments/lab")
    assert (made[1]["data"]["is_active"], made[1]["data"]["device_count"]) == (False, None)
    assert made[1]["data"]["current_release"]["number"] == 1
    assert shown == {**made[1]["data"], "device_count": 0, "releases_count": 1}


@pytest.mark.parametrize(
    ("change", "status", "errors"),
    [
        pytest.param({"name": None}, 422, {"name": ["can't be blank"]}, id="no name"),
        pytest.param({"name": "beta"}, 422, {"name": ["has already been taken"]}, id="name taken"),
        pytest.param({"conditions": None}, 422, {"conditions": ["can't be blank"]}, id="no conditions"),
        pytest.param({"firmware": None}, 422, {"detail": "No firmware UUID provided"}, id="no firmware"),
        pytest.param({"firmware": "none"}, 404, DETAIL["errors"], id="unknown firmware"),
        pytest.param({"platform": "x"}, 422, {"platform": ["must be that of the firmware"]}, id="platform"),
        pytest.param(
            {"conditions": {"version": "newest"}}, 422, {"version": ["must be a version requirement"]}, id="version"
        ),
        pytest.param({"notes": "n" * 1001}, 422, {"notes": ["should be at most 1000 character(s)"]}, id="notes"),
    ],
)
async def test_a_group_that_does_not_fit_is_refused(
    api: Api, change: dict[str, Any], status: int, errors: dict[str, Any]
) -> None:
    wanted = {"name": "lab", "firmware": await first_uuid(api), "conditions": {}, **change}

    answer = await api.ask(f"{GATEWAY}/deployments", "POST", json=wanted)

    assert answer == (status, {"errors": errors})


async def test_a_firmware_makes_a_release_and_hides_the_rest_of_the_request(api: Api) -> None:
    uuid = await first_uuid(api)
    body = {"deployment": {"firmware": uuid, "state": "off", "conditions": {"tags": ["x"]}}}

    put = await api.data(f"{GATEWAY}/deployments/production", "PUT", json=body)
    shown = await api.data(f"{GATEWAY}/deployments/production")

    assert (put["current_release"]["number"], put["firmware_uuid"]) == (4, uuid)
    assert (put["state"], put["conditions"]["tags"]) == ("on", ["prod"])
    assert (put["releases_count"], shown["releases_count"]) == (3, 4)


async def test_state_switches_a_group_in_any_case_of_letters(api: Api) -> None:
    path = f"{GATEWAY}/deployments/production"

    off = await api.data(path, "PUT", json={"deployment": {"state": "whatever"}})
    on = await api.data(path, "PUT", json={"deployment": {"state": "ON", "notes": "back"}})

    assert (off["is_active"], on["is_active"], on["notes"]) == (False, True, "back")


@pytest.mark.parametrize(
    ("body", "status", "errors"),
    [
        pytest.param({"state": "on"}, 400, {"detail": "The request needs the member `deployment`."}, id="no wrapper"),
        pytest.param({"deployment": {"archive": "a"}}, 422, {"firmware": ["can't be blank"]}, id="archive alone"),
        pytest.param({"deployment": {"firmware": "x"}}, 422, {"firmware": ["can't be blank"]}, id="unknown uuid"),
        pytest.param(
            {"deployment": {"conditions": {"version": "1"}}},
            422,
            {"version": ["must be a version requirement"]},
            id="requirement",
        ),
    ],
)
async def test_an_update_that_does_not_fit_is_refused(
    api: Api, body: dict[str, Any], status: int, errors: dict[str, Any]
) -> None:
    answer = await api.ask(f"{GATEWAY}/deployments/beta", "PUT", json=body)

    assert answer == (status, {"errors": errors})


async def test_a_deleted_group_leaves_its_devices_without(api: Api) -> None:
    gone = await api.ask(f"{GATEWAY}/deployments/beta", "DELETE")
    devices = await api.data(f"{GATEWAY}/devices?pagination[page_size]=500")

    assert gone == (204, "")
    assert "beta" not in {device["deployment_group"] and device["deployment_group"]["name"] for device in devices}


# Devices


async def test_devices_are_paged_by_ten_unless_asked(api: Api) -> None:
    status, body = await api.ask(f"{GATEWAY}/devices")

    assert status == 200
    assert len(body["data"]) == 10
    assert body["pagination"] == {"page_number": 1, "page_size": 10, "total_entries": 64, "total_pages": 7}


async def test_a_device_page_past_the_end_is_empty(api: Api) -> None:
    _, body = await api.ask(f"{GATEWAY}/devices?pagination%5Bpage%5D=9&pagination%5Bpage_size%5D=20")

    assert body["data"] == []
    assert body["pagination"] == {"page_number": 9, "page_size": 20, "total_entries": 64, "total_pages": 4}


async def test_identifiers_sort_as_text(api: Api) -> None:
    rising = await api.data(f"{GATEWAY}/devices?pagination[page_size]=3")
    falling = await api.data(f"{GATEWAY}/devices?pagination[page_size]=2&sort=identifier&sort_direction=desc")

    assert [device["identifier"] for device in rising] == ["gateway-1", "gateway-10", "gateway-11"]
    assert [device["identifier"] for device in falling] == ["gateway-9", "gateway-8"]


async def test_connection_times_sort_the_other_way_round(api: Api) -> None:
    devices = await api.data(f"{GATEWAY}/devices?sort=connection_last_seen_at&sort_direction=asc")

    times = [device["last_communication"] for device in devices]
    assert times == sorted(times, reverse=True)


async def test_a_device_tells_the_asserted_document(api: Api) -> None:
    devices = await api.data(f"{GATEWAY}/devices?filters[connection]=connected&pagination[page_size]=1")

    device = devices[0]
    assert list(device) == [
        "identifier", "description", "tags", "online", "connection_status", "firmware_metadata", "version",
        "deployment_group", "updates_enabled", "updates_blocked_until", "org_name", "product_name",
        "last_communication", "deleted",
    ]  # fmt: skip
    assert device["online"] == device["connection_status"] == "connected"
    assert list(device["firmware_metadata"]) == [
        "id", "uuid", "product", "version", "architecture", "platform", "author", "description", "fwup_version",
        "vcs_identifier", "misc",
    ]  # fmt: skip
    assert device["version"] == device["firmware_metadata"]["version"]


async def test_a_device_never_seen_has_no_metadata(api: Api) -> None:
    devices = await api.data(f"{GATEWAY}/devices?filters[connection]=not_seen&pagination[page_size]=1")

    device = devices[0]
    assert (device["firmware_metadata"], device["version"], device["last_communication"]) == (None, "unknown", "never")


async def test_times_have_three_shapes(api: Api) -> None:
    zoneless = (await api.data("/api/orgs"))[0]["inserted_at"]
    blocked = (await api.data("/api/orgs/acme/products/sensor-hub/devices?filters[updates]=penalty-box"))[0]
    seen = (await api.data(f"{GATEWAY}/devices?filters[connection]=connected"))[0]["last_communication"]

    assert [zoneless[10], zoneless[-1].isdigit(), len(zoneless)] == ["T", True, 19]
    assert blocked["updates_blocked_until"] == "2026-11-01T13:00:00Z"
    assert [seen[10], seen[-1], len(seen)] == [" ", "Z", 27]


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ("filters[identifier]=WAY-12", lambda device: "way-12" in device["identifier"]),
        ("filters[firmware_version]=1.3.2", lambda device: device["version"] == "1.3.2"),
        ("filters[platform]=Unknown", lambda device: device["firmware_metadata"] is None),
        ("filters[tags]=prod,old", lambda device: {"prod", "old-board"} <= set(device["tags"] or ())),
        ("filters[has_no_tags]=true", lambda device: not device["tags"]),
        ("filters[updates]=disabled", lambda device: not device["updates_enabled"]),
        ("filters[search]=rpi5", lambda device: "rpi5" in str(device)),
        (
            "filters[connection]=connected&filters[firmware_version]=1.3.3",
            lambda device: device["online"] == "connected" and device["version"] == "1.3.3",
        ),
    ],
)
async def test_filters_keep_what_meets_them_all(api: Api, query: str, holds: Any) -> None:
    everything = await api.data(f"{GATEWAY}/devices?pagination[page_size]=500")

    found = await api.data(f"{GATEWAY}/devices?pagination[page_size]=500&{query}")

    assert found == [device for device in everything if holds(device)] != []


@pytest.mark.parametrize("query", ["filters[tags]=", "filters[deployment_group]=beta", "only_updating=true"])
async def test_empty_and_unmatched_filters_are_ignored(api: Api, query: str) -> None:
    _, body = await api.ask(f"{GATEWAY}/devices?{query}")

    assert body["pagination"]["total_entries"] == 64


@pytest.mark.parametrize("query", ["filters[frobnicate]=1", "sort=frobnicate", "pagination[page]=one"])
async def test_words_the_server_never_uses_are_500(api: Api, query: str) -> None:
    status, body = await api.ask(f"{GATEWAY}/devices?{query}")

    assert (status, list(body["errors"])) == (500, ["detail"])


async def test_deleted_devices_are_hidden_from_the_list_and_shown_by_identifier(api: Api) -> None:
    found = await api.data(f"{GATEWAY}/devices?filters[identifier]=retired&filters[display_deleted]=true")
    shown = await api.data(f"{GATEWAY}/devices/gateway-retired")

    assert found == []
    assert shown["deleted"] is True


async def test_the_short_path_shows_the_same_device(api: Api) -> None:
    long, short = await api.data(f"{GATEWAY}/devices/gateway-1"), await api.data("/api/devices/gateway-1")

    assert short == long


async def test_the_short_path_is_closed_to_strangers(api: Api) -> None:
    answer = await api.ask("/api/devices/gateway-1", auth="token demo-nerveshub-stranger-token")

    assert answer == (404, DETAIL)


async def test_devices_are_written_flat_and_put_answers_201(api: Api) -> None:
    made = await api.ask(f"{GATEWAY}/devices", "POST", json={"identifier": "new-1", "tags": "lab, prod"})
    location = api.headers["location"]
    put = await api.ask(f"{GATEWAY}/devices/new-1", "PUT", json={"description": "on the desk", "tags": ["lab"]})
    gone = await api.ask(f"{GATEWAY}/devices/new-1", "DELETE")
    shown = await api.data(f"{GATEWAY}/devices/new-1")

    assert (made[0], made[1]["data"]["tags"]) == (201, ["lab", "prod"])
    assert location.endswith(f"{GATEWAY}/devices/new-1")
    assert (put[0], put[1]["data"]["description"], put[1]["data"]["tags"]) == (201, "on the desk", ["lab"])
    assert gone == (204, "")
    assert shown["deleted"] is True


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({"device": {"identifier": "new-1"}}, {"identifier": ["can't be blank"]}),
        ({"identifier": "gateway-1"}, {"identifier": ["has already been taken"]}),
        ({"identifier": "new-1", "tags": ["two words"]}, {"tags": ["tags cannot contain spaces"]}),
    ],
)
async def test_a_device_that_does_not_fit_is_422(api: Api, body: dict[str, Any], errors: dict[str, Any]) -> None:
    answer = await api.ask(f"{GATEWAY}/devices", "POST", json=body)

    assert answer == (422, {"errors": errors})


async def test_an_upgrade_reaches_one_device(api: Api) -> None:
    online = (await api.data(f"{GATEWAY}/devices?filters[connection]=connected"))[0]["identifier"]
    uuid = await first_uuid(api)

    sent = await api.ask(f"/api/devices/{online}/upgrade", "POST", json={"uuid": uuid})
    missing = await api.ask(f"/api/devices/{online}/upgrade", "POST", json={"uuid": "none"})
    device = await api.data(f"/api/devices/{online}")

    assert sent == (204, "")
    assert missing == (404, DETAIL)
    assert device["firmware_metadata"]["uuid"] == uuid


@pytest.mark.parametrize("path", ["reboot", "reconnect"])
async def test_orders_to_a_device_are_204(api: Api, path: str) -> None:
    long = await api.ask(f"{GATEWAY}/devices/gateway-1/{path}", "POST")
    short = await api.ask(f"/api/devices/gateway-1/{path}", "POST")

    assert long == short == (204, "")


async def test_code_wants_its_parameter(api: Api) -> None:
    sent = await api.ask("/api/devices/gateway-1/code", "POST", json={"code": "1 + 1"})
    empty, _ = await api.ask("/api/devices/gateway-1/code", "POST", json={})

    assert sent == (204, "")
    assert empty == 400


async def test_a_moved_device_leaves_its_group(api: Api) -> None:
    target = {"new_org_name": "umbra", "new_product_name": "dock"}

    status, body = await api.ask("/api/devices/gateway-1/move", "POST", json=target)

    moved = body["data"]
    assert (status, moved["org_name"], moved["product_name"], moved["deployment_group"]) == (200, "umbra", "dock", None)


async def test_the_penalty_box_can_be_left(api: Api) -> None:
    sensors = "/api/orgs/acme/products/sensor-hub/devices"
    blocked = (await api.data(f"{sensors}?filters[updates]=penalty-box"))[0]["identifier"]

    left = await api.ask(f"{sensors}/{blocked}/penalty", "DELETE")
    device = await api.data(f"{sensors}/{blocked}")

    assert left == (204, "")
    assert device["updates_blocked_until"] is None


async def test_broken_json_is_400(api: Api) -> None:
    answer = await api.ask(f"{GATEWAY}/deployments", "POST", data=io.StringIO("{"), kind="application/json")

    assert answer == (400, {"errors": {"detail": "The request body is not valid JSON."}})


async def test_versions_and_commits_are_those_of_the_world(api: Api) -> None:
    presence = next(each for each in api.mocks.mocks.world.presences("nerveshub") if each.product.slug == "gateway")
    commits = {cut.version: cut.commit for cut in presence.cuts}

    devices = await api.data(f"{GATEWAY}/devices?pagination[page_size]=500")
    running = [device["firmware_metadata"] for device in devices if device["firmware_metadata"]]
    told = {(each["version"], each["vcs_identifier"]) for each in running if each["vcs_identifier"]}

    assert told <= set(commits.items())
    assert told
