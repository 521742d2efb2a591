"""Cache: answers of upstreams, kept for a while, as bytes. What one may do with them is decided in `recall`.

A store knows no request and no credential: it has entries under keys, and each belongs to a source. What was kept of a
source before it was dropped is never found again: an entry carries its source's generation, a random word that dropping
replaces. So dropping is one write, whatever was kept, and holds for every worker that shares the store.
"""

from __future__ import annotations

import secrets
from typing import Protocol

import msgspec

GENERATION_BYTES = 8
LARGEST_SHARE = 8
"A single answer may take this part of the memory at most: a larger one would drive out all others."


class Entry(msgspec.Struct, array_like=True, frozen=True):
    """A good answer. fetched_at: seconds since 1970, since machines share entries."""

    generation: bytes
    fetched_at: float
    status: int
    etag: str | None
    body: bytes


class Seen(msgspec.Struct, frozen=True):
    """What a store has under a key, and the source's generation; None: the store cannot be asked just now."""

    entry: Entry | None
    generation: bytes | None


NOTHING = Seen(None, None)


class Store(Protocol):
    """Nothing of it raises: a store that is gone has nothing and keeps nothing."""

    async def look(self, source: str, key: bytes) -> Seen: ...

    def keep(self, source: str, key: bytes, entry: Entry, for_s: float) -> None:
        """For so many seconds at most, from now. May happen later, or not at all."""
        ...

    def discard(self, key: bytes) -> None:
        """One entry that turned out to be of no use."""
        ...

    async def drop(self, source: str) -> bool:
        """All that was kept of the source so far is never found again. False: other workers will know later."""
        ...

    async def close(self) -> None: ...


def new_generation() -> bytes:
    return secrets.token_bytes(GENERATION_BYTES)
