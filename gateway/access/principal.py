"""Principal: who asks, told by the request's Authorization header.

Until full authentication exists there is one static token, which lets its bearer write. Reading needs none: the
gateway listens on loopback only. Plans name objects of the upstreams that no field shows, so an operator says who may
have them, and nobody may unless they do.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from gateway.settings import Security
from resolvers.errors import Forbidden, Unauthenticated, WritesDisabled


@dataclass(frozen=True, slots=True, repr=False)
class Caller:
    """Whoever sent this header: may read, and what else `[security]` says."""

    security: Security
    authorization: str

    def check(self, scope: str, source: str | None = None) -> None:
        if scope == "write":
            self._check_write()
        elif scope == "explain":
            self._check_explain()

    def _check_write(self) -> None:
        if self.security.write_token is None:
            raise WritesDisabled("nobody may write through this gateway: no [security] write_token is configured")
        self._check_token("writing")

    def _check_explain(self) -> None:
        if self.security.explain == "nobody":
            raise Forbidden("nobody is told plans by this gateway: an operator can change it by [security] explain")
        if self.security.explain == "write_token":
            self._check_token("a plan")

    def _check_token(self, what: str) -> None:
        scheme, _, given = self.authorization.partition(" ")
        if scheme.lower() != "bearer" or not given:
            raise Unauthenticated(f"{what} needs the header Authorization: Bearer with the gateway's write token")
        token = self.security.write_token
        if token is None or not hmac.compare_digest(given.strip().encode(), token.get_secret_value().encode()):
            raise Unauthenticated("the bearer token is not the gateway's write token")
