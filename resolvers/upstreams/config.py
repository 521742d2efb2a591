"""Config: what an operator says of one source. Adapters add the scope their vendor knows."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator

from resolvers.graph.enums import SourceKind

NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
"Source names travel in global ids and cursors: short, and without a colon."


def _base_url(url: str) -> str:
    if not re.fullmatch(r"https?://[^\s?#/]+(/[^\s?#]*)?", url):
        raise ValueError(f"expected an http or https URL without query, such as https://host.example: {url!r}")
    return url.rstrip("/")


Url = Annotated[str, AfterValidator(_base_url)]
Names = tuple[str, ...]


class SourceConfig(BaseModel):
    """One `[sources.<name>]` of gateway.toml. Unknown keys are refused, secrets never come from that file."""

    # Input is kept out of errors: pydantic would print a password that stands beside what was wrong.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    kind: SourceKind
    url: Url
    web_url: Url | None = Field(default=None, description="where people look at it")
    timeout_s: float = Field(default=10, gt=0, le=300, description="for one full answer")
    concurrency: int = Field(default=8, ge=1, le=100, description="calls at once")
    ttl_s: float | None = Field(default=None, ge=0, le=86_400, description="instead of that of [cache]")
    stale_s: float | None = Field(default=None, ge=0, le=86_400, description="instead of that of [cache]")
    stale_if_error_s: float | None = Field(default=None, ge=0, le=604_800, description="instead of that of [cache]")
    writable: bool = Field(default=False, description="whether mutations may reach it")

    @field_validator("token", check_fields=False)
    @classmethod
    def _is_one_word(cls, token: SecretStr | None) -> SecretStr | None:
        # It travels in a header: a line break in it would be refused there, at every call, in a library's own words.
        if token is not None and not re.fullmatch(r"[\x21-\x7e]+", token.get_secret_value()):
            raise ValueError("should be one word of plain characters, without space or line break")
        return token


class TokenConfig(SourceConfig):
    """A source that is let in by one token."""

    token: SecretStr = Field(min_length=1)
