"""Devices and what is installed on them."""

from __future__ import annotations

from typing import Any

from upstream_mocks.balena.model.fields import (
    computed,
    flag,
    link,
    many,
    moment,
    number,
    part_of,
    table,
    text,
    word,
)
from upstream_mocks.balena.odata.model import Kind, Navigation, Row, View

_FLEET = Navigation("belongs_to__application", "application", "belongs_to__application", "id")


def _target(view: View, row: Row) -> int | None:
    """The pin, else what the fleet should run."""
    pin: int | None = row["is_pinned_on__release"]
    return pin or next((fleet["should_be_running__release"] for fleet in view.follow(_FLEET, row)), None)


def overall_status(view: View, row: Row) -> str:
    """In this order: the first that holds. Source: open-balena-api, device-additions.ts."""
    online, heartbeat = row["is_online"], row["api_heartbeat_state"]
    if not row["is_active"]:
        return "inactive"
    if row["provisioning_state"] == "Post-Provisioning":
        return "post-provisioning"
    if not online and row["last_connectivity_event"] is None and heartbeat == "unknown":
        return "configuring"
    if not online and heartbeat in ("offline", "unknown"):
        return "disconnected"
    if online != (heartbeat == "online"):
        return "reduced-functionality"
    if row["status"] == "Downloading" and row["download_progress"] is not None:
        return "updating"
    return "configuring" if row["provisioning_progress"] is not None else "operational"


def _overall_progress(view: View, row: Row) -> Any:
    if overall_status(view, row) == "updating":
        return row["download_progress"]
    return row["provisioning_progress"] if row["is_active"] else None


DEVICE = table(
    "device",
    moment("modified_at"),
    text("uuid", required=True),
    text("device_name"),
    text("note"),
    text("local_id"),
    link("belongs_to__application", "application", going="cascade"),
    link("is_of__device_type", "device_type", required=True),
    link("belongs_to__user", "user", going="leave"),
    link("actor", "actor", required=True),
    flag("is_online"),
    flag("is_connected_to_vpn"),
    moment("last_connectivity_event"),
    moment("last_vpn_event"),
    word("api_heartbeat_state", "online", "offline", "timeout", "unknown", required=True, default="unknown"),
    text("status"),
    computed("overall_status", Kind.TEXT, overall_status, unasked=False),
    computed("overall_progress", Kind.NUMBER, _overall_progress),
    number("download_progress"),
    text("provisioning_state"),
    number("provisioning_progress"),
    word("update_status", "rejected", "downloading", "downloaded", "applying changes", "aborted", "done"),
    moment("last_update_status_event"),
    flag("is_web_accessible"),
    flag("is_active", default=True),
    flag("is_frozen"),
    flag("is_undervolted"),
    text("os_version"),
    text("os_variant"),
    text("supervisor_version"),
    link("is_running__release", "release", going="leave"),
    link("is_pinned_on__release", "release"),
    computed("should_be_running__release", Kind.NUMBER, _target, target="release"),
    link("should_be_operated_by__release", "release"),
    link("should_be_managed_by__release", "release"),
    number("memory_usage"),
    number("memory_total"),
    text("storage_block_device"),
    number("storage_usage"),
    number("storage_total"),
    number("cpu_usage"),
    number("cpu_temp"),
    text("cpu_id"),
    text("ip_address"),
    text("mac_address"),
    text("public_address"),
    text("latitude"),
    text("longitude"),
    text("custom_latitude"),
    text("custom_longitude"),
    text("location"),
    many=(
        *many("device_tag", "device"),
        *many("image_install", "device", "image_install", "installs__image"),
        *many("service_install", "device", "service_install", "installs__service"),
    ),
    uniques=(("uuid",),),
    owner=("belongs_to__application",),
    is_private=True,
)

DEVICE_TAG = table(
    "device_tag",
    part_of("device", "device"),
    text("tag_key", required=True, least=1, most=100),
    text("value", required=True, most=1000),
    uniques=(("device", "tag_key"),),
    owner=("device", "belongs_to__application"),
    is_private=True,
)

IMAGE_INSTALL = table(
    "image_install",
    part_of("device", "device"),
    part_of("installs__image", "image"),
    part_of("is_provided_by__release", "release"),
    moment("install_date", required=True),
    text("status", required=True),
    number("download_progress"),
    # The clients' own word for `installs__image`.
    many=(Navigation("image", "image", "installs__image", "id"),),
    uniques=(("device", "installs__image"),),
    owner=("device", "belongs_to__application"),
    is_private=True,
)

SERVICE_INSTALL = table(
    "service_install",
    part_of("device", "device"),
    part_of("installs__service", "service"),
    uniques=(("device", "installs__service"),),
    owner=("device", "belongs_to__application"),
    is_private=True,
)

TABLES = (DEVICE, DEVICE_TAG, IMAGE_INSTALL, SERVICE_INSTALL)
