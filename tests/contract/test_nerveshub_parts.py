"""NervesHub's groups and devices: one has no history, the others come in pages and say `online` as a word."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from resolvers import keys
from resolvers.errors import SourceTooLarge, UpstreamBroken, UpstreamPayloadError
from resolvers.graph.cohort import Cohort
from resolvers.graph.deployment import Deployment
from resolvers.graph.enums import DeploymentStatus, SourceKind
from resolvers.graph.people import Tag
from resolvers.upstreams import payload
from resolvers.upstreams.nerveshub import api, devices, normalise
from resolvers.upstreams.nerveshub.rows import DeviceRow, FirmwareRow, GroupRow, PageEnvelope, ProductRow
from resolvers.upstreams.port import DeviceQuery, ReleaseQuery
from tests.conftest import MockPort
from tests.contract.conftest import Open
from tests.contract.test_nerveshub import GATEWAY, PRODUCTS, answering, ids, read
from upstream_mocks.nerveshub.model import Device, Group
from upstream_mocks.nerveshub.rows import hub

KIND = SourceKind.NERVESHUB

# A group as the server prints it, and the same as v2.4.0 of March 2026 did; then one that says the least.
GROUPS = b"""
[{"name":"production","is_active":true,"state":"on","firmware_uuid":"1c0ffee0-0000-4000-8000-000000000012",
  "current_release":{"number":3,"firmware":{"version":"1.2.0","architecture":"arm","platform":"rpi4",
                                            "uuid":"1c0ffee0-0000-4000-8000-000000000012"},
                     "inserted_at":"2026-08-01T10:11:12","updated_at":"2026-08-01T10:11:12"},
  "archive_uuid":null,"conditions":{"version":">= 1.0.0","tags":["prod"],"tag_operator":"and"},
  "delta_updatable":true,"device_count":42,"releases_count":3,"notes":null},
 {"name":"Prod Deployment","is_active":false,"state":"off","firmware_uuid":"1c0ffee0-0000-4000-8000-000000000012",
  "conditions":{"version":"","tags":[]},"delta_updatable":true},
 {"name":"odd","state":"paused"}]
"""

DEVICES = b"""
{"data":[{"identifier":"gw-0001","description":"On the roof","tags":["prod","eu"],"online":"connected",
  "connection_status":"connected",
  "firmware_metadata":{"id":"3f2264c3-cc52-4ba9-b77d-e441f8bb91b6","uuid":"1c0ffee0-0000-4000-8000-000000000012",
   "product":"gateway","version":"1.2.0","architecture":"arm","platform":"rpi4","author":null,
   "description":"gateway fw","fwup_version":"1.10.1","vcs_identifier":null,"misc":null},
  "version":"1.2.0","deployment_group":{"name":"Prod Deployment","is_active":true,
   "firmware_uuid":"6fd2bbc8-52b8-4826-9c2a-189968d0de23","firmware_version":"1.3.0"},
  "updates_enabled":true,"updates_blocked_until":"2026-08-21T03:37:01Z","org_name":"acme","product_name":"gateway",
  "last_communication":"2026-08-20 03:37:01.833917Z","deleted":false},
 {"identifier":"gw-0002","description":null,"tags":null,"online":"not_seen","connection_status":"not_seen",
  "firmware_metadata":null,"version":"unknown","deployment_group":null,"updates_enabled":false,
  "updates_blocked_until":null,"org_name":"acme","product_name":"gateway","last_communication":"never",
  "deleted":false}],
 "pagination":{"page_number":1,"page_size":2,"total_entries":2,"total_pages":1}}
