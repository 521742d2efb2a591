"""Tags: what a key may look like."""

from __future__ import annotations

import re

from upstream_mocks.balena.errors import RefusedError
from upstream_mocks.balena.writes.bodies import Body
from upstream_mocks.balena.writes.context import Context, Hooks

_RESERVED = ("io.resin.", "io.balena.")


class TagHooks(Hooks):
    def prepare(self, context: Context, body: Body, *, is_new: bool) -> Body:
        key = body.get("tag_key")
        if not isinstance(key, str):
            return body
        if re.search(r"\s", key):
            raise RefusedError(400, "Tag keys cannot contain whitespace.")
        for namespace in _RESERVED:
            if key.startswith(namespace):
                raise RefusedError(400, f"Tag keys beginning with {namespace} are reserved.")
        return body
