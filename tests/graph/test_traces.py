"""Spans, as a collector receives them by OTLP over HTTP."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.settings import SettingsError, load
from tests.conftest import MockPort, served
from tests.graph.telling import Told, gateway_over
from tests.leaks import heard

QUERY = 'query Newest($v: String!) { releases(first: 2, filter: {sources: ["memfault"], names: [$v]}) { totalCount } }'
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"


@dataclass
class Collector:
    """A receiver of OTLP: a real server that keeps every span."""

    spans: list[Span] = field(default_factory=list)
    resources: list[str] = field(default_factory=list)
    bodies: bytes = b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            body, more = b"", True
            while more:
                message = await receive()
                body, more = body + message["body"], message["more_body"]
            self._take(body)
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]

    def _take(self, body: bytes) -> None:
        self.bodies += body
        heard("spans", body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.resources += [one.value.string_value for one in resource.resource.attributes if "name" in one.key]
            self.spans += [span for scope in resource.scope_spans for span in scope.spans]


@dataclass
class Listening:
    """The mocks, and what they were sent in these headers."""

    inner: ASGIApp
    heard: list[dict[str, str]] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            sent = {name.decode(): value.decode() for name, value in scope["headers"]}
            self.heard.append({name: sent[name] for name in ("traceparent", "baggage") if name in sent})
        await self.inner(scope, receive, send)


@contextmanager
def collected(mocks: MockPort, **telemetry: Any) -> Iterator[tuple[str, Collector, Listening]]:
    """A gateway that is traced: what it sends is complete once the block has ended."""
    collector, listening = Collector(), Listening(mocks.mocks)
    with served(collector) as collecting, served(listening) as url:
        own = {"otlp_endpoint": collecting, **telemetry}
        with gateway_over(url, own) as gateway:
            yield gateway, collector, listening


def attributes(span: Span) -> dict[str, Any]:
    return {one.key: one.value.string_value or one.value.int_value for one in span.attributes}


async def ask(url: str, **headers: str) -> None:
    async with aiohttp.ClientSession() as session:
        body = {"query": QUERY, "variables": {"v": "hemlighet-4711"}}
        async with session.post(f"{url}/graphql", json=body, headers=headers) as reply:
            assert "errors" not in await reply.json()


async def test_a_request_its_operation_and_its_upstream_calls_are_one_trace_that_goes_on(mocks: MockPort) -> None:
    with collected(mocks) as (url, collector, listening):
        await ask(url, traceparent=TRACEPARENT, baggage="user=ada")

    (request,), (operation,) = collector.named("POST /graphql"), collector.named("query")
    calls = collector.named("GET memfault")
    assert {span.trace_id.hex() for span in collector.spans} == {TRACE}
    assert request.parent_span_id.hex() == PARENT
    assert operation.parent_span_id == request.span_id
    assert {span.parent_span_id for span in calls} == {operation.span_id}
    assert sorted(one["traceparent"] for one in listening.heard) == sorted(
        f"00-{TRACE}-{span.span_id.hex()}-01" for span in calls
    )
    assert not [one for one in listening.heard if "baggage" in one]
    assert set(collector.resources) >= {"releasegraph"}


async def test_spans_say_what_was_asked_without_any_word_of_it(mocks: MockPort) -> None:
    with collected(mocks) as (url, collector, _):
        await ask(url, Authorization="Bearer hemlighet-4711")

    (request,), (operation,), calls = (
        collector.named("POST /graphql"),
        collector.named("query"),
        collector.named("GET memfault"),
    )
    assert attributes(request)["http.response.status_code"] == 200
    assert attributes(operation)["graphql.operation.name"] == "Newest"
    assert attributes(operation)["releasegraph.outcome"] == "ok"
    assert {attributes(call)["releasegraph.source"] for call in calls} == {"memfault"}
    paths = [attributes(call)["url.path"] for call in calls]
    assert [path for path in paths if "?" in path or not path.startswith("/api/")] == []
    for secret in (b"hemlighet", b"demo-", b"totalCount"):
        assert secret not in collector.bodies


async def test_a_call_that_failed_is_marked_and_so_is_its_operation(mocks: MockPort) -> None:
    mocks.fail(source="memfault", status=503)

    with collected(mocks) as (url, collector, _):
        async with aiohttp.ClientSession() as session:
            await Told(url, session).ask('{ releases(filter: {sources: ["memfault"]}) { totalCount } }')

    (operation,), calls = collector.named("query"), collector.named("GET memfault")
    assert operation.status.code == Status.STATUS_CODE_ERROR
    assert {call.status.code for call in calls} == {Status.STATUS_CODE_ERROR}
    assert attributes(calls[0])["error.type"] == "UPSTREAM_BROKEN"


async def test_with_a_ratio_of_0_only_traces_that_clients_began_are_kept(mocks: MockPort) -> None:
    with collected(mocks, trace_ratio=0.0) as (url, collector, _):
        await ask(url)
        await ask(url, traceparent=TRACEPARENT)

    assert {span.trace_id.hex() for span in collector.spans} == {TRACE}
    assert len(collector.named("query")) == 1


async def test_a_collector_that_is_gone_costs_no_answer(mocks: MockPort, capfd: pytest.CaptureFixture[str]) -> None:
    with gateway_over(mocks.url, {"otlp_endpoint": "http://127.0.0.1:9"}) as url:
        await asyncio.wait_for(ask(url), 10)

    assert "Traceback" not in capfd.readouterr().err


def test_who_wants_no_traces_does_not_load_the_library() -> None:
    probe = "import sys, gateway.app; print([name for name in sys.modules if name.startswith('opentelemetry')])"

    loaded = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)

    assert loaded.stdout == "[]\n"


@pytest.mark.parametrize("endpoint", ["collector:4318", "http://user:hemlighet@127.0.0.1:4318"])
def test_an_address_that_holds_credentials_or_no_scheme_is_refused(endpoint: str) -> None:
    environ = {"BALENA_TOKEN": "t", "RELEASEGRAPH_TELEMETRY_OTLP_ENDPOINT": endpoint}

    with pytest.raises(
        SettingsError, match=r"telemetry\.otlp_endpoint: should be an address without credentials"
    ) as told:
        load(None, environ)

    assert "hemlighet" not in str(told.value)
