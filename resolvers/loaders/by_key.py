"""The question "what is at these keys", for any adapter method that answers by native id."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from resolvers.graph.questions import Question
from resolvers.upstreams.port import Found, Upstream

T = TypeVar("T")
Route = tuple[str, str]
"(source name, native id)"

Ask = Callable[[Upstream, Sequence[str]], Awaitable[Found[T]]]
Batch = Callable[[list[Any]], Coroutine[Any, Any, list[Any]]]


def by_key(upstreams: Mapping[str, Upstream], ask: Ask[T]) -> Batch:
    """A batch function over routes. Gives a value, None for what is known not to be there, or the error, by key."""

    async def batch(routes: list[Route]) -> list[T | Exception | None]:
        if len(routes) == 1:
            ((source, native_id),) = routes
            return [(await _asked(upstreams[source], [native_id], ask)).get(native_id)]
        by_source = grouped(routes)
        answers = await asyncio.gather(*(_asked(upstreams[source], ids, ask) for source, ids in by_source.items()))
        found = dict(zip(by_source, answers, strict=True))
        return [found[source].get(native_id) for source, native_id in routes]

    return batch


def method(question: Question) -> Ask[Any]:
    """Asks whichever adapter it is given by the port's method of that name."""

    async def ask(upstream: Upstream, ids: Sequence[str]) -> Found[Any]:
        answer: Found[Any] = await getattr(upstream, question)(ids)
        return answer

    return ask


def grouped(routes: Sequence[Route]) -> dict[str, list[str]]:
    """Native ids by source, in order."""
    groups: dict[str, list[str]] = {}
    for source, native_id in routes:
        groups.setdefault(source, []).append(native_id)
    return groups


async def _asked(upstream: Upstream, ids: Sequence[str], ask: Ask[T]) -> Mapping[str, T | Exception]:
    """What the source answers, or its error at each of its keys: also one nobody expected is theirs alone."""
    try:
        return await ask(upstream, ids)
    except Exception as error:
        return dict.fromkeys(ids, error)
