"""What Memfault sends, as far as we read it. Unset texts come as "", unset objects as null."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

RouteKey = Annotated[str, msgspec.Meta(min_length=1)]  # it becomes a part of an id: empty, it would name nothing


class Paging(msgspec.Struct):
    page_count: int
    total_count: int | None = None


class ListEnvelope(msgspec.Struct):
    data: msgspec.Raw
    paging: Paging | None = None


class ObjectEnvelope(msgspec.Struct):
    data: msgspec.Raw


class Refusal(msgspec.Struct):
    message: str | None = None


class RefusalEnvelope(msgspec.Struct):
    error: Refusal


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
    count_devices: int | None = None  # missing on older servers


class ArtifactRow(msgspec.Struct):
    id: int
    type: str  # firmware | symbols
    created_date: datetime | None = None
    updated_date: datetime | None = None
    hardware_version: str | None = None
    build_id: str | None = None
    filename: str | None = None
    md5: str | None = None
    file_size: int | None = None  # bytes; this and the next three are missing on older servers
    sha1: str | None = None
    sha256: str | None = None
    extra_info: Any = None


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


class LinkRow(msgspec.Struct):
    """Of an artifact only its signed link: read apart, so that nothing that is kept holds one."""

    id: int
    url: str | None = None  # good for some hours


class ReleaseLinksRow(msgspec.Struct):
    version: RouteKey
    artifacts: list[LinkRow] | None = None


class ReleaseRef(msgspec.Struct):
    version: str | None = None


# A delta is written as the pair of its versions; how it is read back is not documented.
Deployed = ReleaseRef | list[ReleaseRef | str] | None


class ShortDeploymentRow(msgspec.Struct):
    """A deployment as a cohort tells of it: its shape is known from one sample, so nothing of it is required."""

    id: int | None = None
    status: str | None = None
    release: Deployed = None


class CohortRow(msgspec.Struct):
    slug: RouteKey
    name: str
    count_devices: int | None = None
    updates_enabled: bool | None = None  # newer servers
    last_deployment: ShortDeploymentRow | msgspec.UnsetType | None = msgspec.UNSET  # recorded
    deployments: list[ShortDeploymentRow] | msgspec.UnsetType | None = msgspec.UNSET  # documented


class CohortRef(msgspec.Struct):
    slug: str | None = None


class DeployerRow(msgspec.Struct):
    id: int | None = None
    email: str | None = None
    name: str | None = None


class DeploymentRow(msgspec.Struct):
    id: int
    type: str | None = None  # normal | staged_rollout
    status: str | None = None  # in_progress | done | pulled | aborted, and maybe more
    rollout_percent: int | None = None  # 0 for a normal one, which goes to all
    created_date: datetime | None = None
    deployed_date: datetime | None = None
    release: Deployed = None
    cohort: CohortRef | None = None
    deployer: DeployerRow | None = None


class SoftwareTypeRow(msgspec.Struct):
    name: str | None = None


class SoftwareVersionRow(msgspec.Struct):
    version: str | None = None
    software_type: SoftwareTypeRow | None = None


class HardwareVersionRow(msgspec.Struct):
    name: str | None = None


class DeviceRow(msgspec.Struct):
    """As documented, and as it is sent since 2022: hardware as a text or an object, either word for what it runs."""

    id: int
    device_serial: RouteKey
    created_date: datetime | None = None
    updated_date: datetime | None = None
    nickname: str | None = None
    description: str | None = None
    owner_ref: str | None = None
    hardware_version: str | HardwareVersionRow | None = None
    last_seen: datetime | None = None
    last_seen_release: ReleaseRef | None = None
    last_seen_software_version: SoftwareVersionRow | None = None
    cohort: CohortRef | None = None
    server_side_developer_mode: bool | None = None
