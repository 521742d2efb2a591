"""Tries: one call of an upstream, with all that it takes to have an answer or a reason.

Sent once; again when the credential could be renewed, or when the failure is one that passes; not at all while the
source is left alone. Whatever comes of a try is observed. Errors of the tree are in the reply, never raised.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping

import aiohttp
from msgspec import structs

from resolvers.errors import UpstreamError, UpstreamTimeout, UpstreamUnreachable, untraced
from resolvers.transport import attempt, deadline, passed, plan, wire
from resolvers.transport.breaker import Circuit
from resolvers.transport.cache import Seen
from resolvers.transport.coalesce import Took
from resolvers.transport.exchange import Reply, Request
from resolvers.transport.guards import Guard
from resolvers.transport.limit import Limit
from resolvers.transport.observe import CANCELLED, Cache, Call
from resolvers.transport.way import Way
from resolvers.transport.wire import Answer

Sent = tuple[Request, Took, Seen]
Leaving = Callable[[], Sent]
"Asked once, when the first try has its turn: what is to be sent after all."


class Tries:
    """Of one request. took: told of what comes, see `coalesce`. seen: what is remembered already.

    until: when its time is over, by the clock; None: after the source's `timeout_s`. number: of its first try.
    """

    __slots__ = (
        "_guard", "_is_short", "_leaving", "_number", "_own", "_request", "_seen", "_took", "_until", "_way"
    )  # fmt: skip

    def __init__(
        self,
        way: Way,
        request: Request,
        took: Took,
        seen: Seen,
        *,
        until: float | None = None,
        number: int = 1,
        leaving: Leaving | None = None,
    ):
        self._way, self._request, self._took, self._seen = way, request, took, seen
        self._own, self._leaving = request, leaving
        self._guard = way.guards.of(passed.to(way.source))
        self._number = number
        self._until = until or 0.0  # 0 before its time has begun
        self._is_short = False  # it has less than the source's `timeout_s`, since the request ends before

    async def reply(self) -> Reply:
        """Sent, and again while that may help and cannot harm."""
        way = self._way
        reply = await self._let_in()
        way.guards.spared.called()
        while (wait_s := self._wait_s(reply)) is not None:
            self._observe(reply)
            await way.transport.clock.sleep(wait_s)
            self._number += 1
            again = await self._let_in()
            # One that was held back says less than the one before, which is in the plan already.
            reply = again if again.call is not None else structs.replace(reply, call=None)
        return reply

    def _observe(self, reply: Reply) -> None:
        """A try that is followed by another is in the plan of who asked, with nothing of what others asked along."""
        if reply.call is not None:
            plan.observe(structs.replace(reply.call, path=self._own.target))

    def _wait_s(self, reply: Reply) -> float | None:
        """Before another try; None: there is none. What was not sent is not sent again."""
        if reply.error is None or reply.call is None or not self._request.is_repeatable:
            return None
        clock, guards = self._way.transport.clock, self._way.guards
        left_s = self._until - clock.now()
        wait_s = guards.retries.wait_s(reply.error, reply.status, self._number, left_s, clock.chance())
        return wait_s if wait_s is not None and guards.spared.take() else None

    async def _let_in(self) -> Reply:
        """Sent once; a second time only when a 401 can be mended, since what was refused was not done."""
        try:
            credentials = self._way.credentials
            sent = await credentials.headers()
            if not self._until:  # its time begins now: a login has its own
                self._begin()
            reply = await self._sent(sent)
            if reply.status == 401 and await credentials.renewed(sent):
                self._observe(reply)
                reply = await self._sent(await credentials.headers())
        except UpstreamError as error:  # no credentials, or it is to be left alone: nothing was sent
            untraced(error)
            return Reply(None, b"", error, None)
        # A token that one caller brought says nothing of what others are shown.
        if reply.status == 401 and passed.to(self._way.source) is None:
            await self._way.transport.recall.drop(self._way.source)
        return reply

    def _begin(self) -> None:
        """Its time begins. Raises UpstreamTimeout when the request that asks has none left."""
        time_s, share_s = self._way.timeout_s, deadline.share_s()
        if share_s < time_s:
            time_s, self._is_short = share_s, True
        if time_s <= 0:
            raise deadline.late(self._way.source, str(self._request))
        self._until = self._way.transport.clock.now() + time_s

    async def _sent(self, credentials: Mapping[str, str]) -> Reply:
        """One try, observed whatever comes of it. Errors of the tree are in the reply. Raises what guards say."""
        way, request, guard = self._way, self._request, self._guard
        at = await self._turn(guard)
        if request.is_change:
            attempt.left()
        began, begun = time.perf_counter(), way.transport.begin(way.source, request.method, request.target)
        answer, had_turn = Answer(), False
        try:
            with Limit(self._until - at):
                async with way.budget.slot():
                    had_turn = True
                    if self._leaving is not None:
                        self._request, self._took, self._seen = self._leaving()
                        request, self._leaving = self._request, None
                    headers = {**credentials, **begun.headers}
                    what = (request, headers, self._took, self._seen, self._told)
                    # A change is not sent again: one lost to a connection that was closed would be unconfirmed.
                    answer = await wire.asked(way, *what, is_anew=request.is_change or self._number > 1)
        except asyncio.CancelledError:
            answer.is_given_up = True
            raise
        except UpstreamError as failure:
            untraced(failure)
            answer.error = failure
        except aiohttp.ConnectionTimeoutError:
            answer.error = self._unreachable(f"no connection within {way.connect_timeout_s:g} s")
        except TimeoutError:
            answer.error = self._late(had_turn=had_turn)
            # That the request had not the usual time for it says nothing of the source.
            had_turn = had_turn and not self._is_short
        except (aiohttp.ClientError, OSError) as failure:
            answer.error = self._unreachable(wire.reason(failure))
            untraced(failure)  # a connection that broke keeps it
        finally:
            fault = answer.error if had_turn else None
            guard.ended(fault, was_answered=answer.status is not None, began=at, now=way.transport.clock.now())
            milliseconds = (time.perf_counter() - began) * 1000
            call = self._call(answer, milliseconds)
            begun.ended(call)
            way.transport.observe(call)
        entry = self._seen.entry
        if answer.status == wire.NOT_MODIFIED and answer.error is None and entry is not None:
            return Reply(entry.status, entry.body, None, call, entry.etag)
        return Reply(answer.status, answer.body, answer.error, call, answer.etag)

    async def _turn(self, guard: Guard) -> float:
        """When it may go out, by the clock. Raises what the guard says."""
        clock = self._way.transport.clock
        at = clock.now()
        if wait_s := guard.turn_s(at, self._until - at):
            await clock.sleep(wait_s)
            at = clock.now()
        if guard.breaker.circuit is not Circuit.CLOSED:
            at = await guard.let_through(clock.now, self._until)
        return at

    def _unreachable(self, what: str) -> UpstreamUnreachable:
        return UpstreamUnreachable(self._way.source, f"{what} ({self._told()})")

    def _late(self, *, had_turn: bool) -> UpstreamTimeout:
        way = self._way
        if self._is_short:
            return deadline.late(way.source, self._told())
        busy = "" if had_turn else f", as its {way.budget.concurrency} calls at once were all under way"
        return UpstreamTimeout(way.source, f"no full answer within {way.timeout_s:g} s{busy} ({self._told()})")

    def _told(self) -> str:
        return str(self._request) if self._number == 1 else f"{self._request}, {self._number} tries"

    def _call(self, answer: Answer, milliseconds: float) -> Call:
        request = self._request
        code = CANCELLED if answer.is_given_up else None if answer.error is None else answer.error.code
        cache: Cache | None = None if self._seen.generation is None else "MISS"
        what = (self._way.source, request.method, request.target, answer.status, milliseconds, len(answer.body), code)
        return Call(*what, request.is_session, answer.date, cache, self._number > 1)
