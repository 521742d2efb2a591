"""Memfault's rows as the graph's types. Pure: no clock, no I/O."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

from resolvers import keys
from resolvers.graph.artifact import Artifact, Digest
from resolvers.graph.enums import ArtifactKind, ReleaseStatus
from resolvers.graph.fleet import Fleet, Organization
from resolvers.graph.native.memfault import MemfaultProject, MemfaultRelease
from resolvers.graph.release import Release
from resolvers.upstreams.memfault.rows import ArtifactRow, OrganizationRow, ProjectRow, ReleaseRow

KINDS = {"firmware": ArtifactKind.FIRMWARE, "symbols": ArtifactKind.SYMBOLS}


class Project(NamedTuple):
    """The route of a project: both slugs, not ids."""

    organization: str
    slug: str

    @property
    def native_id(self) -> str:
        return keys.join(self.organization, self.slug)

    @classmethod
    def of(cls, fleet_id: str) -> Project | None:
        """None for an id that names no project whatever exists."""
        route = keys.split(fleet_id, 2)
        return cls(*route) if route else None


def fleet(source: str, organization: OrganizationRow, row: ProjectRow) -> Fleet:
    """A project: Memfault's documentation calls all its devices the fleet."""
    return Fleet(
        source_name=source,
        native_id=keys.join(organization.slug, row.slug),
        name=row.name,
        slug=f"{organization.slug}/{row.slug}",
        organization=Organization(name=organization.name, handle=organization.slug),
        created_at=_instant(row.created_date),
        native_of=partial(_native_project, row),
    )


def release(source: str, project: Project, row: ReleaseRow) -> Release:
    """status: always AVAILABLE, a Memfault release exists once it is complete. Times come with +00:00."""
    return Release(
        source_name=source,
        native_id=keys.join(*project, row.version),
        name=row.version,
        raw_version=row.version,
        status=ReleaseStatus.AVAILABLE,
        revision=row.revision or None,
        notes=row.notes or None,
        raw_minimum_version=row.min_version or None,
        created_at=_instant(row.created_date),
        updated_at=_instant(row.updated_date),
        device_count=row.count_devices,
        fleet_native_id=project.native_id,
        native_of=partial(_native_release, row),
        artifacts_of=partial(artifacts, source, project, row),
    )


def artifacts(source: str, project: Project, row: ReleaseRow) -> list[Artifact]:
    return [artifact(source, project, row.version, file) for file in row.artifacts or ()]


def artifact(source: str, project: Project, version: str, row: ArtifactRow) -> Artifact:
    """target: the hardware version. digests: sha256 first; md5 alone on older servers."""
    digests = (("sha256", row.sha256), ("sha1", row.sha1), ("md5", row.md5))
    return Artifact(
        source_name=source,
        native_id=keys.join(*project, version, row.id),
        name=row.filename or " ".join(word for word in (row.type, row.hardware_version) if word),
        filename=row.filename or None,
        kind=KINDS.get(row.type, ArtifactKind.FIRMWARE),
        native_status=None,
        target=row.hardware_version or None,
        size_bytes=row.file_size,  # type: ignore[arg-type]  # an int is what a ByteCount is at run time
        digests=[Digest(algorithm=name, value=value.lower()) for name, value in digests if value],
        build_identifier=row.build_id or None,
        created_at=_instant(row.created_date),
        release_native_ids=(keys.join(*project, version),),
    )


def _native_project(row: ProjectRow) -> MemfaultProject:
    return MemfaultProject(project_id=row.id, platform=row.platform or None, os=row.os or None)


def _native_release(row: ReleaseRow) -> MemfaultRelease:
    return MemfaultRelease(
        release_id=row.id,
        min_version=row.min_version or None,
        extra_info=row.extra_info,
        count_devices=row.count_devices,
        must_pass_through=row.must_pass_through,
        is_delta=row.is_delta,
    )


def _instant(moment: datetime | None) -> datetime | None:
    """In UTC; one without a zone is UTC already."""
    if moment is None:
        return None
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:  # an offset at the edge of the years there are: hours do not matter there
        return moment.replace(tzinfo=UTC)
