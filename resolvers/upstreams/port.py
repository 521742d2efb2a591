"""Port: what every adapter answers, and the words it is asked in.

Lists come as an async stream of chunks, so that an adapter may read page by page, or all at once, without the callers
noticing. Look-ups come as a dict of what is there: a key that is missing from it is known not to exist, a key whose
value is an UpstreamError could not be found out. Whatever is pushed down is filtered again by the federation: an
adapter narrows to save work, never to be right.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from msgspec import Struct

from resolvers.errors import UpstreamError
from resolvers.graph.artifact import Artifact
from resolvers.graph.build import Build
from resolvers.graph.cohort import Cohort
from resolvers.graph.deployment import Deployment
from resolvers.graph.device import Device
from resolvers.graph.enums import (
    ArtifactKind,
    OrderDirection,
    PagingKind,
    ReleaseFilterField,
    ReleaseOrderField,
    ReleaseStatus,
    SourceKind,
    SourceOperation,
)
from resolvers.graph.fleet import Fleet
from resolvers.graph.people import Tag
from resolvers.graph.release import Release
from resolvers.upstreams.commands import Command
from resolvers.upstreams.config import SourceConfig
from resolvers.upstreams.prices import Prices, ScopeCount

T = TypeVar("T")
Found = Mapping[str, T | UpstreamError]
Columns = frozenset[str] | None
"""What is wanted of a row, by the names of its graph type's attributes; None: everything that is not heavy.

`native.semver` is an attribute of its vendor's own part. `fleet.name` is one of the row behind a field: when a single
`fleet.` is there, that row is wanted too, and may come along. An adapter may answer with more than was asked,
never with less; what it leaves unset raises when it is read (graph.columns). Of a source that marks releases as deleted
the status always comes: lists leave those out unless they are asked for.
"""


class Incomplete(list[T]):
    """A list below an object that lacks rows, since some did not fit: what is left of it, and why."""

    def __init__(self, rows: Iterable[T], error: UpstreamError):
        super().__init__(rows)
        self.error = error


class Fact(StrEnum):
    """A fact that a filter may ask for and that not every vendor knows. One without it is skipped, unasked."""

    VERSION = "version"
    REVISION = "revision"
    CLOSED = "is_closed"
    CREATED = "created_at"
    SLUG = "slug"
    ORGANIZATION = "organization"
    PUBLIC = "is_public"
    ARCHIVED = "is_archived"
    TARGET = "target"
    BUILD_IDENTIFIER = "build_identifier"
    PIPELINE = "pipeline"
    ONLINE = "is_online"
    DIGEST = "digest"


class Part(StrEnum):
    """What a vendor may know beside releases, fleets and artifacts. One without it is skipped, unasked."""

    COHORTS = "cohorts"
    DEVICES = "devices"
    BUILDS = "builds"
    DEPLOYMENTS = "deployments"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is true of a vendor, whoever runs it."""

    kind: SourceKind
    title: str
    default_url: str | None  # None: everyone runs their own
    release_facts: frozenset[Fact]
    fleet_facts: frozenset[Fact]
    artifact_facts: frozenset[Fact]
    artifact_kinds: frozenset[ArtifactKind]  # empty: it has no artifacts, and is not asked for them
    release_statuses: frozenset[ReleaseStatus]
    pushed_down: tuple[ReleaseFilterField, ...] = ()
    parts: frozenset[Part] = frozenset()
    operations: tuple[SourceOperation, ...] = ()
    device_facts: frozenset[Fact] = frozenset()
    release_paging: Mapping[ReleaseOrderField, PagingKind] = field(default_factory=dict)  # absent: WHOLE
    release_page_size: int = 0  # of PAGES
    prices: Prices = field(default_factory=Prices)


@dataclass(frozen=True, slots=True)
class Failure:
    """What a chunk lacks: the whole of one fleet (by its native id), or of anything (None). The rest still holds."""

    error: UpstreamError
    fleet_id: str | None = None


class Chunk(Struct, Generic[T], frozen=True):
    rows: Sequence[T] = ()
    failures: Sequence[Failure] = ()


