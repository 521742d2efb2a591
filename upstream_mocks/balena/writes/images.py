"""Images: their place in the registry is the server's choice, and success means pushed."""

from __future__ import annotations

from upstream_mocks.balena.errors import SUCCESS_NEEDS_PUSH, RefusedError
from upstream_mocks.balena.odata.model import Row
from upstream_mocks.balena.rows.images import REGISTRY
from upstream_mocks.balena.writes.bodies import Body
from upstream_mocks.balena.writes.context import Context, Hooks

_LOCATION = "is_stored_at__image_location"


class ImageHooks(Hooks):
    def prepare(self, context: Context, body: Body, *, is_new: bool) -> Body:
        body = {member: given for member, given in body.items() if member != _LOCATION}
        if not is_new:
            return body
        number = context.store.tables["image"].last_id + 1
        return {**body, _LOCATION: f"{REGISTRY}/v2/{context.world.hex(32, 'balena', 'new image', number)}"}

    def check(self, context: Context, row: Row) -> None:
        if row["status"] == "success" and row["push_timestamp"] is None:
            raise RefusedError(400, SUCCESS_NEEDS_PUSH)
