"""Deployments of a project, and which release each cohort has by them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from resolvers import keys
from resolvers.errors import UpstreamError
from resolvers.graph.deployment import Deployment
from resolvers.graph.enums import DeploymentStatus
from resolvers.upstreams.memfault import normalise
from resolvers.upstreams.memfault.calls import Calls
from resolvers.upstreams.memfault.catalogue import KEYS_PER_CALL, Catalogue, last, route, whole
from resolvers.upstreams.memfault.normalise import Project
from resolvers.upstreams.memfault.rows import DeploymentRow
from resolvers.upstreams.payload import Rows
from resolvers.upstreams.port import Found
from resolvers.upstreams.scopes import Answer

Ask = Callable[[Project, Sequence[str]], Awaitable[Answer[Sequence[Deployment]]]]
IN_FORCE = frozenset({DeploymentStatus.RUNNING, DeploymentStatus.ACTIVE})


class Deployments:
    def __init__(self, calls: Calls, catalogue: Catalogue):
        self.calls, self.catalogue = calls, catalogue

    async def by_id(self, ids: Sequence[str]) -> Found[Deployment]:
        """One by its own address, more from the project's list: Memfault cannot be asked for several ids."""

        async def ask(project: Project, own: Sequence[str]) -> Answer[Deployment]:
            path = f"{route(project)}/deployments"
            rows = await self.calls.picked(path, DeploymentRow, [last(native_id) for native_id in own])
            return Answer({made.native_id: made for made in self._made(project, rows)}, rows.error)

        meant = [native_id for native_id in ids if keys.integer(native_id.rpartition("/")[2])]
        return await self.catalogue.look_up(meant, 3, ask)

    async def by_fleet_id(self, ids: Sequence[str]) -> Found[Sequence[Deployment]]:
        return await self.catalogue.look_up(ids, 2, self._grouped(lambda made: made.fleet_native_id))

    async def by_release_id(self, ids: Sequence[str]) -> Found[Sequence[Deployment]]:
        """From the whole list of each project: Memfault's filter by release passes over deployed deltas."""
        return await self.catalogue.look_up(ids, 3, self._grouped(lambda made: made.release_native_id))

    async def by_cohort_id(self, ids: Sequence[str]) -> Found[Sequence[Deployment]]:
        grouped = self._grouped(lambda made: made.cohort_native_id, is_of_cohorts=True)
        return await self.catalogue.look_up(ids, 3, grouped, KEYS_PER_CALL)

    async def is_deployed(self, ids: Sequence[str]) -> Found[bool]:
        """Whether one is in force."""
        found = await self.by_release_id(ids)
        return {i: each if isinstance(each, UpstreamError) else _any_in_force(each) for i, each in found.items()}

    async def rows(self, project: Project, cohorts: Sequence[str] = ()) -> Rows[DeploymentRow]:
        """All of a project, or of these cohorts by slug. Oldest first: a new one shifts none to another page."""
        filters = [("sort", "deployed_date"), *(("cohort", slug) for slug in cohorts)]
        return await self.calls.pages(f"{route(project)}/deployments", DeploymentRow, filters)

    def _grouped(self, key: Callable[[Deployment], str | None], *, is_of_cohorts: bool = False) -> Ask:
        async def ask(project: Project, own: Sequence[str]) -> Answer[Sequence[Deployment]]:
            rows = await self.rows(project, [last(native_id) for native_id in own] if is_of_cohorts else ())
            groups: dict[str, list[Deployment]] = {native_id: [] for native_id in own}
            for made in self._made(project, rows):
                groups.setdefault(key(made) or "", []).append(made)
            return whole(groups, rows.error)

        return ask

    def _made(self, project: Project, rows: Rows[DeploymentRow]) -> list[Deployment]:
        return [normalise.deployment(self.calls.http.source, project, row) for row in rows.rows]


def _any_in_force(deployments: Sequence[Deployment]) -> bool:
    return any(deployment.status in IN_FORCE for deployment in deployments)
