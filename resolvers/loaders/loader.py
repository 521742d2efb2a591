"""Loader: aiodataloader's, which also tells each list that loads a key how old the answers behind it are, and whoever
wants to know how each source did.

Keys of many lists are asked for in one batch, by the task of whoever came first: without this only that one's list
would know. A batch is told as a whole: its oldest answer of a source stands for all its keys there.
"""

from __future__ import annotations

from asyncio import Future
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from aiodataloader import DataLoader

from resolvers.federation.reading import Reading
from resolvers.graph.enums import AnswerState
from resolvers.loaders.by_key import Batch
from resolvers.transport import freshness
from resolvers.transport.freshness import Freshness

K = TypeVar("K", bound=tuple[Hashable, ...])
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Asked:
    """One source's part of a batch, answered. state: PARTIAL when something of it failed, FAILED when all did."""

    question: str  # the port's method
    source: str
    keys: int
    state: AnswerState


Note = Callable[[Asked], None]


def unnoted(asked: Asked) -> None:
    """The trivial default."""


class Loader(DataLoader[K, V]):
    """Keys begin with the name of a source. note: told of each source's part of each batch."""

    def __init__(self, batch: Batch, question: str, note: Note = unnoted):
        super().__init__(self._told)
        self._batch, self._question, self._note = batch, question, note
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
        for asked in _by_source(self._question, keys, values):
            self._note(asked)
        for key in keys:
            waiting = self._waiting.pop(key, ())
            self._known[key] = fresh
            for asking in waiting:
                asking.include(fresh)
        return values


def _by_source(question: str, keys: Sequence[Any], values: Sequence[Any]) -> Iterator[Asked]:
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
