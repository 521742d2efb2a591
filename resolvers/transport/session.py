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
from functools import cached_property
from types import TracebackType
from urllib.parse import urlencode

import aiohttp
from msgspec import structs
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
from resolvers.transport import allowance, attempt, deadline, departure, freshness, passed, plan, spending, statuses
from resolvers.transport.breaker import Circuit
from resolvers.transport.budget import Budget
from resolvers.transport.cache import NOTHING, Seen
from resolvers.transport.clock import Clock
from resolvers.transport.coalesce import Took
from resolvers.transport.credentials import Credentials, FixedHeaders
from resolvers.transport.exchange import NO_HEADERS, Reply, Request
from resolvers.transport.guards import UNTOLD, Guard, Guards, Telling
from resolvers.transport.limit import Limit
from resolvers.transport.observe import CANCELLED, Begin, Cache, Call, Observe, unobserved, unwatched
from resolvers.transport.recall import FORGETFUL, Asker, Policy, Recall

MAX_BYTES = 64 * 1024 * 1024
KEPT_IDLE_S = 4
CONNECT_TIMEOUT_S = 3.0
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
    sources that have none of their own. telling: told of what guards hold back.
    """

    def __init__(
        self,
        observe: Observe = unobserved,
        recall: Recall | None = None,
        policy: Policy = FORGETFUL,
        begin: Begin = unwatched,
        telling: Telling = UNTOLD,
        clock: Clock | None = None,
    ):
        self.observe, self.begin, self.telling, self.clock = observe, begin, telling, clock or Clock()
        self.recall = recall or Recall()
        self.policy = policy
        self._dropping: set[asyncio.Task[bool]] = set()
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Transport:
        # Common servers close what was idle for five seconds: one taken up again in that moment fails a POST.
        self._session = _session(aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT_IDLE_S))
        # aiohttp sends a GET, PUT or DELETE again by itself when the connection breaks, and has no public word against
        # it: a fleet that was deleted would then be reported as not found, and no budget would count the reads.
        self._session._retry_connection = False
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.recall.close()
        if self._session is not None:
            await self._session.close()

    async def dropped(self, source: str) -> None:
        """Drops what is remembered, and is not stopped by whoever waits leaving."""
        task = asyncio.ensure_future(self.recall.drop(source))
        self._dropping.add(task)
        task.add_done_callback(self._dropping.discard)
        await asyncio.shield(task)

    def session(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("the transport is not open")
        return self._session


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
    timeout_s: float  # for one full answer, its tries and the waits between them included
    budget: Budget = field(default_factory=Budget)
    guards: Guards = field(default_factory=Guards)
    connect_timeout_s: float = CONNECT_TIMEOUT_S
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
        """Sent, and again while that may help and cannot harm."""
        one = _Try(self.guards.of(passed.to(self.source)))
        reply = await self._let_in(request, took, seen, one)
        self.guards.spared.called()
        while (wait_s := self._wait_s(request, reply, one)) is not None:
            if reply.call is not None:
                plan.observe(reply.call)
            await self.transport.clock.sleep(wait_s)
            one.number += 1
            again = await self._let_in(request, took, seen, one)
            # One that was held back says less than the one before, which is in the plan already.
            reply = again if again.call is not None else structs.replace(reply, call=None)
        return reply

    def _wait_s(self, request: Request, reply: Reply, one: _Try) -> float | None:
        """Before another try; None: there is none. What was not sent is not sent again."""
        if reply.error is None or reply.call is None or not request.is_repeatable:
            return None
        clock, guards = self.transport.clock, self.guards
        left_s = one.until - clock.now()
        wait_s = guards.retries.wait_s(reply.error, reply.status, one.number, left_s, clock.chance())
        return wait_s if wait_s is not None and guards.spared.take() else None

    async def _let_in(self, request: Request, took: Took, seen: Seen, one: _Try) -> Reply:
        """Sent once; a second time only when a 401 can be mended, since what was refused was not done."""
        try:
            sent = await self.credentials.headers()
            if not one.until:  # its time begins now: a login has its own
                self._begin(request, one)
            reply = await self._sent(request, sent, took, seen, one)
            if reply.status == 401 and await self.credentials.renewed(sent):
                if reply.call is not None:
                    plan.observe(reply.call)
                reply = await self._sent(request, await self.credentials.headers(), took, seen, one)
        except UpstreamError as error:  # no credentials, or it is to be left alone: nothing was sent
            return Reply(None, b"", error, None)
        # A token that one caller brought says nothing of what others are shown.
        if reply.status == 401 and passed.to(self.source) is None:
            await self.transport.recall.drop(self.source)
        return reply

    def _begin(self, request: Request, one: _Try) -> None:
        """Its time begins. Raises UpstreamTimeout when the request that asks has none left."""
        time_s, share_s = self.timeout_s, deadline.share_s()
        if share_s < time_s:
            time_s, one.is_short = share_s, True
        if time_s <= 0:
            raise deadline.late(self.source, str(request))
        one.until = self.transport.clock.now() + time_s

    async def _sent(self, request: Request, credentials: Mapping[str, str], took: Took, seen: Seen, one: _Try) -> Reply:
        """One try, observed whatever comes of it. Errors of the tree are in the reply. Raises what guards say."""
        clock, guard = self.transport.clock, one.guard
        at = clock.now()
        if wait_s := guard.turn_s(at, one.until - at):
            await clock.sleep(wait_s)
            at = clock.now()
        if guard.breaker.circuit is not Circuit.CLOSED:
            at = await guard.let_through(clock.now, one.until)
        if request.is_change:
            attempt.left()
        began, begun = time.perf_counter(), self.transport.begin(self.source, request.method, request.target)
        answer, had_turn = _Answer(), False
        try:
            with Limit(one.until - at):
                async with self.budget.slot():
                    had_turn = True
                    answer = await self._answer(request, {**credentials, **begun.headers}, took, seen, one)
        except asyncio.CancelledError:
            answer.is_given_up = True
            raise
        except UpstreamError as failure:
            answer.error = failure
        except aiohttp.ConnectionTimeoutError:
            message = f"no connection within {self.connect_timeout_s:g} s ({one.told(request)})"
            answer.error = UpstreamUnreachable(self.source, message)
        except TimeoutError:
            answer.error = self._late(request, one, had_turn=had_turn)
            # That the request had not the usual time for it says nothing of the source.
            had_turn = had_turn and not one.is_short
        except (aiohttp.ClientError, OSError) as failure:
            answer.error = UpstreamUnreachable(self.source, f"{_reason(failure)} ({one.told(request)})")
        finally:
            fault = answer.error if had_turn else None
            guard.ended(fault, was_answered=answer.status is not None, began=at, now=clock.now())
            milliseconds = (time.perf_counter() - began) * 1000
            call = self._call(request, answer, milliseconds, seen, one)
            begun.ended(call)
            self.transport.observe(call)
        if answer.status == NOT_MODIFIED and answer.error is None and seen.entry is not None:
            return Reply(seen.entry.status, seen.entry.body, None, call, seen.entry.etag)
        return Reply(answer.status, answer.body, answer.error, call, answer.etag)

    def _late(self, request: Request, one: _Try, *, had_turn: bool) -> UpstreamTimeout:
        if one.is_short:
            return deadline.late(self.source, one.told(request))
        busy = "" if had_turn else f", as its {self.budget.concurrency} calls at once were all under way"
        return UpstreamTimeout(self.source, f"no full answer within {self.timeout_s:g} s{busy} ({one.told(request)})")

    @cached_property
    def _limits(self) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(total=None, connect=self.connect_timeout_s)

    def _call(self, request: Request, answer: _Answer, milliseconds: float, seen: Seen, one: _Try) -> Call:
        code = CANCELLED if answer.is_given_up else None if answer.error is None else answer.error.code
        cache: Cache | None = None if seen.generation is None else "MISS"
        what = (self.source, request.method, request.target, answer.status, milliseconds, len(answer.body), code)
        return Call(*what, request.is_session, answer.date, cache, one.number > 1)

    async def _answer(
        self, request: Request, credentials: Mapping[str, str], took: Took, seen: Seen, one: _Try
    ) -> _Answer:
        # encoded=True: balena's parser refuses syntax characters that a library would percent-encode.
        url = URL(self.base_url + request.target, encoded=True)
        etag = seen.entry.etag if seen.entry is not None else None
        known = {} if etag is None else {"If-None-Match": etag}
        async with self.transport.session().request(
            request.method,
            url,
            data=request.body,
            headers={**request.headers, **known, **credentials},
            allow_redirects=False,
            timeout=self._limits,
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
                answer.error = self._error(response, request, one)
            return answer

    def _error(self, response: aiohttp.ClientResponse, request: Request, one: _Try) -> UpstreamError | None:
        if 200 <= response.status < 300:
            return None
        after, date = response.headers.get("Retry-After"), response.headers.get("Date")
        return statuses.error_of(self.source, response.status, one.told(request), self.own_statuses, after, date)

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
        parts: list[bytes] = []
        size = 0
        try:
            async for part in response.content.iter_any():
                size += len(part)
                if size > self.max_bytes:
                    raise self._too_large(request)
                self._take(took, len(part), request)
                parts.append(part)
        except BaseException:
            # The error remembers this frame for as long as anybody remembers the error: not what was read so far.
            parts.clear()
            raise
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _take(self, took: Took, size_bytes: int, request: Request) -> None:
        if not took(size_bytes):
            raise self._too_large(request)

    def _too_large(self, request: Request) -> SourceTooLarge:
        return SourceTooLarge(self.source, f"more than {self.max_bytes >> 20} MiB for one list ({request})")


@dataclass(slots=True)
class _Try:
    """The tries of one call. until: when its time is over, by the clock; 0 before it has begun. is_short: it has less
    than the source's `timeout_s`, since the request ends before."""

    guard: Guard
    number: int = 1
    until: float = 0.0
    is_short: bool = False

    def told(self, request: Request) -> str:
        return str(request) if self.number == 1 else f"{request}, {self.number} tries"


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
