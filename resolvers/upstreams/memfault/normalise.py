"""Memfault's rows as the graph's types. Pure: no clock, no I/O."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple
from urllib.parse import quote

import msgspec

from resolvers import keys
from resolvers.graph.artifact import Artifact, Digest
from resolvers.graph.cohort import Cohort
from resolvers.graph.deployment import Deployment
from resolvers.graph.device import Device
from resolvers.graph.enums import ArtifactKind, DeploymentStatus, ReleaseStatus
from resolvers.graph.fleet import Fleet
from resolvers.graph.native.memfault import MemfaultProject, MemfaultRelease
from resolvers.graph.people import Actor, Organization
from resolvers.graph.release import Release
from resolvers.graph.scalars import JSON
from resolvers.upstreams.memfault.rows import (
    ArtifactRow,
    CohortRef,
    CohortRow,
    Deployed,
    DeployerRow,
    DeploymentRow,
    DeviceRow,
    OrganizationRow,
    ProjectRow,
    ReleaseRef,
    ReleaseRow,
)

KINDS = {"firmware": ArtifactKind.FIRMWARE, "symbols": ArtifactKind.SYMBOLS}
STATUSES = {
    "in_progress": DeploymentStatus.RUNNING,
    "done": DeploymentStatus.ACTIVE,
    "pulled": DeploymentStatus.INACTIVE,
    "aborted": DeploymentStatus.ABORTED,
}
ACTIVE = frozenset({"in_progress", "done"})
"Statuses of a deployment that hands out its release."
_NEVER = datetime.min.replace(tzinfo=UTC)

# What of a row is shown as it is. Never `url`: it is signed, and whoever has it may fetch the file.
ARTIFACT_DETAILS = (
    "id", "type", "hardware_version", "build_id", "filename", "file_size", "md5", "sha1", "sha256",
    "created_date", "updated_date", "extra_info",
)  # fmt: skip
DEVICE_DETAILS = (
    "id", "nickname", "description", "owner_ref", "created_date", "updated_date", "last_seen_software_version",
    "server_side_developer_mode",
)  # fmt: skip


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


@dataclass(frozen=True, slots=True)
class Details:
    """What of these a row says, by Memfault's own names; unset texts and nulls are left out. Built when called."""

    row: msgspec.Struct
    names: tuple[str, ...]

    def __call__(self) -> JSON:
        values = ((name, getattr(self.row, name)) for name in self.names)
        return JSON({name: msgspec.to_builtins(value) for name, value in values if value is not None and value != ""})


def fleet(source: str, organization: OrganizationRow, row: ProjectRow, web_url: str | None = None) -> Fleet:
    """A project: Memfault's documentation calls all its devices the fleet. web_url: where the web pages begin."""
    project = Project(organization.slug, row.slug)
    return Fleet(
        source_name=source,
        native_id=project.native_id,
        name=row.name,
        slug=f"{organization.slug}/{row.slug}",
        organization=Organization(name=organization.name, handle=organization.slug),
        created_at=_instant(row.created_date),
        web_url=_page(web_url, project),
        known_device_count=row.count_devices,
        native_of=partial(_native_project, row),
    )


def release(source: str, project: Project, row: ReleaseRow, web_url: str | None = None) -> Release:
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
        web_url=_page(web_url, project, "releases", row.version),
        known_device_count=row.count_devices,
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
        details_of=Details(row, ARTIFACT_DETAILS),
    )


def cohort(source: str, project: Project, row: CohortRow, current_version: str | None) -> Cohort:
    """current_version: of the release that was deployed last and not taken back; it may take a second list to know."""
    return Cohort(
        source_name=source,
        native_id=keys.join(*project, row.slug),
        name=row.name,
        slug=row.slug,
        device_count=row.count_devices,
        is_active=row.updates_enabled,
        fleet_native_id=project.native_id,
        current_release_native_id=_below(project, current_version),
    )


