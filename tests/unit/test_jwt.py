"""Tokens of an issuer, checked by keys that a real server publishes."""

from __future__ import annotations

import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.access.authentication import Authentication
from gateway.access.jwks import ASKED_AT_MOST_EVERY_S, FRESH_S, KeysByHttp
from gateway.settings import Security
from gateway.settings.security import Jwt
from resolvers.errors import AuthenticationUnavailable, Forbidden, Unauthenticated
from tests.conftest import served

ISSUER, AUDIENCE = "https://issuer.example/", "releasegraph"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC_PEM = RSA_KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)


def rsa_jwk(kid: str, **more: str) -> dict[str, Any]:
    return {**jwt.algorithms.RSAAlgorithm.to_jwk(RSA_KEY.public_key(), as_dict=True), "kid": kid, **more}


def ec_jwk(kid: str) -> dict[str, Any]:
    return {**jwt.algorithms.ECAlgorithm.to_jwk(EC_KEY.public_key(), as_dict=True), "kid": kid}


@dataclass
class Issuer:
    """Publishes keys at `url`; counts how often it was asked."""

    url: str = ""
    keys: list[dict[str, Any]] = field(default_factory=lambda: [rsa_jwk("one"), ec_jwk("two")])
    status: int = 200
    asked: int = 0

    async def publish(self, request: Request) -> Response:
        self.asked += 1
        return JSONResponse({"keys": self.keys}, self.status)

    def security(self, **more: Any) -> Security:
        return Security(jwt=Jwt(issuer=ISSUER, audience=(AUDIENCE,), jwks_url=self.url, **more))


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    own = Issuer()
    with served(Starlette(routes=[Route("/jwks", own.publish)])) as url:
        own.url = f"{url}/jwks"
        yield own


def claims(**other: Any) -> dict[str, Any]:
    now = int(time.time())
    given = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "ada",
        "exp": now + 86_400,
        "scope": "read write:balena openid",
        **other,
    }
    return {name: value for name, value in given.items() if value is not None}


def signed(key: Any = RSA_KEY, algorithm: str = "RS256", kid: str | None = "one", **other: Any) -> str:
    return jwt.encode(claims(**other), key, algorithm, headers={"kid": kid} if kid else None)


async def test_a_good_token_gives_its_subject_the_scopes_of_its_claim(issuer: Issuer) -> None:
    authentication = Authentication(issuer.security())

    by_rsa = await authentication.caller(f"Bearer {signed()}")
    by_ec = await authentication.caller(f"Bearer {signed(EC_KEY, 'ES256', 'two', scope=['read:balena'])}")

    assert (by_rsa.name, by_rsa.scopes) == ("ada", {"read", "write:balena"})
    assert (by_ec.name, by_ec.scopes) == ("ada", {"read:balena"})
    assert issuer.asked == 1


NOW = int(time.time())


@pytest.mark.parametrize(
    ("token", "said"),
    [
        pytest.param(signed(exp=NOW - 60), "it has run out", id="run out"),
        pytest.param(signed(nbf=NOW + 864_000), "it is not valid yet", id="not yet"),
        pytest.param(signed(aud="another"), "it is for another audience", id="audience"),
        pytest.param(signed(iss="https://issuer.example"), "it is of another issuer", id="issuer, but for a slash"),
        pytest.param(signed(exp=None), "it lacks a claim", id="without an end"),
        pytest.param(signed(aud=None), "it lacks a claim", id="without an audience"),
        pytest.param(signed(kid="nobodys"), "signed by a key that its issuer does not publish", id="unknown key"),
        pytest.param(signed(kid=None)[:-6] + "AAAAAA", "its signature does not fit", id="signature"),
        pytest.param(signed(EC_KEY, "ES256", "one"), "signed by a key that its issuer", id="a key of another type"),
        pytest.param(signed(algorithm="PS256"), "it should be signed by RS256 or ES256", id="algorithm"),
        pytest.param(signed("", "none"), "it should be signed by RS256 or ES256", id="signed by nobody"),
        pytest.param("a.b.c", "not one that this gateway knows", id="no token at all"),
    ],
)
async def test_a_token_that_is_not_good_is_refused_with_the_reason(issuer: Issuer, token: str, said: str) -> None:
    with pytest.raises(Unauthenticated, match=said) as refused:
        await Authentication(issuer.security()).caller(f"Bearer {token}")

    assert token not in str(refused.value)


