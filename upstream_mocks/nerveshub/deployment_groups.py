"""Deployment groups: the URL says deployments, the object is a target with a numbered history of releases."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from upstream_mocks.nerveshub import errors, views
from upstream_mocks.nerveshub.model import Conditions, Firmware, Group, GroupRelease, Product
from upstream_mocks.nerveshub.visit import Visit, data, no_content

MAX_NOTES = 1000
MAX_DESCRIPTION = 100
MAKES_A_RELEASE = ("firmware", "firmware_id", "archive", "archive_id")
_VERSION = r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?"
_CLAUSE = rf"((==|!=|>=|<=|>|<)?\s*{_VERSION}|~>\s*(\d+\.\d+|{_VERSION}))"
_REQUIREMENT = re.compile(rf"{_CLAUSE}(\s+(and|or)\s+{_CLAUSE})*")


def listed(visit: Visit) -> Response:
    """All of them, by name."""
    groups = [visit.product.groups[name] for name in sorted(visit.product.groups)]
    return data([views.counted_group(group, visit.hub, visit.product, visit.switches) for group in groups])


def shown(visit: Visit) -> Response:
    return data(views.counted_group(_asked(visit), visit.hub, visit.product, visit.switches))


def create(visit: Visit) -> Response:
    """Fields at the top level; always off, whatever `state` and `is_active` say; the answer counts nothing."""
    product, body = visit.product, visit.body
    firmware = _firmware_to_create(product, body)
    _check_board(firmware, body)
    name = _new_name(product, body.get("name"))
    if not isinstance(body.get("conditions"), dict):
        raise errors.invalid(conditions="can't be blank")
    conditions = _conditions(Conditions(), body["conditions"])
    first = GroupRelease(1, firmware, visit.hub.write_time())
    group = Group(visit.hub.next_id(), name, False, conditions, [first], notes=_text(body, "notes", MAX_NOTES))
    group.delta_updatable = _flag(body, "delta_updatable", True)
    product.groups[name] = group
    location = visit.path_to(quote(product.org), "products", quote(product.name), "deployments", quote(name))
    counts: dict[str, int | None] = {"device_count": None, "releases_count": None}
    if visit.switches.get("post_counts", False):
        counts = {"device_count": 0, "releases_count": 1}
    return data(views.group(group, visit.switches, **counts), 201, location)


def update(visit: Visit) -> Response:
    """Either a new release or other attributes, never both: with a firmware, state and conditions are not read."""
    group, wrapped = _asked(visit), visit.body.get("deployment")
    if not isinstance(wrapped, dict):
        raise errors.bad_request("The request needs the member `deployment`.")
    before = len(group.releases)
    if any(key in wrapped for key in MAKES_A_RELEASE):
        group.releases.append(_next_release(visit, group, wrapped))
    else:
        _change(visit.product, group, wrapped)
    answer = views.counted_group(group, visit.hub, visit.product, visit.switches)
    if "releases_count" in answer and visit.switches.get("stale_releases_count", True):
        answer["releases_count"] = before
    return data(answer)


def delete(visit: Visit) -> Response:
    group = visit.product.groups.pop(_asked(visit).name)
    for device in visit.hub.devices.values():
        device.group = None if device.group is group else device.group
    return no_content()


def _asked(visit: Visit) -> Group:
    group = visit.product.groups.get(visit.params["name"])
    if group is None:
        raise errors.not_found()
    return group


def _next_release(visit: Visit, group: Group, wrapped: dict[str, Any]) -> GroupRelease:
    firmware = visit.product.firmware(wrapped.get("firmware"))
    if firmware is None:
        raise errors.invalid(firmware="can't be blank")
    archive = wrapped.get("archive")
    if archive is not None and archive not in visit.product.archives:
        raise errors.invalid(archive="does not exist")
    description, notes = _text(wrapped, "description", MAX_DESCRIPTION), _text(wrapped, "notes", MAX_NOTES)
    return GroupRelease(group.current.number + 1, firmware, visit.hub.write_time(), archive, description, notes)


def _change(product: Product, group: Group, wrapped: dict[str, Any]) -> None:
    """Everything is checked before anything changes."""
    name = group.name
    if wrapped.get("name", name) != name:
        name = _new_name(product, wrapped["name"])
    conditions = _conditions(group.conditions, wrapped.get("conditions", {}))
    notes = _text(wrapped, "notes", MAX_NOTES) if "notes" in wrapped else group.notes
    is_active = _flag(wrapped, "is_active", group.is_active)
    if "state" in wrapped:
        is_active = str(wrapped["state"]).lower() == "on"
    group.delta_updatable = _flag(wrapped, "delta_updatable", group.delta_updatable)
    del product.groups[group.name]
    group.name, group.conditions, group.notes, group.is_active = name, conditions, notes, is_active
    product.groups[name] = group


def _firmware_to_create(product: Product, body: dict[str, Any]) -> Firmware:
    if body.get("firmware") is None:
        raise errors.unprocessable("No firmware UUID provided")
    firmware = product.firmware(body["firmware"])
    if firmware is None:
        raise errors.not_found()
    return firmware


def _check_board(firmware: Firmware, body: dict[str, Any]) -> None:
    for key in ("platform", "architecture"):
        if body.get(key) not in (None, getattr(firmware, key)):
            raise errors.invalid(**{key: "must be that of the firmware"})


def _new_name(product: Product, name: object) -> str:
    if not isinstance(name, str) or not name.strip():
        raise errors.invalid(name="can't be blank")
    if name in product.groups:
        raise errors.invalid(name="has already been taken")
    return name


def _conditions(before: Conditions, given: object) -> Conditions:
    if not isinstance(given, dict):
        raise errors.invalid(conditions="is invalid")
    version, operator = given.get("version", before.version) or "", given.get("tag_operator", before.tag_operator)
    if not isinstance(version, str) or (version and not _REQUIREMENT.fullmatch(version.strip())):
        raise errors.invalid(version="must be a version requirement")
    if operator not in ("and", "or"):
        raise errors.invalid(tag_operator="is invalid")
    tags = given.get("tags", before.tags) or []
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise errors.invalid(tags="is invalid")
    return Conditions(version, tags, operator)


def _text(body: dict[str, Any], key: str, limit: int) -> str | None:
    value = body.get(key)
    if value is not None and (not isinstance(value, str) or len(value) > limit):
        raise errors.invalid(**{key: f"should be at most {limit} character(s)"})
    return value


def _flag(body: dict[str, Any], key: str, default: bool) -> bool:
    value = body.get(key, default)
    if not isinstance(value, bool):
        raise errors.invalid(**{key: "is invalid"})
    return value