"""


def groups(body: bytes = GROUPS) -> list[GroupRow]:
    return list(payload.decode_rows("hub", "GET deployments", body, GroupRow).rows)


def device_rows(body: bytes = DEVICES) -> list[DeviceRow]:
    envelope = payload.decode("hub", "GET devices", body, PageEnvelope)
    return list(payload.decode_rows("hub", "GET devices", envelope.data, DeviceRow).rows)


def path(product: str, what: str) -> str:
    return f"/nerveshub/api/orgs/{product.replace('/', '/products/')}/{what}"


def page(product: str, *, size: int = 500, more: str = "") -> str:
    return path(product, f"devices?pagination%5Bpage%5D=1&pagination%5Bpage_size%5D={size}{more}")


def held_groups(mocks: MockPort) -> dict[str, Group]:
    """The groups of each product by native id, as the mock's world has them."""
    products = [product for org in hub(mocks.mocks.world).orgs.values() for product in org.products.values()]
    return {
        keys.join(product.org, product.name, name): group
        for product in products
        for name, group in product.groups.items()
    }


def held_devices(mocks: MockPort) -> dict[str, Device]:
    every = hub(mocks.mocks.world).devices.values()
    return {f"{each.product.org}/{each.product.name}/{each.identifier}": each for each in every if not each.deleted}


def told(answer: dict[str, Any]) -> dict[str, str]:
    return {native_id: type(each).__name__ for native_id, each in answer.items()}


# Rows


def test_a_group_is_a_cohort_and_its_current_release_a_deployment() -> None:
    row = groups()[0]

    cohort = normalise.cohort("hub", GATEWAY, row, {})
    deployments = normalise.deployments("hub", GATEWAY, [row])

    assert cohort == Cohort(
        source_name="hub",
        native_id="acme/gateway/production",
        name="production",
        device_count=42,
        is_active=True,
        fleet_native_id="acme/gateway",
        current_release_native_id="acme/gateway/1.2.0",
    )
    assert deployments == [
        Deployment(
            source_name="hub",
            native_id="acme/gateway/production/3",
            status=DeploymentStatus.ACTIVE,
            native_status="on",
            created_at=datetime(2026, 8, 1, 10, 11, 12, tzinfo=UTC),
            release_native_id="acme/gateway/1.2.0",
            fleet_native_id="acme/gateway",
            cohort_native_id="acme/gateway/production",
        )
    ]


def test_a_group_of_march_2026_finds_its_version_by_its_firmware() -> None:
    row = groups()[1]

    cohort = normalise.cohort("hub", GATEWAY, row, {"1c0ffee0-0000-4000-8000-000000000012": "1.2.0"})

    assert cohort == Cohort(
        source_name="hub",
        native_id="acme/gateway/Prod%20Deployment",
        name="Prod Deployment",
        device_count=None,
        is_active=False,
        fleet_native_id="acme/gateway",
        current_release_native_id="acme/gateway/1.2.0",
    )
    assert normalise.deployments("hub", GATEWAY, [row]) == []


def test_a_group_that_says_the_least_is_still_there() -> None:
    cohort = normalise.cohort("hub", GATEWAY, groups()[2], {})

    assert (cohort.is_active, cohort.device_count, cohort.current_release_native_id) == (None, None, None)


@pytest.mark.parametrize(
    ("says", "status"),
    [
        pytest.param('"is_active":true,"state":"on"', DeploymentStatus.ACTIVE, id="on"),
        pytest.param('"is_active":false,"state":"off"', DeploymentStatus.INACTIVE, id="off"),
        pytest.param('"state":"on"', DeploymentStatus.ACTIVE, id="on, by the word alone"),
        pytest.param('"state":"off"', DeploymentStatus.INACTIVE, id="off, by the word alone"),
        pytest.param('"state":"draining"', DeploymentStatus.UNKNOWN, id="a word we do not know"),
        pytest.param('"notes":null', DeploymentStatus.UNKNOWN, id="nothing"),
    ],
)
def test_whether_a_group_is_on_is_the_status_of_its_deployment(says: str, status: DeploymentStatus) -> None:
    body = f'[{{"name":"g","current_release":{{"number":1,"firmware":{{"version":"1.0.0"}}}},{says}}}]'

    (row,) = groups(body.encode())
    (deployment,) = normalise.deployments("hub", GATEWAY, [row])

    assert (deployment.status, deployment.native_status) == (status, row.state)


