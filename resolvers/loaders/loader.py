"""Loader: aiodataloader's, which also tells each list that loads a key how old the answers behind it are, and whoever
wants to know how each source did.

Keys of many lists are asked for in one batch, by the task of whoever came first: without this only that one's list
would know. A batch is told as a whole: its oldest answer of a source stands for all its keys there.
"""

from __future__ import annotations

import asyncio
from asyncio import Future
from collections.abc import Callable, Hashable, Iterator, MutableMapping, Sequence
from typing import Any, TypeVar

from aiodataloader import DataLoader
from msgspec import Struct

from resolvers.errors import ReleasegraphError, untraced
from resolvers.federation.reading import Reading
from resolvers.graph.enums import AnswerState
from resolvers.loaders.by_key import Batch
from resolvers.transport import freshness
from resolvers.transport.freshness import Freshness

K = TypeVar("K", bound=tuple[Hashable, ...])
V = TypeVar("V")


class Asked(Struct, frozen=True):
    """One source's part of a batch, answered. state: PARTIAL when something of it failed, FAILED when all did."""

    question: str  # the port's method
    source: str
    keys: int
    state: AnswerState


Note = Callable[[Asked], None]


def unnoted(asked: Asked) -> None:
    """The trivial default."""


class Loader(DataLoader[K, V]):
    """Keys begin with the name of a source. note: told of each source's part of each batch.

    What every look-up goes through is done here, in the same turns of the loop: aiodataloader examines its function for
    each loader that is made, and takes two tasks for a batch.
    """

    def __init__(self, batch: Batch, question: str, note: Note = unnoted):
        self.loop = asyncio.get_running_loop()
        self._cache: MutableMapping[Any, Future[V]] = {}
        self._waits: list[tuple[K, Future[V]]] = []
        self._batch, self._question, self._note = batch, question, note
        self._waiting: dict[K, list[Freshness]] = {}
        self._known: dict[K, Freshness] = {}

    def load(self, key: K) -> Future[V]:
        asking = freshness.current()
        # That of the whole request is told by whoever asks, in any case.
        if asking is not None and asking.outer is not None:
            self._register(key, asking)
        found = self._cache.get(key)
        if found is not None:
            return found
        future: Future[V] = self.loop.create_future()
        self._cache[key] = future
        self._waits.append((key, future))
        if len(self._waits) == 1:
            # A turn later than the next: what is resolved in that one may ask too.
            self.loop.call_soon(self.loop.call_soon, self._dispatch)
        return future

    async def load_alone(self, key: K) -> V:
        """`load` while nobody else of the request can ask: the batch is this key, and this task asks."""
        found = self._cache.get(key)
        if found is not None:
            return await found
        future: Future[V] = self.loop.create_future()
        self._cache[key] = future
        before = freshness.place()
        try:
            await self._answer([(key, future)])
        finally:
            freshness.go_back(before)
        return future.result()

    def prime(self, key: K, value: V) -> Loader[K, V]:
        if key not in self._cache:
            self._cache[key] = _settled(self.loop.create_future(), value)
        return self

    def clear_all(self) -> Loader[K, V]:
        self._known.clear()
        super().clear_all()
        return self

    def _register(self, key: K, asking: Freshness) -> None:
        if key in self._known:
            asking.include(self._known[key])
        elif key not in self._cache or not self._cache[key].done():
            self._waiting.setdefault(key, []).append(asking)

    def _dispatch(self) -> None:
        waits, self._waits = self._waits, []
        self.loop.create_task(self._answer(waits))  # whoever waits for the keys holds it

    async def _answer(self, waits: Sequence[tuple[K, Future[V]]]) -> None:
        """What fails as a whole is not remembered; the error of a single key is."""
        values: Sequence[Any]
        try:
            values = await self._told([key for key, _ in waits])
        except Exception as error:
            for key, _ in waits:
                self._cache.pop(key, None)
            values = [error] * len(waits)
        for (_, future), value in zip(waits, values, strict=True):
            if not future.done():
                _settled(future, value)

    async def _told(self, keys: list[K]) -> list[V]:
        fresh = freshness.begin()
        values = await self._batch(keys)
        for asked in _by_source(self._question, keys, values):
            self._note(asked)
        for key in keys:
            waiting = self._waiting.pop(key, ())
            self._known[key] = fresh
            for asking in waiting:
                asking.include(fresh)
        return values


def _settled(future: Future[V], value: Any) -> Future[V]:
    if isinstance(value, Exception):
        if isinstance(value, ReleasegraphError):  # others are told with where they came from
            untraced(value)
        future.set_exception(value)
    else:
        future.set_result(value)
    return future


def _by_source(question: str, keys: Sequence[Any], values: Sequence[Any]) -> Iterator[Asked]:
    if len(keys) == 1:
        yield Asked(question, keys[0][0], 1, _state(values[0]))
        return
    states: dict[str, list[AnswerState]] = {}
    for key, value in zip(keys, values, strict=True):
        states.setdefault(key[0], []).append(_state(value))
    for source, own in states.items():
        whole = own[0] if len(set(own)) == 1 else AnswerState.PARTIAL
        yield Asked(question, source, len(own), whole)


def _state(value: object) -> AnswerState:
    if isinstance(value, Exception):
        return AnswerState.FAILED
    return value.state if isinstance(value, Reading) else AnswerState.LIVE
