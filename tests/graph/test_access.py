"""Who may ask what, over HTTP: keys, scopes, sources that are not for everyone, the schema by role."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.access import api_keys
from gateway.app import create_app
from gateway.settings import load
from resolvers import keys
from tests.conftest import MockPort, served
from tests.graph.conftest import Start

KEYS = {name: api_keys.new() for name in ("reader", "of-balena", "writer", "blind")}
SCOPES = {
    "reader": ["read"],
    "of-balena": ["read:balena"],
    "writer": ["read", "write:balena"],
    "blind": ["explain"],
}
NAMES = "{ sources { nodes { name } } }"
LISTS = "{ fleets(first: 200) { nodes { sourceName } sources { source { name } } } }"


@pytest.fixture
def guarded(start: Start, mocks: MockPort) -> str:
    """A gateway over two sources that asks who asks."""
    return f"{start(environment(mocks))}/graphql"


def environment(mocks: MockPort, **more: str) -> dict[str, str]:
    table = {name: {"hash": api_keys.hashed(key), "scopes": SCOPES[name]} for name, key in KEYS.items()}
    return {
        "BALENA_URL": f"{mocks.url}/balena",
        "BALENA_TOKEN": "demo-balena-token",
        "BALENA_WRITABLE": "true",
        "MEMFAULT_URL": f"{mocks.url}/memfault",
        "MEMFAULT_TOKEN": "demo-memfault-token",
        "MEMFAULT_WRITABLE": "true",
        "RELEASEGRAPH_SECURITY_API_KEYS": json.dumps(table),
        **more,
    }


def by(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {KEYS[name]}"}


async def asked(
    http: aiohttp.ClientSession, url: str, query: str, headers: dict[str, str] | None = None, **variables: Any
) -> tuple[int, dict[str, Any]]:
    async with http.post(url, json={"query": query, "variables": variables}, headers=headers) as reply:
        body: dict[str, Any] = await reply.json(content_type=None)
        return reply.status, body


def codes(body: dict[str, Any]) -> list[str]:
    return [error["extensions"]["code"] for error in body.get("errors", ())]


@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json"])
async def test_nobody_asks_without_a_key(
    guarded: str, mocks: MockPort, http: aiohttp.ClientSession, accept: str
) -> None:
    async with http.post(guarded, json={"query": LISTS}, headers={"Accept": accept}) as reply:
        body = await reply.json(content_type=None)

    assert (reply.status, codes(body)) == (401, ["UNAUTHENTICATED"])
    assert reply.headers["WWW-Authenticate"] == 'Bearer realm="releasegraph"'
    assert "data" not in body
    assert mocks.calls == []


async def test_a_wrong_key_is_told_apart_from_none_and_never_repeated(
    guarded: str, http: aiohttp.ClientSession
) -> None:
    async with http.post(guarded, json={"query": NAMES}, headers={"Authorization": "Bearer hemlighet-here"}) as reply:
        text = await reply.text()

    assert reply.status == 401
    assert reply.headers["WWW-Authenticate"].endswith('error="invalid_token"')
    assert "hemlighet" not in text


async def test_a_get_is_asked_for_a_key_as_well(guarded: str, http: aiohttp.ClientSession) -> None:
    plain = {"X-Requested-With": "test"}

    async with http.get(guarded, params={"query": NAMES}, headers=plain) as without:
        pass
    async with http.get(guarded, params={"query": NAMES}, headers={**plain, **by("reader")}) as given:
        pass

    assert (without.status, given.status) == (401, 200)


async def test_a_key_that_may_read_nothing_is_403(guarded: str, http: aiohttp.ClientSession) -> None:
    status, body = await asked(http, guarded, NAMES, by("blind"))

    assert (status, codes(body)) == (403, ["FORBIDDEN"])


async def test_a_source_that_is_not_for_the_caller_is_not_there(
    guarded: str, mocks: MockPort, http: aiohttp.ClientSession
) -> None:
    _, names = await asked(http, guarded, NAMES, by("of-balena"))
    _, lists = await asked(http, guarded, LISTS, by("of-balena"))

    assert names["data"]["sources"]["nodes"] == [{"name": "balena"}]
    assert {node["sourceName"] for node in lists["data"]["fleets"]["nodes"]} == {"balena"}
    assert [one["source"]["name"] for one in lists["data"]["fleets"]["sources"]] == ["balena"]
    assert list(lists["extensions"]["sources"]) == ["balena"]
    assert mocks.paths("memfault") == []


HIDDEN = keys.encode("Fleet", "memfault", "acme/sensor-hub")


@pytest.mark.parametrize(
    "query",
    [
        pytest.param('{ source(name: "memfault") { name } }', id="source"),
        pytest.param(f'{{ node(id: "{HIDDEN}") {{ id }} }}', id="node"),
        pytest.param(f'{{ fleet(id: "{HIDDEN}") {{ id }} }}', id="look-up"),
        pytest.param('{ fleetByNativeId(source: "memfault", nativeId: "acme/sensor-hub") { id } }', id="native id"),
        pytest.param('{ fleetBySlug(source: "memfault", slug: "sensor-hub") { id } }', id="slug"),
        pytest.param('{ fleets(filter: {sources: ["memfault"]}) { totalCount } }', id="filter by source"),
        pytest.param(f'{{ releases(filter: {{fleetIds: ["{HIDDEN}"]}}) {{ totalCount }} }}', id="filter by id"),
        pytest.param(
            '{ _entities(representations: [{__typename: "Source", name: "memfault"}]) { __typename } }', id="entity"
        ),
        pytest.param(
            '{ _entities(representations: [{__typename: "Fleet", sourceName: "memfault", nativeId: "acme/sensor-hub"}])'
            " { __typename } }",
            id="entity of a source",
        ),
    ],
)
async def test_naming_a_source_that_is_not_for_the_caller_is_forbidden(
    guarded: str, mocks: MockPort, http: aiohttp.ClientSession, query: str
) -> None:
    _, body = await asked(http, guarded, query, by("of-balena"))

    assert codes(body) == ["FORBIDDEN"]
    assert mocks.paths("memfault") == []


UPDATE = 'mutation($id: ID!) { updateRelease(input: {id: $id, notes: "n"}) { userErrors { code } } }'
DELETE = (
    "mutation($id: ID!, $name: String!) "
    "{ deleteRelease(input: {id: $id, confirmVersion: $name}) { userErrors { code } } }"
)
FIRST = "query($of: [String!]) { releases(first: 1, filter: {sources: $of}) { nodes { id name } } }"


@pytest.mark.parametrize(
    ("name", "source", "change", "expected"),
    [
        ("writer", "balena", UPDATE, []),
        ("writer", "memfault", DELETE, ["FORBIDDEN"]),
        ("reader", "balena", UPDATE, ["FORBIDDEN"]),
    ],
)
async def test_a_change_needs_the_scope_of_its_source(
    guarded: str, mocks: MockPort, http: aiohttp.ClientSession, name: str, source: str, change: str, expected: list[str]
) -> None:
    _, found = await asked(http, guarded, FIRST, by("reader"), of=[source])
    mocks.mocks.calls.clear()

    _, body = await asked(http, guarded, change, by(name), **found["data"]["releases"]["nodes"][0])
    changes = [call for call in mocks.calls if call["method"] != "GET"]
    mocks.mocks.reset()

    assert codes(body) == expected
    assert bool(changes) == (not expected)


async def test_anonymous_callers_may_read_where_that_is_said(
    start: Start, mocks: MockPort, http: aiohttp.ClientSession
) -> None:
    url = f"{start(environment(mocks, RELEASEGRAPH_SECURITY_ANONYMOUS='read'))}/graphql"

    status, body = await asked(http, url, NAMES)
    wrong, _ = await asked(http, url, NAMES, {"Authorization": "Bearer wrong"})

    assert (status, wrong) == (200, 401)
    assert len(body["data"]["sources"]["nodes"]) == 2


@pytest.mark.parametrize(
    "query",
    [
        "{ __schema { queryType { name } } }",
        '{ shown: __type(name: "Release") { name } }',
        "{ _service { sdl } }",
        "{ ...Deep } fragment Deep on Query { ... on Query { _service { sdl } } }",
    ],
)
async def test_the_schema_is_told_to_those_who_may_have_it(
    start: Start, mocks: MockPort, http: aiohttp.ClientSession, query: str
) -> None:
    settings = {"RELEASEGRAPH_SECURITY_INTROSPECTION": "authenticated", "RELEASEGRAPH_SECURITY_ANONYMOUS": "read"}
    url = f"{start(environment(mocks, **settings))}/graphql"

    _, anonymous = await asked(http, url, query)
    _, known = await asked(http, url, query, by("reader"))

    assert (codes(anonymous), codes(known)) == (["UNAUTHENTICATED"], [])
    assert "data" not in anonymous


async def test_who_may_not_introspect_is_not_helped_to_guess(
    start: Start, mocks: MockPort, http: aiohttp.ClientSession
) -> None:
    query = "query($f: FleetFilter) { fleet(filter: $f) { node } typo: sources { nodes { nme __typename } } }"
    closed = f"{start(environment(mocks, RELEASEGRAPH_SECURITY_INTROSPECTION='nobody'))}/graphql"
    open_to_all = f"{start(environment(mocks))}/graphql"

    _, hidden = await asked(http, closed, query, by("reader"))
    _, helped = await asked(http, open_to_all, query, by("reader"))
    _, variable = await asked(
        http, closed, "query($f: FleetFilter) { fleets(filter: $f) { totalCount } }", by("reader"), f={"nams": []}
    )

    assert "Did you mean" in str(helped["errors"])
    assert "Did you mean" not in str(hidden["errors"])
    assert "Did you mean" not in str(variable["errors"])
    assert [error["message"] for error in hidden["errors"]] == [
        error["message"].partition(" Did you mean")[0] for error in helped["errors"]
    ]


async def test_what_is_named_like_the_schema_but_is_not_may_be_asked(
    start: Start, mocks: MockPort, http: aiohttp.ClientSession
) -> None:
    url = f"{start(environment(mocks, RELEASEGRAPH_SECURITY_INTROSPECTION='nobody'))}/graphql"

    _, body = await asked(http, url, '{ _service: source(name: "balena") { __typename } }', by("reader"))

    assert body["data"] == {"_service": {"__typename": "Source"}}


async def test_no_key_is_in_the_log_and_no_hash_either(
    guarded: str, http: aiohttp.ClientSession, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in KEYS:
        await asked(http, guarded, LISTS, by(name))

    said = "".join(capfd.readouterr())
    secrets = [*KEYS.values(), *map(api_keys.hashed, KEYS.values()), "demo-balena-token", "demo-memfault-token"]
    assert "upstream call" in said
    assert [secret for secret in secrets if secret in said] == []


async def test_a_token_in_a_file_is_renewed_without_a_restart(
    start: Start, mocks: MockPort, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("run-out")
    settings = {"MEMFAULT_URL": f"{mocks.url}/memfault", "MEMFAULT_TOKEN_FILE": str(file)}
    url = f"{start(settings)}/graphql"

    _, before = await asked(http, url, LISTS)
    file.write_text("demo-memfault-token\n")
    _, after = await asked(http, url, LISTS)

    assert codes(before) == ["UPSTREAM_REFUSED"]
    assert "errors" not in after
    assert after["data"]["fleets"]["nodes"]


async def test_a_token_that_cannot_be_checked_just_now_is_503(
    start: Start, mocks: MockPort, http: aiohttp.ClientSession
) -> None:
    jwt = {"ISSUER": "https://i.example/", "AUDIENCE": "releasegraph", "JWKS_URL": f"{mocks.url}/nothing-here"}
    settings = {f"RELEASEGRAPH_SECURITY_JWT_{name}": value for name, value in jwt.items()}
    url = f"{start(environment(mocks, **settings))}/graphql"
    token = f"{encoded(alg='RS256', kid='one')}.{encoded(sub='ada')}.c2lnbmVk"

    async with http.post(url, json={"query": NAMES}, headers={"Authorization": f"Bearer {token}"}) as reply:
        body = await reply.json()

    assert (reply.status, codes(body)) == (503, ["AUTHENTICATION_UNAVAILABLE"])
    assert int(reply.headers["Retry-After"]) > 0
    assert token not in str(body)


def encoded(**members: str) -> str:
    return urlsafe_b64encode(json.dumps(members).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("name", "asked_for", "status"),
    [
        (None, {"source": "balena"}, 401),
        ("reader", {"source": "balena"}, 403),
        ("writer", {"source": "memfault"}, 403),
        ("writer", {}, 403),
        ("writer", {"source": "balena"}, 200),
    ],
)
async def test_forgetting_needs_the_scope_write_of_its_source(
    guarded: str, http: aiohttp.ClientSession, name: str | None, asked_for: dict[str, str], status: int
) -> None:
    purge = guarded.replace("/graphql", "/_cache/purge")

    async with http.post(purge, json=asked_for, headers=by(name) if name else {}) as reply:
        pass

    assert reply.status == status


async def test_a_product_line_has_the_fleets_that_its_reader_may_see(
    mocks: MockPort, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    lines = """
[[product_lines]]
name = "Hub"
fleets = [{ source = "balena", slug = "acme/sensor-hub" }, { source = "memfault", id = "acme/sensor-hub" }]
[[product_lines]]
name = "Theirs"
fleets = [{ source = "memfault", id = "acme/gateway" }]
"""
    (tmp_path / "gateway.toml").write_text(lines)
    query = "{ productLines { name fleets { nodes { sourceName } sources { source { name } } } } }"

    with served(create_app(load(tmp_path / "gateway.toml", environment(mocks)))) as url:
        _, own = await asked(http, f"{url}/graphql", query, by("of-balena"))
        _, every = await asked(http, f"{url}/graphql", query, by("reader"))

    fleets = [{node["sourceName"] for node in line["fleets"]["nodes"]} for line in every["data"]["productLines"]]
    assert [line["name"] for line in own["data"]["productLines"]] == ["Hub"]
    assert "memfault" not in str(own)
    assert fleets == [{"balena", "memfault"}, {"memfault"}]
