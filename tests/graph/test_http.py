"""The gateway over HTTP: what any client, and any page of elsewhere, may and may not do."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from graphql import get_introspection_query

from gateway.app import create_app
from gateway.demo import demo_settings
from gateway.settings import Settings
from tests.conftest import MockPort, served
from tests.graph.conftest import Gateway, Start

NAME = '{ source(name: "balena") { name } }'
GRAPHQL = "application/graphql-response+json"


async def get(gateway: Gateway, path: str, **options: Any) -> tuple[int, aiohttp.ClientResponse, bytes]:
    async with gateway.session.get(gateway.url + path, **options) as reply:
        return reply.status, reply, await reply.read()


async def post(gateway: Gateway, **options: Any) -> tuple[int, dict[str, Any]]:
    async with gateway.session.post(f"{gateway.url}/graphql", **options) as reply:
        return reply.status, await reply.json(content_type=None)


@pytest.mark.parametrize("path", ["/graphql", "/graphql/"])
async def test_both_paths_answer_without_a_redirect(gateway: Gateway, path: str) -> None:
    async with gateway.session.post(gateway.url + path, json={"query": NAME}, allow_redirects=False) as reply:
        body = await reply.json()

    assert (reply.status, body) == (200, {"data": {"source": {"name": "balena"}}, "extensions": {"sources": {}}})


async def test_a_get_query_answers_with_a_header_no_form_can_send(gateway: Gateway) -> None:
    status, _, body = await get(gateway, "/graphql", params={"query": NAME}, headers={"X-Requested-With": "curl"})

    assert (status, body) == (200, b'{"data":{"source":{"name":"balena"}},"extensions":{"sources":{}}}')


async def test_a_get_that_any_page_could_send_is_refused(gateway: Gateway) -> None:
    status, _, body = await get(gateway, "/graphql", params={"query": NAME})

    assert status == 400
    assert b"x-requested-with, apollo-require-preflight" in body


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_a_post_that_any_page_could_send_is_refused(gateway: Gateway, content_type: str) -> None:
    status, body = await post(gateway, data=b'{"query":"{ __typename }"}', headers={"Content-Type": content_type})

    assert status == 415
    assert body["errors"][0]["message"] == f"Content-Type must be application/json, not {content_type}"


async def test_another_host_name_is_refused(gateway: Gateway) -> None:
    status, body = await post(gateway, json={"query": NAME}, headers={"Host": "evil.example"})

    assert status == 421
    assert "allowed_hosts" in body["errors"][0]["message"]


@pytest.mark.parametrize("host", ["localhost:8000", "LOCALHOST", "127.0.0.1", "[::1]:8000"])
async def test_the_names_of_this_machine_are_taken(gateway: Gateway, host: str) -> None:
    status, _ = await post(gateway, json={"query": NAME}, headers={"Host": host})

    assert status == 200


async def test_graphql_s_own_media_type_gets_400_for_what_cannot_run(gateway: Gateway) -> None:
    answers = {}
    for accept in (GRAPHQL, "application/json", "*/*"):
        async with gateway.session.post(
            f"{gateway.url}/graphql", json={"query": "{ nope }"}, headers={"Accept": accept}
        ) as reply:
            answers[accept] = (reply.status, reply.content_type, "data" in await reply.json(content_type=None))

    assert answers == {
        GRAPHQL: (400, GRAPHQL, False),
        "application/json": (200, "application/json", False),
        "*/*": (200, "application/json", False),
    }


async def test_a_caller_s_request_id_comes_back_and_a_strange_one_does_not(gateway: Gateway) -> None:
    _, kept, _ = await get(gateway, "/healthz", headers={"X-Request-Id": "order-4711"})
    _, made, _ = await get(gateway, "/healthz", headers={"X-Request-Id": "a b<script>"})

    assert kept.headers["x-request-id"] == "order-4711"
    assert len(made.headers["x-request-id"]) == 32


async def test_large_answers_are_compressed_and_small_ones_are_not(gateway: Gateway) -> None:
    async def encoding(query: str) -> tuple[str | None, bytes]:
        async with aiohttp.ClientSession(auto_decompress=False) as session:
            asked = session.post(f"{gateway.url}/graphql", json={"query": query}, headers={"Accept-Encoding": "gzip"})
            async with asked as reply:
                return reply.headers.get("Content-Encoding"), await reply.read()

    large, body = await encoding("{ releases(first: 50) { nodes { id name notes } } }")
    small, _ = await encoding(NAME)

    assert (large, small) == ("gzip", None)
    assert gzip.decompress(body).startswith(b'{"data":{"releases"')


async def test_alive_ready_and_home_say_so(gateway: Gateway) -> None:
    await gateway.data("{ releases(first: 1) { nodes { id } } }")

    alive, ready, home = [await get(gateway, path) for path in ("/healthz", "/readyz", "/")]

    assert (alive[0], alive[2]) == (200, b'{"status":"ok"}')
    assert ready[0] == 200
    assert b'"balena":{"status":"UP","lastErrorCode":null,"checkedAt":' in ready[2]
    assert b"/graphql" in home[2]
    assert b"balena, buildmaster, memfault, metakraftwerk, nerveshub" in home[2]


async def test_only_configured_origins_may_read_from_a_browser(mocks: MockPort) -> None:
    settings = demo_settings(mocks.url, 8000)
    server = settings.server.model_copy(update={"allowed_origins": ("https://app.example",)})
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}

    with served(create_app(Settings(server=server, sources=settings.sources))) as url:
        async with aiohttp.ClientSession() as session:
            async with session.options(f"{url}/graphql", headers={"Origin": "https://app.example", **asked}) as ours:
                pass
            async with session.options(f"{url}/graphql", headers={"Origin": "https://evil.example", **asked}) as other:
                pass

    assert (ours.status, ours.headers["access-control-allow-origin"]) == (200, "https://app.example")
    assert (other.status, other.headers.get("access-control-allow-origin")) == (400, None)


async def test_partial_errors_can_be_left_to_the_sources(gateway: Gateway, mocks: MockPort) -> None:
    mocks.fail(source="memfault", status=503)

    _, body = await post(
        gateway,
        json={"query": "{ releases(first: 1) { sources { state } } }"},
        headers={"X-Partial-Errors": "off"},
    )

    assert "errors" not in body
    assert {"state": "FAILED"} in body["data"]["releases"]["sources"]


DEEP = "releases { nodes { fleet { " * 5 + "name" + " } } }" * 5
ALIASED = "sources { " + " ".join(f"a{number}: totalCount" for number in range(31)) + " }"


@pytest.mark.parametrize(
    ("query", "what"),
    [
        pytest.param(f"{{ {DEEP} }}", "depth of 16", id="depth"),
        pytest.param(f"{{ {ALIASED} }}", "number of aliases of 31", id="aliases"),
        pytest.param(f"{{ {'__typename ' * 4001} }}", "number of tokens over 4000", id="tokens"),
    ],
)
async def test_too_large_an_operation_names_the_limit(gateway: Gateway, query: str, what: str) -> None:
    error = await gateway.error(query)

    assert error["extensions"] == {"code": "QUERY_TOO_COMPLEX"}
    assert f"the operation has a {what};" in error["message"]


async def test_lists_inside_lists_are_counted_before_anything_is_asked(gateway: Gateway, mocks: MockPort) -> None:
    query = """query Deep($first: Int = 200) { releases(first: $first) { nodes { fleet {
      ...R } } } }
      fragment R on Fleet { releases(last: 200) { edges { node { fleet { releases { nodes { id } } } } } } }"""

    error = await gateway.error(query)
    fewer = await gateway.post(query, first=2)

    assert error["extensions"] == {"code": "QUERY_TOO_COMPLEX"}
    assert "a number of rows of up to " in error["message"]
    assert "this server takes at most 50000" in error["message"]
    assert "errors" not in fewer


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_other_methods_are_refused_in_json(gateway: Gateway, method: str) -> None:
    async with gateway.session.request(method, f"{gateway.url}/graphql", json={"query": NAME}) as reply:
        body = await reply.json()

    assert (reply.status, reply.headers["Allow"]) == (405, "GET, POST")
    assert body["errors"][0]["extensions"] == {"code": "BAD_REQUEST"}


async def test_aliases_are_counted_wherever_a_fragment_is_spread(gateway: Gateway) -> None:
    fragment = "fragment f on Query { " + " ".join(f"a{i}: sources {{ totalCount }}" for i in range(16)) + " }"

    once, twice = (
        await gateway.post(f"{{ ...f }} {fragment}"),
        await gateway.error(f"{{ ...f ... {{ ...f }} }} {fragment}"),
    )

    assert "errors" not in once
    assert twice["extensions"] == {"code": "QUERY_TOO_COMPLEX"}


async def test_introspection_is_never_too_deep(gateway: Gateway) -> None:
    data = await gateway.data(get_introspection_query())

    assert data["__schema"]["queryType"]["name"] == "Query"


async def test_an_unreachable_source_is_told_by_name_and_address(mocks: MockPort, start: Start) -> None:
    url = start({"BUILDMASTER_URL": "http://127.0.0.1:9", "BUILDMASTER_TOKEN": "hemlighet-4711"})

    async with aiohttp.ClientSession() as session:
        body = await Gateway(url, session).post("{ releases { nodes { id } } }")

    assert body["data"] == {"releases": None}
    assert body["errors"][0]["message"] == "buildmaster: no connection to 127.0.0.1:9 (POST /api/releases)"
    assert body["errors"][0]["extensions"] == {"code": "UPSTREAM_UNREACHABLE", "source": "buildmaster"}


async def test_no_line_of_the_log_and_no_answer_holds_a_secret(
    mocks: MockPort, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    settings = demo_settings(mocks.url, 8000)
    loud = settings.telemetry.model_copy(update={"log_level": "debug", "log_format": "json"})
    mocks.fail(source="balena", path="*release*", status=401)
    mocks.fail(source="memfault", path="*releases*", wrong_shape=True)

    with served(create_app(Settings(server=settings.server, telemetry=loud, sources=settings.sources))) as url:
        async with aiohttp.ClientSession() as session:
            body = await Gateway(url, session).post(
                "query Everything { releases { nodes { id } } fleets { nodes { id } } }"
            )
    lines = capfd.readouterr().err

    events = [orjson.loads(line) for line in lines.splitlines()]
    assert [line["operation"] for line in events if line["event"] == "operation"] == ["Everything"]
    assert sum(line["event"] == "upstream call" for line in events) == len(mocks.calls)
    assert not [word for word in ("demo-balena-token", "demo-metakraftwerk-password", "Bearer", "eyJ") if word in lines]
    assert not [word for word in ("demo-balena-token", "demo-memfault-token", "Bearer") if word in str(body)]
