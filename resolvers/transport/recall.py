"""Recall: how a read is answered. From what is remembered, by a call that another began, or by one of its own.

    younger than ttl_s             what is remembered                                    HIT
    younger than ttl_s + stale_s   what is remembered, and asked anew behind             STALE
    older, or not there            asked; who asks the same meanwhile waits along        MISS, SHARED
    asked, and the source fails    what is remembered, up to stale_if_error_s old        STALE
    read before by this operation  the same again                                        SHARED

This is the one place that decides what may be remembered: good answers of reads that say nothing against it, never a
session's, never a signed link, and nothing at all for a change or for what is read in its course. A key holds all that
an answer depends on, whose credential it was asked with included, so that no answer crosses credentials.

A refusal ends trust: 401 drops all that is remembered of the source, and so does a 403 to what was answered before (a
403 alone may be the usual answer to what a key has no grant for). Only failures that say nothing about us are bridged
by old answers: no connection, no answer in time, 5xx, 429, and not being asked at all because of those.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

from msgspec import Struct, structs

from resolvers.errors import (
    SourceTooLarge,
    UpstreamBroken,
    UpstreamBusy,
    UpstreamCircuitOpen,
    UpstreamError,
    UpstreamPayloadError,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from resolvers.transport import allowance, deadline, freshness, once, passed, plan, spending
from resolvers.transport.allowance import UsedUp
from resolvers.transport.cache import NOTHING, Entry, Seen, Store
from resolvers.transport.coalesce import Flights, Took
from resolvers.transport.exchange import Reply, Request
from resolvers.transport.freshness import Age
from resolvers.transport.observe import Cache, Call, Observe
from resolvers.transport.once import Known

BRIDGED = (UpstreamUnreachable, UpstreamTimeout, UpstreamBroken, UpstreamBusy, UpstreamCircuitOpen)
JSON_ENDS = {ord("{"): ord("}"), ord("["): ord("]")}

Ask = Callable[[Request, Took, Seen], Awaitable[Reply]]
"Makes the call, knowing what is there already: an upstream that names its answers need not send one again."


@dataclass(frozen=True, slots=True)
class Policy:
    """Seconds. ttl_s: an answer serves unasked. stale_s: for so long after that too, while it is asked anew behind.
    stale_if_error_s: its age up to which it serves when the source fails."""

    ttl_s: float = 0
    stale_s: float = 0
    stale_if_error_s: float = 0

    @property
    def kept_s(self) -> float:
        """0: nothing is remembered."""
        return max(self.ttl_s + self.stale_s if self.ttl_s else 0, self.stale_if_error_s)

    def overridden(self, ttl_s: float | None, stale_s: float | None, stale_if_error_s: float | None) -> Policy:
        given = {"ttl_s": ttl_s, "stale_s": stale_s, "stale_if_error_s": stale_if_error_s}
        return replace(self, **{name: value for name, value in given.items() if value is not None})


FORGETFUL = Policy()


class Asker(Struct, frozen=True):
    """Who asks: a source, by one credential. identity: the same for the same account, and no secret."""

    source: str
    base_url: str
    identity: str
    policy: Policy = FORGETFUL


class Recall:
    """Of all sources of a process. store: None remembers nothing. key: of the hash that names entries; up to 64 bytes.
    clock: seconds since 1970."""

    def __init__(self, store: Store | None = None, key: bytes = b"", clock: Callable[[], float] = time.time):
        self._store, self._key, self._clock = store, key, clock
        self._flights: Flights[Reply] = Flights()
        self._versions: Counter[str] = Counter()
        self.revision = 0
        "Another one whenever anything is remembered no longer before its time."

    async def read(self, asker: Asker, request: Request, ask: Ask, observe: Observe) -> Reply:
        """An answer, or an error as a reply; also tells plan, list and observers how it came about."""
        reading = _Reading(self, asker, request, ask, observe, self._name(asker, request))
        return await reading.answered()

    async def drop(self, source: str) -> bool:
        """Whatever was read of the source until now answers nobody who asks from now on, and no call under way gets new
        waiters. False: other workers will know later, since the store cannot be reached."""
        self._versions[source] += 1
        self.revision += 1
        return self._store is None or await self._store.drop(source)

    async def close(self) -> None:
        await self._flights.close()
        if self._store is not None:
            await self._store.close()

    def discard(self, name: bytes) -> None:
        self.revision += 1
        if self._store is not None:
            self._store.discard(name)

    def version(self, source: str) -> int:
        """Another one after each drop."""
        return self._versions[source]

    async def look(self, asker: Asker, name: bytes) -> Seen:
        if self._store is None or not asker.policy.kept_s:
            return NOTHING
        return await self._store.look(asker.source, name)

    def keep(self, asker: Asker, name: bytes, entry: Entry) -> None:
        if self._store is not None:
            self._store.keep(asker.source, name, entry, asker.policy.kept_s)

    def age_s(self, entry: Entry) -> float:
        # Clocks of machines differ a little: an answer out of the future is a new one.
        return max(0.0, self._clock() - entry.fetched_at)

    def now(self) -> float:
        return self._clock()

    @property
    def flights(self) -> Flights[Reply]:
        return self._flights

    def flight_key(self, asker: Asker, name: bytes, seen: Seen) -> tuple[bytes, int, bytes | None]:
        """Who comes after a change, here or at another worker, must not get what was asked before it."""
        return name, self._versions[asker.source], seen.generation

    def _name(self, asker: Asker, request: Request) -> bytes:
        """All that an answer depends on, as a hash: neither a credential nor a path can be read out of it."""
        headers = [part for pair in sorted(request.headers.items()) for part in pair]
        facts = (asker.source, asker.base_url, asker.identity, request.method, request.target, *headers)
        texts = "\0".join((*facts, str(request.missing_is_none))).encode()
        hashed = blake2b(texts, digest_size=16, key=self._key)
        hashed.update(b"\0" + (request.body or b""))
        return hashed.digest()


@dataclass(slots=True)
class _Reading:
    recall: Recall
    asker: Asker
    request: Request
    ask: Ask
    observe: Observe
    name: bytes

    async def answered(self) -> Reply:
        own = once.current() if self.is_keepable else None
        key = self.name, self.recall.version(self.asker.source)
        known = None if own is None else own.find(key)
        if known is not None:
            return self._again(*known)
        reply, age = await self._answer()
        if own is not None and reply.error is None:
            own.keep(key, reply, age)
        return reply

    @property
    def is_keepable(self) -> bool:
        return self.request.may_be_kept and not self.request.is_session

    async def _answer(self) -> Known:
        policy = self.asker.policy
        seen = await self.recall.look(self.asker, self.name) if self.is_keepable else NOTHING
        if seen.entry is not None and policy.ttl_s:
            age_s = self.recall.age_s(seen.entry)
            if age_s < policy.ttl_s:
                return self._remembered(seen.entry, "HIT", is_stale=False)
            if age_s < policy.ttl_s + policy.stale_s:
                self.recall.flights.begin(self._flight_key(seen), self._call(seen))
                return self._remembered(seen.entry, "STALE", is_stale=False)
        reply = await self._asked(seen)
        if seen.entry is not None and self._bridges(seen.entry, reply.error):
            return self._remembered(seen.entry, "STALE", is_stale=True)
        return reply, None

    def _again(self, reply: Reply, age: Age | None) -> Reply:
        """What this operation has read before: as old as it was then."""
        began = time.perf_counter()
        if not allowance.take(len(reply.body)):
            return self._too_large("SHARED", len(reply.body), began)
        if age is None:
            freshness.was_asked(self.asker.source)
        else:
            freshness.came(self.asker.source, age)
        self._told("SHARED", reply.status, len(reply.body), began, None)
        return reply

    def _bridges(self, entry: Entry, error: UpstreamError | None) -> bool:
        return isinstance(error, BRIDGED) and self.recall.age_s(entry) <= self.asker.policy.stale_if_error_s

    async def _asked(self, seen: Seen) -> Reply:
        began = time.perf_counter()
        freshness.was_asked(self.asker.source)
        if not self.request.may_be_kept:
            freshness.passes()
        if deadline.left_s() <= 0:
            return Reply(None, b"", deadline.late(self.asker.source, str(self.request)), None)
        try:
            reply, is_shared = await self.recall.flights.join(self._flight_key(seen), self._call(seen))
        except UsedUp:
            return self._too_large("SHARED", 0, began)
        except deadline.Over as over:
            return self._late(over, seen, began)
        if is_shared:
            self._told("SHARED", reply.status, len(reply.body), began, reply.error)
        elif reply.call is not None:
            plan.observe(reply.call)
        self._readable(seen, None if is_shared else reply.call)
        return reply

    def _call(self, seen: Seen) -> Callable[[Took], Coroutine[Any, Any, Reply]]:
        version = self.recall.version(self.asker.source)

        async def call(took: Took) -> Reply:
            reply = await self.ask(self.request, took, seen)
            if isinstance(reply.error, UpstreamRefused) and seen.entry is not None:
                await self._refused()
            is_current = version == self.recall.version(self.asker.source)
            if seen.generation is not None and is_current and _is_good(reply):
                entry = Entry(seen.generation, self.recall.now(), reply.status or 0, reply.etag, reply.body)
                self.recall.keep(self.asker, self.name, entry)
            return reply

        return call

    async def _refused(self) -> None:
        """What was let in before is no longer: nothing remembered is shown on. A caller's own credential costs the
        others nothing, whoever brings it."""
        if passed.to(self.asker.source) is None:
            await self.recall.drop(self.asker.source)
        else:
            self.recall.discard(self.name)

    def _remembered(self, entry: Entry, how: Cache, *, is_stale: bool) -> Known:
        began, size_bytes, age = time.perf_counter(), len(entry.body), Age(entry.fetched_at, is_stale)
        if not allowance.take(size_bytes):
            return self._too_large(how, size_bytes, began), None
        freshness.came(self.asker.source, age)
        call = self._told(how, entry.status, size_bytes, began, None)
        self._readable(Seen(entry, entry.generation))
        return Reply(entry.status, entry.body, None, call, entry.etag), age

    def _too_large(self, how: Cache, size_bytes: int, began: float) -> Reply:
        error = SourceTooLarge(self.asker.source, f"more than one list may read ({self.request})")
        return Reply(None, b"", error, self._told(how, None, size_bytes, began, error))

    def _late(self, over: deadline.Over, seen: Seen, began: float) -> Reply:
        """The time of this request is up. If it was its own call, that is observed as one nobody waited for any more,
        unless others do."""
        error = deadline.late(self.asker.source, str(self.request))
        if over.is_shared:
            return Reply(None, b"", error, self._told("SHARED", None, 0, began, error))
        cache: Cache | None = None if seen.generation is None else "MISS"
        what = (self.asker.source, self.request.method, self.request.target, None)
        milliseconds = (time.perf_counter() - began) * 1000
        plan.observe(Call(*what, milliseconds, 0, error.code, self.request.is_session, None, cache))
        return Reply(None, b"", error, None)

    def _told(self, how: Cache, status: int | None, size_bytes: int, began: float, error: UpstreamError | None) -> Call:
        """A call that was not made, since its answer was there or on its way."""
        request, milliseconds = self.request, (time.perf_counter() - began) * 1000
        if how != "STALE" and not request.is_session:  # what is stale was asked for anew, behind or in vain
            spending.give_back()
        code = None if error is None else error.code
        what = (self.asker.source, request.method, request.target)
        call = Call(*what, status, milliseconds, size_bytes, code, request.is_session, None, how)
        self.observe(call)
        plan.observe(call)
        return call

    def _readable(self, seen: Seen, call: Call | None = None) -> None:
        """Whoever reads the answer now may find that it is of no use. call: that brought it, of who made it."""
        _last.set(_Last(self, call, is_kept=seen.generation is not None))

    def unreadable(self, call: Call | None, *, is_kept: bool) -> None:
        if is_kept:
            self.recall.discard(self.name)
        if call is not None:
            self.observe(structs.replace(call, error_code=UpstreamPayloadError.code, is_unreadable=True))

    def _flight_key(self, seen: Seen) -> tuple[bytes, int, bytes | None]:
        return self.recall.flight_key(self.asker, self.name, seen)


class _Last(Struct, frozen=True):
    reading: _Reading
    call: Call | None
    is_kept: bool


_last: ContextVar[_Last | None] = ContextVar("last_remembered", default=None)


def unreadable() -> None:
    """The answer this task got last has no known shape: it is remembered no longer, and told of whoever brought it."""
    last = _last.get()
    if last is not None:
        last.reading.unreadable(last.call, is_kept=last.is_kept)


def _is_good(reply: Reply) -> bool:
    """An answer with 200 may still be a proxy's page, or the half of a list."""
    if reply.error is not None or reply.status is None:
        return False
    body = reply.body.strip() if reply.body[-1:].isspace() or reply.body[:1].isspace() else reply.body
    return reply.status == 404 or (len(body) > 1 and JSON_ENDS.get(body[0]) == body[-1])
