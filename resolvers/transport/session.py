"""Session: one aiohttp pool for the life of the app, and for each source its own way out through it.

Answers come back as bytes; a status outside 200-299 comes back as an error of the tree. Adapters map no status.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import TracebackType

import aiohttp
from yarl import URL

from resolvers.errors import SourceTooLarge, UpstreamError, UpstreamTimeout, UpstreamUnreachable
from resolvers.transport import allowance, statuses
from resolvers.transport.budget import Budget
from resolvers.transport.credentials import Credentials, FixedHeaders
from resolvers.transport.observe import Call, Observe, unobserved

MAX_BYTES = 64 * 1024 * 1024
USER_AGENT = "releasegraph"


class Transport:
    """The pool. Open it inside the running loop, close it with the app."""

    def __init__(self, observe: Observe = unobserved):
        self.observe = observe
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Transport:
        # No overall timeout here: each source has its own. No cookies: two credentials must not share a session.
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=None),
            cookie_jar=aiohttp.DummyCookieJar(),
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=60),
            headers={"User-Agent": USER_AGENT, "Accept": "application/json"},
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    @property
    def session(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("the transport is not open")
        return self._session


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

    async def post_form(self, target: str, form: Mapping[str, str]) -> bytes:
        """Body of a POST that only reads."""
        return await self._asked(_Request("POST", target, aiohttp.FormData(form), {}, False))

    async def post_json(self, target: str, body: bytes, *, is_session: bool = False) -> bytes:
        return await self._asked(_Request("POST", target, body, {"Content-Type": "application/json"}, is_session))

    async def _asked(self, request: _Request) -> bytes:
        sent = await self.credentials.headers()
        reply = await self._sent(request, sent)
        if reply.status == 401 and await self.credentials.renewed(sent):
            reply = await self._sent(request, await self.credentials.headers())
        if reply.error is not None:
            raise reply.error
        return reply.body

    async def _sent(self, request: _Request, credentials: Mapping[str, str]) -> _Reply:
        """One try, observed whatever comes of it. An error with a status is given back, one without is raised."""
        began = time.perf_counter()
        status, size, error = None, 0, None
        try:
            async with asyncio.timeout(self.timeout_s), self.budget.slot():
                reply = await self._answer(request, credentials)
            status, size, error = reply.status, len(reply.body), reply.error
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
            self.transport.observe(
                Call(self.source, request.method, request.target, status, milliseconds, size, code, request.is_session)
            )

    async def _answer(self, request: _Request, credentials: Mapping[str, str]) -> _Reply:
        # encoded=True: balena's parser refuses syntax characters that a library would percent-encode.
        url = URL(self.base_url + request.target, encoded=True)
        async with self.transport.session.request(
            request.method, url, data=request.body, headers={**request.headers, **credentials}, allow_redirects=False
        ) as response:
            body = await self._body(response, request)
            if 200 <= response.status < 300:
                return _Reply(response.status, body, None)
            if response.status == 404 and request.missing_is_none:
                return _Reply(404, b"", None)
            retry_after = response.headers.get("Retry-After")
            error = statuses.error_of(self.source, response.status, str(request), self.own_statuses, retry_after)
            return _Reply(response.status, body, error)

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

    def __str__(self) -> str:
        return f"{self.method} {self.target.partition('?')[0]}"


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    body: bytes
    error: UpstreamError | None


def _reason(failure: Exception) -> str:
    if isinstance(failure, aiohttp.ClientPayloadError):
        return "the connection broke in the middle of the answer"
    if isinstance(failure, aiohttp.ClientConnectorError):
        return f"no connection to {failure.host}:{failure.port}"
    return "the connection failed"
