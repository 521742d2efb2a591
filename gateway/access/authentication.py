"""Authentication: from the Authorization header to who asks. What was sent is never repeated, not even in part."""

from __future__ import annotations

from gateway.access import jwt
from gateway.access.api_keys import KnownKeys
from gateway.access.jwks import Keys, KeysByHttp, KeysInFile
from gateway.access.principal import HOW, Caller, bearer, is_write_token
from gateway.settings import Security
from gateway.settings.security import Jwt
from resolvers.errors import Forbidden, ReleasegraphError, Unauthenticated

CHALLENGE = 'Bearer realm="releasegraph"'


class Authentication:
    """For the life of the app. Files it needs have been read well before; by HTTP nothing is asked yet."""

    def __init__(self, security: Security):
        self._security = security
        self._api_keys = KnownKeys(security)
        self._keys = _keys(security.jwt) if security.jwt is not None else None

    async def caller(self, authorization: str, *, is_operator: bool = False) -> Caller:
        """Who sent this header. is_operator: whoever runs the command here, and may read without one.

        Raises Unauthenticated, Forbidden for who is known and may read nothing, AuthenticationUnavailable.
        """
        security = self._security
        if not security.has_authentication:
            return Caller(security, authorization)
        if not authorization:
            return self._anonymous(may_read=is_operator or security.anonymous == "read")
        caller = await self._known(authorization, bearer(authorization))
        caller.check("read")
        return caller

    def _anonymous(self, *, may_read: bool) -> Caller:
        if not may_read:
            raise Unauthenticated(f"send {HOW} your key or token")
        return Caller(self._security, "", scopes=("read",))

    async def _known(self, authorization: str, token: str) -> Caller:
        security = self._security
        if not token:
            raise Unauthenticated(f"send {HOW} your key or token; no other scheme is taken")
        if is_write_token(security, token):
            also = ("explain",) if security.explain == "write_token" else ()
            return Caller(security, authorization, "write_token", ("read", "write", *also))
        found = self._api_keys.find(token)
        if found is not None:
            name, key = found
            return Caller(security, authorization, name, frozenset(key.scopes))
        if security.jwt is not None and self._keys is not None and jwt.looks_like_one(token):
            claims = await jwt.checked(token, security.jwt, self._keys)
            subject = str(claims.get("sub", "a token's bearer"))
            return Caller(security, authorization, subject, jwt.scopes_of(claims, security.jwt.scopes_claim))
        raise Unauthenticated("the bearer token is not one that this gateway knows")


def refusal(error: ReleasegraphError, *, was_sent: bool) -> tuple[int, dict[str, str]]:
    """Status and headers for a request whose caller is not let in. was_sent: whether it carried a credential."""
    if isinstance(error, Unauthenticated):
        return 401, {"WWW-Authenticate": f'{CHALLENGE}, error="invalid_token"' if was_sent else CHALLENGE}
    if isinstance(error, Forbidden):
        return 403, {"WWW-Authenticate": f'{CHALLENGE}, error="insufficient_scope"'}
    return 503, {"Retry-After": "30"}


def _keys(said: Jwt) -> Keys:
    if said.jwks_file is not None:
        return KeysInFile(said.jwks_file)
    return KeysByHttp(said.jwks_url or "")
