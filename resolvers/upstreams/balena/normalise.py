"""balena's rows as the graph's types. Pure: no clock, no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from resolvers import keys
from resolvers.graph.artifact import Artifact, Digest
from resolvers.graph.enums import ArtifactKind, ReleaseStatus
from resolvers.graph.fleet import Fleet, Organization
from resolvers.graph.native.balena import BalenaFleet, BalenaRelease
from resolvers.graph.release import Actor, Release
from resolvers.upstreams.balena.rows import (
    ApplicationRow,
    AssetRow,
    ColumnsRow,
    Deferred,
    FileRow,
    ImageRow,
    Link,
    ReleaseFilesRow,
    ReleaseRow,
)

IMAGE, ASSET = "image", "asset"
"First part of an artifact's native id: both kinds count from 1."

BUILD_STATUSES = {
    "failed": ReleaseStatus.FAILED,
    "error": ReleaseStatus.FAILED,
    "cancelled": ReleaseStatus.CANCELLED,
    "interrupted": ReleaseStatus.CANCELLED,
    "running": ReleaseStatus.IN_PROGRESS,
}
ALGORITHMS = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}
"By the number of hex digits, where a checksum does not name its algorithm."


def fleet(source: str, row: ApplicationRow, *, is_mine: bool) -> Fleet:
    """An application: fleet, block or app. is_mine: false when it is only seen because it is public."""
    return Fleet(
        source_name=source,
        native_id=str(row.id),
        name=row.app_name,
        slug=row.slug,
        organization=next((Organization(name=one.name, handle=one.handle) for one in row.organization), None),
        created_at=row.created_at,
        is_archived=row.is_archived,
        is_public=row.is_public,
        device_type=_device_type(row),
        tracks_latest=row.should_track_latest_release,
        is_mine=is_mine,
        native_of=partial(_native_fleet, row),
    )


def release(source: str, row: ReleaseRow) -> Release:
    """revision: the commit; what balena calls revision counts rebuilds, and is in `native`."""
    application, user = linked(row.belongs_to__application), linked(row.is_created_by__user)
    return Release(
        source_name=source,
        native_id=str(row.id),
        name=row.raw_version,
        raw_version=row.raw_version,
        status=status(row),
        native_status=row.status,
        revision=row.commit or None,
        notes=row.note or None,
        created_at=row.created_at,
        updated_at=row.update_timestamp,
        started_at=row.start_timestamp,
        finished_at=row.end_timestamp,
        created_by=None if user is None else Actor(native_id=str(user)),
        fleet_native_id=None if application is None else str(application),
        native_of=partial(_native_release, source, row),
    )


def status(row: ReleaseRow) -> ReleaseStatus:
    """The first that holds: withdrawn, how its build ended, draft, success. A word nobody documented is UNKNOWN."""
    if row.is_invalidated:
        return ReleaseStatus.INVALIDATED
    if row.status in BUILD_STATUSES:
        return BUILD_STATUSES[row.status]
    if not row.is_final:
        return ReleaseStatus.DRAFT
    return ReleaseStatus.AVAILABLE if row.status == "success" else ReleaseStatus.UNKNOWN


def columns(row: ColumnsRow, names: Iterable[str]) -> Mapping[str, Any]:
    return {name: getattr(row, name) for name in names}


def artifacts(source: str, rows: Iterable[ReleaseFilesRow]) -> list[Artifact]:
    """Images and assets of all the releases, each once: an image that is reused knows every release it is in."""
    images: dict[int, ImageRow] = {}
    releases: dict[int, list[str]] = {}
    assets: list[Artifact] = []
    for row in rows:
        for found in (one for part in row.release_image for one in part.image):
            images[found.id] = found
            releases.setdefault(found.id, []).append(str(row.id))
        assets += [asset(source, found, str(row.id)) for found in row.release_asset]
    return [*(image(source, found, releases[found.id]) for found in images.values()), *assets]


def image(source: str, row: ImageRow, release_ids: Iterable[str]) -> Artifact:
    """name, target: its service. created_at: when it was pushed, else when its row was made."""
    service = next((one.service_name for one in row.is_a_build_of__service), None)
    return Artifact(
        source_name=source,
        native_id=keys.join(IMAGE, row.id),
        name=service or f"image {row.id}",
        kind=ArtifactKind.CONTAINER_IMAGE,
        target=service,
        size_bytes=_bytes(row.image_size),  # type: ignore[arg-type]  # an int is what a ByteCount is at run time
        digests=_digests(row.content_hash),
        pull_reference=f"{row.is_stored_at__image_location}@{row.content_hash}" if row.content_hash else None,
        native_status=row.status,
        created_at=row.push_timestamp or row.created_at,
        release_native_ids=tuple(release_ids),
    )


def linked_image(source: str, row: ImageRow) -> Artifact:
    """An image that brought along the releases it is in."""
    ids = (linked(one.is_part_of__release) for one in row.release_image)
    return image(source, row, [str(one) for one in ids if one is not None])


def asset(source: str, row: AssetRow, release_id: str | None) -> Artifact:
    """A file attached to a release; a slot nobody uploaded to has only its name."""
    file = row.asset or FileRow()
    return Artifact(
        source_name=source,
        native_id=keys.join(ASSET, row.id),
        name=row.asset_key,
        kind=ArtifactKind.RELEASE_ASSET,
        filename=file.filename or None,
        media_type=file.content_type or None,
        size_bytes=file.size,  # type: ignore[arg-type]  # as above
        digests=_digests(file.checksum),
        release_native_ids=() if release_id is None else (release_id,),
    )


def linked_asset(source: str, row: AssetRow) -> Artifact:
    """An asset that brought along the release it is of."""
    release_id = linked(row.release)
    return asset(source, row, None if release_id is None else str(release_id))


def linked(link: Link) -> int | None:
    """The id behind a to-one navigation, expanded or not."""
    if isinstance(link, Deferred):
        return link.id
    return link[0].id if link else None


def _device_type(row: ApplicationRow) -> str | None:
    return next((one.slug for one in row.is_for__device_type), None)


def _bytes(size: str | int | None) -> int | None:
    if isinstance(size, str):
        return int(size) if size.isascii() and size.isdigit() else None
    return size


def _digests(text: str | None) -> list[Digest]:
    """`sha256:<hex>`, or the hex alone."""
    name, _, value = (text or "").lower().rpartition(":")
    algorithm = name or ALGORITHMS.get(len(value))
    return [Digest(algorithm=algorithm, value=value)] if algorithm else []


def _native_fleet(row: ApplicationRow) -> BalenaFleet:
    return BalenaFleet(
        application_id=row.id,
        uuid=row.uuid,
        actor=linked(row.actor),
        application_type=linked(row.application_type),
        is_for_device_type=_device_type(row),
        is_of_class=row.is_of__class,
        is_host=row.is_host,
        is_discoverable=row.is_discoverable,
        is_stored_at_repository_url=row.is_stored_at__repository_url,
        is_accessible_by_support_until_date=row.is_accessible_by_support_until__date,
        should_be_running_release=linked(row.should_be_running__release),
        should_track_latest_release=row.should_track_latest_release,
    )


def _native_release(source: str, row: ReleaseRow) -> BalenaRelease:
    return BalenaRelease(
        release_id=row.id,
        belongs_to_application=linked(row.belongs_to__application),
        is_created_by_user=linked(row.is_created_by__user),
        raw_version=row.raw_version,
        version=row.version,
        semver=row.semver,
        semver_major=row.semver_major,
        semver_minor=row.semver_minor,
        semver_patch=row.semver_patch,
        semver_prerelease=row.semver_prerelease,
        semver_build=row.semver_build,
        release_revision=row.revision,
        variant=row.variant,
        commit=row.commit,
        status=row.status,
        source=row.source,
        start_timestamp=row.start_timestamp,
        end_timestamp=row.end_timestamp,
        update_timestamp=row.update_timestamp,
        is_invalidated=row.is_invalidated,
        invalidation_reason=row.invalidation_reason,
        is_final=row.is_final,
        is_finalized_at=row.is_finalized_at__date,
        is_passing_tests=row.is_passing_tests,
        release_version=row.release_version,
        phase=row.phase,
        known_issue_list=row.known_issue_list,
        route=(source, str(row.id)),
    )
