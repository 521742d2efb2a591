"""Source: one configured upstream."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from resolvers.graph.columns import reads
from resolvers.graph.connection import Connection
from resolvers.graph.context import Info
from resolvers.graph.enums import (
    HealthStatus,
    PagingKind,
    ReleaseFilterField,
    ReleaseOrderField,
    SourceKind,
    SourceOperation,
)
from resolvers.graph.inputs import FleetFilter, FleetOrder
from resolvers.graph.node import Node
from resolvers.graph.window import After, Before, First, Last, Window, ordered, which

if TYPE_CHECKING:
    from resolvers.graph.fleet import Fleet


@strawberry.type(description="How a source is read in one order.")
class OrderCapability:
    field: ReleaseOrderField = strawberry.field(description="The order.")
    paging: PagingKind = strawberry.field(description="How it is read.")


@strawberry.type(description="What can be asked of a source, and what is cheap.")
class SourceCapabilities:
    operations: list[SourceOperation] = strawberry.field(
        description="What can be changed there; empty while the source is not writable."
    )
    has_devices: bool = strawberry.field(description="Whether it knows devices.")
    has_cohorts: bool = strawberry.field(description="Whether its fleets have cohorts.")
    release_orders: list[OrderCapability] = strawberry.field(description="How its releases are read in each order.")
    pushed_down_filters: list[ReleaseFilterField] = strawberry.field(
        description="Filters on releases that it applies itself; the others are applied here, after reading."
    )


@strawberry.type(description="How a source has been answering.")
class SourceHealth:
    status: HealthStatus = strawberry.field(description="Whether it answers.")
    checked_at: datetime | None = strawberry.field(description="When it was last asked.")
    latency_ms: float | None = strawberry.field(description="How long its last answer took.")
    last_error_code: str | None = strawberry.field(description="What went wrong last, if the last call failed.")


@strawberry.type(description="One configured upstream. Two BuildMaster servers are two sources of one kind.")
class Source(Node):
    name: str = strawberry.field(description="Its configured name.")
    kind: SourceKind = strawberry.field(description="Its vendor.")
    web_url: str | None = strawberry.field(default=None, description="Where people go to look at it.")
    capabilities: SourceCapabilities = strawberry.field(description="What can be asked of it, and what is cheap.")

    health_of: strawberry.Private[Callable[[], SourceHealth | None]]

    @strawberry.field(description="How it has been answering; null when nothing has been asked of it yet.")
    @reads()
    def health(self) -> SourceHealth | None:
        return self.health_of()

    @strawberry.field(description="Its fleets, by name unless another order is asked.")
    @reads()
    async def fleets(
        self,
        info: Info,
        filter: Annotated[FleetFilter | None, which("fleets")] = None,
        order_by: Annotated[FleetOrder | None, ordered()] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Annotated[Fleet, strawberry.lazy("resolvers.graph.fleet")]] | None:
        window = Window(first, after, last, before)
        return await info.context.fleets_of_source(self, filter, order_by, window, info._raw_info)

    @property
    def source_name(self) -> str:
        """Its place among all rows: its own name, and no native id."""
        return self.name

    @property
    def native_id(self) -> str:
        return ""

    def _route(self) -> tuple[str, str]:
        return self.name, ""
