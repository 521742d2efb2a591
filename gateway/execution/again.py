"""Again: a whole answer once more, for as long as everything it was made of may be shown without asking.

Where upstreams' answers are remembered, a query that comes again is answered by the same rows and the same text. So its
text is kept, until the first of the answers behind it would be asked for anew, and no longer than until anything of any
source is dropped, by a change, a purge or a refusal.

Not kept is what another request must not get or would get otherwise: answers with errors or without some source, with
anything stale or never to be kept (signed links), and those that show how and when sources answered. A key holds the
text, the variables, the sources that the caller may read, and whose credentials these are asked with, so that no answer
crosses from one to the other. Only in the memory of one process: beside a shared Redis, what another worker changed
would be missed.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
from msgspec import Struct

from gateway.execution.executor import Answer, Found, Operation
from resolvers.graph.enums import AnswerState
from resolvers.request import Request
from resolvers.transport.cache.bounded import Bounded

OVERHEAD_BYTES = 1500
"What an entry takes beside the texts of question and answer: its place, and what is known of its sources."

GOOD = frozenset({AnswerState.LIVE.value, AnswerState.CACHED.value, AnswerState.SKIPPED.value})

Key = tuple[Any, ...]


class Kept(Struct, frozen=True):
    """data: as JSON. until: when it may be shown no longer; fetched_at: of each source; both seconds since 1970."""

    data: bytes
    until: float
    revision: int
    fetched_at: Mapping[str, float]
    skipped: tuple[str, ...]
    size_bytes: int


class Again:
    """max_bytes: 0 keeps nothing. ttl_s: of each source. revision: another one whenever anything is dropped."""

    def __init__(
        self,
        max_bytes: int,
        ttl_s: Mapping[str, float],
        revision: Callable[[], int],
        clock: Callable[[], float] = time.time,
    ):
        self._is_off = not max_bytes
        self._ttl_s, self._revision, self._clock = ttl_s, revision, clock
        self._kept: Bounded[Key, Kept] = Bounded(max_bytes, lambda kept: kept.size_bytes)
        self.count = 0  # answers that were given once more

    @property
    def size_bytes(self) -> int:
        return self._kept.size_bytes

    async def answered(
        self, found: Found, asked: Operation, request: Request, run: Callable[[], Awaitable[Answer]]
    ) -> Answer:
        """What is kept, else what `run` gives, which is kept if it may be."""
        key = self._key(found, asked, request)
        if key is None:
            return await run()
        known = self._find(key)
        if known is not None:
            request.end()
            return known
        began, revision = self._clock(), self._revision()
        answer = await run()
        return self._noted(key, asked, answer, request, began, revision)

    def _key(self, found: Found, asked: Operation, request: Request) -> Key | None:
        """None for what is not kept."""
        if self._is_off or not found.prepared.is_lasting:
            return None
        try:
            variables = orjson.dumps(asked.variables, option=orjson.OPT_SORT_KEYS) if asked.variables else b""
        except TypeError:  # a number of more than 64 bits
            return None
        return asked.text, asked.name, variables, request.sources.names, request.sources.identities

    def _find(self, key: Key) -> Answer | None:
        kept = self._kept.get(key)
        if kept is None:
            return None
        now = self._clock()
        if kept.revision != self._revision() or now >= kept.until:
            self._kept.discard(key)
            return None
        self.count += 1
        return _shown(kept, now)

    def _noted(
        self, key: Key, asked: Operation, answer: Answer, request: Request, began: float, revision: int
    ) -> Answer:
        fetched_at = self._fetched_at(answer, request, began)
        if not fetched_at or revision != self._revision():
            return answer
        sources = answer.body["extensions"]["sources"]
        data = orjson.dumps(answer.body["data"])
        until = min(at + self._ttl_s[source] for source, at in fetched_at.items())
        skipped = tuple(source for source in sources if source not in fetched_at)
        size_bytes = len(data) + len(asked.text) + len(key[2]) + OVERHEAD_BYTES
        if until > self._clock():
            self._kept.put(key, Kept(data, until, revision, fetched_at, skipped, size_bytes))
        return Answer({**answer.body, "data": orjson.Fragment(data)}, answer.was_executed, answer.ages_s)

    def _fetched_at(self, answer: Answer, request: Request, began: float) -> Mapping[str, float]:
        """Of each source that it was made of; none where it may not be kept."""
        if not answer.was_executed or answer.error_count or not request.freshness.is_lasting:
            return {}
        states = answer.body["extensions"]["sources"]
        if not GOOD.issuperset(states.values()):
            return {}
        ages = request.freshness.ages
        asked = {source: began for source, state in states.items() if state != AnswerState.SKIPPED.value}
        return {**asked, **{source: min(began, age.fetched_at) for source, age in ages.items()}}


def _shown(kept: Kept, now: float) -> Answer:
    states = dict.fromkeys(kept.fetched_at, AnswerState.CACHED.value)
    states.update(dict.fromkeys(kept.skipped, AnswerState.SKIPPED.value))
    body = {"data": orjson.Fragment(kept.data), "extensions": {"sources": dict(sorted(states.items()))}}
    return Answer(body, True, {source: max(now - at, 0.0) for source, at in kept.fetched_at.items()})
