"""Model: the sections and their values, with defaults and bounds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from gateway.settings.problems import SettingsError, shown
from gateway.settings.security import Security
from gateway.settings.table import Table, lower
from resolvers.federation.product_lines import LineSpec
from resolvers.upstreams.config import SourceConfig

HOST = "127.0.0.1"


def _host(host: str) -> str:
    if not host or re.search(r"[\s/@]", host):
        raise ValueError(f"should be a host name or address alone, such as releases.example; given {shown(host)}")
    return host.lower()


def _origin(origin: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#@*]+", origin):
        raise ValueError(f"should be an origin without path, such as https://app.example; given {shown(origin)}")
    return origin.lower()


def _redis(url: str) -> str:
    # A login is not only refused, but not shown: it is a secret.
    if "@" in url:
        raise ValueError("should be an address without login; give username, and the password as a secret")
    if not re.fullmatch(r"rediss?://[^\s/?#]+(/\d+)?", url):
        raise ValueError(f"should be redis://host:port, or rediss:// with TLS; given {shown(url)}")
    return url


def _endpoint(url: str) -> str:
    # Credentials do not stand in a URL: it would be in the file. Nor is what was given shown, as it may hold some.
    if not re.fullmatch(r"https?://[^\s?#@]+", url):
        raise ValueError("should be an address without credentials, such as http://127.0.0.1:4318")
    return url


class Server(Table):
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
    max_repeats: int = Field(
        default=50, ge=1, description="selections of one field at one place of an operation, fragments followed"
    )
    max_rows: int = Field(
        default=50_000, ge=1, le=10_000_000, description="that one operation may ask for, lists inside lists multiplied"
    )
    max_characters: int = Field(default=100_000, ge=100, le=64 * 1024 * 1024, description="of a document")
    max_root_fields: int = Field(default=30, ge=1, le=10_000, description="fields that an operation begins with")
    max_directives: int = Field(default=50, ge=0, le=10_000, description="of one operation, fragments followed")
    max_directives_here: int = Field(default=5, ge=0, le=1000, description="directives at one place of an operation")
    max_cost: int = Field(default=1000, ge=1, le=1_000_000, description="upstream calls that one operation may take")
    max_body_bytes: int = Field(default=1024 * 1024, ge=1024, le=64 * 1024 * 1024)
    cursor_key: SecretStr | None = Field(
        default=None, min_length=16, description="signs cursors; workers and replicas need the same"
    )
    documents_cached: int = Field(default=1000, ge=0, le=100_000, description="parsed documents kept by each worker")
    documents_max_bytes: int = Field(
        default=64 * 1024 * 1024, ge=1024 * 1024, le=64 * 1024**3, description="of memory that these may take, at most"
    )
    max_in_flight: int = Field(default=200, ge=1, le=100_000, description="operations that a worker executes at once")
    body_timeout_s: float = Field(default=10, gt=0, le=300, description="for a request's body to arrive")
    # Many proxies, routers and clients give up after 30 s: by then what there is should have been sent.
    deadline_s: float = Field(
        default=25, gt=0, le=600, description="for the upstreams of one operation; what came by then is answered"
    )
    drain_s: float = Field(default=10, ge=0, le=600, description="for what still runs when the server is to stop")
    compiled: bool = Field(default=True, description="whether selections become functions; else graphql-core alone")
    incremental: bool = Field(
        default=False,
        description="whether @defer and @stream are taken, and answered in parts; subscriptions are not, either way",
    )


class Cache(Table):
    """`[cache]`: how long answers of sources are remembered, and where. A source may say otherwise of itself."""

    ttl_s: float = Field(default=5, ge=0, le=86_400, description="an answer serves unasked; 0: nothing is remembered")
    stale_s: float = Field(
        default=10,
        ge=0,
        le=86_400,
        description="for so long after ttl_s it still serves, while it is asked anew behind",
    )
    stale_if_error_s: float = Field(
        default=300, ge=0, le=604_800, description="its age up to which it serves when its source fails, marked STALE"
    )
    max_bytes: int = Field(
        default=64 * 1024 * 1024, ge=1024 * 1024, le=64 * 1024**3, description="of the memory of each worker"
    )
    answers_max_bytes: int = Field(
        default=16 * 1024 * 1024,
        ge=0,
        le=64 * 1024**3,
        description="of whole answers, kept beside those of sources while these last; 0: none; none beside a Redis",
    )
    url: Annotated[str, AfterValidator(_redis)] | None = Field(
        default=None, description="of a Redis that workers and machines share, instead of the memory of each"
    )
    username: str | None = Field(default=None, description="of the Redis")
    password: SecretStr | None = Field(default=None, min_length=1, description="of the Redis")


class Telemetry(Table):
    """`[telemetry]`: what is told about the running."""

    log_level: Annotated[Literal["debug", "info", "warning", "error", "critical"], BeforeValidator(lower)] = "info"
    log_format: Annotated[Literal["json", "console"], BeforeValidator(lower)] = "json"
    operation_names: tuple[str, ...] = Field(
        default=(), max_length=200, description="operations that metrics tell apart; the others are one"
    )
    otlp_endpoint: Annotated[str, AfterValidator(_endpoint)] | None = Field(
        default=None, description="of an OpenTelemetry collector, OTLP over HTTP; none: no traces"
    )
    trace_ratio: float = Field(default=1.0, ge=0, le=1, description="of the traces that begin here")


class Settings(Table):
    """Everything, complete and checked. sources: by name, in the order of gateway.toml, then those of variables."""

    server: Server = Server()
    telemetry: Telemetry = Telemetry()
    security: Security = Security()
    cache: Cache = Cache()
    sources: Mapping[str, SourceConfig] = Field(default_factory=dict)
    product_lines: tuple[LineSpec, ...] = ()

    def check_bind(self) -> None:
        """Raises SettingsError for a host that others can reach while nobody is asked who they are. `load` has done
        it; ask again after a change."""
        problem = bind_problem(self.server.host, has_authentication=self.security.has_authentication)
        if problem:
            raise SettingsError([problem])


def bind_problem(host: str, *, has_authentication: bool) -> str | None:
    """Why it must not listen there, or None. Names other than localhost are not looked up: answers may change."""
    if has_authentication or _is_loopback(host):
        return None
    return (
        f"server.host: {shown(host)} can be reached from elsewhere, and no caller is asked who they are: give "
        "[security] api_keys or jwt, or keep 127.0.0.1, behind a proxy on the same machine that lets in whom you trust"
    )


def _is_loopback(host: str) -> bool:
    try:
        address = ip_address("127.0.0.1" if host.lower() == "localhost" else host)
    except ValueError:
        return False
    # Python 3.13 looks through ::ffff:127.0.0.1 by itself, 3.11 does not.
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback
