"""Device: one thing out there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from resolvers.graph.columns import knows_its_columns, reads
from resolvers.graph.context import Info
from resolvers.graph.node import Sourced
from resolvers.graph.people import Tag
from resolvers.graph.questions import Question
from resolvers.graph.scalars import JSON
from resolvers.graph.version import Version, version

if TYPE_CHECKING:
    from resolvers.graph.cohort import Cohort
    from resolvers.graph.fleet import Fleet
    from resolvers.graph.release import Release


@strawberry.type(description="One device of balena, NervesHub or Memfault.")
class Device(Sourced):
    name: str = strawberry.field(description="What people call it; its serial or identifier where it has no name.")
    device_type: str | None = strawberry.field(default=None, description="The board (balena) or platform (NervesHub).")
    hardware_version: str | None = strawberry.field(default=None, description="Hardware version (Memfault).")
    is_online: bool | None = strawberry.field(default=None, description="Whether it is connected (balena, NervesHub).")
    last_seen_at: datetime | None = strawberry.field(default=None, description="When it was last heard of.")

    identifiers: strawberry.Private[tuple[str, ...]] = ()  # beside name and native id: what a search looks in
    raw_running_version: strawberry.Private[str | None] = None
    fleet_native_id: strawberry.Private[str | None] = None
    cohort_native_id: strawberry.Private[str | None] = None
    running_release_native_id: strawberry.Private[str | None] = None
    target_release_native_id: strawberry.Private[str | None] = None
    tags_of: strawberry.Private[list[Tag] | None] = None  # set when the row brought them along
    details_of: strawberry.Private[Callable[[], JSON | None]]

    @strawberry.field(description="The version it runs, as it was last heard of.")
    @reads("raw_running_version")
    def running_version(self) -> Version | None:
        return None if self.raw_running_version is None else version(self.raw_running_version)

    @strawberry.field(description="Facts of its vendor, by an allow-list; never the raw row.")
    @reads("details_of")
    def details(self) -> JSON | None:
        return self.details_of()

    @strawberry.field(description="The fleet it belongs to.")
    @reads("fleet_native_id")
    async def fleet(self, info: Info) -> Annotated[Fleet, strawberry.lazy("resolvers.graph.fleet")] | None:
        if self.fleet_native_id is None:
            return None
        return await info.context.answer(Question.FLEET, self.source_name, self.fleet_native_id)

    @strawberry.field(description="The cohort it belongs to (Memfault, NervesHub).")
    @reads("cohort_native_id")
    async def cohort(self, info: Info) -> Annotated[Cohort, strawberry.lazy("resolvers.graph.cohort")] | None:
        if self.cohort_native_id is None:
            return None
        return await info.context.answer(Question.COHORT, self.source_name, self.cohort_native_id)

    @strawberry.field(description="The release it runs.")
    @reads("running_release_native_id")
    async def running_release(
        self, info: Info
    ) -> Annotated[Release, strawberry.lazy("resolvers.graph.release")] | None:
        if self.running_release_native_id is None:
            return None
        return await info.context.answer(Question.RELEASE, self.source_name, self.running_release_native_id)

    @strawberry.field(
        description="The release it should run: its own pin, else what its fleet or group says; null for Memfault, "
        "which draws lots in a staged rollout: see its cohort."
    )
    @reads("target_release_native_id")
    async def target_release(self, info: Info) -> Annotated[Release, strawberry.lazy("resolvers.graph.release")] | None:
        if self.target_release_native_id is None:
            return None
        return await info.context.answer(Question.RELEASE, self.source_name, self.target_release_native_id)

    @strawberry.field(description="Labels somebody put on it (balena, NervesHub).")
    @reads("tags_of")
    async def tags(self, info: Info) -> list[Tag] | None:
        if self.tags_of is not None:
            return self.tags_of
        return await info.context.answer(Question.TAGS_OF_DEVICE, *self.route)


knows_its_columns(Device)
