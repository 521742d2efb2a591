"""Login: an email and a password for a token that runs out; there is no way to renew one but to log in again.

The token is asked for when it is first needed, by one call however many wait for it, and again after nine tenths of
its life or when the upstream says 401 to it.
"""

from __future__ import annotations

import math
import time
from base64 import urlsafe_b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping
from typing import Annotated

import msgspec
from pydantic import SecretStr

from resolvers.transport.http import Http
from resolvers.transport.kept import Kept
from resolvers.upstreams import payload

PATH = "/authentication"
UNKNOWN_LIFE_S = 3600.0
RENEWED_AFTER = 0.9  # of its life


class Session(msgspec.Struct, rename="camel"):
    """The answer to a login, as far as we read it. The token goes into a header: printable ASCII without spaces."""

    access_token: Annotated[str, msgspec.Meta(pattern="^[!-~]+$")]


class Claims(msgspec.Struct):
    """Seconds since 1970, by the clock of whoever signed."""

    iat: float | None = None
    exp: float | None = None


class Login:
    """Credentials that log in by themselves. `clock` gives seconds since 1970."""

    def __init__(self, http: Http, email: str, password: SecretStr, clock: Callable[[], float] = time.time):
        self._http, self._email, self._password, self._clock = http, email, password, clock
        self._kept = Kept(self, self._log_in, source=http.source, for_s=math.inf, clock=clock)
        self._token: str | None = None
        self._renew_at = 0.0

    @property
    def identity(self) -> str:
        """The account, whatever token it has just now."""
        return f"login:{self._email}"

    async def headers(self) -> Mapping[str, str]:
        if self._token is not None and self._clock() >= self._renew_at:
            self._forget()
        return _authorization(await self._kept.get())

    async def renewed(self, sent: Mapping[str, str]) -> bool:
        """Always True: either the token has been renewed since, or the next `headers` renews it."""
        if self._token is not None and sent == _authorization(self._token):
            self._forget()
        return True

    def _forget(self) -> None:
        # Only ever called with a token at hand: whoever comes next must join a login under way, not begin another.
        self._token = None
        self._kept.forget()

    async def _log_in(self) -> str:
        credentials = {"strategy": "local", "email": self._email, "password": self._password.get_secret_value()}
        body = await self._http.post_json(PATH, msgspec.json.encode(credentials), is_session=True)
        token = payload.decode(self._http.source, f"POST {PATH}", body, Session).access_token
        now_s = self._clock()
        self._token, self._renew_at = token, now_s + RENEWED_AFTER * life_s(token, now_s)
        return token


def life_s(token: str, now_s: float) -> float:
    """How long a token just issued lasts, by what it says of itself; an hour when it says nothing we can read.

    From `iat` to `exp` where both are told, so that a clock that differs from the upstream's does no harm.
    """
    claims = _claims(token)
    if claims.exp is None:
        return UNKNOWN_LIFE_S
    return max(0.0, claims.exp - (now_s if claims.iat is None else claims.iat))


def _claims(token: str) -> Claims:
    """What a JWT says, unverified: we only plan by it. Nothing for any other kind of token."""
    _, _, rest = token.partition(".")
    encoded, _, _ = rest.partition(".")
    try:
        return msgspec.json.decode(urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)), type=Claims)
    except (NotBase64, *payload.UNREADABLE):
        return Claims()


def _authorization(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
