"""Devices: identity, pins, and moves between fleets."""

from __future__ import annotations

import re

from upstream_mocks.balena.errors import MUST_PIN_SUCCESS, NO_FLEET, RefusedError
from upstream_mocks.balena.odata.model import Row
from upstream_mocks.balena.rows.catalogue import add_actor
from upstream_mocks.balena.writes.bodies import Body
from upstream_mocks.balena.writes.context import Context, Hooks

_UUID = re.compile(r"[a-f0-9]{32}([a-f0-9]{30})?")
_VARIANT = re.compile(r".*\((.+)\)")


class DeviceHooks(Hooks):
    def prepare(self, context: Context, body: Body, *, is_new: bool) -> Body:
        name = body.get("device_name")
        if isinstance(name, str) and re.search(r"[\r\n]", name):
            raise RefusedError(400, "Device name cannot contain any newline characters.")
        body = {member: given for member, given in body.items() if member != "actor"}
        if is_new:
            return {**body, **self._identity(context, body)}
        # A move leaves the pin of the old fleet behind, unless the same request sets one.
        moves = body.get("belongs_to__application") is not None and "is_pinned_on__release" not in body
        return {**body, "is_pinned_on__release": None} if moves else body

    def complete(self, context: Context, values: Row, body: Body, before: Row | None) -> Row:
        fleet = values.get("belongs_to__application")
        if fleet is not None and fleet not in context.view.own_fleets:
            raise RefusedError(404, NO_FLEET)
        if before is None:
            values = {**values, "actor": add_actor(context.store)}
        if values.get("os_version") is not None and values.get("os_variant") is None:
            found = _VARIANT.fullmatch(values["os_version"])
            values = {**values, "os_variant": found[1] if found else None}
        return values

    def check(self, context: Context, row: Row) -> None:
        pin = context.store.get("release", row["is_pinned_on__release"])
        if pin is None:
            return
        if pin["status"] != "success" or pin["belongs_to__application"] != row["belongs_to__application"]:
            raise RefusedError(400, MUST_PIN_SUCCESS)

    def settled(self, context: Context, row: Row, body: Body, before: Row | None) -> None:
        if before is None or before["belongs_to__application"] == row["belongs_to__application"]:
            return
        for install in list(context.store.by("image_install", "device", row["id"])):
            context.store.change("image_install", install, {"status": "deleted"})
        for install in list(context.store.by("service_install", "device", row["id"])):
            context.store.remove("service_install", install)

    def _identity(self, context: Context, body: Body) -> Body:
        number = context.store.tables["device"].last_id + 1
        if not isinstance(body.get("device_name", ""), str | None):
            raise RefusedError(400, "Device name must be a string if provided.")
        if not isinstance(body.get("uuid", ""), str | None):
            raise RefusedError(400, "Device UUID must be a string if provided.")
        uuid = body.get("uuid") or context.world.hex(32, "balena", "new device", number)
        if not _UUID.fullmatch(uuid):
            raise RefusedError(400, "Device UUID must be a 32 or 62 character long lower case hex string.")
        return {"uuid": uuid, "device_name": body.get("device_name") or f"new-device-{number}"}
