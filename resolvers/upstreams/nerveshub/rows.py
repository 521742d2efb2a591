"""What NervesHub sends, as far as we read it. Routes go by name: no number is told of anything.

Whatever has a default is missing on some server still in use: see `__init__` for which were read.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

RouteKey = Annotated[str, msgspec.Meta(min_length=1)]  # it becomes a part of an id: empty, it would name nothing


class ListEnvelope(msgspec.Struct):
    data: msgspec.Raw


class Pagination(msgspec.Struct):
    total_entries: int
    total_pages: int


class PageEnvelope(msgspec.Struct):
    """Of devices: nothing else is paged."""

    data: msgspec.Raw
    pagination: Pagination


class OrgRow(msgspec.Struct):
    name: RouteKey
    products: msgspec.Raw = msgspec.Raw()  # only with `include=products`, from servers that know it


class ProductRow(msgspec.Struct):
    name: RouteKey  # unique in its org; a product cannot be renamed
    require_unique_firmware_version: bool | None = None
    allowed_update_tools: list[str] | None = None  # fwup | esp-idf
    allow_unsigned_esp_idf_firmware: bool | None = None


class FirmwareRow(msgspec.Struct):
    uuid: RouteKey  # unique in its product
    version: RouteKey  # SemVer; several firmwares may share it, one for each platform and architecture
    platform: str | None = None
    architecture: str | None = None
    author: str | None = None
    tool: str | None = None  # fwup | esp-idf


class ReleasedFirmware(msgspec.Struct):
    version: RouteKey


class CurrentReleaseRow(msgspec.Struct):
    number: int  # counts up in its group; the ones before are told nowhere
    firmware: ReleasedFirmware
    inserted_at: str | None = None  # without a zone


class GroupRow(msgspec.Struct):
    name: RouteKey  # unique in its product
    is_active: bool | None = None
    state: str | None = None  # on | off, as is_active has it
    firmware_uuid: str | None = None  # the current release's
    current_release: CurrentReleaseRow | None = None
    device_count: int | None = None


class GroupEnvelope(msgspec.Struct):
    data: GroupRow


class MetadataRow(msgspec.Struct):
    """Of the firmware a device runs, as the device told it."""

    uuid: str | None = None
    version: str | None = None
    platform: str | None = None
    architecture: str | None = None
    author: str | None = None
    description: str | None = None
    fwup_version: str | None = None
    vcs_identifier: str | None = None
    misc: str | None = None


class GroupOfDeviceRow(msgspec.Struct):
    name: RouteKey
    firmware_version: str | None = None


class DeviceRow(msgspec.Struct):
    identifier: RouteKey  # unique across the server
    description: str | None = None
    tags: list[str] | None = None
    connection_status: str | None = None  # connected | disconnected | connecting | not_seen
    online: str | None = None  # the same word, whatever its name says
    firmware_metadata: MetadataRow | None = None
    version: str | None = None  # "unknown" without metadata
    deployment_group: GroupOfDeviceRow | None = None
    updates_enabled: bool | None = None
    updates_blocked_until: str | None = None  # with T and Z
    last_communication: str | None = None  # with a space, microseconds and Z; or "never"
    deleted: bool = False  # the list hides such, its own path does not


class DeviceEnvelope(msgspec.Struct):
    data: DeviceRow
