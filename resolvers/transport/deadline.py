"""Deadline: when one request is over, whatever its upstreams still do.

It travels with the task that executes and those it starts, as an allowance does. A call that several wait for has none:
each of them waits until its own, so that one who has little time left does not take the answer away from the others.

No call is waited for until the very end: what the other sources answered has fields below it, which must be asked for
too. So each may take SHARE of the time that is left when it begins, and there is always some for what comes after it.
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
SHARE = 0.8


class Over(Exception):  # says what it is
    """The request has no more time for a call. is_shared: what it waited for is a call that another began."""

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


def share_s() -> float:
    """For a call that begins now. Infinite without a deadline; not above 0 once it is over."""
    at = _at.get()
    return at if at is math.inf else (at - time.monotonic()) * SHARE


def ends(waiter: asyncio.Future[Any]) -> asyncio.TimerHandle | None:
    """Has the waiter end with Over when its share is up. To be cancelled when it ended before; None: there is none."""
    share = share_s()
    return None if share == math.inf else asyncio.get_running_loop().call_later(share, _expire, waiter)


async def within(awaited: Awaitable[T], source: str) -> T:
    """What comes of it. Raises UpstreamTimeout of the source when the share is up before."""
    share = share_s()
    try:
        async with asyncio.timeout(None if share == math.inf else share) as limit:
            return await awaited
    except TimeoutError:
        if limit.expired():
            raise late(source, "its session") from None
        raise


def late(source: str, what: str) -> UpstreamTimeout:
    """what: the call, e.g. "GET /v7/release"."""
    return UpstreamTimeout(source, f"no full answer in the time that the whole request had left for it ({what})")


def _expire(waiter: asyncio.Future[Any]) -> None:
    if not waiter.done():
        waiter.set_exception(Over())
