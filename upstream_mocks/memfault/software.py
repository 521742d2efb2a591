"""Software types and versions, hardware versions, and installs, of which the demo keeps none."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from upstream_mocks.memfault import errors, views
from upstream_mocks.memfault.model import Project, Release
from upstream_mocks.memfault.paging import listing, sorted_as_asked
from upstream_mocks.memfault.releases import VERSION
from upstream_mocks.memfault.versions import natural_key
from upstream_mocks.memfault.visit import Visit, data, key


def software_types(visit: Visit) -> Response:
    """Here a `per_page` of 5000 was seen to be taken."""
    return listing(visit, [visit.project], _software_type, is_capped=False)


def software_type_values(visit: Visit) -> Response:
    keys: dict[str, Any] = {
        "is_primary_type": lambda row: True,
        "active_device_count": lambda row: len(row.devices),
        "name": lambda row: row.software_type,
    }
    rows = sorted_as_asked(visit, [visit.project], keys, default="name")
    return listing(
        visit,
        rows,
        lambda row: {"name": row.software_type, "is_primary_type": True, "active_device_count": len(row.devices)},
    )


def software_versions(visit: Visit) -> Response:
    rows = list(_of_type(visit).releases.values())
    return listing(visit, rows, lambda row: _software_version(row, visit.project))


def software_version(visit: Visit) -> Response:
    _of_type(visit)
    return data(_software_version(visit.release, visit.project))


def hardware_versions(visit: Visit) -> Response:
    project = visit.project
    return listing(visit, project.hardware_versions, lambda name: views.hardware_version(name, project))


def create_hardware_version(visit: Visit) -> Response:
    project, name = visit.project, key(visit.body, "name", VERSION)
    if name in project.hardware_versions:
        raise errors.conflict(f"HardwareVersion with name `{name}` already exists")
    project.hardware_versions.append(name)
    return data(views.hardware_version(name, project))


def installs(visit: Visit) -> Response:
    none: list[Release] = []
    return listing(visit, none, lambda row: row)


def install(visit: Visit) -> Response:
    raise errors.not_found("Install", "id", visit.params["id"])


def _of_type(visit: Visit) -> Project:
    if visit.params["type"] != visit.project.software_type:
        raise errors.not_found("SoftwareType", "name", visit.params["type"])
    return visit.project


def _software_type(row: Project) -> dict[str, Any]:
    latest = max(row.releases.values(), key=lambda release: natural_key(release.version), default=None)
    return {
        **views.software_type(row),
        "archived": False,
        "created_date": views.stamp(row.created_date),
        "latest_software_version": None if latest is None else views.software_version(latest, row),
        "software_versions_count": len(row.releases),
        "software_version_string_format": "natural",
    }


def _software_version(row: Release, of: Project) -> dict[str, Any]:
    return {**views.software_version(row, of), "created_date": views.stamp(row.created_date)}
