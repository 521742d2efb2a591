"""Allowance: how many bytes one list may read of one source, over all the calls that takes.

It travels with the task that reads, so that adapters need not hand it on. A call that several wait for is taken from
the allowance of each of them.
"""

from __future__ import annotations

from contextvars import ContextVar


class UsedUp(Exception):
    """More was read than the allowance has."""


class Allowance:
    def __init__(self, size_bytes: int):
        self._left = size_bytes

    def take(self, size_bytes: int) -> bool:
        """False once more was taken than there was."""
        self._left -= size_bytes
        return self._left >= 0

    def go_on(self) -> None:
        """From here on in this task: what it reads is taken from this one."""
        _current.set(self)


_current: ContextVar[Allowance | None] = ContextVar("allowance", default=None)


def begin(size_bytes: int) -> None:
    """From here on, in this task and those it starts."""
    Allowance(size_bytes).go_on()


def current() -> Allowance | None:
    """None: the task may take what it likes."""
    return _current.get()


def go_back(before: Allowance | None) -> None:
    """To what `current` gave."""
    _current.set(before)


def take(size_bytes: int) -> bool:
    """False once the task's allowance is used up; a task without one may take what it likes."""
    allowance = _current.get()
    return allowance is None or allowance.take(size_bytes)


def end() -> None:
    """From here on in this task, nothing is taken: whoever waits for it is charged by itself."""
    _current.set(None)