def test_a_device_tells_all_its_row_says() -> None:
    device = normalise.device("hub", GATEWAY, device_rows()[0])

    assert (device.route, device.name, device.device_type) == (("hub", "acme/gateway/gw-0001"), "gw-0001", "rpi4")
    assert (device.is_online, device.last_seen_at) == (True, datetime(2026, 8, 20, 3, 37, 1, 833917, UTC))
    assert (device.raw_running_version, device.running_release_native_id) == ("1.2.0", "acme/gateway/1.2.0")
    assert (device.fleet_native_id, device.cohort_native_id) == ("acme/gateway", "acme/gateway/Prod%20Deployment")
    assert device.target_release_native_id == "acme/gateway/1.3.0"
    assert device.tags_of == [Tag(key="prod"), Tag(key="eu")]
    assert device.details_of() == {
        "description": "On the roof",
        "connection_status": "connected",
        "online": "connected",
        "updates_enabled": True,
        "updates_blocked_until": "2026-08-21T03:37:01Z",
        "firmware_metadata": {
            "uuid": "1c0ffee0-0000-4000-8000-000000000012",
            "version": "1.2.0",
            "platform": "rpi4",
            "architecture": "arm",
            "description": "gateway fw",
            "fwup_version": "1.10.1",
        },
    }


def test_a_device_that_was_never_seen_runs_nothing_we_know() -> None:
    device = normalise.device("hub", GATEWAY, device_rows()[1])

    assert (device.is_online, device.last_seen_at, device.device_type) == (False, None, None)
    assert (device.raw_running_version, device.running_release_native_id) == (None, None)
    assert (device.cohort_native_id, device.target_release_native_id, device.tags_of) == (None, None, [])
    assert device.details_of() == {"connection_status": "not_seen", "online": "not_seen", "updates_enabled": False}


@pytest.mark.parametrize(
    ("row", "is_online"),
    [
        pytest.param(DeviceRow("d", connection_status="connected"), True, id="connected"),
        pytest.param(DeviceRow("d", connection_status="connecting"), False, id="connecting"),
        pytest.param(DeviceRow("d", connection_status="disconnected"), False, id="disconnected"),
        pytest.param(DeviceRow("d", connection_status="not_seen"), False, id="not_seen"),
        pytest.param(DeviceRow("d", online="connected"), True, id="by the other name"),
        pytest.param(DeviceRow("d", connection_status="asleep"), None, id="a word we do not know"),
        pytest.param(DeviceRow("d"), None, id="nothing"),
    ],
)
def test_online_is_a_word(row: DeviceRow, is_online: bool | None) -> None:
    assert normalise.device("hub", GATEWAY, row).is_online is is_online


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        pytest.param("2026-08-20T03:37:01", datetime(2026, 8, 20, 3, 37, 1, tzinfo=UTC), id="without a zone"),
        pytest.param("2026-08-20T03:37:01Z", datetime(2026, 8, 20, 3, 37, 1, tzinfo=UTC), id="with T and Z"),
        pytest.param("2026-08-20 03:37:01.8Z", datetime(2026, 8, 20, 3, 37, 1, 800000, UTC), id="with a space"),
        pytest.param("never", None, id="never"),
        pytest.param("", None, id="nothing"),
        pytest.param(None, None, id="null"),
        pytest.param("yesterday", None, id="no time"),
    ],
)
def test_times_come_in_four_shapes(text: str | None, instant: datetime | None) -> None:
    assert normalise.instant(text) == instant


