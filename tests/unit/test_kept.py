"""Kept: what a session needs, asked once for each identity; and nothing beside it is held."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from weakref import ref

from resolvers.transport.credentials import FixedHeaders
from resolvers.transport.kept import Kept


class Read:
    """What an operation has read so far."""


around: ContextVar[Read | None] = ContextVar("around", default=None)


async def test_what_was_around_the_first_caller_is_not_kept_with_the_answer() -> None:
    asked = []

    async def ask() -> str:
        asked.append(around.get())
        return "who"

    async def operation() -> ref[Read]:
        read = Read()
        around.set(read)
        assert await kept.get() == "who"
        return ref(read)

    kept = Kept(FixedHeaders({}), ask)
    read = await asyncio.create_task(operation())
    had_it = isinstance(asked.pop(), Read)
    await asyncio.sleep(0)

    assert (had_it, read(), await kept.get(), asked) == (True, None, "who", [])
