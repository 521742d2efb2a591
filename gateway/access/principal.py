"""Principal: who asks, and what they may: by the scopes of their key or token, else by what `[security]` says.

Where nobody is asked who they are, everyone reads, since the gateway listens on loopback only; then one static token
lets its bearer write. Plans name objects of the upstreams that no field shows, so an operator says who may have them,
and nobody may unless they do.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection
from dataclasses import dataclass

from gateway.settings import Security
from resolvers.errors import Forbidden, ReleasegraphError, Unauthenticated, WritesDisabled

HOW = "the header Authorization: Bearer with"


@dataclass(frozen=True, slots=True, repr=False)
class Caller:
    """Whoever sent this header.

    name: of the key, or of the token's subject; None: nobody was named. scopes: what they were given; None: nobody is
    asked who they are here, so that everyone may read.
    """

    security: Security
    authorization: str
    name: str | None = None
    scopes: Collection[str] | None = None

    def check(self, scope: str, source: str | None = None) -> None:
        if scope == "write":
            self._check_write(source)
        elif scope == "explain":
            self._check_explain()
        elif scope == "read" and self.scopes is not None:
            self._check_read(source)

    def check_introspection(self) -> None:
        """Raises Forbidden or Unauthenticated for who may not be told the schema."""
        who = self.security.introspection
        if who == "nobody":
            raise Forbidden("nobody is told the schema by this gateway")
        if who == "authenticated" and self.name is None and not self._has_write_token():
            raise Unauthenticated(f"the schema is told to known callers only: send {HOW} your key or token")

    @property
    def may_introspect(self) -> bool:
        try:
            self.check_introspection()
        except ReleasegraphError:
            return False
        return True

    def _check_read(self, source: str | None) -> None:
        # Who may change something may read it: every change is read again.
        if not (self._has("read", source) or self._has("write", source)):
            raise Forbidden(f"{self._called()} may not read {source or 'any source'}{_needed('read', source)}")

    def _check_write(self, source: str | None) -> None:
        if self.scopes is None:
            self._check_write_token()
        elif not self._has("write", source):
            if self.name is None:
                raise Unauthenticated(f"writing needs {HOW} a key or token that has the scope write")
            raise Forbidden(f"{self._called()} may not write to {source or 'any source'}{_needed('write', source)}")

    def _check_write_token(self) -> None:
        if self.security.write_token is None:
            raise WritesDisabled("nobody may write through this gateway: no [security] write_token is configured")
        self._check_token("writing")

    def _check_explain(self) -> None:
        if self.security.explain == "anyone" or "explain" in (self.scopes or ()):
            return None
        if self.security.explain == "write_token" and self.scopes is None:
            return self._check_token("a plan")
        if self.scopes is not None and self.name is not None:
            raise Forbidden(f"{self._called()} is not told plans{_needed('explain', None)}")
        raise Forbidden("nobody is told plans by this gateway: an operator can change it by [security] explain")

    def _check_token(self, what: str) -> None:
        scheme, _, given = self.authorization.partition(" ")
        if scheme.lower() != "bearer" or not given:
            raise Unauthenticated(f"{what} needs {HOW} the gateway's write token")
        if not self._has_write_token():
            raise Unauthenticated("the bearer token is not the gateway's write token")

    def _has_write_token(self) -> bool:
        return is_write_token(self.security, bearer(self.authorization))

    def _has(self, scope: str, source: str | None) -> bool:
        """For any source when none is named."""
        scopes = self.scopes or ()
        if scope in scopes or f"{scope}:{source}" in scopes:
            return True
        return source is None and any(one.startswith(f"{scope}:") for one in scopes)

    def _called(self) -> str:
        return f"the caller {self.name!r}" if self.name is not None else "a caller without a credential"


def bearer(authorization: str) -> str:
    """The token of an Authorization header; an empty one when it carries none."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def is_write_token(security: Security, token: str) -> bool:
    own = security.write_token
    return own is not None and bool(token) and hmac.compare_digest(token.encode(), own.get_secret_value().encode())


def _needed(scope: str, source: str | None) -> str:
    return f": it needs the scope {scope}" + (f" or {scope}:{source}" if source else "")
