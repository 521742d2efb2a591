"""GraphQL over HTTP, to the letter: every audit of the reference implementation's suite for servers, by its id, and
what the specification asks for beyond them. SHOULDs and MAYs are held like MUSTs.

Source: graphql/graphql-http, src/audits/server.ts; graphql/graphql-over-http, spec/GraphQLOverHTTP.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest

from tests.graph.conftest import Gateway, Start

JSON, GRAPHQL = "application/json", "application/graphql-response+json"
UTF8 = "; charset=utf-8"
TYPENAME = {"query": "{ __typename }"}
NAMED = {"query": "query Query { __typename }", "operationName": "Query"}
MAPPED = {
    "query": "query Type($name: String!) { __type(name: $name) { name } }",
    "variables": {"name": "sometype"},
}
UNSUITED = {"query": "query CoerceFailure($id: ID!){ __typename }", "variables": {"id": None}}
UNKNOWN = {"query": "{ 8f31403dfe404bccbb0e835f2629c6a7 }"}
BROKEN = {"query": "{"}
NO_OBJECTS: tuple[Any, ...] = ("string", 0, False, ["array"])
NO_STRINGS: tuple[Any, ...] = ({"obj": "ect"}, 0, False, ["array"])
PREFLIGHT = {"X-Requested-With": "audit"}
"A GET needs it here, so that no page of elsewhere can make a browser send one: the specification leaves that open."


@dataclass(frozen=True)
class Audit:
    """content_type: of the reply, begins with it. has: members of the reply that must be there, and must not."""

    id: str
    body: Any = None
    accept: str | None = None
    content_type: str | None = JSON
    get: bool = False
    status: int = 200
    replies: str = JSON
    has: Mapping[str, bool] = field(default_factory=dict)


FINE, REFUSED = {"errors": False, "data": True}, {"errors": True, "data": False}


def post(id: str, body: Any, accept: str | None = None, status: int = 200, **more: Any) -> Audit:
    has = {"has": FINE if status == 200 else REFUSED, **more}
    return Audit(id, body, accept, status=status, replies=GRAPHQL if accept == GRAPHQL else JSON, **has)


def get(id: str, parameters: Mapping[str, Any], accept: str | None = None, status: int = 200) -> Audit:
    return Audit(id, parameters, accept, None, True, status, accept or JSON, FINE if status == 200 else REFUSED)


def each(id: str, name: str, values: tuple[Any, ...]) -> list[Audit]:
    """400 for a parameter of each of these types."""
    return [post(f"{id}{index}", {**TYPENAME, name: value}, status=400) for index, value in enumerate(values)]


AUDITS = [
    post("22EB", TYPENAME, GRAPHQL),
    post("4655", TYPENAME, JSON),
    post("47DE", TYPENAME, "*/*"),
    post("80D8", TYPENAME),
    post("82A3", TYPENAME),
    post("BF61", {"query": '{ __type(name: "Run🏃Swim🏊") { name } }'}, content_type=f"{JSON}; charset=utf-8"),
    post("78D5", TYPENAME),
    post("2C94", TYPENAME),
    get("5A70", TYPENAME),
    get("9C48", {"query": "mutation { __typename }"}, GRAPHQL, 405),
    post("9ABE", None, status=415, content_type=None),
    post("03D4", TYPENAME),
    post("A5BF", None, status=400),
    post("423L", {"notquery": "{ __typename }"}, GRAPHQL, 400),
    *each("LKJ", "query", NO_STRINGS),
    post("34A2", TYPENAME, GRAPHQL),
    post("13EE", TYPENAME, JSON),
    *each("6C0", "operationName", NO_STRINGS),
    post("8161", NAMED, GRAPHQL),
    post("B8B3", NAMED, JSON),
    *(
        post(f"{id}{index}", {**TYPENAME, name: None}, accept)
        for id, accept in (("94B", GRAPHQL), ("022", JSON))
        for index, name in enumerate(("variables", "operationName", "extensions"))
    ),
    *each("476", "variables", NO_OBJECTS),
    post("2EA1", MAPPED, GRAPHQL),
    post("28B9", MAPPED, JSON),
    get("D6D5", MAPPED, GRAPHQL),
    get("6A70", MAPPED, JSON),
    *each("58B", "extensions", NO_OBJECTS),
    post("428F", {**TYPENAME, "extensions": {"some": "value"}}, GRAPHQL),
    post("1B7A", {**TYPENAME, "extensions": {"some": "value"}}, JSON),
    post("B6DC", b'{ "not a JSON', status=400),
    post("BCF8", b'{ "not a JSON', status=400),
    post("8764", {"qeury": "{ __typename }"}, status=400),
    post("3E3A", {"qeury": "{ __typename }"}, status=400),
    post("572B", BROKEN, JSON, has=REFUSED),
    post("FDE2", UNKNOWN, JSON, has=REFUSED),
    post("7B9B", UNSUITED, JSON, has=REFUSED),
    post("865D", BROKEN, GRAPHQL, 400),
    post("556A", BROKEN, GRAPHQL, 400),
    post("D586", BROKEN, GRAPHQL, 400),
    post("51FE", UNKNOWN, GRAPHQL, 400),
    post("74FF", UNKNOWN, GRAPHQL, 400),
    post("5E5B", UNKNOWN, GRAPHQL, 400),
    post("86EE", UNSUITED, GRAPHQL, 400),
    # Named in the suite, and not written there yet:
    post("EE52", {"query": '{ __typename node(id: "nonsense") { id } }'}, GRAPHQL, has={"errors": True, "data": True}),
    # What the specification says beside that:
    post("data is null", {"query": "mutation { nothing: __typename }"}, GRAPHQL),
    post("an empty name is none", {**TYPENAME, "operationName": ""}, GRAPHQL),
    get("an empty name is none, by GET", {**TYPENAME, "operationName": ""}, GRAPHQL),
    get("the name null, by GET", {"query": "query null { __typename }", "operationName": "null"}, GRAPHQL),
    post("no such operation", {**NAMED, "operationName": "Other"}, GRAPHQL, 400),
    post("no such operation, legacy", {**NAMED, "operationName": "Other"}, JSON, has=REFUSED),
    post("several operations", {"query": "query A { __typename } query B { __typename }"}, GRAPHQL, 400),
    post("no UTF-8", TYPENAME, status=415, content_type=f"{JSON}; charset=utf-16"),
    post("another type", TYPENAME, status=415, content_type="application/graphql"),
    post("neither type", TYPENAME, "text/xml", 406),
    post("neither type wanted", TYPENAME, f"{JSON};q=0, text/html", 406),
    get("neither type, by GET", TYPENAME, "image/png", 406),
]  # fmt: skip


@pytest.mark.parametrize("path", ["/graphql", "/graphql/"])
@pytest.mark.parametrize("audit", AUDITS, ids=lambda audit: audit.id)
async def test_an_audit_passes(gateway: Gateway, audit: Audit, path: str) -> None:
    status, content_type, text = await _asked(gateway, audit, path)

    reply = json.loads(text.decode("utf-8", "strict"))
    expected = audit.replies if audit.status != 406 else JSON
    assert (status, content_type) == (audit.status, f"{expected}; charset=utf-8")
    assert {name: name in reply for name in audit.has} == audit.has
    assert "data" not in reply or isinstance(reply["data"], dict)


async def _asked(gateway: Gateway, audit: Audit, path: str) -> tuple[int, str, bytes]:
    given = {"Accept": audit.accept, "Content-Type": audit.content_type}
    headers = {name: value for name, value in given.items() if value is not None}
    if audit.get:
        texts = {name: one if isinstance(one, str) else json.dumps(one) for name, one in audit.body.items()}
        asking = gateway.session.get(f"{gateway.url}{path}?{urlencode(texts)}", headers={**headers, **PREFLIGHT})
    else:
        data = audit.body if isinstance(audit.body, bytes) else json.dumps(audit.body).encode() if audit.body else None
        skipped = [name for name in ("Accept", "Content-Type") if name not in headers]
        asking = gateway.session.post(gateway.url + path, data=data, headers=headers, skip_auto_headers=skipped)
    async with asking as reply:
        return reply.status, reply.headers["Content-Type"], await reply.read()


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        pytest.param(f"{GRAPHQL}; charset=utf-8, {JSON}; charset=utf-8", GRAPHQL, id="as recommended"),
        pytest.param(f"{JSON}, {GRAPHQL}", GRAPHQL, id="both alike"),
        pytest.param(f"{JSON}, {GRAPHQL};q=0.9", JSON, id="legacy preferred"),
        pytest.param(f"{GRAPHQL};q=0.1, {JSON};q=0.05", GRAPHQL, id="by weight"),
        pytest.param(f"{GRAPHQL};q=0, */*", JSON, id="one refused"),
        pytest.param("application/*", JSON, id="any of a kind"),
        pytest.param("text/html, */*;q=0.8", JSON, id="a browser's"),
        pytest.param(f"*/*, {GRAPHQL};q=0.5", JSON, id="anything before it"),
        pytest.param(f"{GRAPHQL.upper()}", GRAPHQL, id="in capitals"),
        pytest.param(f"multipart/mixed, {GRAPHQL}", GRAPHQL, id="beside what is not served"),
        pytest.param("application/json;q=nonsense, */*;q=0.1", JSON, id="a weight that is none"),
    ],
)
async def test_the_reply_is_of_the_type_that_is_preferred(gateway: Gateway, accept: str, chosen: str) -> None:
    _, content_type, _ = await _asked(gateway, post("", TYPENAME, accept), "/graphql")

    assert content_type == f"{chosen}; charset=utf-8"


@pytest.mark.parametrize("path", ["/graphql", "/graphql/"])
async def test_who_may_not_ask_is_told_so_by_the_status(start: Start, http: aiohttp.ClientSession, path: str) -> None:
    """BC58 of the suite."""
    key = {"ci": {"hash": "sha256:" + "0" * 64, "scopes": ["read"]}}
    url = start({"BALENA_TOKEN": "any", "RELEASEGRAPH_SECURITY_API_KEYS": json.dumps(key)})

    async with http.post(url + path, json=TYPENAME, headers={"Accept": GRAPHQL}) as reply:
        body = await reply.json(content_type=GRAPHQL)

    assert reply.status == 401
    assert "data" not in body


def test_every_audit_of_the_suite_is_here() -> None:
    """As of graphql-http 1.22."""
    suite = """22EB 4655 47DE 80D8 82A3 BF61 78D5 2C94 5A70 9C48 9ABE 03D4 A5BF 423L LKJ0 LKJ1 LKJ2 LKJ3 34A2 13EE 6C00
    6C01 6C02 6C03 8161 B8B3 94B0 0220 94B1 0221 94B2 0222 4760 4761 4762 4763 2EA1 28B9 D6D5 6A70 58B0 58B1 58B2 58B3
    428F 1B7A B6DC BCF8 8764 3E3A 572B FDE2 7B9B 865D 556A D586 51FE 74FF 5E5B 86EE EE52"""

    assert {*suite.split()} == {audit.id for audit in AUDITS if len(audit.id) == 4}


@pytest.mark.parametrize(
    ("query", "message"),
    [
        pytest.param("subscription { anything }", "subscriptions are not supported", id="subscription"),
        pytest.param("subscription { __typename }", "subscriptions are not supported", id="subscription to nothing"),
        pytest.param("{ ... @defer { __typename } }", "@defer is not supported", id="defer"),
        pytest.param(
            "{ sources { nodes @stream(initialCount: 1) { name } } }", "@stream is not supported", id="stream"
        ),
    ],
)
@pytest.mark.parametrize("accept", [GRAPHQL, JSON, f"multipart/mixed, {GRAPHQL}", f"text/event-stream, {JSON};q=0.5"])
async def test_what_is_not_supported_is_told_as_such(gateway: Gateway, query: str, message: str, accept: str) -> None:
    status, content_type, text = await _asked(gateway, post("", {"query": query}, accept), "/graphql")

    errors = json.loads(text)["errors"]
    assert (status, content_type) == ((400, GRAPHQL + UTF8) if GRAPHQL in accept else (200, JSON + UTF8))
    assert [error["message"].startswith(message) for error in errors] == [True]
    assert errors[0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


@pytest.mark.parametrize("accept", ["text/event-stream", "multipart/mixed"])
async def test_a_reply_in_parts_alone_is_not_to_be_had(gateway: Gateway, accept: str) -> None:
    status, _, text = await _asked(gateway, post("", TYPENAME, accept), "/graphql")

    assert status == 406
    assert json.loads(text)["errors"][0]["message"] == f"replies are {GRAPHQL} or {JSON}, and Accept takes neither"
