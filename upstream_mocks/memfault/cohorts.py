"""Cohorts: every device is in exactly one, and every project has `default`."""

from __future__ import annotations

import re

from starlette.responses import Response

from upstream_mocks.memfault import errors, views
from upstream_mocks.memfault.model import Cohort, Device
from upstream_mocks.memfault.organizations import SLUG
from upstream_mocks.memfault.paging import listing, sorted_as_asked
from upstream_mocks.memfault.visit import Visit, data, key, no_content

SORTS = {"created_date": lambda row: row.created_date}


def listed(visit: Visit) -> Response:
    rows = [cohort for cohort in visit.project.cohorts.values() if _matches(visit, cohort)]
    return listing(visit, sorted_as_asked(visit, rows, SORTS), lambda row: views.cohort(row, visit, visit.project))


def shown(visit: Visit) -> Response:
    return data(views.cohort(visit.cohort, visit, visit.project))


def create(visit: Visit) -> Response:
    """The slug follows from the name unless it is given."""
    body, project = visit.body, visit.project
    name = key(body, "name", r".+")
    derived = re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-")
    slug = key({"slug": body.get("slug", derived)}, "slug", SLUG)
    _check_free(visit, name, slug, but=None)
    at = visit.cloud.write_time()
    project.cohorts[slug] = Cohort(visit.cloud.next_id("cohort"), at, at, name, slug)
    return data(views.cohort(project.cohorts[slug], visit, project))


def update(visit: Visit) -> Response:
    cohort, project, body = visit.cohort, visit.project, visit.body
    name = key({"name": body.get("name", cohort.name)}, "name", r".+")
    slug = key({"slug": body.get("slug", cohort.slug)}, "slug", SLUG)
    _check_free(visit, name, slug, but=cohort)
    bypass = body.get("bypass_version_checks", cohort.bypass_version_checks)
    del project.cohorts[cohort.slug]
    cohort.name, cohort.slug, cohort.bypass_version_checks = name, slug, bool(bypass)
    cohort.updated_date = visit.cloud.write_time()
    project.cohorts[slug] = cohort
    return data(views.cohort(cohort, visit, project))


def delete(visit: Visit) -> Response:
    """Its devices fall back to `default`, which itself stays; both are unconfirmed."""
    cohort, project = visit.cohort, visit.project
    if cohort.slug == "default":
        raise errors.conflict("The default cohort cannot be deleted")
    for device in project.devices.values():
        device.cohort = project.cohorts["default"] if device.cohort is cohort else device.cohort
    for deployment in project.deployments_to(cohort):
        del project.deployments[deployment.id]
    del project.cohorts[cohort.slug]
    return no_content()


def devices(visit: Visit) -> Response:
    rows = [device for device in visit.project.devices.values() if device.cohort is visit.cohort]
    keys = {"last_seen": lambda row: row.last_seen}
    return listing(
        visit, sorted_as_asked(visit, rows, keys), lambda row: views.device(row, visit.switches, visit.project)
    )


def move_devices(visit: Visit) -> Response:
    """202 today, 204 in 2021: the switch `move_devices_status`. The body's shape is unconfirmed."""
    cohort, wanted = visit.cohort, visit.body.get("devices")
    if not isinstance(wanted, list):
        raise errors.invalid("`devices` must be a list")
    found = [_device(visit, each) for each in wanted]
    for device in found:
        device.cohort = cohort
    return Response(status_code=visit.switches.get("move_devices_status", 202))


def _device(visit: Visit, wanted: object) -> Device:
    serial = wanted.get("device_serial") if isinstance(wanted, dict) else wanted
    if not isinstance(serial, str) or serial not in visit.project.devices:
        raise errors.not_found("Device", "device_serial", serial)
    return visit.project.devices[serial]


def _check_free(visit: Visit, name: str, slug: str, but: Cohort | None) -> None:
    for other in visit.project.cohorts.values():
        if other is not but and (other.slug == slug or other.name == name):
            raise errors.conflict(f"Cohort `{slug}` already exists")


def _matches(visit: Visit, cohort: Cohort) -> bool:
    has = {"name": cohort.name, "slug": cohort.slug}
    return all(has[name] in visit.query.getlist(name) for name in has if name in visit.query)
