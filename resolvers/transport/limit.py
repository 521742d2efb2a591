"""Limit: so many seconds for a block, as `asyncio.timeout` has it, for a third of what that costs.

Every upstream call has one, and asyncio's is made to be moved while it runs, which none here is.
"""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager


class Limit(AbstractContextManager[None]):
    """Raises TimeoutError when the block is not over in time. To be entered by the task that it is to stop."""

    __slots__ = ("_cancels", "_handle", "_is_over", "_seconds", "_task")

    def __init__(self, seconds: float):
        self._seconds, self._is_over = seconds, False

    def __enter__(self) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a limit is of a task")
        self._task, self._cancels = task, task.cancelling()
        loop = asyncio.get_running_loop()
        # At once and not in no time, as asyncio does it: what needs no wait is let be done.
        self._handle = loop.call_later(self._seconds, self._end) if self._seconds > 0 else loop.call_soon(self._end)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        self._handle.cancel()
        if not self._is_over:
            return
        # A cancel from elsewhere counts more than ours.
        if self._task.uncancel() <= self._cancels and kind is not None and issubclass(kind, asyncio.CancelledError):
            raise TimeoutError from error

    def _end(self) -> None:
        self._is_over = True
        self._task.cancel()
