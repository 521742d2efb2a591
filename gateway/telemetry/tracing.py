"""Tracing: where spans begin and end, whether or not anybody collects them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from msgspec import Struct
from starlette.types import Scope

from gateway.telemetry.metrics import Metrics
from gateway.telemetry.told import Told
from resolvers.transport.observe import Begun, Call, unwatched


@dataclass(slots=True)
class Replied:
    """What went out for one request. status: 0 before its head."""

    request_id: str
    status: int = 0
    size_bytes: int = 0  # of the body as it went out, compressed


class Tracing(Protocol):
    def request(self, scope: Scope, replied: Replied) -> AbstractContextManager[None] | None:
        """The span of a request to /graphql, in the trace that its headers name. None: nobody collects any."""
        ...

    def operation(self, told: Told) -> AbstractContextManager[None] | None:
        """The span of an operation, inside that of its request."""
        ...

    def call(self, source: str, method: str, path: str) -> Begun:
        """The span of an upstream call, inside that of the operation that makes it."""
        ...

    def close(self) -> None:
        """Sends what is not yet sent. May take some seconds, so not in the loop's own thread."""
        ...


class Untraced:
    """No span at all: what is there while no collector is configured."""

    def request(self, scope: Scope, replied: Replied) -> None:
        return None

    def operation(self, told: Told) -> None:
        return None

    def call(self, source: str, method: str, path: str) -> Begun:
        return unwatched(source, method, path)

    def close(self) -> None:
        pass


class Watching:
    """Watches upstream calls: how many are under way, and in which trace."""

    def __init__(self, metrics: Metrics, tracing: Tracing):
        self._metrics, self._tracing = metrics, tracing

    def __call__(self, source: str, method: str, path: str) -> Begun:
        self._metrics.calls_in_flight[(source,)].inc()
        return _Counted(self._metrics, self._tracing.call(source, method, path))


class _Counted(Struct, frozen=True):
    metrics: Metrics
    inner: Begun

    @property
    def headers(self) -> Mapping[str, str]:
        return self.inner.headers

    def ended(self, call: Call) -> None:
        self.metrics.calls_in_flight[(call.source,)].dec()
        self.inner.ended(call)
