"""Catalogue: the organizations and projects in scope. A project is a scope: what lies below it is asked there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar
from urllib.parse import quote, unquote

from resolvers import keys
from resolvers.errors import UpstreamError
from resolvers.graph.fleet import Fleet
from resolvers.transport.kept import Kept
from resolvers.upstreams import scopes
from resolvers.upstreams.memfault import Config, normalise
from resolvers.upstreams.memfault.calls import Calls
from resolvers.upstreams.memfault.normalise import Project
from resolvers.upstreams.memfault.rows import OrganizationRow, ProjectRow
from resolvers.upstreams.payload import Rows
from resolvers.upstreams.port import Chunk, Failure, Found
from resolvers.upstreams.prices import Learnt, ScopeCount
from resolvers.upstreams.scopes import Answer

T = TypeVar("T")
KEYS_PER_CALL = 50  # repeated in the query: the URL stays under about 6,000 characters for usual versions


class Catalogue:
    """Both levels are kept for a while; one with a gap serves only who waited for it."""

    def __init__(self, calls: Calls, config: Config):
        self.calls, self.config = calls, config
        self._organizations = Kept(calls.http.credentials, self._discover_organizations, source=calls.http.source)
        self._kept = Kept(calls.http.credentials, partial(self.fleets, is_session=True), source=calls.http.source)
        self.scopes = Learnt()

    async def fleets(self, *, is_session: bool = False) -> Answer[Fleet]:
        """The projects in scope by native id, asked anew; with an error, some of them are not known."""
        organizations = await self._known_organizations()
        asked = (self._projects_of(row, is_session=is_session) for row in organizations.rows)
        projects = scopes.together([Answer({}, organizations.error), *await scopes.settled(asked)])
        self.scopes.learn(ScopeCount(len(projects.found), len(organizations.rows)))
        return projects

    async def known(self) -> Answer[Fleet]:
        """The same as kept."""
        catalogue = await self._kept.get()
        if catalogue.error is not None:
            self._kept.forget()
        return catalogue

    async def fleets_by_id(self, ids: Sequence[str]) -> Found[Fleet]:
        """One list of projects for each organization: a project of its own would be a call each."""
        groups: dict[str, list[str]] = {}
        for native_id in ids:
            if (project := Project.of(native_id)) and self.has(project):
                groups.setdefault(project.organization, []).append(native_id)
        if not groups:
            return {}
        organizations = await self._known_organizations()
        rows = {row.slug: row for row in organizations.rows}

        async def answer(slug: str) -> Answer[Fleet]:
            return await self._projects_of(rows[slug]) if slug in rows else Answer({}, organizations.error)

        return await scopes.look_up((own, answer(slug)) for slug, own in groups.items())

    async def each(
        self, fleet_ids: Sequence[str] | None, read: Callable[[Project], Awaitable[Chunk[T]]]
    ) -> AsyncIterator[Chunk[T]]:
        """A chunk of each project in scope, or of those asked for; a project that fails costs only itself."""
        projects, failures = await self.projects(fleet_ids)
        if failures:
            yield Chunk(failures=failures)
        async for chunk in scopes.side_by_side(projects, read, lambda project: project.native_id):
            yield chunk

    async def projects(self, fleet_ids: Sequence[str] | None) -> tuple[list[Project], tuple[Failure, ...]]:
        """The projects in scope, or those of them asked for; failures: some that may be are not known."""
        catalogue = await self.known()
        wanted = catalogue.found if fleet_ids is None else fleet_ids
        is_short = catalogue.error is not None and (fleet_ids is None or not set(wanted) <= set(catalogue.found))
        projects = [project for i in catalogue.found if i in wanted and (project := Project.of(i))]
        return projects, (Failure(catalogue.error),) if is_short and catalogue.error else ()

    async def look_up(
        self,
        ids: Sequence[str],
        parts: int,
        ask: Callable[[Project, Sequence[str]], Awaitable[Answer[T]]],
        size: int | None = None,
    ) -> Found[T]:
        """Native ids of `parts` parts, asked project by project, at most `size` at a time.

        What is in no project of the scope is not found, without a call.
        """
        groups = self._by_project(ids, parts)
        if not groups:
            return {}
        catalogue = await self.known()

        async def answer(project: Project, part: Sequence[str]) -> Answer[T]:
            known = project.native_id in catalogue.found
            return await ask(project, part) if known else Answer({}, catalogue.error)

        chunks = ((each, part) for each, own in groups.items() for part in scopes.chunked(own, size or len(own)))
        return await scopes.look_up((part, answer(project, part)) for project, part in chunks)

    def has(self, project: Project) -> bool:
        """Whether the configuration lets it in; whether it exists is another question."""
        organizations, projects = self.config.organizations, self.config.projects
        is_named = not projects or project.slug in projects or f"{project.organization}/{project.slug}" in projects
        return is_named and (not organizations or project.organization in organizations)

    def _by_project(self, ids: Sequence[str], parts: int) -> dict[Project, list[str]]:
        """Ids grouped by the project in their route; what cannot be in scope is left out."""
        groups: dict[Project, list[str]] = {}
        for native_id in dict.fromkeys(ids):
            if (route := keys.split(native_id, parts)) and self.has(project := Project(*route[:2])):
                groups.setdefault(project, []).append(native_id)
        return groups

    async def _projects_of(self, organization: OrganizationRow, *, is_session: bool = False) -> Answer[Fleet]:
        path = f"/api/v0/organizations/{quote(organization.slug, safe='')}/projects"
        rows = await self.calls.pages(path, ProjectRow, is_session=is_session)
        inside = [row for row in rows.rows if self.has(Project(organization.slug, row.slug))]
        source, web_url = self.calls.http.source, self.config.web_url
        fleets = (normalise.fleet(source, organization, row, web_url) for row in inside)
        return Answer({fleet.native_id: fleet for fleet in fleets}, rows.error)

    async def _known_organizations(self) -> Rows[OrganizationRow]:
        organizations = await self._organizations.get()
        if organizations.error is not None:
            self._organizations.forget()
        return organizations

    async def _discover_organizations(self) -> Rows[OrganizationRow]:
        rows = await self.calls.pages("/api/v0/organizations", OrganizationRow, is_session=True)
        chosen = self.config.organizations
        return Rows([row for row in rows.rows if not chosen or row.slug in chosen], rows.error)


def route(project: Project) -> str:
    """The path that everything of a project is below."""
    organization, slug = (quote(part, safe="") for part in project)
    return f"/api/v0/organizations/{organization}/projects/{slug}"


def last(native_id: str) -> str:
    """The route key at the end of a native id that was split before."""
    return unquote(native_id.rpartition("/")[2])


def whole(found: Mapping[str, T], error: UpstreamError | None) -> Answer[T]:
    """Lists, each complete or not told: nobody knows to which of them a row that was dropped belongs."""
    return Answer(found) if error is None else Answer({}, error)
