"""BuildMaster's rows as the graph's types. Pure: no clock, no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from typing import TypeVar

from resolvers import keys
from resolvers.graph.artifact import Artifact
from resolvers.graph.build import Build
from resolvers.graph.columns import own
from resolvers.graph.deployment import Deployment
from resolvers.graph.enums import ArtifactKind, BuildStatus, DeploymentStatus, ReleaseStatus
from resolvers.graph.fleet import Fleet
from resolvers.graph.lineage import Lineage
from resolvers.graph.native.buildmaster import BuildMasterApplication, BuildMasterRelease
from resolvers.graph.people import Actor, Tag
from resolvers.graph.release import Release
from resolvers.graph.scalars import JSON, utc
from resolvers.upstreams import making
from resolvers.upstreams.buildmaster.rows import ApplicationRow, BuildRow, FileRow, ReleaseRow, RunRow
from resolvers.upstreams.making import Make, Same, Shared, Spelled
from resolvers.upstreams.port import Columns

T = TypeVar("T")

STATUSES = {
    "active": ReleaseStatus.IN_PROGRESS,
    "deployed": ReleaseStatus.DEPLOYED,
    "canceled": ReleaseStatus.CANCELLED,
}
BUILD_STATUSES = {
    "active": BuildStatus.OPEN,
    "deployed": BuildStatus.SUCCEEDED,
    "rejected": BuildStatus.REJECTED,
}
RUN_STATUSES = {
    "pending": DeploymentStatus.QUEUED,
    "executing": DeploymentStatus.RUNNING,
    "succeeded": DeploymentStatus.SUCCEEDED,
    "warned": DeploymentStatus.SUCCEEDED,
    "failed": DeploymentStatus.FAILED,
}
WARNINGS = {"succeeded": False, "warned": True}

ALWAYS = ("source_name", "native_id")
GROUP = "group"
"Key of the label that tells the group of an application."


@dataclass(frozen=True, slots=True)
class At:
    """What holds for all rows of a call."""

    source: str


RELEASE: Mapping[str, Make] = {
    "name": lambda row, at: _name(row) or _number(row),
    "raw_version": lambda row, at: _number(row),
    "status": lambda row, at: STATUSES.get(row.status, ReleaseStatus.UNKNOWN),  # an unknown word is UNKNOWN
    "native_status": Same("status"),
    "created_at": lambda row, at: utc(row.created_on),
    # Of a canceled one only: a restored one goes on.
    "finished_at": lambda row, at: _instant(row.canceled_on) if row.status == "canceled" else None,
    "planned_end": lambda row, at: _instant(row.target_date),
    "created_by": lambda row, at: _actor(row.created_by),
    "fleet_native_id": Spelled("application_id"),
    "pipeline": lambda row, at: row.pipeline_name or None,
    "lineage": lambda row, at: Lineage(sequence=row.sequence),
    "native_of": lambda row, at: partial(_native, at.source, row),
}
"How each attribute of a release is made."


def releases(source: str, rows: Iterable[ReleaseRow], columns: Columns = None) -> list[Release]:
    return _releases(columns)(rows, At(source))


def release(source: str, row: ReleaseRow) -> Release:
    return releases(source, [row])[0]


@lru_cache(maxsize=1024)
def _releases(columns: Columns) -> making.Rows[Release]:
    names = making.attributes(Release, ALWAYS) if columns is None else own(columns)
    constants, anew = making.unsaid(Release, names, RELEASE)
    wanted = {name: make for name, make in RELEASE.items() if name in names}
    where: Mapping[str, Make] = {"source_name": Shared("source"), "native_id": Spelled("id")}
    fetched = None if columns is None else names
    return making.rows(Release, {**where, **wanted, **anew}, {"fetched": fetched, **constants})


def fleet(source: str, row: ApplicationRow) -> Fleet:
    """An application. Deactivated ones are archived: their releases are canceled, their history stays."""
    return Fleet(
        source_name=source,
        native_id=str(row.id),
        name=row.name,
        description=row.description or None,
        is_archived=None if row.active is None else not row.active,
        known_tags=[Tag(key=GROUP, value=row.group_name)] if row.group_name else [],
        native_of=partial(_native_application, row),
    )


def fleet_of(source: str, row: ReleaseRow) -> Fleet:
    """An application as far as one of its releases tells: its id and name."""
    return Fleet(source_name=source, native_id=str(row.application_id), name=row.application_name, native_of=_unseen)


def build(source: str, row: BuildRow) -> Build:
    """finished_at: when it was rejected; of a deployed one it is not told."""
    return Build(
        source_name=source,
        native_id=str(row.id),
        number=_first(row.number, row.build_number),
        status=BUILD_STATUSES.get(row.status, BuildStatus.UNKNOWN),
        native_status=row.status,
        created_at=utc(row.created_on),
        finished_at=_instant(row.rejected_on) if row.status == "rejected" else None,
        created_by=_actor(row.created_by),
        furthest_stage=row.furthest_stage or None,
        release_native_ids=() if row.release_id is None else (str(row.release_id),),
    )


def deployment(source: str, row: RunRow) -> Deployment:
    """A run. One that was canceled is ABORTED whatever its word; warnings are told only of one that succeeded."""
    is_canceled = bool(row.canceled_on)
    known = RUN_STATUSES.get(row.status, DeploymentStatus.UNKNOWN)
    return Deployment(
        source_name=source,
        native_id=str(row.id),
        status=DeploymentStatus.ABORTED if is_canceled else known,
        native_status=row.status,
        environment=row.environment_name or None,
        stage=row.pipeline_stage_name or None,
        has_warnings=None if is_canceled else WARNINGS.get(row.status),
        created_at=utc(row.created_on),
        started_at=_instant(row.started),
        finished_at=_instant(row.ended) or _instant(row.canceled_on),
        created_by=_actor(row.created_by),
        release_native_id=None if row.release_id is None else str(row.release_id),
        fleet_native_id=str(row.application_id),
    )


def artifact(source: str, row: FileRow) -> Artifact:
    """A zip file of a build. Size and checksum are not told, and there is no way to fetch it with an API key."""
    return Artifact(
        source_name=source,
        native_id=keys.join(row.build_id, row.name),
        name=row.name,
        kind=ArtifactKind.DOWNLOAD,
        build_identifier=str(row.build_id),
        created_at=_instant(row.created_date),
        release_native_ids=() if row.release_id is None else (str(row.release_id),),
        details_of=partial(_details, row),
    )


def _details(row: FileRow) -> JSON:
    told = {
        "releaseNumber": row.release_number,
        "buildNumber": row.build_number,
        "deployableName": row.deployable_name,
    }
    return JSON({name: value for name, value in told.items() if value})


def _native(source: str, row: ReleaseRow) -> BuildMasterRelease:
    number = _number(row)
    return BuildMasterRelease(
        source_name=source,
        release_id=row.id,
        number=number,
        release_name=_name(row) or number,
        sequence=row.sequence,
        pipeline_name=row.pipeline_name or None,
        pipeline_id=row.pipeline_id,
        template=row.template or None,
        application_id=row.application_id,
        application_name=row.application_name,
        furthest_build_id=_first(row.furthest_build_id, row.furthest_package_id),
        furthest_build_number=_first(row.furthest_build_number, row.furthest_package_number),
        latest_build_id=_first(row.latest_build_id, row.latest_package_id),
        latest_build_number=_first(row.latest_build_number, row.latest_package_number),
        deployables=row.deployables,
        canceled_by=row.canceled_by or None,
        canceled_on=_instant(row.canceled_on),
        target_date=_instant(row.target_date),
    )


def _native_application(row: ApplicationRow) -> BuildMasterApplication:
    return BuildMasterApplication(
        application_id=row.id,
        group_name=row.group_name or None,
        is_active=row.active,
        build_number_scheme=row.build_number_scheme,
        release_usage=row.release_usage,
        artifact_usage=row.artifact_usage,
        raft=row.raft or None,
    )


def _unseen() -> None:
    return None


def _number(row: ReleaseRow) -> str:
    return _first(row.number, row.release_number) or ""  # the row was refused without either


def _name(row: ReleaseRow) -> str | None:
    return _first(row.name, row.release_name)


def _first(new: T | None, legacy: T | None) -> T | None:
    """A member, or its legacy twin. When both are there and differ, the new name is right."""
    return legacy if new is None else new


def _actor(name: str | None) -> Actor | None:
    return Actor(name=name) if name else None


def _instant(text: str | None) -> datetime | None:
    return utc(text) if text else None
