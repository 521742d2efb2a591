"""Guards: what stands between us and one source, so that neither wears the other out: breaker, bucket and retries.

Breaker and bucket are kept apart for each credential that callers bring: what one of them meets, because of its account
or its own rate, is nobody else's business. Retries are of the source as a whole.

**Why own code.** purgatory and aiobreaker wrap each call in a coroutine and a context manager, count failures without
regard to time, and let any number of probes through; aiolimiter has a fixed rate, and no way to say "not so long". Each
of the three here is a few dozen lines without I/O, is tested without a clock, and costs a call that goes well less than
a microsecond together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from math import ceil
from typing import Protocol

from resolvers.errors import (
    UpstreamBroken,
    UpstreamBusy,
    UpstreamCircuitOpen,
    UpstreamError,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from resolvers.transport.breaker import NEVER_OPENS, Breaker, Circuit, Patience
from resolvers.transport.bucket import Bucket
from resolvers.transport.passed import Passed
from resolvers.transport.retry import MOST_WAIT_S, Retries, Spared

FAILURES = (UpstreamUnreachable, UpstreamTimeout, UpstreamBroken)
"Which say that the upstream is not well."
MOST = 1000
"Credentials of callers that are told apart; beyond it the one that came first begins anew."


class Telling(Protocol):
    """Told of what is not asked, and why."""

    def circuit(self, source: str, circuit: Circuit) -> None:
        """It changed: the worst over all credentials."""
        ...

    def held_back(self, source: str, code: str) -> None:
        """A call was not made; the code of the error that its caller got."""
        ...


class _Untold:
    def circuit(self, source: str, circuit: Circuit) -> None:
        pass

    def held_back(self, source: str, code: str) -> None:
        pass


UNTOLD: Telling = _Untold()


@dataclass(frozen=True, slots=True)
class Limits:
    """What an operator says of a source. The default guards nothing."""

    retries: Retries = field(default_factory=Retries)
    patience: Patience = NEVER_OPENS
    most_per_s: float | None = None
    heeds_429: bool = False


class Guard:
    """Of one credential of a source."""

    __slots__ = ("_heeds_429", "_source", "_tell", "_telling", "_waiting", "breaker", "bucket")

    def __init__(self, source: str, limits: Limits, tell: Callable[[Circuit], None], telling: Telling):
        self._source, self._tell, self._telling = source, tell, telling
        self.breaker, self.bucket = Breaker(limits.patience, self._changed), Bucket(limits.most_per_s)
        self._heeds_429 = limits.heeds_429
        self._waiting: list[asyncio.Future[None]] = []

    def turn_s(self, now: float, left_s: float) -> float:
        """Seconds until a call may go out, mostly 0. Raises UpstreamBusy when that is too long."""
        wait_s = self.bucket.take(now, MOST_WAIT_S, left_s)
        if wait_s is not None:
            return wait_s
        after_s = ceil(self.bucket.next_s(now))
        what = f"not asked, since it was asked too often before; it is asked again in {after_s} s"
        raise self._held_back(UpstreamBusy(self._source, what, after_s))

    async def let_through(self, clock: Callable[[], float], until: float) -> float:
        """When the call begins, of which the circuit is not closed. Who comes while it is tried whether the source is
        well waits for what becomes of that, unless it takes long: else a list of four calls would lose three. Raises
        UpstreamCircuitOpen."""
        if self.breaker.circuit is Circuit.HALF_OPEN:
            told_by = min(self.breaker.probed_at + MOST_WAIT_S, until)
            with suppress(TimeoutError):
                async with asyncio.timeout(told_by - clock()):
                    await self._tried()
        now = clock()
        wait_s = self.breaker.refusal_s(now)
        if wait_s is not None:
            raise self._held_back(self._refusal(ceil(wait_s)))
        return now

    async def _tried(self) -> None:
        while self.breaker.circuit is Circuit.HALF_OPEN:
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            await waiter

    def ended(self, error: UpstreamError | None, *, was_answered: bool, began: float, now: float) -> None:
        """What came of a call that was let through. was_answered: a status came, whichever."""
        breaker = self.breaker
        if was_answered and error is None:
            if breaker.failures:
                breaker.answered()
        elif isinstance(error, FAILURES):
            breaker.failed(began, now, error.code)
        elif was_answered:
            breaker.answered()
        else:
            breaker.gave_up(began)
        if self._heeds_429 and isinstance(error, UpstreamBusy):
            self.bucket.cut(began, now, error.retry_after_s)

    def _changed(self, circuit: Circuit) -> None:
        self._tell(circuit)
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)

    def _held_back(self, error: UpstreamError) -> UpstreamError:
        self._telling.held_back(self._source, error.code)
        return error

    def _refusal(self, after_s: int) -> UpstreamCircuitOpen:
        failures, code = self.breaker.failures, self.breaker.last_code
        failed = f"{failures} calls in a row failed, the last with {code}"
        what = f"not asked, since {failed}; it is tried again in {after_s} s"
        return UpstreamCircuitOpen(self._source, what, after_s)


class Guards:
    """All guards of one source."""

    def __init__(self, source: str = "", limits: Limits | None = None, telling: Telling = UNTOLD):
        self._source, self._limits, self._telling = source, limits or Limits(), telling
        self.retries, self.spared = self._limits.retries, Spared()
        self._circuits: dict[str, Circuit] = {}  # of those that are not closed
        self._told = Circuit.CLOSED
        self._own = self._made("")
        self._of_callers: dict[str, Guard] = {}

    def of(self, brought: Passed | None) -> Guard:
        """The guard of the source's own credential, or of the one that a caller brought."""
        if brought is None:
            return self._own
        guard = self._of_callers.get(brought.identity)
        return guard or self._begun(brought.identity)

    def _begun(self, identity: str) -> Guard:
        if len(self._of_callers) >= MOST:
            first = next(iter(self._of_callers))
            del self._of_callers[first]
            self._changed(first, Circuit.CLOSED)
        guard = self._of_callers[identity] = self._made(identity)
        return guard

    def _made(self, identity: str) -> Guard:
        return Guard(self._source, self._limits, partial(self._changed, identity), self._telling)

    def _changed(self, identity: str, circuit: Circuit) -> None:
        if circuit is Circuit.CLOSED:
            self._circuits.pop(identity, None)
        else:
            self._circuits[identity] = circuit
        worst = max(self._circuits.values(), default=Circuit.CLOSED)
        if worst is not self._told:
            self._told = worst
            self._telling.circuit(self._source, worst)
