"""What only BuildMaster says."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from resolvers.graph.columns import reads
from resolvers.graph.context import Info
from resolvers.graph.questions import Question
from resolvers.graph.scalars import JSON

if TYPE_CHECKING:
    from resolvers.graph.build import Build


@strawberry.type(
    description="A BuildMaster release, in BuildMaster's words. Its old `package` names are the builds' here."
)
class BuildMasterRelease:
    release_id: int = strawberry.field(description="`id`.")
    number: str = strawberry.field(description="Free text, unique within its application.")
    release_name: str = strawberry.field(description="`name`; the number where none was given.")
    sequence: int = strawberry.field(description="Orders the releases of one application.")
    pipeline_name: str | None = strawberry.field(description="With its raft, such as `global::Release`.")
    pipeline_id: int | None = strawberry.field(description="Told by servers up to 6.1.")
    template: str | None = strawberry.field(description="Told by servers up to 2024.")
    application_id: int = strawberry.field(description="Id of its application.")
    application_name: str = strawberry.field(description="Name of its application.")
    furthest_build_id: int | None = strawberry.field(description="The build that came furthest, rejected ones aside.")
    furthest_build_number: str | None = strawberry.field(description="Its number.")
    latest_build_id: int | None = strawberry.field(description="The newest build, rejected ones aside.")
    latest_build_number: str | None = strawberry.field(description="Its number.")
    deployables: JSON | None = strawberry.field(
        description="Components, as the server spells them; removed in BuildMaster 2025."
    )
    source_name: strawberry.Private[str]
    canceled_by: str | None = strawberry.field(description="Who cancelled it.")
    canceled_on: datetime | None = strawberry.field(description="When it was cancelled.")
    target_date: datetime | None = strawberry.field(description="When it is due.")

    @strawberry.field(description="The build that came furthest.")
    @reads("furthest_build_id", "source_name")
    async def furthest_build(self, info: Info) -> Annotated[Build, strawberry.lazy("resolvers.graph.build")] | None:
        return await self._build(info, self.furthest_build_id)

    @strawberry.field(description="The newest build.")
    @reads("latest_build_id", "source_name")
    async def latest_build(self, info: Info) -> Annotated[Build, strawberry.lazy("resolvers.graph.build")] | None:
        return await self._build(info, self.latest_build_id)

    async def _build(self, info: Info, build_id: int | None) -> Build | None:
        if build_id is None:
            return None
        found: Build | None = await info.context.answer(Question.BUILD, self.source_name, str(build_id))
        return found


@strawberry.type(description="A BuildMaster application, in BuildMaster's words.")
class BuildMasterApplication:
    application_id: int = strawberry.field(description="`id`.")
    group_name: str | None = strawberry.field(description="The group it is listed under.")
    is_active: bool | None = strawberry.field(description="`active`: a deactivated one keeps its history.")
    build_number_scheme: str | None = strawberry.field(description="`Sequential`, `DateTimeBased` or `Unique`.")
    release_usage: str | None = strawberry.field(description="`Required`, `Optional` or `Disabled`.")
    artifact_usage: str | None = strawberry.field(description="`Default`, `None`, `FileSystem` or `AssetDirectory`.")
    raft: str | None = strawberry.field(description="Where its scripts are kept.")
