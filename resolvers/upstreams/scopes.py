"""Scopes: asking the parts of one source side by side, so that one that fails costs only itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from resolvers.errors import UpstreamError
from resolvers.upstreams.port import Chunk, Failure, Found, Incomplete

S = TypeVar("S")
T = TypeVar("T")


async def side_by_side(
    scopes: Iterable[S], read: Callable[[S], Awaitable[Chunk[T]]], fleet_id: Callable[[S], str]
) -> AsyncIterator[Chunk[T]]:
    """One chunk a scope, in the order of scopes; a scope whose reading fails gives a chunk with that failure."""
    asked = list(scopes)
    for scope, answer in zip(asked, await settled(read(scope) for scope in asked), strict=True):
        yield Chunk(failures=(Failure(answer, fleet_id(scope)),)) if isinstance(answer, UpstreamError) else answer


async def settled(asked: Iterable[Awaitable[T]]) -> list[T | UpstreamError]:
    """Each answer, or the UpstreamError instead of it, in order. Anything else that goes wrong is raised."""
    calls = list(asked)
    if len(calls) == 1:  # one alone needs no task
        return [await _settled(calls[0])]
    # Not `_settled` of each: a task that ends before it begins would leave the call in it unawaited.
    answers = await asyncio.gather(*calls, return_exceptions=True)
    return [_answer(answer) for answer in answers]


def _answer(answer: T | BaseException) -> T | UpstreamError:
    if isinstance(answer, BaseException) and not isinstance(answer, UpstreamError):
        raise answer
    return answer


async def _settled(one: Awaitable[T]) -> T | UpstreamError:
    try:
        return await one
    except UpstreamError as error:
        return error


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What one call of a look-up found by native id; with an error, what it did not find is unknown, not absent."""

    found: Mapping[str, T]
    error: UpstreamError | None = None


def shared_out(lists: Mapping[str, Sequence[T]], error: UpstreamError | None) -> Answer[Sequence[T]]:
    """Lists by the id they belong to. With rows dropped each may have lost one: those left are incomplete, and one that
    seems to have none is unknown."""
    if error is None:
        return Answer(lists)
    return Answer({native_id: Incomplete(own, error) for native_id, own in lists.items() if own}, error)


async def look_up(calls: Iterable[tuple[Sequence[str], Awaitable[Answer[T]]]]) -> Found[T]:
    """Look-ups side by side: each a call with the native ids it was asked for. An error stays with its own ids."""
    asked = list(calls)
    found: dict[str, T | UpstreamError] = {}
    for (ids, _), answer in zip(asked, await settled(call for _, call in asked), strict=True):
        error = answer if isinstance(answer, UpstreamError) else answer.error
        if error is not None:
            found.update(dict.fromkeys(ids, error))
        if isinstance(answer, Answer):
            found.update((native_id, answer.found[native_id]) for native_id in ids if native_id in answer.found)
    return found


def together(answers: Iterable[Answer[T] | UpstreamError]) -> Answer[T]:
    """Several answers as one; the first thing that went wrong stands for all."""
    parts: list[Answer[T]] = [Answer({}, part) if isinstance(part, UpstreamError) else part for part in answers]
    found = {native_id: one for part in parts for native_id, one in part.found.items()}
    return Answer(found, next((part.error for part in parts if part.error is not None), None))


def chunked(keys: Sequence[T], size: int) -> list[Sequence[T]]:
    """Keys in groups of at most `size`, in order: what an upstream takes at once."""
    return [keys[start : start + size] for start in range(0, len(keys), size)]
