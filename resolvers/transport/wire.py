"""Wire: one request over aiohttp, and what came back of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import aiohttp
from yarl import URL

from resolvers.errors import SourceTooLarge, UpstreamError, UpstreamPayloadError
from resolvers.transport import statuses
from resolvers.transport.cache import Seen
from resolvers.transport.coalesce import Took
from resolvers.transport.exchange import Request
from resolvers.transport.way import Way

NOT_MODIFIED = 304


@dataclass(slots=True)
class Answer:
    """What one try brought, as far as it came. date: by the upstream's clock, as it was written."""

    status: int | None = None
    body: bytes = b""
    error: UpstreamError | None = None
    date: str | None = None
    etag: str | None = None
    is_given_up: bool = False  # nobody waits for it any more


async def asked(
    way: Way,
    request: Request,
    headers: Mapping[str, str],
    took: Took,
    seen: Seen,
    told: Callable[[], str],
    *,
    is_anew: bool = False,
) -> Answer:
    """Raises SourceTooLarge, UpstreamPayloadError, and what aiohttp raises. headers: those of the credential among
    them. told: the request in words, for errors. is_anew: not on a connection that was kept."""
    # encoded=True: balena's parser refuses syntax characters that a library would percent-encode.
    url = URL(way.base_url + request.target, encoded=True)
    etag = seen.entry.etag if seen.entry is not None else None
    known = {} if etag is None else {"If-None-Match": etag}
    async with way.transport.session(is_anew=is_anew).request(
        request.method,
        url,
        data=request.body,
        headers={**request.headers, **known, **headers},
        allow_redirects=False,
        timeout=way.limits,
    ) as response:
        status = response.status
        answer = Answer(status, date=response.headers.get("Date"), etag=response.headers.get("ETag"))
        if request.wants_location and status < 400:
            answer.body = _place(way, url, response, request)
        elif status == NOT_MODIFIED and seen.entry is not None and known:
            _take(way, took, len(seen.entry.body), request)
        elif status == 404 and request.missing_is_none:
            await _body(way, response, request, took)
        else:
            answer.body = await _body(way, response, request, took)
            if not 200 <= status < 300:
                after = response.headers.get("Retry-After")
                answer.error = statuses.error_of(way.source, status, told(), way.own_statuses, after, answer.date)
        return answer


def reason(failure: Exception) -> str:
    """Why there is no answer, without an address of ours."""
    if isinstance(failure, aiohttp.ClientPayloadError):
        return "the connection broke in the middle of the answer"
    if isinstance(failure, aiohttp.ClientConnectorError):
        return f"no connection to {failure.host}:{failure.port}"
    return "the connection failed"


def _place(way: Way, url: URL, response: aiohttp.ClientResponse, request: Request) -> bytes:
    """The address of a redirect. Whatever else came is not read: it may be the file itself."""
    given = response.headers.get("Location", "") if response.status >= 300 else ""
    try:
        # encoded=True: a signature counts on every character as it was sent.
        place = url.join(URL(given, encoded=True))
    except ValueError:
        place = URL()
    if not given or place.scheme not in ("http", "https"):
        raise UpstreamPayloadError(way.source, f"an answer that sends nowhere: {response.status} ({request})")
    return str(place).encode()


async def _body(way: Way, response: aiohttp.ClientResponse, request: Request, took: Took) -> bytes:
    parts: list[bytes] = []
    size = 0
    try:
        async for part in response.content.iter_any():
            size += len(part)
            if size > way.max_bytes:
                raise _too_large(way, request)
            _take(way, took, len(part), request)
            parts.append(part)
    except BaseException:
        # The error remembers this frame for as long as anybody remembers the error: not what was read so far.
        parts.clear()
        raise
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _take(way: Way, took: Took, size_bytes: int, request: Request) -> None:
    if not took(size_bytes):
        raise _too_large(way, request)


def _too_large(way: Way, request: Request) -> SourceTooLarge:
    return SourceTooLarge(way.source, f"more than {way.max_bytes >> 20} MiB for one list ({request})")
