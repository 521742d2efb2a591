"""Loader: aiodataloader's, which also tells each list that loads a key how old the answers behind it are.

Keys of many lists are asked for in one batch, by the task of whoever came first: without this only that one's list
would know. A batch is told as a whole: its oldest answer of a source stands for all its keys there.
"""

from __future__ import annotations

from asyncio import Future
from collections.abc import Hashable
from typing import TypeVar

from aiodataloader import DataLoader

from resolvers.loaders.by_key import Batch
from resolvers.transport import freshness
from resolvers.transport.freshness import Freshness

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Loader(DataLoader[K, V]):
    def __init__(self, batch: Batch):
        super().__init__(self._told)
        self._batch = batch
        self._waiting: dict[K, list[Freshness]] = {}
        self._known: dict[K, Freshness] = {}

    def load(self, key: K) -> Future[V]:
        asking = freshness.current()
        # That of the whole request is told by whoever asks, in any case.
        if asking is not None and asking.outer is not None:
            self._register(key, asking)
        return super().load(key)

    def clear_all(self) -> Loader[K, V]:
        self._known.clear()
        super().clear_all()
        return self

    def _register(self, key: K, asking: Freshness) -> None:
        if key in self._known:
            asking.include(self._known[key])
        elif key not in self._cache or not self._cache[key].done():
            self._waiting.setdefault(key, []).append(asking)

    async def _told(self, keys: list[K]) -> list[V]:
        fresh = freshness.begin()
        values = await self._batch(keys)
        for key in keys:
            waiting = self._waiting.pop(key, ())
            self._known[key] = fresh
            for asking in waiting:
                asking.include(fresh)
        return values
