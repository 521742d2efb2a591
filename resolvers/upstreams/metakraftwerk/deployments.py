"""Deployments: runs of builds, with what four other lists say of them. Always whole, always side by side.

A run names its build and its pattern. Its release is that of the build, which may have one of each of several groups:
then it is the one of the group that the pattern is tied to. Where that does not settle it, the run is listed below all
of them and names none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from resolvers.errors import UpstreamRejected
from resolvers.graph.deployment import Deployment
from resolvers.upstreams import scopes
from resolvers.upstreams.metakraftwerk import lists, normalise
from resolvers.upstreams.metakraftwerk.reads import Reads
from resolvers.upstreams.metakraftwerk.rows import BuildDeploymentRow, BuildRow, DefinitionRow, PatternRow
from resolvers.upstreams.payload import Rows
from resolvers.upstreams.scopes import Answer

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Placed:
    """A deployment, and the releases it may have been of, with their groups."""

    deployment: Deployment
    group_of: Mapping[int, int]

    @property
    def release_ids(self) -> frozenset[str]:
        return frozenset(map(str, self.group_of))

    @property
    def group_ids(self) -> frozenset[str]:
        return frozenset(map(str, self.group_of.values()))


@dataclass(frozen=True, slots=True)
class Books:
    """What a run is looked up in: by ids of builds, releases, definitions and patterns."""

    releases_of: Mapping[int, Sequence[int]]
    group_of: Mapping[int, int]
    names: Mapping[int, str | None]
    group_of_pattern: Mapping[int, int | None]

    def placed(self, source: str, row: BuildDeploymentRow) -> Placed:
        groups = self._candidates(
            self.releases_of.get(row.build_id, ()), self.group_of_pattern.get(row.pattern_id or 0)
        )
        release_id, group_id = next(iter(groups.items())) if len(groups) == 1 else (None, None)
        name = self.names.get(row.deployment_id or 0)
        return Placed(normalise.deployment(source, row, name, release_id, group_id), groups)

    def _candidates(self, release_ids: Sequence[int], own_group: int | None) -> dict[int, int]:
        """The releases a run may have been of, of those of its build, with their groups."""
        seen = {one: self.group_of[one] for one in release_ids if one in self.group_of}
        own = {one: group_id for one, group_id in seen.items() if group_id == own_group}
        # Its own release may be one of those that are out of scope: then it is none of the others.
        is_elsewhere = own_group is not None and len(seen) < len(release_ids)
        return own or ({} if is_elsewhere else seen)


class Deployments:
    def __init__(self, reads: Reads):
        self.reads, self.http, self.source = reads, reads.http, reads.source

    async def by_id(self) -> Answer[Deployment]:
        placed = await self._all()
        return Answer({each.deployment.native_id: each.deployment for each in placed.rows}, placed.error)

    async def by_release(self, ids: Sequence[str]) -> Answer[Sequence[Deployment]]:
        placed = await self._all()
        return _shared(placed, {one: [each for each in placed.rows if one in each.release_ids] for one in ids})

    async def by_group(self, ids: Sequence[str]) -> Answer[Sequence[Deployment]]:
        placed = await self._all()
        return _shared(placed, {one: [each for each in placed.rows if one in each.group_ids] for one in ids})

    async def _all(self) -> Rows[Placed]:
        """In scope: in a narrowed one those of builds with a release in it."""
        groups = await self.reads.groups()
        runs, builds, releases, definitions, patterns = await asyncio.gather(
            lists.read(self.http, "build_deployments", BuildDeploymentRow),
            lists.read(self.http, "builds", BuildRow),
            self.reads.releases(groups),
            self._extra("deployments", DefinitionRow),
            self._extra("patterns", PatternRow),
        )
        books = Books(
            {row.id: row.releases for row in builds.rows},
            {row.id: row.group_id for row in releases.rows},
            {row.id: row.name for row in definitions.rows},
            {row.id: row.release_group_id for row in patterns.rows},
        )
        placed = [books.placed(self.source, row) for row in runs.rows]
        inside = [each for each in placed if groups is None or each.group_of]
        return Rows(inside, runs.error or builds.error or releases.error)

    async def _extra(self, resource: str, row: type[T]) -> Rows[T]:
        """Names and groups are an extra: a service without the list has deployments all the same."""
        try:
            return await lists.read(self.http, resource, row)
        except UpstreamRejected:
            return Rows([])


def _shared(placed: Rows[Placed], lists: Mapping[str, Sequence[Placed]]) -> Answer[Sequence[Deployment]]:
    return scopes.shared_out({key: [each.deployment for each in own] for key, own in lists.items()}, placed.error)
