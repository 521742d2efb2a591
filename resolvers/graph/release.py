"""Release: what can be shipped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from resolvers.graph.connection import Connection
from resolvers.graph.context import Info
from resolvers.graph.enums import ReleaseStatus
from resolvers.graph.inputs import ArtifactFilter
from resolvers.graph.native import NativeRelease
from resolvers.graph.node import Sourced
from resolvers.graph.version import Version, version
from resolvers.graph.window import After, Before, First, Last, Window, which

if TYPE_CHECKING:
    from resolvers.graph.artifact import Artifact
    from resolvers.graph.fleet import Fleet


@strawberry.type(description="Who did something, as far as the upstream tells.")
class Actor:
    native_id: str | None = strawberry.field(default=None, description="The upstream's id of the person or program.")
    name: str | None = strawberry.field(default=None, description="A name to show.")
    email: str | None = strawberry.field(default=None, description="Null where the upstream keeps it to itself.")


@strawberry.type(
    description="What can be shipped: a balena release, a NervesHub firmware version, a Memfault release, "
    "a BuildMaster release, a MetaKraftwerk release."
)
class Release(Sourced):
    name: str = strawberry.field(description="What people call it; the version where it has no other name.")
    status: ReleaseStatus = strawberry.field(
        description="How far it has come, by its own row; whether it is live somewhere is another question."
    )
    native_status: str | None = strawberry.field(default=None, description="The upstream's own word for the status.")
    revision: str | None = strawberry.field(default=None, description="Commit it was built from (balena, Memfault).")
    description: str | None = strawberry.field(default=None, description="What it is about (MetaKraftwerk).")
    notes: str | None = strawberry.field(
        default=None,
        description="Release notes as the upstream stores them: may be HTML of a third party, unsanitised.",
    )
    created_at: datetime | None = strawberry.field(
        default=None, description="When the upstream made it; null for NervesHub and MetaKraftwerk, which do not tell."
    )
    updated_at: datetime | None = strawberry.field(default=None, description="When it last changed (balena, Memfault).")
    started_at: datetime | None = strawberry.field(default=None, description="When its build began (balena).")
    finished_at: datetime | None = strawberry.field(
        default=None, description="When its build ended (balena), or when it was cancelled (BuildMaster)."
    )
    planned_start: datetime | None = strawberry.field(default=None, description="Planned begin (MetaKraftwerk).")
    planned_end: datetime | None = strawberry.field(
        default=None, description="Planned end (MetaKraftwerk) or target date (BuildMaster)."
    )
    created_by: Actor | None = strawberry.field(
        default=None, description="Who made it (BuildMaster, balena by number)."
    )
    device_count: int | None = strawberry.field(default=None, description="Devices on it now (Memfault).")

    raw_version: strawberry.Private[str | None] = None  # None: the name is only a label
    raw_minimum_version: strawberry.Private[str | None] = None
    fleet_native_id: strawberry.Private[str | None] = None
    is_closed: strawberry.Private[bool | None] = None  # None: its upstream does not close releases
    native_of: strawberry.Private[Callable[[], NativeRelease]]  # built when asked: few queries ask
    # Set when the row brought its artifacts along (NervesHub, Memfault): asking again would be a call too many.
    artifacts_of: strawberry.Private[Callable[[], Sequence[Artifact]] | None] = None

    @strawberry.field(description="Its version; null where the name is only a label (MetaKraftwerk).")
    def version(self) -> Version | None:
        return None if self.raw_version is None else version(self.raw_version)

    @strawberry.field(description="The lowest version that may be updated to this one (Memfault).")
    def minimum_version(self) -> Version | None:
        return None if self.raw_minimum_version is None else version(self.raw_minimum_version)

    @strawberry.field(description="Every field only this upstream has.")
    def native(self) -> NativeRelease:
        return self.native_of()

    @strawberry.field(description="Who receives it.")
    async def fleet(self, info: Info) -> Annotated[Fleet, strawberry.lazy("resolvers.graph.fleet")] | None:
        return await info.context.fleet(self.source_name, self.fleet_native_id) if self.fleet_native_id else None

    @strawberry.field(description="The files and images it is made of, by source name and native id.")
    async def artifacts(
        self,
        info: Info,
        filter: Annotated[ArtifactFilter | None, which("artifacts")] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Annotated[Artifact, strawberry.lazy("resolvers.graph.artifact")]] | None:
        window = Window(first, after, last, before)
        return await info.context.artifacts_of_release(self, filter, window, info._raw_info)
