"""Bucket: how many calls a second one source gets, learned from the 429s it answers.

No vendor of ours publishes a limit: balena keeps its own to itself on purpose, Memfault's are for other routes, the
others have none, and none sends X-RateLimit headers. All that is promised is 429 and, mostly, Retry-After. So there is
no limit until one is met. Then no call goes out for as long as the source said, and after that half as many a second as
went out when it was met; twice as many each DOUBLING_S, until there is no limit again. Calls beyond wait their turn, as
they do for one of the calls at once.

Pure: the time is handed in. Without a limit a call costs a count.
"""

from __future__ import annotations

from math import inf

PAUSE_S = 1.0
"After a 429 that does not say how long."
MOST_PAUSE_S = 300.0
"Whatever a source says: one call in five minutes is no burden, and a wrong word must not shut it out for good."
DOUBLING_S = 30.0
FEWEST_PER_S = 5.0
"What balena's own client throttles itself to in its example: below this a page would take longer than people wait."
LIFTED_AT = 4.0
"Times what went out when the limit was met: at so many calls a second there is none any more."
WINDOW_S = 5.0
"What went out a second is counted over so long."


class Bucket:
    """most_per_s: calls a second that are never exceeded; None: as many as come."""

    __slots__ = ("_before", "_cut_at", "_free_at", "_lift", "_most", "_next_at", "_rate", "_sent", "_window_at")

    def __init__(self, most_per_s: float | None = None):
        self._most = most_per_s
        self._rate: float | None = most_per_s  # a second; of a learned one, at _free_at
        self._next_at = self._free_at = self._window_at = 0.0
        self._cut_at, self._lift = -inf, inf
        self._sent, self._before = 0, 0.0  # in this window, and a second in the one before

    def take(self, now: float, pause_s: float, left_s: float) -> float | None:
        """Seconds until a call may go out: mostly 0. None: not within its time; no place was taken.

        pause_s: how long it may wait for what the source asked for; left_s: how long for its turn.
        """
        if now - self._window_at > WINDOW_S:
            self._before, self._sent, self._window_at = self._sent / (now - self._window_at), 0, now
        rate = None if self._rate is None else self.rate(now)
        if rate is None:
            self._sent += 1
            return 0.0
        # As many as a second's worth may go out at once; a place is a moment on the line of time.
        place = max(self._next_at, now - max(1 - 1 / rate, 0.0))
        wait_s = max(place - now, 0.0)
        if wait_s > left_s or self._free_at - now > pause_s:
            return None
        self._next_at = place + 1 / rate
        self._sent += 1
        return wait_s

    def next_s(self, now: float) -> float:
        """Seconds until there is a place."""
        return max(self._next_at - now, 0.0)

    def rate(self, now: float) -> float | None:
        """Calls a second; None: no limit."""
        if self._lift == inf or self._rate is None:
            return self._rate
        doublings = min(max(now - self._free_at, 0.0) / DOUBLING_S, 30.0)
        rate: float = self._rate * 2.0**doublings
        if rate < self._lift:
            return rate
        self._rate, self._lift = self._most, inf
        return self._rate

    def cut(self, began: float, now: float, retry_after_s: float | None) -> None:
        """A call that began then was answered just now that there are too many of them."""
        pause_s = PAUSE_S if retry_after_s is None else min(retry_after_s, MOST_PAUSE_S)
        rate = self.rate(now)
        self._next_at = self._free_at = max(self._next_at, now + pause_s)
        if began < self._cut_at:
            return  # it went out before the limit was known: it says nothing new
        most = inf if self._most is None else self._most
        sent = max(self._before, self._sent / max(now - self._window_at, 1.0), 2 * FEWEST_PER_S)
        known = sent if rate is None else min(rate, sent)
        self._rate = min(max(known / 2, FEWEST_PER_S), most)
        self._lift = min(known * LIFTED_AT, most)
        self._cut_at = now
