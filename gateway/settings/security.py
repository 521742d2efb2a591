"""Security: who may ask, and for what. `[security]`, and below it `[security.api_keys.<name>]` and `[security.jwt]`."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, TypeAdapter, ValidationError, model_validator

from gateway.settings.problems import shown
from gateway.settings.table import Table, lower

SCOPE = re.compile(r"explain|(read|write)(:[a-z][a-z0-9-]{0,31})?")
KEY_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
Algorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"
]  # of key pairs alone: with HMAC, or with none, whoever knows the public key could sign


def _scope(scope: str) -> str:
    if not SCOPE.fullmatch(scope):
        raise ValueError(f"a scope is read, write, explain, read:<source> or write:<source>; given {shown(scope)}")
    return scope


def _hash(text: str) -> str:
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", text.lower()):
        raise ValueError("should be sha256: and 64 hexadecimal digits, as `releasegraph key new` prints it")
    return text.lower()


def _table(value: object) -> object:
    """A table out of a variable is JSON."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise ValueError('as a variable it should be JSON, such as {"ci": {"hash": …, "scopes": ["read"]}}') from None


def _key_name(name: str) -> str:
    if not KEY_NAME.fullmatch(name):
        raise ValueError(f"a key's name has at most 64 of letters, digits, _ and -; given {shown(name)}")
    return name


def _safe_url(url: str) -> str:
    parts = urlsplit(url)
    is_near = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_near):
        raise ValueError("should be an https address: whoever can change what comes from there decides who gets in")
    if parts.username or parts.password or not parts.hostname:
        raise ValueError("should be an address alone, without login; not shown here")
    return url


class ApiKey(Table):
    """One key. The key itself is known to nobody but who holds it."""

    hash: Annotated[str, AfterValidator(_hash)]
    scopes: tuple[Annotated[str, AfterValidator(_scope)], ...] = Field(min_length=1)


ApiKeys = Mapping[Annotated[str, AfterValidator(_key_name)], ApiKey]
_FILE_OF_KEYS: TypeAdapter[ApiKeys] = TypeAdapter(ApiKeys)


class Jwt(Table):
    """`[security.jwt]`: tokens that somebody else issues, checked by that issuer's published keys."""

    issuer: str = Field(min_length=1, description="as tokens have it in `iss`, to the letter")
    audience: tuple[str, ...] = Field(min_length=1, description="one of them must be in `aud`")
    jwks_url: Annotated[str, AfterValidator(_safe_url)] | None = Field(
        default=None, description="where the issuer publishes its keys"
    )
    jwks_file: Path | None = Field(default=None, description="a file that holds them; read again when it changes")
    algorithms: tuple[Algorithm, ...] = Field(default=("RS256", "ES256"))
    scopes_claim: str = Field(default="scope", min_length=1, description="a list, or words separated by spaces")
    leeway_s: float = Field(default=30, ge=0, le=300, description="by which clocks may differ")

    @model_validator(mode="after")
    def _has_keys(self) -> Jwt:
        if (self.jwks_url is None) == (self.jwks_file is None):
            raise ValueError("give one of jwks_url and jwks_file: where the issuer's keys are")
        return self


class Security(Table):
    """`[security]`: who may ask, and what."""

    write_token: SecretStr | None = Field(
        default=None, min_length=16, description="lets its bearer change writable sources; none: nobody may"
    )
    explain: Annotated[Literal["nobody", "write_token", "anyone"], BeforeValidator(lower)] = Field(
        default="nobody", description="who may have the plan of an answer: the upstream calls it took, with their paths"
    )
    api_keys: Annotated[ApiKeys, BeforeValidator(_table)] = Field(
        default_factory=dict, description="hash and scopes of each key, by its name"
    )
    api_keys_file: Path | None = Field(
        default=None, description="more of them, in a TOML file that is read again when it changes"
    )
    jwt: Jwt | None = None
    anonymous: Annotated[Literal["nobody", "read"], BeforeValidator(lower)] = Field(
        default="nobody", description="what a caller without a credential may, once there are keys or tokens"
    )
    introspection: Annotated[Literal["anyone", "authenticated", "nobody"], BeforeValidator(lower)] = Field(
        default="anyone", description="who may ask for the schema, and is helped with suggestions"
    )
    trusted_documents: Path | None = Field(
        default=None, description="a manifest of operations, in the form of Apollo or of Relay"
    )
    trusted_documents_mode: Annotated[Literal["log", "enforce"], BeforeValidator(lower)] = Field(
        default="log", description="whether other operations run and are told in the log, or are refused"
    )
    persisted_queries: int = Field(
        default=1000, ge=0, le=100_000, description="operations that clients may leave with each worker; 0: none"
    )

    @property
    def has_authentication(self) -> bool:
        """Whether callers are asked who they are. The write token alone does not do it."""
        return bool(self.api_keys) or self.api_keys_file is not None or self.jwt is not None

    @model_validator(mode="after")
    def _has_the_token_it_asks_for(self) -> Security:
        if self.explain == "write_token" and self.write_token is None:
            raise ValueError('explain is for the write token, and there is none; give write_token too, or "nobody"')
        return self


def keys_in(text: str) -> ApiKeys:
    """The keys in a file's text, by name. Raises ValueError, with one sentence on what is wrong."""
    try:
        return _FILE_OF_KEYS.validate_python(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"is not TOML: {error}") from None
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        said = first.get("ctx", {}).get("error") or first["msg"]
        raise ValueError(f"{'.'.join(map(str, first['loc']))}: {said}") from None


def sources_named(scopes: tuple[str, ...]) -> Iterator[str]:
    """The sources that scopes name."""
    return (scope.partition(":")[2] for scope in scopes if ":" in scope)
