"""Traces: spans by OpenTelemetry, sent to a collector by OTLP over HTTP. Imported only where one is configured.

A request is a span, its operation one inside it, each upstream call one inside that. The trace a client names in
`traceparent` is gone on with, and named to the upstreams in turn; its baggage is not, as that is a client's own words.
No span holds a query's text or variables, a credential, or the query of an upstream's path.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from gateway.telemetry.told import Told
from gateway.telemetry.tracing import Replied
from resolvers.transport.observe import Begun, Call

ROUTE = "/graphql"
EXPORT_TIMEOUT_S = 5.0
"A collector that is gone holds up the end of the process no longer."

_propagator = TraceContextTextMapPropagator()


class Traces:
    """endpoint: of the collector, without the path of traces. ratio: of the traces that begin here, 0 to 1."""

    def __init__(self, endpoint: str, ratio: float):
        # The library reads OTEL_RESOURCE_ATTRIBUTES here, and OTEL_EXPORTER_OTLP_HEADERS below.
        resource = Resource.create({SERVICE_NAME: "releasegraph"})
        sampler = ParentBased(TraceIdRatioBased(ratio))
        self._provider = TracerProvider(sampler, resource, shutdown_on_exit=False)
        self._exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces", timeout=EXPORT_TIMEOUT_S)
        self._provider.add_span_processor(BatchSpanProcessor(self._exporter))
        self._tracer: Tracer = self._provider.get_tracer("releasegraph")

    @contextmanager
    def request(self, method: str, headers: Mapping[str, str], replied: Replied) -> Iterator[None]:
        span = self._tracer.start_span(f"{method} {ROUTE}", _propagator.extract(headers), SpanKind.SERVER)
        with trace.use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
            try:
                yield
            finally:
                span.set_attributes(
                    {
                        "http.request.method": method,
                        "http.route": ROUTE,
                        "http.response.status_code": replied.status,
                        "http.response.body.size": replied.size_bytes,
                        "releasegraph.request_id": replied.request_id,
                    }
                )
                _failed(span, replied.status == 0 or replied.status >= 500)

    @contextmanager
    def operation(self, told: Told) -> Iterator[None]:
        span = self._tracer.start_span("operation")
        with trace.use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
            try:
                yield
            finally:
                span.update_name(told.kind or "operation")
                span.set_attributes(_of_operation(told))
                _failed(span, told.outcome != "ok")

    def call(self, source: str, method: str, path: str) -> Begun:
        attributes = {
            "http.request.method": method,
            "url.path": path.partition("?")[0],
            "releasegraph.source": source,
        }
        return _Traced(self._tracer.start_span(f"{method} {source}", kind=SpanKind.CLIENT, attributes=attributes))

    def close(self) -> None:
        # Each batch that waits would try for as long: together they may not.
        enough = threading.Timer(EXPORT_TIMEOUT_S, self._exporter.shutdown)
        enough.start()
        try:
            self._provider.shutdown()
        finally:
            enough.cancel()


class _Traced:
    """A span of an upstream call. headers: they name it to the upstream as the parent of its own."""

    def __init__(self, span: Span):
        self._span = span
        self.headers: dict[str, str] = {}
        _propagator.inject(self.headers, trace.set_span_in_context(span))

    def ended(self, call: Call) -> None:
        if call.status is not None:
            self._span.set_attribute("http.response.status_code", call.status)
        self._span.set_attribute("http.response.body.size", call.size_bytes)
        if call.error_code is not None:
            self._span.set_attribute("error.type", call.error_code)
        _failed(self._span, call.error_code is not None)
        self._span.end()


def _of_operation(told: Told) -> dict[str, str | int | list[str]]:
    given = {
        "graphql.operation.type": told.kind,
        "graphql.operation.name": told.name,
        "graphql.document.hash": told.document,
        "releasegraph.outcome": told.outcome,
        "releasegraph.errors": sorted(set(told.codes)),
    }
    return {key: value for key, value in given.items() if value}


def _failed(span: Span, is_failed: bool) -> None:
    if is_failed:
        span.set_status(StatusCode.ERROR)
