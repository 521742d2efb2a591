"""What Memfault keeps, in its own words; `rows` fills it, `views` prints it, the handlers change it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

ACTIVE = ("in_progress", "done")
"A deployment with one of these reaches devices; `pulled` and `aborted` do not."


@dataclass(slots=True)
class Row:
    id: int  # unique per type over all projects, and hardly ever a route key
    created_date: datetime
    updated_date: datetime


@dataclass(slots=True)
class Artifact(Row):
    type: str  # firmware | symbols
    hardware_version: str
    filename: str
    content: bytes
    md5: str
    build_id: str = ""
    newer: dict[str, Any] = field(default_factory=dict)  # sha1, sha256, file_size, extra_info, where sent


@dataclass(slots=True)
class Release(Row):
    version: str
    min_version: str = ""
    revision: str = ""
    notes: str = ""
    extra_info: dict[str, Any] | None = None
    artifacts: list[Artifact] = field(default_factory=list)
    must_pass_through: bool = False


@dataclass(slots=True)
class Cohort(Row):
    name: str
    slug: str
    bypass_version_checks: bool = False


@dataclass(slots=True)
class Deployment(Row):
    deployed_date: datetime
    type: str  # normal | staged_rollout
    status: str  # in_progress | done | pulled | aborted
    rollout_percent: int
    release: Release
    cohort: Cohort
    delta: tuple[str, str] | None = None  # versions from and to, when a delta release was deployed
    extra_info: dict[str, Any] | None = None

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE


@dataclass(slots=True)
class Device(Row):
    serial: str
    hardware_version: str
    cohort: Cohort
    owner_ref: str = ""
    nickname: str = ""
    description: str = ""
    last_seen: datetime | None = None
    release: Release | None = None  # the one it reported last


@dataclass(slots=True)
class Project(Row):
    name: str
    slug: str
    api_key: str  # the project key devices carry: no secret
    platform: str = "mcu"
    os: str = "freertos"
    releases: dict[str, Release] = field(default_factory=dict)
    # Payloads that lead from one version to another, by both and by hardware: no read route of theirs is known.
    deltas: dict[tuple[str, str], dict[str, Artifact]] = field(default_factory=dict)
    cohorts: dict[str, Cohort] = field(default_factory=dict)
    deployments: dict[int, Deployment] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    hardware_versions: list[str] = field(default_factory=list)
    software_type: str = "main"

    def count_devices(self, on: Release | Cohort) -> int:
        return sum(device.release is on or device.cohort is on for device in self.devices.values())

    def deployments_to(self, cohort: Cohort) -> list[Deployment]:
        """Newest first."""
        own = [deployment for deployment in self.deployments.values() if deployment.cohort is cohort]
        return sorted(own, key=lambda deployment: (deployment.deployed_date, deployment.id), reverse=True)


@dataclass(slots=True)
class Organization:
    id: int
    name: str
    slug: str
    projects: dict[str, Project] = field(default_factory=dict)


@dataclass(slots=True)
class Upload:
    """A file on its way: announced, then put in one piece or in parts."""

    parts: dict[int, bytes] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        return b"".join(self.parts[number] for number in sorted(self.parts))


@dataclass(slots=True)
class Task:
    polls_left: int
    work: Callable[[], object] | None  # None once done


@dataclass(slots=True)
class Cloud:
    """The whole service."""

    today: datetime
    api_key: str | None  # of the demo user; None after it was reset
    organizations: dict[str, Organization] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    last_ids: dict[str, int] = field(default_factory=dict)
    writes: int = 0

    def write_time(self) -> datetime:
        """A second later on each write: order shows, and no clock is read."""
        self.writes += 1
        return self.today + timedelta(seconds=self.writes)

    def next_id(self, kind: str) -> int:
        self.last_ids[kind] = self.last_ids.get(kind, 0) + 1
        return self.last_ids[kind]
