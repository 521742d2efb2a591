"""What a NervesHub server keeps, in its own words; `rows` fills it, `views` prints it, the handlers change it.

Much of it never leaves the server: numeric ids, descriptions, the history of a group, health, alarms.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum


class Role(IntEnum):
    """Each role may do what those below it may."""

    VIEW = 1
    MANAGE = 2
    ADMIN = 3


@dataclass(frozen=True, slots=True)
class User:
    name: str
    email: str
    password: str
    token: str
    roles: dict[str, Role]  # by org; an org that is missing answers 404, as if it did not exist


@dataclass(slots=True)
class Firmware:
    uuid: str
    version: str
    architecture: str
    platform: str
    author: str | None
    tool: str  # fwup | esp-idf
    inserted_at: datetime
    description: str | None = None
    vcs_identifier: str | None = None


@dataclass(slots=True)
class GroupRelease:
    number: int
    firmware: Firmware
    inserted_at: datetime
    archive_uuid: str | None = None
    description: str | None = None
    notes: str | None = None


@dataclass(slots=True)
class Conditions:
    version: str = ""  # "" lets any version in
    tags: list[str] = field(default_factory=list)
    tag_operator: str = "and"


@dataclass(slots=True)
class Group:
    id: int  # inside only: `filters[deployment_id]` wants it, no answer tells it
    name: str
    is_active: bool
    conditions: Conditions
    releases: list[GroupRelease]  # oldest first, never empty
    delta_updatable: bool = True
    notes: str | None = None

    @property
    def current(self) -> GroupRelease:
        return self.releases[-1]


@dataclass(slots=True)
class Product:
    org: str
    name: str
    firmwares: list[Firmware] = field(default_factory=list)
    groups: dict[str, Group] = field(default_factory=dict)
    archives: tuple[str, ...] = ()
    require_unique_firmware_version: bool = True
    allowed_update_tools: list[str] = field(default_factory=lambda: ["fwup"])
    allow_unsigned_esp_idf_firmware: bool = False

    def firmware(self, uuid: object) -> Firmware | None:
        return next((firmware for firmware in self.firmwares if firmware.uuid == uuid), None)


@dataclass(slots=True)
class Device:
    identifier: str  # unique across the server
    product: Product
    description: str | None = None
    tags: list[str] | None = None
    connection_status: str = "not_seen"  # connected | disconnected | connecting | not_seen
    connection_types: tuple[str, ...] = ()
    established_at: datetime | None = None
    last_seen_at: datetime | None = None
    firmware: Firmware | None = None  # what runs on it
    metadata_id: str = ""
    group: Group | None = None
    updates_enabled: bool = True
    updates_blocked_until: datetime | None = None
    health: str = "unknown"
    alarms: tuple[str, ...] = ()
    deleted: bool = False


@dataclass(slots=True)
class Org:
    name: str
    inserted_at: datetime
    products: dict[str, Product] = field(default_factory=dict)


@dataclass(slots=True)
class Hub:
    """The whole server."""

    today: datetime
    users: tuple[User, ...]
    orgs: dict[str, Org] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    sessions: dict[str, int] = field(default_factory=dict)  # polls of each browser login
    writes: int = 0
    last_id: int = 0

    def write_time(self) -> datetime:
        """A second later on each write: order shows, and no clock is read."""
        self.writes += 1
        return self.today + timedelta(seconds=self.writes)

    def next_id(self) -> int:
        self.last_id += 1
        return self.last_id

    def devices_of(self, product: Product) -> list[Device]:
        """Those the list shows: soft-deleted ones never are."""
        return [device for device in self.devices.values() if device.product is product and not device.deleted]
