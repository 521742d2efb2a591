"""Release: what can be shipped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from resolvers.graph.columns import knows_its_columns, reads
from resolvers.graph.connection import Connection
from resolvers.graph.context import Info
from resolvers.graph.enums import ReleaseStatus
from resolvers.graph.inputs import ArtifactFilter
from resolvers.graph.lineage import SIGHTING, STEP, Lineage
from resolvers.graph.native import NativeRelease
from resolvers.graph.node import Sourced
from resolvers.graph.people import Actor, Tag
from resolvers.graph.questions import Question
from resolvers.graph.version import Version, version
from resolvers.graph.window import After, Before, First, Last, Window, which

if TYPE_CHECKING:
    from resolvers.graph.artifact import Artifact
    from resolvers.graph.build import Build
    from resolvers.graph.counterpart import Counterpart
    from resolvers.graph.deployment import Deployment
    from resolvers.graph.fleet import Fleet


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
    web_url: str | None = strawberry.field(default=None, description="Where people go to look at it.")

    raw_version: strawberry.Private[str | None] = None  # None: the name is only a label
    raw_minimum_version: strawberry.Private[str | None] = None
    fleet_native_id: strawberry.Private[str | None] = None
    is_closed: strawberry.Private[bool | None] = None  # None: its upstream does not close releases
    known_device_count: strawberry.Private[int | None] = None  # set when the row brought it along (Memfault)
    pipeline: strawberry.Private[str | None] = None
    lineage: strawberry.Private[Lineage] = Lineage()
    native_of: strawberry.Private[Callable[[], NativeRelease]]  # built when asked: few queries ask
    # Set when the row brought its artifacts along (NervesHub, Memfault): asking again would be a call too many.
    artifacts_of: strawberry.Private[Callable[[], Sequence[Artifact]] | None] = None

    @strawberry.field(description="Its version; null where the name is only a label (MetaKraftwerk).")
    @reads("raw_version")
    def version(self) -> Version | None:
        return None if self.raw_version is None else version(self.raw_version)

    @strawberry.field(description="The lowest version that may be updated to this one (Memfault).")
    @reads("raw_minimum_version")
    def minimum_version(self) -> Version | None:
        return None if self.raw_minimum_version is None else version(self.raw_minimum_version)

    @strawberry.field(description="Every field only this upstream has.")
    @reads("native_of")
    def native(self) -> NativeRelease:
        return self.native_of()

    @strawberry.field(description="Whether it is live somewhere: as a target, on a device, in an environment.")
    @reads()
    async def is_deployed(self, info: Info) -> bool | None:
        return await info.context.answer(Question.IS_DEPLOYED, *self.route)

    @strawberry.field(description="Devices on it now (balena, NervesHub, Memfault).")
    @reads("known_device_count")
    async def device_count(self, info: Info) -> int | None:
        if self.known_device_count is not None:
            return self.known_device_count
        return await info.context.answer(Question.DEVICES_ON_RELEASE, *self.route)

    @strawberry.field(description="Labels somebody put on it (balena).")
    @reads()
    async def tags(self, info: Info) -> list[Tag] | None:
        return await info.context.answer(Question.TAGS_OF_RELEASE, *self.route)

    @strawberry.field(description="Who receives it.")
    @reads("fleet_native_id")
    async def fleet(self, info: Info) -> Annotated[Fleet, strawberry.lazy("resolvers.graph.fleet")] | None:
        if self.fleet_native_id is None:
            return None
        return await info.context.answer(Question.FLEET, self.source_name, self.fleet_native_id)

    @strawberry.field(
        description="The release before it in its fleet: as linked (MetaKraftwerk), by sequence (BuildMaster), else by "
        "version among complete releases; null for the first, and where no order is known."
    )
    @reads("fleet_native_id", *STEP)
    async def previous(self, info: Info) -> Annotated[Release, strawberry.lazy("resolvers.graph.release")] | None:
        return (await info.context.kin(self)).previous

    @strawberry.field(description="The releases that name it as `previous`: several where lineage branches.")
    @reads("fleet_native_id", *STEP)
    async def next(
        self, info: Info, first: First = None, after: After = None
    ) -> Connection[Annotated[Release, strawberry.lazy("resolvers.graph.release")]] | None:
        ids = tuple(release.native_id for release in (await info.context.kin(self)).next)
        return await info.context.linked(self, ids, Window(first, after), info._raw_info)

    @strawberry.field(description="The release it mends (MetaKraftwerk).")
    @reads("fleet_native_id", *STEP)
    async def hotfix_of(self, info: Info) -> Annotated[Release, strawberry.lazy("resolvers.graph.release")] | None:
        return (await info.context.kin(self)).hotfix_of

    @strawberry.field(description="The releases that mend it (MetaKraftwerk).")
    @reads("fleet_native_id", *STEP)
    async def hotfixes(
        self, info: Info, first: First = None, after: After = None
    ) -> Connection[Annotated[Release, strawberry.lazy("resolvers.graph.release")]] | None:
        ids = tuple(release.native_id for release in (await info.context.kin(self)).hotfixes)
        return await info.context.linked(self, ids, Window(first, after), info._raw_info)

    @strawberry.field(
        description="The same thing in other fleets: by its commit in every source that can be asked for one, else by "
        "its version in the other fleets of its product line, where each has that version once. Empty for drafts and "
        "for what failed."
    )
    @reads("name", *SIGHTING)
    async def counterparts(
        self, info: Info
    ) -> list[Annotated[Counterpart, strawberry.lazy("resolvers.graph.counterpart")]] | None:
        return await info.context.lines.counterparts(self, info._raw_info)

    @strawberry.field(description="The runs that made it, newest first (BuildMaster, MetaKraftwerk).")
    @reads()
    async def builds(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Annotated[Build, strawberry.lazy("resolvers.graph.build")]] | None:
        window = Window(first, after, last, before)
        return await info.context.children(Question.BUILDS_OF_RELEASE, self, window, info._raw_info)

    @strawberry.field(description="Where it went, newest first; those without a time last.")
    @reads()
    async def deployments(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Annotated[Deployment, strawberry.lazy("resolvers.graph.deployment")]] | None:
        window = Window(first, after, last, before)
        return await info.context.children(Question.DEPLOYMENTS_OF_RELEASE, self, window, info._raw_info)

    @strawberry.field(description="The files and images it is made of, by source name and native id.")
    @reads("artifacts_of")
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


knows_its_columns(Release)
