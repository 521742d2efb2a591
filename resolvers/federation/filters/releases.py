"""Which releases: ReleaseFilter as a selection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

from resolvers.errors import BadArgument
from resolvers.federation.filters.selection import (
    Check,
    Selection,
    SourceFacts,
    all_of,
    bounded,
    knowing,
    named,
    native_ids,
)
from resolvers.graph.artifact import Artifact
from resolvers.graph.enums import OrderDirection, ReleaseFilterField, ReleaseOrderField, ReleaseStatus
from resolvers.graph.inputs import ReleaseFilter, ReleaseOrder
from resolvers.graph.release import Release
from resolvers.knowledge import versions
from resolvers.knowledge.ranges import VersionRange
from resolvers.upstreams.port import Columns, Fact, Facts, ReleaseQuery

SHORTEST_REVISION = 7
ARGUMENTS: Mapping[ReleaseFilterField, str] = {
    ReleaseFilterField.IDS: "ids",
    ReleaseFilterField.FLEETS: "fleetIds",
    ReleaseFilterField.NAMES: "names",
    ReleaseFilterField.VERSIONS: "versions",
    ReleaseFilterField.REVISIONS: "revisions",
    ReleaseFilterField.STATUSES: "statuses",
    ReleaseFilterField.TARGETS: "targets",
    ReleaseFilterField.BUILD_IDENTIFIERS: "buildIdentifiers",
    ReleaseFilterField.PIPELINES: "pipelines",
    ReleaseFilterField.CREATED: "createdAfter",
    ReleaseFilterField.IS_CLOSED: "isClosed",
}
WHOLE_REVISION = 40

READS: Mapping[str, tuple[str, ...]] = {
    "ids": (),
    "sources": (),
    "kinds": (),
    "fleet_ids": ("fleet_native_id",),
    "fleet_names": ("fleet_native_id", "Fleet.name"),
    "product_lines": ("fleet_native_id", "Fleet.name", "Fleet.slug"),
    "names": ("name",),
    "versions": ("raw_version",),
    "version_range": ("raw_version",),
    "include_prereleases": (),
    "revisions": ("revision",),
    "targets": ("artifacts_of", "Artifact.target"),
    "build_identifiers": ("artifacts_of", "Artifact.build_identifier"),
    "pipelines": ("pipeline",),
    "statuses": ("status",),
    "is_closed": ("is_closed",),
    "created_after": ("created_at",),
    "created_before": ("created_at",),
    "include_deleted": (),
}
"What each field of the filter reads of the rows it sifts; of other rows as `Fleet.name`."

ReleaseSelection = Selection[Release, ReleaseQuery]


def select(facts: SourceFacts, where: ReleaseFilter | None, order: ReleaseOrder | None) -> ReleaseSelection:
    """`fleetNames` is left to whoever reads: names become ids source by source, see `narrowed`.

    Raises BadArgument or InvalidKey for values that cannot be meant.
    """
    if where is None:
        return _unfiltered(facts, order or ReleaseOrder())
    bounded(where)
    ids = None if where.ids is None else native_ids(facts, where.ids, "Release")
    fleet_ids = None if where.fleet_ids is None else native_ids(facts, where.fleet_ids, "Fleet")
    asked = named(facts, where.sources, where.kinds) & _able(facts, where)
    for chosen in (ids, fleet_ids):
        asked &= asked if chosen is None else chosen.keys()
    return Selection(
        asked=frozenset() if _is_empty(where) else frozenset(asked),
        query=lambda source, columns: _query(
            where, order or ReleaseOrder(), None if fleet_ids is None else fleet_ids[source], columns
        ),
        keep=all_of([*_checks(where, facts), *_fleet_checks(fleet_ids)]),
        ids=ids,
        is_all_asked=where.version_range is None and ids is None,
    )


def _unfiltered(facts: SourceFacts, order: ReleaseOrder) -> ReleaseSelection:
    """All there are: what most lists begin with."""
    return Selection(
        asked=frozenset(facts),
        query=lambda source, columns: _whole_query(order.field, order.direction, columns),
        keep=all_of(_not_deleted(facts)),
        is_all_asked=True,
    )


@lru_cache(maxsize=1024)
def _whole_query(field: ReleaseOrderField, direction: OrderDirection, columns: Columns) -> ReleaseQuery:
    return ReleaseQuery(order_field=field, order_direction=direction, columns=columns)


def artifact_check(where: ReleaseFilter | None) -> Check[Sequence[Artifact]] | None:
    """What a release's artifacts must show, when the filter asks about them: it needs them read first."""
    if where is None or (where.targets is None and where.build_identifiers is None):
        return None
    targets, identifiers = where.targets, where.build_identifiers

    def check(files: Sequence[Artifact]) -> bool:
        has_target = targets is None or any(file.target in targets for file in files)
        return has_target and (identifiers is None or any(file.build_identifier in identifiers for file in files))

    return check


def narrowed(query: ReleaseQuery, fleet_ids: Iterable[str]) -> ReleaseQuery:
    """The query cut to these fleets of its source, within those it was about already."""
    within = tuple(native_id for native_id in fleet_ids if query.fleet_ids is None or native_id in query.fleet_ids)
    return replace(query, fleet_ids=within)


def narrowed_by(facts: Facts) -> list[str]:
    """The filters that make what this source sends shorter, as a client spells them."""
    return [ARGUMENTS[field] for field in facts.pushed_down]


