"""Session: one aiohttp pool for the life of the app, and for each source its own way out through it.

Answers come back as bytes; a status outside 200-299 comes back as an error of the tree. Adapters map no status.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from types import TracebackType
from urllib.parse import urlencode

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
from resolvers.transport import allowance, attempt, departure, freshness, passed, plan, spending, statuses
from resolvers.transport.budget import Budget
from resolvers.transport.cache import NOTHING, Seen
from resolvers.transport.coalesce import Took
from resolvers.transport.credentials import Credentials, FixedHeaders
from resolvers.transport.exchange import NO_HEADERS, Reply, Request
from resolvers.transport.observe import CANCELLED, Begin, Cache, Call, Observe, unobserved, unwatched
from resolvers.transport.recall import FORGETFUL, Asker, Policy, Recall

MAX_BYTES = 64 * 1024 * 1024
KEPT_IDLE_S = 4
MAX_SENTENCE = 500
"Characters of an upstream's own words that a client is shown."

USER_AGENT = "releasegraph"
NOT_MODIFIED = 304
JSON: Mapping[str, str] = {"Content-Type": "application/json"}
FORM: Mapping[str, str] = {"Content-Type": "application/x-www-form-urlencoded"}
DOTS = re.compile(r"/(\.|%2[eE]){1,2}(/|$)")


class Transport:
    """The pool. Open it inside the running loop, close it with the app.

    recall: what is remembered of answers; unless given, nothing, and only calls under way are shared. policy: of
    sources that have none of their own.
    """

    def __init__(
        self,
        observe: Observe = unobserved,
        recall: Recall | None = None,
        policy: Policy = FORGETFUL,
        begin: Begin = unwatched,
    ):
        self.observe, self.begin = observe, begin
        self.recall = recall or Recall()
        self.policy = policy
        self._dropping: set[asyncio.Task[bool]] = set()
        self._reading: aiohttp.ClientSession | None = None
        self._changing: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Transport:
        # Common servers close what was idle for five seconds: one taken up again in that moment fails a POST.
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT_IDLE_S)
        self._reading, self._changing = _session(connector), _session(connector)
        # aiohttp sends a PUT or DELETE again by itself when the connection breaks, and has no public word against it:
        # a fleet that was deleted would then be reported as not found.
        self._changing._retry_connection = False
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.recall.close()
        for session in (self._reading, self._changing):
            if session is not None:
                await session.close()

    async def dropped(self, source: str) -> None:
        """Drops what is remembered, and is not stopped by whoever waits leaving."""
        task = asyncio.ensure_future(self.recall.drop(source))
        self._dropping.add(task)
        task.add_done_callback(self._dropping.discard)
        await asyncio.shield(task)

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
    policy: Policy = FORGETFUL
    credentials: Credentials = field(default_factory=lambda: FixedHeaders({}))
    own_statuses: statuses.Statuses = field(default_factory=dict)

    def signed(self, credentials: Credentials, own_statuses: statuses.Statuses = statuses.NONE) -> Http:
        return replace(self, credentials=credentials, own_statuses=own_statuses)

    async def get(
        self,
        target: str,
        *,
        is_session: bool = False,
        may_be_kept: bool = True,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> bytes:
        """Body of a GET. `target` is path and query, already encoded: it is sent as it is.

        may_be_kept: False for what must be asked for anew each time, such as signed links.
        """
        return await self._asked(
            Request("GET", target, headers=headers, is_session=is_session, may_be_kept=may_be_kept)
        )

    async def find(self, target: str) -> bytes | None:
        """Like `get` for one object: None when the upstream says 404."""
        return await self._asked(Request("GET", target, missing_is_none=True)) or None

    async def location(self, target: str) -> str | None:
        """Where a GET is sent on to, as an absolute address; None when the upstream says 404. Nothing is fetched there.

        Raises UpstreamPayloadError for an answer that is no redirect to the web.
        """
        request = Request("GET", target, missing_is_none=True, wants_location=True, is_read=False)
        return (await self._asked(request)).decode() or None

    async def post_form(self, target: str, form: Mapping[str, str]) -> bytes:
        """Body of a POST that only reads."""
        return await self._asked(Request("POST", target, urlencode(form).encode(), FORM))

    async def post_json(self, target: str, body: bytes, *, is_session: bool = False) -> bytes:
        """Body of a POST that only reads, or with `is_session` logs in."""
        return await self._asked(Request("POST", target, body, JSON, is_session, is_read=not is_session))

    async def change(
        self, method: str, target: str, body: bytes | Mapping[str, str] | None, explain: Callable[[bytes], str | None]
    ) -> bytes:
        """Body of a request that changes something: JSON bytes, or a form. Never repeated by us.

        Whatever is remembered of the source is dropped, also after a failure: nobody knows how far it came.
        Raises UserMistake for 400, 404, 409 and 422, in the words that `explain` finds in the reply's body.
        """
        sent, headers = (body, JSON) if isinstance(body, bytes) else (body and urlencode(body).encode(), body and FORM)
        request = Request(method, target, sent or None, headers or NO_HEADERS, is_change=True, is_read=False)
        self._refuse_dots(request)
        try:
            reply = await self._direct(request)
        finally:
            await self.transport.dropped(self.source)
        if reply.status is not None and 300 <= reply.status < 500:
            attempt.came_back()
        mistake = None if reply.status is None else statuses.mistake_of(reply.status)
        if mistake is not None:
            said = explain(reply.body) or f"{self.source} refused it ({reply.status})"
            raise UserMistake(mistake, said[:MAX_SENTENCE])
        if reply.error is not None:
            raise reply.error
        return reply.body

    def _refuse_dots(self, request: Request) -> None:
        """A server or a proxy may read `releases/..` as the object above: nothing is asked by such a name."""
        if DOTS.search(request.target.partition("?")[0]):
            raise UpstreamRejected(self.source, f"a name of dots alone cannot be asked for by path ({request})")

    async def _asked(self, request: Request) -> bytes:
        self._refuse_dots(request)
        if not request.is_session:
            spending.take(self.source)
        is_shared = request.is_read and not freshness.is_live_only()
        # What a session needs is asked for everyone: it goes on when the one who came first leaves.
        with nullcontext() if request.is_session else departure.waiting():
            reply = await (self._shared(request) if is_shared else self._direct(request))
        if reply.error is not None:
            raise reply.error
        return reply.body

    async def _shared(self, request: Request) -> Reply:
        asker = Asker(self.source, self.base_url, self.credentials.identity, self.policy)
        return await self.transport.recall.read(asker, request, self._tried, self.transport.observe)

    async def _direct(self, request: Request) -> Reply:
        """A call of its own, whoever asks the same."""
        freshness.was_asked(self.source)
        reply = await self._tried(request, allowance.take, NOTHING)
        if reply.call is not None:
            plan.observe(reply.call)
        return reply

    async def _tried(self, request: Request, took: Took, seen: Seen) -> Reply:
        """Sent once; a second time only when a 401 can be mended, since what was refused was not done."""
        try:
            sent = await self.credentials.headers()
            if request.is_change:
                attempt.left()
            reply = await self._sent(request, sent, took, seen)
            if reply.status == 401 and await self.credentials.renewed(sent):
                if reply.call is not None:
                    plan.observe(reply.call)
                reply = await self._sent(request, await self.credentials.headers(), took, seen)
        except UpstreamError as error:  # no credentials: nothing was sent
            return Reply(None, b"", error, None)
        # A token that one caller brought says nothing of what others are shown.
        if reply.status == 401 and passed.to(self.source) is None:
            await self.transport.recall.drop(self.source)
        return reply

    async def _sent(self, request: Request, credentials: Mapping[str, str], took: Took, seen: Seen) -> Reply:
        """One try, observed whatever comes of it. Errors of the tree are in the reply."""
        began, begun = time.perf_counter(), self.transport.begin(self.source, request.method, request.target)
        answer = _Answer()
        try:
            async with asyncio.timeout(self.timeout_s), self.budget.slot():
                answer = await self._answer(request, {**credentials, **begun.headers}, took, seen)
        except asyncio.CancelledError:
            answer.is_given_up = True
            raise
        except UpstreamError as failure:
            answer.error = failure
        except TimeoutError:
            answer.error = UpstreamTimeout(self.source, f"no full answer within {self.timeout_s:g} s ({request})")
        except (aiohttp.ClientError, OSError) as failure:
            answer.error = UpstreamUnreachable(self.source, f"{_reason(failure)} ({request})")
        finally:
            milliseconds = (time.perf_counter() - began) * 1000
            call = self._call(request, answer, milliseconds, seen)
            begun.ended(call)
            self.transport.observe(call)
        if answer.status == NOT_MODIFIED and answer.error is None and seen.entry is not None:
            return Reply(seen.entry.status, seen.entry.body, None, call, seen.entry.etag)
        return Reply(answer.status, answer.body, answer.error, call, answer.etag)

    def _call(self, request: Request, answer: _Answer, milliseconds: float, seen: Seen) -> Call:
        code = CANCELLED if answer.is_given_up else None if answer.error is None else answer.error.code
        cache: Cache | None = None if seen.generation is None else "MISS"
        what = (self.source, request.method, request.target, answer.status, milliseconds, len(answer.body), code)
        return Call(*what, request.is_session, answer.date, cache)

    async def _answer(self, request: Request, credentials: Mapping[str, str], took: Took, seen: Seen) -> _Answer:
        # encoded=True: balena's parser refuses syntax characters that a library would percent-encode.
        url = URL(self.base_url + request.target, encoded=True)
        etag = seen.entry.etag if seen.entry is not None else None
        known = {} if etag is None else {"If-None-Match": etag}
        async with self.transport.session(is_change=request.is_change).request(
            request.method,
            url,
            data=request.body,
            headers={**request.headers, **known, **credentials},
            allow_redirects=False,
        ) as response:
            status = response.status
            answer = _Answer(status, date=response.headers.get("Date"), etag=response.headers.get("ETag"))
            if request.wants_location and status < 400:
                answer.body = self._place(url, response, request)
            elif status == NOT_MODIFIED and seen.entry is not None and known:
                self._take(took, len(seen.entry.body), request)
            elif status == 404 and request.missing_is_none:
                await self._body(response, request, took)
            else:
                answer.body = await self._body(response, request, took)
                answer.error = self._error(request, response)
            return answer

    def _error(self, request: Request, response: aiohttp.ClientResponse) -> UpstreamError | None:
        if 200 <= response.status < 300:
            return None
        retry_after = response.headers.get("Retry-After")
        return statuses.error_of(self.source, response.status, str(request), self.own_statuses, retry_after)

    def _place(self, url: URL, response: aiohttp.ClientResponse, request: Request) -> bytes:
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

    async def _body(self, response: aiohttp.ClientResponse, request: Request, took: Took) -> bytes:
        parts, size = [], 0
        async for part in response.content.iter_any():
            size += len(part)
            if size > self.max_bytes:
                raise self._too_large(request)
            self._take(took, len(part), request)
            parts.append(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _take(self, took: Took, size_bytes: int, request: Request) -> None:
        if not took(size_bytes):
            raise self._too_large(request)

    def _too_large(self, request: Request) -> SourceTooLarge:
        return SourceTooLarge(self.source, f"more than {self.max_bytes >> 20} MiB for one list ({request})")


@dataclass(slots=True)
class _Answer:
    """What one try brought, as far as it came. date: by the upstream's clock, as it was written."""

    status: int | None = None
    body: bytes = b""
    error: UpstreamError | None = None
    date: str | None = None
    etag: str | None = None
    is_given_up: bool = False  # nobody waits for it any more


def _reason(failure: Exception) -> str:
    if isinstance(failure, aiohttp.ClientPayloadError):
        return "the connection broke in the middle of the answer"
    if isinstance(failure, aiohttp.ClientConnectorError):
        return f"no connection to {failure.host}:{failure.port}"
    return "the connection failed"
