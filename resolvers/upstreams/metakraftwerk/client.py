"""Asking MetaKraftwerk. One scope: every list is one call, cut here to the release groups that are configured."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from resolvers import keys
from resolvers.errors import UpstreamRejected
from resolvers.graph.artifact import Artifact
from resolvers.graph.enums import ReleaseStatus
from resolvers.graph.fleet import Fleet
from resolvers.graph.release import Release
from resolvers.transport.credentials import Credentials, FixedHeaders
from resolvers.transport.kept import Kept
from resolvers.transport.session import Http
from resolvers.upstreams import payload, scopes
from resolvers.upstreams.config import SourceConfig
from resolvers.upstreams.metakraftwerk import FACTS, STATUSES, Config, lists, normalise
from resolvers.upstreams.metakraftwerk.login import Login
from resolvers.upstreams.metakraftwerk.rows import BuildRow, GroupRow, ReleaseRow
from resolvers.upstreams.payload import Rows
from resolvers.upstreams.port import ArtifactQuery, Chunk, Facts, FleetQuery, Found, ReleaseQuery
from resolvers.upstreams.scopes import Answer

Ids = frozenset[str] | None
"Native ids; None: all of them."


class MetaKraftwerk:
    facts: ClassVar[Facts] = FACTS
    config_type: ClassVar[type[SourceConfig]] = Config

    def __init__(self, http: Http, config: Config):
        self.http = http.signed(_credentials(http, config), STATUSES)
        self.config = config
        self._scope = Kept(self._discover_groups)

    async def releases(self, query: ReleaseQuery) -> AsyncIterator[Chunk[Release]]:
        """Deleted ones too: hiding them is for who asks."""
        groups = _both(await self._groups(), query.fleet_ids)
        if groups is not None and not groups:
            return
        rows = await self._release_rows(groups, _closed(query))
        yield Chunk([normalise.release(self.http.source, row) for row in rows.rows], rows.failures())

    async def fleets(self, query: FleetQuery) -> AsyncIterator[Chunk[Fleet]]:
        rows = await self._fleets()
        yield Chunk(rows.rows, rows.failures())

    async def artifacts(self, query: ArtifactQuery) -> AsyncIterator[Chunk[Artifact]]:
        rows = await self._downloads()
        yield Chunk(rows.rows, rows.failures())

    async def releases_by_id(self, ids: Sequence[str]) -> Found[Release]:
        """One call: of the one, or the list for more; there is no filter by several ids."""
        wanted = _numbers(ids)
        ask = self._find_release if len(wanted) == 1 else self._find_releases
        return await scopes.look_up([(wanted, ask(wanted))] if wanted else [])

    async def fleets_by_id(self, ids: Sequence[str]) -> Found[Fleet]:
        wanted = _numbers(ids)
        return await scopes.look_up([(wanted, self._find_fleets())] if wanted else [])

    async def artifacts_by_id(self, ids: Sequence[str]) -> Found[Artifact]:
        wanted = [native_id for native_id in ids if _is_route(native_id)]
        return await scopes.look_up([(wanted, self._find_downloads())] if wanted else [])

    async def artifacts_by_release_id(self, ids: Sequence[str]) -> Found[Sequence[Artifact]]:
        """One list of builds for all: nothing can be asked by release.

        With a build dropped, a release without a file may have lost one: it is unknown.
        """
        wanted = _numbers(ids)
        return await scopes.look_up([(wanted, self._find_downloads_of(wanted))] if wanted else [])

    async def columns_by_release_id(self, ids: Sequence[str], columns: frozenset[str]) -> Found[Mapping[str, Any]]:
        return {}

    async def _find_release(self, ids: Sequence[str]) -> Answer[Release]:
        target = f"{lists.ROOT}/releases/{ids[0]}"
        groups = await self._groups()
        body = await self.http.find(target)
        row = body and payload.decode(self.http.source, f"GET {target}", body, ReleaseRow)
        if not row or not _is_in(groups, row.group_id):
            return Answer({})
        return Answer({str(row.id): normalise.release(self.http.source, row)})

    async def _find_releases(self, ids: Sequence[str]) -> Answer[Release]:
        rows = await self._release_rows(await self._groups())
        return Answer({str(row.id): normalise.release(self.http.source, row) for row in rows.rows}, rows.error)

    async def _find_fleets(self) -> Answer[Fleet]:
        rows = await self._fleets()
        return Answer({fleet.native_id: fleet for fleet in rows.rows}, rows.error)

    async def _find_downloads(self) -> Answer[Artifact]:
        rows = await self._downloads()
        return Answer({file.native_id: file for file in rows.rows}, rows.error)

    async def _find_downloads_of(self, ids: Sequence[str]) -> Answer[Sequence[Artifact]]:
        builds, inside = await self._builds()
        found: dict[str, list[Artifact]] = {native_id: [] for native_id in ids if _is_in(inside, native_id)}
        for file in self._files(builds, inside):
            for release_id in found.keys() & file.release_native_ids:
                found[release_id].append(file)
        known = {release_id: files for release_id, files in found.items() if files or builds.error is None}
        return Answer(known, builds.error)

    async def _fleets(self) -> Rows[Fleet]:
        """Groups in scope; made up of what releases tell where the list of groups does not exist for us."""
        groups = await self._groups()
        try:
            rows = await lists.read(self.http, "release_groups", GroupRow)
        except UpstreamRejected:
            return await self._fleets_of_releases(groups)
        return Rows([normalise.fleet(self.http.source, row) for row in rows.rows if _is_in(groups, row.id)], rows.error)

    async def _fleets_of_releases(self, groups: Ids) -> Rows[Fleet]:
        rows = await self._release_rows(groups)
        group_ids = dict.fromkeys(row.group_id for row in rows.rows)
        return Rows([normalise.unseen_fleet(self.http.source, group_id) for group_id in group_ids], rows.error)

    async def _downloads(self) -> Rows[Artifact]:
        builds, inside = await self._builds()
        return Rows(self._files(builds, inside), builds.error)

    async def _builds(self) -> tuple[Rows[BuildRow], Ids]:
        """All builds, and which releases are in scope: a build names its releases, not their groups."""
        groups = await self._groups()
        if groups is None:
            return await lists.read(self.http, "builds", BuildRow), None
        builds, releases = await asyncio.gather(lists.read(self.http, "builds", BuildRow), self._release_rows(groups))
        return Rows(builds.rows, builds.error or releases.error), frozenset(str(row.id) for row in releases.rows)

    def _files(self, builds: Rows[BuildRow], inside: Ids) -> list[Artifact]:
        """Downloads of builds, deleted builds included; in a narrowed scope of those with a release in it."""
        return [
            normalise.artifact(self.http.source, build, download, release_ids)
            for build in builds.rows
            if (release_ids := [i for i in build.releases if _is_in(inside, i)]) or inside is None
            for download in build.downloads
        ]

    async def _release_rows(self, groups: Ids, filters: Mapping[str, str] | None = None) -> Rows[ReleaseRow]:
        """Releases of these groups, whatever the server made of the filters."""
        one = {"group_id": next(iter(groups))} if groups is not None and len(groups) == 1 else {}
        rows = await lists.read(self.http, "releases", ReleaseRow, {**one, **(filters or {})})
        return Rows([row for row in rows.rows if _is_in(groups, row.group_id)], rows.error)

    async def _groups(self) -> Ids:
        """Ids of the configured groups. Only names take a call, which is kept."""
        if self.config.group_names:
            return await self._scope.get()
        return self.config.group_ids or None

    async def _discover_groups(self) -> frozenset[str]:
        rows = await lists.read(self.http, "release_groups", GroupRow, is_session=True)
        named = [row for row in rows.rows if row.name in self.config.group_names]
        if rows.error is not None and len({row.name for row in named}) < len(self.config.group_names):
            raise rows.error  # a group we were told to show may be among the rows that did not fit
        return self.config.group_ids.union(str(row.id) for row in named)


def _credentials(http: Http, config: Config) -> Credentials:
    if config.token is not None:
        return FixedHeaders({"Authorization": f"Bearer {config.token.get_secret_value()}"})
    if config.email is None or config.password is None:
        raise RuntimeError("a Config without credentials does not validate")
    return Login(http, config.email, config.password)


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


def _is_in(ids: Ids, number: int | str) -> bool:
    return ids is None or str(number) in ids


def _numbers(ids: Iterable[str]) -> list[str]:
    """The ids that can be meant, each once."""
    return [native_id for native_id in dict.fromkeys(ids) if keys.integer(native_id) is not None]
