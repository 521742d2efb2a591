"""Fleets: names and slugs, what they run, and the 404 only they answer."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from upstream_mocks.balena.errors import MUST_RUN_SUCCESS, RefusedError
from upstream_mocks.balena.odata.model import Row
from upstream_mocks.balena.rows.catalogue import add_actor
from upstream_mocks.balena.writes.bodies import Body
from upstream_mocks.balena.writes.context import Context, Hooks

_NAME = re.compile(r"[a-zA-Z0-9_-]+")
_HEX = re.compile(r"[0-9a-f]{32}")
_SERVER_MADE = ("actor",)


class ApplicationHooks(Hooks):
    def prepare(self, context: Context, body: Body, *, is_new: bool) -> Body:
        name = body.get("app_name")
        if is_new and name is None:
            raise RefusedError(400, "Missing application name")
        if name is not None and not _NAME.fullmatch(str(name)):
            raise RefusedError(400, "App name may only contain [a-zA-Z0-9_-].")
        body = {member: given for member, given in body.items() if member not in _SERVER_MADE}
        return {**body, **self._made(context, body)} if is_new else body

    def complete(self, context: Context, values: Row, body: Body, before: Row | None) -> Row:
        if before is None:
            default = next(iter(context.store.all("application_type")))["id"]
            actor = add_actor(context.store)
            values = {"application_type": default, **values, "actor": actor, "should_track_latest_release": True}
        elif values.get("is_for__device_type") is not None:
            _check_architecture(context, before, values["is_for__device_type"])
        return {**values, **self._slug(context, values, before)}

    def check(self, context: Context, row: Row) -> None:
        target = context.store.get("release", row["should_be_running__release"])
        if target is None:
            return
        if target["status"] != "success" or target["belongs_to__application"] != row["id"]:
            raise RefusedError(400, MUST_RUN_SUCCESS)

    def settled(self, context: Context, row: Row, body: Body, before: Row | None) -> None:
        if before is not None and before["organization"] == row["organization"]:
            return
        for access in list(context.store.by("user__has_direct_access_to__application", "application", row["id"])):
            context.store.remove("user__has_direct_access_to__application", access)
        for member in context.store.by("organization_membership", "is_member_of__organization", row["organization"]):
            access = {"user": member["user"], "application": row["id"], "created_at": context.now}
            context.store.add("user__has_direct_access_to__application", access)

    def _made(self, context: Context, body: Body) -> Body:
        """The uuid given, or a new one."""
        number = context.store.tables["application"].last_id + 1
        uuid = body.get("uuid") or context.world.uuid("balena", "new fleet", number).replace("-", "")
        if not _HEX.fullmatch(str(uuid)) or UUID(hex=str(uuid)).version != 4:
            raise RefusedError(400, "Application UUID must be a 32 character long lower case UUID version 4.")
        return {"uuid": uuid}

    def _slug(self, context: Context, values: Row, before: Row | None) -> dict[str, Any]:
        """Handle and name in lower case; it follows both."""
        if before is not None and not {"app_name", "organization"} & {*values}:
            return {}
        after = {**(before or {}), **values}
        organization = context.store.get("organization", after.get("organization"))
        return {"slug": f"{organization['handle']}/{after['app_name']}".lower() if organization else ""}


def _check_architecture(context: Context, before: Row, device_type: int) -> None:
    kinds = [context.store.get("device_type", row_id) for row_id in (before["is_for__device_type"], device_type)]
    if None not in kinds and len({kind["is_of__cpu_architecture"] for kind in kinds if kind}) > 1:
        sentence = "The new default device type should be of the same cpu architecture as the previous one."
        raise RefusedError(400, sentence)
