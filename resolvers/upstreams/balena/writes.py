"""Writing: the commands balena has, each as one change after one look.

balena answers 200 to a PATCH or DELETE that hits nothing, and a token may write more than this source shows. So every
change is preceded by a read that finds its object among ours, and hits it by its id. Nothing is sent twice. Only what
is known to be writable is sent: computed columns would be dropped without a word.

Source: balena's API pages (v7); balena-sdk 23 for tracking and tags; open-balena-api 49 for its refusals.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from resolvers import keys
from resolvers.errors import UserMistake
from resolvers.upstreams import payload
from resolvers.upstreams.balena import filters, odata
from resolvers.upstreams.balena.asking import Asking
from resolvers.upstreams.balena.odata import Condition, Options
from resolvers.upstreams.balena.rows import HandleRow, IdRow, OwnedRow, TrackingRow, linked
from resolvers.upstreams.balena.updates import members_of
from resolvers.upstreams.commands import (
    Command,
    CreateFleet,
    DeleteFleet,
    DeleteRelease,
    DeployRelease,
    PinFleet,
    RemoveTag,
    SetTag,
    TrackLatestRelease,
    UpdateRelease,
)

R = TypeVar("R")
LONGEST_NAME = 164  # of a release's tag keys, the longest of all names that are looked for here

OWNERS = {"Release": "release", "Fleet": "application", "Device": "device"}
"What carries tags, as balena's resources: a tag's own resource is called `<owner>_tag`, its link `<owner>`."


async def perform(asking: Asking, command: Command) -> str:
    match command:
        case CreateFleet():
            return await _create_fleet(asking, command)
        case DeleteFleet():
            return await _delete(asking, "application", command.fleet_id)
        case PinFleet():
            release, fleet = await _release_of_fleet(asking, command.release_id, command.fleet_id, "releaseId")
            return (await _pinned(asking, fleet, release))[0]
        case TrackLatestRelease():
            return await _track(asking, command)
        case UpdateRelease():
            return await _update_release(asking, command)
        case DeleteRelease():
            return await _delete(asking, "release", command.release_id)
        case DeployRelease():
            return await _deploy(asking, command)
        case SetTag():
            return await _set_tag(asking, command)
        case RemoveTag():
            return await _remove_tag(asking, command)
    raise NotImplementedError(f"not one of facts.operations: {command.operation.name}")


async def _create_fleet(asking: Asking, command: CreateFleet) -> str:
    organization = _given(command.organization, "organization")
    device_type = _given(command.device_type, "deviceType")
    organization_id, device_type_id = await asyncio.gather(
        _organization(asking, organization), _device_type(asking, device_type)
    )
    members = {"app_name": command.name, "organization": organization_id, "is_for__device_type": device_type_id}
    body = await _change(asking, "POST", odata.collection("application"), members)
    return str(payload.decode(asking.source, "POST /v7/application", body, IdRow).id)


async def _organization(asking: Asking, text: str) -> int:
    """By number or handle. Raises UserMistake for one whose fleets this source does not show."""
    target = odata.url("organization", Options(("id", "handle"), _named("handle", text)))
    found = await _one(asking, target, HandleRow)
    if found is None:
        raise UserMistake("NOT_FOUND", f"no organization {text!r} that we can see", ("input", "organization"))
    allowed = asking.config.organizations
    if allowed and found.handle not in allowed:
        message = f"{asking.source} shows fleets of {', '.join(allowed)} only"
        raise UserMistake("INVALID", message, ("input", "organization"))
    return found.id


async def _device_type(asking: Asking, text: str) -> int:
    found = await _one(asking, odata.url("device_type", Options(("id",), _named("slug", text))), IdRow)
    if found is None:
        raise UserMistake("NOT_FOUND", f"no device type {text!r}", ("input", "deviceType"))
    return found.id


async def _track(asking: Asking, command: TrackLatestRelease) -> str:
    """Switching it on moves nothing by itself before the next release: the target is set along, as the SDK does."""
    where = _of_ours(asking, "application", _number(asking, "application", command.fleet_id, "id"))
    newest = Options(("id",), filters.USABLE, order_by=(("created_at", "desc"), ("id", "desc")), top=1)
    target = odata.url("application", Options(("id",), where, {"owns__release": newest}))
    fleet = await _one(asking, target, TrackingRow)
    if fleet is None:
        raise _not_ours(asking, "application", "id")
    members: dict[str, Any] = {"should_track_latest_release": command.enabled}
    if command.enabled and fleet.owns__release:
        members["should_be_running__release"] = fleet.owns__release[0].id
    await _change(asking, "PATCH", odata.chosen("application", key=fleet.id), members)
    return command.fleet_id


async def _update_release(asking: Asking, command: UpdateRelease) -> str:
    members = members_of(command.changes)
    number = await _ours(asking, "release", command.release_id, "id")
    await _change(asking, "PATCH", odata.chosen("release", key=number), members)
    return command.release_id


async def _deploy(asking: Asking, command: DeployRelease) -> str:
    """Pins the fleet. What else a deployment may be given elsewhere is refused: a share would become everybody."""
    others = {
        "cohortId": command.cohort_id,
        "buildId": command.build_id,
        "artifactId": command.artifact_id,
        "stage": command.stage,
        "rolloutPercent": command.rollout_percent,
    }
    unknown = next((name for name, given in others.items() if given is not None), None)
    if unknown is not None:
        message = "balena deploys a release to its whole fleet, and takes nothing else"
        raise UserMistake("INVALID", message, ("input", unknown))
    release, fleet = await _release_of_fleet(asking, command.release_id, command.fleet_id, "fleetId")
    return keys.join(*await _pinned(asking, fleet, release))


async def _pinned(asking: Asking, fleet: int, release: int) -> tuple[str, str]:
    members = {"should_be_running__release": release, "should_track_latest_release": False}
    await _change(asking, "PATCH", odata.chosen("application", key=fleet), members)
    return str(fleet), str(release)


async def _release_of_fleet(asking: Asking, release_id: str, fleet_id: str | None, field: str) -> tuple[int, int]:
    """A release of ours and its fleet, which has to be `fleet_id` when that is given."""
    where = _of_ours(asking, "release", _number(asking, "release", release_id, "releaseId"))
    target = odata.url("release", Options(("id", "belongs_to__application"), where))
    release = await _one(asking, target, OwnedRow)
    fleet = linked(release.belongs_to__application) if release else None
    if release is None or fleet is None:
        raise _not_ours(asking, "release", "releaseId")
    if fleet_id is not None and fleet_id != str(fleet):
        raise UserMistake("INVALID", "the release is of another fleet", ("input", field))
    return release.id, fleet


async def _set_tag(asking: Asking, command: SetTag) -> str:
    owner = OWNERS[command.owner_type]
    number = await _ours(asking, owner, command.owner_id, "id")
    members = {owner: number, "tag_key": command.key, "value": command.value}
    try:
        await _change(asking, "POST", odata.collection(f"{owner}_tag"), members)
    except UserMistake as mistake:
        if mistake.kind != "CONFLICT" or "unique" not in str(mistake):
            raise
        await _change(asking, "PATCH", _tag(owner, number, command.key), {"value": command.value})
    return command.owner_id


async def _remove_tag(asking: Asking, command: RemoveTag) -> str:
    owner = OWNERS[command.owner_type]
    _check_spoken(command.key, "key")
    number = await _ours(asking, owner, command.owner_id, "id")
    await _change(asking, "DELETE", _tag(owner, number, command.key))
    return command.owner_id


def _tag(owner: str, number: int, key: str) -> str:
    where = odata.every(odata.compare(owner, "eq", number), odata.compare("tag_key", "eq", key))
    return odata.chosen(f"{owner}_tag", where=where)


async def _delete(asking: Asking, resource: str, native_id: str) -> str:
    number = await _ours(asking, resource, native_id, "id")
    await _change(asking, "DELETE", odata.chosen(resource, key=number))
    return native_id


async def _ours(asking: Asking, resource: str, native_id: str, field: str) -> int:
    """The number of what is to be changed. Raises UserMistake when there is no such thing of ours."""
    number = _number(asking, resource, native_id, field)
    target = odata.url(resource, Options(("id",), _of_ours(asking, resource, number)))
    if await _one(asking, target, IdRow) is None:
        raise _not_ours(asking, resource, field)
    return number


def _number(asking: Asking, resource: str, native_id: str, field: str) -> int:
    number = keys.integer(native_id)
    if number is None:
        raise _not_ours(asking, resource, field)
    return number


async def _one(asking: Asking, target: str, row: type[R]) -> R | None:
    """The one row of a look. Raises UpstreamPayloadError when it does not fit: that is not its absence."""
    rows = await asking.rows(target, row)
    if rows.error is not None:
        raise rows.error
    return rows.rows[0] if rows.rows else None


def _of_ours(asking: Asking, resource: str, number: int) -> Condition:
    config = asking.config
    scope = filters.own(config) if resource == "application" else filters.of_ours(config, "belongs_to__application")
    return odata.every(scope, odata.one_of("id", [number]))


def _not_ours(asking: Asking, resource: str, field: str) -> UserMistake:
    word = {"application": "fleet"}.get(resource, resource)
    return UserMistake("NOT_FOUND", f"{asking.source} has no such {word} of ours", ("input", field))


def _named(name: str, text: str) -> Condition:
    """By numeric id, or by name."""
    number = keys.integer(text)
    return odata.compare(name, "eq", text) if number is None else odata.compare("id", "eq", number)


def _given(text: str | None, field: str) -> str:
    if not text:
        raise UserMistake("REQUIRED", f"balena needs to know the {field} of a new fleet", ("input", field))
    _check_spoken(text, field)
    return text


async def _change(asking: Asking, method: str, target: str, members: Mapping[str, Any] | None = None) -> bytes:
    for value in (members or {}).values():
        _check_text(value)
    body = None if members is None else msgspec.json.encode(members)
    return await asking.http.change(method, target, body, explained)


def _check_text(value: Any) -> None:
    """Raises UserMistake for a text no database of theirs can hold: balena would answer it with a 500."""
    if isinstance(value, str) and ("\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value)):
        raise UserMistake("INVALID", "a text holds a character that cannot be stored", ("input",))


def _check_spoken(text: str, field: str) -> None:
    """The same of a text that goes into a URL: no key, handle or slug is that long, and no front end takes more."""
    _check_text(text)
    if len(text) > LONGEST_NAME:
        raise UserMistake("INVALID", f"longer than {LONGEST_NAME} characters", ("input", field))


def explained(body: bytes) -> str | None:
    """balena's sentence: its refusals are JSON strings, nothing at all, or a page of HTML that is not for callers."""
    try:
        return msgspec.json.decode(body, type=str) or None
    except payload.UNREADABLE:
        return None
