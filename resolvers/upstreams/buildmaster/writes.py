"""Writes: releases made, cancelled and restored; builds deployed. Each looks first at what it is about: a key with the
grant reaches every application, ours are only those in scope.

BuildMaster refuses with 400 and a sentence, whatever the reason; 404 means that its version has no such call.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from resolvers.errors import UpstreamError, UpstreamRejected, UserMistake
from resolvers.graph.build import Build
from resolvers.graph.enums import ReleaseStatus
from resolvers.graph.fleet import Fleet
from resolvers.graph.native.buildmaster import BuildMasterRelease
from resolvers.graph.release import Release
from resolvers.upstreams import payload
from resolvers.upstreams.buildmaster.rows import Started
from resolvers.upstreams.commands import CancelRelease, Command, CreateRelease, DeployRelease, RestoreRelease
from resolvers.upstreams.port import Found

if TYPE_CHECKING:
    from resolvers.upstreams.buildmaster.client import BuildMaster

T = TypeVar("T")
ROOT = "/api/releases"
DEPLOY = f"{ROOT}/builds/deploy"
UNTAKEN = {
    CreateRelease: {
        "revision": "revision",
        "notes": "notes",
        "minimum_version": "minimumVersion",
        "extra_info": "extraInfo",
    },
    DeployRelease: {"cohort_id": "cohortId", "artifact_id": "artifactId", "rollout_percent": "rolloutPercent"},
}
"What other vendors take and BuildMaster does not: to drop it silently would be a promise not kept."


async def perform(bm: BuildMaster, command: Command) -> str:
    match command:
        case CreateRelease():
            return await _create(bm, command)
        case CancelRelease():
            return await _cancel(bm, command)
        case RestoreRelease():
            return await _restore(bm, command)
        case DeployRelease():
            return await _deploy(bm, command)
    raise NotImplementedError(f"not one of facts.operations: {command.operation.name}")


async def _create(bm: BuildMaster, command: CreateRelease) -> str:
    _refuse_untaken(command)
    form = {"releaseNumber": command.version, "pipelineName": command.pipeline, "releaseName": command.name}
    for field, name in (("version", "releaseNumber"), ("pipeline", "pipelineName")):
        if not form[name]:
            raise UserMistake("REQUIRED", f"BuildMaster wants a {field} for every release", ("input", field))
    fleet: Fleet = await _there(bm.fleets_by_id, command.fleet_id, "application", "fleetId")
    body = await _changed(bm, f"{ROOT}/create", {"applicationId": fleet.native_id, **form})
    return str(payload.decode(bm.http.source, f"POST {ROOT}/create", body, Started).id)


async def _cancel(bm: BuildMaster, command: CancelRelease) -> str:
    """The reason is taken, and no call gives it back."""
    release: Release = await _there(bm.releases_by_id, command.release_id, "release", "id")
    await _changed(bm, f"{ROOT}/cancel", {"releaseId": release.native_id, "reason": command.reason})
    return release.native_id


async def _restore(bm: BuildMaster, command: RestoreRelease) -> str:
    release: Release = await _there(bm.releases_by_id, command.release_id, "release", "id")
    if release.status is ReleaseStatus.DEPLOYED:  # BuildMaster itself would open it again, and say nothing
        raise UserMistake("REJECTED", "only a cancelled release is restored; this one is deployed")
    await _changed(bm, f"{ROOT}/restore", {"releaseId": release.native_id})
    return release.native_id


async def _deploy(bm: BuildMaster, command: DeployRelease) -> str:
    """Gives the id of the parent run: it is found by that id alone, lists show only the runs that did the work."""
    _refuse_untaken(command)
    release: Release = await _there(bm.releases_by_id, command.release_id, "release", "releaseId")
    if command.fleet_id not in (None, release.fleet_native_id):
        raise UserMistake("INVALID", "the release is of another application", ("input", "fleetId"))
    build_id = await _build_id(bm, release, command.build_id)
    body = await _changed(bm, DEPLOY, {"buildId": build_id, "toStage": command.stage})
    started = _started(bm.http.source, body)
    if started is None:
        message = "BuildMaster started nothing: there is no such stage, or nothing to run in it"
        raise UserMistake("REJECTED", message, ("input", "stage"))
    return str(started.id)


async def _build_id(bm: BuildMaster, release: Release, chosen: str | None) -> str:
    """The build that was chosen, if it is one of this release, else its latest."""
    if chosen is not None:
        build: Build = await _there(bm.builds_by_id, chosen, "build", "buildId")
        if release.native_id not in build.release_native_ids:
            raise UserMistake("INVALID", "the build is of another release", ("input", "buildId"))
        return chosen
    native = release.native_of()
    latest = native.latest_build_id if isinstance(native, BuildMasterRelease) else None
    if latest is None:
        raise UserMistake("REQUIRED", "the release has no build that could be deployed", ("input", "buildId"))
    return str(latest)


def _started(source: str, body: bytes) -> Started | None:
    """The run, alone as documented or in a list as one client reads it; None when nothing was started."""
    text = body.strip()
    if text.startswith(b"["):
        runs = payload.decode(source, f"POST {DEPLOY}", text, list[Started])
        return runs[0] if runs else None
    return payload.decode(source, f"POST {DEPLOY}", text, Started) if text not in (b"", b"null") else None


async def _there(look_up: Any, native_id: str, what: str, field: str) -> Any:
    """The object that is to be changed, in scope. Raises UserMistake when it is not there."""
    found: Found[Any] = await look_up([native_id])
    value = found.get(native_id)
    if isinstance(value, UpstreamError):
        raise value
    if value is None:
        raise UserMistake("NOT_FOUND", f"there is no such {what} here (any more)", ("input", field))
    return value


async def _changed(bm: BuildMaster, path: str, form: Mapping[str, str | None]) -> bytes:
    given = {name: value for name, value in form.items() if value}
    try:
        return await bm.http.change("POST", path, given, explain)
    except UserMistake as mistake:
        if mistake.kind != "NOT_FOUND":
            raise
        raise UpstreamRejected(bm.http.source, f"its version has no such call (POST {path})") from None


def _refuse_untaken(command: CreateRelease | DeployRelease) -> None:
    for attribute, field in UNTAKEN[type(command)].items():
        if getattr(command, attribute) is not None:
            raise UserMistake("INVALID", f"BuildMaster does not take `{field}`", ("input", field))


def explain(body: bytes) -> str | None:
    """The sentence of a refusal: plain text, never a page and never a stack trace."""
    text = body.decode(errors="replace").strip()
    lines = text.splitlines()
    is_trace = any(line.lstrip().startswith("at ") for line in lines[1:])
    return None if not text or text[0] in "<{[" or is_trace else lines[0]
