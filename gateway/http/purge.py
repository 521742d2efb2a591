"""Purge: `POST /_cache/purge`, by which an operator drops what is remembered of a source, a fleet, a release, or all.

What is remembered are answers as they came, and a fleet or a release may be in any list of its source: so naming one
drops all of its source. Rejected: looking for its id in what is remembered, since ids of most vendors are low numbers.
It changes nothing but what the next queries cost. Still it is not for everybody: where there are keys or a write token
it wants the scope write, else it takes callers of this machine alone, and none that a proxy passed on.
"""

from __future__ import annotations

import asyncio
from ipaddress import ip_address
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.access.authentication import refusal as refusal_of
from gateway.http import asked
from gateway.http.asked import NotAsked
from gateway.runtime import Runtime
from resolvers import keys
from resolvers.errors import Forbidden, InvalidKey, ReleasegraphError

BY_ID = {"fleet": "Fleet", "release": "Release"}
"What is named by its global id, with the type that the id has to be of."

TAKEN = '{"source": "<name>"}, {"fleet": "<id>"}, {"release": "<id>"}, or {} for all sources'

PASSED_ON = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
"Headers that say the caller is somebody else."


async def purge(request: Request) -> Response:
    """200 with the names that were purged; 202 when other workers will know later, since Redis cannot be reached."""
    runtime: Runtime = request.app.state.runtime
    try:
        if request.method != "POST":
            raise NotAsked(405, f"{request.method} is not taken here: send POST", {"Allow": "POST"})
        names = _names(runtime, await asked.json_object(request.headers, request.receive, runtime.settings.server))
        await _check(runtime, request, names)
    except NotAsked as refusal:
        return _refused(refusal.status, str(refusal), "BAD_REQUEST", refusal.headers)
    except ReleasegraphError as refusal:
        status, headers = refusal_of(refusal, was_sent="authorization" in request.headers)
        return _refused(status, str(refusal), refusal.code, headers)
    are_all_dropped = all(await asyncio.gather(*map(runtime.recall.drop, names)))
    if are_all_dropped:
        return JSONResponse({"purged": names})
    message = "the shared cache cannot be reached: this worker uses nothing of before, the others know once it is back"
    return JSONResponse({"purged": names, "message": message}, 202)


def _names(runtime: Runtime, given: dict[str, Any]) -> list[str]:
    """The sources to drop. Raises NotAsked."""
    known = runtime.sources.names
    unknown = [word for word in given if word != "source" and word not in BY_ID]
    if unknown:
        raise NotAsked(400, f"{unknown[0]!r} is not known here: send {TAKEN}")
    named = {word: value for word, value in given.items() if value is not None}
    if len(named) > 1:
        raise NotAsked(400, f"{' and '.join(named)} are too much for one purge: send {TAKEN}")
    if not named:
        return list(known)
    ((word, value),) = named.items()
    source = value if word == "source" else _source_of(word, value)
    if source not in known:
        raise NotAsked(400, f"{word} must be {'' if word == 'source' else 'of '}one of {', '.join(known)}")
    return [source]


def _source_of(word: str, given: Any) -> str:
    if not isinstance(given, str):
        raise NotAsked(400, f"{word} must be its id, a text")
    try:
        return keys.decode(given, BY_ID[word]).source
    except InvalidKey as error:
        raise NotAsked(400, f"{word}: {error}") from None


async def _check(runtime: Runtime, request: Request, names: list[str]) -> None:
    """Raises Unauthenticated, Forbidden or AuthenticationUnavailable."""
    security = runtime.settings.security
    if security.has_authentication or security.write_token is not None:
        caller = await runtime.authentication.caller(request.headers.get("authorization", ""))
        for name in names:
            caller.check("write", name)
    elif not _is_local(request):
        raise Forbidden("purging is for callers on this machine, or for the write token: none is configured")


def _is_local(request: Request) -> bool:
    if request.client is None or any(name in request.headers for name in PASSED_ON):
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _refused(status: int, message: str, code: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"errors": [{"message": message, "extensions": {"code": code}}]}, status, headers)
