"""Bad input over HTTP: whatever is sent, one clear error with a code comes back, and never a stack trace."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.conftest import MockPort, served
from tests.graph.conftest import Gateway, Start, data_calls

JSON = {"Content-Type": "application/json"}
GRAPHQL = {"Accept": "application/graphql-response+json"}
BY_HAND = {"X-Requested-With": "test"}
TRACES = ("Traceback", 'File "', ".py", "Error(", "0x", "site-packages")

OPERATIONS = [
    pytest.param("{ releases { nodes { nope } } }", {}, "GRAPHQL_VALIDATION_FAILED", "Cannot query field 'nope'", id="unknown field"),  # noqa: E501
    pytest.param("{ releases(nope: 1) { nodes { id } } }", {}, "GRAPHQL_VALIDATION_FAILED", "Unknown argument 'nope'", id="unknown argument"),  # noqa: E501
    pytest.param("{ releases }", {}, "GRAPHQL_VALIDATION_FAILED", "must have a selection of subfields", id="no selection"),  # noqa: E501
    pytest.param("{ releases { nodes { id }", {}, "GRAPHQL_PARSE_FAILED", "Syntax Error", id="unfinished"),
    pytest.param("☃", {}, "GRAPHQL_PARSE_FAILED", "Syntax Error", id="not GraphQL"),
    pytest.param("{ ...F } fragment F on Query { ...F }", {}, "GRAPHQL_VALIDATION_FAILED", "Cannot spread fragment", id="fragment cycle"),  # noqa: E501
    pytest.param('{ node(id: "garbage") { id } }', {}, "INVALID_KEY", "not an id of this graph", id="bad id"),
    pytest.param('{ releaseByNativeId(source: "nope", nativeId: "1") { id } }', {}, "BAD_ARGUMENT", "no source is called 'nope'; configured are: balena, ", id="no such source"),  # noqa: E501
    pytest.param('{ releases(filter: { sources: ["BALENA"] }) { nodes { id } } }', {}, "BAD_ARGUMENT", "no source is called 'BALENA'", id="a kind is no name"),  # noqa: E501
    pytest.param('{ fleetBySlug(slug: "x", source: "nope") { id } }', {}, "BAD_ARGUMENT", "no source is called 'nope'", id="slug of no source"),  # noqa: E501
    pytest.param("{ releases(first: -1) { nodes { id } } }", {}, "BAD_ARGUMENT", "first must be from 0 to 200, not -1", id="first -1"),  # noqa: E501
    pytest.param("{ fleets(last: 100000) { nodes { id } } }", {}, "BAD_ARGUMENT", "last must be from 0 to 200, not 100000", id="last 100000"),  # noqa: E501
    pytest.param("{ artifacts(first: 1, last: 1) { nodes { id } } }", {}, "BAD_ARGUMENT", "first and last cannot be given together", id="both ends"),  # noqa: E501
    pytest.param("{ sources(first: 201) { nodes { id } } }", {}, "BAD_ARGUMENT", "first must be from 0 to 200", id="sources"),  # noqa: E501
    pytest.param("{ releases(first: 3000000000) { nodes { id } } }", {}, "GRAPHQL_VALIDATION_FAILED", "Int cannot represent", id="beyond Int"),  # noqa: E501
    pytest.param('{ releases(after: "nonsense") { nodes { id } } }', {}, "BAD_CURSOR", "damaged or not one of ours", id="bad cursor"),  # noqa: E501
    pytest.param('{ releases(after: "") { nodes { id } } }', {}, "BAD_CURSOR", "damaged or not one of ours", id="empty cursor"),  # noqa: E501
    pytest.param("{ releases(filter: { kinds: [NOPE] }) { nodes { id } } }", {}, "GRAPHQL_VALIDATION_FAILED", "'NOPE'", id="no such word"),  # noqa: E501
    pytest.param("{ releases(filter: { names: [null] }) { nodes { id } } }", {}, "GRAPHQL_VALIDATION_FAILED", "null", id="null inside a list"),  # noqa: E501
    pytest.param('{ releases(filter: { createdAfter: "yesterday" }) { nodes { id } } }', {}, "GRAPHQL_VALIDATION_FAILED", "DateTime wants an ISO 8601 instant", id="no instant"),  # noqa: E501
    pytest.param('{ releases(filter: { createdAfter: "2026-11-01T12:00:00" }) { nodes { id } } }', {}, "GRAPHQL_VALIDATION_FAILED", "with Z or an offset", id="no zone"),  # noqa: E501
    pytest.param("{ releases(filter: { createdAfter: 1793534400 }) { nodes { id } } }", {}, "GRAPHQL_VALIDATION_FAILED", "DateTime wants an ISO 8601 instant", id="a number of seconds"),  # noqa: E501
    pytest.param('{ releases(filter: { createdAfter: "0001-01-01T00:00:00+14:00" }) { nodes { id } } }', {}, "GRAPHQL_VALIDATION_FAILED", "DateTime wants an ISO 8601 instant", id="before the first year"),  # noqa: E501
    pytest.param('{ releases(filter: { createdBefore: "9999-12-31T23:59:59-14:00" }) { nodes { id } } }', {}, "GRAPHQL_VALIDATION_FAILED", "DateTime wants an ISO 8601 instant", id="after the last year"),  # noqa: E501
    pytest.param('{ releases(filter: { versionRange: "new" }) { nodes { id } } }', {}, "BAD_ARGUMENT", "versionRange: ", id="no range"),  # noqa: E501
    pytest.param('{ releases(filter: { revisions: ["abc"] }) { nodes { id } } }', {}, "BAD_ARGUMENT", "at least 7 characters", id="short revision"),  # noqa: E501
    pytest.param("query ($first: Int!) { releases(first: $first) { nodes { id } } }", {}, "BAD_ARGUMENT", "Expected a value of non-null type 'Int!'", id="variable missing"),  # noqa: E501
    pytest.param("query ($first: Int) { releases(first: $first) { nodes { id } } }", {"first": "many"}, "BAD_ARGUMENT", "Int cannot represent non-integer value: 'many'", id="variable of another type"),  # noqa: E501
    pytest.param("query ($f: ReleaseFilter) { releases(filter: $f) { nodes { id } } }", {"f": {"nope": 1}}, "BAD_ARGUMENT", "not to include unknown field 'nope'", id="no such filter"),  # noqa: E501
    pytest.param("query ($f: ReleaseFilter) { releases(filter: $f) { nodes { id } } }", {"f": {"createdAfter": "soon"}}, "BAD_ARGUMENT", "DateTime wants an ISO 8601 instant", id="variable is no instant"),  # noqa: E501
    pytest.param("query ($f: ReleaseFilter) { releases(filter: $f) { nodes { id } } }", {"f": {"createdAfter": "0001-01-01T00:00:00+14:00"}}, "BAD_ARGUMENT", "DateTime wants an ISO 8601 instant", id="variable before the first year"),  # noqa: E501
    pytest.param("query A { __typename } query B { __typename }", {}, "BAD_ARGUMENT", "operationName is needed; it has: A, B", id="which one"),  # noqa: E501
]  # fmt: skip


def assert_clear(body: dict[str, Any], code: str, message: str) -> None:
    """Exactly one error, with this code, that says this and nothing of our inside."""
    assert [error["extensions"]["code"] for error in body["errors"]] == [code], body
    assert message in body["errors"][0]["message"]
    assert not [trace for trace in TRACES if trace in json.dumps(body)]


@pytest.mark.parametrize(("query", "variables", "code", "message"), OPERATIONS)
async def test_an_operation_that_cannot_be_meant_is_one_clear_error(
    gateway: Gateway, mocks: MockPort, query: str, variables: dict[str, Any], code: str, message: str
) -> None:
    body = await gateway.post(query, **variables)

    assert_clear(body, code, message)
    assert data_calls(mocks) == []


@pytest.mark.parametrize(("query", "variables", "code", "message"), OPERATIONS)
async def test_graphql_s_own_media_type_has_the_same_error_and_a_status_that_fits(
    gateway: Gateway, query: str, variables: dict[str, Any], code: str, message: str
) -> None:
    payload = {"query": query, "variables": variables}

    async with gateway.session.post(f"{gateway.url}/graphql", json=payload, headers=GRAPHQL) as reply:
        body = await reply.json(content_type=None)

    assert_clear(body, code, message)
    assert reply.status == (200 if "path" in body["errors"][0] else 400)


BODIES = [
    pytest.param(b"", JSON, 400, "not valid JSON", id="nothing"),
    pytest.param(b"{", JSON, 400, "not valid JSON", id="half"),
    pytest.param(b"\xff\xfe", JSON, 400, "not valid JSON", id="not UTF-8"),
    pytest.param(b'{"query":"{ __typename }","variables":{"a":"\\ud800"}}', JSON, 400, "not valid JSON", id="half a character"),  # noqa: E501
    pytest.param(b"[" * 100_000, JSON, 400, "not valid JSON", id="deep"),
    pytest.param(b'"{ __typename }"', JSON, 400, "the body must be a JSON object", id="text"),
    pytest.param(b"null", JSON, 400, "the body must be a JSON object", id="null"),
    pytest.param(b'[{"query":"{ __typename }"}]', JSON, 400, "batches are not taken here", id="batch"),
    pytest.param(b"{}", JSON, 400, "query is missing", id="no query"),
    pytest.param(b'{"query":" "}', JSON, 400, "query is missing", id="blank query"),
    pytest.param(b'{"query":42}', JSON, 400, "query is missing", id="query is a number"),
    pytest.param(b'{"query":"{ __typename }","variables":[1]}', JSON, 400, "variables must be a JSON object", id="variables are a list"),  # noqa: E501
    pytest.param(b'{"query":"{ __typename }","variables":"{}"}', JSON, 400, "variables must be a JSON object", id="variables are a text"),  # noqa: E501
    pytest.param(b'{"query":"{ __typename }","operationName":1}', JSON, 400, "operationName must be a string", id="name is a number"),  # noqa: E501
    pytest.param(b'{"query":"' + b" " * 1_048_576 + b'"}', JSON, 413, "over 1048576 bytes", id="too large"),
    pytest.param(b'{"query":"{ __typename }"}', {"Content-Type": "text/plain"}, 415, "not text/plain", id="text/plain"),
    pytest.param(b"{ __typename }", {"Content-Type": "application/graphql"}, 415, "not application/graphql", id="application/graphql"),  # noqa: E501
    pytest.param(b"query=x", {"Content-Type": "application/x-www-form-urlencoded"}, 415, "not application/x-www", id="form"),  # noqa: E501
    pytest.param(b"", {"Content-Type": "multipart/form-data; boundary=x"}, 415, "not multipart/form-data", id="upload"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "headers", "status", "message"), BODIES)
async def test_a_body_that_holds_no_operation_is_one_clear_error(
    gateway: Gateway, content: bytes, headers: dict[str, str], status: int, message: str
) -> None:
    async with gateway.session.post(f"{gateway.url}/graphql", data=content, headers=headers) as reply:
        body = await reply.json(content_type=None)

    assert reply.status == status
    assert_clear(body, "BAD_REQUEST", message)
    assert "data" not in body


GETS = [
    pytest.param({"query": "{ __typename }"}, {}, 400, "a GET needs one of these headers", id="from any page"),
    pytest.param({"query": "{ __typename }", "variables": "{"}, BY_HAND, 400, "variables is not valid JSON", id="variables"),  # noqa: E501
    pytest.param({"query": "{ __typename }", "variables": "[]"}, BY_HAND, 400, "variables", id="variables are a list"),
    pytest.param({}, BY_HAND, 400, "query is missing", id="no query"),
]  # fmt: skip


@pytest.mark.parametrize(("parameters", "headers", "status", "message"), GETS)
async def test_a_get_that_holds_no_query_is_one_clear_error(
    gateway: Gateway, parameters: dict[str, str], headers: dict[str, str], status: int, message: str
) -> None:
    async with gateway.session.get(f"{gateway.url}/graphql", params=parameters, headers=headers) as reply:
        body = await reply.json(content_type=None)

    assert reply.status == status
    assert_clear(body, "BAD_REQUEST", message)


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        pytest.param("mutation { nope }", "Cannot query field 'nope' on type 'Mutation'", id="unknown mutation"),
        pytest.param("subscription { nope }", "subscriptions are not supported", id="subscription"),
    ],
)
async def test_an_operation_the_schema_has_not_is_refused_whichever_way_it_comes(
    gateway: Gateway, operation: str, message: str
) -> None:
    url, query = f"{gateway.url}/graphql", {"query": operation}

    async with gateway.session.get(url, params=query, headers=BY_HAND) as by_get:
        got = await by_get.json(content_type=None)
    posted = await gateway.post(operation)

    assert_clear(got, "GRAPHQL_VALIDATION_FAILED", message)
    assert_clear(posted, "GRAPHQL_VALIDATION_FAILED", message)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_other_methods_are_not_taken(gateway: Gateway, method: str) -> None:
    async with gateway.session.request(method, f"{gateway.url}/graphql", json={"query": "{ __typename }"}) as reply:
        assert reply.status == 405


async def test_a_bad_argument_costs_its_own_field(gateway: Gateway) -> None:
    reply = await gateway.post("{ good: fleets(first: 1) { nodes { id } } bad: fleets(first: -1) { nodes { id } } }")

    assert len(reply["data"]["good"]["nodes"]) == 1
    assert reply["data"]["bad"] is None
    assert [error["path"] for error in reply["errors"]] == [["bad"]]


UNREADABLE = [
    pytest.param({"wrong_shape": True}, "UPSTREAM_PAYLOAD", id="another shape"),
    pytest.param({"cut_body": True}, "UPSTREAM_UNREACHABLE", id="half an answer"),
    pytest.param({"drop": True}, "UPSTREAM_UNREACHABLE", id="no answer"),
    pytest.param({"status": 302}, "UPSTREAM_REJECTED", id="sent elsewhere"),
    pytest.param({"status": 204}, "UPSTREAM_PAYLOAD", id="nothing"),
]


@pytest.mark.parametrize("source", ["balena", "buildmaster", "memfault", "metakraftwerk", "nerveshub"])
@pytest.mark.parametrize(("fault", "code"), UNREADABLE)
async def test_an_upstream_that_talks_nonsense_is_its_own_error_alone(
    gateway: Gateway, mocks: MockPort, source: str, fault: dict[str, Any], code: str
) -> None:
    await gateway.data("{ releases(first: 1) { nodes { id } } }")  # logins and scopes are behind us
    mocks.fail(source=source, **fault)

    reply = await gateway.post(
        "{ releases(first: 200) { nodes { sourceName } sources { source { name } state code } } }"
    )

    assert {(error["extensions"]["code"], error["extensions"]["source"]) for error in reply["errors"]} == {
        (code, source)
    }
    assert source not in {node["sourceName"] for node in reply["data"]["releases"]["nodes"]}
    lost = [one for one in reply["data"]["releases"]["sources"] if one["state"] != "LIVE"]
    assert lost == [{"source": {"name": source}, "state": "FAILED", "code": code}]
    assert not [trace for trace in TRACES if trace in json.dumps(reply["errors"])]


def told(name: str = "one", **members: Any) -> dict[str, Any]:
    """A release as BuildMaster tells it."""
    always = {"sequence": 1, "status": "active", "createdOn": "2026-11-01T12:00:00Z", "applicationId": 1}
    return {"id": 1, "applicationName": "App", "number": "1.0.0", "name": name, **always, **members}


MISFIT = [told(), {"id": "two"}, told("three", id=3, createdOn="0001-01-01T00:00:00+14:00")]
NOT_TEXT, TOO_DEEP = json.dumps([told()]).encode().replace(b"one", b"\xff"), b"[" * 100_000
ODD = [
    pytest.param(json.dumps(MISFIT).encode(), ["one"], "PARTIAL", id="some rows do not fit"),
    pytest.param(b"null", [], "FAILED", id="no list"),
    pytest.param(b"<html>", [], "FAILED", id="a page"),
    pytest.param(NOT_TEXT, [], "FAILED", id="not UTF-8"),
    pytest.param(TOO_DEEP, [], "FAILED", id="too deep"),
]


@asynccontextmanager
async def odd_buildmaster(mocks: MockPort, start: Start, content: bytes) -> AsyncIterator[Gateway]:
    """A gateway over balena's mock and a BuildMaster that tells these releases."""

    async def answer(request: Request) -> Response:
        return Response(content, media_type="application/json")

    balena = {"BALENA_URL": f"{mocks.url}/balena", "BALENA_TOKEN": "demo-balena-token"}
    async with aiohttp.ClientSession() as session:
        with served(Starlette(routes=[Route("/api/releases", answer, methods=["POST"])])) as url:
            yield Gateway(start({**balena, "BUILDMASTER_URL": url, "BUILDMASTER_TOKEN": "t"}), session)


