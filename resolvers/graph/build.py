"""Build: one run that made artifacts of a release."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from resolvers.graph.columns import knows_its_columns, reads
from resolvers.graph.connection import Connection
from resolvers.graph.context import Info
from resolvers.graph.enums import BuildStatus
from resolvers.graph.node import Sourced
from resolvers.graph.people import Actor
from resolvers.graph.questions import Question
from resolvers.graph.window import After, First, Window

if TYPE_CHECKING:
    from resolvers.graph.artifact import Artifact
    from resolvers.graph.release import Release


@strawberry.type(description="One run that made something of a release (BuildMaster, MetaKraftwerk).")
class Build(Sourced):
    number: str | None = strawberry.field(default=None, description="Its number, free text (BuildMaster), or name.")
    status: BuildStatus = strawberry.field(description="How far it is.")
    native_status: str | None = strawberry.field(default=None, description="The upstream's own word for the status.")
    created_at: datetime | None = strawberry.field(default=None, description="When it was asked for.")
    started_at: datetime | None = strawberry.field(default=None, description="When it began (MetaKraftwerk).")
    finished_at: datetime | None = strawberry.field(
        default=None, description="When it ended (MetaKraftwerk) or was rejected (BuildMaster)."
    )
    created_by: Actor | None = strawberry.field(default=None, description="Who asked for it.")
    furthest_stage: str | None = strawberry.field(default=None, description="How far it was deployed (BuildMaster).")
    progress_percent: int | None = strawberry.field(default=None, description="From 0 to 100 (MetaKraftwerk).")
    message: str | None = strawberry.field(default=None, description="What the upstream says of it (MetaKraftwerk).")

    release_native_ids: strawberry.Private[tuple[str, ...]] = ()

    @strawberry.field(description="The releases it belongs to: one, several (MetaKraftwerk), or none.")
    @reads("release_native_ids")
    async def releases(
        self, info: Info, first: First = None, after: After = None
    ) -> Connection[Annotated[Release, strawberry.lazy("resolvers.graph.release")]] | None:
        return await info.context.linked(self, self.release_native_ids, Window(first, after), info._raw_info)

    @strawberry.field(description="What it made.")
    @reads()
    async def artifacts(
        self, info: Info, first: First = None, after: After = None
    ) -> Connection[Annotated[Artifact, strawberry.lazy("resolvers.graph.artifact")]] | None:
        window = Window(first, after)
        return await info.context.children(Question.ARTIFACTS_OF_BUILD, self, window, info._raw_info)


knows_its_columns(Build)
