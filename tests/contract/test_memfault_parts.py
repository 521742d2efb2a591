"""Memfault below its projects: cohorts and what they were given last, deployments, devices in both shapes, links."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import aiohttp
import msgspec
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from resolvers.errors import (
    SourceTooLarge,
    UpstreamBroken,
    UpstreamError,
    UpstreamPayloadError,
)
from resolvers.graph.enums import DeploymentStatus, ReleaseFilterField, SourceKind, SourceOperation
from resolvers.graph.people import Actor
from resolvers.upstreams.memfault import FACTS, normalise
from resolvers.upstreams.memfault.normalise import Project
from resolvers.upstreams.memfault.rows import ArtifactRow, CohortRow, DeploymentRow, DeviceRow
from resolvers.upstreams.port import ArtifactQuery, Chunk, DeviceQuery, FleetQuery, Part, ReleaseQuery
from tests.conftest import MockPort, served
from tests.contract.conftest import Open
from upstream_mocks.memfault.rows import cloud

KIND = SourceKind.MEMFAULT
SINK = Project("acme", "smart-sink")
PROJECTS = ("acme/smart-sink", "acme/gateway", "acme/sensor-hub", "umbra/dock")
ORGANIZATIONS = "/api/v0/organizations"
SESSION = 3  # the list of organizations, and the projects of both
AT = "2026-03-03T08:00:00.000000+00:00"

DEPLOYMENT = {
    "id": 77, "created_date": AT, "updated_date": AT, "deployed_date": "2026-03-03T09:00:00.000000+00:00",
    "type": "staged_rollout", "status": "in_progress", "rollout_percent": 25,
    "release": {"id": 412, "version": "2.4.0+b1", "revision": "9f1c0d2e"},
    "cohort": {"id": 7, "name": "Beta", "slug": "beta", "count_devices": 40},
    "deployer": {"id": 3, "email": "ops@acme.example", "name": "Ops"}, "extra_info": None,
}  # fmt: skip
LIVE_DEVICE = {
    "id": 5501, "created_date": "2025-12-01T10:00:00.000000+00:00", "updated_date": "2026-03-04T00:00:00.000000+00:00",
    "device_serial": "SN-0042", "nickname": "", "description": "", "hardware_version": {"name": "mp"},
    "last_seen": "2026-03-04T06:30:00.016000+00:00",
    "last_seen_software_version": {
        "id": 9001, "version": "2.3.1", "archived": False, "software_type": {"id": 20, "name": "main"}
    },
    "cohort": {"id": 7, "name": "Beta", "slug": "beta"}, "project": {"id": 11, "name": "Sink", "slug": "smart-sink"},
    "server_side_developer_mode": False,
}  # fmt: skip
OLD_DEVICE = {
    "id": 5501, "created_date": AT, "updated_date": AT, "device_serial": "SN-0042", "owner_ref": "user7",
    "hardware_version": "mp", "last_seen": "2026-03-04T06:30:00.016000+00:00",
    "last_seen_release": {"id": 9001, "version": "2.3.1", "revision": "abc"}, "latest_install": None,
    "latest_trace": None, "cohort": {"id": 7, "name": "Beta", "slug": "beta", "count_devices": 40},
}  # fmt: skip


async def read(stream: AsyncIterator[Chunk[Any]]) -> tuple[list[Any], list[UpstreamError]]:
    rows: list[Any] = []
    errors: list[UpstreamError] = []
    async for chunk in stream:
        rows.extend(chunk.rows)
        errors.extend(failure.error for failure in chunk.failures)
    return rows, errors


def row(shape: type[Any], value: Mapping[str, Any]) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value), type=shape)


def asked(mocks: MockPort) -> list[str]:
    """Paths below the projects, without the session's."""
    paths = [path.partition("/projects/")[2] for path in mocks.paths("memfault")]
    return sorted(path for path in paths if path)


def listing(*rows: Any, pages: int = 1) -> dict[str, Any]:
    return {"data": list(rows), "paging": {"page_count": pages, "total_count": len(rows)}}


