"""What Memfault sends, as far as we read it. Unset texts come as "", unset objects as null."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

RouteKey = Annotated[str, msgspec.Meta(min_length=1)]  # it becomes a part of an id: empty, it would name nothing


class Paging(msgspec.Struct):
    page_count: int


class ListEnvelope(msgspec.Struct):
    data: msgspec.Raw
    paging: Paging | None = None


class OrganizationRow(msgspec.Struct):
    slug: RouteKey  # the route key, not the id
    name: str


class ProjectRow(msgspec.Struct):
    id: int
    slug: RouteKey
    name: str
    created_date: datetime | None = None
    platform: str | None = None
    os: str | None = None


class ArtifactRow(msgspec.Struct):
    id: int
    type: str  # firmware | symbols
    created_date: datetime | None = None
    hardware_version: str | None = None
    build_id: str | None = None
    filename: str | None = None
    md5: str | None = None
    file_size: int | None = None  # bytes; this and the next two are missing on older servers
    sha1: str | None = None
    sha256: str | None = None


class ReleaseRow(msgspec.Struct):
    id: int
    version: RouteKey  # unique per project, the route key
    created_date: datetime  # written with +00:00
    updated_date: datetime | None = None
    min_version: str | None = None
    revision: str | None = None
    notes: str | None = None
    extra_info: Any = None
    count_devices: int | None = None
    artifacts: list[ArtifactRow] | None = None  # the vendor's sample leaves it out
    must_pass_through: bool | None = None
    is_delta: bool | None = None
