"""Changes: what mutations take and give. In every input: left out = untouched, null = cleared."""

from __future__ import annotations

import strawberry

from resolvers.graph.cohort import Cohort
from resolvers.graph.deployment import Deployment
from resolvers.graph.enums import UserErrorCode
from resolvers.graph.fleet import Fleet
from resolvers.graph.people import Tag
from resolvers.graph.release import Release
from resolvers.graph.scalars import JSON

FLEET_ID = "The fleet, by id; or give `source` and `slug`."
UNTOUCHED = strawberry.UNSET


@strawberry.type(description="What the caller can mend; trouble of the upstream stays in `errors`.")
class UserError:
    code: UserErrorCode = strawberry.field(description="What kind of mistake it is.")
    message: str = strawberry.field(description="What was wrong, for a person.")
    path: list[str] | None = strawberry.field(default=None, description="The input field it is about, if it is one.")


@strawberry.type(description="A fleet after a change, read again.")
class FleetPayload:
    fleet: Fleet | None = strawberry.field(default=None, description="As it is now; null when nothing was changed.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Empty when it was done.")


@strawberry.type(description="A release after a change, read again.")
class ReleasePayload:
    release: Release | None = strawberry.field(default=None, description="As it is now; null when nothing was changed.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Empty when it was done.")


@strawberry.type(description="A deployment after a change, read again.")
class DeploymentPayload:
    deployment: Deployment | None = strawberry.field(
        default=None, description="As it is now; null when nothing was changed."
    )
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Empty when it was done.")


@strawberry.type(description="A cohort after a change, read again.")
class CohortPayload:
    cohort: Cohort | None = strawberry.field(default=None, description="As it is now; null when nothing was changed.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Empty when it was done.")


@strawberry.type(description="A label after a change, read again.")
class TagPayload:
    tag: Tag | None = strawberry.field(default=None, description="As it is now; null when nothing was changed.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Empty when it was done.")


@strawberry.type(description="What was removed.")
class DeletePayload:
    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="Id of what is gone, or of what lost its label; null when nothing was changed."
    )
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Empty when it was done.")


@strawberry.input(description="A new fleet. Organization and device type by numeric id, or by handle and slug.")
class CreateFleetInput:
    source: str = strawberry.field(description="The source's configured name.")
    name: str = strawberry.field(description="What it will be called.")
    organization: str | None = strawberry.field(default=None, description="Whose it will be (balena).")
    device_type: str | None = strawberry.field(default=None, description="The board it is for (balena).")


@strawberry.input(description="Deleting takes releases and devices along: the fleet's name must be repeated.")
class DeleteFleetInput:
    id: strawberry.ID | None = strawberry.field(default=None, description=FLEET_ID)
    source: str | None = strawberry.field(default=None, description="The source's configured name.")
    slug: str | None = strawberry.field(default=None, description="The fleet's slug.")
    confirm_name: str = strawberry.field(description="The fleet's name, once more.")


@strawberry.input(description="The release all devices of a fleet should be on.")
class PinFleetInput:
    id: strawberry.ID | None = strawberry.field(default=None, description=FLEET_ID)
    source: str | None = strawberry.field(default=None, description="The source's configured name.")
    slug: str | None = strawberry.field(default=None, description="The fleet's slug.")
    release_id: strawberry.ID = strawberry.field(description="The release.")


@strawberry.input(description="Whether a fleet follows its newest release by itself.")
class TrackLatestReleaseInput:
    id: strawberry.ID | None = strawberry.field(default=None, description=FLEET_ID)
    source: str | None = strawberry.field(default=None, description="The source's configured name.")
    slug: str | None = strawberry.field(default=None, description="The fleet's slug.")
    enabled: bool = strawberry.field(description="true also moves the target to the newest usable release.")


