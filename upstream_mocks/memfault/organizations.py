"""The user, organizations and projects."""

from __future__ import annotations

import hashlib

from starlette.responses import JSONResponse, Response

from upstream_mocks.memfault import auth, errors, views
from upstream_mocks.memfault.model import Cohort, Project
from upstream_mocks.memfault.paging import listing, sorted_as_asked
from upstream_mocks.memfault.visit import Visit, data, key, no_content, text

SLUG = r"[-a-zA-Z0-9_]+"


def me(visit: Visit) -> Response:
    """Bare, without `data`. What a token of an organization gets is unconfirmed: 403 unless switched."""
    if not visit.caller.is_user and not visit.switches.get("auth_me_for_tokens", False):
        raise errors.forbidden()
    since = views.stamp(visit.cloud.today)
    organizations = [views.organization(each) for each in visit.cloud.organizations.values()]
    return JSONResponse({**auth.USER, "created_date": since, "updated_date": since, "organizations": organizations})


def user_api_key(visit: Visit) -> Response:
    """GET tells it, POST makes another, DELETE leaves the user without."""
    if not visit.caller.is_user:
        raise errors.forbidden()
    if visit.request.method == "DELETE":
        visit.cloud.api_key = None
        return no_content()
    if visit.request.method == "POST":
        visit.cloud.api_key = _new_key(visit, "user")
    return data({"api_key": visit.cloud.api_key})


def organizations(visit: Visit) -> Response:
    """Those the credential sees: what one asks to learn whether it is good."""
    return listing(
        visit, [each for each in visit.cloud.organizations.values() if visit.caller.sees(each)], views.organization
    )


def projects(visit: Visit) -> Response:
    rows = sorted_as_asked(visit, visit.organization.projects.values(), {"created_date": lambda row: row.created_date})
    return listing(visit, rows, lambda row: views.project(row, visit.switches))


def project(visit: Visit) -> Response:
    return data(views.project(visit.project, visit.switches))


def create_project(visit: Visit) -> Response:
    """With a `default` cohort, as every project has one."""
    body, at = visit.body, visit.cloud.write_time()
    name = key(body, "name", r".+")
    slug = key({"slug": body.get("slug", name.lower().replace(" ", "-"))}, "slug", SLUG)
    if slug in visit.organization.projects:
        raise errors.conflict(f"Project with slug `{slug}` already exists")
    made = Project(visit.cloud.next_id("project"), at, at, name, slug, _new_key(visit, slug))
    made.platform, made.os = text(body, "platform", made.platform), text(body, "os", made.os)
    made.cohorts["default"] = Cohort(visit.cloud.next_id("cohort"), at, at, "default", "default")
    visit.organization.projects[slug] = made
    return data(views.project(made, visit.switches))


def update_project(visit: Visit) -> Response:
    found, body = visit.project, visit.body
    values = {name: text(body, name, getattr(found, name)) for name in ("name", "platform", "os")}
    found.name, found.platform, found.os = values["name"], values["platform"], values["os"]
    found.updated_date = visit.cloud.write_time()
    return data(views.project(found, visit.switches))


def delete_project(visit: Visit) -> Response:
    del visit.organization.projects[visit.project.slug]
    return no_content()


def project_key(visit: Visit) -> Response:
    """POST rotates it: devices with the old one are shut out."""
    if visit.request.method == "POST":
        visit.project.api_key = _new_key(visit, visit.project.slug)
    return data({"api_key": visit.project.api_key})


def _new_key(visit: Visit, owner: str) -> str:
    number = visit.cloud.next_id("key")
    return hashlib.sha256(f"{owner}/{number}".encode()).hexdigest()[:32]
