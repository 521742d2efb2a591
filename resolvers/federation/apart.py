"""Apart: waits for a part of a list as if in a task of its own, without one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import TypeVar

from resolvers.transport import allowance, freshness

T = TypeVar("T")


async def apart(asked: Awaitable[T]) -> T:
    """What it is; what it sets for its own reading, allowance and freshness, ends with it."""
    left, told = allowance.current(), freshness.place()
    try:
        return await asked
    finally:
        allowance.go_back(left)
        freshness.go_back(told)


async def side_by_side(asked: Sequence[Awaitable[T]]) -> list[T]:
    """All of them, each apart from the others; one alone needs no task."""
    return [await apart(asked[0])] if len(asked) == 1 else await asyncio.gather(*asked)
