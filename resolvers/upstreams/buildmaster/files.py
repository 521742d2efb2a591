"""Files: build artifacts by the native API, an application at a time. Off unless an operator says so: see Config."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from functools import partial

from resolvers import keys
from resolvers.errors import UpstreamError
from resolvers.graph.artifact import Artifact
from resolvers.graph.build import Build
from resolvers.upstreams import scopes
from resolvers.upstreams.buildmaster import normalise
from resolvers.upstreams.buildmaster.calls import Calls, numbers
from resolvers.upstreams.buildmaster.rows import BuildRow, FileRow
from resolvers.upstreams.buildmaster.work import Work, by_release, release_homes
from resolvers.upstreams.payload import Rows
from resolvers.upstreams.port import Chunk, Failure, Found
from resolvers.upstreams.scopes import Answer


class Files:
    def __init__(self, calls: Calls, builds: Work[BuildRow, Build]):
        self.calls, self.builds = calls, builds

    async def all(self) -> AsyncIterator[Chunk[Artifact]]:
        """Of every application in scope, side by side."""
        applications = await self.calls.application_ids()
        yield Chunk(failures=applications.failures())
        async for chunk in scopes.side_by_side(applications.rows, self._chunk, str):
            yield chunk

    async def by_release(self, ids: Sequence[str]) -> Found[Sequence[Artifact]]:
        groups, lost = await release_homes(self.calls, numbers(ids))
        calls = [(group, self._of_releases(home, group)) for home, group in groups.items()]
        found = await scopes.look_up(calls)
        return {**lost, **found}

    async def by_build(self, ids: Sequence[str]) -> Found[Sequence[Artifact]]:
        groups, lost = await self._build_homes(numbers(ids))
        calls = [(group, self._of_builds(home, group)) for home, group in groups.items()]
        found = await scopes.look_up(calls)
        return {**lost, **found}

    async def by_id(self, ids: Sequence[str]) -> Found[Artifact]:
        """By build id and name: the files of the applications of the builds, from which those are taken."""
        routes = {native_id: parts[0] for native_id in ids if (parts := keys.split(native_id, 2)) is not None}
        groups, lost = await self._build_homes(numbers(routes.values()))
        calls = [([one for one in routes if routes[one] in group], self._of(home)) for home, group in groups.items()]
        found = await scopes.look_up(calls)
        return {**{one: lost[build] for one, build in routes.items() if build in lost}, **found}

    async def _build_homes(self, ids: Sequence[str]) -> tuple[dict[str, list[str]], dict[str, UpstreamError]]:
        """The builds by their application; those nobody told of yet are looked up first."""
        _, strangers = self.calls.build_homes.grouped(ids)
        looked_up = await self.builds.by_id(strangers)
        lost = {native_id: found for native_id, found in looked_up.items() if isinstance(found, UpstreamError)}
        groups, _ = self.calls.build_homes.grouped(native_id for native_id in ids if native_id not in lost)
        return groups, lost

    async def _chunk(self, application_id: str) -> Chunk[Artifact]:
        rows = await self.calls.files(application_id)
        failures = () if rows.error is None else (Failure(rows.error, application_id),)
        return Chunk(self._translated(rows.rows), failures)

    async def _of(self, home: str) -> Answer[Artifact]:
        """All of an application. What is not among them may be the row that was dropped: then it is unknown."""
        rows = await self.calls.files(home)
        return Answer({file.native_id: file for file in self._translated(rows.rows)}, rows.error)

    async def _of_releases(self, home: str, ids: Sequence[str]) -> Answer[Sequence[Artifact]]:
        rows = await self.calls.files(home)
        return self._shared(rows, by_release(rows.rows, ids))

    async def _of_builds(self, home: str, ids: Sequence[str]) -> Answer[Sequence[Artifact]]:
        rows = await self.calls.files(home)
        lists: dict[str, list[FileRow]] = {native_id: [] for native_id in ids}
        for row in rows.rows:
            lists.get(str(row.build_id), []).append(row)
        return self._shared(rows, lists)

    def _shared(self, rows: Rows[FileRow], lists: dict[str, list[FileRow]]) -> Answer[Sequence[Artifact]]:
        return scopes.shared_out({key: self._translated(own) for key, own in lists.items()}, rows.error)

    def _translated(self, rows: Iterable[FileRow]) -> list[Artifact]:
        return list(map(partial(normalise.artifact, self.calls.source), rows))