@contextmanager
def answering(**below: Any) -> Iterator[str]:
    """A real server with one project, acme/sink, and what is below it by the first part of its path."""
    replies = {
        "": listing({"id": 1, "slug": "acme", "name": "Acme"}),
        "/acme/projects": listing({"id": 1, "slug": "sink", "name": "Sink"}),
        **{f"/acme/projects/sink/{name}": reply for name, reply in below.items()},
    }

    async def answer(request: Request) -> Response:
        reply = replies.get(request.url.path.removeprefix(ORGANIZATIONS))
        return Response(status_code=404) if reply is None else JSONResponse(reply)

    with served(Starlette(routes=[Route("/{path:path}", answer)])) as url:
        yield url


def test_the_adapter_says_what_it_has() -> None:
    assert FACTS.parts == {Part.COHORTS, Part.DEPLOYMENTS, Part.DEVICES}
    assert FACTS.operations == (
        SourceOperation.CREATE_RELEASE,
        SourceOperation.DELETE_RELEASE,
        SourceOperation.DEPLOY_RELEASE,
        SourceOperation.UPDATE_DEPLOYMENT,
        SourceOperation.ABORT_DEPLOYMENT,
    )
    assert {ReleaseFilterField.TARGETS, ReleaseFilterField.BUILD_IDENTIFIERS} <= set(FACTS.pushed_down)


# Deployments, row by row


def test_a_deployment_is_carried_over_whole() -> None:
    made = normalise.deployment("memfault", SINK, row(DeploymentRow, DEPLOYMENT))

    assert (made.native_id, made.status, made.native_status, made.rollout_percent) == (
        "acme/smart-sink/77",
        DeploymentStatus.RUNNING,
        "in_progress",
        25,
    )
    assert (made.release_native_id, made.cohort_native_id, made.fleet_native_id) == (
        "acme/smart-sink/2.4.0%2Bb1",
        "acme/smart-sink/beta",
        "acme/smart-sink",
    )
    assert (made.created_at, made.started_at, made.finished_at) == (
        datetime(2026, 3, 3, 8, tzinfo=UTC),
        datetime(2026, 3, 3, 9, tzinfo=UTC),
        None,
    )
    assert made.created_by == Actor(native_id="3", name="Ops", email="ops@acme.example")


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("in_progress", DeploymentStatus.RUNNING),
        ("done", DeploymentStatus.ACTIVE),
        ("pulled", DeploymentStatus.INACTIVE),
        ("aborted", DeploymentStatus.ABORTED),
        ("simmering", DeploymentStatus.UNKNOWN),
        ("", DeploymentStatus.UNKNOWN),
        (None, DeploymentStatus.UNKNOWN),
    ],
)
def test_every_word_for_a_status_means_one(word: str | None, status: DeploymentStatus) -> None:
    made = normalise.deployment("memfault", SINK, row(DeploymentRow, {**DEPLOYMENT, "status": word}))

    assert (made.status, made.native_status) == (status, word or None)


@pytest.mark.parametrize(("kind", "told", "expected"), [("normal", 0, 100), ("staged_rollout", 0, 0), (None, 7, 7)])
def test_a_normal_deployment_goes_to_all_whatever_number_it_shows(kind: str | None, told: int, expected: int) -> None:
    shown = {**DEPLOYMENT, "type": kind, "rollout_percent": told}

    made = normalise.deployment("memfault", SINK, row(DeploymentRow, shown))

    assert made.rollout_percent == expected


@pytest.mark.parametrize(
    ("deployed", "release_id"),
    [
        pytest.param(["1.0.0", "1.1.0"], "acme/smart-sink/1.1.0", id="a pair of versions"),
        pytest.param([{"version": "1.0.0"}, {"version": "1.1.0"}], "acme/smart-sink/1.1.0", id="a pair of releases"),
        pytest.param([], None, id="no pair"),
        pytest.param(None, None, id="none"),
    ],
)
def test_a_delta_is_a_deployment_of_the_release_it_leads_to(deployed: Any, release_id: str | None) -> None:
    made = normalise.deployment("memfault", SINK, row(DeploymentRow, {**DEPLOYMENT, "release": deployed}))

    assert made.release_native_id == release_id


def test_a_deployment_with_nothing_but_an_id_is_one() -> None:
    made = normalise.deployment("memfault", SINK, row(DeploymentRow, {"id": 1}))

    assert (made.native_id, made.created_at, made.created_by) == ("acme/smart-sink/1", None, None)
    assert (made.release_native_id, made.cohort_native_id) == (None, None)


# Deployments, as they are asked for


