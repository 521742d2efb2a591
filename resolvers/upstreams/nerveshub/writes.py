"""Changing NervesHub: a firmware to a group, a group on or off. Needs the role `manage`; less is 401 there."""

from __future__ import annotations

from collections.abc import Sequence

from resolvers import keys
from resolvers.errors import UpstreamError, UserMistake
from resolvers.graph.artifact import Artifact
from resolvers.graph.release import Release
from resolvers.upstreams.commands import Command, DeployRelease, UpdateCohort
from resolvers.upstreams.nerveshub.firmwares import Firmwares
from resolvers.upstreams.nerveshub.normalise import Product


async def perform(hub: Firmwares, command: Command) -> str:
    match command:
        case DeployRelease():
            return await deploy(hub, command)
        case UpdateCohort():
            return await update(hub, command)
        case _:
            raise NotImplementedError(f"not one of facts.operations: {command.operation.name}")


async def deploy(hub: Firmwares, command: DeployRelease) -> str:
    """Makes a release of the firmware in the group, which becomes its current one; gives the id of that deployment.

    A group that is off stays off. A server before March 2026 does not number what it made: it gives the group's id.
    """
    _check_inputs(command)
    product, group = _group(hub, command.cohort_id or "", "cohortId")
    firmware = _firmware(await _release(hub, command, product), command.artifact_id)
    # Nothing else goes along: with a firmware the server reads no other change.
    row = await hub.api.update_group(product, group, {"firmware": firmware})
    number = [row.current_release.number] if row.current_release else []
    return keys.join(*product, group, *number)


async def update(hub: Firmwares, command: UpdateCohort) -> str:
    """`state` takes any case; a text other than `on` would switch it off."""
    product, group = _group(hub, command.cohort_id, "id")
    await hub.api.update_group(product, group, {"state": "on" if command.is_active else "off"})
    return command.cohort_id


def _check_inputs(command: DeployRelease) -> None:
    """What would be ignored is refused: a caller who asks for a tenth of the devices must not get all of them."""
    foreign = {"stage": command.stage, "rolloutPercent": command.rollout_percent, "buildId": command.build_id}
    for field, value in foreign.items():
        if value is not None:
            raise UserMistake("INVALID", "NervesHub deploys to a whole group at once", ("input", field))
    if command.cohort_id is None:
        raise UserMistake("REQUIRED", "NervesHub deploys to a deployment group: name it", ("input", "cohortId"))
    if command.fleet_id is not None and not command.cohort_id.startswith(f"{command.fleet_id}/"):
        raise UserMistake("INVALID", "the cohort is of another fleet", ("input", "fleetId"))


def _group(hub: Firmwares, cohort_id: str, field: str) -> tuple[Product, str]:
    route = hub.route(cohort_id, 3)
    if route is None:
        raise UserMistake("NOT_FOUND", "there is no such deployment group", ("input", field))
    return route[0], route[1][0]


async def _release(hub: Firmwares, command: DeployRelease, product: Product) -> Release:
    """The version with its firmwares, of the group's own product."""
    if not command.release_id.startswith(f"{product.native_id}/"):
        raise UserMistake("INVALID", "the release is of another product than the cohort", ("input", "releaseId"))
    release = (await hub.releases_by_id([command.release_id])).get(command.release_id)
    if release is None:
        raise UserMistake("NOT_FOUND", "there is no firmware of this version", ("input", "releaseId"))
    if isinstance(release, UpstreamError):
        raise release
    return release


def _firmware(release: Release, artifact_id: str | None) -> str:
    """The uuid of the firmware that is meant: the one named, or the version's only one."""
    files: Sequence[Artifact] = release.artifacts_of() if release.artifacts_of else []
    if artifact_id is None and len(files) > 1:
        choice = "; ".join(file.name for file in files)
        raise UserMistake("REQUIRED", f"the version has several firmwares, name one: {choice}", ("input", "artifactId"))
    meant = [file for file in files if artifact_id in (None, file.native_id)]
    if not meant:
        raise UserMistake("INVALID", "it is not a firmware of this version", ("input", "artifactId"))
    *_, uuid = keys.split(meant[0].native_id, 3) or ("",)
    return uuid