def deployment(source: str, project: Project, row: DeploymentRow) -> Deployment:
    """rollout_percent: of a normal one Memfault says 0 and means all. started_at: when it was deployed."""
    return Deployment(
        source_name=source,
        native_id=keys.join(*project, row.id),
        status=STATUSES.get(row.status or "", DeploymentStatus.UNKNOWN),
        native_status=row.status or None,
        rollout_percent=100 if row.type == "normal" else row.rollout_percent,
        created_at=_instant(row.created_date),
        started_at=_instant(row.deployed_date),
        created_by=_actor(row.deployer),
        release_native_id=_below(project, version_of(row.release)),
        fleet_native_id=project.native_id,
        cohort_native_id=_in_cohort(project, row.cohort),
    )


def device(source: str, project: Project, row: DeviceRow) -> Device:
    """Either shape. Memfault does not tell whether it is connected, and draws who is in a staged rollout by lot."""
    software = row.last_seen_software_version or row.last_seen_release
    version = (software.version if software else None) or None
    hardware = row.hardware_version
    return Device(
        source_name=source,
        native_id=keys.join(*project, row.device_serial),
        name=row.nickname or row.device_serial,
        hardware_version=(hardware if isinstance(hardware, str) or hardware is None else hardware.name) or None,
        last_seen_at=_instant(row.last_seen),
        raw_running_version=version,
        fleet_native_id=project.native_id,
        cohort_native_id=_in_cohort(project, row.cohort),
        running_release_native_id=_below(project, version),
        details_of=Details(row, DEVICE_DETAILS),
    )


def version_of(deployed: Deployed) -> str | None:
    """Version of the release a deployment names; of a delta that of the release it leads to."""
    end = deployed[-1] if isinstance(deployed, list) and deployed else deployed
    if isinstance(end, ReleaseRef):
        return end.version or None
    return end or None if isinstance(end, str) else None


def current_version(row: CohortRow) -> str | msgspec.UnsetType | None:
    """Version of the newest active deployment, as far as the row of the cohort tells; None: nothing was ever deployed.

    Unset when it leaves that open: it names no deployments, or only some that were taken back.
    """
    told = [each for each in (row.last_deployment, row.deployments) if each is not msgspec.UNSET]
    listed = row.deployments if isinstance(row.deployments, list) else []
    last = [] if isinstance(row.last_deployment, msgspec.UnsetType) else [row.last_deployment]
    known = [each for each in (*listed, *last) if each is not None]
    active = [
        (each.id or 0, version) for each in known if each.status in ACTIVE and (version := version_of(each.release))
    ]
    if active:
        return max(active)[1]
    return msgspec.UNSET if known or not told else None


def current_versions(rows: Iterable[DeploymentRow]) -> dict[str, str | None]:
    """Version of the newest active deployment by cohort slug; a cohort without one is left out."""
    active = [row for row in rows if row.status in ACTIVE and row.cohort is not None and row.cohort.slug]
    oldest_first = sorted(active, key=lambda row: (_instant(row.deployed_date or row.created_date) or _NEVER, row.id))
    return {row.cohort.slug: version_of(row.release) for row in oldest_first if row.cohort and row.cohort.slug}


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


def _actor(row: DeployerRow | None) -> Actor | None:
    if row is None:
        return None
    native_id = None if row.id is None else str(row.id)
    return Actor(native_id=native_id, name=row.name or None, email=row.email or None)


def _below(project: Project, key: str | None) -> str | None:
    return keys.join(*project, key) if key else None


def _in_cohort(project: Project, row: CohortRef | None) -> str | None:
    return None if row is None else _below(project, row.slug)


def _page(web_url: str | None, project: Project, *below: str) -> str | None:
    """A page of the web pages: the route keys there are those of the API."""
    if web_url is None:
        return None
    parts = ("organizations", project.organization, "projects", project.slug, *below)
    return "/".join((web_url, *(quote(part, safe="") for part in parts)))


def _instant(moment: datetime | None) -> datetime | None:
    """In UTC; one without a zone is UTC already."""
    if moment is None:
        return None
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:  # an offset at the edge of the years there are: hours do not matter there
        return moment.replace(tzinfo=UTC)
