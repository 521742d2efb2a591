"""Absent: what a vendor does not have. Adapters inherit it and answer only what they know."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from resolvers.graph.artifact import Artifact
from resolvers.graph.build import Build
from resolvers.graph.cohort import Cohort
from resolvers.graph.deployment import Deployment
from resolvers.graph.device import Device
from resolvers.graph.people import Tag
from resolvers.graph.release import Release
from resolvers.transport.http import Http
from resolvers.upstreams.commands import Command
from resolvers.upstreams.port import (
    Chunk,
    Columns,
    DeviceQuery,
    Found,
    Page,
    Place,
    ReleaseQuery,
    Scopes,
    VersionCounts,
)
from resolvers.upstreams.prices import ONE_SCOPE, ScopeCount


class Absent:
    """Answers nothing to every optional question of the port, without a call. It has one scope."""

    http: Http

    @property
    def identity(self) -> str:
        return self.http.credentials.identity

    @property
    def scope_count(self) -> ScopeCount | None:
        return ONE_SCOPE

    async def devices(self, query: DeviceQuery) -> AsyncIterator[Chunk[Device]]:
        return
        yield

    async def release_scopes(self, query: ReleaseQuery) -> Scopes:
        return Scopes([query])

    async def release_page(self, query: ReleaseQuery, place: Place) -> Page[Release]:
        raise NotImplementedError("facts.release_paging declares no order")

    async def release_pages_by_fleet_id(
        self, ids: Sequence[str], query: ReleaseQuery, place: Place
    ) -> Found[Page[Release]]:
        raise NotImplementedError("facts.release_paging declares no order")

    async def release_count(self, query: ReleaseQuery) -> int | None:
        return None

    async def artifacts_by_build_id(self, ids: Sequence[str]) -> Found[Sequence[Artifact]]:
        return {}

    async def builds_by_release_id(self, ids: Sequence[str]) -> Found[Sequence[Build]]:
        return {}

    async def builds_by_id(self, ids: Sequence[str]) -> Found[Build]:
        return {}

    async def cohorts_by_fleet_id(self, ids: Sequence[str]) -> Found[Sequence[Cohort]]:
        return {}

    async def cohorts_by_id(self, ids: Sequence[str]) -> Found[Cohort]:
        return {}

    async def deployments_by_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Deployment]:
        return {}

    async def deployments_by_release_id(
        self, ids: Sequence[str], columns: Columns = None
    ) -> Found[Sequence[Deployment]]:
        return {}

    async def deployments_by_fleet_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Sequence[Deployment]]:
        return {}

    async def deployments_by_cohort_id(self, ids: Sequence[str]) -> Found[Sequence[Deployment]]:
        return {}

    async def devices_by_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Device]:
        return {}

    async def devices_by_fleet_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Sequence[Device]]:
        return {}

    async def devices_by_cohort_id(self, ids: Sequence[str]) -> Found[Sequence[Device]]:
        return {}

    async def tags_by_release_id(self, ids: Sequence[str]) -> Found[Sequence[Tag]]:
        return {}

    async def tags_by_fleet_id(self, ids: Sequence[str]) -> Found[Sequence[Tag]]:
        return {}

    async def tags_by_device_id(self, ids: Sequence[str]) -> Found[Sequence[Tag]]:
        return {}

    async def is_deployed_by_release_id(self, ids: Sequence[str]) -> Found[bool]:
        return {}

    async def device_count_by_release_id(self, ids: Sequence[str]) -> Found[int]:
        return {}

    async def device_count_by_fleet_id(self, ids: Sequence[str]) -> Found[int]:
        return {}

    async def version_counts_by_fleet_id(self, ids: Sequence[str]) -> Found[VersionCounts]:
        return {}

    async def download_url_by_artifact_id(self, ids: Sequence[str]) -> Found[str]:
        return {}

    async def release_ids_by_artifact_id(self, ids: Sequence[str]) -> Found[Sequence[str]]:
        return {}

    async def columns_by_release_id(self, ids: Sequence[str], columns: frozenset[str]) -> Found[Mapping[str, Any]]:
        return {}

    async def perform(self, command: Command) -> str:
        raise NotImplementedError(f"not one of facts.operations: {command.operation.name}")
