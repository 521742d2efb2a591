"""balena's rows as the graph's types. Pure: no clock, no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from resolvers import keys
from resolvers.graph.deployment import Deployment
from resolvers.graph.device import Device
from resolvers.graph.enums import DeploymentStatus, ReleaseStatus
from resolvers.graph.fleet import Fleet
from resolvers.graph.lineage import Lineage
from resolvers.graph.native.balena import BalenaFleet, BalenaRelease
from resolvers.graph.people import Actor, Organization, Tag
from resolvers.graph.release import Release
from resolvers.upstreams.balena import native, selection
from resolvers.upstreams.balena.columns import At, Behind, Column, Table, cut, details, filled, linked_id, same
from resolvers.upstreams.balena.native import device_type
from resolvers.upstreams.balena.rows import (
    ApplicationRow,
    ColumnsRow,
    DeviceRow,
    Link,
    ReleaseRow,
    ReleaseUseRow,
    TagRow,
    TargetRow,
    linked,
)
from resolvers.upstreams.making import Judged

# Python looks a member up by a call each time, and every row has a status.
AVAILABLE, DRAFT, INVALIDATED = ReleaseStatus.AVAILABLE, ReleaseStatus.DRAFT, ReleaseStatus.INVALIDATED
BUILD_STATUSES = {
    "failed": ReleaseStatus.FAILED,
    "error": ReleaseStatus.FAILED,
    "cancelled": ReleaseStatus.CANCELLED,
    "interrupted": ReleaseStatus.CANCELLED,
    "running": ReleaseStatus.IN_PROGRESS,
}
DEVICE_DETAILS = (
    "uuid", "note", "local_id", "created_at", "modified_at", "belongs_to__user",
    "status", "overall_status", "overall_progress", "api_heartbeat_state", "is_connected_to_vpn", "last_vpn_event",
    "provisioning_state", "provisioning_progress", "download_progress", "update_status", "last_update_status_event",
    "is_web_accessible", "is_active", "is_frozen", "is_undervolted",
    "os_version", "os_variant", "supervisor_version",
    "is_pinned_on__release", "should_be_operated_by__release", "should_be_managed_by__release",
    "memory_usage", "memory_total", "storage_block_device", "storage_usage", "storage_total",
    "cpu_usage", "cpu_temp", "cpu_id", "ip_address", "mac_address", "public_address",
    "latitude", "longitude", "custom_latitude", "custom_longitude", "location",
)  # fmt: skip
"What `details` shows, under balena's own names: the columns of a row that the graph has no field for."


SAYING_STATUS = ("status", "is_final", "is_invalidated")


def status(row: ReleaseRow) -> ReleaseStatus:
    """The first that holds: withdrawn, how its build ended, draft, success. A word nobody documented is UNKNOWN."""
    if row.is_invalidated:
        return INVALIDATED
    if row.status in BUILD_STATUSES:
        return BUILD_STATUSES[row.status]
    if not row.is_final:
        return DRAFT
    return AVAILABLE if row.status == "success" else ReleaseStatus.UNKNOWN


def native_id(link: Link) -> str | None:
    return None if not link else str((link[0] if isinstance(link, list) else link).id)


FLEET: Table[Fleet] = Table(
    Fleet,
    ApplicationRow,
    {
        "name": same("app_name"),
        "slug": same("slug"),
        "organization": Column(
            lambda row, at: _organization(row), expand=(("organization", "name"), ("organization", "handle"))
        ),
        "created_at": same("created_at"),
        "is_archived": same("is_archived"),
        "is_public": same("is_public"),
        "device_type": Column(lambda row, at: device_type(row), expand=native.DEVICE_TYPE),
        "tracks_latest": same("should_track_latest_release"),
        "web_url": Column(lambda row, at: _page(at.web_url, row.id)),
        "target_release_native_id": linked_id("should_be_running__release"),
        "is_mine": Column(lambda row, at: at.is_mine),  # false when it is only seen because it is public
    },
    (*selection.APPLICATION, *selection.CLOUD_APPLICATION),
    frozenset(selection.CLOUD_APPLICATION),
    BalenaFleet,
    native.FLEET,
)

RELEASE: Table[Release] = Table(
    Release,
    ReleaseRow,
    {
        "name": same("raw_version"),
        "raw_version": same("raw_version"),
        "status": Column(Judged(SAYING_STATUS, status), SAYING_STATUS),
        "native_status": same("status"),
        # The commit; what balena calls revision counts rebuilds, and is in `native`.
        "revision": filled("commit"),
        "notes": filled("note"),
        "created_at": same("created_at"),
        "updated_at": same("update_timestamp"),
        "started_at": same("start_timestamp"),
        "finished_at": same("end_timestamp"),
        "created_by": Column(lambda row, at: _creator(row), ("is_created_by__user",)),
        "web_url": Column(
            lambda row, at: _page(at.web_url, linked(row.belongs_to__application), row.id), ("belongs_to__application",)
        ),
        "fleet_native_id": linked_id("belongs_to__application"),
        "lineage": Column(lambda row, at: Lineage(counts=row.status == "success"), ("status",)),
    },
    (*selection.RELEASE, *selection.CLOUD_RELEASE),
    frozenset(selection.CLOUD_RELEASE),
    BalenaRelease,
    native.RELEASE,
)

DEVICE: Table[Device] = Table(
    Device,
    DeviceRow,
    {
        "name": Column(lambda row, at: row.device_name or row.uuid, ("uuid", "device_name")),
        "identifiers": Column(lambda row, at: (row.uuid,), ("uuid",)),
        "device_type": Column(
            lambda row, at: next((one.slug for one in row.is_of__device_type), None),
            expand=(("is_of__device_type", "slug"),),
        ),
        "is_online": same("is_online"),
        "last_seen_at": same("last_connectivity_event"),  # when it last came or went
        "raw_running_version": Column(
            lambda row, at: next((one.raw_version for one in row.is_running__release), None),
            expand=(("is_running__release", "id"), ("is_running__release", "raw_version")),
        ),
        "running_release_native_id": Column(
            lambda row, at: native_id(row.is_running__release), expand=(("is_running__release", "id"),)
        ),
        "target_release_native_id": linked_id("should_be_running__release"),
        "fleet_native_id": linked_id("belongs_to__application"),
        "details_of": Column(lambda row, at: partial(details, row, DEVICE_DETAILS), DEVICE_DETAILS),
    },
    (*selection.DEVICE, *selection.CLOUD_DEVICE),
    frozenset(selection.CLOUD_DEVICE),
)

# The release a device should run is not among them: the server computes it, and whether it expands is not confirmed.
RELEASE.links["fleet"] = Behind("belongs_to__application", FLEET)
FLEET.links["target_release"] = Behind("should_be_running__release", RELEASE)
DEVICE.links["fleet"] = Behind("belongs_to__application", FLEET)
DEVICE.links["running_release"] = Behind(
    "is_running__release",
    RELEASE,
    is_sure=lambda row, behind: _is_of_same_fleet(row, behind),
    needs=frozenset({"fleet_native_id"}),
)


def fleet(source: str, row: ApplicationRow, *, is_mine: bool, web_url: str | None = None) -> Fleet:
    """An application with everything: fleet, block or app."""
    return cut(FLEET, None, of_cloud=True).made(row, At(source, web_url, is_mine))


def release(source: str, row: ReleaseRow, *, web_url: str | None = None) -> Release:
    return cut(RELEASE, None, of_cloud=True).made(row, At(source, web_url))


def device(source: str, row: DeviceRow) -> Device:
    return cut(DEVICE, None, of_cloud=True).made(row, At(source))


def columns(row: ColumnsRow, names: Iterable[str]) -> Mapping[str, Any]:
    return {name: getattr(row, name) for name in names}


def deployments(source: str, row: TargetRow) -> list[Deployment]:
    """The target of a fleet, if it has one: balena tells neither when it was set nor by whom."""
    release_id = native_id(row.should_be_running__release)
    if release_id is None:
        return []
    deployment = Deployment(
        source_name=source,
        native_id=keys.join(row.id, release_id),
        status=DeploymentStatus.ACTIVE,
        release_native_id=release_id,
        fleet_native_id=str(row.id),
    )
    return [deployment]


def is_used(row: ReleaseUseRow) -> bool | None:
    """None: nothing that we see points to it, and it is not ours to see everything."""
    uses = row.should_be_running_on__application + row.is_running_on__device + row.is_pinned_to__device
    if uses + row.should_operate__device + row.should_manage__device:
        return True
    return False if row.belongs_to__application else None


def tags(rows: Iterable[TagRow]) -> list[Tag]:
    """By key."""
    return sorted((Tag(key=row.tag_key, value=row.value) for row in rows), key=lambda tag: tag.key)


def _organization(row: ApplicationRow) -> Organization | None:
    return next((Organization(name=one.name, handle=one.handle) for one in row.organization), None)


def _creator(row: ReleaseRow) -> Actor | None:
    user = linked(row.is_created_by__user)
    return None if user is None else Actor(native_id=str(user))


def _is_of_same_fleet(row: DeviceRow, behind: ReleaseRow) -> bool:
    """A device that was moved still runs a release of its former fleet, which need not be in our scope."""
    return linked(behind.belongs_to__application) == linked(row.belongs_to__application)


def _page(web_url: str | None, fleet_id: int | None, release_id: int | None = None) -> str | None:
    """Where the dashboard of that address shows it. Nobody documents the address itself: an operator gives it."""
    if web_url is None or fleet_id is None:
        return None
    page = f"{web_url}/fleets/{fleet_id}"
    return page if release_id is None else f"{page}/releases/{release_id}"
