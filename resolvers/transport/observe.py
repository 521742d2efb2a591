"""Observe: every upstream call is told to two hooks: `Begin` when it begins, `Observe` when it has ended.

Logs, metrics, traces and the health of a source hang on them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal, Protocol

from msgspec import Struct

Cache = Literal["MISS", "HIT", "STALE", "SHARED"]
"""How a call stands to what is remembered: asked, since nothing there would do; answered from it; answered from it
beyond its time; answered by a call that another began."""

CANCELLED = "CANCELLED"
"In the place of an error's code: nobody waited for the answer any more. It says nothing of the source."


class Call(Struct, frozen=True):
    """One finished upstream call, or one that was not made, since its answer was there or on its way."""

    source: str
    method: str
    path: str  # with query; our requests carry no secret there
    status: int | None  # None: no answer
    duration_ms: float
    size_bytes: int  # of the body once it is decompressed
    error_code: str | None  # of the error tree, or CANCELLED
    is_session: bool  # logins, who-am-I and discovery of scopes: counted apart from what a query costs
    server_date: str | None = None  # its Date header as it came; None without an answer, or without the header
    cache: Cache | None = None  # None: asked, and nothing is remembered of such calls
    is_retry: bool = False  # asked again after a try that failed, and counted as any other call
    is_unreadable: bool = False  # told of a call before, once what it brought turned out to be of no use

    @property
    def was_made(self) -> bool:
        """Whether the upstream was asked by it."""
        return self.cache in (None, "MISS") and not self.is_unreadable


Observe = Callable[[Call], None]


def unobserved(call: Call) -> None:
    """The trivial default."""


class Begun(Protocol):
    """One call under way."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Sent along with it, such as the trace it belongs to."""
        ...

    def ended(self, call: Call) -> None:
        """Said once, whatever came of it, by the task that began it."""
        ...


Begin = Callable[[str, str, str], Begun]
"(source, method, path with query) of a call that begins."


class _Unwatched:
    headers: Mapping[str, str] = MappingProxyType({})

    def ended(self, call: Call) -> None:
        pass


_UNWATCHED = _Unwatched()


def unwatched(source: str, method: str, path: str) -> Begun:
    """The trivial default."""
    return _UNWATCHED