def test_pages_for_people_are_known_only_where_an_operator_said_so() -> None:
    one, two = FirmwareRow("u-1", "1.0.0"), FirmwareRow("u-2", "2.0.0")
    product = normalise.Product("acme", "Edge Gateway")

    fleet = normalise.fleet("hub", product, ProductRow("Edge Gateway"), "https://hub.example")
    single, several = normalise.releases("hub", product, [one, two, FirmwareRow("u-3", "2.0.0")], "https://hub.example")
    unknown = normalise.releases("hub", product, [one])[0]

    assert fleet.web_url == "https://hub.example/org/acme/Edge%20Gateway/devices"
    assert single.web_url == "https://hub.example/org/acme/Edge%20Gateway/firmware/u-1"
    assert several.web_url == "https://hub.example/org/acme/Edge%20Gateway/firmware"
    assert unknown.web_url is None


def test_an_artifact_tells_who_made_it_and_with_what() -> None:
    full, bare = FirmwareRow("u-1", "1.0.0", author="Acme", tool="fwup"), FirmwareRow("u-2", "1.0.0")

    details = [file.details_of() for file in normalise.artifacts("hub", GATEWAY, [full, bare])]

    assert details == [{"author": "Acme", "tool": "fwup"}, {}]


# Groups


async def test_cohorts_of_fleets_cost_a_call_for_each_product(upstream: Open, mocks: MockPort) -> None:
    found: Any = await upstream(KIND).cohorts_by_fleet_id([*PRODUCTS, "acme/gone", "acme", "a/b/c"])

    held = held_groups(mocks)
    assert {cohort.native_id: cohort.is_active for own in found.values() for cohort in own} == {
        native_id: group.is_active for native_id, group in held.items()
    }
    assert sorted(found) == sorted(PRODUCTS)
    assert sorted(mocks.paths("nerveshub")[1:]) == sorted(path(product, "deployments") for product in PRODUCTS)


async def test_every_cohort_is_found_by_its_id(upstream: Open, mocks: MockPort) -> None:
    held = held_groups(mocks)

    found: Any = await upstream(KIND).cohorts_by_id([*held, "acme/gateway/gone", "acme/gone/production", "acme"])

    assert {i: cohort.current_release_native_id.split("/")[2] for i, cohort in found.items()} == {
        i: group.current.firmware.version.replace("+", "%2B") for i, group in held.items()
    }
    assert len(mocks.paths("nerveshub")) == 1 + len(PRODUCTS)


async def test_cohorts_count_their_devices(upstream: Open, mocks: MockPort) -> None:
    found: Any = await upstream(KIND).cohorts_by_fleet_id(["umbra/dock"])

    held = held_devices(mocks).values()
    assert {cohort.native_id: cohort.device_count for cohort in found["umbra/dock"]} == {
        i: len([device for device in held if device_is_in(device, i)])
        for i in held_groups(mocks)
        if i.startswith("umbra/dock/")
    }


def device_is_in(device: Device, cohort_id: str) -> bool:
    names = (device.product.org, device.product.name, device.group.name if device.group else "")
    return keys.join(*names) == cohort_id


@pytest.mark.parametrize("question", ["fleet", "cohort", "release"])
async def test_deployments_below_something_cost_a_call_for_each_product(
    question: str, upstream: Open, mocks: MockPort
) -> None:
    adapter: Any = upstream(KIND)
    cohorts = await adapter.cohorts_by_id(list(held_groups(mocks)))
    owners = {
        "fleet": PRODUCTS,
        "cohort": list(cohorts),
        "release": sorted({cohort.current_release_native_id for cohort in cohorts.values()}),
    }[question]
    mocks.mocks.calls.clear()

    found = await getattr(adapter, f"deployments_by_{question}_id")(owners)

    told = {one.native_id for own in found.values() for one in own}
    assert told == {f"{native_id}/{group.current.number}" for native_id, group in held_groups(mocks).items()}
    assert sorted(found) == sorted(owners)
    assert sorted(mocks.paths("nerveshub")) == sorted(path(product, "deployments") for product in PRODUCTS)


async def test_a_release_that_is_nowhere_has_no_deployments(upstream: Open) -> None:
    found = await upstream(KIND).deployments_by_release_id(["acme/gateway/1.0.0", "nowhere/else/1.0.0", "1.0.0"])

    assert found == {"acme/gateway/1.0.0": []}


