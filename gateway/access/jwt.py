"""JWT: a token that somebody else issued, checked by that issuer's keys.

Only algorithms of key pairs are taken, and only those configured: a token says itself how it is signed, and must not
choose to be signed by nobody, or by what everybody knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jwt

from gateway.access.jwks import Keys, KeysUnknown
from gateway.settings.security import SCOPE, Jwt
from resolvers.errors import AuthenticationUnavailable, Unauthenticated

REASONS: Mapping[type[jwt.PyJWTError], str] = {
    jwt.ExpiredSignatureError: "it has run out",
    jwt.ImmatureSignatureError: "it is not valid yet",
    jwt.InvalidAudienceError: "it is for another audience",
    jwt.InvalidIssuerError: "it is of another issuer",
    jwt.InvalidSignatureError: "its signature does not fit",
    jwt.MissingRequiredClaimError: "it lacks a claim: exp, iss and aud are needed",
}
"Said to the caller. The library's own words may quote the token."


def looks_like_one(token: str) -> bool:
    return token.count(".") == 2


async def checked(token: str, said: Jwt, keys: Keys) -> Mapping[str, Any]:
    """The claims of a good token. Raises Unauthenticated, or AuthenticationUnavailable when nobody can tell."""
    kid, algorithm = _header(token, said)
    try:
        key = await keys.find(kid, algorithm)
    except KeysUnknown:
        raise AuthenticationUnavailable("the keys by which tokens are checked cannot be had just now") from None
    if key is None:
        raise Unauthenticated("the bearer token was not taken: it is signed by a key that its issuer does not publish")
    try:
        return dict(
            jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=said.audience,
                issuer=said.issuer,
                leeway=said.leeway_s,
                options={"require": ["exp", "iss", "aud"]},
            )
        )
    except jwt.PyJWTError as error:
        raise Unauthenticated(f"the bearer token was not taken: {_reason(error)}") from None


def scopes_of(claims: Mapping[str, Any], claim: str) -> frozenset[str]:
    """Those of the claim that are scopes of ours; an issuer's others are left out."""
    given = claims.get(claim, ())
    words = given.split() if isinstance(given, str) else given if isinstance(given, list) else ()
    return frozenset(word for word in words if isinstance(word, str) and SCOPE.fullmatch(word))


def _header(token: str, said: Jwt) -> tuple[str | None, str]:
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        raise Unauthenticated("the bearer token is not one that this gateway knows") from None
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in said.algorithms:
        raise Unauthenticated(f"the bearer token was not taken: it should be signed by {' or '.join(said.algorithms)}")
    return kid if isinstance(kid, str) else None, algorithm


def _reason(error: jwt.PyJWTError) -> str:
    return next((said for kind, said in REASONS.items() if isinstance(error, kind)), "it cannot be read")
