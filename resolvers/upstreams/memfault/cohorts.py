"""Cohorts of a project, each with the release it was given last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from resolvers.errors import UpstreamPayloadError
from resolvers.graph.cohort import Cohort
from resolvers.upstreams.memfault import normalise
from resolvers.upstreams.memfault.calls import Calls
from resolvers.upstreams.memfault.catalogue import KEYS_PER_CALL, Catalogue, last, route, whole
from resolvers.upstreams.memfault.deployments import Deployments
from resolvers.upstreams.memfault.normalise import Project
from resolvers.upstreams.memfault.rows import CohortRow
from resolvers.upstreams.payload import Rows
from resolvers.upstreams.port import Found
from resolvers.upstreams.scopes import Answer


class Listed(NamedTuple):
    found: Mapping[str, str | None]
    error: UpstreamPayloadError | None = None


class Cohorts:
    def __init__(self, calls: Calls, catalogue: Catalogue, deployments: Deployments):
        self.calls, self.catalogue, self.deployments = calls, catalogue, deployments

    async def by_id(self, ids: Sequence[str]) -> Found[Cohort]:
        async def ask(project: Project, own: Sequence[str]) -> Answer[Cohort]:
            cohorts = await self._read(project, [last(native_id) for native_id in own])
            return Answer({cohort.native_id: cohort for cohort in cohorts.rows}, cohorts.error)

        return await self.catalogue.look_up(ids, 3, ask, KEYS_PER_CALL)

    async def by_fleet_id(self, ids: Sequence[str]) -> Found[Sequence[Cohort]]:
        async def ask(project: Project, own: Sequence[str]) -> Answer[Sequence[Cohort]]:
            cohorts = await self._read(project)
            return whole(dict.fromkeys(own, cohorts.rows), cohorts.error)

        return await self.catalogue.look_up(ids, 2, ask)

    async def _read(self, project: Project, slugs: Sequence[str] = ()) -> Rows[Cohort]:
        """A call, and another for the deployments of those cohorts whose row does not tell their release."""
        filters = [("sort", "created_date"), *(("slug", slug) for slug in slugs)]
        rows = await self.calls.pages(f"{route(project)}/cohorts", CohortRow, filters)
        listed = await self._listed(project, [row.slug for row in rows.rows if _leaves_open(row)])
        cohorts = [
            normalise.cohort(self.calls.http.source, project, row, _version(row, listed.found)) for row in rows.rows
        ]
        return Rows(cohorts, rows.error or listed.error)

    async def _listed(self, project: Project, slugs: Sequence[str]) -> Listed:
        """Versions by cohort, out of the project's deployments; no call for no cohorts."""
        if not slugs:
            return Listed({})
        rows = await self.deployments.rows(project, slugs if len(slugs) <= KEYS_PER_CALL else ())
        return Listed(normalise.current_versions(rows.rows), rows.error)


def _leaves_open(row: CohortRow) -> bool:
    return normalise.current_version(row) is msgspec.UNSET


def _version(row: CohortRow, listed: Mapping[str, str | None]) -> str | None:
    told = normalise.current_version(row)
    return listed.get(row.slug) if isinstance(told, msgspec.UnsetType) else told
