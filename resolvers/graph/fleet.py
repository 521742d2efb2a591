"""Fleet: who receives releases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from resolvers.graph.connection import Connection
from resolvers.graph.context import Info
from resolvers.graph.inputs import ReleaseFilter, ReleaseOrder
from resolvers.graph.native import NativeFleet
from resolvers.graph.node import Sourced
from resolvers.graph.window import After, Before, First, Last, Window, ordered, which

if TYPE_CHECKING:
    from resolvers.graph.release import Release


@strawberry.type(description="Who a fleet belongs to.")
class Organization:
    name: str = strawberry.field(description="A name to show.")
    handle: str | None = strawberry.field(default=None, description="The short name used in routes.")


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

    is_mine: strawberry.Private[bool | None] = None  # None: its upstream shows only what is ours
    native_of: strawberry.Private[Callable[[], NativeFleet | None]]

    @strawberry.field(
        description="Every field only this upstream has; null for a fleet known only by its releases "
        "(BuildMaster without the application grant, MetaKraftwerk groups unseen)."
    )
    def native(self) -> NativeFleet | None:
        return self.native_of()

    @strawberry.field(description="Its releases, newest first unless another order is asked.")
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
