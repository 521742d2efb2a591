"""What balena sends, as far as we read it. Moments come in UTC with milliseconds; JSON columns as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Envelope(msgspec.Struct):
    d: msgspec.Raw  # a list, also for one row by its key


class ActorRow(msgspec.Struct):
    id: int


class Deferred(msgspec.Struct, rename={"id": "__id"}):
    id: int


class LinkedRow(msgspec.Struct):
    id: int


Link = Deferred | list[LinkedRow] | None
"A to-one navigation: an object with `__id`, or null; when expanded a list of one row, or an empty one."


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
    update_timestamp: Moment
    is_created_by__user: Link = None  # cloud only


class ColumnsRow(msgspec.Struct):
    """The columns too heavy for a list; one that was not asked stays None."""

    id: int
    composition: Any = None
    contract: Any = None
    build_log: str | None = None


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
    is_a_build_of__service: list[ServiceRow] = []
    release_image: list[ImageReleaseRow] = []


class ReleaseImageRow(msgspec.Struct):
    image: list[ImageRow]


class FileRow(msgspec.Struct):
    """What was uploaded. Its `href` is signed and expires: it is not read, so that it cannot be kept."""

    filename: str | None = None
    content_type: str | None = None
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