async def test_deployments_of_every_project_cost_a_call_for_each(upstream: Open, mocks: MockPort) -> None:
    found = await upstream(KIND).deployments_by_fleet_id([*PROJECTS, "acme/gone", "nonsense"])

    held = cloud(mocks.mocks.world).organizations
    assert {fleet_id: sorted(each.native_id for each in _list(found[fleet_id])) for fleet_id in found} == {
        f"{organization.slug}/{slug}": sorted(f"{organization.slug}/{slug}/{number}" for number in project.deployments)
        for organization in held.values()
        for slug, project in organization.projects.items()
    }
    assert len(mocks.paths("memfault")) == SESSION + 4


async def test_deployments_of_many_releases_cost_a_call_for_each_project(upstream: Open, mocks: MockPort) -> None:
    ids = ["acme/smart-sink/1.4.1", "acme/smart-sink/1.4.0-rc.1", "acme/smart-sink/1.0.1", "umbra/dock/1.3.1"]

    found = await upstream(KIND).deployments_by_release_id(ids)

    assert {i: [each.native_id for each in _list(found[i])] for i in ids} == {
        "acme/smart-sink/1.4.1": ["acme/smart-sink/5", "acme/smart-sink/6"],
        "acme/smart-sink/1.4.0-rc.1": ["acme/smart-sink/2", "acme/smart-sink/3"],
        "acme/smart-sink/1.0.1": [],
        "umbra/dock/1.3.1": ["umbra/dock/20", "umbra/dock/21"],
    }
    assert len(asked(mocks)) == 2


async def test_deployments_of_cohorts_are_narrowed_by_memfault(upstream: Open, mocks: MockPort) -> None:
    ids = ["acme/smart-sink/beta", "acme/smart-sink/internal"]

    found = await upstream(KIND).deployments_by_cohort_id(ids)

    assert {i: [each.native_id for each in _list(found[i])] for i in ids} == {
        "acme/smart-sink/beta": ["acme/smart-sink/4", "acme/smart-sink/6"],
        "acme/smart-sink/internal": ["acme/smart-sink/5"],
    }
    assert asked(mocks) == [
        "smart-sink/deployments?sort=deployed_date&cohort=beta&cohort=internal&page=1&per_page=100",
    ]


async def test_one_deployment_is_asked_by_its_id_and_several_from_the_list(upstream: Open, mocks: MockPort) -> None:
    adapter = upstream(KIND)

    one = await adapter.deployments_by_id(["acme/smart-sink/5"])
    missing = await adapter.deployments_by_id(["acme/smart-sink/99"])
    several = await adapter.deployments_by_id(["acme/smart-sink/1", "acme/smart-sink/6", "acme/smart-sink/99"])

    assert (list(one), missing, sorted(several)) == (
        ["acme/smart-sink/5"],
        {},
        ["acme/smart-sink/1", "acme/smart-sink/6"],
    )
    assert asked(mocks) == [
        "smart-sink/deployments/5",
        "smart-sink/deployments/99",
        "smart-sink/deployments?page=1&per_page=100",
    ]


async def test_a_misfit_deployment_is_never_a_shorter_list(upstream: Open) -> None:
    with answering(deployments=listing(DEPLOYMENT, {**DEPLOYMENT, "id": "x"})) as url:
        adapter = upstream(KIND, url=url)
        of_fleet = await adapter.deployments_by_fleet_id(["acme/sink"])
        by_id = await adapter.deployments_by_id(["acme/sink/77", "acme/sink/78"])

    assert isinstance(of_fleet["acme/sink"], UpstreamPayloadError)
    assert "at $.data[1].id" in str(of_fleet["acme/sink"])
    assert {i: type(each).__name__ for i, each in by_id.items()} == {
        "acme/sink/77": "Deployment",
        "acme/sink/78": "UpstreamPayloadError",
    }


async def test_a_project_that_fails_leaves_the_deployments_of_others(upstream: Open, mocks: MockPort) -> None:
    mocks.fail(source="memfault", path="*/gateway/deployments*", status=503)

    found = await upstream(KIND).deployments_by_fleet_id(PROJECTS)

    assert isinstance(found["acme/gateway"], UpstreamBroken)
    assert [len(_list(found[i])) for i in PROJECTS if i != "acme/gateway"] == [6, 6, 6]


# Whether a release is live