@pytest.mark.parametrize(("content", "names", "state"), ODD)
async def test_rows_in_no_known_shape_cost_themselves(
    mocks: MockPort, start: Start, content: bytes, names: list[str], state: str
) -> None:
    async with odd_buildmaster(mocks, start, content) as gateway:
        reply = await gateway.post(
            "{ releases(first: 200) { nodes { name sourceName } sources { state } totalCount } }"
        )

    found = reply["data"]["releases"]
    assert found["sources"] == [{"state": "LIVE"}, {"state": state}]
    assert [node["name"] for node in found["nodes"] if node["sourceName"] == "buildmaster"] == names
    assert found["totalCount"] is None
    assert reply["errors"][0]["extensions"] == {"code": "UPSTREAM_PAYLOAD", "source": "buildmaster", "partial": True}


@pytest.mark.parametrize("content", [NOT_TEXT, TOO_DEEP], ids=["not UTF-8", "too deep"])
async def test_an_answer_nobody_foresaw_is_one_source_s_failure_and_tells_nothing_of_our_inside(
    mocks: MockPort, start: Start, content: bytes
) -> None:
    async with odd_buildmaster(mocks, start, content) as gateway:
        listed = await gateway.post("{ releases(first: 200) { nodes { sourceName } sources { state } } }")
        one = await gateway.error('{ releaseByNativeId(source: "buildmaster", nativeId: "1") { id } }')

    assert listed["data"]["releases"]["sources"] == [{"state": "LIVE"}, {"state": "FAILED"}]
    assert len(listed["data"]["releases"]["nodes"]) > 50
    assert {listed["errors"][0]["extensions"]["code"], one["extensions"]["code"]} <= {"INTERNAL", "UPSTREAM_PAYLOAD"}
    assert not [trace for trace in TRACES if trace in json.dumps([listed["errors"], one])]


async def test_a_scope_that_talks_nonsense_costs_its_own_fleet(gateway: Gateway, mocks: MockPort) -> None:
    query = '{ fleets(filter: { sources: ["memfault"] }) { nodes { slug releases { totalCount } } } }'
    await gateway.data(query)
    mocks.fail(source="memfault", path="*/dock/releases*", wrong_shape=True)

    reply = await gateway.post(query)
    listed = await gateway.post(
        '{ releases(filter: { sources: ["memfault"] }) { nodes { name } sources { state code } } }'
    )

    assert [fleet["slug"] for fleet in reply["data"]["fleets"]["nodes"] if fleet["releases"] is None] == ["umbra/dock"]
    assert [error["extensions"]["code"] for error in reply["errors"]] == ["UPSTREAM_PAYLOAD"]
    states = {one["state"]: one["code"] for one in listed["data"]["releases"]["sources"]}
    assert states == {"PARTIAL": "UPSTREAM_PAYLOAD", "SKIPPED": None}
    assert len(listed["data"]["releases"]["nodes"]) == 20
