"""Devices of a project, by serial."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from urllib.parse import quote

from resolvers.graph.device import Device
from resolvers.upstreams.counting import version_counts
from resolvers.upstreams.memfault import normalise
from resolvers.upstreams.memfault.calls import Calls
from resolvers.upstreams.memfault.catalogue import Catalogue, last, route, whole
from resolvers.upstreams.memfault.normalise import Project
from resolvers.upstreams.memfault.rows import DeviceRow
from resolvers.upstreams.payload import Rows
from resolvers.upstreams.port import Chunk, DeviceQuery, Found, VersionCounts
from resolvers.upstreams.scopes import Answer


class Devices:
    def __init__(self, calls: Calls, catalogue: Catalogue):
        self.calls, self.catalogue = calls, catalogue

    async def listed(self, query: DeviceQuery) -> AsyncIterator[Chunk[Device]]:
        """Project by project. Not narrowed by version: Memfault filters by release, a device may run what is none."""

        async def read(project: Project) -> Chunk[Device]:
            rows = await self._rows(project)
            return Chunk(self._made(project, rows), rows.failures(project.native_id))

        async for chunk in self.catalogue.each(query.fleet_ids, read):
            yield chunk

    async def by_id(self, ids: Sequence[str]) -> Found[Device]:
        """One by its own address; more so too, unless the project's list has fewer pages."""

        async def ask(project: Project, own: Sequence[str]) -> Answer[Device]:
            rows = await self.calls.picked(_path(project), DeviceRow, [last(native_id) for native_id in own])
            return Answer({made.native_id: made for made in self._made(project, rows)}, rows.error)

        return await self.catalogue.look_up(ids, 3, ask)

    async def by_fleet_id(self, ids: Sequence[str]) -> Found[Sequence[Device]]:
        async def ask(project: Project, own: Sequence[str]) -> Answer[Sequence[Device]]:
            rows = await self._rows(project)
            return whole(dict.fromkeys(own, self._made(project, rows)), rows.error)

        return await self.catalogue.look_up(ids, 2, ask)

    async def by_cohort_id(self, ids: Sequence[str]) -> Found[Sequence[Device]]:
        """Of one cohort its own list, of several that of the project."""

        async def ask(project: Project, own: Sequence[str]) -> Answer[Sequence[Device]]:
            if len(own) == 1:
                rows = await self._rows_of_cohort(project, last(own[0]))
                return whole({own[0]: self._made(project, rows)}, rows.error)
            rows = await self._rows(project)
            groups: dict[str, list[Device]] = {native_id: [] for native_id in own}
            for made in self._made(project, rows):
                groups.setdefault(made.cohort_native_id or "", []).append(made)
            return whole(groups, rows.error)

        return await self.catalogue.look_up(ids, 3, ask)

    async def count_by_fleet_id(self, ids: Sequence[str]) -> Found[int]:
        """A call for each project, of one row."""

        async def ask(project: Project, own: Sequence[str]) -> Answer[int]:
            count = await self.calls.count(_path(project))
            return Answer({} if count is None else dict.fromkeys(own, count))

        return await self.catalogue.look_up(ids, 2, ask)

    async def version_counts_by_fleet_id(self, ids: Sequence[str]) -> Found[VersionCounts]:
        """Counted here, over the project's list: Memfault counts by release, but not by release and cohort."""

        async def ask(project: Project, own: Sequence[str]) -> Answer[VersionCounts]:
            rows = await self._rows(project)
            return whole(dict.fromkeys(own, version_counts(self._made(project, rows))), rows.error)

        return await self.catalogue.look_up(ids, 2, ask)

    async def _rows(self, project: Project) -> Rows[DeviceRow]:
        # Unsorted: the only sort key is when they were last seen, which changes while pages are read.
        return await self.calls.pages(_path(project), DeviceRow)

    async def _rows_of_cohort(self, project: Project, slug: str) -> Rows[DeviceRow]:
        path = f"{route(project)}/cohorts/{quote(slug, safe='')}/devices"
        return await self.calls.pages(path, DeviceRow, may_be_missing=True)

    def _made(self, project: Project, rows: Rows[DeviceRow]) -> list[Device]:
        """Each once: a row that moved to another page while we read was sent twice."""
        made = (normalise.device(self.calls.http.source, project, row) for row in rows.rows)
        return list({device.native_id: device for device in made}.values())


def _path(project: Project) -> str:
    return f"{route(project)}/devices"