@dataclass(frozen=True, slots=True)
class VersionCounts:
    """How many devices run each version, by the version as spelled; one that tells no version is not counted.

    by_cohort: the same for each part of the fleet, by the cohort's native id; a cohort without devices is left out.
    """

    versions: Mapping[str, int] = field(default_factory=dict)
    by_cohort: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


class Place(Struct, frozen=True):
    """Where one upstream page begins, in the order of its query.

    size: how many rows are wanted at least, when there are so many; PAGES has a size of its own. boundary: KEYSET, the
    first key wanted, None for the beginning: it and what lies a millisecond before it come along, since an upstream
    may store finer than it prints. number: PAGES, from 1.
    """

    size: int
    boundary: datetime | None = None
    number: int = 1


class Page(Struct, Generic[T], frozen=True):
    """One upstream page: rows in the order asked for.

    total: of the whole list, where the upstream tells. is_total_exact: whether it applied every filter of the query.
    """

    rows: Sequence[T] = ()
    has_more: bool = False
    failures: Sequence[Failure] = ()
    total: int | None = None
    is_total_exact: bool = False


class Scopes(Struct, frozen=True):
    """A query as queries that are each read in one order. failures: scopes that could not be found out."""

    queries: Sequence[ReleaseQuery]
    failures: Sequence[Failure] = ()


@dataclass(frozen=True, slots=True)
class ReleaseQuery:
    """Which releases, in which order. None does not narrow; order and columns may be ignored: a WHOLE read.

    versions and revisions are texts as spelled; a revision may be a prefix of at least seven characters.
    """

    fleet_ids: tuple[str, ...] | None = None
    names: tuple[str, ...] | None = None
    versions: tuple[str, ...] | None = None
    revisions: tuple[str, ...] | None = None
    statuses: tuple[ReleaseStatus, ...] | None = None
    targets: tuple[str, ...] | None = None
    build_identifiers: tuple[str, ...] | None = None
    pipelines: tuple[str, ...] | None = None
    is_closed: bool | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    order_field: ReleaseOrderField = ReleaseOrderField.CREATED_AT
    order_direction: OrderDirection = OrderDirection.DESC
    columns: Columns = None


@dataclass(frozen=True, slots=True)
class ReleasesBelow:
    """The page of each fleet's own releases that may come along with it: as `release_pages_by_fleet_id` is asked."""

    query: ReleaseQuery
    place: Place


@dataclass(frozen=True, slots=True)
class FleetQuery:
    names: tuple[str, ...] | None = None
    slugs: tuple[str, ...] | None = None
    organizations: tuple[str, ...] | None = None
    is_public: bool | None = None
    is_archived: bool | None = None
    columns: Columns = None
    below: ReleasesBelow | None = None


@dataclass(frozen=True, slots=True)
class ArtifactQuery:
    kinds: tuple[ArtifactKind, ...] | None = None
    targets: tuple[str, ...] | None = None
    digests: tuple[str, ...] | None = None
    columns: Columns = None


@dataclass(frozen=True, slots=True)
class DeviceQuery:
    fleet_ids: tuple[str, ...] | None = None
    is_online: bool | None = None
    running_versions: tuple[str, ...] | None = None
    search: str | None = None
    columns: Columns = None


