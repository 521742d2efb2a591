"""Memory: the store of one process. Bounded in bytes; what was not used for longest makes room first."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable

from cachetools import TLRUCache

from resolvers.transport.cache import LARGEST_SHARE, Entry, Seen, new_generation

OVERHEAD_BYTES = 700
"What an entry takes beside its body, its place in the order included: measured, rounded up."

_Kept = tuple[Entry, float]  # with the time it ends


class Memory:
    """clock: seconds, of any beginning."""

    def __init__(self, max_bytes: int, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._largest_bytes = max_bytes // LARGEST_SHARE
        self._generations: defaultdict[str, bytes] = defaultdict(new_generation)
        self._entries: TLRUCache[bytes, _Kept] = TLRUCache(max_bytes, _ends_at, timer=clock, getsizeof=_size_bytes)

    @property
    def size_bytes(self) -> int:
        return int(self._entries.currsize)

    async def look(self, source: str, key: bytes) -> Seen:
        generation = self._generations[source]
        kept = self._entries.get(key)
        if kept is not None and kept[0].generation != generation:
            del self._entries[key]
            kept = None
        return Seen(None if kept is None else kept[0], generation)

    def keep(self, source: str, key: bytes, entry: Entry, for_s: float) -> None:
        kept = entry, self._clock() + for_s
        if entry.generation == self._generations[source] and _size_bytes(kept) <= self._largest_bytes:
            self._entries[key] = kept

    def discard(self, key: bytes) -> None:
        self._entries.pop(key, None)

    async def drop(self, source: str) -> bool:
        self._generations[source] = new_generation()
        return True

    async def close(self) -> None:
        self._entries.clear()


def _ends_at(key: bytes, kept: _Kept, now: float) -> float:
    return kept[1]


def _size_bytes(kept: _Kept) -> int:
    return len(kept[0].body) + OVERHEAD_BYTES
