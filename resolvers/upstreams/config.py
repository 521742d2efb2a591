"""Config: what an operator says of one source. Adapters add the scope their vendor knows."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from resolvers.graph.enums import SourceKind
from resolvers.transport.breaker import Patience
from resolvers.transport.credentials import AsHeaders, Credentials, FixedHeaders, OrPassed, Token
from resolvers.transport.guards import Limits
from resolvers.transport.retry import Retries

NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
"Source names travel in global ids and cursors: short, and without a colon."


def _base_url(url: str) -> str:
    if not re.fullmatch(r"https?://[^\s?#/]+(/[^\s?#]*)?", url):
        raise ValueError(f"expected an http or https URL without query, such as https://host.example: {url!r}")
    return url.rstrip("/")


def _passable(header: str) -> str:
    name = header.lower()
    if not re.fullmatch(r"x-[a-z0-9-]{1,60}", name) or name.startswith(TAKEN):
        raise ValueError(f"should be the name of a header that begins with x-, such as x-balena-token: {header!r}")
    return name


TAKEN = ("x-requested-with", "x-request-id", "x-explain", "x-partial-errors", "x-apollo-", "x-forwarded-", "x-real-ip")
"They mean something already, to us or to those in between."

Url = Annotated[str, AfterValidator(_base_url)]
Names = tuple[str, ...]


class SourceConfig(BaseModel):
    """One `[sources.<name>]` of gateway.toml. Unknown keys are refused, secrets never come from that file."""

    # Input is kept out of errors: pydantic would print a password that stands beside what was wrong.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    kind: SourceKind
    url: Url
    web_url: Url | None = Field(default=None, description="where people look at it")
    timeout_s: float = Field(default=10, gt=0, le=300, description="for one full answer, further tries included")
    connect_timeout_s: float = Field(default=3, gt=0, le=60, description="for a connection, of the time above")
    concurrency: int = Field(default=8, ge=1, le=100, description="calls at once")
    calls_per_s: float | None = Field(default=None, gt=0, le=10_000, description="never more; none: no limit")
    heeds_429: bool = Field(default=True, description="whether it is asked less often after it said so")
    retries: int = Field(default=2, ge=0, le=5, description="further tries of a read that failed in passing")
    retry_backoff_s: float = Field(
        default=0.25, ge=0, le=10, description="the longest wait before the first of them; doubles with each"
    )
    breaker_failures: int = Field(
        default=5, ge=0, le=1000, description="in a row, until it is left alone for a while; 0: never"
    )
    breaker_after_s: float = Field(default=2, ge=0, le=300, description="that these failures take together, at least")
    breaker_open_s: float = Field(default=10, ge=0, le=600, description="for which it is left alone then")
    ttl_s: float | None = Field(default=None, ge=0, le=86_400, description="instead of that of [cache]")
    stale_s: float | None = Field(default=None, ge=0, le=86_400, description="instead of that of [cache]")
    stale_if_error_s: float | None = Field(default=None, ge=0, le=604_800, description="instead of that of [cache]")
    writable: bool = Field(default=False, description="whether mutations may reach it")
    passthrough: Annotated[str, AfterValidator(_passable)] | None = Field(
        default=None, description="the header in which callers may bring their own token for it, lower case"
    )

    @property
    def limits(self) -> Limits:
        patience = Patience(self.breaker_failures, self.breaker_after_s, self.breaker_open_s)
        return Limits(Retries(self.retries, self.retry_backoff_s), patience, self.calls_per_s, self.heeds_429)

    @field_validator("token", check_fields=False)
    @classmethod
    def _is_one_word(cls, token: SecretStr | None) -> SecretStr | None:
        # It travels in a header: a line break in it would be refused there, at every call, in a library's own words.
        if token is not None and not re.fullmatch(r"[\x21-\x7e]+", token.get_secret_value()):
            raise ValueError("should be one word of plain characters, without space or line break")
        return token


class TokenConfig(SourceConfig):
    """A source that is let in by one token."""

    token: SecretStr | None = Field(
        default=None, min_length=1, validate_default=True, description="none: callers must bring theirs"
    )

    @field_validator("token")
    @classmethod
    def _is_there(cls, token: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if token is None and info.data.get("passthrough") is None:
            raise PydanticCustomError("missing", "Field required")
        return token


def has_none(config: SourceConfig) -> bool:
    """Whether it has no credential of its own: every secret its kind knows is unset."""
    return not any(isinstance(value, SecretStr) for _, value in config)


def letting_in(
    source: str, config: SourceConfig, token: SecretStr | None, as_headers: AsHeaders, own: Credentials | None = None
) -> Credentials:
    """The configured credential, or what callers bring where they may. own: instead of one made of the `token`."""
    if own is None and token is not None:
        own = Token(token, as_headers)
    if config.passthrough is not None:
        return OrPassed(source, config.passthrough, own, as_headers)
    return own or FixedHeaders({})


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