async def test_a_release_is_live_by_a_deployment_in_force_or_a_device_that_runs_it(
    upstream: Open, mocks: MockPort
) -> None:
    ids = ["umbra/dock/1.4.2", "umbra/dock/1.3.1", "umbra/dock/7", "umbra/dock/1.2.3", "umbra/dock/9.9.9"]

    found = await upstream(KIND).is_deployed_by_release_id(ids)

    assert found == {
        "umbra/dock/1.4.2": True,  # being rolled out, on no device yet
        "umbra/dock/1.3.1": True,  # deployed, and running
        "umbra/dock/7": True,  # never deployed from here, but on a device
        "umbra/dock/1.2.3": False,  # pulled
    }
    assert len(asked(mocks)) == 2


async def test_without_deployments_only_a_running_device_says_yes(upstream: Open, mocks: MockPort) -> None:
    mocks.fail(source="memfault", path="*/dock/deployments*", status=503)

    found = await upstream(KIND).is_deployed_by_release_id(["umbra/dock/7", "umbra/dock/1.2.3"])

    assert found["umbra/dock/7"] is True
    assert isinstance(found["umbra/dock/1.2.3"], UpstreamBroken)


async def test_a_release_whose_devices_are_not_told_is_not_called_unused(upstream: Open) -> None:
    told = {"id": 1, "version": "1.0.0", "created_date": AT}

    with answering(releases=listing(told), deployments=listing()) as url:
        found = await upstream(KIND, url=url).is_deployed_by_release_id(["acme/sink/1.0.0"])

    assert found == {}


# Cohorts


def cohort_row(**told: Any) -> CohortRow:
    shown = {"id": 7, "created_date": AT, "updated_date": AT, "name": "Beta", "slug": "beta", "count_devices": 40}
    made: CohortRow = row(CohortRow, {**shown, **told})
    return made


def short(number: int, status: str, version: str | None) -> dict[str, Any]:
    return {"id": number, "type": "normal", "status": status, "release": {"id": 1, "version": version}}


def test_a_cohort_is_carried_over_whole() -> None:
    made = normalise.cohort("memfault", SINK, cohort_row(updates_enabled=False), "2.4.0+b1")

    assert (made.native_id, made.name, made.slug, made.device_count, made.is_active, made.fleet_native_id) == (
        "acme/smart-sink/beta",
        "Beta",
        "beta",
        40,
        False,
        "acme/smart-sink",
    )
    assert made.current_release_native_id == "acme/smart-sink/2.4.0%2Bb1"


@pytest.mark.parametrize(
    ("told", "version"),
    [
        pytest.param({}, msgspec.UNSET, id="neither shape"),
        pytest.param({"last_deployment": None}, None, id="nothing deployed, as recorded"),
        pytest.param({"deployments": []}, None, id="nothing deployed, as documented"),
        pytest.param({"last_deployment": short(3, "done", "1.2.0")}, "1.2.0", id="done"),
        pytest.param({"last_deployment": short(3, "in_progress", "1.2.0")}, "1.2.0", id="in progress"),
        pytest.param({"last_deployment": short(3, "pulled", "1.2.0")}, msgspec.UNSET, id="the last was pulled"),
        pytest.param({"last_deployment": short(3, "done", None)}, msgspec.UNSET, id="of no version"),
        pytest.param({"last_deployment": {}}, msgspec.UNSET, id="an empty object"),
        pytest.param(
            {"deployments": [short(3, "done", "1.2.0"), short(5, "done", "1.4.0"), short(6, "aborted", "1.5.0")]},
            "1.4.0",
            id="the newest in force",
        ),
        pytest.param({"deployments": [short(3, "pulled", "1.2.0")]}, msgspec.UNSET, id="all pulled"),
        pytest.param(
            {"last_deployment": short(6, "aborted", "1.5.0"), "deployments": [short(5, "done", "1.4.0")]},
            "1.4.0",
            id="both shapes",
        ),
    ],
)
def test_the_current_version_is_read_from_either_shape(told: dict[str, Any], version: Any) -> None:
    assert normalise.current_version(cohort_row(**told)) == version


