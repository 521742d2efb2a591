"""Memory: the store of one process. Bounded in bytes; what was not used for longest makes room first."""

from __future__ import annotations

import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable

from resolvers.transport.cache import LARGEST_SHARE, Entry, Seen, new_generation

OVERHEAD_BYTES = 700
"What an entry takes beside its body, its place in the order included: measured, rounded up."

_Kept = tuple[Entry, float]  # with the time it ends


class Memory:
    """clock: seconds, of any beginning.

    An own order of use, since every answer is kept for when its source fails: a library that also sorts by the time
    entries end took a fifth of the time of a whole call. What has ended makes room when it is met or needed.
    """

    def __init__(self, max_bytes: int, clock: Callable[[], float] = time.monotonic):
        self._max_bytes, self._clock = max_bytes, clock
        self._generations: defaultdict[str, bytes] = defaultdict(new_generation)
        self._entries: OrderedDict[bytes, _Kept] = OrderedDict()
        self._size_bytes = 0

    @property
    def size_bytes(self) -> int:
        return self._size_bytes

    async def look(self, source: str, key: bytes) -> Seen:
        generation, kept = self._generations[source], self._entries.get(key)
        if kept is None:
            return Seen(None, generation)
        if kept[0].generation != generation or self._clock() >= kept[1]:
            self.discard(key)
            return Seen(None, generation)
        self._entries.move_to_end(key)
        return Seen(kept[0], generation)

    def keep(self, source: str, key: bytes, entry: Entry, for_s: float) -> None:
        size_bytes = _size_bytes(entry)
        if entry.generation != self._generations[source] or size_bytes > self._max_bytes // LARGEST_SHARE:
            return
        self.discard(key)
        self._entries[key] = entry, self._clock() + for_s
        self._size_bytes += size_bytes
        while self._size_bytes > self._max_bytes:
            self._size_bytes -= _size_bytes(self._entries.popitem(last=False)[1][0])

    def discard(self, key: bytes) -> None:
        kept = self._entries.pop(key, None)
        if kept is not None:
            self._size_bytes -= _size_bytes(kept[0])

    async def drop(self, source: str) -> bool:
        self._generations[source] = new_generation()
        return True

    async def close(self) -> None:
        self._entries.clear()
        self._size_bytes = 0


def _size_bytes(entry: Entry) -> int:
    return len(entry.body) + OVERHEAD_BYTES
