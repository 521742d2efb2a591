"""Health: how each source has been answering, from the calls that were made anyway. Asks nothing itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from resolvers.transport.observe import CANCELLED, Call

RECENT_S = 60
"A failing source that answered within this time is degraded, not down."


@dataclass(slots=True)
class Pulse:
    """The last call of a source, and when one was last answered, this one and before it."""

    checked_at: datetime
    latency_ms: float
    error_code: str | None
    answered_at: float | None  # by the clock given to Health
    answered_before: float | None = None


class Health:
    """An observer of calls."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._pulses: dict[str, Pulse] = {}

    def observe(self, call: Call) -> None:
        if call.is_unreadable:
            self._unreadable(call)
        elif call.was_made and call.error_code != CANCELLED:
            self._ended(call)

    def _ended(self, call: Call) -> None:
        before = self._pulses.get(call.source)
        last = before.answered_at if before else None
        answered_at = self._clock() if call.error_code is None else last
        self._pulses[call.source] = Pulse(datetime.now(UTC), call.duration_ms, call.error_code, answered_at, last)

    def _unreadable(self, call: Call) -> None:
        """What it brought was no answer after all."""
        pulse = self._pulses[call.source]
        pulse.error_code, pulse.answered_at = call.error_code, pulse.answered_before

    def pulse(self, source: str) -> Pulse | None:
        return self._pulses.get(source)

    def answered_recently(self, pulse: Pulse) -> bool:
        return pulse.answered_at is not None and self._clock() - pulse.answered_at <= RECENT_S
