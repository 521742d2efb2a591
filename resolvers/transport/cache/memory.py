"""Memory: the store of one process. Bounded in bytes; what was not used for longest makes room first.

An ordered dict and not cachetools' TLRUCache, which it once was: that keeps the order of ends as well, and takes longer
for a look and a keep than the rest of a request out of memory. What has ended and is never looked at again makes room
as anything else does.
"""

from __future__ import annotations

import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable

from resolvers.transport.cache import LARGEST_SHARE, Entry, Seen, new_generation

OVERHEAD_BYTES = 700
"What an entry takes beside its body, its place in the order included: measured, rounded up."


class Memory:
    """clock: seconds, of any beginning."""

    def __init__(self, max_bytes: int, clock: Callable[[], float] = time.monotonic):
        self._clock, self._max_bytes = clock, max_bytes
        self._generations: defaultdict[str, bytes] = defaultdict(new_generation)
        self._entries: OrderedDict[bytes, tuple[Entry, float]] = OrderedDict()  # with the time it ends
        self.size_bytes = 0

    async def look(self, source: str, key: bytes) -> Seen:
        generation = self._generations[source]
        kept = self._entries.get(key)
        if kept is None:
            return Seen(None, generation)
        entry, ends_at = kept
        if ends_at <= self._clock() or entry.generation != generation:
            self.discard(key)
            return Seen(None, generation)
        self._entries.move_to_end(key)
        return Seen(entry, generation)

    def keep(self, source: str, key: bytes, entry: Entry, for_s: float) -> None:
        size_bytes = _size_bytes(entry)
        if entry.generation != self._generations[source] or size_bytes > self._max_bytes // LARGEST_SHARE:
            return
        self.discard(key)
        self._entries[key] = entry, self._clock() + for_s
        self.size_bytes += size_bytes
        while self.size_bytes > self._max_bytes:
            self.discard(next(iter(self._entries)))

    def discard(self, key: bytes) -> None:
        kept = self._entries.pop(key, None)
        if kept is not None:
            self.size_bytes -= _size_bytes(kept[0])

    async def drop(self, source: str) -> bool:
        self._generations[source] = new_generation()
        return True

    async def close(self) -> None:
        self._entries.clear()
        self.size_bytes = 0


def _size_bytes(entry: Entry) -> int:
    return len(entry.body) + OVERHEAD_BYTES
