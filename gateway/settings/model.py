"""Model: the sections and their values, with defaults and bounds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from gateway.settings.problems import SettingsError, shown
from resolvers.federation.product_lines import LineSpec
from resolvers.upstreams.config import SourceConfig

HOST = "127.0.0.1"


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _host(host: str) -> str:
    if not host or re.search(r"[\s/@]", host):
        raise ValueError(f"should be a host name or address alone, such as releases.example; given {shown(host)}")
    return host.lower()


def _origin(origin: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#@*]+", origin):
        raise ValueError(f"should be an origin without path, such as https://app.example; given {shown(origin)}")
    return origin.lower()


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Server(_Section):
    """`[server]`: where it listens, who may ask, and how much of one request is read."""

    host: str = HOST
    port: int = Field(default=8000, ge=1, le=65535)
    allowed_hosts: tuple[Annotated[str, AfterValidator(_host)], ...] = Field(
        default=("localhost", "127.0.0.1", "::1"), description="of the Host header, lower case, without port"
    )
    allowed_origins: tuple[Annotated[str, AfterValidator(_origin)], ...] = Field(
        default=(), description="of pages elsewhere that may ask from a browser, lower case"
    )
    max_page_size: int = Field(default=200, ge=1, le=1000, description="rows of one connection")
    partial_list_errors: bool = Field(default=True, description="whether a source a list lost is also in errors[]")
    max_depth: int = Field(default=15, ge=1, le=100, description="fields inside fields")
    max_aliases: int = Field(default=30, ge=0, le=10_000)
    max_tokens: int = Field(default=4000, ge=1, le=1_000_000, description="words and signs of a document")
    max_rows: int = Field(
        default=50_000, ge=1, le=10_000_000, description="that one operation may ask for, lists inside lists multiplied"
    )
    max_body_bytes: int = Field(default=1024 * 1024, ge=1024, le=64 * 1024 * 1024)
    cursor_key: SecretStr | None = Field(
        default=None, min_length=16, description="signs cursors; workers and replicas need the same"
    )
    documents_cached: int = Field(default=1000, ge=0, le=100_000, description="parsed documents kept by each worker")
    compiled: bool = Field(default=True, description="whether selections become functions; else graphql-core alone")


class Telemetry(_Section):
    """`[telemetry]`: what is told about the running."""

    log_level: Annotated[Literal["debug", "info", "warning", "error", "critical"], BeforeValidator(_lower)] = "info"
    log_format: Annotated[Literal["json", "console"], BeforeValidator(_lower)] = "json"


class Security(_Section):
    """`[security]`: who may do more than read."""

    write_token: SecretStr | None = Field(
        default=None, min_length=16, description="lets its bearer change writable sources; none: nobody may"
    )
    explain: Annotated[Literal["nobody", "write_token", "anyone"], BeforeValidator(_lower)] = Field(
        default="nobody", description="who may have the plan of an answer: the upstream calls it took, with their paths"
    )

    @model_validator(mode="after")
    def _has_the_token_it_asks_for(self) -> Security:
        if self.explain == "write_token" and self.write_token is None:
            raise ValueError('explain is for the write token, and there is none; give write_token too, or "nobody"')
        return self


class Settings(_Section):
    """Everything, complete and checked. sources: by name, in the order of gateway.toml, then those of variables."""

    server: Server = Server()
    telemetry: Telemetry = Telemetry()
    security: Security = Security()
    sources: Mapping[str, SourceConfig] = Field(default_factory=dict)
    product_lines: tuple[LineSpec, ...] = ()

    def check_bind(self) -> None:
        """Raises SettingsError for a host that others can reach. `load` has done it; ask again after a change."""
        problem = bind_problem(self.server.host)
        if problem:
            raise SettingsError([problem])


def bind_problem(host: str) -> str | None:
    """Why it must not listen there, or None. Names other than localhost are not looked up: answers may change."""
    if _is_loopback(host):
        return None
    return (
        f"server.host: {shown(host)} can be reached from elsewhere, and there is no authentication yet: "
        "keep 127.0.0.1, and put it behind a proxy on the same machine that lets in whom you trust"
    )


def _is_loopback(host: str) -> bool:
    try:
        address = ip_address("127.0.0.1" if host.lower() == "localhost" else host)
    except ValueError:
        return False
    # Python 3.13 looks through ::ffff:127.0.0.1 by itself, 3.11 does not.
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback
