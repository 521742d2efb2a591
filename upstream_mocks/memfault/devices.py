"""Devices of a project, by serial."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from upstream_mocks.memfault import errors, views
from upstream_mocks.memfault.deployments import between
from upstream_mocks.memfault.model import Device, Project
from upstream_mocks.memfault.organizations import SLUG
from upstream_mocks.memfault.paging import listing, sorted_as_asked
from upstream_mocks.memfault.visit import Visit, cohort_of, data, key, no_content, text

SORTS = {"last_seen": lambda row: row.last_seen}


def listed(visit: Visit) -> Response:
    """In no order to rely on unless sorted by `last_seen`."""
    rows = [device for device in visit.project.devices.values() if _matches(visit, device)]
    ordered = sorted_as_asked(visit, rows, SORTS)
    return listing(visit, ordered, lambda row: views.device(row, visit.switches, visit.project))


def shown(visit: Visit) -> Response:
    return data(views.device(_asked(visit), visit.switches, visit.project))


def create(visit: Visit) -> Response:
    body, project = visit.body, visit.project
    serial = key(body, "device_serial", SLUG)
    if serial in project.devices:
        raise errors.conflict(f"Device with device_serial `{serial}` already exists")
    hardware, cohort = _hardware(project, body.get("hardware_version")), cohort_of(project, "default")
    at = visit.cloud.write_time()
    device = Device(0, at, at, serial, hardware, cohort)
    _write(device, project, body)
    device.id = visit.cloud.next_id("device")
    project.devices[serial] = device
    return data(views.device(device, visit.switches, project))


def update(visit: Visit) -> Response:
    """A cohort by slug moves it. 200, or 202 by the switch `device_patch_status`."""
    device = _asked(visit)
    _write(device, visit.project, visit.body)
    device.updated_date = visit.cloud.write_time()
    status = visit.switches.get("device_patch_status", 200)
    return data(views.device(device, visit.switches, visit.project), status)


def delete(visit: Visit) -> Response:
    del visit.project.devices[_asked(visit).serial]
    return no_content()


def _asked(visit: Visit) -> Device:
    found = visit.project.devices.get(visit.params["serial"])
    if found is None:
        raise errors.not_found("Device", "device_serial", visit.params["serial"])
    return found


def _write(device: Device, project: Project, body: dict[str, Any]) -> None:
    """Everything is read before anything changes."""
    cohort = cohort_of(project, body.get("cohort", device.cohort.slug))
    hardware = _hardware(project, body.get("hardware_version", device.hardware_version))
    nickname, description = text(body, "nickname", device.nickname), text(body, "description", device.description)
    owner = text(body, "owner_ref", device.owner_ref)
    device.cohort, device.hardware_version, device.owner_ref = cohort, hardware, owner
    device.nickname, device.description = nickname, description


def _hardware(project: Project, name: object) -> str:
    if not isinstance(name, str) or name not in project.hardware_versions:
        raise errors.not_found("HardwareVersion", "name", name)
    return name


def _matches(visit: Visit, device: Device) -> bool:
    has = {
        "release": device.release.version if device.release else "",
        "owner_ref": device.owner_ref,
        "hardware_version": device.hardware_version,
    }
    fits = all(has[name] in visit.query.getlist(name) for name in has if name in visit.query)
    return fits and between(visit, device.last_seen, "last_seen_since", "last_seen_until")
