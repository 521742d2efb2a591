"""balena's rows as the graph's types. Pure: no clock, no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import msgspec

from resolvers import keys
from resolvers.graph.artifact import Artifact, Digest
from resolvers.graph.deployment import Deployment
from resolvers.graph.device import Device
from resolvers.graph.enums import ArtifactKind, DeploymentStatus, ReleaseStatus
from resolvers.graph.fleet import Fleet
from resolvers.graph.lineage import Lineage
from resolvers.graph.people import Actor, Organization, Tag
from resolvers.graph.release import Release
from resolvers.upstreams.balena import native
from resolvers.upstreams.balena.native import device_type
from resolvers.upstreams.balena.rows import (
    ApplicationRow,
    AssetLinkRow,
    AssetRow,
    ColumnsRow,
    Deferred,
    DeviceRow,
    FileRow,
    ImageLinkRow,
    ImageRow,
    Link,
    ReleaseFilesRow,
    ReleaseRow,
    ReleaseUseRow,
    TagRow,
    TargetRow,
    linked,
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


IMAGE_DETAILS = (
    "is_stored_at__image_location", "project_type", "error_message", "created_at", "start_timestamp", "end_timestamp",
    "push_timestamp",
)  # fmt: skip
FILE_DETAILS = ("content_disposition", "checksum")
DEVICE_DETAILS = (
    "uuid", "note", "local_id", "created_at", "modified_at", "belongs_to__user",
    "status", "overall_status", "overall_progress", "api_heartbeat_state", "is_connected_to_vpn", "last_vpn_event",
    "provisioning_state", "provisioning_progress", "download_progress", "update_status", "last_update_status_event",
    "is_web_accessible", "is_active", "is_frozen", "is_undervolted",
    "os_version", "os_variant", "supervisor_version",
    "is_pinned_on__release", "should_be_operated_by__release", "should_be_managed_by__release",
    "memory_usage", "memory_total", "storage_block_device", "storage_usage", "storage_total",
    "cpu_usage", "cpu_temp", "cpu_id", "ip_address", "mac_address", "public_address",
    "latitude", "longitude", "custom_latitude", "custom_longitude", "location",
)  # fmt: skip
"What `details` shows, under balena's own names: the columns of a row that the graph has no field for."


def fleet(source: str, row: ApplicationRow, *, is_mine: bool, web_url: str | None = None) -> Fleet:
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
        device_type=device_type(row),
        tracks_latest=row.should_track_latest_release,
        web_url=_page(web_url, row.id),
        target_release_native_id=_id(row.should_be_running__release),
        is_mine=is_mine,
        native_of=partial(native.fleet, row),
    )


def release(source: str, row: ReleaseRow, *, web_url: str | None = None) -> Release:
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
        web_url=_page(web_url, application, row.id),
        fleet_native_id=None if application is None else str(application),
        lineage=Lineage(counts=row.status == "success"),
        native_of=partial(native.release, source, row),
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


def deployments(source: str, row: TargetRow) -> list[Deployment]:
    """The target of a fleet, if it has one: balena tells neither when it was set nor by whom."""
    release_id = _id(row.should_be_running__release)
    if release_id is None:
        return []
    deployment = Deployment(
        source_name=source,
        native_id=keys.join(row.id, release_id),
        status=DeploymentStatus.ACTIVE,
        release_native_id=release_id,
        fleet_native_id=str(row.id),
    )
    return [deployment]


def is_used(row: ReleaseUseRow) -> bool | None:
    """None: nothing that we see points to it, and it is not ours to see everything."""
    uses = row.should_be_running_on__application + row.is_running_on__device + row.is_pinned_to__device
    if uses + row.should_operate__device + row.should_manage__device:
        return True
    return False if row.belongs_to__application else None


def tags(rows: Iterable[TagRow]) -> list[Tag]:
    """By key."""
    return sorted((Tag(key=row.tag_key, value=row.value) for row in rows), key=lambda tag: tag.key)


def device(source: str, row: DeviceRow) -> Device:
    """name: its uuid when it has none. last_seen_at: when it last came or went."""
    running = next(iter(row.is_running__release), None)
    return Device(
        source_name=source,
        native_id=str(row.id),
        name=row.device_name or row.uuid,
        identifiers=(row.uuid,),
        device_type=next((one.slug for one in row.is_of__device_type), None),
        is_online=row.is_online,
        last_seen_at=row.last_connectivity_event,
        raw_running_version=None if running is None else running.raw_version,
        fleet_native_id=_id(row.belongs_to__application),
        running_release_native_id=None if running is None else str(running.id),
        target_release_native_id=_id(row.should_be_running__release),
        details_of=partial(_details, row, DEVICE_DETAILS),
    )


def artifacts(source: str, rows: Iterable[ReleaseFilesRow], *, has_all_releases: bool) -> list[Artifact]:
    """Images and assets of all the releases, each once: an image that is reused knows every release of these.

    has_all_releases: whether these are all releases there are.
    """
    images: dict[int, ImageRow] = {}
    releases: dict[int, list[str]] = {}
    assets: list[Artifact] = []
    for row in rows:
        for found in (one for part in row.release_image for one in part.image):
            images[found.id] = found
            releases.setdefault(found.id, []).append(str(row.id))
        assets += [asset(source, found, str(row.id)) for found in row.release_asset]
    made = (image(source, one, releases[one.id], has_all_releases=has_all_releases) for one in images.values())
    return [*made, *assets]


def image(source: str, row: ImageRow, release_ids: Iterable[str], *, has_all_releases: bool = True) -> Artifact:
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
        has_all_releases=has_all_releases,
        details_of=partial(_details, row, IMAGE_DETAILS),
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
        native_id=asset_id(row.id),
        name=row.asset_key,
        kind=ArtifactKind.RELEASE_ASSET,
        filename=file.filename or None,
        media_type=file.content_type or None,
        size_bytes=file.size,  # type: ignore[arg-type]  # as above
        digests=_digests(file.checksum),
        release_native_ids=() if release_id is None else (release_id,),
        details_of=partial(_details, file, FILE_DETAILS),
    )


def linked_asset(source: str, row: AssetRow) -> Artifact:
    """An asset that brought along the release it is of."""
    return asset(source, row, _id(row.release))


def asset_id(number: int) -> str:
    return keys.join(ASSET, number)


def releases_of_images(rows: Iterable[ImageLinkRow]) -> dict[str, list[str]]:
    """Native ids of releases by that of each image."""
    found: dict[str, list[str]] = {}
    for row in rows:
        image_id, release_id = linked(row.image), _id(row.is_part_of__release)
        if image_id is not None and release_id is not None:
            found.setdefault(keys.join(IMAGE, image_id), []).append(release_id)
    return found


def releases_of_assets(rows: Iterable[AssetLinkRow]) -> dict[str, list[str]]:
    """The same of assets: one each."""
    return {asset_id(row.id): [release_id] for row in rows if (release_id := _id(row.release)) is not None}


def _id(link: Link) -> str | None:
    number = linked(link)
    return None if number is None else str(number)


def _page(web_url: str | None, fleet_id: int | None, release_id: int | None = None) -> str | None:
    """Where the dashboard of that address shows it. Nobody documents the address itself: an operator gives it."""
    if web_url is None or fleet_id is None:
        return None
    page = f"{web_url}/fleets/{fleet_id}"
    return page if release_id is None else f"{page}/releases/{release_id}"


def _details(row: msgspec.Struct, names: Iterable[str]) -> Any:
    """The named columns that are set, as JSON; a link as its id."""
    values = ((name, getattr(row, name)) for name in names)
    told = {name: linked(value) if isinstance(value, Deferred) else value for name, value in values}
    return msgspec.to_builtins({name: value for name, value in told.items() if value is not None})


def _bytes(size: str | int | None) -> int | None:
    if isinstance(size, str):
        return int(size) if size.isascii() and size.isdigit() else None
    return size


def _digests(text: str | None) -> list[Digest]:
    """`sha256:<hex>`, or the hex alone."""
    name, _, value = (text or "").lower().rpartition(":")
    algorithm = name or ALGORITHMS.get(len(value))
    return [Digest(algorithm=algorithm, value=value)] if algorithm else []
