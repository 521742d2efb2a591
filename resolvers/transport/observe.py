"""Observe: every upstream call is told to one hook. Logs, metrics, traces and the health of a source hang on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Cache = Literal["MISS", "HIT", "STALE", "SHARED"]
"""How a call stands to what is remembered: asked and kept, answered from it, answered from it beyond its time, answered
by another's call."""


@dataclass(frozen=True, slots=True)
class Call:
    """One finished upstream call."""

    source: str
    method: str
    path: str  # with query; our requests carry no secret there
    status: int | None  # None: no answer
    duration_ms: float
    size_bytes: int  # of the body once it is decompressed
    error_code: str | None
    is_session: bool  # logins, who-am-I and discovery of scopes: counted apart from what a query costs
    server_date: str | None = None  # its Date header as it came; None without an answer, or without the header
    cache: Cache | None = None  # None: nothing is remembered of such calls; true of all of them today


Observe = Callable[[Call], None]


def unobserved(call: Call) -> None:
    """The trivial default."""
