"""Drift of one product line: its rows, and what they amount to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias, TypeVar

from resolvers.errors import UpstreamError
from resolvers.graph.cohort import Cohort
from resolvers.graph.drift import Drift, DriftRow, Standing
from resolvers.graph.enums import ReleaseStatus
from resolvers.graph.fleet import Fleet
from resolvers.graph.questions import Question
from resolvers.graph.release import Release
from resolvers.graph.version import version
from resolvers.knowledge import drift
from resolvers.knowledge.drift import Counted
from resolvers.knowledge.lineage import Line
from resolvers.knowledge.versions import Understood, understand
from resolvers.lists import Desk
from resolvers.lists.kin import Family, step
from resolvers.lists.lines.seen import FleetSeen, LineSeen
from resolvers.lists.lines.settling import settled
from resolvers.upstreams.port import Incomplete, Part, VersionCounts

T = TypeVar("T")
Told: TypeAlias = T | UpstreamError


async def of_line(desk: Desk, seen: LineSeen) -> Drift:
    """Whatever a source does not tell is in its own rows; what they amount to is of what was told."""
    trains = [train.version for train in seen.trains]
    groups = await asyncio.gather(*(_rows(desk, one, trains) for one in seen.fleets))
    rows = [row for group in groups for row in group]
    newest = drift.newest(trains)
    return Drift(
        is_in_sync=drift.is_in_sync(_standings(rows)),
        newest=None if newest is None else version(newest.raw),
        rows=[DriftRow(standing=row) for row in rows],
    )


async def _rows(desk: Desk, seen: FleetSeen, trains: Sequence[Understood]) -> list[Standing]:
    """The fleet's own row, then those of its cohorts. Cohorts that could not be read are a row of errors."""
    fleet = seen.fleet
    if isinstance(fleet, UpstreamError):
        return [_silent(fleet, fleet)]
    latest = seen.family.latest if isinstance(seen.family, Family) else seen.family
    target, cohorts = await asyncio.gather(_target(desk, seen, fleet), _cohorts(desk, fleet))
    rows = [_row(fleet, None, target, latest, trains, _counts_of_fleet(desk, fleet, seen.family))]
    known = [] if isinstance(cohorts, UpstreamError) else sorted(cohorts, key=lambda cohort: cohort.native_id)
    error = (
        cohorts.error if isinstance(cohorts, Incomplete) else cohorts if isinstance(cohorts, UpstreamError) else None
    )
    targets = await asyncio.gather(*(_release(desk, seen, one.current_release_native_id) for one in known))
    for cohort, current in zip(known, targets, strict=True):
        rows.append(_row(fleet, cohort, current, latest, trains, _counts_of_cohort(desk, cohort)))
    return [*rows, _silent(fleet, error)] if error is not None else rows


def _row(
    fleet: Fleet,
    cohort: Cohort | None,
    target: Told[Release | None],
    latest: Told[Release | None],
    trains: Sequence[Understood],
    counts_of: Callable[[], Awaitable[Counted | None]],
) -> Standing:
    raw = target.raw_version if isinstance(target, Release) else None
    behind = None if raw is None else drift.behind_by(understand(raw), trains)
    return Standing(
        fleet=fleet,
        cohort=cohort,
        target=target,
        latest=latest,
        behind_by=target if isinstance(target, UpstreamError) else behind,
        counts_of=counts_of,
    )


def _silent(fleet: Told[Fleet], error: UpstreamError) -> Standing:
    async def counts_of() -> None:
        raise error

    return Standing(
        fleet=fleet,
        cohort=None if fleet is error else error,
        target=error,
        latest=error,
        behind_by=error,
        counts_of=counts_of,
    )


def _standings(rows: Sequence[Standing]) -> list[int | None]:
    """How far each row with a target is behind; None where that, or the target, is unknown."""
    told = [row.behind_by for row in rows if row.target is not None]
    return [None if isinstance(one, UpstreamError) else one for one in told]


async def _target(desk: Desk, seen: FleetSeen, fleet: Fleet) -> Told[Release | None]:
    """Of a fleet without a target and without cohorts: the last of its releases that went all the way."""
    if fleet.target_release_native_id is not None:
        return await _release(desk, seen, fleet.target_release_native_id)
    if Part.COHORTS in desk.sources.facts[fleet.source_name].parts or isinstance(seen.family, UpstreamError):
        return None
    releases = seen.family.releases
    deployed = [step(one) for one in releases.values() if one.status is ReleaseStatus.DEPLOYED]
    last = Line.of(deployed).latest()
    return None if last is None else releases[last]


async def _release(desk: Desk, seen: FleetSeen, native_id: str | None) -> Told[Release | None]:
    """Mostly one of the fleet's own, which were read already."""
    if native_id is None:
        return None
    if isinstance(seen.family, Family) and native_id in seen.family.releases:
        return seen.family.releases[native_id]
    found: Told[Release | None] = await _loaded(desk, Question.RELEASE, seen.member.ref.source, native_id)
    return found


async def _cohorts(desk: Desk, fleet: Fleet) -> Told[Sequence[Cohort]]:
    found: Told[Sequence[Cohort] | None] = await _loaded(desk, Question.COHORTS_OF_FLEET, *fleet.route)
    return [] if found is None else found


async def _loaded(desk: Desk, question: Question, source: str, native_id: str) -> Any:
    return await settled(source, desk.loaders.to(question).load((source, native_id)))


def _counts_of_fleet(desk: Desk, fleet: Fleet, family: Told[Family]) -> Callable[[], Awaitable[Counted | None]]:
    async def counts_of() -> Counted | None:
        brought = None if isinstance(family, UpstreamError) else _brought(family)
        if brought is not None:
            return drift.counted(brought)
        counts = await _counts(desk, *fleet.route)
        return None if counts is None else drift.counted(counts.versions)

    return counts_of


def _counts_of_cohort(desk: Desk, cohort: Cohort) -> Callable[[], Awaitable[Counted | None]]:
    async def counts_of() -> Counted | None:
        counts = await _counts(desk, cohort.source_name, cohort.fleet_native_id)
        return None if counts is None else drift.counted(counts.by_cohort.get(cohort.native_id, {}))

    return counts_of


async def _counts(desk: Desk, source: str, fleet_id: str) -> VersionCounts | None:
    counts: VersionCounts | None = await desk.loaders.to(Question.VERSION_COUNTS_OF_FLEET).load((source, fleet_id))
    return counts


def _brought(family: Family) -> dict[str, int] | None:
    """Counts that came along with every release (Memfault): then nobody need be asked."""
    counts: dict[str, int] = {}
    for release in family.releases.values():
        if release.known_device_count is None or release.raw_version is None:
            return None
        counts[release.raw_version] = counts.get(release.raw_version, 0) + release.known_device_count
    return counts or None
