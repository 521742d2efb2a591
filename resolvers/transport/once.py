"""Once: what an operation has read, it does not ask for again, whether or not anything is remembered beyond it.

It travels with the task that executes and those it starts. Two fields of one answer that come from one list of an
upstream thereby also agree.
"""

from __future__ import annotations

from collections.abc import Hashable
from contextvars import ContextVar

from resolvers.transport.exchange import Reply
from resolvers.transport.freshness import Age

MAX_BYTES = 8 * 1024 * 1024
"Of the answers one operation holds on to; what comes beyond is asked for again."

Known = tuple[Reply, Age | None]
"A good reply, and how old it was if it was remembered."


class Once:
    def __init__(self, max_bytes: int = MAX_BYTES):
        self._left = max_bytes
        self._known: dict[Hashable, Known] = {}

    def find(self, key: Hashable) -> Known | None:
        return self._known.get(key)

    def keep(self, key: Hashable, reply: Reply, age: Age | None) -> None:
        if key not in self._known and len(reply.body) <= self._left:
            self._left -= len(reply.body)
            self._known[key] = reply, age


_current: ContextVar[Once | None] = ContextVar("once", default=None)


def begin() -> None:
    """From here on, in this task and those it starts."""
    _current.set(Once())


def end() -> None:
    """From here on in this task, nothing is held."""
    _current.set(None)


def current() -> Once | None:
    return _current.get()
