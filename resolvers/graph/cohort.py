"""Cohort: a part of a fleet that gets one release at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import strawberry

from resolvers.graph.columns import knows_its_columns, reads
from resolvers.graph.connection import Connection
from resolvers.graph.context import Info
from resolvers.graph.node import Sourced
from resolvers.graph.questions import Question
from resolvers.graph.window import After, Before, First, Last, Window

if TYPE_CHECKING:
    from resolvers.graph.deployment import Deployment
    from resolvers.graph.device import Device
    from resolvers.graph.fleet import Fleet
    from resolvers.graph.release import Release


@strawberry.type(
    description="A part of a fleet that gets one release at a time: a Memfault cohort, a NervesHub deployment group."
)
class Cohort(Sourced):
    name: str = strawberry.field(description="What people call it.")
    slug: str | None = strawberry.field(default=None, description="The short name used in routes (Memfault).")
    device_count: int | None = strawberry.field(default=None, description="Devices in it; null on older servers.")
    is_active: bool | None = strawberry.field(
        default=None, description="Whether it hands out updates; null where the server does not say."
    )

    fleet_native_id: strawberry.Private[str]
    current_release_native_id: strawberry.Private[str | None] = None

    @strawberry.field(description="The fleet it is a part of.")
    @reads("fleet_native_id")
    async def fleet(self, info: Info) -> Annotated[Fleet, strawberry.lazy("resolvers.graph.fleet")] | None:
        return await info.context.answer(Question.FLEET, self.source_name, self.fleet_native_id)

    @strawberry.field(description="The release its devices should be on; null when none was deployed or it is unknown.")
    @reads("current_release_native_id")
    async def current_release(
        self, info: Info
    ) -> Annotated[Release, strawberry.lazy("resolvers.graph.release")] | None:
        if self.current_release_native_id is None:
            return None
        return await info.context.answer(Question.RELEASE, self.source_name, self.current_release_native_id)

    @strawberry.field(description="Its devices, by native id.")
    @reads()
    async def devices(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Annotated[Device, strawberry.lazy("resolvers.graph.device")]] | None:
        window = Window(first, after, last, before)
        return await info.context.children(Question.DEVICES_OF_COHORT, self, window, info._raw_info)

    @strawberry.field(description="What was deployed to it, newest first; what has no time last.")
    @reads()
    async def deployments(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Annotated[Deployment, strawberry.lazy("resolvers.graph.deployment")]] | None:
        window = Window(first, after, last, before)
        return await info.context.children(Question.DEPLOYMENTS_OF_COHORT, self, window, info._raw_info)


knows_its_columns(Cohort)
