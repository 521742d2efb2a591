"""Principal: who asks, and what they may. The gateway makes one for each request; the graph only ever asks it."""

from __future__ import annotations

from typing import Protocol

from resolvers.errors import Forbidden, WritesDisabled


class Principal(Protocol):
    def check(self, scope: str, source: str | None = None) -> None:
        """Returns when `scope` ("read", "write", "explain") is granted, for one source or, without one, for any.

        Raises WritesDisabled, Unauthenticated or Forbidden, saying what would be needed.
        """
        ...


class Anyone:
    """The trivial default: everyone may read, and no more."""

    def check(self, scope: str, source: str | None = None) -> None:
        if scope == "write":
            raise WritesDisabled("nobody may write through this gateway: no [security] write_token is configured")
        if scope == "explain":
            raise Forbidden("nobody is told plans by this gateway")