async def test_only_the_current_deployment_of_a_group_is_found(upstream: Open, mocks: MockPort) -> None:
    number = held_groups(mocks)["acme/gateway/production"].current.number
    current, before = f"acme/gateway/production/{number}", f"acme/gateway/production/{number - 1}"

    found = await upstream(KIND).deployments_by_id([current, before, "acme/gateway/production", "a/b/c/d/e"])

    assert list(found) == [current]


async def test_a_server_of_march_2026_tells_cohorts_and_no_deployments(upstream: Open, mocks: MockPort) -> None:
    mocks.mocks.switches["nerveshub"]["server_version"] = "2.4.0"
    adapter = upstream(KIND)

    cohorts: Any = await adapter.cohorts_by_id(list(held_groups(mocks)))
    cohort_calls = len(mocks.paths("nerveshub"))
    deployments: Any = await adapter.deployments_by_fleet_id(PRODUCTS)

    assert {i: cohort.current_release_native_id.split("/")[2] for i, cohort in cohorts.items()} == {
        i: group.current.firmware.version.replace("+", "%2B") for i, group in held_groups(mocks).items()
    }
    assert {cohort.device_count for cohort in cohorts.values()} == {None}
    assert cohort_calls == 1 + 2 * len(PRODUCTS)
    assert deployments == {product: [] for product in PRODUCTS}


async def test_next_to_a_group_that_does_not_fit_only_what_was_found_is_known(upstream: Open) -> None:
    replies = {
        "/api/orgs": [{"name": "acme", "products": [{"name": "gateway"}]}],
        "/api/orgs/acme/products/gateway/deployments": [
            {"name": "production", "current_release": {"number": 1, "firmware": {"version": "1.0.0"}}},
            {"name": ""},
        ],
    }

    with answering(replies) as url:
        found: Any = await upstream(KIND, url=url).deployments_by_release_id(["acme/gateway/1.0.0", "acme/gateway/2"])

    assert told(found) == {"acme/gateway/1.0.0": "Incomplete", "acme/gateway/2": "UpstreamPayloadError"}


# Devices


async def test_devices_of_all_products_cost_a_page_each(upstream: Open, mocks: MockPort) -> None:
    outcome = await read(upstream(KIND).devices(DeviceQuery()))

    assert ids(outcome.rows) == sorted(held_devices(mocks))
    assert outcome.errors == []
    assert sorted(mocks.paths("nerveshub")[1:]) == sorted(page(product) for product in PRODUCTS)


async def test_all_pages_are_read(upstream: Open, mocks: MockPort) -> None:
    adapter: Any = upstream(KIND)
    adapter.api.page_size = 1

    outcome = await read(adapter.devices(DeviceQuery(fleet_ids=("acme/gateway",))))

    expected = sorted(i for i in held_devices(mocks) if i.startswith("acme/gateway/"))
    assert ids(outcome.rows) == expected
    assert len(mocks.paths("nerveshub")) == 1 + len(expected)
    assert len(expected) > 2 * api.AT_ONCE


def of_gateway(pagination: dict[str, int], *devices: dict[str, Any]) -> dict[str, Any]:
    """A server with one product and these devices on every page."""
    return {
        "/api/orgs": [{"name": "acme", "products": [{"name": "gateway"}]}],
        "/api/orgs/acme/products/gateway/devices": {"data": list(devices), "pagination": pagination},
        "/api/orgs/acme/products/gateway/deployments": [],
    }


async def test_a_device_that_moves_to_the_next_page_meanwhile_comes_once(upstream: Open) -> None:
    replies = of_gateway({"total_entries": 2, "total_pages": 2}, {"identifier": "gw-1"})

    with answering(replies) as url:
        outcome = await read(upstream(KIND, url=url).devices(DeviceQuery()))

    assert ids(outcome.rows) == ["acme/gateway/gw-1"]


