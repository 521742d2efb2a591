"""Together: look-ups of one kind that come in the same moment leave as one call.

A loader does that for the keys of one operation; this does it for operations that run at the same time, so that a
gateway under load asks less often, and not more. A call leaves as soon as the process has nothing else to do: while it
has, whoever left earlier would be heard no sooner. So nobody waits for company where there is none. Only who asks by
the same credential for the same columns is put together.

The first to come makes the call; until it has its turn at the source others may join. Each gets the answer to what it
asked, as if it had asked by itself: its own rows, its own place in memory, its own size. What one of them alone may
have caused is no answer for the others: then each asks by itself, in the time that is left to it, which is a call more
than without company. Only a row that takes its source too long takes the time of those it came with.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Hashable, Sequence
from functools import partial

from msgspec import structs

from resolvers.errors import SourceTooLarge, UpstreamTimeout
from resolvers.transport import plan, spending
from resolvers.transport.cache import Seen
from resolvers.transport.coalesce import Took
from resolvers.transport.exchange import Choice, Reply, Request
from resolvers.transport.tries import Sent, Tries
from resolvers.transport.way import Way

OF_ALL = frozenset({401, 429})
"Statuses that come of the credential, or of how often was asked, and of no row."

MOST_WAIT_S = 0.002
"For company, while the process has other things to do."

ENOUGH = 0.1
"Of a source's time for an answer: with less nobody asks anew."

QUIET = 10
"A turn of the loop had nothing to do for anybody when it took less than so many times the shortest there was."

QUIET_TURNS = 2
"So many of them in a row are a lull: one alone may have been between two pieces of work."


class Together:
    """Of all sources of a process."""

    def __init__(self) -> None:
        self._gathering: dict[Hashable, _Company] = {}
        self._lull = _Lull()

    async def asked(self, way: Way, request: Request, choice: Choice, took: Took, seen: Seen) -> Reply:
        """As `Tries.reply`; choice: the request's."""
        key = (way.source, way.base_url, way.credentials.identity, choice.before, choice.after)
        member = _Member(way, request, choice, took, seen)
        company = self._gathering.get(key)
        if company is None or not company.has_room(choice):
            return await self._first(key, member)
        reply = await company.joined(member)
        if reply is None:
            return await member.alone()
        spending.give_back()
        return reply

    async def _first(self, key: Hashable, first: _Member) -> Reply:
        company = self._gathering[key] = _Company(first, partial(self._left, key))
        try:
            await self._lull.comes()
            return await company.led()
        finally:
            self._left(key, company)
            company.break_up()

    def _left(self, key: Hashable, company: _Company) -> None:
        if self._gathering.get(key) is company:
            del self._gathering[key]


class _Lull:
    """When the loop has nothing else to do: who leaves before that would only have to wait for us."""

    __slots__ = ("_shortest_s",)

    def __init__(self) -> None:
        self._shortest_s = MOST_WAIT_S

    async def comes(self) -> None:
        """At once where it is there, and in no case later than after MOST_WAIT_S."""
        quiet, began = 0, time.perf_counter()
        end = began + MOST_WAIT_S
        while quiet < QUIET_TURNS and began < end:
            await asyncio.sleep(0)
            now = time.perf_counter()
            turn_s, began = now - began, now
            self._shortest_s = min(self._shortest_s, turn_s)
            quiet = quiet + 1 if turn_s < QUIET * self._shortest_s else 0


