"""Deadline: when one request is over, whatever its upstreams still do.

It travels with the task that executes and those it starts, as an allowance does. A call that several wait for has none:
each of them waits until its own, so that one who has little time left does not take the answer away from the others.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable
from contextvars import ContextVar
from typing import Any, TypeVar

from resolvers.errors import UpstreamTimeout

T = TypeVar("T")


class Over(Exception):  # says what it is
    """The time of the request is up. is_shared: what it waited for is a call that another began."""

    is_shared = False


_at: ContextVar[float] = ContextVar("deadline", default=math.inf)


def begin(seconds: float) -> None:
    """From here on, in this task and those it starts."""
    _at.set(time.monotonic() + seconds)


def end() -> None:
    """From here on in this task, there is none: whoever waits for it waits until its own."""
    _at.set(math.inf)


def left_s() -> float:
    """Infinite without a deadline; not above 0 once it is over."""
    at = _at.get()
    return at if at is math.inf else at - time.monotonic()


def ends(waiter: asyncio.Future[Any]) -> asyncio.TimerHandle | None:
    """Has the waiter end with Over when the time is up. To be cancelled when it ended before; None: there is none."""
    at = _at.get()
    if at is math.inf:
        return None
    return asyncio.get_running_loop().call_later(at - time.monotonic(), _expire, waiter)


async def within(awaited: Awaitable[T], source: str) -> T:
    """What comes of it. Raises UpstreamTimeout of the source when the time is up before."""
    left = left_s()
    try:
        async with asyncio.timeout(None if left == math.inf else left) as limit:
            return await awaited
    except TimeoutError:
        if limit.expired():
            raise late(source, "its session") from None
        raise


def late(source: str, what: str) -> UpstreamTimeout:
    """what: the call, e.g. "GET /v7/release"."""
    return UpstreamTimeout(source, f"no full answer before the time of the whole request was over ({what})")


def _expire(waiter: asyncio.Future[Any]) -> None:
    if not waiter.done():
        waiter.set_exception(Over())
