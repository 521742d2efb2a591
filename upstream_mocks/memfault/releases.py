"""Releases: list with the documented filters, one by version, create, change, delete."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from upstream_mocks.memfault import errors, views
from upstream_mocks.memfault.model import Project, Release
from upstream_mocks.memfault.paging import listing, sorted_as_asked
from upstream_mocks.memfault.visit import Visit, data, key, no_content, text

VERSION = r"[-a-zA-Z0-9_.+]+"
SORTS = {"created_date": lambda row: row.created_date}
TEXTS = ("min_version", "revision", "notes")


def listed(visit: Visit) -> Response:
    """Repeated values of one filter are alternatives; different filters must all hold."""
    rows = [release for release in visit.project.releases.values() if _matches(visit, release)]
    return listing(visit, sorted_as_asked(visit, rows, SORTS), lambda row: views.release(row, visit, visit.project))


def shown(visit: Visit) -> Response:
    return data(views.release(visit.release, visit, visit.project))


def create(visit: Visit) -> Response:
    """`Location` tells where to upload the artifacts."""
    version = key(visit.body, "version", VERSION)
    if version in visit.project.releases:
        raise errors.conflict(f"Release with version `{version}` already exists")
    release = add(visit, visit.project, version, visit.body)
    path = visit.request.url.path.removeprefix(visit.request.scope["root_path"]).lstrip("/")
    location = f"{visit.base}{path}/{quote(version, safe='')}/artifacts"
    return data(views.release(release, visit, visit.project), location=location)


def update(visit: Visit) -> Response:
    """What is left out stays; a new version moves the release to another route."""
    release, project, body = visit.release, visit.project, visit.body
    version = key({"version": body.get("version", release.version)}, "version", VERSION)
    if version != release.version and version in project.releases:
        raise errors.conflict(f"Release with version `{version}` already exists")
    _write(release, body)
    del project.releases[release.version]
    release.version, release.updated_date = version, visit.cloud.write_time()
    project.releases[version] = release
    return data(views.release(release, visit, project))


def delete(visit: Visit) -> Response:
    """Refused while one of its deployments is still active; the status of that refusal is unconfirmed."""
    release, project = visit.release, visit.project
    deployments = [each for each in project.deployments.values() if each.release is release]
    if any(each.is_active for each in deployments):
        raise errors.conflict(f"Release `{release.version}` has deployments that are not pulled")
    for each in deployments:
        del project.deployments[each.id]
    del project.releases[release.version]
    return no_content()


def add(visit: Visit, project: Project, version: str, fields: dict[str, Any]) -> Release:
    at = visit.cloud.write_time()
    release = Release(0, at, at, version)
    _write(release, fields)
    release.id = visit.cloud.next_id("release")
    project.releases[version] = release
    return release


def _write(release: Release, body: dict[str, Any]) -> None:
    """Checked as a whole before anything changes."""
    texts = {name: text(body, name, getattr(release, name)) for name in TEXTS}
    release.min_version, release.revision, release.notes = (texts[name] for name in TEXTS)
    release.extra_info = body.get("extra_info", release.extra_info)


def _matches(visit: Visit, release: Release) -> bool:
    has = {
        "version": {release.version},
        "revision": {release.revision},
        "hardware_version": {artifact.hardware_version for artifact in release.artifacts},
        "build_id": {artifact.build_id for artifact in release.artifacts},
    }
    return all(has[name] & set(visit.query.getlist(name)) for name in has if name in visit.query)
