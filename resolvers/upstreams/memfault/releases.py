"""Releases: lists of projects as a whole, in pages by creation, and releases by version."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from resolvers.errors import UpstreamError
from resolvers.graph.enums import OrderDirection
from resolvers.graph.release import Release
from resolvers.upstreams.memfault import normalise
from resolvers.upstreams.memfault.calls import Calls, Filters
from resolvers.upstreams.memfault.catalogue import KEYS_PER_CALL, Catalogue, last, route
from resolvers.upstreams.memfault.normalise import Project
from resolvers.upstreams.memfault.rows import ReleaseRow
from resolvers.upstreams.payload import Rows
from resolvers.upstreams.port import Chunk, Found, Page, Place, ReleaseQuery, Scopes
from resolvers.upstreams.scopes import Answer, settled

MAX_FILTERS = 6_000  # characters of a query: servers refuse addresses of more than about eight thousand
WHOLE_COMMIT = re.compile(r"[0-9a-f]{40}")
SORTS = {OrderDirection.ASC: "created_date", OrderDirection.DESC: "-created_date"}


@dataclass(frozen=True)
class Releases:
    calls: Calls
    catalogue: Catalogue
    web_url: str | None

    async def listed(self, query: ReleaseQuery) -> AsyncIterator[Chunk[Release]]:
        # Oldest first: a release made while we read pages then comes at the end, and shifts no row to another page.
        sort = ("sort", SORTS[OrderDirection.ASC])

        async def read(project: Project) -> Chunk[Release]:
            rows = await self.calls.pages(_list_of(project), ReleaseRow, [sort, *filters_of(query)])
            return Chunk(self._made(project, rows), rows.failures(project.native_id))

        async for chunk in self.catalogue.each(query.fleet_ids, read):
            yield chunk

    async def by_id(self, ids: Sequence[str]) -> Found[Release]:
        """Asked by version, KEYS_PER_CALL at a time: a call or more for each project."""

        async def ask(project: Project, own: Sequence[str]) -> Answer[Release]:
            rows = await self.calls.pages(_list_of(project), ReleaseRow, versions_of(own))
            return Answer({release.native_id: release for release in self._made(project, rows)}, rows.error)

        return await self.catalogue.look_up(ids, 3, ask, KEYS_PER_CALL)

    async def scopes(self, query: ReleaseQuery) -> Scopes:
        """Project by project: each is a list of its own."""
        projects, failures = await self.catalogue.projects(query.fleet_ids)
        return Scopes([replace(query, fleet_ids=(project.native_id,)) for project in projects], failures)

    async def page(self, query: ReleaseQuery, place: Place) -> Page[Release]:
        """Of the one project that the query is about; a hundred rows, whatever size is wanted."""
        (fleet_id,) = query.fleet_ids or ()
        project = Project(*Project.of(fleet_id) or ("", ""))
        filters = [("sort", SORTS[query.order_direction]), *filters_of(query)]
        found = await self.calls.page(_list_of(project), ReleaseRow, filters, place.number)
        return Page(
            rows=self._made(project, found.rows),
            has_more=place.number < found.page_count,
            failures=found.rows.failures(fleet_id),
            total=found.total_count,
            is_total_exact=_is_all_known(query),
        )

    async def pages_by_fleet_id(self, ids: Sequence[str], query: ReleaseQuery, place: Place) -> Found[Page[Release]]:
        """A call for each project."""
        known = await self.scopes(replace(query, fleet_ids=tuple(ids)))
        found: dict[str, Page[Release] | UpstreamError] = {}
        for failure in known.failures:
            found.update(dict.fromkeys(ids, failure.error))
        pages = await settled(self.page(scope, place) for scope in known.queries)
        asked = (fleet_id for scope in known.queries for fleet_id in scope.fleet_ids or ())
        return {**found, **dict(zip(asked, pages, strict=True))}

    async def count(self, query: ReleaseQuery) -> int | None:
        """A call of one row for each project; None with filters that Memfault does not know."""
        if not _is_all_known(query):
            return None
        projects, failures = await self.catalogue.projects(query.fleet_ids)
        if failures:
            raise failures[0].error
        counts = await asyncio.gather(*(self.calls.count(_list_of(one), filters_of(query)) for one in projects))
        return None if None in counts else sum(count for count in counts if count is not None)

    def _made(self, project: Project, rows: Rows[ReleaseRow]) -> list[Release]:
        return [normalise.release(self.calls.http.source, project, row, self.web_url) for row in rows.rows]


def filters_of(query: ReleaseQuery) -> Filters:
    """What Memfault can narrow by itself: whole texts only, and not more of them than a URL should carry.

    Of targets and builds one alone: asked for both it may look for an artifact that has both, we for one of each.
    """
    revisions = query.revisions or ()
    if not all(map(WHOLE_COMMIT.fullmatch, revisions)):
        revisions = ()
    targets = () if query.build_identifiers else query.targets or ()
    filters = [
        *(("version", text) for text in query.versions or ()),
        *(("revision", text) for text in revisions),
        *(("hardware_version", text) for text in targets),
        *(("build_id", text) for text in query.build_identifiers or ()),
    ]
    return filters if len(filters) <= KEYS_PER_CALL and len(urlencode(filters)) <= MAX_FILTERS else []


def versions_of(release_ids: Sequence[str]) -> Filters:
    return [("version", last(native_id)) for native_id in release_ids]


def _is_all_known(query: ReleaseQuery) -> bool:
    """Whether `filters_of` says all of the query: what is left out of it, Memfault would count too."""
    unknown = (query.names, query.statuses, query.pipelines, query.is_closed, query.created_after, query.created_before)
    given = (query.versions, query.revisions, query.targets, query.build_identifiers)
    return all(one is None for one in unknown) and len(filters_of(query)) == sum(len(one or ()) for one in given)


def _list_of(project: Project) -> str:
    return f"{route(project)}/releases"
