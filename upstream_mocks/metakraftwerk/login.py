"""Who may: an email and a password for a token that runs out, and the look at the token of every call."""

from __future__ import annotations

import time
from collections.abc import Mapping
from itertools import count
from typing import Any

from upstream_mocks.metakraftwerk.errors import FeathersError, not_authenticated
from upstream_mocks.metakraftwerk.tokens import claims_of, signed
from upstream_mocks.world import World

EMAIL = "demo@metakraftwerk.example"
PASSWORD = "demo-metakraftwerk-password"
TOKEN = "demo-metakraftwerk-token"
USER = {"id": 17, "email": EMAIL}
DAY_S = 86_400  # Feathers' own default


class Login:
    def __init__(self, world: World, switches: Mapping[str, Any]):
        self.world, self.switches = world, switches
        self.secret = world.hex(64, "metakraftwerk", "secret")
        self.numbers = count(1)

    def create(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a login. Raises 400 for a missing field, 401 for a wrong one or another strategy."""
        strategy = request.get("strategy")
        if strategy != "local":
            reason = "strategy not allowed in authStrategies" if strategy else "no `strategy` set"
            raise not_authenticated(f"Invalid authentication information ({reason})")
        for field in ("email", "password"):
            if not request.get(field):
                raise FeathersError(400, f"'{field}' is required")
        if (request["email"], request["password"]) != (EMAIL, PASSWORD):
            raise not_authenticated("Invalid login")
        token = self._issued()
        return {"accessToken": token, "authentication": {"strategy": "local", "accessToken": token}, "user": USER}

    def check(self, authorization: str | None) -> None:
        """Raises 401 unless the header holds the fixed token or one issued here that has not run out."""
        token = _token(authorization)
        if token == TOKEN:
            return
        if token is None:
            raise not_authenticated()
        try:
            claims_of(token, self.secret, now_s=time.time())
        except FeathersError as error:
            raise (not_authenticated() if self.switches.get("documented_token_errors") else error) from None

    def _issued(self) -> str:
        # The real clock, which the mocks avoid elsewhere: a client renews by comparing `exp` with its own.
        issued_at = int(time.time())
        claims = {
            "iat": issued_at,
            "exp": issued_at + int(self.switches.get("token_life_s", DAY_S)),
            "aud": "https://app.metakraftwerk.example",
            "sub": str(USER["id"]),
            "jti": self.world.uuid("metakraftwerk", "login", next(self.numbers)),
            "iss": "feathers",
        }
        return signed(claims, self.secret)


def _token(authorization: str | None) -> str | None:
    """What follows `Bearer`, or the whole header when it names no scheme; another scheme is no token."""
    scheme, _, token = (authorization or "").strip().rpartition(" ")
    return token or None if scheme.lower() in ("", "bearer", "jwt") else None
