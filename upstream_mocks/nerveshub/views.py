"""The JSON of NervesHub, field by field; what an older server does not know is left out.

Timestamps come in three shapes and a word: zoneless seconds, `T…Z`, spaced with microseconds and Z, `never`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from upstream_mocks.nerveshub.model import Device, Firmware, Group, GroupRelease, Hub, Org, Product, User

Json = dict[str, Any]
RELEASE_V240 = "2.4.0"


def is_old(switches: Mapping[str, Any]) -> bool:
    """Whether the server is v2.4.0 of March 2026, which knows none of the fields of that summer."""
    return bool(switches.get("server_version", "current") == RELEASE_V240)


def user(row: User) -> Json:
    return {"name": row.name, "email": row.email}


def org(row: Org, switches: Mapping[str, Any], *, with_products: bool) -> Json:
    stamps = {"inserted_at": zoneless(row.inserted_at), "updated_at": zoneless(row.inserted_at)}
    products = {"products": [product(each, switches) for each in row.products.values()]} if with_products else {}
    return {"name": row.name, **stamps, **products}


def product(row: Product, switches: Mapping[str, Any]) -> Json:
    if is_old(switches):
        return {"name": row.name}
    return {
        "name": row.name,
        "require_unique_firmware_version": row.require_unique_firmware_version,
        "allowed_update_tools": row.allowed_update_tools,
        "allow_unsigned_esp_idf_firmware": row.allow_unsigned_esp_idf_firmware,
    }


def firmware(row: Firmware, of: Product, switches: Mapping[str, Any]) -> Json:
    """No time, size, checksum, commit or description: the server stores them and does not tell."""
    told = {
        "uuid": row.uuid,
        "version": row.version,
        "architecture": row.architecture,
        "platform": row.platform,
        "author": row.author,
        "product": of.name,
    }
    return told if is_old(switches) else {**told, "tool": row.tool}


def group(row: Group, switches: Mapping[str, Any], *, device_count: int | None, releases_count: int | None) -> Json:
    told: Json = {
        "name": row.name,
        "is_active": row.is_active,
        "state": "on" if row.is_active else "off",
        "firmware_uuid": row.current.firmware.uuid,
        "conditions": {"version": row.conditions.version, "tags": row.conditions.tags},
        "delta_updatable": row.delta_updatable,
    }
    if is_old(switches):
        return told
    told["conditions"]["tag_operator"] = row.conditions.tag_operator
    return {
        **told,
        "current_release": _release(row.current),
        "archive_uuid": row.current.archive_uuid,
        "device_count": device_count,
        "releases_count": releases_count,
        "notes": row.notes,
    }


def counted_group(row: Group, hub: Hub, of: Product, switches: Mapping[str, Any]) -> Json:
    devices = sum(device.group is row for device in hub.devices_of(of))
    return group(row, switches, device_count=devices, releases_count=len(row.releases))


def _release(row: GroupRelease) -> Json:
    keys = ("version", "architecture", "platform", "uuid")
    return {
        "number": row.number,
        "firmware": {key: getattr(row.firmware, key) for key in keys},
        "inserted_at": zoneless(row.inserted_at),
        "updated_at": zoneless(row.inserted_at),
    }


def device(row: Device) -> Json:
    """`online` is the text of the connection status, whatever the server's own OpenAPI says; `tags` is a list."""
    return {
        "identifier": row.identifier,
        "description": row.description,
        "tags": row.tags,
        "online": row.connection_status,
        "connection_status": row.connection_status,
        "firmware_metadata": _metadata(row),
        "version": row.firmware.version if row.firmware else "unknown",
        "deployment_group": _group_of_device(row.group),
        "updates_enabled": row.updates_enabled,
        "updates_blocked_until": zoned(row.updates_blocked_until),
        "org_name": row.product.org,
        "product_name": row.product.name,
        "last_communication": spaced(row.last_seen_at),
        "deleted": row.deleted,
    }


def _metadata(row: Device) -> Json | None:
    if row.firmware is None:
        return None
    return {
        "id": row.metadata_id,
        "uuid": row.firmware.uuid,
        "product": row.product.name,
        "version": row.firmware.version,
        "architecture": row.firmware.architecture,
        "platform": row.firmware.platform,
        "author": row.firmware.author,
        "description": row.firmware.description,
        "fwup_version": "1.10.1",
        "vcs_identifier": row.firmware.vcs_identifier,
        "misc": None,
    }


def _group_of_device(row: Group | None) -> Json | None:
    if row is None:
        return None
    running = row.current.firmware
    return {
        "name": row.name,
        "is_active": row.is_active,
        "firmware_uuid": running.uuid,
        "firmware_version": running.version,
    }


def zoneless(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S")


def zoned(at: datetime | None) -> str | None:
    return None if at is None else at.strftime("%Y-%m-%dT%H:%M:%SZ")


def spaced(at: datetime | None) -> str:
    return "never" if at is None else at.strftime("%Y-%m-%d %H:%M:%S.%fZ")
