"""Fleet: who receives releases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from resolvers.graph.columns import knows_its_columns, reads
from resolvers.graph.connection import Connection
from resolvers.graph.context import Info
from resolvers.graph.inputs import DeviceFilter, ReleaseFilter, ReleaseOrder
from resolvers.graph.lineage import MEMBER, STEP
from resolvers.graph.native import NativeFleet
from resolvers.graph.node import Sourced
from resolvers.graph.people import Organization, Tag
from resolvers.graph.questions import Question
from resolvers.graph.window import After, Before, First, Last, Window, ordered, which

if TYPE_CHECKING:
    from resolvers.graph.cohort import Cohort
    from resolvers.graph.deployment import Deployment
    from resolvers.graph.device import Device
    from resolvers.graph.product_line import ProductLine
    from resolvers.graph.release import Release


@strawberry.type(
    description="Who receives releases: a balena fleet, a NervesHub product, a Memfault project (all its devices are "
    "the fleet), a BuildMaster application, a MetaKraftwerk release group."
)
class Fleet(Sourced):
    name: str = strawberry.field(description="What people call it.")
    slug: str | None = strawberry.field(
        default=None, description="The upstream's short name with its organization; null where it has none."
    )
    description: str | None = strawberry.field(default=None, description="What it is (BuildMaster, MetaKraftwerk).")
    organization: Organization | None = strawberry.field(
        default=None, description="Who it belongs to; null for BuildMaster and MetaKraftwerk, which have none."
    )
    created_at: datetime | None = strawberry.field(default=None, description="When it was made (balena, Memfault).")
    is_archived: bool | None = strawberry.field(
        default=None, description="Whether it is put away (balena), or deactivated (BuildMaster); null elsewhere."
    )
    is_public: bool | None = strawberry.field(default=None, description="Whether anyone may see it (balena).")
    device_type: str | None = strawberry.field(default=None, description="The board it is for (balena).")
    tracks_latest: bool | None = strawberry.field(
        default=None, description="Whether its devices follow the newest release by themselves (balena)."
    )

    web_url: str | None = strawberry.field(default=None, description="Where people go to look at it.")

    known_device_count: strawberry.Private[int | None] = None  # set when the row brought it along (Memfault)
    known_tags: strawberry.Private[list[Tag] | None] = None
    target_release_native_id: strawberry.Private[str | None] = None
    is_mine: strawberry.Private[bool | None] = None  # None: its upstream shows only what is ours
    native_of: strawberry.Private[Callable[[], NativeFleet | None]]

    @strawberry.field(
        description="Every field only this upstream has; null for a fleet known only by its releases "
        "(BuildMaster without the application grant, MetaKraftwerk groups unseen)."
    )
    @reads("native_of")
    def native(self) -> NativeFleet | None:
        return self.native_of()

    @strawberry.field(description="Devices in it (balena, NervesHub, Memfault).")
    @reads("known_device_count")
    async def device_count(self, info: Info) -> int | None:
        if self.known_device_count is not None:
            return self.known_device_count
        return await info.context.answer(Question.DEVICES_IN_FLEET, *self.route)

    @strawberry.field(description="Labels somebody put on it (balena); its group (BuildMaster).")
    @reads("known_tags")
    async def tags(self, info: Info) -> list[Tag] | None:
        if self.known_tags is not None:
            return self.known_tags
        return await info.context.answer(Question.TAGS_OF_FLEET, *self.route)

    @strawberry.field(description="The release its devices should be on (balena); elsewhere cohorts have one each.")
    @reads("target_release_native_id")
    async def target_release(self, info: Info) -> Annotated[Release, strawberry.lazy("resolvers.graph.release")] | None:
        if self.target_release_native_id is None:
            return None
        return await info.context.answer(Question.RELEASE, self.source_name, self.target_release_native_id)

    @strawberry.field(description="The last release in the fleet's own order: lineage, sequence, or version.")
    @reads(*STEP)
    async def latest_release(self, info: Info) -> Annotated[Release, strawberry.lazy("resolvers.graph.release")] | None:
        return await info.context.latest_release(self)

    @strawberry.field(description="The product line it is configured to be a part of.")
    @reads(*MEMBER)
    def product_line(
        self, info: Info
    ) -> Annotated[ProductLine, strawberry.lazy("resolvers.graph.product_line")] | None:
        return info.context.lines.of_fleet(self)

    @strawberry.field(description="Its parts that get releases of their own (NervesHub, Memfault), by native id.")
    @reads()
    async def cohorts(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Annotated[Cohort, strawberry.lazy("resolvers.graph.cohort")]] | None:
        window = Window(first, after, last, before)
        return await info.context.children(Question.COHORTS_OF_FLEET, self, window, info._raw_info)

    @strawberry.field(description="Its devices (balena, NervesHub, Memfault), by native id.")
    @reads()
    async def devices(
        self,
        info: Info,
        filter: Annotated[DeviceFilter | None, which("devices")] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Annotated[Device, strawberry.lazy("resolvers.graph.device")]] | None:
        window = Window(first, after, last, before)
        return await info.context.devices_of_fleet(self, filter, window, info._raw_info)

    @strawberry.field(description="What was deployed to it, newest first; what has no time last.")
    @reads()
    async def deployments(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Annotated[Deployment, strawberry.lazy("resolvers.graph.deployment")]] | None:
        window = Window(first, after, last, before)
        return await info.context.children(Question.DEPLOYMENTS_OF_FLEET, self, window, info._raw_info)

    @strawberry.field(description="Its releases, newest first unless another order is asked.")
    @reads()
    async def releases(
        self,
        info: Info,
        filter: Annotated[ReleaseFilter | None, which("releases")] = None,
        order_by: Annotated[ReleaseOrder | None, ordered()] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Annotated[Release, strawberry.lazy("resolvers.graph.release")]] | None:
        window = Window(first, after, last, before)
        return await info.context.releases_of_fleet(self, filter, order_by, window, info._raw_info)


knows_its_columns(Fleet)
