"""What an installation remembers: applications, releases, builds and the runs that deployed them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

STAGES = ("Integration", "Testing", "Production")
PIPELINES: dict[str, tuple[str, ...]] = {
    "global::Firmware": STAGES,  # kept in a raft: its name must be sent, and comes back, with the prefix
    "global::Hotfix": ("Testing", "Production"),
    "Release": STAGES,  # an application's own
}


@dataclass(frozen=True, slots=True)
class Environment:
    id: int
    name: str
    stage: str | None  # the stage that deploys to it
    parent: str | None = None
    is_active: bool = True


ENVIRONMENTS = (
    Environment(1, "Build Farm", "Integration"),
    Environment(3, "Bench", "Testing"),
    Environment(4, "Field", "Production"),
    Environment(5, "Spare Parts", "Production", parent="Field"),
    Environment(6, "Attic", None, is_active=False),
)


@dataclass(slots=True, eq=False)
class Application:
    id: int
    name: str
    group_name: str | None = None
    description: str | None = None
    is_active: bool = True
    release_usage: str = "Required"  # Required | Optional | Disabled
    build_number_scheme: str = "Sequential"
    artifact_usage: str = "Default"
    raft: str | None = None
    is_retired: bool = False  # shown by a switch only


@dataclass(slots=True, eq=False)
class Release:
    application: Application
    number: str
    name: str
    sequence: int  # order inside the application
    created_by: str
    created_at: datetime
    id: int = 0
    status: str = "active"  # active | deployed | canceled
    pipeline: str | None = None
    template: str | None = None
    target_at: datetime | None = None
    canceled_by: str | None = None
    canceled_at: datetime | None = None
    deployables: list[tuple[int, str]] = field(default_factory=list)
    variables: dict[str, object] = field(default_factory=dict)
    builds: list[Build] = field(default_factory=list)  # oldest first

    @property
    def latest_build(self) -> Build | None:
        """Rejected builds do not count, here and below."""
        return next((build for build in reversed(self.builds) if build.status != "rejected"), None)

    @property
    def furthest_build(self) -> Build | None:
        standing = [build for build in self.builds if build.status != "rejected"]
        return max(standing, key=lambda build: (build.depth, build.id), default=None)


@dataclass(slots=True, eq=False)
class Build:
    application: Application
    release: Release | None  # a build may do without, since 2022
    number: str
    created_by: str
    created_at: datetime
    id: int = 0
    status: str = "active"  # active | deployed | rejected
    pipeline: str | None = None
    furthest_stage: str | None = None
    rejected_by: str | None = None
    rejected_at: datetime | None = None
    variables: dict[str, object] = field(default_factory=dict)

    @property
    def stages(self) -> tuple[str, ...]:
        return PIPELINES.get(self.pipeline or "", ())

    @property
    def depth(self) -> int:
        """How many stages it reached."""
        return self.stages.index(self.furthest_stage) + 1 if self.furthest_stage in self.stages else 0

    def reject(self, by: str, at: datetime) -> None:
        self.status, self.rejected_by, self.rejected_at = "rejected", by, at


@dataclass(slots=True, eq=False)
class Run:
    """One run of a stage: a parent that coordinates, or a child that worked on one environment."""

    build: Build
    stage: str
    created_by: str
    created_at: datetime
    environment: Environment | None  # None: a parent
    id: int = 0
    status: str = "pending"  # pending | executing | succeeded | warned | failed
    plan: str | None = "Deploy"
    started_at: datetime | None = None
    ended_at: datetime | None = None
    canceled_by: str | None = None
    canceled_at: datetime | None = None


@dataclass
class Family:
    """A parent run with its children. A live one moves on when it is looked at, unless it waits for its time."""

    parent: Run
    children: list[Run]
    is_live: bool = False

    def __iter__(self) -> Iterator[Run]:
        yield self.parent
        yield from self.children


@dataclass
class Installation:
    """Lists are oldest first; ids climb with the time of birth, across applications."""

    now: datetime  # the world's; `tick` moves it, so that what is written has an order
    applications: list[Application]
    releases: list[Release]
    builds: list[Build]
    families: list[Family]
    last_run_id: int = 0

    def tick(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def add_release(self, release: Release) -> Release:
        release.id = max((known.id for known in self.releases), default=0) + 1
        self.releases.append(release)
        return release

    def add_build(self, build: Build) -> Build:
        build.id = max((known.id for known in self.builds), default=0) + 1
        self.builds.append(build)
        if build.release is not None:
            build.release.builds.append(build)
        return build

    def add_family(self, family: Family) -> Family:
        for run in family:
            self.last_run_id += 1
            run.id = self.last_run_id
        self.families.append(family)
        return family
