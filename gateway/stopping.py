"""Stopping: what the first signal that ends the process does to operations on their way.

The server that runs us closes its port and waits; it knows nothing of operations. So its handlers are wrapped. It is
done where the application starts, since that is the one place that all ways of serving have in common.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import Any

INTERRUPT_GRACE_S = 1.0
"After Ctrl-C somebody is waiting in front of a terminal."

Handler = Callable[[int, FrameType | None], Any]


@contextmanager
def told(drain: Callable[[float], None], drain_s: float) -> Iterator[None]:
    """Calls `drain` inside the running loop with the seconds that are left: `drain_s` after SIGTERM, less after Ctrl-C.

    Outside the main thread, where no signal arrives, nothing is done; nor where no server has asked for SIGTERM, since
    it has to end the process then.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or not callable(signal.getsignal(signal.SIGTERM)):
        yield
        return
    loop = asyncio.get_running_loop()
    graces = {signal.SIGTERM: drain_s, signal.SIGINT: min(drain_s, INTERRUPT_GRACE_S)}
    before = {number: signal.getsignal(number) for number in graces}
    for number, grace_s in graces.items():
        signal.signal(number, _first(partial(loop.call_soon_threadsafe, drain, grace_s), before[number]))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def quietly() -> None:
    """uvicorn tells of a task that it cancels as of a crash; it was asked to, so there is nothing to tell."""
    logging.getLogger("uvicorn.error").addFilter(_is_no_cancel)


def _first(do: Callable[[], Any], then: Any) -> Handler:
    def handle(number: int, frame: FrameType | None) -> None:
        do()
        if callable(then):
            then(number, frame)

    return handle


def _is_no_cancel(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))
