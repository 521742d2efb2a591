"""Retry: which failures are worth another try, after how long, and how many tries a source is spared.

Retried are reads whose connection failed, and those answered with 502, 503 or 504: a proxy or a server that starts
anew, over in a moment; and with 408, by which a proxy ends a connection that it takes for idle, whatever is on its way.
Never a change, whatever it was answered, and never a login.

500 is retried for no vendor. balena says it to a request of ours that it cannot read; NervesHub to a sort or filter it
does not know; MetaKraftwerk to a body it cannot parse; BuildMaster with a stack trace of what it will do again; and
Memfault's advice leaves it out (502, 503, 504 and 529 are in). No answer in time is not retried either: the time that
one answer has is then spent.

429, and Memfault's 529, are retried when they say how long to wait, and that is short; without such a word the source
is left alone. `Retry-After` of a 503 goes before our own wait. What says longer than MOST_WAIT_S, or than there is time
left, is not waited for, and the error says when the source wants to be asked again.

The wait is random between nothing and a limit that doubles each time ("full jitter"), so that those who failed together
do not come back together. Memfault advises 2^(3n) seconds, 1, 8 and 64: of these one fits what a person waits for, and
its defaults are one more try after up to a second.

Own code, as the loop must know the time left, the breaker and the plan of the operation: of what tenacity or stamina
bring, only the sum of backoff and jitter would remain, and a state object per call.
"""

from __future__ import annotations

from dataclasses import dataclass

from resolvers.errors import UpstreamBroken, UpstreamBusy, UpstreamError, UpstreamUnreachable

RETRIED_STATUSES = frozenset({502, 503, 504})
GIVEN_UP = 408
MOST_WAIT_S = 2.0
"Longer than this nobody is kept waiting before a call even begins."


@dataclass(frozen=True, slots=True)
class Retries:
    """most: further tries of one call; 0: none. backoff_s: the longest wait before the first of them."""

    most: int = 0
    backoff_s: float = 0.25

    def wait_s(
        self, error: UpstreamError, status: int | None, tries: int, left_s: float, chance: float
    ) -> float | None:
        """Seconds until the next try, or None: no other. tries: made so far. left_s: of the time for one answer."""
        if tries > self.most or not is_passing(error, status):
            return None
        told_s = error.retry_after_s
        wait_s = float(told_s) if told_s is not None else chance * self.backoff_s * 2 ** (tries - 1)
        return wait_s if wait_s <= MOST_WAIT_S and wait_s < left_s else None


def is_passing(error: UpstreamError, status: int | None) -> bool:
    """Whether the failure may be over in a moment. status: None without an answer."""
    if isinstance(error, UpstreamBusy):
        return error.retry_after_s is not None
    if isinstance(error, UpstreamBroken):
        return status in RETRIED_STATUSES
    return status == GIVEN_UP or isinstance(error, UpstreamUnreachable)


class Spared:
    """A source's budget of retries: one for every ten calls, and ten at once. When everything fails, everything would
    be asked three times: this keeps it at a tenth more."""

    __slots__ = ("_left",)

    COST = 10
    "Of a retry, in calls."
    MOST = 100

    def __init__(self) -> None:
        self._left = self.MOST

    def called(self) -> None:
        if self._left < self.MOST:
            self._left += 1

    def take(self) -> bool:
        """False: there is none left."""
        if self._left < self.COST:
            return False
        self._left -= self.COST
        return True
