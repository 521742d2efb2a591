"""One request on its way in: who asks, about which organization and project, with which body and query."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from upstream_mocks.memfault import auth, errors
from upstream_mocks.memfault.model import Cloud, Cohort, Organization, Project, Release

MAX_KEY = 128


@dataclass
class Visit:
    request: Request
    cloud: Cloud
    switches: Mapping[str, Any]
    raw: bytes

    @property
    def params(self) -> dict[str, Any]:
        return self.request.path_params

    @property
    def query(self) -> QueryParams:
        return self.request.query_params

    @property
    def base(self) -> str:
        """This server's own address with its prefix, ending in a slash: all of Memfault's hosts are one here."""
        return str(self.request.base_url)

    @property
    def caller(self) -> auth.Caller:
        return auth.caller(self.request, self.cloud, self.switches)

    @property
    def organization(self) -> Organization:
        found = self.cloud.organizations.get(self.params["organization"])
        if found is None:
            raise errors.not_found("Organization", "slug", self.params["organization"])
        if not self.caller.sees(found):
            raise errors.forbidden()
        return found

    @property
    def project(self) -> Project:
        found = self.organization.projects.get(self.params["project"])
        if found is None:
            raise errors.not_found("Project", "slug", self.params["project"])
        return found

    @property
    def release(self) -> Release:
        """By version, never by id."""
        found = self.project.releases.get(self.params["version"])
        if found is None:
            raise errors.not_found("Release", "version", self.params["version"])
        return found

    @property
    def cohort(self) -> Cohort:
        return cohort_of(self.project, self.params["slug"])

    def admit(self, *, is_write: bool) -> None:
        """Raises 401 and 403 before anything is looked up."""
        caller = self.caller
        if is_write and not caller.may_write:
            raise errors.forbidden()
        if "project" in self.params:
            assert self.project

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object sent. Raises 400 for anything else."""
        try:
            return msgspec.json.decode(self.raw, type=dict[str, Any])
        except msgspec.DecodeError:
            raise errors.invalid("The body is not a JSON object") from None


Handler = Callable[[Visit], Response]
Verbs = Mapping[str, Handler]
"The handlers of one path by verb."


def endpoint(
    cloud: Cloud, switches: Mapping[str, Any], verbs: Verbs, *, needs_login: bool = True
) -> Callable[[Request], Awaitable[Response]]:
    """The handler of the verb, behind the credential; a verb that writes needs one that may."""

    async def answer(request: Request) -> Response:
        verb = "GET" if request.method == "HEAD" else request.method
        visit = Visit(request, cloud, switches, await request.body())
        if needs_login:
            visit.admit(is_write=verb != "GET")
        return verbs[verb](visit)

    return answer


def cohort_of(project: Project, slug: object) -> Cohort:
    if not isinstance(slug, str) or slug not in project.cohorts:
        raise errors.not_found("Cohort", "slug", slug)
    return project.cohorts[slug]


def data(value: object, status: int = 200, location: str | None = None) -> Response:
    return JSONResponse({"data": value}, status_code=status, headers={} if location is None else {"Location": location})


def no_content() -> Response:
    return Response(status_code=204)


def text(body: Mapping[str, Any], name: str, default: str = "") -> str:
    value = body.get(name, default)
    if not isinstance(value, str):
        raise errors.invalid(f"`{name}` must be a string")
    return value


def key(body: Mapping[str, Any], name: str, pattern: str) -> str:
    """A required text that will be a route key."""
    value = text(body, name)
    if len(value) > MAX_KEY or not re.fullmatch(pattern, value):
        raise errors.invalid(f"`{name}` is missing or not valid")
    return value
