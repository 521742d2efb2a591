"""Schema: the root fields, put together with all types, and printed."""

from __future__ import annotations

from functools import cache
from typing import Annotated

import strawberry
from strawberry.schema.config import StrawberryConfig

from resolvers.entities import REPRESENTATION, Entity, Representation, Representations, named
from resolvers.errors import BadArgument
from resolvers.graph.artifact import Artifact
from resolvers.graph.connection import Connection
from resolvers.graph.device import Device
from resolvers.graph.enums import SourceKind
from resolvers.graph.fleet import Fleet
from resolvers.graph.inputs import ArtifactFilter, DeviceFilter, FleetFilter, FleetOrder, ReleaseFilter, ReleaseOrder
from resolvers.graph.node import Node
from resolvers.graph.product_line import ProductLine
from resolvers.graph.questions import Question
from resolvers.graph.release import Release
from resolvers.graph.scalars import SCALARS
from resolvers.graph.source import Source
from resolvers.graph.window import After, Before, First, Last, Window, ordered, which
from resolvers.mutations import Mutation
from resolvers.request import Request
from resolvers.subgraph import Subgraph, subgraph

Info = strawberry.Info[Request, None]
Id = Annotated[strawberry.ID, strawberry.argument(description="A global id, as an answer gave it.")]
SourceName = Annotated[str, strawberry.argument(description="The source's configured name.")]
NativeId = Annotated[
    str,
    strawberry.argument(
        description="The upstream's own route, as `nativeId` gives it: percent-encoded, joined by `/`."
    ),
]


@strawberry.type(description="Where everything begins.")
class Query:
    @strawberry.field(description="The object with this id, of whatever type; null when it is not there (any more).")
    async def node(self, info: Info, id: Id) -> Node | None:
        return await info.context.node(id)

    @strawberry.field(description="The objects with these ids, in their order; null where one is not there.")
    def nodes(
        self, info: Info, ids: Annotated[list[strawberry.ID], strawberry.argument(description="Global ids.")]
    ) -> list[Node | None]:
        if len(ids) > info.context.max_page_size:
            raise BadArgument(f"ids: at most {info.context.max_page_size} at once, not {len(ids)}")
        # Handed over unawaited: an id that fails costs its own place in the list, not the others.
        return [info.context.node(one) for one in ids]  # type: ignore[misc]

    @strawberry.field(description="The configured sources, by name.")
    async def sources(
        self,
        info: Info,
        kinds: Annotated[list[SourceKind] | None, strawberry.argument(description="Of these vendors.")] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Source] | None:
        return await info.context.sources_listed(kinds, Window(first, after, last, before), info._raw_info)

    @strawberry.field(description="One source by its configured name; null when there is none of that name.")
    def source(self, info: Info, name: SourceName) -> Source | None:
        return info.context.sources.named(name)

    @strawberry.field(description="One release by its id.")
    async def release(self, info: Info, id: Id) -> Release | None:
        return await info.context.answer(Question.RELEASE, *info.context.route_of(id, "Release"))

    @strawberry.field(description="One release by its source and the upstream's own route to it.")
    async def release_by_native_id(self, info: Info, source: SourceName, native_id: NativeId) -> Release | None:
        return await info.context.answer(Question.RELEASE, *info.context.route_to(source, native_id))

    @strawberry.field(description="Releases of all sources in one order, newest first unless another is asked.")
    async def releases(
        self,
        info: Info,
        filter: Annotated[ReleaseFilter | None, which("releases")] = None,
        order_by: Annotated[ReleaseOrder | None, ordered()] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Release] | None:
        window = Window(first, after, last, before)
        return await info.context.releases(filter, order_by, window, info._raw_info)

    @strawberry.field(description="One fleet by its id.")
    async def fleet(self, info: Info, id: Id) -> Fleet | None:
        return await info.context.answer(Question.FLEET, *info.context.route_of(id, "Fleet"))

    @strawberry.field(description="One fleet by its source and the upstream's own route to it.")
    async def fleet_by_native_id(self, info: Info, source: SourceName, native_id: NativeId) -> Fleet | None:
        return await info.context.answer(Question.FLEET, *info.context.route_to(source, native_id))

    @strawberry.field(description="One fleet by its slug. BAD_ARGUMENT when two sources know it and none is named.")
    async def fleet_by_slug(
        self,
        info: Info,
        slug: Annotated[str, strawberry.argument(description="Such as `acme/sensor-hub`.")],
        source: Annotated[str | None, strawberry.argument(description="The source's configured name.")] = None,
    ) -> Fleet | None:
        return await info.context.fleet_by_slug(slug, source)

    @strawberry.field(description="Fleets of all sources in one order, by name unless another is asked.")
    async def fleets(
        self,
        info: Info,
        filter: Annotated[FleetFilter | None, which("fleets")] = None,
        order_by: Annotated[FleetOrder | None, ordered()] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Fleet] | None:
        return await info.context.fleets(filter, order_by, Window(first, after, last, before), info._raw_info)

    @strawberry.field(description="One artifact by its id.")
    async def artifact(self, info: Info, id: Id) -> Artifact | None:
        return await info.context.answer(Question.ARTIFACT, *info.context.route_of(id, "Artifact"))

    @strawberry.field(description="Artifacts of all sources, by source name and native id.")
    async def artifacts(
        self,
        info: Info,
        filter: Annotated[ArtifactFilter | None, which("artifacts")] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Artifact] | None:
        return await info.context.artifacts(filter, Window(first, after, last, before), info._raw_info)

    @strawberry.field(description="One device by its id.")
    async def device(self, info: Info, id: Id) -> Device | None:
        return await info.context.answer(Question.DEVICE, *info.context.route_of(id, "Device"))

    @strawberry.field(description="Devices of all sources that know devices, by source name and native id.")
    async def devices(
        self,
        info: Info,
        filter: Annotated[DeviceFilter | None, which("devices")] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Device] | None:
        return await info.context.devices(filter, Window(first, after, last, before), info._raw_info)

    @strawberry.field(description="One product line by its configured name; null when there is none of that name.")
    def product_line(
        self, info: Info, name: Annotated[str, strawberry.argument(description="As in `[[product_lines]]`.")]
    ) -> ProductLine | None:
        return info.context.lines.named(name)

    @strawberry.field(description="All configured product lines, in the order of the settings.")
    def product_lines(self, info: Info) -> list[ProductLine]:
        return info.context.lines.all

    @strawberry.field(
        name="_entities",
        description="For routers: the objects with these keys, in their order; null where one is not there.",
    )
    def entities(self, info: Info, representations: Representations) -> list[Entity | None]:
        return named(info.context, representations)  # type: ignore[return-value]  # unawaited, as above

    @strawberry.field(name="_service", description="For routers: how this graph is composed with others.")
    def service(self, info: Info) -> Subgraph:
        return subgraph(info.schema)


@cache
def schema_of(*, is_incremental: bool = False) -> strawberry.Schema:
    """is_incremental: it also knows `@defer` and `@stream`."""
    config = StrawberryConfig(
        scalar_map={**SCALARS, Representation: REPRESENTATION},
        enable_experimental_incremental_execution=is_incremental,
    )
    return strawberry.Schema(query=Query, mutation=Mutation, config=config)


schema = schema_of()
