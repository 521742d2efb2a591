"""Multipart: an answer in parts, each sent as soon as it is there, by the draft on incremental delivery over HTTP.

A part goes out with the boundary behind it, so that who reads it need not wait for the next to know that it is whole.
Not compressed: that would hold parts back. To a client of HTTP/1.0, which knows no body of unknown length, all of them
go out together at the end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson

from gateway.execution.executor import Answer
from gateway.http import media_types
from gateway.http.arrived import Arrived, Reply

BEGINNING = b"\r\n---"
PART = b"\r\nContent-Type: application/json; charset=utf-8\r\n\r\n%s\r\n---"
END = b"--\r\n"
# Proxies such as nginx keep back what they pass on, until they are told not to.
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class Multipart:
    """The reply to one request. timeout_s: for its client to take a part; else it is taken to have gone."""

    def __init__(self, request: Arrived, timeout_s: float, *, is_of_older_draft: bool):
        self._request, self._timeout_s = request, timeout_s
        self._is_at_once = request.scope.get("http_version") == "1.0"
        self._content_type = content_type(is_of_older_draft=is_of_older_draft)
        self._body: list[bytes] = []
        self.has_begun = False

    async def send(self, part: dict[str, Any]) -> None:
        """Raises TimeoutError."""
        self._body.append((b"" if self.has_begun else BEGINNING) + PART % orjson.dumps(part))
        is_last = not part["hasNext"]
        if is_last:
            self._body.append(END)
        if self._is_at_once:
            self.has_begun = True
            if is_last:
                await self._whole()
            return
        async with asyncio.timeout(self._timeout_s):
            if not self.has_begun:
                self.has_begun = True
                await self._head()
            body = b"".join(self._body)
            self._body.clear()
            await self._request.send({"type": "http.response.body", "body": body, "more_body": not is_last})

    async def _head(self) -> None:
        own = {name.lower().encode(): value.encode() for name, value in HEADERS.items()}
        headers = [(b"content-type", self._content_type), *own.items()]
        await self._request.send({"type": "http.response.start", "status": 200, "headers": headers})

    async def _whole(self) -> None:
        reply = Reply(200, HEADERS, self._content_type, b"".join(self._body))
        await reply(self._request.scope, self._request.receive, self._request.send)


def content_type(*, is_of_older_draft: bool = False) -> bytes:
    draft = b";deferSpec=20220824" if is_of_older_draft else b""
    return b'multipart/mixed;boundary="-"' + draft


def alone(status: int, headers: Mapping[str, str], answer: Answer) -> Reply:
    """An answer that is not divided, for who takes nothing but parts. What was refused is JSON all the same."""
    if not answer.was_executed:
        return Reply(status, headers, media_types.HEADERS[media_types.JSON], orjson.dumps(answer.body))
    body = BEGINNING + PART % orjson.dumps({**answer.body, "hasNext": False}) + END
    return Reply(status, {**headers, **HEADERS}, content_type(), body)
