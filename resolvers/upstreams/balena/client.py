"""The way in to balena: each question of the port goes to the module of what it is about."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, ClassVar

from resolvers.graph.artifact import Artifact
from resolvers.graph.deployment import Deployment
from resolvers.graph.device import Device
from resolvers.graph.fleet import Fleet
from resolvers.graph.people import Tag
from resolvers.graph.release import Release
from resolvers.transport.http import Http
from resolvers.upstreams.absent import Absent
from resolvers.upstreams.balena import (
    FACTS,
    STATUSES,
    Config,
    artifacts,
    deployments,
    devices,
    fleets,
    releases,
    running,
    tags,
    writes,
)
from resolvers.upstreams.balena.asking import Asking
from resolvers.upstreams.commands import Command
from resolvers.upstreams.config import SourceConfig, bearer, letting_in
from resolvers.upstreams.port import (
    ArtifactQuery,
    Chunk,
    Columns,
    DeviceQuery,
    Facts,
    FleetQuery,
    Found,
    Page,
    Place,
    ReleaseQuery,
    ReleasesBelow,
    Scopes,
    VersionCounts,
)
from resolvers.upstreams.prices import ScopeCount


class Balena(Absent):
    facts: ClassVar[Facts] = FACTS
    config_type: ClassVar[type[SourceConfig]] = Config

    def __init__(self, http: Http, config: Config):
        self.http = http.signed(letting_in(http.source, config, config.token, bearer), STATUSES)
        self.config = config
        self.asking = Asking(self.http, config)
        # What is public is asked for by itself.
        self._scope_count = ScopeCount(2 if config.public else 1)

    @property
    def scope_count(self) -> ScopeCount:
        return self._scope_count

    def releases(self, query: ReleaseQuery) -> AsyncIterator[Chunk[Release]]:
        return releases.listed(self.asking, query)

    def fleets(self, query: FleetQuery) -> AsyncIterator[Chunk[Fleet]]:
        return fleets.listed(self.asking, query)

    def artifacts(self, query: ArtifactQuery) -> AsyncIterator[Chunk[Artifact]]:
        return artifacts.listed(self.asking, query)

    def devices(self, query: DeviceQuery) -> AsyncIterator[Chunk[Device]]:
        return devices.listed(self.asking, query)

    # lists in order

    async def release_scopes(self, query: ReleaseQuery) -> Scopes:
        return releases.scopes(self.asking, query)

    async def release_page(self, query: ReleaseQuery, place: Place) -> Page[Release]:
        return await releases.page(self.asking, query, place)

    async def release_pages_by_fleet_id(
        self, ids: Sequence[str], query: ReleaseQuery, place: Place
    ) -> Found[Page[Release]]:
        return await releases.pages_by_fleet_id(self.asking, ids, query, place)

    async def release_count(self, query: ReleaseQuery) -> int | None:
        return await releases.count(self.asking, query)

    # objects

    async def releases_by_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Release]:
        return await releases.by_id(self.asking, ids, columns)

    async def fleets_by_id(
        self, ids: Sequence[str], columns: Columns = None, below: ReleasesBelow | None = None
    ) -> Found[Fleet]:
        return await fleets.by_id(self.asking, ids, columns, below)

    async def artifacts_by_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Artifact]:
        return await artifacts.by_id(self.asking, ids, columns)

    async def deployments_by_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Deployment]:
        return await deployments.by_id(self.asking, ids, columns)

    async def devices_by_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Device]:
        return await devices.by_id(self.asking, ids, columns)

    # lists below objects

    async def artifacts_by_release_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Sequence[Artifact]]:
        return await artifacts.by_release_id(self.asking, ids, columns)

    async def deployments_by_release_id(
        self, ids: Sequence[str], columns: Columns = None
    ) -> Found[Sequence[Deployment]]:
        return await deployments.by_release_id(self.asking, ids, columns)

    async def deployments_by_fleet_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Sequence[Deployment]]:
        return await deployments.by_fleet_id(self.asking, ids, columns)

    async def devices_by_fleet_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Sequence[Device]]:
        return await devices.by_fleet_id(self.asking, ids, columns)

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

    async def version_counts_by_fleet_id(self, ids: Sequence[str]) -> Found[VersionCounts]:
        return await running.version_counts_by_fleet_id(self.asking, ids)

    async def download_url_by_artifact_id(self, ids: Sequence[str]) -> Found[str]:
        return await artifacts.download_url_by_id(self.asking, ids)

    async def release_ids_by_artifact_id(self, ids: Sequence[str]) -> Found[Sequence[str]]:
        return await artifacts.release_ids_by_id(self.asking, ids)

    async def columns_by_release_id(self, ids: Sequence[str], columns: frozenset[str]) -> Found[Mapping[str, Any]]:
        return await releases.columns_by_id(self.asking, ids, columns)

    # writing

    async def perform(self, command: Command) -> str:
        return await writes.perform(self.asking, command)
