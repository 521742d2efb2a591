"""Breaker: a source that fails again and again is left alone for a while, and nobody waits for it meanwhile.

    CLOSED     it is asked                          opens after `failures` failures in a row that lasted `lasting_s`
    OPEN       it is not asked for `open_s`         then the next call is let through, as a probe
    HALF_OPEN  the probe is under way, all wait     closes when it is answered, opens when it fails

In a row and for a time, both: when a server starts anew, every call under way breaks in one moment, and shutting the
source out for seconds would make more of it than it is. A failure is one of the upstream: no connection, no answer in
time, 5xx. Whoever answers 401, 404 or 429 is well.

Pure: the time is handed in, and it is `guards` that have others wait for a probe. Of a closed breaker without failures
a call costs two reads of attributes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum


class Circuit(IntEnum):
    """In order of how bad it is."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


@dataclass(frozen=True, slots=True)
class Patience:
    """failures: in a row; 0: it never opens. lasting_s: from the beginning of the first of them to the end of the last.
    open_s: until the next try."""

    failures: int = 0
    lasting_s: float = 2
    open_s: float = 10


NEVER_OPENS = Patience()
PROBED_S = 1.0
"Told to whoever comes while the probe is under way: when it may be worth asking again."


def _untold(circuit: Circuit) -> None:
    pass


class Breaker:
    """tell: told of each change."""

    __slots__ = ("_open_until", "_patience", "_since", "_tell", "circuit", "failures", "last_code", "probed_at")

    def __init__(self, patience: Patience = NEVER_OPENS, tell: Callable[[Circuit], None] = _untold):
        self._patience, self._tell = patience, tell
        self.circuit = Circuit.CLOSED
        self.failures = 0  # since the last answer
        self.last_code = ""  # of the error tree
        self.probed_at = 0.0  # when the last probe was let through
        self._since = self._open_until = 0.0

    def refusal_s(self, now: float) -> float | None:
        """None: a call may begin now, and what comes of it must be told. Else seconds until it may be worth a try."""
        if self.circuit is Circuit.CLOSED:
            return None
        if self.circuit is Circuit.HALF_OPEN:
            return PROBED_S
        if now < self._open_until:
            return self._open_until - now
        self.probed_at = now
        self._turn(Circuit.HALF_OPEN)
        return None

    def answered(self) -> None:
        """A call was answered, also one that was under way when it opened."""
        self.failures = 0
        self._turn(Circuit.CLOSED)

    def failed(self, began: float, now: float, code: str) -> None:
        """A call failed, by the upstream's fault."""
        if not self.failures:
            self._since = began
        self.failures += 1
        self.last_code = code
        if self._is_probe(began) or (self.circuit is Circuit.CLOSED and self._is_enough(now)):
            self._open_until = now + self._patience.open_s
            self._turn(Circuit.OPEN)

    def gave_up(self, began: float) -> None:
        """Nobody knows what would have come of a call. If it was the probe, the next one is another."""
        if self._is_probe(began):
            self._turn(Circuit.OPEN)

    def _is_enough(self, now: float) -> bool:
        most = self._patience.failures
        return 0 < most <= self.failures and now - self._since >= self._patience.lasting_s

    def _is_probe(self, began: float) -> bool:
        # While it is under way no other begins: who began later than it was let through is it.
        return self.circuit is Circuit.HALF_OPEN and began >= self.probed_at

    def _turn(self, circuit: Circuit) -> None:
        if circuit is not self.circuit:
            self.circuit = circuit
            self._tell(circuit)
