"""Together: look-ups of one kind that come in the same moment leave as one call.

A loader does that for the keys of one operation; this does it for operations that run at the same time, so that a
gateway under load asks less often, and not more. A call leaves as soon as the process has nothing else to do: while it
has, whoever left earlier would be heard no sooner. So nobody waits for company where there is none. Only who asks by
the same credential for the same columns is put together.

The first to come makes the call, and each gets the answer to what it asked, as if it had asked by itself: its own rows,
its own place in memory, its own size. What one of them alone may have caused, such as an answer of 400 or 500, is no
answer for the others: then each asks by itself.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Hashable, Sequence

from msgspec import structs

from resolvers.errors import SourceTooLarge
from resolvers.transport import plan, spending
from resolvers.transport.cache import Seen
from resolvers.transport.coalesce import Took
from resolvers.transport.exchange import Choice, Reply, Request
from resolvers.transport.tries import Tries
from resolvers.transport.way import Way

OF_ALL = frozenset({None, 401, 403, 429, 502, 503, 504})
"Statuses of failures that come of no row that was asked for. None: there was no answer."

MOST_WAIT_S = 0.002
"For company, while the process has other things to do."

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
        company = self._gathering.get(key)
        if company is None or not company.has_room(choice):
            return await self._first(key, way, _Member(request, choice, took), seen)
        reply = await company.joined(_Member(request, choice, took))
        if reply is None:
            return await Tries(way, request, took, seen).reply()
        spending.give_back()
        return reply

    async def _first(self, key: Hashable, way: Way, first: _Member, seen: Seen) -> Reply:
        company = self._gathering[key] = _Company(first)
        try:
            await self._lull.comes()
            self._left(key, company)
            if len(company.members) == 1:
                return await Tries(way, first.request, first.took, seen).reply()
            return await _led(company, way, seen)
        finally:
            self._left(key, company)
            company.broke_up()

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

    __slots__ = ("answer", "choice", "request", "took")

    def __init__(self, request: Request, choice: Choice, took: Took):
        self.request, self.choice, self.took = request, choice, took
        self.answer: asyncio.Future[Reply | None] | None = None


class _Company:
    """Those who ask together, the one who makes the call first."""

    __slots__ = ("_count", "_most", "members")

    def __init__(self, first: _Member):
        self.members = [first]
        self._count, self._most = len(first.choice.ids), first.choice.most

    @property
    def choice(self) -> Choice:
        """Of all of them."""
        ids = dict.fromkeys(number for member in self.members for number in member.choice.ids)
        return structs.replace(self.members[0].choice, ids=tuple(ids))

    def has_room(self, choice: Choice) -> bool:
        return self._count + len(choice.ids) <= self._most

    async def joined(self, member: _Member) -> Reply | None:
        """None: it has to ask by itself."""
        member.answer = asyncio.get_running_loop().create_future()
        self._count += len(member.choice.ids)
        self.members.append(member)
        return await member.answer

    def broke_up(self) -> None:
        """Whoever has no answer by now asks by itself."""
        for member in self.members:
            if member.answer is not None and not member.answer.done():
                member.answer.set_result(None)


async def _led(company: _Company, way: Way, seen: Seen) -> Reply:
    """The one call, given out to the others; the answer of the first."""
    first, choice = company.members[0], company.choice
    request = structs.replace(first.request, target=choice.target, choice=None)
    # Whose bytes come is not known before they are all there; the most that one answer may have holds.
    reply = await Tries(way, request, _everything, Seen(None, seen.generation)).reply()
    replies = _replies(company.members, reply, choice, way)
    if replies is None:
        company.broke_up()
        if reply.call is not None:
            plan.observe(reply.call)
        return await Tries(way, first.request, first.took, seen).reply()
    for member, own in zip(company.members[1:], replies[1:], strict=True):
        if member.answer is not None and not member.answer.done():
            member.answer.set_result(own)
    return replies[0]


def _everything(size_bytes: int) -> bool:
    return True


def _replies(members: Sequence[_Member], reply: Reply, choice: Choice, way: Way) -> list[Reply] | None:
    """What each gets; None: each has to ask by itself."""
    if reply.error is not None:
        if reply.status not in OF_ALL:
            return None
        return [_told(member, reply, b"", way, is_first=member is members[0]) for member in members]
    bodies = choice.split(reply.body, [member.choice.ids for member in members])
    if bodies is None:
        return None
    return [
        _told(member, reply, body, way, is_first=member is members[0])
        for member, body in zip(members, bodies, strict=True)
    ]


def _told(member: _Member, reply: Reply, body: bytes, way: Way, *, is_first: bool) -> Reply:
    """The answer of one, and the call as it is in its plan."""
    error, call = reply.error, reply.call
    if error is None and not member.took(len(body)):
        error = SourceTooLarge(way.source, f"more than one list may read ({member.request})")
    if call is not None:
        call = structs.replace(call, path=member.request.target, size_bytes=len(body))
        if not is_first:
            call = structs.replace(call, cache="SHARED")
            way.transport.observe(call)
    return Reply(reply.status, body, error, call)