@strawberry.input(description="A new release.")
class CreateReleaseInput:
    fleet_id: strawberry.ID = strawberry.field(description="Of which fleet.")
    version: str = strawberry.field(description="Version (Memfault) or number (BuildMaster).")
    name: str | None = strawberry.field(default=None, description="What people call it (BuildMaster).")
    revision: str | None = strawberry.field(default=None, description="Commit it was built from (Memfault).")
    notes: str | None = strawberry.field(default=None, description="Release notes (Memfault).")
    minimum_version: str | None = strawberry.field(
        default=None, description="Lowest version to update from (Memfault)."
    )
    pipeline: str | None = strawberry.field(
        default=None, description="Pipeline, with its raft (BuildMaster: required)."
    )
    extra_info: JSON | None = strawberry.field(default=None, description="Anything (Memfault).")


@strawberry.input(description="What changes of a release: left out = untouched, null = cleared (balena).")
class UpdateReleaseInput:
    id: strawberry.ID = strawberry.field(description="The release.")
    notes: str | None = strawberry.field(default=UNTOUCHED, description="Release notes.")
    known_issues: str | None = strawberry.field(default=UNTOUCHED, description="Free text.")
    phase: str | None = strawberry.field(default=UNTOUCHED, description="`next`, `current`, `sunset`, `end-of-life`.")
    version: str | None = strawberry.field(default=UNTOUCHED, description="SemVer; the revision follows by itself.")
    is_invalidated: bool | None = strawberry.field(default=UNTOUCHED, description="Whether it is withdrawn.")
    invalidation_reason: str | None = strawberry.field(default=UNTOUCHED, description="Why; only while withdrawn.")
    is_final: bool | None = strawberry.field(default=UNTOUCHED, description="true makes a draft final, for good.")


@strawberry.input(description="The release to delete: its version must be repeated.")
class DeleteReleaseInput:
    id: strawberry.ID = strawberry.field(description="The release.")
    confirm_version: str = strawberry.field(description="The release's version as spelled, once more.")


@strawberry.input(description="The release to cancel.")
class CancelReleaseInput:
    id: strawberry.ID = strawberry.field(description="The release.")
    reason: str | None = strawberry.field(default=None, description="Why; BuildMaster cannot be asked for it again.")


@strawberry.input(description="The cancelled release to take up again.")
class RestoreReleaseInput:
    id: strawberry.ID = strawberry.field(description="The release.")


@strawberry.input(
    description="One verb for all: balena pins a fleet, Memfault and NervesHub deploy to a cohort, BuildMaster deploys "
    "a build to a stage."
)
class DeployReleaseInput:
    release_id: strawberry.ID = strawberry.field(description="What to deploy.")
    fleet_id: strawberry.ID | None = strawberry.field(default=None, description="To which fleet (balena: its own).")
    cohort_id: strawberry.ID | None = strawberry.field(default=None, description="To which (Memfault, NervesHub).")
    build_id: strawberry.ID | None = strawberry.field(default=None, description="BuildMaster; else its latest build.")
    artifact_id: strawberry.ID | None = strawberry.field(
        default=None, description="NervesHub: which firmware, when the version has several."
    )
    stage: str | None = strawberry.field(default=None, description="BuildMaster: to which stage; else the next.")
    rollout_percent: int | None = strawberry.field(
        default=None, description="Memfault: a staged rollout to this share, from 0 to 100."
    )


@strawberry.input(description="A change of a staged rollout.")
class UpdateDeploymentInput:
    id: strawberry.ID = strawberry.field(description="The deployment.")
    rollout_percent: int = strawberry.field(description="Share of the devices, from 0 to 100.")


@strawberry.input(description="The deployment to stop.")
class AbortDeploymentInput:
    id: strawberry.ID = strawberry.field(description="The deployment.")


@strawberry.input(description="Whether a cohort hands out updates.")
class UpdateCohortInput:
    id: strawberry.ID = strawberry.field(description="The cohort.")
    is_active: bool = strawberry.field(description="false pauses it.")


@strawberry.input(description="A label to put on a release, a fleet or a device.")
class SetTagInput:
    id: strawberry.ID = strawberry.field(description="What to label.")
    key: str = strawberry.field(description="What the label is called; one of that name is overwritten.")
    value: str = strawberry.field(description="What it says.")


@strawberry.input(description="A label to take off.")
class RemoveTagInput:
    id: strawberry.ID = strawberry.field(description="What it is on.")
    key: str = strawberry.field(description="What the label is called.")