@pytest.mark.parametrize("shape", ["last_deployment", "deployments", "both", "neither"])
async def test_cohorts_have_their_current_release_in_every_shape(shape: str, upstream: Open, mocks: MockPort) -> None:
    mocks.mocks.switches["memfault"]["cohort_shape"] = shape

    found = await upstream(KIND).cohorts_by_fleet_id(["acme/smart-sink", "acme/gone"])

    cohorts = {
        each.slug: (each.current_release_native_id, each.device_count) for each in _list(found["acme/smart-sink"])
    }
    assert cohorts == {
        "default": ("acme/smart-sink/1.4.0-rc.1", 25),
        "beta": ("acme/smart-sink/1.4.1", 17),
        "prod": ("acme/smart-sink/1.4.0-rc.1", 76),
        "internal": (None, 0),  # its only one was aborted: the list of deployments has to tell
    }
    assert len(asked(mocks)) == 2


async def test_cohorts_of_every_project_cost_two_calls_for_each(upstream: Open, mocks: MockPort) -> None:
    found = await upstream(KIND).cohorts_by_fleet_id(PROJECTS)

    assert [len(_list(found[fleet_id])) for fleet_id in PROJECTS] == [4, 4, 4, 4]
    assert len(asked(mocks)) == 8


async def test_cohorts_are_looked_up_together_and_narrowed_by_slug(upstream: Open, mocks: MockPort) -> None:
    ids = ["acme/smart-sink/beta", "acme/smart-sink/prod", "acme/smart-sink/none", "acme/none/beta", "beta"]

    found = await upstream(KIND).cohorts_by_id(ids)

    assert {i: getattr(each, "current_release_native_id", each) for i, each in found.items()} == {
        "acme/smart-sink/beta": "acme/smart-sink/1.4.1",
        "acme/smart-sink/prod": "acme/smart-sink/1.4.0-rc.1",
    }
    assert asked(mocks) == [
        "smart-sink/cohorts?sort=created_date&slug=beta&slug=prod&slug=none&page=1&per_page=100",
    ]


async def test_a_cohort_whose_release_cannot_be_found_out_is_not_one_without(upstream: Open, mocks: MockPort) -> None:
    mocks.fail(source="memfault", path="*/smart-sink/deployments*", status=503, times=1)

    found = await upstream(KIND).cohorts_by_fleet_id(["acme/smart-sink", "umbra/dock"])

    assert isinstance(found["acme/smart-sink"], UpstreamBroken)
    assert len(_list(found["umbra/dock"])) == 4


async def test_a_server_that_tells_whether_updates_are_handed_out_is_heard(upstream: Open, mocks: MockPort) -> None:
    mocks.mocks.switches["memfault"]["cohort_flags"] = True

    found = await upstream(KIND).cohorts_by_id(["acme/smart-sink/beta"])

    assert {i: getattr(each, "is_active", each) for i, each in found.items()} == {"acme/smart-sink/beta": True}


# Devices


@pytest.mark.parametrize(
    ("shown", "details"),
    [
        pytest.param(
            LIVE_DEVICE,
            {
                "id": 5501,
                "created_date": "2025-12-01T10:00:00Z",
                "updated_date": "2026-03-04T00:00:00Z",
                "last_seen_software_version": {"version": "2.3.1", "software_type": {"name": "main"}},
                "server_side_developer_mode": False,
            },
            id="live",
        ),
        pytest.param(
            OLD_DEVICE,
            {
                "id": 5501,
                "created_date": "2026-03-03T08:00:00Z",
                "updated_date": "2026-03-03T08:00:00Z",
                "owner_ref": "user7",
            },
            id="old",
        ),
    ],
)
def test_a_device_is_the_same_in_both_shapes(shown: dict[str, Any], details: dict[str, Any]) -> None:
    made = normalise.device("memfault", SINK, row(DeviceRow, shown))

    assert (made.native_id, made.name, made.hardware_version, made.is_online, made.last_seen_at) == (
        "acme/smart-sink/SN-0042",
        "SN-0042",
        "mp",
        None,
        datetime(2026, 3, 4, 6, 30, 0, 16000, tzinfo=UTC),
    )
    assert (made.raw_running_version, made.running_release_native_id, made.cohort_native_id, made.fleet_native_id) == (
        "2.3.1",
        "acme/smart-sink/2.3.1",
        "acme/smart-sink/beta",
        "acme/smart-sink",
    )
    assert made.details_of() == details


