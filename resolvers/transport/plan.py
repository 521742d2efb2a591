"""Plan: which upstream calls one operation has made, for a caller who may know.

It travels with the task that executes and those it starts, as an allowance does; where none was begun, nothing is
kept. A login that others wait for too is in the plan of the operation that came first. A read is in the plan of each
that waited, and its `cache` tells whose call it was; what was not asked of an upstream is listed and not counted.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from resolvers.transport.observe import Call

MAX_CALLS = 500
"Calls of one operation that are listed; the others are only counted. A call may have a path of 8 kB."


@dataclass(slots=True)
class Entry:
    """One call of a plan."""

    call: Call
    at_ms: float  # from the beginning of the plan until it was begun
    rows: int | None = None  # that were read out of its answer; None when that is no list, or none came

    @property
    def told(self) -> dict[str, Any]:
        """As JSON has it: see the README. Neither header nor body is known here, so none can be told."""
        call = self.call
        return {
            "source": call.source,
            "method": call.method,
            "path": call.path,
            "status": call.status,
            "error": call.error_code,
            "session": call.is_session,
            "retry": call.is_retry,
            "cache": call.cache,
            "rows": self.rows,
            "bytes": call.size_bytes,
            "atMs": round(self.at_ms, 1),
            "ms": round(call.duration_ms, 1),
        }


class Plan:
    """Calls in the order they ended, at most `max_calls` of them. clock: seconds.

    estimate: of the calls that are made, sessions aside, as it was told before the first; None: of nobody.
    """

    def __init__(self, max_calls: int = MAX_CALLS, clock: Callable[[], float] = time.perf_counter):
        self._max_calls, self._clock, self._began = max_calls, clock, clock()
        self.estimate: int | None = None
        self._entries: list[Entry] = []
        self._calls: Counter[str] = Counter()  # made, by source: 0 for one that needed none
        self._listed = self._remembered = self._shared = self._session_calls = self._rows = self._bytes = 0

    def add(self, call: Call) -> Entry:
        """A call that has ended just now."""
        entry = Entry(call, max(self._elapsed_ms() - call.duration_ms, 0.0))
        if len(self._entries) < self._max_calls:
            self._entries.append(entry)
        self._listed += 1
        self._calls[call.source] += call.was_made
        self._remembered += call.cache in ("HIT", "STALE")
        self._shared += call.cache == "SHARED"
        self._session_calls += call.is_session and call.was_made
        self._bytes += call.size_bytes
        return entry

    def add_rows(self, entry: Entry, rows: int) -> None:
        """Rows of a call's answer. Said again, it is of a list inside that list, which is not counted."""
        if entry.rows is None:
            entry.rows = rows
            self._rows += rows

    @property
    def told(self) -> dict[str, Any]:
        """As JSON has it, calls in the order they began: see the README. Call it when the operation is over."""
        return {
            "calls": [entry.told for entry in sorted(self._entries, key=lambda entry: entry.at_ms)],
            "omitted": self._listed - len(self._entries),
            "totals": {
                "calls": self._calls.total(),
                "estimate": self.estimate,
                "sessionCalls": self._session_calls,
                "remembered": self._remembered,
                "shared": self._shared,
                "rows": self._rows,
                "bytes": self._bytes,
                "ms": round(self._elapsed_ms(), 1),
                "sources": dict(sorted(self._calls.items())),
            },
        }

    def _elapsed_ms(self) -> float:
        return (self._clock() - self._began) * 1000


_plan: ContextVar[Plan | None] = ContextVar("plan", default=None)
_answered: ContextVar[Entry | None] = ContextVar("answered", default=None)
"""The last call of this task. A task that was started by another begins with that one's, and what it asks itself stays
unknown there: so calls side by side do not take each other's rows, as long as each task reads what it asked for."""


@contextmanager
def begun(plan: Plan) -> Iterator[None]:
    """Calls of the block, in this task and those it starts, go into the plan."""
    before, last = _plan.set(plan), _answered.set(None)
    try:
        yield
    finally:
        _plan.reset(before)
        _answered.reset(last)


def current() -> Plan | None:
    return _plan.get()


def end() -> None:
    """From here on in this task, and in those it starts, calls go into no plan."""
    _plan.set(None)


def observe(call: Call) -> None:
    """An observer of upstream calls. To be called by the task that asked."""
    plan = _plan.get()
    if plan is not None:
        _answered.set(plan.add(call))


def read(source: str, rows: int) -> None:
    """So many rows were read out of the answer that this task has just got from the source."""
    plan, entry = _plan.get(), _answered.get()
    if plan is not None and entry is not None and entry.call.source == source and entry.call.error_code is None:
        plan.add_rows(entry, rows)
