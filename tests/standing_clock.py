"""A clock that stands still until somebody sleeps, and a wait that is over at once."""

from __future__ import annotations

from dataclasses import dataclass, field

from resolvers.transport.clock import Clock


@dataclass
class StandingClock:
    """waits: how long was slept, in order."""

    at: float = 1000.0
    chance: float = 1.0
    waits: list[float] = field(default_factory=list)

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.at, self._sleep, lambda: self.chance)

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.at += seconds
