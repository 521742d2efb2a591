"""What only BuildMaster says."""

from __future__ import annotations

from datetime import datetime

import strawberry

from resolvers.graph.scalars import JSON


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
    canceled_by: str | None = strawberry.field(description="Who cancelled it.")
    canceled_on: datetime | None = strawberry.field(description="When it was cancelled.")
    target_date: datetime | None = strawberry.field(description="When it is due.")


@strawberry.type(description="A BuildMaster application, in BuildMaster's words.")
class BuildMasterApplication:
    application_id: int = strawberry.field(description="`id`.")
    group_name: str | None = strawberry.field(description="The group it is listed under.")
    is_active: bool | None = strawberry.field(description="`active`: a deactivated one keeps its history.")
    build_number_scheme: str | None = strawberry.field(description="`Sequential`, `DateTimeBased` or `Unique`.")
    release_usage: str | None = strawberry.field(description="`Required`, `Optional` or `Disabled`.")
    artifact_usage: str | None = strawberry.field(description="`Default`, `None`, `FileSystem` or `AssetDirectory`.")
    raft: str | None = strawberry.field(description="Where its scripts are kept.")