def test_a_device_is_called_by_its_nickname_where_it_has_one() -> None:
    made = normalise.device("memfault", SINK, row(DeviceRow, {**LIVE_DEVICE, "nickname": "desk"}))

    assert made.name == "desk"


@pytest.mark.parametrize(
    "unset",
    [
        pytest.param({"hardware_version": None, "last_seen": None, "last_seen_software_version": None}, id="null"),
        pytest.param(
            {"hardware_version": "", "last_seen_release": {"version": ""}, "cohort": {"slug": ""}}, id="empty"
        ),
        pytest.param({"hardware_version": {}}, id="an object without name"),
    ],
)
def test_a_device_never_seen_runs_nothing(unset: dict[str, Any]) -> None:
    made = normalise.device("memfault", SINK, row(DeviceRow, {"id": 1, "device_serial": "S", **unset}))

    assert (made.hardware_version, made.raw_running_version, made.running_release_native_id) == (None, None, None)
    assert (made.last_seen_at, made.cohort_native_id) == (None, None)


@pytest.mark.parametrize("shape", ["live", "old"])
async def test_every_device_of_every_project_is_there(shape: str, upstream: Open, mocks: MockPort) -> None:
    mocks.mocks.switches["memfault"]["device_shape"] = shape

    rows, errors = await read(upstream(KIND).devices(DeviceQuery()))

    told = {each.native_id: (each.hardware_version, each.raw_running_version, each.cohort_native_id) for each in rows}
    assert told == {
        f"{organization.slug}/{slug}/{serial}": (
            device.hardware_version,
            None if device.release is None else device.release.version,
            f"{organization.slug}/{slug}/{device.cohort.slug}",
        )
        for organization in cloud(mocks.mocks.world).organizations.values()
        for slug, project in organization.projects.items()
        for serial, device in project.devices.items()
    }
    assert errors == []
    assert len(asked(mocks)) == 2 + 1 + 3 + 1  # a hundred to a page


async def test_devices_of_one_fleet_ask_that_project_alone(upstream: Open, mocks: MockPort) -> None:
    rows, _ = await read(upstream(KIND).devices(DeviceQuery(fleet_ids=("umbra/dock",))))

    assert {each.fleet_native_id for each in rows} == {"umbra/dock"}
    assert asked(mocks) == ["dock/devices?page=1&per_page=100"]


async def test_devices_of_fleets_cost_their_pages(upstream: Open, mocks: MockPort) -> None:
    found = await upstream(KIND).devices_by_fleet_id(PROJECTS)

    assert [len(_list(found[fleet_id])) for fleet_id in PROJECTS] == [118, 64, 240, 12]
    assert len(asked(mocks)) == 7


async def test_devices_of_one_cohort_are_its_own_list(upstream: Open, mocks: MockPort) -> None:
    found = await upstream(KIND).devices_by_cohort_id(["acme/smart-sink/beta", "umbra/dock/none"])

    devices = _list(found["acme/smart-sink/beta"])
    assert (len(devices), {each.cohort_native_id for each in devices}) == (17, {"acme/smart-sink/beta"})
    assert found["umbra/dock/none"] == []
    assert asked(mocks) == [
        "dock/cohorts/none/devices?page=1&per_page=100",
        "smart-sink/cohorts/beta/devices?page=1&per_page=100",
    ]


async def test_devices_of_several_cohorts_are_read_once(upstream: Open, mocks: MockPort) -> None:
    ids = [f"acme/sensor-hub/{slug}" for slug in ("default", "beta", "prod", "internal", "none")]

    found = await upstream(KIND).devices_by_cohort_id(ids)

    assert [len(_list(found[i])) for i in ids] == [50, 30, 160, 0, 0]
    assert len(asked(mocks)) == 3


async def test_devices_are_looked_up_by_serial_or_by_the_page_whichever_asks_less(
    upstream: Open, mocks: MockPort
) -> None:
    adapter = upstream(KIND)

    one = await adapter.devices_by_id(["acme/sensor-hub/SENSOR-HUB-0007"])
    two = await adapter.devices_by_id(["acme/sensor-hub/SENSOR-HUB-0007", "acme/sensor-hub/gone"])
    before = len(asked(mocks))
    many = await adapter.devices_by_id([f"acme/sensor-hub/SENSOR-HUB-{number:04}" for number in range(1, 241)])

    assert (list(one), list(two)) == (["acme/sensor-hub/SENSOR-HUB-0007"],) * 2
    assert len(many) == 240
    assert (before, len(asked(mocks))) == (1 + 3, 1 + 3 + 3)


