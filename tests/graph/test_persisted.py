"""Operations that are named instead of sent, and those that alone may run: over HTTP, by Apollo's protocol."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.conftest import MockPort
from tests.graph.conftest import Gateway, Start

KNOWN = "query Known { sources(first: 1) { nodes { name } } }"
OTHER = "query Other { sources(first: 2) { nodes { name } } }"
NOT_FOUND = {"message": "PersistedQueryNotFound", "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"}}

Body = dict[str, Any]


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def hashed(text: str) -> Body:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest(text)}}}


async def asked(
    http: aiohttp.ClientSession, url: str, body: Body, accept: str = "application/json"
) -> tuple[int, Body]:
    async with http.post(url, json=body, headers={"Accept": accept}) as reply:
        answer: Body = await reply.json(content_type=None)
        return reply.status, answer


def codes(answer: Body) -> list[str]:
    return [error["extensions"]["code"] for error in answer.get("errors", ())]


@pytest.fixture
def apollo(tmp_path: Path) -> Path:
    operation = {"id": digest(KNOWN), "name": "Known", "type": "query", "body": KNOWN}
    path = tmp_path / "apollo.json"
    path.write_text(json.dumps({"format": "apollo-persisted-query-manifest", "version": 1, "operations": [operation]}))
    return path


def environment(mocks: MockPort, **more: str) -> dict[str, str]:
    known = {"BALENA_URL": f"{mocks.url}/balena", "BALENA_TOKEN": "demo-balena-token"}
    return {**known, **{f"RELEASEGRAPH_SECURITY_{name.upper()}": value for name, value in more.items()}}


@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json"])
async def test_a_hash_is_not_found_then_left_here_then_found(
    start: Start, mocks: MockPort, http: aiohttp.ClientSession, accept: str
) -> None:
    url = f"{start(environment(mocks))}/graphql"

    first = await asked(http, url, hashed(KNOWN), accept)
    left = await asked(http, url, {**hashed(KNOWN), "query": KNOWN}, accept)
    again = await asked(http, url, hashed(KNOWN), accept)

    assert first == (200, {"errors": [NOT_FOUND]})
    data = {"sources": {"nodes": [{"name": "balena"}]}}
    assert left == again == (200, {"data": data, "extensions": {"sources": {}}})


async def test_a_hash_that_is_not_found_must_not_be_cached(gateway: Gateway) -> None:
    async with gateway.session.post(f"{gateway.url}/graphql", json=hashed(OTHER)) as reply:
        pass

    assert reply.headers["Cache-Control"] == "private, no-cache, must-revalidate"


async def test_a_get_may_send_the_hash_alone(gateway: Gateway) -> None:
    await asked(gateway.session, f"{gateway.url}/graphql", {**hashed(KNOWN), "query": KNOWN})
    params = {"extensions": json.dumps(hashed(KNOWN)["extensions"])}
    headers = {"x-apollo-operation-name": "Known"}

    async with gateway.session.get(f"{gateway.url}/graphql", params=params, headers=headers) as reply:
        body = await reply.json()

    assert body["data"]["sources"]["nodes"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({**hashed(OTHER), "query": KNOWN}, "provided sha does not match query"),
        ({"extensions": {"persistedQuery": {"version": 2, "sha256Hash": "0" * 64}}}, "should have the version 1"),
        ({"extensions": {"persistedQuery": 1}}, "should have the version 1"),
        ({"extensions": []}, "extensions must be a JSON object or null"),
        ({"documentId": 1}, "documentId must be a string or null"),
        ({}, "query is missing"),
    ],
)
async def test_a_name_that_is_none_is_refused(gateway: Gateway, body: Body, said: str) -> None:
    status, answer = await asked(gateway.session, f"{gateway.url}/graphql", body)

    assert (status, codes(answer)) == (400, ["BAD_REQUEST"])
    assert said in answer["errors"][0]["message"]


async def test_an_operation_that_cannot_run_is_not_kept(gateway: Gateway) -> None:
    wrong = "query Wrong { nothing }"
    url = f"{gateway.url}/graphql"

    refused = await asked(gateway.session, url, {**hashed(wrong), "query": wrong})
    after = await asked(gateway.session, url, hashed(wrong))

    assert codes(refused[1]) == ["GRAPHQL_VALIDATION_FAILED"]
    assert after[1] == {"errors": [NOT_FOUND]}


async def test_the_oldest_is_forgotten_when_there_is_no_more_room(
    start: Start, mocks: MockPort, http: aiohttp.ClientSession
) -> None:
    url = f"{start(environment(mocks, persisted_queries='1'))}/graphql"
    for text in (KNOWN, OTHER):
        await asked(http, url, {**hashed(text), "query": text})

    answers = [(await asked(http, url, hashed(text)))[1] for text in (KNOWN, OTHER)]

    assert [codes(answer) for answer in answers] == [["PERSISTED_QUERY_NOT_FOUND"], []]


async def test_who_keeps_none_says_so(start: Start, mocks: MockPort, http: aiohttp.ClientSession) -> None:
    url = f"{start(environment(mocks, persisted_queries='0'))}/graphql"

    status, answer = await asked(http, url, hashed(KNOWN))
    _, with_text = await asked(http, url, {**hashed(KNOWN), "query": KNOWN})

    assert (status, codes(answer)) == (200, ["PERSISTED_QUERY_NOT_SUPPORTED"])
    assert "errors" not in with_text


async def test_at_first_what_is_not_trusted_runs_and_is_told_in_the_log(
    start: Start, mocks: MockPort, http: aiohttp.ClientSession, apollo: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    url = f"{start(environment(mocks, trusted_documents=str(apollo)))}/graphql"

    answers = [(await asked(http, url, {"query": text}))[1] for text in (KNOWN, OTHER, OTHER)]

    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines() if "not trusted" in line]
    assert [codes(answer) for answer in answers] == [[], [], []]
    assert [(line["sha256"], line["refused"], line["count"]) for line in lines] == [
        (digest(OTHER), False, 1),
        (digest(OTHER), False, 2),
    ]


async def test_in_force_only_what_is_trusted_runs(
    start: Start, mocks: MockPort, http: aiohttp.ClientSession, apollo: Path
) -> None:
    settings = environment(mocks, trusted_documents=str(apollo), trusted_documents_mode="enforce")
    url = f"{start(settings)}/graphql"
    bodies = [
        {"query": KNOWN},
        hashed(KNOWN),
        {"documentId": digest(KNOWN)},
        {"documentId": f"sha256:{digest(KNOWN)}"},
        {"query": OTHER},
        {**hashed(OTHER), "query": OTHER},
        hashed(OTHER),
        {"documentId": "nobodys"},
        {"query": "{ __schema { queryType { name } } }"},
    ]

    answers = [await asked(http, url, body) for body in bodies]

    assert [codes(answer) for _, answer in answers] == [
        [],
        [],
        [],
        [],
        ["DOCUMENT_NOT_TRUSTED"],
        ["DOCUMENT_NOT_TRUSTED"],
        ["PERSISTED_QUERY_NOT_FOUND"],
        ["PERSISTED_QUERY_NOT_FOUND"],
        ["DOCUMENT_NOT_TRUSTED"],
    ]
    assert "data" not in answers[4][1]
    assert (await asked(http, url, {"query": OTHER}, "application/graphql-response+json"))[0] == 400


async def test_relays_manifest_is_taken_with_ids_of_its_own(
    start: Start, mocks: MockPort, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    (tmp_path / "relay.json").write_text(json.dumps({"0123456789abcdef": KNOWN}))
    settings = environment(mocks, trusted_documents=str(tmp_path / "relay.json"), trusted_documents_mode="enforce")
    url = f"{start(settings)}/graphql"

    answers = [await asked(http, url, body) for body in ({"documentId": "0123456789abcdef"}, hashed(KNOWN))]

    assert [codes(answer) for _, answer in answers] == [[], []]
