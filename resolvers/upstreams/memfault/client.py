"""Asking Memfault. Scopes are projects; releases bring their artifacts along."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Sequence
from typing import ClassVar

from resolvers import keys
from resolvers.errors import UpstreamError
from resolvers.graph.artifact import Artifact
from resolvers.graph.cohort import Cohort
from resolvers.graph.deployment import Deployment
from resolvers.graph.device import Device
from resolvers.graph.fleet import Fleet
from resolvers.graph.release import Release
from resolvers.transport.credentials import Credentials, Token
from resolvers.transport.http import Http
from resolvers.upstreams.absent import Absent
from resolvers.upstreams.commands import Command
from resolvers.upstreams.config import SourceConfig, bearer, letting_in
from resolvers.upstreams.memfault import FACTS, STATUSES, Config
from resolvers.upstreams.memfault.calls import Calls
from resolvers.upstreams.memfault.catalogue import KEYS_PER_CALL, Catalogue, route
from resolvers.upstreams.memfault.cohorts import Cohorts
from resolvers.upstreams.memfault.deployments import Deployments
from resolvers.upstreams.memfault.devices import Devices
from resolvers.upstreams.memfault.normalise import Project
from resolvers.upstreams.memfault.releases import Releases, versions_of
from resolvers.upstreams.memfault.rows import ReleaseLinksRow
from resolvers.upstreams.memfault.writes import Writes
from resolvers.upstreams.port import (
    ArtifactQuery,
    Chunk,
    Columns,
    DeviceQuery,
    Facts,
    Failure,
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
from resolvers.upstreams.scopes import Answer


class Memfault(Absent):
    facts: ClassVar[Facts] = FACTS
    config_type: ClassVar[type[SourceConfig]] = Config

    def __init__(self, http: Http, config: Config):
        self.http = http.signed(_credentials(http.source, config), STATUSES)
        self.config = config
        self._calls = Calls(self.http)
        self._catalogue = Catalogue(self._calls, config)
        self._releases = Releases(self._calls, self._catalogue, config.web_url)
        self._deployments = Deployments(self._calls, self._catalogue)
        self._cohorts = Cohorts(self._calls, self._catalogue, self._deployments)
        self._devices = Devices(self._calls, self._catalogue)
        self._writes = Writes(self._calls, self._catalogue)

    @property
    def scope_count(self) -> ScopeCount | None:
        return self._catalogue.scopes.count

    def releases(self, query: ReleaseQuery) -> AsyncIterator[Chunk[Release]]:
        return self._releases.listed(query)

    async def release_scopes(self, query: ReleaseQuery) -> Scopes:
        return await self._releases.scopes(query)

    async def release_page(self, query: ReleaseQuery, place: Place) -> Page[Release]:
        return await self._releases.page(query, place)

    async def release_pages_by_fleet_id(
        self, ids: Sequence[str], query: ReleaseQuery, place: Place
    ) -> Found[Page[Release]]:
        return await self._releases.pages_by_fleet_id(ids, query, place)

    async def release_count(self, query: ReleaseQuery) -> int | None:
        return await self._releases.count(query)

    async def fleets(self, query: FleetQuery) -> AsyncIterator[Chunk[Fleet]]:
        """A call for each organization."""
        answer = await self._catalogue.fleets()
        yield Chunk(list(answer.found.values()), () if answer.error is None else (Failure(answer.error),))

    async def artifacts(self, query: ArtifactQuery) -> AsyncIterator[Chunk[Artifact]]:
        """Of the releases that have a wanted target: all of theirs."""
        async for chunk in self.releases(ReleaseQuery(targets=query.targets)):
            yield Chunk([file for release in chunk.rows for file in _files(release)], chunk.failures)

    async def releases_by_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Release]:
        return await self._releases.by_id(ids)

    async def fleets_by_id(
        self, ids: Sequence[str], columns: Columns = None, below: ReleasesBelow | None = None
    ) -> Found[Fleet]:
        return await self._catalogue.fleets_by_id(ids)

    async def artifacts_by_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Artifact]:
        """There is no list of artifacts: each is read out of its release."""
        meant = _numbered(ids)
        files = await self.artifacts_by_release_id(_releases_of(meant))
        return {i: found for i in meant if (found := _picked(i, files.get(_release_of(i)))) is not None}

    async def artifacts_by_release_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Sequence[Artifact]]:
        found = await self.releases_by_id(ids)
        return {i: each if isinstance(each, UpstreamError) else _files(each) for i, each in found.items()}

    async def download_url_by_artifact_id(self, ids: Sequence[str]) -> Found[str]:
        """Links are signed when a release is read, and stale some hours later: its release is read anew."""

        async def ask(project: Project, own: Sequence[str]) -> Answer[str]:
            filters = [("sort", "created_date"), *versions_of(_releases_of(own))]
            calls = Calls(self._calls.http, may_be_kept=False)
            rows = await calls.pages(f"{route(project)}/releases", ReleaseLinksRow, filters)
            files = ((row, file) for row in rows.rows for file in row.artifacts or () if file.url)
            return Answer(
                {keys.join(*project, row.version, file.id): file.url or "" for row, file in files}, rows.error
            )

        return await self._catalogue.look_up(_numbered(ids), 4, ask, KEYS_PER_CALL)

    async def is_deployed_by_release_id(self, ids: Sequence[str]) -> Found[bool]:
        """Whether a deployment of it is in force or a device runs it; left out when neither is known."""
        deployed, releases = await asyncio.gather(self._deployments.is_deployed(ids), self.releases_by_id(ids))
        answers = ((i, _is_live(deployed.get(i), found)) for i, found in releases.items())
        return {i: answer for i, answer in answers if answer is not None}

    async def cohorts_by_id(self, ids: Sequence[str]) -> Found[Cohort]:
        return await self._cohorts.by_id(ids)

    async def cohorts_by_fleet_id(self, ids: Sequence[str]) -> Found[Sequence[Cohort]]:
        return await self._cohorts.by_fleet_id(ids)

    async def deployments_by_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Deployment]:
        return await self._deployments.by_id(ids)

    async def deployments_by_release_id(
        self, ids: Sequence[str], columns: Columns = None
    ) -> Found[Sequence[Deployment]]:
        return await self._deployments.by_release_id(ids)

    async def deployments_by_fleet_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Sequence[Deployment]]:
        return await self._deployments.by_fleet_id(ids)

    async def deployments_by_cohort_id(self, ids: Sequence[str]) -> Found[Sequence[Deployment]]:
        return await self._deployments.by_cohort_id(ids)

    def devices(self, query: DeviceQuery) -> AsyncIterator[Chunk[Device]]:
        return self._devices.listed(query)

    async def devices_by_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Device]:
        return await self._devices.by_id(ids)

    async def devices_by_fleet_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Sequence[Device]]:
        return await self._devices.by_fleet_id(ids)

    async def devices_by_cohort_id(self, ids: Sequence[str]) -> Found[Sequence[Device]]:
        return await self._devices.by_cohort_id(ids)

    async def device_count_by_fleet_id(self, ids: Sequence[str]) -> Found[int]:
        return await self._devices.count_by_fleet_id(ids)

    async def version_counts_by_fleet_id(self, ids: Sequence[str]) -> Found[VersionCounts]:
        return await self._devices.version_counts_by_fleet_id(ids)

    async def perform(self, command: Command) -> str:
        return await self._writes.perform(command)


def _credentials(source: str, config: Config) -> Credentials:
    """A caller brings an organization token, or `email:key` of a user: whose email it is, only they know."""
    email = config.email
    own = None if config.token is None or email is None else Token(config.token, lambda key: _headers(f"{email}:{key}"))
    return letting_in(source, config, config.token, _headers, own)


def _headers(credential: str) -> dict[str, str]:
    if ":" not in credential:
        return bearer(credential)
    return {"Authorization": f"Basic {b64encode(credential.encode()).decode()}"}


def _numbered(artifact_ids: Sequence[str]) -> list[str]:
    """Those that end in a number: no artifact is named otherwise."""
    return [native_id for native_id in artifact_ids if keys.integer(native_id.rpartition("/")[2]) is not None]


def _release_of(artifact_id: str) -> str:
    return artifact_id.rpartition("/")[0]


def _releases_of(artifact_ids: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(map(_release_of, artifact_ids)))


def _files(release: Release) -> Sequence[Artifact]:
    return release.artifacts_of() if release.artifacts_of else []


def _picked(native_id: str, files: Sequence[Artifact] | UpstreamError | None) -> Artifact | UpstreamError | None:
    if files is None or isinstance(files, UpstreamError):
        return files
    return next((file for file in files if file.native_id == native_id), None)


def _is_live(deployed: bool | UpstreamError | None, release: Release | UpstreamError) -> bool | UpstreamError | None:
    """One yes is enough; without it both must have been found out for a no."""
    count = release if isinstance(release, UpstreamError) else release.known_device_count
    if deployed is True or (isinstance(count, int) and count > 0):
        return True
    for answer in (deployed, count):
        if isinstance(answer, UpstreamError):
            return answer
    return None if deployed is None or count is None else False