async def test_a_fleet_counts_its_devices_in_its_own_row(upstream: Open) -> None:
    fleets, _ = await read(upstream(KIND).fleets(FleetQuery()))

    assert {fleet.native_id: fleet.known_device_count for fleet in fleets} == {
        "acme/smart-sink": 118,
        "acme/gateway": 64,
        "acme/sensor-hub": 240,
        "umbra/dock": 12,
    }


async def test_devices_of_a_fleet_that_does_not_tell_are_counted_for_the_price_of_one(
    upstream: Open, mocks: MockPort
) -> None:
    found = await upstream(KIND).device_count_by_fleet_id(["acme/sensor-hub", "umbra/dock", "umbra/gone"])

    assert found == {"acme/sensor-hub": 240, "umbra/dock": 12}
    assert asked(mocks) == ["dock/devices?page=1&per_page=1", "sensor-hub/devices?page=1&per_page=1"]


async def test_a_project_that_went_away_since_has_no_count(upstream: Open) -> None:
    with answering() as url:
        found = await upstream(KIND, url=url).device_count_by_fleet_id(["acme/sink"])

    assert found == {}


async def test_a_list_beyond_reason_is_told_before_it_is_read(upstream: Open) -> None:
    with answering(devices=listing(LIVE_DEVICE, pages=10_000)) as url:
        found = await upstream(KIND, url=url).devices_by_fleet_id(["acme/sink"])

    assert isinstance(found["acme/sink"], SourceTooLarge)


async def test_a_device_sent_twice_is_one(upstream: Open) -> None:
    with answering(devices=listing(LIVE_DEVICE, LIVE_DEVICE)) as url:
        found = await upstream(KIND, url=url).devices_by_fleet_id(["acme/sink"])

    assert [each.native_id for each in _list(found["acme/sink"])] == ["acme/sink/SN-0042"]


# Ids that cannot be meant, and ids outside the scope


@pytest.mark.parametrize(
    ("question", "ids"),
    [
        ("cohorts_by_id", ["beta", "acme/gateway", "acme//beta", "acme/gateway/beta/1"]),
        ("deployments_by_id", ["7", "acme/gateway/x", "acme/gateway/0", "acme/gateway/07", "acme/gateway/1/2"]),
        ("devices_by_id", ["S", "acme/gateway", "acme/gateway/a/b"]),
        ("artifacts_by_id", ["1", "acme/gateway/1.1.0", "acme/gateway/1.1.0/x"]),
        ("download_url_by_artifact_id", ["1", "acme/gateway/7", "acme/gateway/1.1.0/x"]),
        ("cohorts_by_fleet_id", ["acme", "acme/gateway/x"]),
        ("deployments_by_release_id", ["acme/gateway"]),
        ("devices_by_cohort_id", ["acme/gateway"]),
        ("device_count_by_fleet_id", ["acme"]),
    ],
)
async def test_ids_that_cannot_be_meant_cost_no_call(
    question: str, ids: list[str], upstream: Open, mocks: MockPort
) -> None:
    found = await getattr(upstream(KIND), question)(ids)

    assert (found, mocks.paths("memfault")) == ({}, [])


@pytest.mark.parametrize(
    ("question", "native_id"),
    [
        ("cohorts_by_id", "acme/gateway/beta"),
        ("deployments_by_id", "acme/gateway/7"),
        ("devices_by_id", "acme/gateway/GATEWAY-0001"),
        ("devices_by_fleet_id", "acme/gateway"),
        ("is_deployed_by_release_id", "acme/gateway/1.1.0"),
        ("download_url_by_artifact_id", "acme/gateway/1.1.0/1"),
    ],
)
async def test_what_is_outside_the_scope_is_not_found_and_not_asked_for(
    question: str, native_id: str, upstream: Open, mocks: MockPort
) -> None:
    found = await getattr(upstream(KIND, organizations=("umbra",)), question)([native_id])

    assert (found, mocks.paths("memfault")) == ({}, [])


# Artifacts: facts by an allow-list, and signed links