class _Member:
    """One of those who ask. answer: of one that joined; None there says that it has to ask by itself."""

    __slots__ = ("answer", "choice", "request", "seen", "took", "until", "way")

    def __init__(self, way: Way, request: Request, choice: Choice, took: Took, seen: Seen):
        self.way, self.request, self.choice, self.took, self.seen = way, request, choice, took, seen
        self.until = way.transport.clock.now() + way.timeout_s
        self.answer: asyncio.Future[Reply | None] | None = None

    @property
    def has_time(self) -> bool:
        """Whether enough is left to ask by itself: one that joined late, where the first waited long for its turn."""
        return self.until - self.way.transport.clock.now() > self.way.timeout_s * ENOUGH

    async def alone(self) -> Reply:
        """After a call in company that told it nothing."""
        return await Tries(self.way, self.request, self.took, self.seen, until=self.until, number=2).reply()

    def told(self, reply: Reply, body: bytes, *, is_first: bool) -> Reply:
        """Its answer, and the call as it is in its plan."""
        error, call = reply.error, reply.call
        if error is None and not self.took(len(body)):
            error = SourceTooLarge(self.way.source, f"more than one list may read ({self.request})")
        if call is not None:
            call = structs.replace(call, path=self.request.target, size_bytes=len(body))
            if not is_first:
                call = structs.replace(call, cache="SHARED")
                self.way.transport.observe(call)
        return Reply(reply.status, body, error, call)


class _Company:
    """Those who ask together, the one who makes the call first. left: told once it has its turn."""

    __slots__ = ("_count", "_left", "members", "sent")

    def __init__(self, first: _Member, left: Callable[[_Company], None]):
        self.members, self._left = [first], left
        self._count = len(first.choice.ids)
        self.sent: Choice | None = None  # of all of them

    def has_room(self, choice: Choice) -> bool:
        return self._count + len(choice.ids) <= choice.most

    async def joined(self, member: _Member) -> Reply | None:
        """None: it has to ask by itself."""
        member.answer = asyncio.get_running_loop().create_future()
        self._count += len(member.choice.ids)
        self.members.append(member)
        return await member.answer

    async def led(self) -> Reply:
        """The one call, given out to the others; the answer of the first."""
        first = self.members[0]
        tries = Tries(first.way, first.request, first.took, first.seen, until=first.until, leaving=self.leave)
        reply = await tries.reply()
        if len(self.members) == 1:
            return reply
        own, *others = self._replies(reply)
        for member, answer in zip(self.members[1:], others, strict=True):
            if member.answer is not None and not member.answer.done():
                member.answer.set_result(answer)
        if own is not None:
            return own
        if reply.call is not None:
            plan.observe(structs.replace(reply.call, path=first.request.target))
        return await first.alone()

    def leave(self) -> Sent:
        """Nobody joins any more."""
        self._left(self)
        first = self.members[0]
        if len(self.members) == 1:
            return first.request, first.took, first.seen
        ids = dict.fromkeys(number for member in self.members for number in member.choice.ids)
        self.sent = structs.replace(first.choice, ids=tuple(ids))
        request = structs.replace(first.request, target=self.sent.target, choice=None)
        # Whose bytes come is not known before they are all there; the most that one answer may have holds.
        return request, _everything, Seen(None, first.seen.generation)

    def break_up(self) -> None:
        """Whoever has no answer by now asks by itself."""
        for member in self.members:
            if member.answer is not None and not member.answer.done():
                member.answer.set_result(None)

    def _replies(self, reply: Reply) -> list[Reply | None]:
        """What each gets; None: it has to ask by itself."""
        bodies: Sequence[bytes] | None = None
        if reply.error is None:
            assert self.sent is not None
            bodies = self.sent.split(reply.body, [member.choice.ids for member in self.members])
        elif reply.call is None or reply.status in OF_ALL:
            bodies = [b""] * len(self.members)
        elif isinstance(reply.error, UpstreamTimeout):
            return [None if member.has_time else self._told(member, reply, b"") for member in self.members]
        if bodies is None:
            return [None] * len(self.members)
        return [self._told(member, reply, body) for member, body in zip(self.members, bodies, strict=True)]

    def _told(self, member: _Member, reply: Reply, body: bytes) -> Reply:
        return member.told(reply, body, is_first=member is self.members[0])


def _everything(size_bytes: int) -> bool:
    return True
