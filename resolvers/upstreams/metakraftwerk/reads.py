"""Reads: lists of MetaKraftwerk, cut to the release groups that are configured."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from resolvers.errors import UpstreamPayloadError, UpstreamRejected
from resolvers.graph.fleet import Fleet
from resolvers.transport.http import Http
from resolvers.transport.kept import Kept
from resolvers.upstreams import payload
from resolvers.upstreams.metakraftwerk import Config, lists, normalise
from resolvers.upstreams.metakraftwerk.rows import BuildRow, GroupRow, ReleaseRow
from resolvers.upstreams.payload import Rows

T = TypeVar("T")
Ids = frozenset[str] | None
"Native ids; None: all of them."


@dataclass(frozen=True, slots=True)
class Made:
    """A build, and those of its releases that are in scope: a build names its releases, not their groups."""

    row: BuildRow
    release_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Builds:
    """made: deleted builds too, in a narrowed scope those with a release in it. inside: the releases in scope."""

    made: Sequence[Made]
    inside: Ids
    error: UpstreamPayloadError | None

    @classmethod
    def cut(cls, rows: Rows[BuildRow], inside: Ids, error: UpstreamPayloadError | None = None) -> Builds:
        made = [Made(row, tuple(one for one in row.releases if is_in(inside, one))) for row in rows.rows]
        return cls([each for each in made if inside is None or each.release_ids], inside, rows.error or error)


class Reads:
    def __init__(self, http: Http, config: Config):
        self.http, self.config, self.source = http, config, http.source
        self._scope = Kept(http.credentials, self._discover_groups, source=http.source)

    async def groups(self) -> Ids:
        """Ids of the configured groups. Only names take a call, which is kept."""
        if self.config.group_names:
            return await self._scope.get()
        return self.config.group_ids or None

    async def releases(self, groups: Ids, filters: Mapping[str, str] | None = None) -> Rows[ReleaseRow]:
        """Releases of these groups, whatever the server made of the filters."""
        one = {"group_id": next(iter(groups))} if groups is not None and len(groups) == 1 else {}
        rows = await lists.read(self.http, "releases", ReleaseRow, {**one, **(filters or {})})
        return Rows([row for row in rows.rows if is_in(groups, row.group_id)], rows.error)

    async def release(self, native_id: str) -> ReleaseRow | None:
        groups = await self.groups()
        row = await self._one("releases", native_id, ReleaseRow)
        return row if row is not None and is_in(groups, row.group_id) else None

    async def fleets(self) -> Rows[Fleet]:
        """Groups in scope; made up of what releases tell where the list of groups does not exist for us."""
        groups = await self.groups()
        try:
            rows = await lists.read(self.http, "release_groups", GroupRow)
        except UpstreamRejected:
            return await self._fleets_of_releases(groups)
        return Rows([normalise.fleet(self.source, row) for row in rows.rows if is_in(groups, row.id)], rows.error)

    async def builds(self, only: str | None = None) -> Builds:
        """All, or one by its id: nothing can be asked by release."""
        groups = await self.groups()
        if groups is None:
            return Builds.cut(await self._build_rows(only), None)
        rows, releases = await asyncio.gather(self._build_rows(only), self.releases(groups))
        return Builds.cut(rows, frozenset(str(row.id) for row in releases.rows), releases.error)

    async def _build_rows(self, only: str | None) -> Rows[BuildRow]:
        if only is None:
            return await lists.read(self.http, "builds", BuildRow)
        row = await self._one("builds", only, BuildRow)
        return Rows([] if row is None else [row])

    async def _one(self, resource: str, native_id: str, row: type[T]) -> T | None:
        target = f"{lists.ROOT}/{resource}/{native_id}"
        body = await self.http.find(target)
        return payload.decode(self.source, f"GET {target}", body, row) if body else None

    async def _fleets_of_releases(self, groups: Ids) -> Rows[Fleet]:
        rows = await self.releases(groups)
        group_ids = dict.fromkeys(row.group_id for row in rows.rows)
        return Rows([normalise.unseen_fleet(self.source, group_id) for group_id in group_ids], rows.error)

    async def _discover_groups(self) -> frozenset[str]:
        rows = await lists.read(self.http, "release_groups", GroupRow, is_session=True)
        named = [row for row in rows.rows if row.name in self.config.group_names]
        if rows.error is not None and len({row.name for row in named}) < len(self.config.group_names):
            raise rows.error  # a group we were told to show may be among the rows that did not fit
        return self.config.group_ids.union(str(row.id) for row in named)


def is_in(ids: Ids, number: int | str) -> bool:
    return ids is None or str(number) in ids
