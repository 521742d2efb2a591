"""Rewriting: the mocks behind someone who changes rows of their answers on the way.

What no vendor documents, and so no mock has a switch for, still has to come over the wire.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from resolvers.graph.enums import SourceKind

Rows = list[Any]
Change = Callable[[Rows], Rows]

PLACES: dict[tuple[SourceKind, str], str] = {
    (SourceKind.BALENA, "releases"): r"/v7/release\?",
    (SourceKind.BALENA, "fleets"): r"/v7/application\?",
    (SourceKind.BALENA, "artifacts"): r"/v7/(release|image|release_asset)\?",
    (SourceKind.BALENA, "deployments"): r"/v7/application\?",
    (SourceKind.BALENA, "devices"): r"/v7/device\?",
    (SourceKind.NERVESHUB, "releases"): r"/firmwares\?",
    (SourceKind.NERVESHUB, "fleets"): r"/api/orgs\?",
    (SourceKind.NERVESHUB, "artifacts"): r"/firmwares\?",
    (SourceKind.NERVESHUB, "cohorts"): r"/deployments\?",
    (SourceKind.NERVESHUB, "deployments"): r"/deployments\?",
    (SourceKind.NERVESHUB, "devices"): r"/devices\?",
    (SourceKind.MEMFAULT, "releases"): r"/releases\?",
    (SourceKind.MEMFAULT, "fleets"): r"/projects\?",
    (SourceKind.MEMFAULT, "artifacts"): r"/releases\?",
    (SourceKind.MEMFAULT, "cohorts"): r"/cohorts\?",
    (SourceKind.MEMFAULT, "deployments"): r"/deployments[/?]",
    (SourceKind.MEMFAULT, "devices"): r"/devices\?",
    (SourceKind.BUILDMASTER, "releases"): r"/api/releases\?",
    (SourceKind.BUILDMASTER, "fleets"): r"/api/applications/list",
    (SourceKind.BUILDMASTER, "artifacts"): r"/Artifacts_GetArtifacts",
    (SourceKind.BUILDMASTER, "builds"): r"/releases/builds\?",
    (SourceKind.BUILDMASTER, "deployments"): r"/builds/deployments\?",
    (SourceKind.METAKRAFTWERK, "releases"): r"/releases[/?]",
    (SourceKind.METAKRAFTWERK, "fleets"): r"/release_groups\?",
    (SourceKind.METAKRAFTWERK, "artifacts"): r"/builds[/?]",
    (SourceKind.METAKRAFTWERK, "builds"): r"/builds[/?]",
    (SourceKind.METAKRAFTWERK, "deployments"): r"/build_deployments\?",
}
"Paths on which the rows of each come, for `Rewriting.rules`."


class Rewriting:
    """rules: by a pattern that is looked for in the raw path with `?` and the query; the first found is applied."""

    url: str  # where it is served

    def __init__(self, inner: ASGIApp):
        self.inner = inner
        self.rules: dict[str, Change] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        change = self._change(scope)
        if change is None:
            return await self.inner(scope, receive, send)
        # Or some would pack what they say.
        headers = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        return await self.inner({**scope, "headers": headers}, receive, _Held(change, send))

    def _change(self, scope: Scope) -> Change | None:
        if scope["type"] != "http":
            return None
        path = f"{scope['raw_path'].decode()}?{scope['query_string'].decode()}"
        return next((change for pattern, change in self.rules.items() if re.search(pattern, path)), None)


class _Held:
    """`send`, holding an answer back until it is whole."""

    def __init__(self, change: Change, inner: Send):
        self.change, self.inner, self.body = change, inner, b""
        self.start: Message = {}

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.start = message
            return
        self.body += message.get("body", b"")
        if message.get("more_body"):
            return
        body = rewritten(self.body, self.change) if self.start["status"] < 300 else self.body
        headers = [(name, value) for name, value in self.start["headers"] if name.lower() != b"content-length"]
        await self.inner({**self.start, "headers": [*headers, (b"content-length", str(len(body)).encode())]})
        await self.inner({"type": "http.response.body", "body": body})


def rewritten(body: bytes, change: Change) -> bytes:
    """An answer with its rows changed, in whichever envelope they come; one row alone is a list of one."""
    answer = orjson.loads(body)
    for name in ("d", "data"):
        if isinstance(answer, dict) and name in answer:
            return orjson.dumps({**answer, name: _changed(answer[name], change)})
    return orjson.dumps(_changed(answer, change))


def _changed(rows: Any, change: Change) -> Any:
    return change(rows) if isinstance(rows, list) else change([rows])[-1]


def every(**members: Any) -> Change:
    """Every row with these members, whatever it said."""
    return lambda rows: [{**row, **members} for row in rows]


def after(*others: Any) -> Change:
    """Every row, after these."""
    return lambda rows: [*others, *rows]


def inside(name: str, change: Change) -> Change:
    """The rows below every row."""
    return lambda rows: [{**row, name: change(row[name])} if row.get(name) else row for row in rows]


def first(**members: Any) -> Change:
    """The first row with these members."""
    return lambda rows: [{**row, **members} if place == 0 else row for place, row in enumerate(rows)]
