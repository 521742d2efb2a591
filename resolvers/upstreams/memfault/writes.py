"""Changing Memfault: releases made and deleted, deployments begun, widened and stopped.

What leaves the configured scope is refused before anything is sent.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import msgspec

from resolvers import keys
from resolvers.errors import UserMistake
from resolvers.upstreams import payload
from resolvers.upstreams.commands import (
    AbortDeployment,
    Command,
    CreateRelease,
    DeleteRelease,
    DeployRelease,
    UpdateDeployment,
)
from resolvers.upstreams.memfault.calls import Calls
from resolvers.upstreams.memfault.catalogue import Catalogue, route
from resolvers.upstreams.memfault.normalise import Project
from resolvers.upstreams.memfault.rows import DeploymentRow, RefusalEnvelope, RouteKey

STOPPED = frozenset({"pulled", "aborted"})
_MARKUP = re.compile(r"</?[a-zA-Z!][^>]*>|Traceback \(")


class Identified(msgspec.Struct):
    id: int


class Versioned(msgspec.Struct):
    version: RouteKey


class Writes:
    def __init__(self, calls: Calls, catalogue: Catalogue):
        self.calls, self.catalogue = calls, catalogue

    async def perform(self, command: Command) -> str:
        """Sent once. Gives the native id of the release or deployment."""
        match command:
            case CreateRelease():
                return await self._create_release(command)
            case DeleteRelease():
                return await self._delete_release(command)
            case DeployRelease():
                return await self._deploy(command)
            case UpdateDeployment():
                return await self._update_deployment(command)
            case AbortDeployment():
                return await self._abort(command)
        raise NotImplementedError(command.operation.name)

    async def _create_release(self, command: CreateRelease) -> str:
        _refuse_foreign(command, ("name", "pipeline"))
        project, _ = self._within(command.fleet_id, 2, "fleetId")
        given = {
            "version": command.version,
            "min_version": command.minimum_version,
            "revision": command.revision,
            "notes": command.notes,
            "extra_info": command.extra_info,
        }
        path = f"{route(project)}/releases"
        body = await self._send("POST", path, {name: value for name, value in given.items() if value is not None})
        return keys.join(*project, self.calls.decoded(f"POST {path}", body, Versioned).version)

    async def _delete_release(self, command: DeleteRelease) -> str:
        """Refused by Memfault while one of its deployments is not pulled."""
        project, version = self._within(command.release_id, 3, "id")
        await self._send("DELETE", f"{route(project)}/releases/{quote(version, safe='')}")
        return command.release_id

    async def _deploy(self, command: DeployRelease) -> str:
        """To all of a cohort, or with a percentage as a staged rollout."""
        project, version, slug = self._deployed(command)
        releases, cohorts, path = (f"{route(project)}/{part}" for part in ("releases", "cohorts", "deployments"))
        staged = {"type": "staged_rollout", "rollout_percent": command.rollout_percent}
        sent = {
            **({"type": "normal"} if command.rollout_percent is None else staged),
            "release": await self._named(releases, version, "releaseId"),
            "cohort": await self._named(cohorts, slug, "cohortId"),
        }
        body = await self._send("POST", path, sent)
        return keys.join(*project, self.calls.decoded(f"POST {path}", body, Identified).id)

    async def _update_deployment(self, command: UpdateDeployment) -> str:
        project, number = self._deployment(command.deployment_id)
        path = f"{route(project)}/deployments/{number}"
        await self._send("PATCH", path, {"rollout_percent": command.rollout_percent})
        return command.deployment_id

    async def _abort(self, command: AbortDeployment) -> str:
        """Memfault's word is DELETE, and its own tool sends it only for what is still active: so it is read first."""
        project, number = self._deployment(command.deployment_id)
        path = f"{route(project)}/deployments/{number}"
        row = await self.calls.find(path, DeploymentRow)
        if row is None:
            raise _missing("id")
        if row.status in STOPPED:
            raise UserMistake("CONFLICT", f"the deployment is {row.status} already", ("input", "id"))
        await self._send("DELETE", path)
        return command.deployment_id

    async def _send(self, method: str, path: str, body: dict[str, Any] | None = None) -> bytes:
        sent = None if body is None else msgspec.json.encode(body)
        return await self.calls.http.change(method, path, sent, explained)

    async def _named(self, path: str, key: str, field: str) -> str | int:
        """Memfault takes ids and route keys in one place: where a key could be read as an id, its id is sent."""
        if not key.isdecimal():
            return key
        row = await self.calls.find(f"{path}/{quote(key, safe='')}", Identified)
        if row is None:
            raise _missing(field)
        return row.id

    def _deployed(self, command: DeployRelease) -> tuple[Project, str, str]:
        """Project, version and cohort's slug."""
        _refuse_foreign(command, ("build_id", "artifact_id", "stage"))
        if command.cohort_id is None:
            raise UserMistake("REQUIRED", "Memfault deploys to a cohort: say which", ("input", "cohortId"))
        project, version = self._within(command.release_id, 3, "releaseId")
        other, slug = self._within(command.cohort_id, 3, "cohortId")
        if other != project:
            raise UserMistake("INVALID", "the cohort is of another project than the release", ("input", "cohortId"))
        if command.fleet_id not in (None, project.native_id):
            raise UserMistake("INVALID", "the release is not of that fleet", ("input", "fleetId"))
        return project, version, slug

    def _deployment(self, native_id: str) -> tuple[Project, int]:
        project, key = self._within(native_id, 3, "id")
        number = keys.integer(key)
        if not number:
            raise _missing("id")
        return project, number

    def _within(self, native_id: str, parts: int, field: str) -> tuple[Project, str]:
        """The project an object is in, and its route key. Raises UserMistake for what is outside the scope."""
        split = keys.split(native_id, parts)
        if split is None or not self.catalogue.has(project := Project(*split[:2])):
            raise _missing(field)
        return project, split[-1]


def explained(body: bytes) -> str | None:
    """Memfault's own sentence for a refusal; nothing that is no plain text."""
    try:
        message = msgspec.json.decode(body, type=RefusalEnvelope).error.message or ""
    except payload.UNREADABLE:
        return None
    return None if _MARKUP.search(message) else " ".join(message.split()) or None


def _missing(field: str) -> UserMistake:
    return UserMistake("NOT_FOUND", "there is no such object in reach", ("input", field))


def _refuse_foreign(command: Command, names: tuple[str, ...]) -> None:
    """Other vendors' facts: taken silently, they would be lost."""
    for name in names:
        if getattr(command, name) is not None:
            first, *rest = name.split("_")
            field = first + "".join(word.capitalize() for word in rest)
            raise UserMistake("INVALID", f"Memfault has no {name.replace('_', ' ')} here", ("input", field))
