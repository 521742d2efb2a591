"""Asked: an operation out of an HTTP request. What is off is named, with what would be accepted."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine, Generator, Mapping
from types import coroutine
from typing import Any

import orjson
from starlette.datastructures import QueryParams
from starlette.types import Receive

from gateway.access import csrf
from gateway.execution import manifest
from gateway.execution.executor import Operation
from gateway.settings import Server

HASH = re.compile(r"[0-9a-fA-F]{64}")


class NotAsked(Exception):  # says what the request is
    """A request that holds no operation we could run."""

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None, code: str = "BAD_REQUEST"):
        super().__init__(message)
        self.status, self.headers, self.code = status, headers or {}, code


async def from_post(headers: Mapping[str, str], receive: Receive, server: Server) -> Operation:
    """Raises NotAsked."""
    return _operation(await json_object(headers, receive, server))


async def json_object(headers: Mapping[str, str], receive: Receive, server: Server) -> dict[str, Any]:
    """The body of a POST that no page of elsewhere can have made a browser send. Raises NotAsked, also for one that is
    not complete in time."""
    if not csrf.is_json(headers):
        given = headers.get("content-type") or "none"
        raise NotAsked(415, f"Content-Type must be application/json, not {given}")
    return _object(await _in_time(_body(receive, server.max_body_bytes), server.body_timeout_s), "the body")


def from_get(headers: Mapping[str, str], query_string: bytes) -> Operation:
    """Raises NotAsked. variables and extensions are JSON texts."""
    if csrf.is_simple_get(headers):
        raise NotAsked(400, f"a GET needs one of these headers, with any value: {', '.join(csrf.HEADERS)}")
    given: dict[str, Any] = dict(QueryParams(query_string))
    for name in ("variables", "extensions"):
        if given.get(name):
            given[name] = _object(given[name].encode(), name)
    return _operation(given)


async def _in_time(reading: Coroutine[Any, Any, bytes], timeout_s: float) -> bytes:
    """What is read. A body mostly came with its head: nothing is set up to wait for what is there."""
    try:
        waited_for = reading.send(None)
    except StopIteration as whole:
        body: bytes = whole.value
        return body
    try:
        async with asyncio.timeout(timeout_s):
            return await _going_on(reading, waited_for)
    except TimeoutError:
        message = f"the body was not complete within {timeout_s:g} s"
        raise NotAsked(408, message, {"Connection": "close"}) from None


@coroutine
def _going_on(reading: Coroutine[Any, Any, bytes], waited_for: Any) -> Generator[Any, Any, bytes]:
    """`await reading` of one that has begun and waits."""
    try:
        while True:
            try:
                got = yield waited_for
            except BaseException as error:
                waited_for = reading.throw(error)
            else:
                waited_for = reading.send(got)
    except StopIteration as whole:
        body: bytes = whole.value
        return body


async def _body(receive: Receive, max_bytes: int) -> bytes:
    parts, size, is_whole = [], 0, False
    while not is_whole:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise NotAsked(400, "the client left before the body was complete")
        part = message.get("body", b"")
        size += len(part)
        if size > max_bytes:
            raise NotAsked(413, f"the body is over {max_bytes} bytes, the most this server takes")
        parts.append(part)
        is_whole = not message.get("more_body", False)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _object(text: bytes, what: str) -> dict[str, Any]:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise NotAsked(400, f"{what} is not valid JSON: {error}") from None
    if isinstance(value, list):
        raise NotAsked(400, f"{what} is a list; batches are not taken here: send one operation a request")
    if not isinstance(value, dict):
        raise NotAsked(400, f"{what} must be a JSON object")
    return value


def _operation(given: dict[str, Any]) -> Operation:
    text, name, variables = given.get("query"), given.get("operationName"), given.get("variables")
    sha256, document_id = _hash(given.get("extensions")), _document_id(given.get("documentId"))
    if text is None and (sha256 or document_id):
        text = ""
    elif not isinstance(text, str) or not text.strip():
        raise NotAsked(400, "query is missing: a GraphQL document as a string, or the name of one that is known here")
    elif sha256 is not None and manifest.digest(text) != sha256:
        raise NotAsked(400, "provided sha does not match query: sha256Hash should be that of the query's own text")
    if name is not None and not isinstance(name, str):
        raise NotAsked(400, "operationName must be a string or null")
    if variables is not None and not isinstance(variables, dict):
        raise NotAsked(400, "variables must be a JSON object or null")
    return Operation(text, name or None, variables or None, sha256, document_id)


def _hash(extensions: Any) -> str | None:
    """The hash of a persisted query in `extensions`, by Apollo's protocol."""
    if extensions is not None and not isinstance(extensions, dict):
        raise NotAsked(400, "extensions must be a JSON object or null")
    persisted = (extensions or {}).get("persistedQuery")
    if persisted is None:
        return None
    sha256 = persisted.get("sha256Hash") if isinstance(persisted, dict) else None
    if not isinstance(sha256, str) or persisted.get("version") != 1:
        raise NotAsked(400, "extensions.persistedQuery should have the version 1 and a sha256Hash")
    return sha256.lower() if HASH.fullmatch(sha256) else sha256


def _document_id(given: Any) -> str | None:
    if given is not None and not isinstance(given, str):
        raise NotAsked(400, "documentId must be a string or null")
    return given or None