def test_an_artifact_tells_by_an_allow_list_and_never_its_link() -> None:
    shown = {
        "id": 901, "created_date": AT, "type": "firmware", "hardware_version": "mp", "build_id": "",
        "filename": "a.bin", "file_size": 524288, "url": "https://files.example.test/901?sig=abc", "md5": "0cc1",
        "extra_info": {"k": "v"},
    }  # fmt: skip

    artifact = normalise.artifact("memfault", SINK, "2.4.0", row(ArtifactRow, shown))

    assert artifact.details_of() == {
        "id": 901,
        "type": "firmware",
        "hardware_version": "mp",
        "filename": "a.bin",
        "file_size": 524288,
        "md5": "0cc1",
        "created_date": "2026-03-03T08:00:00Z",
        "extra_info": {"k": "v"},
    }


async def test_links_of_many_artifacts_cost_a_call_for_each_project_and_fetch_the_files(
    upstream: Open, mocks: MockPort, http: aiohttp.ClientSession
) -> None:
    adapter = upstream(KIND)
    files, _ = await read(adapter.artifacts(ArtifactQuery()))
    wanted = {file.native_id: file for file in files if file.native_id.startswith(("acme/smart-sink/", "umbra/dock/"))}
    mocks.mocks.calls.clear()

    links = await adapter.download_url_by_artifact_id([*wanted, "umbra/dock/1.1.0/99999"])
    calls = len(asked(mocks))
    async with http.get(str(links[next(iter(wanted))])) as reply:
        content = await reply.read()

    assert (sorted(links), calls) == (sorted(wanted), 2)
    assert content.startswith(next(iter(wanted.values())).name.encode())


# What Memfault narrows by the artifacts of a release


@pytest.mark.parametrize(
    ("query", "sent"),
    [
        pytest.param({"targets": ("mp", "evt")}, "hardware_version=mp&hardware_version=evt&page=1", id="targets"),
        pytest.param({"build_identifiers": ("b1", "b2")}, "build_id=b1&build_id=b2&page=1", id="builds"),
        pytest.param({"targets": ("mp",), "build_identifiers": ("b1",)}, "created_date&build_id=b1&page=1", id="both"),
    ],
)
async def test_facts_of_artifacts_are_left_to_memfault(
    query: dict[str, Any], sent: str, upstream: Open, mocks: MockPort
) -> None:
    await read(upstream(KIND).releases(ReleaseQuery(**query)))

    assert [sent in path for path in asked(mocks)] == [True] * 4


async def test_releases_of_a_target_are_those_that_have_an_artifact_for_it(upstream: Open) -> None:
    adapter = upstream(KIND)
    everything, _ = await read(adapter.releases(ReleaseQuery()))

    narrowed, _ = await read(adapter.releases(ReleaseQuery(targets=("mp",))))

    assert sorted(each.native_id for each in narrowed) == sorted(
        each.native_id for each in everything if "mp" in [file.target for file in each.artifacts_of()]
    )
    assert 0 < len(narrowed) < len(everything)


async def test_more_text_than_an_address_carries_is_not_sent(upstream: Open, mocks: MockPort) -> None:
    await read(upstream(KIND).releases(ReleaseQuery(targets=("x" * 7000,))))

    assert [path.partition("?")[2] for path in asked(mocks)] == ["sort=created_date&page=1&per_page=100"] * 4


# Where people look


async def test_web_pages_are_named_where_the_operator_says_where_they_are(upstream: Open) -> None:
    adapter = upstream(KIND, web_url="https://app.memfault.com")

    fleets = await adapter.fleets_by_id(["acme/sensor-hub"])
    releases = await adapter.releases_by_id(["acme/sensor-hub/1.5.5%2Bbuild.5"])

    page = "https://app.memfault.com/organizations/acme/projects/sensor-hub"
    assert [getattr(each, "web_url", each) for each in fleets.values()] == [page]
    assert [getattr(each, "web_url", each) for each in releases.values()] == [f"{page}/releases/1.5.5%2Bbuild.5"]


async def test_nobody_guesses_where_web_pages_are(upstream: Open) -> None:
    fleets = await upstream(KIND).fleets_by_id(["acme/sensor-hub"])

    assert [getattr(each, "web_url", each) for each in fleets.values()] == [None]


def _list(found: Any) -> list[Any]:
    """What was found, which must not be an error."""
    assert not isinstance(found, UpstreamError), found
    return list(found)
