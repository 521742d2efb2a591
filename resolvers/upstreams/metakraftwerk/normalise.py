"""MetaKraftwerk's rows as the graph's types. Pure: no clock, no I/O."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial

from resolvers import keys
from resolvers.graph.artifact import Artifact
from resolvers.graph.build import Build
from resolvers.graph.deployment import Deployment
from resolvers.graph.enums import ArtifactKind, BuildStatus, DeploymentStatus, ReleaseStatus
from resolvers.graph.fleet import Fleet
from resolvers.graph.lineage import Lineage
from resolvers.graph.native.metakraftwerk import MetaKraftwerkRelease, MetaKraftwerkReleaseGroup
from resolvers.graph.people import Actor
from resolvers.graph.release import Release
from resolvers.graph.scalars import JSON, utc
from resolvers.upstreams.metakraftwerk.rows import BuildDeploymentRow, BuildRow, DownloadRow, GroupRow, ReleaseRow

BUILD_STATUSES = {
    "BUILDING": BuildStatus.RUNNING,
    "FINISHED": BuildStatus.SUCCEEDED,
    "FAILED": BuildStatus.FAILED,
    "CANCELED": BuildStatus.CANCELLED,
}
DEPLOYMENT_STATUSES = {
    "FINISHED": DeploymentStatus.SUCCEEDED,
    "FAILED": DeploymentStatus.FAILED,
}
"The words its web pages show; the API documents none."


def release(source: str, row: ReleaseRow) -> Release:
    """Without a version: names are labels, even `R1`. Without a birth: the dates are a plan.

    The planned dates stay instants: cut to a day in UTC they would be the day before.
    """
    return Release(
        source_name=source,
        native_id=str(row.id),
        name=row.name,
        raw_version=None,
        status=_status(row),
        description=row.description or None,
        planned_start=_instant(row.start_date),
        planned_end=_instant(row.end_date),
        fleet_native_id=str(row.group_id),
        is_closed=None if row.closed is None else bool(row.closed),
        lineage=Lineage(True, _id(row.prev_release_id), _id(row.hotfix_of_id)),
        native_of=partial(_native, row),
    )


def fleet(source: str, row: GroupRow) -> Fleet:
    return Fleet(
        source_name=source,
        native_id=str(row.id),
        name=row.name,
        description=row.description or None,
        native_of=partial(MetaKraftwerkReleaseGroup, group_id=row.id),
    )


def unseen_fleet(source: str, group_id: int) -> Fleet:
    """A release group that only its releases tell of."""
    return Fleet(source_name=source, native_id=str(group_id), name=f"Group {group_id}", native_of=lambda: None)


def artifact(source: str, build: BuildRow, row: DownloadRow, release_ids: Iterable[int]) -> Artifact:
    """A download of a build, of all the releases the build was made for. Size, checksum and time are not told."""
    return Artifact(
        source_name=source,
        native_id=keys.join(build.id, row.id),
        name=row.name,
        filename=row.name,
        kind=ArtifactKind.DOWNLOAD,
        target=row.type or None,
        build_identifier=str(build.id),
        release_native_ids=tuple(str(release_id) for release_id in release_ids),
        details_of=partial(_details, row),
    )


def build(source: str, row: BuildRow, release_ids: Iterable[int]) -> Build:
    """number: its name, which some have; builds are not numbered."""
    return Build(
        source_name=source,
        native_id=str(row.id),
        number=row.name or None,
        status=BUILD_STATUSES.get(row.status or "", BuildStatus.UNKNOWN),
        native_status=row.status,
        created_at=_instant(row.created_at),
        started_at=_instant(row.build_start),
        finished_at=_instant(row.build_end),
        created_by=None if row.user_id is None else Actor(native_id=str(row.user_id)),
        progress_percent=row.progress,
        message=row.message or None,
        release_native_ids=tuple(str(release_id) for release_id in release_ids),
    )


def deployment(
    source: str, row: BuildDeploymentRow, name: str | None, release_id: int | None, group_id: int | None
) -> Deployment:
    """A build deployment. name: of its definition, which says where it goes; the other two where they are certain."""
    return Deployment(
        source_name=source,
        native_id=str(row.id),
        status=DEPLOYMENT_STATUSES.get(row.status or "", DeploymentStatus.UNKNOWN),
        native_status=row.status,
        environment=name or None,
        created_at=_instant(row.created_at),
        release_native_id=_id(release_id),
        fleet_native_id=_id(group_id),
    )


def _status(row: ReleaseRow) -> ReleaseStatus:
    if row.deleted:
        return ReleaseStatus.DELETED
    return ReleaseStatus.CLOSED if row.closed else ReleaseStatus.IN_PROGRESS


def _native(row: ReleaseRow) -> MetaKraftwerkRelease:
    return MetaKraftwerkRelease(
        release_id=row.id,
        group_id=row.group_id,
        start_date=_instant(row.start_date),
        end_date=_instant(row.end_date),
        closed=bool(row.closed),
        deleted=bool(row.deleted),
        hotfix_of_id=row.hotfix_of_id,
        prev_release_id=row.prev_release_id,
    )


def _details(row: DownloadRow) -> JSON:
    told = {
        "patternId": row.pattern_id,
        "projectId": row.project_id,
        "version": row.version,
        "uploadId": row.upload_id,
        "instanceId": row.instance_id,
    }
    return JSON({name: value for name, value in told.items() if value is not None})


def _id(number: int | None) -> str | None:
    return None if number is None else str(number)


def _instant(text: str | None) -> datetime | None:
    return utc(text) if text else None
