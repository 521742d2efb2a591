"""Principal: who asks, told by the request's Authorization header.

Until full authentication exists there is one static token, which lets its bearer write. Reading needs none: the
gateway listens on loopback only.
"""

from __future__ import annotations

import hmac

from pydantic import SecretStr

from resolvers.errors import Unauthenticated
from resolvers.principal import Anyone, Principal


class Bearer:
    """A caller where a write token is configured: may write when the header carries it."""

    def __init__(self, write_token: SecretStr, authorization: str):
        self._write_token, self._authorization = write_token, authorization

    def check(self, scope: str, source: str | None = None) -> None:
        if scope != "write":
            return
        scheme, _, given = self._authorization.partition(" ")
        if scheme.lower() != "bearer" or not given:
            raise Unauthenticated("writing needs the header Authorization: Bearer with the gateway's write token")
        if not hmac.compare_digest(given.strip().encode(), self._write_token.get_secret_value().encode()):
            raise Unauthenticated("the bearer token is not the gateway's write token")


def caller(write_token: SecretStr | None, authorization: str) -> Principal:
    return Anyone() if write_token is None else Bearer(write_token, authorization)
