"""Budget: how much one source may be asked at once."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager


class Budget:
    """At most `concurrency` calls of one source at a time; the others wait their turn inside their own time limit."""

    def __init__(self, concurrency: int = 8):
        self.concurrency = concurrency
        self._slots = asyncio.Semaphore(concurrency)

    def slot(self) -> AbstractAsyncContextManager[None]:
        return self._slots
