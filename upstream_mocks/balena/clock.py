"""The server's time: the world's today, a little later with each write, and shifted by the switch `elapsed_s`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

_TICK = timedelta(seconds=1, microseconds=237)
"Finer than the milliseconds that are printed, as in the vendor's database."


class Clock:
    def __init__(self, today: datetime, switches: Mapping[str, Any]):
        self._today = today
        self._switches = switches
        self._ticks = 0

    @property
    def now(self) -> datetime:
        elapsed = timedelta(seconds=float(self._switches.get("elapsed_s", 0)))
        return self._today + elapsed + self._ticks * _TICK

    def tick(self) -> datetime:
        """Now, for a write: no two happen at once."""
        self._ticks += 1
        return self.now
