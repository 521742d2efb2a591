"""Statuses: which error an HTTP status is. The only place that decides it.

An adapter that knows better of its vendor says so as data, by status, in its facts.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from math import ceil
from types import MappingProxyType

from resolvers.errors import (
    UpstreamBroken,
    UpstreamBusy,
    UpstreamError,
    UpstreamRefused,
    UpstreamRejected,
)

Statuses = Mapping[int, type[UpstreamError]]
NONE: Statuses = MappingProxyType({})

YEAR_S = 366 * 86_400
_REFUSED = frozenset({401, 403})
_MEANINGS = {
    "UPSTREAM_REFUSED": "refused our credential",
    "UPSTREAM_BUSY": "is busy",
    "UPSTREAM_BROKEN": "failed",
    "UPSTREAM_REJECTED": "did not accept our request",
}


def error_of(
    source: str, status: int, what: str, own: Statuses = NONE, retry_after: str | None = None, date: str | None = None
) -> UpstreamError:
    """The error for a status outside 200-299. `what` names the call, e.g. "GET /v7/release"; `own` goes first.

    retry_after, date: the headers of those names. Only who is busy or broken is believed about when to come again.
    """
    error = own.get(status) or _general(status)
    sentence = f"{_MEANINGS.get(error.code, 'failed')}: {status} ({what})"
    if not issubclass(error, UpstreamBusy | UpstreamBroken):
        return error(source, sentence)
    after_s = seconds_until(retry_after, date)
    waiting = "" if after_s is None else f"; it wants to be asked again in {after_s} s"
    return error(source, sentence + waiting, after_s)


_MISTAKES = {400: "REJECTED", 404: "NOT_FOUND", 409: "CONFLICT", 413: "REJECTED", 422: "REJECTED"}


def mistake_of(status: int) -> str | None:
    """What kind of a caller's mistake the status of a change is; None when it is not theirs to mend."""
    return _MISTAKES.get(status)


def _general(status: int) -> type[UpstreamError]:
    if status in _REFUSED:
        return UpstreamRefused
    if status == 429:
        return UpstreamBusy
    # 3xx is in the last group: redirects are not followed, our token would go along.
    return UpstreamBroken if status >= 500 else UpstreamRejected


def seconds_until(retry_after: str | None, date: str | None = None) -> int | None:
    """Seconds that a Retry-After header names, by number or by date; None when it names none, or more than a year.

    date: the server's own Date header, by which its clock may differ from ours.
    """
    if retry_after is None:
        return None
    if retry_after.isascii() and retry_after.isdigit():
        seconds = int(retry_after) if len(retry_after) < 9 else YEAR_S + 1
    else:
        moment, now = _moment(retry_after), _moment(date or "")
        if moment is None:
            return None
        seconds = max(ceil(moment - (now or time.time())), 0)
    return seconds if seconds <= YEAR_S else None


def _moment(date: str) -> float | None:
    """Seconds since 1970 of an HTTP date."""
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError, TypeError):
        return None
