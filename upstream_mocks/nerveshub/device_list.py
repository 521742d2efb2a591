"""Which devices the list shows, in which order and on which page, as the server reads the query."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from upstream_mocks.nerveshub import errors
from upstream_mocks.nerveshub.model import Device

PAGE_SIZE = 10
_Matches = Callable[[Device, str, datetime], bool]


def _mentions(device: Device, value: str) -> bool:
    running = device.firmware
    words = [device.identifier, *(device.tags or [])]
    words += [running.version, running.platform] if running else []
    return any(value.lower() in word.lower() for word in words)


def _has_tags(device: Device, value: str) -> bool:
    wanted = [tag.strip().lower() for tag in value.split(",") if tag.strip()]
    return all(any(tag in own.lower() for own in device.tags or []) for tag in wanted)


def _platform(device: Device, value: str, now: datetime) -> bool:
    return (
        device.firmware is None if value == "Unknown" else bool(device.firmware and device.firmware.platform == value)
    )


def _connection(device: Device, value: str, now: datetime) -> bool:
    days = {"not_seen_in_seven_days": 7, "not_seen_in_fourteen_days": 14}.get(value)
    if days is None:
        return device.connection_status == value
    return device.last_seen_at is not None and device.last_seen_at < now - timedelta(days=days)


def _updates(device: Device, value: str, now: datetime) -> bool:
    blocked = device.updates_blocked_until is not None and device.updates_blocked_until > now
    by_word = {"enabled": device.updates_enabled, "disabled": not device.updates_enabled, "penalty-box": blocked}
    if value not in by_word:
        raise errors.unexpected()
    return by_word[value]


def _alarm_status(device: Device, value: str, now: datetime) -> bool:
    return {"with": bool(device.alarms), "without": not device.alarms}.get(value, True)


def _group_id(device: Device, value: str, now: datetime) -> bool:
    return device.group is not None and device.group.id == _integer(value)


FILTERS: dict[str, _Matches] = {
    "identifier": lambda device, value, now: value.lower() in device.identifier.lower(),
    "search": lambda device, value, now: _mentions(device, value),
    "firmware_version": lambda device, value, now: bool(device.firmware and device.firmware.version == value),
    "platform": _platform,
    "tags": lambda device, value, now: _has_tags(device, value),
    "has_no_tags": lambda device, value, now: not device.tags,
    "deployment_id": _group_id,
    "connection": _connection,
    "connection_type": lambda device, value, now: value in device.connection_types,
    "updates": _updates,
    "health_status": lambda device, value, now: device.health == value,
    "alarm": lambda device, value, now: value in device.alarms,
    "alarm_status": _alarm_status,
}

# The server turns keys into atoms that must exist already: a word its code uses anywhere passes and does nothing.
WORDS_OF_THE_SERVER = frozenset(
    re.findall(
        r"\w+",
        """only_updating display_deleted is_pinned deployment_group deployment product product_name name version uuid
        firmware firmware_uuid status online id description deleted tag state""",
    )
)

SORTS: dict[str, Callable[[Device], Any]] = {
    "identifier": lambda device: device.identifier,
    "connection_established_at": lambda device: device.established_at,
    "connection_last_seen_at": lambda device: device.last_seen_at,
}
INVERTED = ("connection_established_at", "connection_last_seen_at")


def matching(devices: list[Device], filters: Mapping[str, str], now: datetime, *, lenient: bool) -> list[Device]:
    """Devices that meet every filter; a key no code of the server uses is its 500, unless lenient."""
    for key, value in filters.items():
        if key not in FILTERS and key not in WORDS_OF_THE_SERVER and not lenient:
            raise errors.unexpected()
        if value and key in FILTERS:
            devices = [device for device in devices if FILTERS[key](device, value, now)]
    return devices


def ordered(devices: list[Device], column: str, direction: str, *, lenient: bool) -> list[Device]:
    """By identifier as text unless told otherwise; the two connection times run the other way round."""
    if column not in SORTS and not lenient:
        raise errors.unexpected()
    value = SORTS.get(column, SORTS["identifier"])
    by_identifier = sorted(devices, key=SORTS["identifier"])
    known = [device for device in by_identifier if value(device) is not None]
    unknown = [device for device in by_identifier if value(device) is None]
    return sorted(known, key=value, reverse=(direction == "desc") != (column in INVERTED)) + unknown


def page(devices: list[Device], wanted: Mapping[str, str]) -> tuple[list[Device], dict[str, int]]:
    """The page's devices and the envelope's `pagination`; 10 a page unless asked, no maximum; 500 for no number."""
    number, size = _integer(wanted.get("page", "1")), _integer(wanted.get("page_size", str(PAGE_SIZE)))
    if number < 1 or size < 1:
        raise errors.unexpected()
    told = {
        "page_number": number,
        "page_size": size,
        "total_entries": len(devices),
        "total_pages": -(-len(devices) // size),
    }
    return devices[(number - 1) * size : number * size], told


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise errors.unexpected() from None