async def test_more_devices_than_one_request_may_read_are_too_many(upstream: Open) -> None:
    replies = of_gateway({"total_entries": 20_001, "total_pages": 41}, {"identifier": "gw-1"})

    with answering(replies) as url:
        outcome = await read(upstream(KIND, url=url).devices(DeviceQuery()))

    assert [type(each) for each in outcome.errors] == [SourceTooLarge]
    assert outcome.rows == []


async def test_a_misfit_device_is_dropped_and_reported_with_its_path(upstream: Open) -> None:
    replies = of_gateway({"total_entries": 2, "total_pages": 1}, {"identifier": "gw-1"}, {"identifier": 2})

    with answering(replies) as url:
        outcome = await read(upstream(KIND, url=url).devices(DeviceQuery()))

    assert ids(outcome.rows) == ["acme/gateway/gw-1"]
    assert outcome.fleet_ids == ["acme/gateway"]
    assert "Expected `str`, got `int` at $.data[1].identifier" in str(outcome.errors[0])


@pytest.mark.parametrize(
    ("query", "filters"),
    [
        pytest.param(DeviceQuery(running_versions=("1.2.0+b",)), {"firmware_version": "1.2.0+b"}, id="one version"),
        pytest.param(DeviceQuery(running_versions=("1.2.0", "1.3.0")), {}, id="several versions"),
        pytest.param(DeviceQuery(is_online=True), {"connection": "connected"}, id="connected"),
        pytest.param(DeviceQuery(is_online=False), {}, id="in any of the other states"),
        pytest.param(DeviceQuery(search="gw-00"), {"identifier": "gw-00"}, id="a plain text"),
        pytest.param(DeviceQuery(search="50%"), {}, id="a text with a wildcard"),
        pytest.param(DeviceQuery(search="İ"), {}, id="a text with letters of two lengths"),
        pytest.param(DeviceQuery(), {}, id="nothing"),
    ],
)
def test_what_the_server_filters_exactly_is_left_to_it(query: DeviceQuery, filters: dict[str, str]) -> None:
    assert devices.filters_of(query) == filters


async def test_filtered_devices_are_those_that_match(upstream: Open, mocks: MockPort) -> None:
    adapter = upstream(KIND)
    everything = (await read(adapter.devices(DeviceQuery()))).rows
    version = next(row.raw_running_version for row in everything if row.raw_running_version)

    online = await read(adapter.devices(DeviceQuery(is_online=True)))
    running = await read(adapter.devices(DeviceQuery(running_versions=(version,))))
    named = await read(adapter.devices(DeviceQuery(search="DOCK-1")))

    assert ids(online.rows) == ids([row for row in everything if row.is_online])
    assert ids(running.rows) == ids([row for row in everything if row.raw_running_version == version])
    assert ids(named.rows) == ids([row for row in everything if "dock-1" in row.name])


async def test_one_device_is_asked_for_by_its_own_path(upstream: Open, mocks: MockPort) -> None:
    found = await upstream(KIND).devices_by_id(["acme/gateway/gateway-2", "acme/gateway", "a/b/c/d"])

    assert list(found) == ["acme/gateway/gateway-2"]
    assert mocks.paths("nerveshub")[1:] == [path("acme/gateway", "devices/gateway-2")]


async def test_many_devices_cost_a_page_for_each_product(upstream: Open, mocks: MockPort) -> None:
    every = sorted(held_devices(mocks))

    found = await upstream(KIND).devices_by_id([*every, "acme/gateway/gone", "acme/gateway/gateway-retired"])

    assert sorted(found) == every
    assert sorted(mocks.paths("nerveshub")[1:]) == sorted(page(product) for product in PRODUCTS)


@pytest.mark.parametrize("identifier", ["gone", "gateway-retired"])
async def test_a_device_that_is_gone_or_deleted_is_not_found(identifier: str, upstream: Open) -> None:
    found = await upstream(KIND).devices_by_id([f"acme/gateway/{identifier}"])

    assert found == {}


