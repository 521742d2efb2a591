"""Counterparts: the same thing in other fleets, by its commit anywhere, else by its version within its product line."""

from __future__ import annotations

import asyncio
from collections import ChainMap
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from aiodataloader import DataLoader
from graphql import GraphQLResolveInfo

from resolvers.errors import UpstreamError
from resolvers.federation.filters.releases import narrowed_by
from resolvers.federation.reading import Reading, read_whole
from resolvers.graph.counterpart import Counterpart
from resolvers.graph.enums import MatchRule
from resolvers.graph.lineage import SIGHTING
from resolvers.graph.release import Release
from resolvers.knowledge import correlation
from resolvers.knowledge.correlation import Match, Sighting
from resolvers.lists import Desk
from resolvers.lists.lines.members import Members
from resolvers.lists.lines.seen import NOTHING, LineSeen, sighting
from resolvers.lists.lines.settling import settled
from resolvers.loaders import Route
from resolvers.upstreams.port import Fact, ReleaseQuery
from resolvers.upstreams.scopes import chunked

At = GraphQLResolveInfo[Any]
Releases = dict[Route, Release]
Matches = tuple[Sequence[Match[Route]], Releases, Sequence[Reading[Release]]]
"Matches, the releases they may name, and how the sources did that were asked."

SeenLine = Callable[[str], Awaitable[LineSeen]]
"All of a line, by its name."

AT_ONCE = 50
"Commits of one question: what balena and Memfault filter by themselves. Asked for more they send everything."


@dataclass(frozen=True, slots=True)
class Built:
    """Releases that were built from one commit, and how each source that was asked did."""

    releases: Sequence[Release]
    readings: Sequence[Reading[Release]]


class Commits(DataLoader[str, Built]):
    """What was built from a commit. Make it inside the running loop."""

    def __init__(self, desk: Desk):
        super().__init__()
        self._desk = desk

    async def batch_load_fn(self, commits: list[str]) -> list[Built]:
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
        columns = self._desk.columns("Release", *SIGHTING, "Release.name")
        stream = upstream.releases(ReleaseQuery(revisions=tuple(commits), columns=columns))
        reading = await settled(
            source, read_whole(source, self._desk.arriving(stream), is_one, narrowed_by(upstream.facts))
        )
        return Reading(source, errors=(reading,), is_lost=True) if isinstance(reading, UpstreamError) else reading


class Counterparts:
    """Make it inside the running loop."""

    def __init__(self, desk: Desk, members: Members):
        self._desk, self._members = desk, members
        self._commits = Commits(desk)

    async def of(self, release: Release, seen: SeenLine, at: At) -> list[Counterpart]:
        """By rule, then by source name and native id. What failed on the way is noted beside the answer."""
        if release.status in NOTHING:
            return []
        one = sighting(release)
        (by_commit, found, asked), (by_version, line, told) = await asyncio.gather(
            self._by_commit(one), self._by_version(one, release, seen)
        )
        self._desk.lister.collector.note_beside(at.path.as_list(), [*asked, *told])
        same = {match.of for match in by_commit}
        rest = (match for match in by_version if match.of not in same)
        ordered = [*sorted(by_commit, key=_place), *sorted(rest, key=_place)]
        releases = ChainMap(found, line)
        return [_counterpart(releases[match.of], match) for match in ordered]

    async def _by_commit(self, one: Sighting[Route]) -> Matches:
        if one.commit is None:
            return [], {}, []
        built = await self._commits.load(one.commit)
        found = {row.route: row for row in built.releases}
        return correlation.by_revision(one, map(sighting, found.values())), found, built.readings

    async def _by_version(self, one: Sighting[Route], release: Release, seen: SeenLine) -> Matches:
        """In the fleets of its line only: everything else has versions of its own."""
        if one.version is None or release.fleet_native_id is None:
            return [], {}, []
        source = release.source_name
        spec = await settled(source, self._members.line_of((source, release.fleet_native_id)))
        if isinstance(spec, UpstreamError):
            return [], {}, [Reading(source, errors=(spec,))]
        if spec is None:
            return [], {}, []
        line = await seen(spec.name)
        same = line.by_precedence.get(one.version.precedence, ())
        return correlation.by_version(one, same, spec.name), line.releases, [*map(line.reading, line.telling)]


def _place(match: Match[Route]) -> Route:
    return match.of


def _counterpart(release: Release, match: Match[Route]) -> Counterpart:
    return Counterpart(release=release, rule=MatchRule[match.rule.name], evidence=match.evidence)
