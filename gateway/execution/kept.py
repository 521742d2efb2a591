"""Kept: prepared documents by their text, at most so many and so many bytes; the least recently used make room.

What an entry takes is estimated, not measured: walking a syntax tree takes longer than making it. It is made of what
its size follows from, and tests/unit/test_documents.py holds it against what Python's allocator says.

- the text, as Python says;
- its tree: BYTES_PER_TOKEN, a node and its tokens included (between 250 and 610 were measured);
- its compiled selections: by the names in their code (`compiled.plans`), told anew whenever one is added;
- a constant for the entry itself and what is noted of its operations.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from typing import Generic, Protocol, TypeVar

MAX_BYTES = 64 * 1024 * 1024
LARGEST_SHARE = 8
"A single document may take this part of the bytes at most: a larger one would drive out all others."
BYTES_PER_TOKEN = 450
BYTES_PER_ENTRY = 4000


class Entry(Protocol):
    @property
    def size_bytes(self) -> int: ...

    def forgotten(self) -> None:
        """It is kept no longer."""
        ...


T = TypeVar("T", bound=Entry)


def tree_bytes(text: str, token_count: int) -> int:
    """An estimate of what a text, its syntax tree and what is noted of its operations take."""
    return sys.getsizeof(text) + token_count * BYTES_PER_TOKEN + BYTES_PER_ENTRY


class Kept(Generic[T]):
    """most: entries; 0: none. hits: how often one was found; misses: how often it was not."""

    def __init__(self, most: int, max_bytes: int = MAX_BYTES):
        self.most, self.max_bytes = most, max_bytes
        self.size_bytes = self.hits = self.misses = 0
        self._entries: OrderedDict[str, T] = OrderedDict()
        self._sizes: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, text: str) -> T | None:
        found = self._entries.get(text)
        if found is None:
            self.misses += 1
            return None
        self.hits += 1
        self._entries.move_to_end(text)
        return found

    def put(self, text: str, entry: T) -> None:
        if self.most > 0:
            self._entries[text] = entry
            self.grew(text)

    def grew(self, text: str) -> None:
        """Is to be told whenever an entry takes more, or less, until it is forgotten."""
        size = self._entries[text].size_bytes
        self.size_bytes += size - self._sizes.get(text, 0)
        self._sizes[text] = size
        if size > self.max_bytes // LARGEST_SHARE:
            self._forget(text)
        while len(self._entries) > self.most or self.size_bytes > self.max_bytes:
            self._forget(next(iter(self._entries)))

    def _forget(self, text: str) -> None:
        self.size_bytes -= self._sizes.pop(text)
        self._entries.pop(text).forgotten()
