"""Observe: every upstream call is told to one hook. Logs, metrics, traces and the health of a source hang on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Cache = Literal["MISS", "HIT", "STALE", "SHARED"]
"""How a call stands to what is remembered: asked, since nothing there would do; answered from it; answered from it
beyond its time; answered by a call that another began."""


@dataclass(frozen=True, slots=True)
class Call:
    """One finished upstream call, or one that was not made, since its answer was there or on its way."""

    source: str
    method: str
    path: str  # with query; our requests carry no secret there
    status: int | None  # None: no answer
    duration_ms: float
    size_bytes: int  # of the body once it is decompressed
    error_code: str | None
    is_session: bool  # logins, who-am-I and discovery of scopes: counted apart from what a query costs
    server_date: str | None = None  # its Date header as it came; None without an answer, or without the header
    cache: Cache | None = None  # None: asked, and nothing is remembered of such calls

    @property
    def was_made(self) -> bool:
        """Whether the upstream was asked by it."""
        return self.cache in (None, "MISS")


Observe = Callable[[Call], None]


def unobserved(call: Call) -> None:
    """The trivial default."""
