"""MetaKraftwerk's answers to the port. One scope: every list is one call."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import ClassVar, TypeVar

from resolvers import keys
from resolvers.graph.artifact import Artifact
from resolvers.graph.build import Build
from resolvers.graph.deployment import Deployment
from resolvers.graph.enums import ReleaseStatus
from resolvers.graph.fleet import Fleet
from resolvers.graph.release import Release
from resolvers.transport.credentials import Credentials
from resolvers.transport.http import Http
from resolvers.upstreams import scopes
from resolvers.upstreams.absent import Absent
from resolvers.upstreams.config import SourceConfig, bearer, letting_in
from resolvers.upstreams.metakraftwerk import FACTS, STATUSES, Config, normalise
from resolvers.upstreams.metakraftwerk.deployments import Deployments
from resolvers.upstreams.metakraftwerk.login import Login
from resolvers.upstreams.metakraftwerk.reads import Builds, Ids, Made, Reads, is_in
from resolvers.upstreams.payload import Rows
from resolvers.upstreams.port import (
    ArtifactQuery,
    Chunk,
    Columns,
    Facts,
    Failure,
    FleetQuery,
    Found,
    ReleaseQuery,
    ReleasesBelow,
)
from resolvers.upstreams.scopes import Answer

T = TypeVar("T")


class MetaKraftwerk(Absent):
    facts: ClassVar[Facts] = FACTS
    config_type: ClassVar[type[SourceConfig]] = Config

    def __init__(self, http: Http, config: Config):
        self.http = http.signed(_credentials(http, config), STATUSES)
        self.config = config
        self.reads = Reads(self.http, config)
        self.deployments = Deployments(self.reads)

    async def releases(self, query: ReleaseQuery) -> AsyncIterator[Chunk[Release]]:
        """Deleted ones too: hiding them is for who asks."""
        groups = _both(await self.reads.groups(), query.fleet_ids)
        if groups is not None and not groups:
            return
        rows = await self.reads.releases(groups, _closed(query))
        yield Chunk([normalise.release(self.http.source, row) for row in rows.rows], rows.failures())

    async def fleets(self, query: FleetQuery) -> AsyncIterator[Chunk[Fleet]]:
        rows = await self.reads.fleets()
        yield Chunk(rows.rows, rows.failures())

    async def artifacts(self, query: ArtifactQuery) -> AsyncIterator[Chunk[Artifact]]:
        builds = await self.reads.builds()
        failures = () if builds.error is None else (Failure(builds.error),)
        yield Chunk([file for each in builds.made for file in self._files(each)], failures)

    async def releases_by_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Release]:
        """One call: of the one, or the list for more; there is no filter by several ids."""
        wanted = _numbers(ids)
        ask = self._find_release if len(wanted) == 1 else self._find_releases
        return await scopes.look_up([(wanted, ask(wanted))] if wanted else [])

    async def fleets_by_id(
        self, ids: Sequence[str], columns: Columns = None, below: ReleasesBelow | None = None
    ) -> Found[Fleet]:
        wanted = _numbers(ids)
        return await scopes.look_up([(wanted, self._find_fleets())] if wanted else [])

    async def artifacts_by_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Artifact]:
        wanted = [native_id for native_id in ids if _is_route(native_id)]
        return await scopes.look_up([(wanted, self._find_files())] if wanted else [])

    async def builds_by_id(self, ids: Sequence[str]) -> Found[Build]:
        wanted = _numbers(ids)
        return await scopes.look_up([(wanted, self._of_builds(wanted, self._build))] if wanted else [])

    async def deployments_by_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Deployment]:
        wanted = _numbers(ids)
        return await scopes.look_up([(wanted, self.deployments.by_id())] if wanted else [])

    async def artifacts_by_release_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Sequence[Artifact]]:
        """One list of builds for all: nothing can be asked by release."""
        wanted = _numbers(ids)
        return await scopes.look_up([(wanted, self._of_releases(wanted, self._files))] if wanted else [])

    async def artifacts_by_build_id(self, ids: Sequence[str]) -> Found[Sequence[Artifact]]:
        wanted = _numbers(ids)
        return await scopes.look_up([(wanted, self._of_builds(wanted, self._files))] if wanted else [])

    async def builds_by_release_id(self, ids: Sequence[str]) -> Found[Sequence[Build]]:
        wanted = _numbers(ids)
        ask = self._of_releases(wanted, lambda made: [self._build(made)]) if wanted else None
        return await scopes.look_up([] if ask is None else [(wanted, ask)])

    async def deployments_by_release_id(
        self, ids: Sequence[str], columns: Columns = None
    ) -> Found[Sequence[Deployment]]:
        wanted = _numbers(ids)
        return await scopes.look_up([(wanted, self.deployments.by_release(wanted))] if wanted else [])

    async def deployments_by_fleet_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Sequence[Deployment]]:
        wanted = _numbers(ids)
        return await scopes.look_up([(wanted, self.deployments.by_group(wanted))] if wanted else [])

    async def _find_release(self, ids: Sequence[str]) -> Answer[Release]:
        row = await self.reads.release(ids[0])
        return Answer({} if row is None else {str(row.id): normalise.release(self.http.source, row)})

    async def _find_releases(self, ids: Sequence[str]) -> Answer[Release]:
        rows = await self.reads.releases(await self.reads.groups())
        return Answer({str(row.id): normalise.release(self.http.source, row) for row in rows.rows}, rows.error)

    async def _find_fleets(self) -> Answer[Fleet]:
        rows: Rows[Fleet] = await self.reads.fleets()
        return Answer({fleet.native_id: fleet for fleet in rows.rows}, rows.error)

    async def _find_files(self) -> Answer[Artifact]:
        builds = await self.reads.builds()
        files = (file for each in builds.made for file in self._files(each))
        return Answer({file.native_id: file for file in files}, builds.error)

    async def _of_builds(self, ids: Sequence[str], translate: Callable[[Made], T]) -> Answer[T]:
        """Of each build: one is asked for by its id, more come with the list."""
        builds = await self.reads.builds(ids[0] if len(ids) == 1 else None)
        return Answer({str(each.row.id): translate(each) for each in builds.made}, builds.error)

    async def _of_releases(self, ids: Sequence[str], translate: Callable[[Made], Iterable[T]]) -> Answer[Sequence[T]]:
        """Of each release, what its builds give."""
        builds: Builds = await self.reads.builds()
        found: dict[str, list[T]] = {native_id: [] for native_id in ids if is_in(builds.inside, native_id)}
        for each in builds.made:
            for release_id in found.keys() & set(map(str, each.release_ids)):
                found[release_id].extend(translate(each))
        return scopes.shared_out(found, builds.error)

    def _build(self, made: Made) -> Build:
        return normalise.build(self.http.source, made.row, made.release_ids)

    def _files(self, made: Made) -> Sequence[Artifact]:
        build, release_ids = made.row, made.release_ids
        return [normalise.artifact(self.http.source, build, download, release_ids) for download in build.downloads]


def _credentials(http: Http, config: Config) -> Credentials:
    own: Credentials | None = None
    if config.token is None and config.email is not None and config.password is not None:
        own = Login(http, config.email, config.password)
    return letting_in(http.source, config, config.token, bearer, own)


def _closed(query: ReleaseQuery) -> dict[str, str]:
    """`closed` where every release that is asked for has it so. An open one may also be one that does not tell."""
    if query.is_closed is not None:
        return {"closed": "true" if query.is_closed else "false"}
    return {"closed": "true"} if query.statuses == (ReleaseStatus.CLOSED,) else {}


def _both(scope: Ids, asked: Iterable[str] | None) -> Ids:
    if asked is None:
        return scope
    wanted = frozenset(_numbers(asked))
    return wanted if scope is None else wanted & scope


def _is_route(native_id: str) -> bool:
    """Of a download: build id/download id."""
    parts = keys.split(native_id, 2)
    return parts is not None and all(keys.integer(part) is not None for part in parts)


def _numbers(ids: Iterable[str]) -> list[str]:
    """The ids that can be meant, each once."""
    return [native_id for native_id in dict.fromkeys(ids) if keys.integer(native_id) is not None]