async def test_devices_of_fleets_and_cohorts_are_those_of_the_world(upstream: Open, mocks: MockPort) -> None:
    adapter = upstream(KIND)
    cohort_ids, held = list(held_groups(mocks)), held_devices(mocks)

    of_fleets: Any = await adapter.devices_by_fleet_id(PRODUCTS)
    of_cohorts: Any = await adapter.devices_by_cohort_id([*cohort_ids, "acme/gateway/gone"])

    assert ids([row for own in of_fleets.values() for row in own]) == sorted(held)
    assert {i: ids(own) for i, own in of_cohorts.items()} == {
        i: sorted(j for j, device in held.items() if device_is_in(device, i))
        for i in [*cohort_ids, "acme/gateway/gone"]
    }
    assert len(mocks.paths("nerveshub")) == 1 + 2 * len(PRODUCTS)


async def test_tags_of_devices_are_words(upstream: Open, mocks: MockPort) -> None:
    every = held_devices(mocks)

    found: Any = await upstream(KIND).tags_by_device_id(list(every))

    assert {i: [tag.key for tag in tags] for i, tags in found.items()} == {
        i: device.tags or [] for i, device in every.items()
    }


async def test_devices_of_a_product_that_fails_are_unknown_and_cost_only_themselves(
    upstream: Open, mocks: MockPort
) -> None:
    mocks.fail(source="nerveshub", path="*/gauge/devices*", status=503)
    adapter = upstream(KIND)

    outcome = await read(adapter.devices(DeviceQuery()))
    counts: Any = await adapter.device_count_by_fleet_id(["acme/gauge", "acme/gateway"])

    assert [type(each) for each in outcome.errors] == [UpstreamBroken]
    assert outcome.fleet_ids == ["acme/gauge"]
    assert told(counts) == {"acme/gauge": "UpstreamBroken", "acme/gateway": "int"}


# Counts


async def test_devices_of_a_fleet_are_counted_by_a_page_of_one(upstream: Open, mocks: MockPort) -> None:
    found = await upstream(KIND).device_count_by_fleet_id(PRODUCTS)

    held = held_devices(mocks)
    assert found == {product: len([i for i in held if i.startswith(f"{product}/")]) for product in PRODUCTS}
    assert sorted(mocks.paths("nerveshub")[1:]) == sorted(page(product, size=1) for product in PRODUCTS)


async def test_devices_on_releases_are_counted_from_each_products_list(upstream: Open, mocks: MockPort) -> None:
    adapter = upstream(KIND)
    rows = (await read(adapter.devices(DeviceQuery()))).rows
    wanted = sorted({row.running_release_native_id for row in rows if row.running_release_native_id})
    mocks.mocks.calls.clear()

    found = await adapter.device_count_by_release_id([*wanted, "acme/gateway/0.0.1"])

    expected = {i: len([row for row in rows if row.running_release_native_id == i]) for i in wanted}
    assert found == {**expected, "acme/gateway/0.0.1": 0}
    assert sorted(mocks.paths("nerveshub")) == sorted(page(product) for product in PRODUCTS)


async def test_devices_on_one_release_are_counted_by_the_server(upstream: Open, mocks: MockPort) -> None:
    adapter = upstream(KIND)
    rows = (await read(adapter.devices(DeviceQuery(fleet_ids=("acme/gateway",))))).rows
    release_id = next(row.running_release_native_id for row in rows if row.running_release_native_id)
    mocks.mocks.calls.clear()

    found = await adapter.device_count_by_release_id([release_id])

    version = release_id.rpartition("/")[2]
    assert found == {release_id: len([row for row in rows if row.running_release_native_id == release_id])}
    assert mocks.paths("nerveshub") == [page("acme/gateway", size=1, more=f"&filters%5Bfirmware_version%5D={version}")]