def _able(facts: SourceFacts, where: ReleaseFilter) -> set[str]:
    """Sources that know every fact that is asked about, and can be in one of the states asked for."""
    needed = [
        (where.versions, Fact.VERSION),
        (where.version_range, Fact.VERSION),
        (where.revisions, Fact.REVISION),
        (where.pipelines, Fact.PIPELINE),
        (where.is_closed, Fact.CLOSED),
        (where.created_after, Fact.CREATED),
        (where.created_before, Fact.CREATED),
    ]
    able = knowing(facts, needed, lambda own: own.release_facts)
    of_artifacts = [(where.targets, Fact.TARGET), (where.build_identifiers, Fact.BUILD_IDENTIFIER)]
    able &= knowing(facts, of_artifacts, lambda own: own.artifact_facts)
    if where.statuses is None:
        return able
    return {name for name in able if not facts[name].release_statuses.isdisjoint(where.statuses)}


def _is_empty(where: ReleaseFilter) -> bool:
    lists = (where.ids, where.sources, where.kinds, where.fleet_ids, where.fleet_names, where.names, where.versions)
    more = (
        where.product_lines,
        where.revisions,
        where.statuses,
        where.targets,
        where.build_identifiers,
        where.pipelines,
    )
    return any(given == [] for given in (*lists, *more))


def _query(
    where: ReleaseFilter, order: ReleaseOrder, fleet_ids: Sequence[str] | None, columns: Columns
) -> ReleaseQuery:
    return ReleaseQuery(
        fleet_ids=None if fleet_ids is None else tuple(fleet_ids),
        names=_tuple(where.names),
        versions=_tuple(where.versions),
        revisions=_tuple(where.revisions),
        statuses=None if where.statuses is None else tuple(where.statuses),
        targets=_tuple(where.targets),
        build_identifiers=_tuple(where.build_identifiers),
        pipelines=_tuple(where.pipelines),
        is_closed=where.is_closed,
        created_after=where.created_after,
        created_before=where.created_before,
        order_field=order.field,
        order_direction=order.direction,
        columns=columns,
    )


def _tuple(texts: list[str] | None) -> tuple[str, ...] | None:
    return None if texts is None else tuple(texts)


def _fleet_checks(fleet_ids: Mapping[str, Sequence[str]] | None) -> Iterator[Check[Release]]:
    if fleet_ids is not None:
        routes = {(source, native_id) for source, ids in fleet_ids.items() for native_id in ids}
        yield lambda row: (row.source_name, row.fleet_native_id) in routes


def _deleting(facts: SourceFacts) -> frozenset[str]:
    """Sources that show releases marked as deleted: of the others' rows the status is not read, nor fetched for it."""
    return frozenset(name for name, own in facts.items() if ReleaseStatus.DELETED in own.release_statuses)


def _not_deleted(facts: SourceFacts) -> list[Check[Release]]:
    deleting = _deleting(facts)
    if not deleting:
        return []
    return [lambda row: row.source_name not in deleting or row.status is not ReleaseStatus.DELETED]


def _checks(where: ReleaseFilter, facts: SourceFacts) -> Iterator[Check[Release]]:
    """One predicate for each field that is given; a null fact never matches."""
    if not where.include_deleted and ReleaseStatus.DELETED not in (where.statuses or ()):
        yield from _not_deleted(facts)
    if (names := where.names) is not None:
        yield lambda row: row.name in names
    if (spelled := where.versions) is not None:
        yield lambda row: row.raw_version in spelled
    if where.version_range is not None:
        yield _in_range(where.version_range, bool(where.include_prereleases))
    if where.revisions is not None:
        yield _has_revision(where.revisions)
    if (statuses := where.statuses) is not None:
        yield lambda row: row.status in statuses
    if (pipelines := where.pipelines) is not None:
        yield lambda row: row.pipeline in pipelines
    if (is_closed := where.is_closed) is not None:
        yield lambda row: row.is_closed is is_closed
    yield from _created(where.created_after, where.created_before)


def _created(after: datetime | None, before: datetime | None) -> Iterator[Check[Release]]:
    if after is not None:
        yield lambda row: row.created_at is not None and row.created_at >= after
    if before is not None:
        yield lambda row: row.created_at is not None and row.created_at < before


def _in_range(text: str, include_prereleases: bool) -> Check[Release]:
    try:
        wanted = VersionRange.parse(text)
    except ValueError as error:
        raise BadArgument(f"versionRange: {error}") from None

    def check(row: Release) -> bool:
        return row.raw_version is not None and wanted.contains(
            versions.understand(row.raw_version), include_prereleases
        )

    return check


def _has_revision(revisions: Sequence[str]) -> Check[Release]:
    short = next((text for text in revisions if len(text) < SHORTEST_REVISION), None)
    if short is not None:
        raise BadArgument(f"revisions: {short!r} is too short; at least {SHORTEST_REVISION} characters of a commit")
    # A whole commit is asked of upstreams as it is, so it must mean the same here: equality, not a prefix.
    whole = frozenset(text for text in revisions if len(text) >= WHOLE_REVISION)
    prefixes = tuple(text for text in revisions if len(text) < WHOLE_REVISION)
    return lambda row: row.revision is not None and (row.revision in whole or row.revision.startswith(prefixes))
