"""Deployments of a release to a cohort: whole (`normal`) or to a share of it (`staged_rollout`)."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.responses import Response

from upstream_mocks.memfault import errors, views
from upstream_mocks.memfault.model import Cohort, Deployment, Project, Release
from upstream_mocks.memfault.paging import listing, sorted_as_asked
from upstream_mocks.memfault.visit import Visit, cohort_of, data

SORTS = {"deployed_date": lambda row: (row.deployed_date, row.id), "created_date": lambda row: row.created_date}


def listed(visit: Visit) -> Response:
    """Latest first unless sorted otherwise."""
    rows = [deployment for deployment in visit.project.deployments.values() if _matches(visit, deployment)]
    ordered = sorted_as_asked(visit, rows, SORTS, default="-deployed_date")
    return listing(visit, ordered, lambda row: views.deployment(row, visit.switches, visit.project))


def shown(visit: Visit) -> Response:
    return data(views.deployment(_asked(visit), visit.switches, visit.project))


def create(visit: Visit) -> Response:
    body, project = visit.body, visit.project
    kind = body.get("type", "normal")
    if kind not in ("normal", "staged_rollout"):
        raise errors.invalid("`type` must be normal or staged_rollout")
    release, delta = release_asked(project, body.get("release"))
    cohort = _cohort(project, body.get("cohort"))
    percent = _percent(body.get("rollout_percent")) if kind == "staged_rollout" else 0
    _check_not_active(project, release, cohort, delta)
    at = visit.cloud.write_time()
    status = "in_progress" if kind == "staged_rollout" and percent < 100 else "done"
    number = visit.cloud.next_id("deployment")
    made = Deployment(number, at, at, at, kind, status, percent, release, cohort, delta, body.get("extra_info"))
    project.deployments[number] = made
    return data(views.deployment(made, visit.switches, project))


def update(visit: Visit) -> Response:
    """`rollout_percent` of a running staged rollout, and `extra_info`."""
    deployment, body = _asked(visit), visit.body
    if "rollout_percent" in body:
        percent = _percent(body["rollout_percent"])
        if deployment.type != "staged_rollout" or not deployment.is_active:
            raise errors.invalid("Only an active staged rollout has a percentage to change")
        deployment.rollout_percent = percent
        deployment.status = "done" if percent == 100 else "in_progress"
    deployment.extra_info = body.get("extra_info", deployment.extra_info)
    deployment.updated_date = visit.cloud.write_time()
    return data(views.deployment(deployment, visit.switches, visit.project))


def pull(visit: Visit) -> Response:
    """DELETE takes it out of service; that it then reads `pulled` and does not vanish is unconfirmed."""
    deployment = _asked(visit)
    deployment.status = "pulled" if deployment.is_active else deployment.status
    deployment.updated_date = visit.cloud.write_time()
    if visit.switches.get("pulled_deployments_vanish", False):
        del visit.project.deployments[deployment.id]
    return Response(status_code=visit.switches.get("pull_status", 204))


def _asked(visit: Visit) -> Deployment:
    found = visit.project.deployments.get(visit.params["id"])
    if found is None:
        raise errors.not_found("Deployment", "id", visit.params["id"])
    return found


def release_asked(project: Project, wanted: object) -> tuple[Release, tuple[str, str] | None]:
    """By id, by version, or by the pair of a delta, whose target it then is."""
    if isinstance(wanted, list):
        versions = [version for version in wanted if isinstance(version, str) and version in project.releases]
        if len(wanted) != 2 or versions != wanted:
            raise errors.not_found("Delta release", "versions", wanted)
        return project.releases[versions[1]], (versions[0], versions[1])
    for release in project.releases.values():
        if wanted in (release.id, release.version):
            return release, None
    raise errors.not_found("Release", "version", wanted)


def _cohort(project: Project, wanted: object) -> Cohort:
    by_id = {cohort.id: cohort for cohort in project.cohorts.values()}
    return by_id[wanted] if isinstance(wanted, int) and wanted in by_id else cohort_of(project, wanted)


def _percent(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 100:
        raise errors.invalid("`rollout_percent` must be an integer from 0 to 100")
    return value


def _check_not_active(project: Project, release: Release, cohort: Cohort, delta: tuple[str, str] | None) -> None:
    for other in project.deployments_to(cohort):
        if other.is_active and other.release is release and other.delta == delta:
            raise errors.conflict(f"Release {release.version} is already active for cohort {cohort.slug}")


def _matches(visit: Visit, deployment: Deployment) -> bool:
    release = {str(deployment.release.id), deployment.release.version}
    if deployment.delta:
        release = set()
    older, newer = deployment.delta or ("", "")
    has = {"release": release, "cohort": {deployment.cohort.slug}, "delta_from": {older}, "delta_to": {newer}}
    fits = all(has[name] & set(visit.query.getlist(name)) for name in has if name in visit.query)
    return fits and between(visit, deployment.deployed_date, "since", "until")


def between(visit: Visit, at: datetime | None, since: str, until: str) -> bool:
    """Whether the instant lies after `since` and before `until` of the query; none lies outside as soon as one is."""
    after, before = instant(visit, since), instant(visit, until)
    if after is None and before is None:
        return True
    return at is not None and (after is None or at > after) and (before is None or at < before)


def instant(visit: Visit, name: str) -> datetime | None:
    value = visit.query.get(name)
    if value is None:
        return None
    try:
        # A bare plus in a query is a space: the offset of an instant that was not encoded.
        read = datetime.fromisoformat(value.replace(" ", "+"))
    except ValueError:
        raise errors.invalid(f"`{name}` is not an ISO 8601 instant") from None
    return read if read.tzinfo else read.replace(tzinfo=UTC)