async def test_next_to_a_misfit_device_counts_are_unknown_and_only_a_yes_is_certain(upstream: Open) -> None:
    running = {"identifier": "gw-1", "version": "1.0.0"}
    replies = of_gateway({"total_entries": 2, "total_pages": 1}, running, {"identifier": 2})
    replies["/api/orgs/acme/products/gateway/deployments"] = [
        {"name": "beta", "is_active": True, "current_release": {"number": 1, "firmware": {"version": "3.0.0"}}}
    ]
    asked = ["acme/gateway/1.0.0", "acme/gateway/2.0.0", "acme/gateway/3.0.0"]

    with answering(replies) as url:
        adapter = upstream(KIND, url=url)
        counts: Any = await adapter.device_count_by_release_id(asked)
        deployed: Any = await adapter.is_deployed_by_release_id(asked)

    assert {type(each) for each in counts.values()} == {UpstreamPayloadError}
    assert told(deployed) == dict.fromkeys(asked[:2], "UpstreamPayloadError") | {"acme/gateway/3.0.0": "bool"}


async def test_a_page_without_its_pagination_is_in_no_known_shape(upstream: Open) -> None:
    replies = {**of_gateway({}), "/api/orgs/acme/products/gateway/devices": [{"identifier": "gw-1"}]}

    with answering(replies) as url:
        found: Any = await upstream(KIND, url=url).device_count_by_fleet_id(["acme/gateway"])

    assert told(found) == {"acme/gateway": "UpstreamPayloadError"}


async def test_a_release_is_deployed_where_a_group_is_on_or_a_device_runs_it(upstream: Open, mocks: MockPort) -> None:
    adapter = upstream(KIND)
    groups, held = held_groups(mocks), held_devices(mocks)
    in_force = {f"{i.rpartition('/')[0]}/{g.current.firmware.version}" for i, g in groups.items() if g.is_active}
    running = {f"{i.rpartition('/')[0]}/{d.firmware.version}" for i, d in held.items() if d.firmware}
    every = ids((await read(adapter.releases(ReleaseQuery()))).rows)
    mocks.mocks.calls.clear()

    found = await adapter.is_deployed_by_release_id(every)

    assert found == {i: i.replace("%2B", "+") in in_force | running for i in every}
    assert set(found.values()) == {True, False}
    assert len(mocks.paths("nerveshub")) == 2 * len(PRODUCTS)


async def test_a_release_in_force_is_deployed_whatever_becomes_of_the_devices(upstream: Open, mocks: MockPort) -> None:
    mocks.fail(source="nerveshub", path="*/gateway/devices*", status=503)
    current = held_groups(mocks)["acme/gateway/production"].current.firmware.version

    found: Any = await upstream(KIND).is_deployed_by_release_id([f"acme/gateway/{current}", "acme/gateway/0.0.1"])

    assert told(found) == {f"acme/gateway/{current}": "bool", "acme/gateway/0.0.1": "UpstreamBroken"}


@pytest.mark.parametrize(
    "question",
    [
        "cohorts_by_id",
        "cohorts_by_fleet_id",
        "deployments_by_id",
        "deployments_by_release_id",
        "deployments_by_fleet_id",
        "deployments_by_cohort_id",
        "devices_by_id",
        "devices_by_fleet_id",
        "devices_by_cohort_id",
        "tags_by_device_id",
        "is_deployed_by_release_id",
        "device_count_by_release_id",
        "device_count_by_fleet_id",
        "download_url_by_artifact_id",
        "release_ids_by_artifact_id",
    ],
)
async def test_what_cannot_be_meant_or_is_out_of_scope_costs_no_call(
    question: str, upstream: Open, mocks: MockPort
) -> None:
    adapter = upstream(KIND, products=("umbra/dock",))
    outside = ["acme/gateway", "acme/gateway/production", "acme/gateway/production/1"]

    found = await getattr(adapter, question)([*outside, "", "/", "☃", "%zz", "a//b", "a/b/c/d/e"])

    assert found == {}
    assert mocks.paths("nerveshub") == []
