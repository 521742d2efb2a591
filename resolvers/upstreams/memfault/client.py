"""Asking Memfault. Scopes are projects; releases bring their artifacts along."""

from __future__ import annotations

import asyncio
import re
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, TypeVar
from urllib.parse import quote, urlencode

from resolvers import keys
from resolvers.errors import UpstreamError
from resolvers.graph.artifact import Artifact
from resolvers.graph.fleet import Fleet
from resolvers.graph.release import Release
from resolvers.transport.credentials import FixedHeaders
from resolvers.transport.kept import Kept
from resolvers.transport.session import Http
from resolvers.upstreams import payload, scopes
from resolvers.upstreams.config import SourceConfig
from resolvers.upstreams.memfault import FACTS, STATUSES, Config, normalise
from resolvers.upstreams.memfault.normalise import Project
from resolvers.upstreams.memfault.rows import ListEnvelope, OrganizationRow, ProjectRow, ReleaseRow
from resolvers.upstreams.payload import Rows
from resolvers.upstreams.port import ArtifactQuery, Chunk, Facts, Failure, FleetQuery, Found, ReleaseQuery
from resolvers.upstreams.scopes import Answer

T = TypeVar("T")
PAGE_SIZE = 100  # the documented maximum
VERSIONS_PER_CALL = 50  # repeated in the query: the URL stays under about 6,000 characters for usual versions
WHOLE_COMMIT = re.compile(r"[0-9a-f]{40}")


