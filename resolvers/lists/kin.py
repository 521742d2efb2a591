"""Kin: the neighbours of a release, from all releases of its fleet, read once for everyone who asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from resolvers.graph.enums import ReleaseStatus
from resolvers.graph.lineage import STEP
from resolvers.graph.release import Release
from resolvers.knowledge import versions
from resolvers.knowledge.lineage import Line, Step
from resolvers.knowledge.versions import Scheme
from resolvers.lists import Desk
from resolvers.loaders import Route
from resolvers.upstreams.port import Columns, ReleaseQuery

NOT_COUNTING = frozenset(
    {
        ReleaseStatus.DRAFT,
        ReleaseStatus.FAILED,
        ReleaseStatus.CANCELLED,
        ReleaseStatus.INVALIDATED,
        ReleaseStatus.DELETED,
    }
)
"Nobody's predecessor, and never the latest."

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Neighbours:
    previous: Release | None = None
    next: list[Release] = field(default_factory=list)
    hotfix_of: Release | None = None
    hotfixes: list[Release] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Family:
    """All releases of one fleet, by native id, and their line."""

    releases: Mapping[str, Release]
    line: Line

    def neighbours(self, native_id: str) -> Neighbours:
        line = self.line
        return Neighbours(
            self._release(line.previous(native_id)),
            [self.releases[one] for one in line.next(native_id)],
            self._release(line.hotfix_of(native_id)),
            [self.releases[one] for one in line.hotfixes(native_id)],
        )

    @property
    def latest(self) -> Release | None:
        return self._release(self.line.latest())

    def _release(self, native_id: str | None) -> Release | None:
        return None if native_id is None else self.releases[native_id]


Families = dict[tuple[Route, Columns], Family]
"By fleet, and by what its releases were asked with."


async def family(desk: Desk, known: Families, fleet: Route, support: Sequence[str] = STEP) -> Family:
    """The family of a fleet. Raises the upstream's error when some of it is missing: a gap would be a wrong answer.

    support: what is read of its releases beside what the operation selects; `step` is always.
    """
    columns = desk.columns("Release", *support)
    if (fleet, columns) not in known:
        reading = await desk.loaders.releases_by_fleet_key.load((*fleet, ReleaseQuery(columns=columns)))
        if reading.errors:
            raise reading.errors[0]
        releases = {release.native_id: release for release in reading.rows}
        known[fleet, columns] = Family(releases, Line.of(map(step, releases.values())))
    return known[fleet, columns]


def step(release: Release) -> Step:
    own = release.lineage
    return Step(
        native_id=release.native_id,
        is_linked=own.is_linked,
        previous_id=own.previous_id,
        hotfix_of_id=own.hotfix_of_id,
        rank=_rank(release),
        counts=own.counts and release.status not in NOT_COUNTING,
    )


def _rank(release: Release) -> tuple[Any, ...] | None:
    if release.lineage.is_linked:
        return (release.planned_start or _NEVER,)
    if release.lineage.sequence is not None:
        return (release.lineage.sequence,)
    if release.raw_version is None:
        return None
    understood = versions.understand(release.raw_version)
    return (understood.order_key,) if understood.scheme in (Scheme.SEMVER, Scheme.PEP440) else None
