"""BuildMaster's answers to the port. Every list comes whole: there are filters, but no pages and no order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import ClassVar

from resolvers.errors import UpstreamError
from resolvers.graph.artifact import Artifact
from resolvers.graph.build import Build
from resolvers.graph.deployment import Deployment
from resolvers.graph.enums import DeploymentStatus, ReleaseStatus
from resolvers.graph.fleet import Fleet
from resolvers.graph.release import Release
from resolvers.transport.http import Http
from resolvers.upstreams import scopes
from resolvers.upstreams.absent import Absent
from resolvers.upstreams.buildmaster import FACTS, STATUSES, WITH_ARTIFACTS, Config, normalise, writes
from resolvers.upstreams.buildmaster.calls import Calls, numbers
from resolvers.upstreams.buildmaster.files import Files
from resolvers.upstreams.buildmaster.rows import BuildRow, RunRow
from resolvers.upstreams.buildmaster.work import Work
from resolvers.upstreams.commands import Command
from resolvers.upstreams.config import SourceConfig, letting_in
from resolvers.upstreams.port import (
    ArtifactQuery,
    Chunk,
    Columns,
    Facts,
    FleetQuery,
    Found,
    ReleaseQuery,
    ReleasesBelow,
)
from resolvers.upstreams.prices import ScopeCount
from resolvers.upstreams.scopes import Answer

WORDS: Mapping[ReleaseStatus, str] = {status: word for word, status in normalise.STATUSES.items()}
SETTLED = {ReleaseStatus.DEPLOYED: True, ReleaseStatus.CANCELLED: False}
"Statuses that say by themselves whether a release is live."


class BuildMaster(Absent):
    facts: ClassVar[Facts] = FACTS
    config_type: ClassVar[type[SourceConfig]] = Config

    def __init__(self, http: Http, config: Config):
        self.http = http.signed(letting_in(http.source, config, config.token, _key), STATUSES)
        self.config = config
        self.calls = calls = Calls(self.http, config)
        self.builds: Work[BuildRow, Build] = Work(
            calls, calls.builds, normalise.build, calls.build_homes, id_filter="buildId"
        )
        self.runs: Work[RunRow, Deployment] = Work(
            calls, calls.runs, normalise.deployment, calls.run_homes, id_filter="deploymentId", hides_some=True
        )
        self.files = Files(calls, self.builds) if config.native_artifacts else None
        if self.files is not None:
            self.facts = WITH_ARTIFACTS  # type: ignore[misc]  # the one fact of the vendor that an operator decides

    @property
    def scope_count(self) -> ScopeCount | None:
        return self.calls.scopes.count

    async def releases(self, query: ReleaseQuery) -> AsyncIterator[Chunk[Release]]:
        fleet_ids = query.fleet_ids and numbers(query.fleet_ids)
        if fleet_ids is not None and not fleet_ids:
            return  # only ids of no application
        rows = await self.calls.releases({**self.calls.application(fleet_ids), **_filters(query)})
        asked = rows.rows
        if fleet_ids is not None:
            asked = [row for row in asked if str(row.application_id) in fleet_ids]
        releases = self.calls.made.of(
            asked, query.columns, lambda: normalise.releases(self.http.source, asked, query.columns)
        )
        yield Chunk(releases, rows.failures())

    async def fleets(self, query: FleetQuery) -> AsyncIterator[Chunk[Fleet]]:
        rows = await self.calls.fleets()
        yield Chunk(rows.rows, rows.failures())

    async def artifacts(self, query: ArtifactQuery) -> AsyncIterator[Chunk[Artifact]]:
        if self.files is not None:
            async for chunk in self.files.all():
                yield chunk

    async def releases_by_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Release]:
        """One call: filtered for one id, the whole list for more, since the filter takes no list of ids."""
        wanted = numbers(ids)
        return await scopes.look_up([(wanted, self._find_releases(wanted, columns))] if wanted else [])

    async def fleets_by_id(
        self, ids: Sequence[str], columns: Columns = None, below: ReleasesBelow | None = None
    ) -> Found[Fleet]:
        """The list of applications: there is no other way to one."""
        wanted = numbers(ids)
        return await scopes.look_up([(wanted, self._find_fleets(wanted))] if wanted else [])

    async def builds_by_id(self, ids: Sequence[str]) -> Found[Build]:
        return await self.builds.by_id(ids)

    async def deployments_by_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Deployment]:
        return await self.runs.by_id(ids)

    async def artifacts_by_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Artifact]:
        return {} if self.files is None else await self.files.by_id(ids)

    async def builds_by_release_id(self, ids: Sequence[str]) -> Found[Sequence[Build]]:
        return await self.builds.by_release(ids)

    async def deployments_by_release_id(
        self, ids: Sequence[str], columns: Columns = None
    ) -> Found[Sequence[Deployment]]:
        return await self.runs.by_release(ids)

    async def deployments_by_fleet_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Sequence[Deployment]]:
        return await self.runs.by_application(ids)

    async def artifacts_by_release_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Sequence[Artifact]]:
        return {native_id: [] for native_id in ids} if self.files is None else await self.files.by_release(ids)

    async def artifacts_by_build_id(self, ids: Sequence[str]) -> Found[Sequence[Artifact]]:
        return {} if self.files is None else await self.files.by_build(ids)

    async def is_deployed_by_release_id(self, ids: Sequence[str]) -> Found[bool]:
        """By its status where that settles it, else whether a run of it succeeded."""
        releases = await self.releases_by_id(ids)
        told: dict[str, bool | UpstreamError] = {}
        for native_id, release in releases.items():
            if isinstance(release, UpstreamError):
                told[native_id] = release
            elif release.status in SETTLED:
                told[native_id] = SETTLED[release.status]
        runs = await self.runs.by_release([native_id for native_id in releases if native_id not in told])
        return {**told, **{native_id: _is_live(own) for native_id, own in runs.items()}}

    async def perform(self, command: Command) -> str:
        return await writes.perform(self, command)

    async def _find_releases(self, ids: Sequence[str], columns: Columns) -> Answer[Release]:
        # The id and an application exclude each other.
        rows = await self.calls.releases({"releaseId": ids[0]} if len(ids) == 1 else self.calls.application())
        found = normalise.releases(self.http.source, rows.rows, columns)
        return Answer({release.native_id: release for release in found}, rows.error)

    async def _find_fleets(self, ids: Sequence[str]) -> Answer[Fleet]:
        rows = await self.calls.fleets(ids)
        return Answer({fleet.native_id: fleet for fleet in rows.rows}, rows.error)


def _is_live(runs: Sequence[Deployment] | UpstreamError) -> bool | UpstreamError:
    if isinstance(runs, UpstreamError):
        return runs
    return any(run.status is DeploymentStatus.SUCCEEDED for run in runs)


def _filters(query: ReleaseQuery) -> dict[str, str]:
    """What BuildMaster can narrow by itself: one value a filter, and either the number or the name."""
    statuses = {WORDS.get(status) for status in query.statuses or ()}
    (status,) = statuses if len(statuses) == 1 else (None,)
    text = _only("releaseNumber", query.versions) or _only("releaseName", query.names)
    return {**text, **_only("pipelineName", query.pipelines), **({"status": status} if status else {})}


def _only(name: str, texts: Sequence[str] | None) -> dict[str, str]:
    # An empty value would be no filter: not wrong, but of no use.
    return {name: texts[0]} if texts and len(texts) == 1 and texts[0] else {}


def _key(token: str) -> dict[str, str]:
    return {"X-ApiKey": token}
