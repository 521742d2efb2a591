"""Principal: who asks, and what they may. The gateway makes one for each request; the graph only ever asks it."""

from __future__ import annotations

from typing import Protocol


class Principal(Protocol):
    def may(self, scope: str, source: str | None = None) -> bool:
        """Whether `scope` ("read", "write", "explain") is granted, for one source or for any."""
        ...


class Anyone:
    """The trivial default: everyone may read, nobody may write."""

    def may(self, scope: str, source: str | None = None) -> bool:
        return scope in {"read", "explain"}
