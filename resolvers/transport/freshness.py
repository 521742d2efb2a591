"""Freshness: how old the remembered answers are that one list was made of, source by source.

It travels with the task that reads, as an allowance does, so that adapters need not hand it on. A list that needed no
answer of its own was made of what an object brought along: it is as old as anything its request was told of the source.
"""

from __future__ import annotations

from contextvars import ContextVar

from msgspec import Struct


class Age(Struct, frozen=True):
    """fetched_at: of the oldest answer, seconds since 1970. is_stale: one was used because the source failed."""

    fetched_at: float
    is_stale: bool

    def with_other(self, other: Age) -> Age:
        return Age(min(self.fetched_at, other.fetched_at), self.is_stale or other.is_stale)


class Freshness:
    """Of one list, or of one request; `outer` is told all that it is told."""

    __slots__ = ("ages", "asked", "is_lasting", "outer")

    def __init__(self, outer: Freshness | None = None):
        self.outer = outer
        self.ages: dict[str, Age] = {}
        self.asked: set[str] = set()  # just now
        self.is_lasting = True  # nothing was read that must be asked for anew each time

    def came(self, source: str, age: Age) -> None:
        known = self.ages.get(source)
        self.ages[source] = age if known is None else known.with_other(age)
        if self.outer is not None:
            self.outer.came(source, age)

    def was_asked(self, source: str) -> None:
        """Just now, and it answered, or failed."""
        self.asked.add(source)

    def passes(self) -> None:
        """Something was read that must not serve anybody again, such as a signed link."""
        self.is_lasting = False
        if self.outer is not None:
            self.outer.passes()

    def include(self, other: Freshness) -> None:
        self.asked |= other.asked
        for source, age in other.ages.items():
            self.came(source, age)

    def of(self, source: str) -> Age | None:
        """None: nothing of it was remembered."""
        if source in self.ages or source in self.asked or self.outer is None:
            return self.ages.get(source)
        return self.outer.of(source)

    def go_on(self) -> None:
        """From here on in this task: what it reads is told to this one."""
        _current.set(self)


_current: ContextVar[Freshness | None] = ContextVar("freshness", default=None)
_is_live_only: ContextVar[bool] = ContextVar("is_live_only", default=False)


def begin() -> Freshness:
    """From here on, in this task and those it starts."""
    made = Freshness(_current.get())
    made.go_on()
    return made


def begin_anew() -> Freshness:
    """Likewise, of a request: nothing around it is told."""
    made = Freshness()
    made.go_on()
    return made


def current() -> Freshness | None:
    return _current.get()


def came(source: str, age: Age) -> None:
    freshness = _current.get()
    if freshness is not None:
        freshness.came(source, age)


def was_asked(source: str) -> None:
    freshness = _current.get()
    if freshness is not None:
        freshness.was_asked(source)


def passes() -> None:
    freshness = _current.get()
    if freshness is not None:
        freshness.passes()


def end() -> None:
    """From here on in this task, nobody is told."""
    _current.set(None)


def place() -> tuple[Freshness | None, bool]:
    """Who is told now, and whether what is remembered counts: for `go_back`."""
    return _current.get(), _is_live_only.get()


def go_back(before: tuple[Freshness | None, bool]) -> None:
    _current.set(before[0])
    _is_live_only.set(before[1])


def only_live() -> None:
    """From here on in this task, and in those it starts, every read asks its upstream: a change must not be decided
    by what was."""
    _is_live_only.set(True)


def is_live_only() -> bool:
    return _is_live_only.get()
