"""Mutations: one field for each operation. Each names its objects, commands, and shows what is there afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Annotated, Any

import strawberry
from strawberry.utils.str_converters import to_camel_case

from resolvers import keys
from resolvers.errors import UserMistake
from resolvers.graph.changes import (
    UNTOUCHED,
    AbortDeploymentInput,
    CancelReleaseInput,
    CohortPayload,
    CreateFleetInput,
    CreateReleaseInput,
    DeleteFleetInput,
    DeletePayload,
    DeleteReleaseInput,
    DeploymentPayload,
    DeployReleaseInput,
    FleetPayload,
    PinFleetInput,
    ReleasePayload,
    RemoveTagInput,
    RestoreReleaseInput,
    SetTagInput,
    TagPayload,
    TrackLatestReleaseInput,
    UpdateCohortInput,
    UpdateDeploymentInput,
    UpdateReleaseInput,
)
from resolvers.graph.cohort import Cohort
from resolvers.graph.enums import ReleaseStatus, SourceOperation
from resolvers.graph.fleet import Fleet
from resolvers.graph.people import Tag
from resolvers.graph.questions import Question
from resolvers.graph.release import Release
from resolvers.loaders import Route
from resolvers.request import Request
from resolvers.upstreams import commands
from resolvers.upstreams.commands import Command
from resolvers.writing import (
    anything,
    check,
    existing,
    fleet_of,
    global_id,
    is_gone,
    mended,
    perform,
    read_again,
    same_source,
)

Info = strawberry.Info[Request, None]


def takes(what: str) -> Any:
    return strawberry.argument(description=what)


TAGGED = {
    "Release": Question.TAGS_OF_RELEASE,
    "Fleet": Question.TAGS_OF_FLEET,
    "Device": Question.TAGS_OF_DEVICE,
}
"What can carry a label, and how its labels are read."


async def _fleet(
    request: Request, source: str, command: Command, is_done: Callable[[Fleet | None], bool] = bool
) -> FleetPayload:
    written = await perform(request, source, command)
    return FleetPayload(fleet=await read_again(request, Question.FLEET, written, is_done))


async def _release(
    request: Request, source: str, command: Command, is_done: Callable[[Release | None], bool] = bool
) -> ReleasePayload:
    written = await perform(request, source, command)
    return ReleasePayload(release=await read_again(request, Question.RELEASE, written, is_done))


def _shows(changes: Mapping[str, Any]) -> Callable[[Release | None], bool]:
    """Whether a release read again shows the changes that its row can show."""

    def is_done(release: Release | None) -> bool:
        if release is None:
            return False
        invalid, draft = release.status is ReleaseStatus.INVALIDATED, release.status is ReleaseStatus.DRAFT
        return (
            ("notes" not in changes or (release.notes or None) == (changes["notes"] or None))
            and ("is_invalidated" not in changes or invalid is bool(changes["is_invalidated"]))
            and (not changes.get("is_final") or not draft)
        )

    return is_done


async def _deployment(request: Request, source: str, command: Command) -> DeploymentPayload:
    written = await perform(request, source, command)
    # A server of NervesHub that is older numbers no deployments: there is none to show.
    return DeploymentPayload(deployment=await read_again(request, Question.DEPLOYMENT, written, anything))


def _owner(request: Request, global_id: str) -> tuple[str, Route]:
    """Type and route of what a label is on."""
    type_name = keys.decode(global_id).type
    if type_name not in TAGGED:
        raise UserMistake("INVALID", f"labels go on {', '.join(TAGGED)}, not on a {type_name}", ("input", "id"))
    return type_name, request.route_of(global_id, type_name)


@strawberry.type(
    description="Changes at the sources. Each needs a writable source and a caller who may write, is followed by a "
    "read, and gives `userErrors` for what the caller can mend."
)
class Mutation:
    @strawberry.field(description="Makes a fleet (balena).")
    async def create_fleet(
        self, info: Info, input: Annotated[CreateFleetInput, takes("The new fleet.")]
    ) -> FleetPayload | None:
        async def change() -> FleetPayload:
            source, _ = info.context.route_to(input.source, "")
            command = commands.CreateFleet(input.name, input.organization, input.device_type)
            return await _fleet(info.context, source, command)

        return await mended(change, lambda errors: FleetPayload(user_errors=errors))

    @strawberry.field(description="Deletes a fleet with its releases and devices (balena).")
    async def delete_fleet(
        self, info: Info, input: Annotated[DeleteFleetInput, takes("Which fleet.")]
    ) -> DeletePayload | None:
        async def change() -> DeletePayload:
            route = await fleet_of(info.context, input.id, input.source, input.slug)
            check(info.context, route[0], SourceOperation.DELETE_FLEET)
            fleet = await existing(info.context, Question.FLEET, route, "id")
            if input.confirm_name != fleet.name:
                raise UserMistake("NOT_CONFIRMED", f"the fleet is called {fleet.name!r}", ("input", "confirmName"))
            written = await perform(info.context, route[0], commands.DeleteFleet(route[1]))
            await read_again(info.context, Question.FLEET, written, is_gone)
            return DeletePayload(deleted_id=strawberry.ID(global_id("Fleet", written)))

        return await mended(change, lambda errors: DeletePayload(user_errors=errors))

    @strawberry.field(description="Puts all devices of a fleet on one release (balena).")
    async def pin_fleet(
        self, info: Info, input: Annotated[PinFleetInput, takes("Which fleet, which release.")]
    ) -> FleetPayload | None:
        async def change() -> FleetPayload:
            route = await fleet_of(info.context, input.id, input.source, input.slug)
            check(info.context, route[0], SourceOperation.PIN_FLEET)
            release = info.context.route_of(input.release_id, "Release")
            release_id = same_source(route[0], release, "releaseId")

            def is_pinned(fleet: Fleet | None) -> bool:
                return fleet is not None and fleet.target_release_native_id == release_id

            return await _fleet(info.context, route[0], commands.PinFleet(route[1], release_id), is_pinned)

        return await mended(change, lambda errors: FleetPayload(user_errors=errors))

    @strawberry.field(description="Lets a fleet follow its newest release, or stops that (balena).")
    async def track_latest_release(
        self, info: Info, input: Annotated[TrackLatestReleaseInput, takes("Which fleet, on or off.")]
    ) -> FleetPayload | None:
        async def change() -> FleetPayload:
            route = await fleet_of(info.context, input.id, input.source, input.slug)
            command = commands.TrackLatestRelease(route[1], input.enabled)

            def is_so(fleet: Fleet | None) -> bool:
                return fleet is not None and fleet.tracks_latest is input.enabled

            return await _fleet(info.context, route[0], command, is_so)

        return await mended(change, lambda errors: FleetPayload(user_errors=errors))

    @strawberry.field(description="Makes a release (Memfault, BuildMaster).")
    async def create_release(
        self, info: Info, input: Annotated[CreateReleaseInput, takes("The new release.")]
    ) -> ReleasePayload | None:
        async def change() -> ReleasePayload:
            source, fleet_id = info.context.route_of(input.fleet_id, "Fleet")
            given = {name: value for name, value in vars(input).items() if name != "fleet_id"}
            return await _release(info.context, source, commands.CreateRelease(fleet_id=fleet_id, **given))

        return await mended(change, lambda errors: ReleasePayload(user_errors=errors))

    @strawberry.field(description="Changes a release: notes, phase, validity, version, finality (balena).")
    async def update_release(
        self, info: Info, input: Annotated[UpdateReleaseInput, takes("Which release, what changes.")]
    ) -> ReleasePayload | None:
        async def change() -> ReleasePayload:
            source, release_id = info.context.route_of(input.id, "Release")
            given = {field.name: getattr(input, field.name) for field in fields(input) if field.name != "id"}
            changes = {name: value for name, value in given.items() if value is not UNTOUCHED}
            if not changes:
                names = ", ".join(map(to_camel_case, given))
                raise UserMistake("REQUIRED", f"nothing to change: give one of {names}", ("input",))
            return await _release(info.context, source, commands.UpdateRelease(release_id, changes), _shows(changes))

        return await mended(change, lambda errors: ReleasePayload(user_errors=errors))

    @strawberry.field(description="Deletes a release (balena, Memfault).")
    async def delete_release(
        self, info: Info, input: Annotated[DeleteReleaseInput, takes("Which release.")]
    ) -> DeletePayload | None:
        async def change() -> DeletePayload:
            route = info.context.route_of(input.id, "Release")
            check(info.context, route[0], SourceOperation.DELETE_RELEASE)
            release = await existing(info.context, Question.RELEASE, route, "id")
            if input.confirm_version != release.raw_version:
                message = f"the release's version is {release.raw_version!r}"
                raise UserMistake("NOT_CONFIRMED", message, ("input", "confirmVersion"))
            written = await perform(info.context, route[0], commands.DeleteRelease(route[1]))
            await read_again(info.context, Question.RELEASE, written, is_gone)
            return DeletePayload(deleted_id=strawberry.ID(global_id("Release", written)))

        return await mended(change, lambda errors: DeletePayload(user_errors=errors))

    @strawberry.field(description="Cancels a release (BuildMaster).")
    async def cancel_release(
        self, info: Info, input: Annotated[CancelReleaseInput, takes("Which release, why.")]
    ) -> ReleasePayload | None:
        async def change() -> ReleasePayload:
            source, release_id = info.context.route_of(input.id, "Release")
            command = commands.CancelRelease(release_id, input.reason)

            def is_cancelled(release: Release | None) -> bool:
                return release is not None and release.status is ReleaseStatus.CANCELLED

            return await _release(info.context, source, command, is_cancelled)

        return await mended(change, lambda errors: ReleasePayload(user_errors=errors))

    @strawberry.field(description="Takes a cancelled release up again (BuildMaster).")
    async def restore_release(
        self, info: Info, input: Annotated[RestoreReleaseInput, takes("Which release.")]
    ) -> ReleasePayload | None:
        async def change() -> ReleasePayload:
            source, release_id = info.context.route_of(input.id, "Release")

            def is_back(release: Release | None) -> bool:
                return release is not None and release.status is not ReleaseStatus.CANCELLED

            return await _release(info.context, source, commands.RestoreRelease(release_id), is_back)

        return await mended(change, lambda errors: ReleasePayload(user_errors=errors))

    @strawberry.field(description="Deploys a release to a fleet, a cohort or a stage.")
    async def deploy_release(
        self, info: Info, input: Annotated[DeployReleaseInput, takes("What, and to where.")]
    ) -> DeploymentPayload | None:
        async def change() -> DeploymentPayload:
            source, release_id = info.context.route_of(input.release_id, "Release")
            check(info.context, source, SourceOperation.DEPLOY_RELEASE)

            def within(global_id: str | None, type_name: str, field: str) -> str | None:
                if global_id is None:
                    return None
                return same_source(source, info.context.route_of(global_id, type_name), field)

            command = commands.DeployRelease(
                release_id,
                fleet_id=within(input.fleet_id, "Fleet", "fleetId"),
                cohort_id=within(input.cohort_id, "Cohort", "cohortId"),
                build_id=within(input.build_id, "Build", "buildId"),
                artifact_id=within(input.artifact_id, "Artifact", "artifactId"),
                stage=input.stage,
                rollout_percent=_percent(input.rollout_percent),
            )
            return await _deployment(info.context, source, command)

        return await mended(change, lambda errors: DeploymentPayload(user_errors=errors))

    @strawberry.field(description="Changes the share of a staged rollout (Memfault).")
    async def update_deployment(
        self, info: Info, input: Annotated[UpdateDeploymentInput, takes("Which deployment, which share.")]
    ) -> DeploymentPayload | None:
        async def change() -> DeploymentPayload:
            source, deployment_id = info.context.route_of(input.id, "Deployment")
            check(info.context, source, SourceOperation.UPDATE_DEPLOYMENT)
            percent = _percent(input.rollout_percent) or 0
            return await _deployment(info.context, source, commands.UpdateDeployment(deployment_id, percent))

        return await mended(change, lambda errors: DeploymentPayload(user_errors=errors))

    @strawberry.field(description="Stops a deployment (Memfault).")
    async def abort_deployment(
        self, info: Info, input: Annotated[AbortDeploymentInput, takes("Which deployment.")]
    ) -> DeploymentPayload | None:
        async def change() -> DeploymentPayload:
            source, deployment_id = info.context.route_of(input.id, "Deployment")
            return await _deployment(info.context, source, commands.AbortDeployment(deployment_id))

        return await mended(change, lambda errors: DeploymentPayload(user_errors=errors))

    @strawberry.field(description="Lets a cohort hand out updates, or pauses it (NervesHub).")
    async def update_cohort(
        self, info: Info, input: Annotated[UpdateCohortInput, takes("Which cohort, on or off.")]
    ) -> CohortPayload | None:
        async def change() -> CohortPayload:
            source, cohort_id = info.context.route_of(input.id, "Cohort")
            written = await perform(info.context, source, commands.UpdateCohort(cohort_id, input.is_active))

            def is_so(cohort: Cohort | None) -> bool:
                return cohort is not None and cohort.is_active is input.is_active

            return CohortPayload(cohort=await read_again(info.context, Question.COHORT, written, is_so))

        return await mended(change, lambda errors: CohortPayload(user_errors=errors))

    @strawberry.field(description="Puts a label on a release, a fleet or a device, or changes it (balena).")
    async def set_tag(self, info: Info, input: Annotated[SetTagInput, takes("The label.")]) -> TagPayload | None:
        async def change() -> TagPayload:
            type_name, (source, owner_id) = _owner(info.context, input.id)
            command = commands.SetTag(type_name, owner_id, input.key, input.value)
            written = await perform(info.context, source, command)

            def is_on(tags: Sequence[Tag] | None) -> bool:
                return any(tag.key == input.key and tag.value == input.value for tag in tags or ())

            tags = await read_again(info.context, TAGGED[type_name], written, is_on)
            return TagPayload(tag=next(tag for tag in tags if tag.key == input.key))

        return await mended(change, lambda errors: TagPayload(user_errors=errors))

    @strawberry.field(description="Takes a label off (balena); one that is not there is taken off already.")
    async def remove_tag(
        self, info: Info, input: Annotated[RemoveTagInput, takes("The label.")]
    ) -> DeletePayload | None:
        async def change() -> DeletePayload:
            type_name, (source, owner_id) = _owner(info.context, input.id)
            written = await perform(info.context, source, commands.RemoveTag(type_name, owner_id, input.key))

            def is_off(tags: Sequence[Tag] | None) -> bool:
                return not any(tag.key == input.key for tag in tags or ())

            await read_again(info.context, TAGGED[type_name], written, is_off)
            return DeletePayload(deleted_id=input.id)

        return await mended(change, lambda errors: DeletePayload(user_errors=errors))


def _percent(value: int | None) -> int | None:
    if value is not None and not 0 <= value <= 100:
        raise UserMistake("INVALID", f"a share is from 0 to 100, not {value}", ("input", "rolloutPercent"))
    return value
