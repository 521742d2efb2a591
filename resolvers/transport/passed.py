"""Passed: credentials that a caller brought for upstreams, for one request.

They travel with the tasks of the request, as an allowance does, so that adapters need not hand them on.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass, field
from hashlib import blake2b


@dataclass(frozen=True, slots=True)
class Passed:
    """identity: tells two tokens apart without telling either; stable for as long as the key it was made with."""

    token: str = field(repr=False)
    identity: str


def passed(token: str, key: bytes) -> Passed:
    """key: at most 64 bytes. Without it, whoever sees an identity could try tokens against it."""
    return Passed(token, f"passed:{blake2b(token.encode(), key=key, digest_size=16).hexdigest()}")


_NONE: Mapping[str, Passed] = {}
_current: ContextVar[Mapping[str, Passed]] = ContextVar("passed", default=_NONE)


class begun(AbstractContextManager[None]):  # noqa: N801  # used as a function
    """Requests of the block, in this task and those it starts, carry these. by_source: by the source's name."""

    __slots__ = ("_before", "_by_source")

    def __init__(self, by_source: Mapping[str, Passed]):
        self._by_source = by_source

    def __enter__(self) -> None:
        self._before = _current.set(self._by_source)

    def __exit__(self, *_: object) -> None:
        _current.reset(self._before)


def to(source: str) -> Passed | None:
    """What the caller brought for this source."""
    return _current.get().get(source)
