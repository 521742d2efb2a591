"""Memory: the store of one process. Bounded in bytes; what was not used for longest makes room first."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable

from resolvers.transport.cache import Entry, Seen, new_generation
from resolvers.transport.cache.bounded import Bounded

OVERHEAD_BYTES = 700
"What an entry takes beside its body, its place in the order included: measured, rounded up."

_Kept = tuple[Entry, float]  # with the time it ends


class Memory:
    """clock: seconds, of any beginning. What has ended goes when it is met, or makes room."""

    def __init__(self, max_bytes: int, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._generations: defaultdict[str, bytes] = defaultdict(new_generation)
        self._entries: Bounded[bytes, _Kept] = Bounded(max_bytes, _size_bytes)

    @property
    def size_bytes(self) -> int:
        return self._entries.size_bytes

    async def look(self, source: str, key: bytes) -> Seen:
        generation, kept = self._generations[source], self._entries.get(key)
        if kept is None:
            return Seen(None, generation)
        if kept[0].generation != generation or self._clock() >= kept[1]:
            self._entries.discard(key)
            return Seen(None, generation)
        return Seen(kept[0], generation)

    def keep(self, source: str, key: bytes, entry: Entry, for_s: float) -> None:
        if entry.generation == self._generations[source]:
            self._entries.put(key, (entry, self._clock() + for_s))

    def discard(self, key: bytes) -> None:
        self._entries.discard(key)

    async def drop(self, source: str) -> bool:
        self._generations[source] = new_generation()
        return True

    async def close(self) -> None:
        self._entries.clear()


def _size_bytes(kept: _Kept) -> int:
    return len(kept[0].body) + OVERHEAD_BYTES
