"""Drift: which version is on which fleet of a product line, and where it is behind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Protocol, TypeVar

import strawberry

from resolvers.errors import UpstreamError
from resolvers.graph.columns import reads
from resolvers.graph.version import Version, version

if TYPE_CHECKING:
    from resolvers.graph.cohort import Cohort
    from resolvers.graph.fleet import Fleet
    from resolvers.graph.release import Release

T = TypeVar("T")


class Counts(Protocol):
    """Devices by version as spelled, most first, and all devices on the versions that are left out."""

    @property
    def versions(self) -> Sequence[tuple[str, int]]: ...

    @property
    def others(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of one row: each is the value, None where there is none, or why it could not be found out."""

    fleet: Fleet | UpstreamError
    counts_of: Callable[[], Awaitable[Counts | None]]
    cohort: Cohort | UpstreamError | None = None
    target: Release | UpstreamError | None = None
    latest: Release | UpstreamError | None = None
    behind_by: int | UpstreamError | None = None


@strawberry.type(description="Devices that run one version.")
class VersionCount:
    raw_version: strawberry.Private[str]
    count: int = strawberry.field(description="How many devices.")

    @strawberry.field(description="The version they run.")
    @reads()
    def version(self) -> Version:
        return version(self.raw_version)


@strawberry.type(
    description="One fleet of a product line, or one cohort of such a fleet: what should run there and what does. A "
    "source that did not answer makes its own rows null, each with an error beside it."
)
class DriftRow:
    standing: strawberry.Private[Standing]

    @strawberry.field(description="The fleet.")
    @reads()
    def fleet(self) -> Annotated[Fleet, strawberry.lazy("resolvers.graph.fleet")] | None:
        return told(self.standing.fleet)

    @strawberry.field(description="The cohort this row is about; null where it is about the fleet as a whole.")
    @reads()
    def cohort(self) -> Annotated[Cohort, strawberry.lazy("resolvers.graph.cohort")] | None:
        return told(self.standing.cohort)

    @strawberry.field(
        description="What should run there: the fleet's target release (balena), the cohort's current release "
        "(NervesHub, Memfault), or the last release that went through its pipeline (BuildMaster); else null."
    )
    @reads()
    def target_version(self) -> Version | None:
        return _version(told(self.standing.target))

    @strawberry.field(description="The version of the fleet's latest release; null where that is only a label.")
    @reads()
    def latest_version(self) -> Version | None:
        return _version(told(self.standing.latest))

    @strawberry.field(
        description="How many versions (trains) of the product line are newer than the target; null when the target or "
        "its order is unknown. Releases are compared with releases: dates, numbers and labels count for nothing beside "
        "them. Versions of a fleet that did not answer are not among those counted."
    )
    @reads()
    def behind_by(self) -> int | None:
        return told(self.standing.behind_by)

    @strawberry.field(
        description="Devices by the version they run, the ten versions with most devices, most first; what tells no "
        "version is not counted. Counted by the source where it can count. Null where a source knows no devices."
    )
    @reads()
    async def device_counts(self) -> list[VersionCount] | None:
        counts = await self.standing.counts_of()
        return None if counts is None else [VersionCount(raw_version=raw, count=n) for raw, n in counts.versions]

    @strawberry.field(description="Devices on all other versions than those ten.")
    @reads()
    async def other_devices(self) -> int | None:
        counts = await self.standing.counts_of()
        return None if counts is None else counts.others


@strawberry.type(description="Which version is on which fleet of a product line, and where it is behind.")
class Drift:
    is_in_sync: bool | None = strawberry.field(
        description="Whether everything that should run is the newest version of the line: false as soon as one is "
        "behind, null while one is unknown or nothing says what should run. Rows without a target do not count."
    )
    newest: Version | None = strawberry.field(
        description="The newest version of the line, of those that were told: of SemVer and PEP 440 where it has any, "
        "else of dates; null when it has none."
    )
    rows: list[DriftRow] = strawberry.field(
        description="A row for each fleet as configured, each followed by its cohorts, by native id."
    )


def told(value: T | UpstreamError) -> T:
    """The value. Raises what kept it from being found out."""
    if isinstance(value, UpstreamError):
        raise value
    return value


def _version(release: Release | None) -> Version | None:
    return None if release is None or release.raw_version is None else version(release.raw_version)