@pytest.mark.parametrize("secret", [PUBLIC_PEM, b"x" * 64], ids=["the public key", "any"])
async def test_a_token_signed_with_a_secret_is_refused(issuer: Issuer, secret: bytes) -> None:
    with pytest.raises(Unauthenticated, match="it should be signed by RS256 or ES256"):
        await Authentication(issuer.security()).caller(f"Bearer {hmac_signed(secret)}")


def hmac_signed(secret: bytes) -> str:
    """By hand: the library itself refuses to sign with a public key."""

    def part(text: bytes) -> bytes:
        return urlsafe_b64encode(text).rstrip(b"=")

    head = part(json.dumps({"alg": "HS256", "typ": "JWT", "kid": "one"}).encode())
    message = head + b"." + part(json.dumps(claims()).encode())
    return (message + b"." + part(hmac.new(secret, message, sha256).digest())).decode()


async def test_clocks_may_differ_by_the_leeway(issuer: Issuer) -> None:
    token = signed(exp=int(time.time()) - 60)

    caller = await Authentication(issuer.security(leeway_s=300)).caller(f"Bearer {token}")

    assert caller.name == "ada"


async def test_a_token_without_scopes_is_known_and_may_nothing(issuer: Issuer) -> None:
    with pytest.raises(Forbidden):
        await Authentication(issuer.security()).caller(f"Bearer {signed(scope='openid email')}")


async def test_a_secret_among_the_published_keys_signs_nothing(issuer: Issuer) -> None:
    issuer.keys = [{"kty": "oct", "k": "c2VjcmV0", "kid": "one"}]

    with pytest.raises(Unauthenticated):
        await Authentication(issuer.security()).caller(f"Bearer {signed()}")


async def test_a_changed_key_is_asked_for_and_invented_names_do_not_make_us_ask_again(issuer: Issuer) -> None:
    now = [0.0]
    keys = KeysByHttp(issuer.url, clock=lambda: now[0])
    first = await keys.find("one", "RS256")
    issuer.keys = [rsa_jwk("next")]

    for number in range(20):
        assert await keys.find(f"invented-{number}", "RS256") is None
    asked_early = issuer.asked
    now[0] += ASKED_AT_MOST_EVERY_S
    second = await keys.find("next", "RS256")

    assert first is not None
    assert second is not None
    assert (asked_early, issuer.asked) == (1, 2)
    assert await keys.find("one", "RS256") is None


async def test_keys_that_cannot_be_had_are_no_fault_of_the_caller(issuer: Issuer) -> None:
    issuer.status = 503

    with pytest.raises(AuthenticationUnavailable):
        await Authentication(issuer.security()).caller(f"Bearer {signed()}")


async def test_old_keys_serve_while_new_ones_cannot_be_had(issuer: Issuer) -> None:
    now = [0.0]
    keys = KeysByHttp(issuer.url, clock=lambda: now[0])
    await keys.find("one", "RS256")
    issuer.status = 500
    now[0] += FRESH_S + 1

    still = await keys.find("one", "RS256")
    assert keys._renewing is not None
    await keys._renewing

    assert still is not None
    assert issuer.asked == 2
    assert await keys.find("one", "RS256") is not None


async def test_keys_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "jwks.json").write_text(json.dumps({"keys": [rsa_jwk("one", use="sig", alg="RS256")]}))
    security = Security(jwt=Jwt(issuer=ISSUER, audience=(AUDIENCE,), jwks_file=tmp_path / "jwks.json"))

    caller = await Authentication(security).caller(f"Bearer {signed(kid=None)}")

    assert caller.name == "ada"
