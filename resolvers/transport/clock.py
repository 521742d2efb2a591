"""Clock: time and chance as the transport knows them, so that tests need neither wait nor be lucky."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clock:
    """now: seconds from any beginning, never backwards. chance: from 0 to 1, for jitter."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random
