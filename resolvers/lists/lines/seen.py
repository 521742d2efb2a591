"""Seen: all releases of a product line's fleets, as sightings of its versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from resolvers.errors import UpstreamError
from resolvers.federation.product_lines import LineSpec
from resolvers.federation.reading import Reading
from resolvers.graph.enums import ReleaseStatus
from resolvers.graph.fleet import Fleet
from resolvers.graph.release import Release
from resolvers.knowledge import correlation
from resolvers.knowledge.correlation import Sighting, Train
from resolvers.knowledge.precedence import Key
from resolvers.lists.kin import Family, step
from resolvers.lists.lines.members import Member
from resolvers.loaders import Route

NOTHING = frozenset(
    {ReleaseStatus.DRAFT, ReleaseStatus.FAILED, ReleaseStatus.CANCELLED, ReleaseStatus.DELETED},
)
"No release that could be the same thing as another. One that was taken back is still what it was."


@dataclass(frozen=True, slots=True)
class FleetSeen:
    """A fleet of a line with its releases, each or why it could not be found out."""

    member: Member
    family: Family | UpstreamError
    tells_versions: bool = True  # whether its source knows versions at all

    @property
    def fleet(self) -> Fleet | UpstreamError:
        return self.member.fleet

    @property
    def error(self) -> UpstreamError | None:
        return next((one for one in (self.fleet, self.family) if isinstance(one, UpstreamError)), None)


@dataclass(frozen=True)
class LineSeen:
    spec: LineSpec
    fleets: Sequence[FleetSeen]

    @cached_property
    def releases(self) -> dict[Route, Release]:
        """All that were read, by (source name, native id)."""
        families = [one.family for one in self.fleets if isinstance(one.family, Family)]
        return {release.route: release for family in families for release in family.releases.values()}

    @cached_property
    def trains(self) -> Sequence[Train[Route]]:
        """Highest first, of releases that can be a fleet's latest."""
        counting = (release for release in self.releases.values() if step(release).counts)
        return correlation.trains(map(sighting, counting))

    @cached_property
    def by_precedence(self) -> Mapping[Key, Sequence[Sighting[Route]]]:
        """Sightings of each version, for whoever asks release by release."""
        groups: dict[Key, list[Sighting[Route]]] = {}
        for release in self.releases.values():
            if release.status not in NOTHING and (version := sighting(release).version) is not None:
                groups.setdefault(version.precedence, []).append(sighting(release))
        return groups

    @cached_property
    def telling(self) -> list[str]:
        """The sources that know versions, by name: of the others no version of the line can be missing."""
        return sorted({one.member.ref.source for one in self.fleets if one.tells_versions})

    def reading(self, source: str) -> Reading[Release]:
        """What is known of one source's part in it: no rows, its errors."""
        own = [one for one in self.fleets if one.member.ref.source == source]
        errors = [one.error for one in own if one.error is not None]
        return Reading(source, errors=errors, is_lost=bool(own) and len(errors) == len(own))

    @property
    def error(self) -> UpstreamError | None:
        """Why some version of the line may not be seen."""
        return next((one.error for one in self.fleets if one.error is not None and one.tells_versions), None)


def sighting(release: Release) -> Sighting[Route]:
    fleet = (release.source_name, release.fleet_native_id)
    return Sighting(release.route, fleet, release.raw_version, release.revision)
