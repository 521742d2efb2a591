"""Session: one aiohttp pool for the life of the app, and for each source its own way out through it.

Answers come back as bytes; a status outside 200-299 comes back as an error of the tree. Adapters map no status.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import TracebackType

import aiohttp
from yarl import URL

from resolvers.errors import (
    SourceTooLarge,
    UpstreamError,
    UpstreamPayloadError,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnreachable,
    UserMistake,
)
from resolvers.transport import allowance, attempt, statuses
from resolvers.transport.budget import Budget
from resolvers.transport.credentials import Credentials, FixedHeaders
from resolvers.transport.observe import Call, Observe, unobserved

MAX_BYTES = 64 * 1024 * 1024
MAX_SENTENCE = 500
"Characters of an upstream's own words that a client is shown."

USER_AGENT = "releasegraph"
DOTS = re.compile(r"/(\.|%2[eE]){1,2}(/|$)")


class Transport:
    """The pool. Open it inside the running loop, close it with the app."""

    def __init__(self, observe: Observe = unobserved):
        self.observe = observe
        self._reading: aiohttp.ClientSession | None = None
        self._changing: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Transport:
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=60)
        self._reading, self._changing = _session(connector), _session(connector)
        # aiohttp sends a PUT or DELETE again by itself when the connection breaks, and has no public word against it:
        # a fleet that was deleted would then be reported as not found.
        self._changing._retry_connection = False
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None
    ) -> None:
        for session in (self._reading, self._changing):
            if session is not None:
                await session.close()

    def session(self, *, is_change: bool = False) -> aiohttp.ClientSession:
        session = self._changing if is_change else self._reading
        if session is None:
            raise RuntimeError("the transport is not open")
        return session


def _session(connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
    # No overall timeout here: each source has its own. No cookies: two credentials must not share a session.
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=None),
        cookie_jar=aiohttp.DummyCookieJar(),
        connector=connector,
        headers={"User-Agent": USER_AGENT, "Accept": "application/json"},
    )


@dataclass(frozen=True)
class Http:
    """One source's way out. `signed` gives the same way with that source's credentials and manners."""

    transport: Transport
    source: str
    base_url: str  # any path prefix is kept
    timeout_s: float
    budget: Budget = field(default_factory=Budget)
    max_bytes: int = MAX_BYTES
    credentials: Credentials = field(default_factory=lambda: FixedHeaders({}))
    own_statuses: statuses.Statuses = field(default_factory=dict)

    def signed(self, credentials: Credentials, own_statuses: statuses.Statuses = statuses.NONE) -> Http:
        return replace(self, credentials=credentials, own_statuses=own_statuses)

    async def get(self, target: str, *, is_session: bool = False, headers: Mapping[str, str] | None = None) -> bytes:
        """Body of a GET. `target` is path and query, already encoded: it is sent as it is."""
        return await self._asked(_Request("GET", target, None, dict(headers or {}), is_session))

    async def find(self, target: str) -> bytes | None:
        """Like `get` for one object: None when the upstream says 404."""
        return await self._asked(_Request("GET", target, None, {}, False, missing_is_none=True)) or None

    async def location(self, target: str) -> str | None:
        """Where a GET is sent on to, as an absolute address; None when the upstream says 404. Nothing is fetched there.

        Raises UpstreamPayloadError for an answer that is no redirect to the web.
        """
        return (await self._asked(_Request("GET", target, None, {}, False, True, wants_location=True))).decode() or None

    async def post_form(self, target: str, form: Mapping[str, str]) -> bytes:
        """Body of a POST that only reads."""
        return await self._asked(_Request("POST", target, aiohttp.FormData(form), {}, False))

    async def post_json(self, target: str, body: bytes, *, is_session: bool = False) -> bytes:
        return await self._asked(_Request("POST", target, body, {"Content-Type": "application/json"}, is_session))

    async def change(
        self, method: str, target: str, body: bytes | Mapping[str, str] | None, explain: Callable[[bytes], str | None]
    ) -> bytes:
        """Body of a request that changes something: JSON bytes, or a form. Never repeated by us.

        Raises UserMistake for 400, 404, 409 and 422, in the words that `explain` finds in the reply's body.
        """
        form = None if body is None or isinstance(body, bytes) else aiohttp.FormData(body)
        headers = {"Content-Type": "application/json"} if isinstance(body, bytes) else {}
        request = _Request(method, target, form or body, headers, False, is_change=True)  # type: ignore[arg-type]
        self._refuse_dots(request)
        reply = await self._tried(request)
        if 300 <= reply.status < 500:
            attempt.came_back()
        mistake = statuses.mistake_of(reply.status)
        if mistake is not None:
            said = explain(reply.body) or f"{self.source} refused it ({reply.status})"
            raise UserMistake(mistake, said[:MAX_SENTENCE])
        if reply.error is not None:
            raise reply.error
        return reply.body

    def _refuse_dots(self, request: _Request) -> None:
        """A server or a proxy may read `releases/..` as the object above: nothing is asked by such a name."""
        if DOTS.search(request.target.partition("?")[0]):
            raise UpstreamRejected(self.source, f"a name of dots alone cannot be asked for by path ({request})")

    async def _asked(self, request: _Request) -> bytes:
        self._refuse_dots(request)
        reply = await self._tried(request)
        if reply.error is not None:
            raise reply.error
        return reply.body

    async def _tried(self, request: _Request) -> _Reply:
        """Sent once; a second time only when a 401 can be mended, since what was refused was not done."""
        sent = await self.credentials.headers()
        if request.is_change:
            attempt.left()
        reply = await self._sent(request, sent)
        if reply.status == 401 and await self.credentials.renewed(sent):
            reply = await self._sent(request, await self.credentials.headers())
        return reply

    async def _sent(self, request: _Request, credentials: Mapping[str, str]) -> _Reply:
        """One try, observed whatever comes of it. An error with a status is given back, one without is raised."""
        began = time.perf_counter()
        status, size, error, date = None, 0, None, None
        try:
            async with asyncio.timeout(self.timeout_s), self.budget.slot():
                reply = await self._answer(request, credentials)
            status, size, error, date = reply.status, len(reply.body), reply.error, reply.date
            return reply
        except UpstreamError as failure:
            error = failure
            raise
        except TimeoutError:
            error = UpstreamTimeout(self.source, f"no full answer within {self.timeout_s:g} s ({request})")
            raise error from None
        except (aiohttp.ClientError, OSError) as failure:
            error = UpstreamUnreachable(self.source, f"{_reason(failure)} ({request})")
            raise error from None
        finally:
            milliseconds = (time.perf_counter() - began) * 1000
            code = None if error is None else error.code
            what = (self.source, request.method, request.target)
            self.transport.observe(Call(*what, status, milliseconds, size, code, request.is_session, date))

    async def _answer(self, request: _Request, credentials: Mapping[str, str]) -> _Reply:
        # encoded=True: balena's parser refuses syntax characters that a library would percent-encode.
        url = URL(self.base_url + request.target, encoded=True)
        async with self.transport.session(is_change=request.is_change).request(
            request.method, url, data=request.body, headers={**request.headers, **credentials}, allow_redirects=False
        ) as response:
            status, date = response.status, response.headers.get("Date")
            if request.wants_location and status < 400:
                return _Reply(status, self._place(url, response, request), None, date)
            body = await self._body(response, request)
            if 200 <= status < 300:
                return _Reply(status, body, None, date)
            if status == 404 and request.missing_is_none:
                return _Reply(404, b"", None, date)
            retry_after = response.headers.get("Retry-After")
            error = statuses.error_of(self.source, status, str(request), self.own_statuses, retry_after)
            return _Reply(status, body, error, date)

    def _place(self, url: URL, response: aiohttp.ClientResponse, request: _Request) -> bytes:
        """The address of a redirect. Whatever else came is not read: it may be the file itself."""
        given = response.headers.get("Location", "") if response.status >= 300 else ""
        try:
            # encoded=True: a signature counts on every character as it was sent.
            place = url.join(URL(given, encoded=True))
        except ValueError:
            place = URL()
        if not given or place.scheme not in ("http", "https"):
            raise UpstreamPayloadError(self.source, f"an answer that sends nowhere: {response.status} ({request})")
        return str(place).encode()

    async def _body(self, response: aiohttp.ClientResponse, request: _Request) -> bytes:
        parts, size = [], 0
        async for part in response.content.iter_any():
            size += len(part)
            if size > self.max_bytes or not allowance.take(len(part)):
                raise SourceTooLarge(self.source, f"more than {self.max_bytes >> 20} MiB for one list ({request})")
            parts.append(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    target: str
    body: bytes | aiohttp.FormData | None
    headers: dict[str, str]
    is_session: bool
    missing_is_none: bool = False
    wants_location: bool = False
    is_change: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.target.partition('?')[0]}"


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    body: bytes
    error: UpstreamError | None
    date: str | None  # of the answer, by the upstream's clock, as it was written


def _reason(failure: Exception) -> str:
    if isinstance(failure, aiohttp.ClientPayloadError):
        return "the connection broke in the middle of the answer"
    if isinstance(failure, aiohttp.ClientConnectorError):
        return f"no connection to {failure.host}:{failure.port}"
    return "the connection failed"
