"""Watched: a file that is read again when it changed, so that what it holds can be renewed without a restart.

Looked at when somebody asks for the value, at most every few seconds, by each process for itself: that needs no signal
handed on to workers and no thread. A file that is gone or cannot be understood leaves the last good value in force, and
is told in the log once.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import structlog

T = TypeVar("T")
Stamp = tuple[int, int, int]
LOOKED_AT_EVERY_S = 2.0

_log = structlog.get_logger("releasegraph.transport")


class Watched(Generic[T]):
    """`read` makes the value of the file's text; it raises ValueError, with a sentence that quotes nothing secret.

    value: what was read at first; by default it is read now, and whatever that raises is the caller's.
    """

    def __init__(
        self, path: Path, read: Callable[[str], T], value: T | None = None, clock: Callable[[], float] = time.monotonic
    ):
        self.path, self._read, self._clock = path, read, clock
        self._stamp = _stamp(path)
        self._value: T = read(path.read_text(encoding="utf-8")) if value is None else value
        self._next_look = clock() + LOOKED_AT_EVERY_S

    @property
    def value(self) -> T:
        if self._clock() >= self._next_look:
            self.look()
        return self._value

    def look(self) -> None:
        """Looks at the file now."""
        self._next_look = self._clock() + LOOKED_AT_EVERY_S
        stamp = _stamp(self.path)
        if stamp == self._stamp:
            return
        # Noted before it is read: what is written meanwhile is another stamp, and read the next time.
        self._stamp = stamp
        try:
            self._value = self._read(self.path.read_text(encoding="utf-8"))
        except OSError as error:
            self._complain(error.strerror or "cannot be read")
        except UnicodeDecodeError:
            self._complain("is not readable text")
        except ValueError as error:
            self._complain(str(error))
        else:
            _log.info("file read again", file=str(self.path))

    def _complain(self, reason: str) -> None:
        _log.warning("file cannot be used; what it held before stays in force", file=str(self.path), reason=reason)


def _stamp(path: Path) -> Stamp | None:
    """What changes with the file, also when another one was put in its place; None while there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
