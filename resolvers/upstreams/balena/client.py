"""Asking balena. One scope: a list is one call whatever its length, since balena sends every row that matches."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, ClassVar

from resolvers.graph.artifact import Artifact
from resolvers.graph.deployment import Deployment
from resolvers.graph.device import Device
from resolvers.graph.fleet import Fleet
from resolvers.graph.people import Tag
from resolvers.graph.release import Release
from resolvers.transport.session import Http
from resolvers.upstreams.absent import Absent
from resolvers.upstreams.balena import (
    FACTS,
    STATUSES,
    Config,
    artifacts,
    deployments,
    devices,
    filters,
    normalise,
    odata,
    selection,
    tags,
    writes,
)
from resolvers.upstreams.balena.asking import Asking, numbered, side_by_side
from resolvers.upstreams.balena.odata import Condition
from resolvers.upstreams.balena.rows import ApplicationRow, ColumnsRow, ReleaseRow
from resolvers.upstreams.commands import Command
from resolvers.upstreams.config import SourceConfig, bearer, letting_in
from resolvers.upstreams.payload import Rows
from resolvers.upstreams.port import ArtifactQuery, Chunk, DeviceQuery, Facts, FleetQuery, Found, ReleaseQuery
from resolvers.upstreams.scopes import Answer


class Balena(Absent):
    facts: ClassVar[Facts] = FACTS
    config_type: ClassVar[type[SourceConfig]] = Config

    def __init__(self, http: Http, config: Config):
        self.http = http.signed(letting_in(http.source, config, config.token, bearer), STATUSES)
        self.config = config
        self.asking = Asking(self.http, config)

    async def releases(self, query: ReleaseQuery) -> AsyncIterator[Chunk[Release]]:
        calls = [self._release_chunk(where) for where in filters.releases(self.config, query)]
        for chunk in await side_by_side(calls):
            yield chunk

    async def fleets(self, query: FleetQuery) -> AsyncIterator[Chunk[Fleet]]:
        """What is ours; with `public` what is not as well, by a second call."""
        calls = [
            self._fleet_chunk(where, is_mine)
            for scope, is_mine in self._scopes()
            for where in filters.fleets(self.config, query, scope)
        ]
        for chunk in await side_by_side(calls):
            yield chunk

    def artifacts(self, query: ArtifactQuery) -> AsyncIterator[Chunk[Artifact]]:
        return artifacts.listed(self.asking, query)

    def devices(self, query: DeviceQuery) -> AsyncIterator[Chunk[Device]]:
        return devices.listed(self.asking, query)

    # objects

    async def releases_by_id(self, ids: Sequence[str]) -> Found[Release]:
        return await self.asking.look_up(numbered(ids), self._find_releases)

    async def fleets_by_id(self, ids: Sequence[str]) -> Found[Fleet]:
        return await self.asking.look_up(numbered(ids), self._find_fleets)

    async def artifacts_by_id(self, ids: Sequence[str]) -> Found[Artifact]:
        return await artifacts.by_id(self.asking, ids)

    async def deployments_by_id(self, ids: Sequence[str]) -> Found[Deployment]:
        return await deployments.by_id(self.asking, ids)

    async def devices_by_id(self, ids: Sequence[str]) -> Found[Device]:
        return await devices.by_id(self.asking, ids)

    # lists below objects

    async def artifacts_by_release_id(self, ids: Sequence[str]) -> Found[Sequence[Artifact]]:
        return await artifacts.by_release_id(self.asking, ids)

    async def deployments_by_release_id(self, ids: Sequence[str]) -> Found[Sequence[Deployment]]:
        return await deployments.by_release_id(self.asking, ids)

    async def deployments_by_fleet_id(self, ids: Sequence[str]) -> Found[Sequence[Deployment]]:
        return await deployments.by_fleet_id(self.asking, ids)

    async def devices_by_fleet_id(self, ids: Sequence[str]) -> Found[Sequence[Device]]:
        return await devices.by_fleet_id(self.asking, ids)

    # facts

    async def tags_by_release_id(self, ids: Sequence[str]) -> Found[Sequence[Tag]]:
        return await tags.by_release_id(self.asking, ids)

    async def tags_by_fleet_id(self, ids: Sequence[str]) -> Found[Sequence[Tag]]:
        return await tags.by_fleet_id(self.asking, ids)

    async def tags_by_device_id(self, ids: Sequence[str]) -> Found[Sequence[Tag]]:
        return await tags.by_device_id(self.asking, ids)

    async def is_deployed_by_release_id(self, ids: Sequence[str]) -> Found[bool]:
        return await deployments.is_deployed_by_release_id(self.asking, ids)

    async def device_count_by_release_id(self, ids: Sequence[str]) -> Found[int]:
        return await devices.count_by_release_id(self.asking, ids)

    async def device_count_by_fleet_id(self, ids: Sequence[str]) -> Found[int]:
        return await devices.count_by_fleet_id(self.asking, ids)

    async def download_url_by_artifact_id(self, ids: Sequence[str]) -> Found[str]:
        return await artifacts.download_url_by_id(self.asking, ids)

    async def release_ids_by_artifact_id(self, ids: Sequence[str]) -> Found[Sequence[str]]:
        return await artifacts.release_ids_by_id(self.asking, ids)

    async def columns_by_release_id(self, ids: Sequence[str], columns: frozenset[str]) -> Found[Mapping[str, Any]]:
        names = sorted(columns & selection.HEAVY_RELEASE)

        async def find(numbers: Sequence[int]) -> Answer[Mapping[str, Any]]:
            wanted = odata.Options(("id", *names), self._of_releases(numbers))
            rows = await self.asking.rows(odata.url("release", wanted), ColumnsRow)
            return Answer({str(row.id): normalise.columns(row, names) for row in rows.rows}, rows.error)

        if not names:
            return {}
        return await self.asking.look_up(numbered(ids), find)

    # writing

    async def perform(self, command: Command) -> str:
        return await writes.perform(self.asking, command)

    def _release(self, row: ReleaseRow) -> Release:
        return normalise.release(self.http.source, row, web_url=self.config.web_url)

    async def _release_chunk(self, where: Condition) -> Chunk[Release]:
        rows = await self._release_rows(where)
        return Chunk(list(map(self._release, rows.rows)), rows.failures())

    async def _find_releases(self, numbers: Sequence[int]) -> Answer[Release]:
        rows = await self._release_rows(self._of_releases(numbers))
        return Answer({str(row.id): self._release(row) for row in rows.rows}, rows.error)

    async def _release_rows(self, where: Condition) -> Rows[ReleaseRow]:
        wanted = selection.releases(where, of_cloud=self.config.has_cloud_fields)
        return await self.asking.rows(odata.url("release", wanted), ReleaseRow)

    async def _fleet_chunk(self, where: Condition, is_mine: bool) -> Chunk[Fleet]:
        wanted = selection.applications(where, of_cloud=self.config.has_cloud_fields)
        rows = await self.asking.rows(odata.url("application", wanted), ApplicationRow)
        web_url = self.config.web_url
        fleets = [normalise.fleet(self.http.source, row, is_mine=is_mine, web_url=web_url) for row in rows.rows]
        return Chunk(fleets, rows.failures())

    async def _find_fleets(self, numbers: Sequence[int]) -> Answer[Fleet]:
        """What one of the calls finds holds, also when the other fails."""
        chosen = odata.one_of("id", numbers)
        calls = (self._fleet_chunk(odata.every(scope, chosen), is_mine) for scope, is_mine in self._scopes())
        chunks = await side_by_side(list(calls))
        error = next((failure.error for chunk in chunks for failure in chunk.failures), None)
        return Answer({fleet.native_id: fleet for chunk in chunks for fleet in chunk.rows}, error)

    def _of_releases(self, numbers: Sequence[int]) -> Condition:
        return odata.every(filters.releases_in_scope(self.config), odata.one_of("id", numbers))

    def _scopes(self) -> list[tuple[Condition, bool]]:
        """Conditions on applications, each with whether what meets it is ours."""
        own = [(filters.own(self.config), True)]
        return [*own, (filters.foreign(self.config), False)] if self.config.public else own
