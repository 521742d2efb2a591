"""Statuses: which error an HTTP status is. The only place that decides it.

An adapter that knows better of its vendor says so as data, by status, in its facts.
"""

from __future__ import annotations

from collections.abc import Mapping
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

_REFUSED = frozenset({401, 403})
_MEANINGS = {
    "UPSTREAM_REFUSED": "refused our credential",
    "UPSTREAM_BUSY": "is busy",
    "UPSTREAM_BROKEN": "failed",
    "UPSTREAM_REJECTED": "did not accept our request",
}


def error_of(
    source: str, status: int, what: str, own: Statuses = NONE, retry_after: str | None = None
) -> UpstreamError:
    """The error for a status outside 200-299. `what` names the call, e.g. "GET /v7/release"; `own` goes first."""
    error = own.get(status) or _general(status)
    sentence = f"{_MEANINGS.get(error.code, 'failed')}: {status} ({what})"
    if issubclass(error, UpstreamBusy):
        return error(source, sentence, _seconds(retry_after))
    return error(source, sentence)


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


def _seconds(retry_after: str | None) -> int | None:
    return int(retry_after) if retry_after and retry_after.isascii() and retry_after.isdigit() else None
