"""What balena sends, as far as we read it. Moments come in UTC with milliseconds; JSON columns as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

import msgspec

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


Row = TypeVar("Row")


class Envelope(msgspec.Struct):
    d: msgspec.Raw  # a list, also for one row by its key


class Listed(msgspec.Struct, Generic[Row]):
    """The envelope with rows that all fit: read in one pass."""

    d: list[Row]


class ActorRow(msgspec.Struct):
    id: int


class Deferred(msgspec.Struct, rename={"id": "__id"}):
    id: int


class LinkedRow(msgspec.Struct):
    id: int


Link = Deferred | list[LinkedRow] | None
"A to-one navigation: an object with `__id`, or null; when expanded a list of one row, or an empty one."


def linked(link: Link) -> int | None:
    """The id behind a to-one navigation, expanded or not."""
    if isinstance(link, Deferred):
        return link.id
    return link[0].id if link else None


class OrganizationRow(msgspec.Struct):
    name: str
    handle: str


class DeviceTypeRow(msgspec.Struct):
    slug: str


class ApplicationRow(msgspec.Struct):
    id: int
    uuid: str
    app_name: str
    slug: str  # `<organization handle>/<app_name>` in lower case
    is_of__class: str  # fleet | block | app
    should_track_latest_release: bool
    is_host: bool
    is_public: bool
    is_archived: bool
    created_at: Moment
    should_be_running__release: Link = None
    actor: Link = None
    application_type: Link = None
    organization: list[OrganizationRow] = []  # empty when it is not visible to us
    is_for__device_type: list[DeviceTypeRow] = []
    is_discoverable: bool | None = None  # this and the next two: cloud only
    is_accessible_by_support_until__date: Moment | None = None
    is_stored_at__repository_url: str | None = None


class ReleaseRow(msgspec.Struct):
    id: int  # unique within balena only
    belongs_to__application: Link
    raw_version: str  # semver; `-<milliseconds>` on a draft, `+revN` on a rebuild
    version: Any
    semver: str  # without revision; 0.0.0 when never versioned
    semver_major: int
    semver_minor: int
    semver_patch: int
    semver_prerelease: str
    semver_build: str
    revision: int | None  # null while a draft
    variant: str
    commit: str  # not unique
    status: str  # running | success | failed | error | cancelled | interrupted
    source: str  # cloud | local
    is_final: bool
    is_finalized_at__date: Moment | None
    is_invalidated: bool
    invalidation_reason: str | None
    is_passing_tests: bool
    phase: str | None  # next | current | sunset | end-of-life
    known_issue_list: str | None  # free text
    note: str | None
    release_version: str | None
    created_at: Moment
    start_timestamp: Moment
    end_timestamp: Moment | None
    update_timestamp: Moment | None  # set by the server on every write
    is_created_by__user: Link = None  # cloud only


class ColumnsRow(msgspec.Struct):
    """The columns too heavy for a list; one that was not asked stays None."""

    id: int
    composition: Any = None
    contract: Any = None
    build_log: str | None = None


class TargetRow(msgspec.Struct):
    """An application with the release it should run."""

    id: int
    should_be_running__release: Link = None


class TagRow(msgspec.Struct):
    tag_key: str  # unique on its parent
    value: str


class TaggedReleaseRow(msgspec.Struct):
    id: int
    release_tag: list[TagRow] = []


class TaggedApplicationRow(msgspec.Struct):
    id: int
    application_tag: list[TagRow] = []


class TaggedDeviceRow(msgspec.Struct):
    id: int
    device_tag: list[TagRow] = []


class ReleaseUseRow(msgspec.Struct):
    """A release with what points to it. Of a fleet that is not ours devices do not show: then its list is empty."""

    id: int
    should_be_running_on__application: int
    is_running_on__device: int
    is_pinned_to__device: int
    should_operate__device: int  # as their host OS
    should_manage__device: int  # as their supervisor
    belongs_to__application: list[LinkedRow] = []


class ReleaseDevicesRow(msgspec.Struct):
    id: int
    is_running_on__device: int


class FleetDevicesRow(msgspec.Struct):
    id: int
    owns__device: int


class VersionRow(msgspec.Struct):
    id: int
    raw_version: str


class DeviceRow(msgspec.Struct):
    """What the graph has a field for is typed; the rest is only shown, and a new type of it drops no device."""

    id: int
    uuid: str  # 32 or 62 hex digits
    is_online: bool
    device_name: str | None = None
    belongs_to__application: Link = None
    is_of__device_type: list[DeviceTypeRow] = []
    is_running__release: list[VersionRow] = []  # empty until it told, and when that release is not visible to us
    should_be_running__release: Link = None  # the pin, else the fleet's target
    last_connectivity_event: Moment | None = None
    is_pinned_on__release: Link = None
    should_be_operated_by__release: Link = None  # host OS
    should_be_managed_by__release: Link = None  # supervisor
    belongs_to__user: Link = None  # cloud only
    created_at: Any = None
    modified_at: Any = None
    note: Any = None
    local_id: Any = None
    is_connected_to_vpn: Any = None
    last_vpn_event: Any = None
    api_heartbeat_state: Any = None
    status: Any = None
    overall_status: Any = None
    overall_progress: Any = None
    download_progress: Any = None
    provisioning_state: Any = None
    provisioning_progress: Any = None
    update_status: Any = None
    last_update_status_event: Any = None
    is_web_accessible: Any = None
    is_active: Any = None  # cloud only
    is_frozen: Any = None  # cloud only
    is_undervolted: Any = None
    os_version: Any = None
    os_variant: Any = None
    supervisor_version: Any = None
    memory_usage: Any = None
    memory_total: Any = None
    storage_block_device: Any = None
    storage_usage: Any = None
    storage_total: Any = None
    cpu_usage: Any = None
    cpu_temp: Any = None
    cpu_id: Any = None
    ip_address: Any = None
    mac_address: Any = None
    public_address: Any = None
    latitude: Any = None
    longitude: Any = None
    custom_latitude: Any = None
    custom_longitude: Any = None
    location: Any = None


class ServiceRow(msgspec.Struct):
    service_name: str


class ImageReleaseRow(msgspec.Struct):
    is_part_of__release: Link


class ImageRow(msgspec.Struct):
    id: int
    is_stored_at__image_location: str  # `<registry host>/v2/<32 hex>`
    status: str
    created_at: Moment
    content_hash: str | None = None  # `sha256:<64 hex>`; null until pushed
    image_size: str | int | None = None  # bytes: decimal digits as text, a number up to v6
    push_timestamp: Moment | None = None
    start_timestamp: Any = None
    end_timestamp: Any = None
    project_type: Any = None  # such as `Standard Dockerfile`
    error_message: Any = None
    is_a_build_of__service: list[ServiceRow] = []
    release_image: list[ImageReleaseRow] = []


class ReleaseImageRow(msgspec.Struct):
    image: list[ImageRow]


class ImageLinkRow(msgspec.Struct):
    """One image in one release."""

    image: Link
    is_part_of__release: Link


class AssetLinkRow(msgspec.Struct):
    id: int
    release: Link


class HrefRow(msgspec.Struct):
    href: str | None = None  # signed anew, and good for hours


class DownloadRow(msgspec.Struct):
    id: int
    asset: HrefRow | None = None


class IdRow(msgspec.Struct):
    id: int


class OwnedRow(msgspec.Struct):
    id: int
    belongs_to__application: Link


class HandleRow(msgspec.Struct):
    id: int
    handle: str


class TrackingRow(msgspec.Struct):
    """An application with the newest release it may be moved to."""

    id: int
    owns__release: list[IdRow] = []


class FileRow(msgspec.Struct):
    """What was uploaded. Its `href` is signed and expires: it is not read, so that it cannot be kept."""

    filename: str | None = None
    content_type: str | None = None
    content_disposition: str | None = None
    size: int | None = None  # bytes, a number unlike image_size
    checksum: str | None = None


class AssetRow(msgspec.Struct):
    id: int
    asset_key: str  # unique per release
    asset: FileRow | None = None  # null: a slot without a file
    release: Link = None


class ReleaseFilesRow(msgspec.Struct):
    """A release with what it is made of."""

    id: int
    release_image: list[ReleaseImageRow] = []
    release_asset: list[AssetRow] = []