class Memfault:
    facts: ClassVar[Facts] = FACTS
    config_type: ClassVar[type[SourceConfig]] = Config

    def __init__(self, http: Http, config: Config):
        self.http = http.signed(FixedHeaders({"Authorization": _authorization(config)}), STATUSES)
        self.config = config
        self._organizations = Kept(self._discover_organizations)
        self._kept = Kept(partial(self._catalogue, is_session=True))

    async def releases(self, query: ReleaseQuery) -> AsyncIterator[Chunk[Release]]:
        async def read(project: Project) -> Chunk[Release]:
            rows = await self._release_rows(project, _filters(query))
            releases = [normalise.release(self.http.source, project, row) for row in rows.rows]
            return Chunk(releases, rows.failures(project.native_id))

        catalogue = await self._discovered()
        wanted = catalogue.found if query.fleet_ids is None else query.fleet_ids
        if catalogue.error is not None and (query.fleet_ids is None or not set(wanted) <= set(catalogue.found)):
            yield Chunk(failures=(Failure(catalogue.error),))
        projects = [project for i in catalogue.found if i in wanted and (project := Project.of(i))]
        async for chunk in scopes.side_by_side(projects, read, lambda project: project.native_id):
            yield chunk

    async def fleets(self, query: FleetQuery) -> AsyncIterator[Chunk[Fleet]]:
        """A call for each organization."""
        answer = await self._catalogue()
        yield Chunk(list(answer.found.values()), () if answer.error is None else (Failure(answer.error),))

    async def artifacts(self, query: ArtifactQuery) -> AsyncIterator[Chunk[Artifact]]:
        async for chunk in self.releases(ReleaseQuery()):
            yield Chunk([file for release in chunk.rows for file in _files(release)], chunk.failures)

    async def releases_by_id(self, ids: Sequence[str]) -> Found[Release]:
        """Asked by version, VERSIONS_PER_CALL at a time: a call or more for each project."""
        groups = self._by_project(ids)
        if not groups:
            return {}
        catalogue = await self._discovered()

        async def answer(project: Project, part: Sequence[str]) -> Answer[Release]:
            known = project.native_id in catalogue.found
            return await self._find_releases(project, part) if known else Answer({}, catalogue.error)

        parts = ((project, part) for project, own in groups.items() for part in scopes.chunked(own, VERSIONS_PER_CALL))
        return await scopes.look_up((part, answer(project, part)) for project, part in parts)

    async def fleets_by_id(self, ids: Sequence[str]) -> Found[Fleet]:
        """One list of projects for each organization: a project of its own would be a call each."""
        groups: dict[str, list[str]] = {}
        for native_id in ids:
            if (project := Project.of(native_id)) and self._has(project):
                groups.setdefault(project.organization, []).append(native_id)
        if not groups:
            return {}
        organizations = await self._known_organizations()
        rows = {row.slug: row for row in organizations.rows}

        async def answer(slug: str) -> Answer[Fleet]:
            return await self._projects_of(rows[slug]) if slug in rows else Answer({}, organizations.error)

        return await scopes.look_up((own, answer(slug)) for slug, own in groups.items())

    async def artifacts_by_id(self, ids: Sequence[str]) -> Found[Artifact]:
        """There is no list of artifacts: each is read out of its release."""
        releases = list(dict.fromkeys(native_id.rpartition("/")[0] for native_id in ids))
        files = await self.artifacts_by_release_id(releases)
        return {i: found for i in ids if (found := _picked(i, files.get(i.rpartition("/")[0]))) is not None}

    async def artifacts_by_release_id(self, ids: Sequence[str]) -> Found[Sequence[Artifact]]:
        found = await self.releases_by_id(ids)
        return {i: each if isinstance(each, UpstreamError) else _files(each) for i, each in found.items()}

    async def columns_by_release_id(self, ids: Sequence[str], columns: frozenset[str]) -> Found[Mapping[str, Any]]:
        return {}

    async def _find_releases(self, project: Project, ids: Sequence[str]) -> Answer[Release]:
        wanted = [("version", keys.split(native_id, 3)[2]) for native_id in ids]  # type: ignore[index]  # split above
        rows = await self._release_rows(project, wanted)
        found = (normalise.release(self.http.source, project, row) for row in rows.rows)
        return Answer({release.native_id: release for release in found}, rows.error)

    def _by_project(self, ids: Sequence[str]) -> dict[Project, list[str]]:
        """Ids of releases grouped by the project in their route; what cannot be in scope is left out."""
        groups: dict[Project, list[str]] = {}
        for native_id in dict.fromkeys(ids):
            if (route := keys.split(native_id, 3)) and self._has(project := Project(*route[:2])):
                groups.setdefault(project, []).append(native_id)
        return groups

    async def _release_rows(self, project: Project, filters: Sequence[tuple[str, str]]) -> Rows[ReleaseRow]:
        # Oldest first: a release made while we read pages then comes at the end, and shifts no row to another page.
        return await self._pages(f"{_route(project)}/releases", ReleaseRow, [("sort", "created_date"), *filters])

    async def _discovered(self) -> Answer[Fleet]:
        """The catalogue as kept; one with a gap serves only who waited for it."""
        catalogue = await self._kept.get()
        if catalogue.error is not None:
            self._kept.forget()
        return catalogue

    async def _catalogue(self, *, is_session: bool = False) -> Answer[Fleet]:
        """The projects in scope by native id; with an error, some of them are not known."""
        organizations = await self._known_organizations()
        asked = (self._projects_of(row, is_session=is_session) for row in organizations.rows)
        return scopes.together([Answer({}, organizations.error), *await scopes.settled(asked)])

    async def _projects_of(self, organization: OrganizationRow, *, is_session: bool = False) -> Answer[Fleet]:
        path = f"/api/v0/organizations/{quote(organization.slug, safe='')}/projects"
        rows = await self._pages(path, ProjectRow, [], is_session=is_session)
        inside = [row for row in rows.rows if self._has(Project(organization.slug, row.slug))]
        fleets = (normalise.fleet(self.http.source, organization, row) for row in inside)
        return Answer({fleet.native_id: fleet for fleet in fleets}, rows.error)

    async def _known_organizations(self) -> Rows[OrganizationRow]:
        organizations = await self._organizations.get()
        if organizations.error is not None:
            self._organizations.forget()
        return organizations

    async def _discover_organizations(self) -> Rows[OrganizationRow]:
        rows = await self._pages("/api/v0/organizations", OrganizationRow, [], is_session=True)
        chosen = self.config.organizations
        return Rows([row for row in rows.rows if not chosen or row.slug in chosen], rows.error)

    def _has(self, project: Project) -> bool:
        """Whether the configuration lets it in; whether it exists is another question."""
        organizations, projects = self.config.organizations, self.config.projects
        is_named = not projects or project.slug in projects or f"{project.organization}/{project.slug}" in projects
        return is_named and (not organizations or project.organization in organizations)

    async def _pages(
        self, path: str, row: type[T], filters: Sequence[tuple[str, str]], *, is_session: bool = False
    ) -> Rows[T]:
        """All pages: the first tells how many there are, the others are asked side by side."""

        async def page(number: int) -> tuple[Rows[T], int]:
            target = f"{path}?{urlencode([*filters, ('page', number), ('per_page', PAGE_SIZE)])}"
            body = await self.http.get(target, is_session=is_session)
            envelope = payload.decode(self.http.source, f"GET {path}", body, ListEnvelope)
            rows = payload.decode_rows(self.http.source, f"GET {path}", envelope.data, row, "$.data")
            return rows, envelope.paging.page_count if envelope.paging else 1

        first, count = await page(1)
        others = await asyncio.gather(*(page(number) for number in range(2, count + 1)))
        return payload.joined([first, *(rows for rows, _ in others)])


def _authorization(config: Config) -> str:
    token = config.token.get_secret_value()
    if config.email is None:
        return f"Bearer {token}"
    return f"Basic {b64encode(f'{config.email}:{token}'.encode()).decode()}"


def _route(project: Project) -> str:
    organization, slug = (quote(part, safe="") for part in project)
    return f"/api/v0/organizations/{organization}/projects/{slug}"


def _filters(query: ReleaseQuery) -> list[tuple[str, str]]:
    """What Memfault can narrow by itself: whole texts only, and not more of them than a URL should carry."""
    versions, revisions = query.versions or (), query.revisions or ()
    if not all(map(WHOLE_COMMIT.fullmatch, revisions)):
        revisions = ()
    filters = [*(("version", text) for text in versions), *(("revision", text) for text in revisions)]
    return filters if len(filters) <= VERSIONS_PER_CALL else []


def _files(release: Release) -> Sequence[Artifact]:
    return release.artifacts_of() if release.artifacts_of else []


def _picked(native_id: str, files: Sequence[Artifact] | UpstreamError | None) -> Artifact | UpstreamError | None:
    if files is None or isinstance(files, UpstreamError):
        return files
    return next((file for file in files if file.native_id == native_id), None)