class Upstream(Protocol):
    """An adapter. `ids` are native ids of its own source; one that cannot be meant is simply not found.

    What a vendor does not have is inherited from `Absent`: it answers nothing, and costs no call.
    """

    facts: ClassVar[Facts]
    config_type: ClassVar[type[SourceConfig]]

    @property
    def identity(self) -> str:
        """Of the credential that it asks with now, for this request: another one for another account, and no secret."""
        ...

    @property
    def scope_count(self) -> ScopeCount | None:
        """As far as it is known without asking; None: not yet."""
        ...

    # lists

    def releases(self, query: ReleaseQuery) -> AsyncIterator[Chunk[Release]]: ...

    def fleets(self, query: FleetQuery) -> AsyncIterator[Chunk[Fleet]]: ...

    def artifacts(self, query: ArtifactQuery) -> AsyncIterator[Chunk[Artifact]]: ...

    def devices(self, query: DeviceQuery) -> AsyncIterator[Chunk[Device]]: ...

    # lists in order, of sources whose `facts.release_paging` says so; others are never asked these

    async def release_scopes(self, query: ReleaseQuery) -> Scopes:
        """The query cut so that each part is one ordered list of its upstream."""
        ...

    async def release_page(self, query: ReleaseQuery, place: Place) -> Page[Release]:
        """One upstream call: the page at `place` of one part that `release_scopes` gave."""
        ...

    async def release_pages_by_fleet_id(
        self, ids: Sequence[str], query: ReleaseQuery, place: Place
    ) -> Found[Page[Release]]:
        """The page at `place` of each fleet's own releases, in one call for all fleets where the upstream can."""
        ...

    async def release_count(self, query: ReleaseQuery) -> int | None:
        """How many releases match; None when the upstream cannot count with every filter of the query."""
        ...

    # objects

    async def releases_by_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Release]: ...

    async def fleets_by_id(
        self, ids: Sequence[str], columns: Columns = None, below: ReleasesBelow | None = None
    ) -> Found[Fleet]: ...

    async def artifacts_by_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Artifact]: ...

    async def cohorts_by_id(self, ids: Sequence[str]) -> Found[Cohort]: ...

    async def builds_by_id(self, ids: Sequence[str]) -> Found[Build]: ...

    async def deployments_by_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Deployment]: ...

    async def devices_by_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Device]: ...

    # lists below objects, in any order. One without any maps to []; one that is not there to [], or not at all.

    async def artifacts_by_release_id(
        self, ids: Sequence[str], columns: Columns = None
    ) -> Found[Sequence[Artifact]]: ...

    async def artifacts_by_build_id(self, ids: Sequence[str]) -> Found[Sequence[Artifact]]: ...

    async def builds_by_release_id(self, ids: Sequence[str]) -> Found[Sequence[Build]]: ...

    async def cohorts_by_fleet_id(self, ids: Sequence[str]) -> Found[Sequence[Cohort]]: ...

    async def deployments_by_release_id(
        self, ids: Sequence[str], columns: Columns = None
    ) -> Found[Sequence[Deployment]]: ...

    async def deployments_by_fleet_id(
        self, ids: Sequence[str], columns: Columns = None
    ) -> Found[Sequence[Deployment]]: ...

    async def deployments_by_cohort_id(self, ids: Sequence[str]) -> Found[Sequence[Deployment]]: ...

    async def devices_by_fleet_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Sequence[Device]]: ...

    async def devices_by_cohort_id(self, ids: Sequence[str]) -> Found[Sequence[Device]]: ...

    # facts that need a call of their own; a vendor that cannot tell leaves the id out, and the field is null

    async def tags_by_release_id(self, ids: Sequence[str]) -> Found[Sequence[Tag]]: ...

    async def tags_by_fleet_id(self, ids: Sequence[str]) -> Found[Sequence[Tag]]: ...

    async def tags_by_device_id(self, ids: Sequence[str]) -> Found[Sequence[Tag]]: ...

    async def is_deployed_by_release_id(self, ids: Sequence[str]) -> Found[bool]: ...

    async def device_count_by_release_id(self, ids: Sequence[str]) -> Found[int]: ...

    async def device_count_by_fleet_id(self, ids: Sequence[str]) -> Found[int]: ...

    async def version_counts_by_fleet_id(self, ids: Sequence[str]) -> Found[VersionCounts]:
        """Devices of each fleet by the version they run; only of sources that know devices."""
        ...

    async def download_url_by_artifact_id(self, ids: Sequence[str]) -> Found[str]:
        """Signed links, asked for anew each time."""
        ...

    async def release_ids_by_artifact_id(self, ids: Sequence[str]) -> Found[Sequence[str]]:
        """Native ids of all releases an artifact is part of."""
        ...

    async def columns_by_release_id(self, ids: Sequence[str], columns: frozenset[str]) -> Found[Mapping[str, Any]]:
        """Heavy columns of each release, by the vendor's own names; {} from a vendor without such columns."""
        ...

    # writing

    async def perform(self, command: Command) -> str:
        """Does what is commanded; gives the native id of the object it made or changed, to be read again.

        Raises UserMistake for what the caller can mend (400, 404, 409, 422 of the upstream, in its words), an
        UpstreamError when it is not known whether it was done. Only commands of `facts.operations` come here.
        """
        ...
