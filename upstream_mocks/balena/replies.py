"""Replies on the wire: JSON with a weak ETag, empty ones, and the HTML of the framework below the API."""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

import brotli
import orjson
from starlette.responses import Response, StreamingResponse

_SMALLEST_COMPRESSED = 1024
_COMPRESS: Mapping[str, Callable[[bytes], bytes]] = {
    "br": lambda body: brotli.compress(body, quality=1),
    "gzip": lambda body: gzip.compress(body, compresslevel=1, mtime=0),
}
_ALWAYS = {"Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Error</title>
</head>
<body>
<pre>{}</pre>
</body>
</html>
"""


def json_reply(
    payload: Any, asked: Mapping[str, str], *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """The payload with its ETag; 304 without a body when a successful read is known to the caller."""
    body = orjson.dumps(payload)
    tag = _tag(body)
    known = {**_ALWAYS, **(headers or {}), "ETag": tag}
    if status == 200 and _is_known(tag, asked.get("if-none-match", "")):
        return Response(status_code=304, headers=known)
    coding = _coding(asked.get("accept-encoding", "")) if len(body) >= _SMALLEST_COMPRESSED else None
    if coding is not None:
        body, known = _COMPRESS[coding](body), {**known, "Content-Encoding": coding}
    return Response(body, status, {**known, "Content-Type": "application/json; charset=utf-8"})


def _coding(accepted: str) -> str | None:
    """The first we have of what is accepted; Brotli before gzip, as the server prefers it."""
    names = {part.partition(";")[0].strip() for part in accepted.split(",")}
    return next((name for name in _COMPRESS if name in names), None)


def empty(status: int, headers: Mapping[str, str] | None = None) -> Response:
    return Response(status_code=status, headers={**_ALWAYS, **(headers or {})})


def written() -> Response:
    """200 with nothing in it: no content type, no length, so the body is chunked."""
    return StreamingResponse(iter(()), headers=_ALWAYS)


def page(status: int, message: str) -> Response:
    return Response(_PAGE.format(escape(message)), status, media_type="text/html")


def _tag(body: bytes) -> str:
    """Length and digest, as Express makes it."""
    digest = base64.b64encode(hashlib.sha1(body, usedforsecurity=False).digest()).decode()
    return f'W/"{len(body):x}-{digest[:27]}"'


def _is_known(tag: str, offered: str) -> bool:
    tags = [one.strip().removeprefix("W/") for one in offered.split(",")]
    return "*" in tags or tag.removeprefix("W/") in tags
