"""Deployment: a release going to a fleet, a cohort or an environment."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from resolvers.graph.columns import knows_its_columns, reads
from resolvers.graph.context import Info
from resolvers.graph.enums import DeploymentStatus
from resolvers.graph.node import Sourced
from resolvers.graph.people import Actor
from resolvers.graph.questions import Question

if TYPE_CHECKING:
    from resolvers.graph.cohort import Cohort
    from resolvers.graph.fleet import Fleet
    from resolvers.graph.release import Release


@strawberry.type(
    description="A release going to a fleet, a cohort or an environment: balena's target of a fleet, a NervesHub "
    "group's current release, a deployment of Memfault, BuildMaster or MetaKraftwerk."
)
class Deployment(Sourced):
    status: DeploymentStatus = strawberry.field(description="How far it is.")
    native_status: str | None = strawberry.field(default=None, description="The upstream's own word for the status.")
    environment: str | None = strawberry.field(default=None, description="Where it goes (BuildMaster, MetaKraftwerk).")
    stage: str | None = strawberry.field(default=None, description="Stage of the pipeline (BuildMaster).")
    has_warnings: bool | None = strawberry.field(
        default=None, description="Whether it succeeded with warnings (BuildMaster)."
    )
    rollout_percent: int | None = strawberry.field(
        default=None, description="Share of the devices it is offered to (Memfault); 100 for a normal deployment."
    )
    created_at: datetime | None = strawberry.field(default=None, description="When it was asked for; null for balena.")
    started_at: datetime | None = strawberry.field(default=None, description="When it began (BuildMaster, Memfault).")
    finished_at: datetime | None = strawberry.field(default=None, description="When it ended (BuildMaster).")
    created_by: Actor | None = strawberry.field(default=None, description="Who asked for it.")

    release_native_id: strawberry.Private[str | None] = None
    fleet_native_id: strawberry.Private[str | None] = None
    cohort_native_id: strawberry.Private[str | None] = None

    @strawberry.field(description="What is deployed.")
    @reads("release_native_id")
    async def release(self, info: Info) -> Annotated[Release, strawberry.lazy("resolvers.graph.release")] | None:
        if self.release_native_id is None:
            return None
        return await info.context.answer(Question.RELEASE, self.source_name, self.release_native_id)

    @strawberry.field(description="The fleet it goes to.")
    @reads("fleet_native_id")
    async def fleet(self, info: Info) -> Annotated[Fleet, strawberry.lazy("resolvers.graph.fleet")] | None:
        if self.fleet_native_id is None:
            return None
        return await info.context.answer(Question.FLEET, self.source_name, self.fleet_native_id)

    @strawberry.field(description="The cohort it goes to (Memfault, NervesHub).")
    @reads("cohort_native_id")
    async def cohort(self, info: Info) -> Annotated[Cohort, strawberry.lazy("resolvers.graph.cohort")] | None:
        if self.cohort_native_id is None:
            return None
        return await info.context.answer(Question.COHORT, self.source_name, self.cohort_native_id)


knows_its_columns(Deployment)
