"""Counterparts: releases of one commit, asked of every source that can find one, for all who ask at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from aiodataloader import DataLoader

from resolvers.errors import UpstreamError
from resolvers.federation.filters.releases import narrowed_by
from resolvers.federation.reading import Reading, read_whole
from resolvers.graph.release import Release
from resolvers.lists import Desk
from resolvers.lists.lines.seen import NOTHING
from resolvers.lists.lines.settling import settled
from resolvers.upstreams.port import Fact, ReleaseQuery
from resolvers.upstreams.scopes import chunked

AT_ONCE = 50
"Commits of one question: what balena and Memfault filter by themselves. Asked for more they send everything."


@dataclass(frozen=True, slots=True)
class Built:
    """Releases that were built from one commit, and how each source that was asked did."""

    releases: Sequence[Release]
    readings: Sequence[Reading[Release]]


class Commits:
    """Make it inside the running loop."""

    def __init__(self, desk: Desk):
        self._desk = desk
        self.built_from: DataLoader[str, Built] = DataLoader(self._batch)

    async def _batch(self, commits: list[str]) -> list[Built]:
        """One question a source for each AT_ONCE commits, side by side."""
        parts = await asyncio.gather(*(self._part(part) for part in chunked(commits, AT_ONCE)))
        found = {commit: built for part in parts for commit, built in part.items()}
        return [found[commit] for commit in commits]

    async def _part(self, commits: Sequence[str]) -> dict[str, Built]:
        able = [name for name, facts in self._desk.sources.facts.items() if Fact.REVISION in facts.release_facts]
        readings = await asyncio.gather(*(self._read(source, commits) for source in able))
        groups: dict[str | None, list[Release]] = {commit: [] for commit in commits}
        for reading in readings:
            for row in reading.rows:
                groups[row.revision].append(row)
        return {commit: Built(groups[commit], readings) for commit in commits}

    async def _read(self, source: str, commits: Sequence[str]) -> Reading[Release]:
        def is_one(row: Release) -> bool:
            return row.revision in commits and row.status not in NOTHING

        upstream = self._desk.sources.upstreams[source]
        stream = upstream.releases(ReleaseQuery(revisions=tuple(commits)))
        reading = await settled(source, read_whole(source, stream, is_one, narrowed_by(upstream.facts)))
        return Reading(source, errors=(reading,), is_lost=True) if isinstance(reading, UpstreamError) else reading
