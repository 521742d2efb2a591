"""Access tokens: JWTs of the kind Feathers signs (HS256, `typ` access)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import orjson

from upstream_mocks.metakraftwerk.errors import FeathersError, not_authenticated

HEADER = {"alg": "HS256", "typ": "access"}


def signed(claims: dict[str, Any], secret: str) -> str:
    content = f"{_encoded(orjson.dumps(HEADER))}.{_encoded(orjson.dumps(claims))}"
    return f"{content}.{_signature(content, secret)}"


def claims_of(token: str, secret: str, *, now_s: float) -> dict[str, Any]:
    """The claims of a token that holds. Raises 401: the library's words for garbage, the page's for an expired one."""
    content, _, signature = token.rpartition(".")
    header, _, payload = content.partition(".")
    if not (header and payload and signature):
        raise _json_web_token_error("jwt malformed")
    if not hmac.compare_digest(signature.encode(), _signature(content, secret).encode()):
        raise _json_web_token_error("invalid signature")
    claims: dict[str, Any] = orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    if claims["exp"] <= now_s:
        raise not_authenticated()
    return claims


def _json_web_token_error(message: str) -> FeathersError:
    return not_authenticated(message, {"name": "JsonWebTokenError"})


def _signature(content: str, secret: str) -> str:
    return _encoded(hmac.new(secret.encode(), content.encode(), hashlib.sha256).digest())


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
