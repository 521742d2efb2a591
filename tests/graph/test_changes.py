"""Changes: who may make them, and what a caller who may not, or asks for nonsense, is told."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from graphql import GraphQLObjectType

from gateway.app import create_app
from gateway.demo import WRITE_TOKEN, demo_settings
from gateway.execution.executor import core
from gateway.settings import Settings
from resolvers import keys
from resolvers.graph.enums import SourceOperation
from resolvers.schema import schema
from resolvers.upstreams import commands
from resolvers.upstreams.registry import ADAPTERS
from tests.conftest import MockPort, served
from tests.graph.conftest import Gateway

CREATE = """mutation Create($input: CreateFleetInput!) {
  createFleet(input: $input) { fleet { name slug } userErrors { code message path } } }"""
NEW_FLEET = {"source": "balena", "name": "harbour-light", "organization": "acme", "deviceType": "raspberrypi4-64"}


def snake(name: str) -> str:
    return "".join(f"_{letter}" if letter.isupper() else letter.upper() for letter in name)


def test_every_mutation_is_an_operation_and_the_other_way_round() -> None:
    mutation = core(schema).mutation_type
    assert isinstance(mutation, GraphQLObjectType)

    assert {snake(name) for name in mutation.fields} == {operation.name for operation in SourceOperation}
    assert {command.operation for command in commands.Command.__args__} == set(SourceOperation)


def test_metakraftwerk_has_no_operation_and_the_others_have_some() -> None:
    have = {kind.name: bool(adapter.facts.operations) for kind, adapter in ADAPTERS.items()}  # type: ignore[attr-defined]

    assert have == {"BALENA": True, "NERVESHUB": True, "MEMFAULT": True, "BUILDMASTER": True, "METAKRAFTWERK": False}


async def test_a_change_without_the_token_is_refused_and_nothing_is_sent(gateway: Gateway, mocks: MockPort) -> None:
    error = await gateway.error(CREATE, input=NEW_FLEET)

    assert error["extensions"] == {"code": "UNAUTHENTICATED"}
    assert "Authorization: Bearer" in error["message"]
    assert mocks.calls == []


async def test_a_wrong_token_is_refused_without_being_repeated(gateway_url: str, mocks: MockPort) -> None:
    async with aiohttp.ClientSession(headers={"Authorization": "Bearer hemlighet-4711-hemlighet"}) as session:
        error = await Gateway(gateway_url, session).error(CREATE, input=NEW_FLEET)

    assert error["extensions"] == {"code": "UNAUTHENTICATED"}
    assert "hemlighet" not in str(error)
    assert mocks.calls == []


async def test_without_a_configured_token_nobody_writes(mocks: MockPort) -> None:
    settings = demo_settings(mocks.url, 8000)

    with served(create_app(Settings(server=settings.server, sources=settings.sources))) as url:
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {WRITE_TOKEN}"}) as session:
            error = await Gateway(url, session).error(CREATE, input=NEW_FLEET)

    assert error["extensions"] == {"code": "WRITES_DISABLED"}
    assert mocks.calls == []


async def test_a_source_that_is_not_writable_is_left_alone(mocks: MockPort) -> None:
    settings = demo_settings(mocks.url, 8000)
    sources = {name: config.model_copy(update={"writable": False}) for name, config in settings.sources.items()}

    with served(create_app(settings.model_copy(update={"sources": sources}))) as url:
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {WRITE_TOKEN}"}) as session:
            error = await Gateway(url, session).error(CREATE, input=NEW_FLEET)

    assert error["extensions"] == {"code": "WRITES_DISABLED"}
    assert "[sources.balena]" in error["message"]


@pytest.mark.parametrize(
    "mutation",
    [
        "cancelRelease(input: {id: $release}) { userErrors { code } }",
        "restoreRelease(input: {id: $release}) { userErrors { code } }",
        'updateRelease(input: {id: $release, notes: "x"}) { userErrors { code } }',
        'deleteRelease(input: {id: $release, confirmVersion: "x"}) { userErrors { code } }',
        "deployRelease(input: {releaseId: $release}) { userErrors { code } }",
        'setTag(input: {id: $release, key: "a", value: "b"}) { userErrors { code } }',
        'removeTag(input: {id: $release, key: "a"}) { userErrors { code } }',
    ],
)
async def test_metakraftwerk_supports_no_change(writer: Gateway, mocks: MockPort, mutation: str) -> None:
    release = keys.encode("Release", "metakraftwerk", "21")

    error = await writer.error(f"mutation M($release: ID!) {{ {mutation} }}", release=release)

    assert error["extensions"] == {"code": "OPERATION_NOT_SUPPORTED"}
    assert mocks.calls == []


async def test_a_mutation_by_get_is_refused(writer: Gateway) -> None:
    async with writer.session.get(
        f"{writer.url}/graphql",
        params={"query": 'mutation { createFleet(input: {source: "balena", name: "x"}) { fleet { name } } }'},
        headers={"X-Requested-With": "test"},
    ) as reply:
        body: dict[str, Any] = await reply.json()

    assert (reply.status, reply.headers["Allow"]) == (405, "POST")
    assert "must be sent by POST" in body["errors"][0]["message"]


NOTES = """mutation N($id: ID!) {
  updateRelease(input: {id: $id, notes: "Harbour"}) { release { notes } userErrors { code } } }"""


async def some_release(gateway: Gateway, source: str) -> tuple[str, str]:
    """Id and version of a release that nothing runs."""
    query = """query R($f: ReleaseFilter) {
      releases(first: 50, filter: $f, orderBy: {field: CREATED_AT, direction: ASC}) {
        nodes { id version { raw } isDeployed } } }"""
    found = (await gateway.data(query, f={"sources": [source], "statuses": ["AVAILABLE"]}))["releases"]["nodes"]
    one = next(node for node in found if node["isDeployed"] is False)
    return one["id"], one["version"]["raw"]


async def test_a_change_that_a_proxy_answered_in_the_upstream_s_place_is_not_told_as_done(
    writer: Gateway, mocks: MockPort
) -> None:
    release, version = await some_release(writer, "balena")
    number = keys.decode(release).native_id
    delete = """mutation D($id: ID!, $version: String!) {
      deleteRelease(input: {id: $id, confirmVersion: $version}) { deletedId userErrors { code } } }"""
    mocks.fail(source="balena", path=f"*/release({number})", wrong_shape=True)

    deleted = await writer.post(delete, id=release, version=version)
    noted = await writer.post(NOTES, id=release)

    assert deleted["data"] == {"deleteRelease": None}
    assert noted["data"] == {"updateRelease": None}
    assert [reply["errors"][0]["extensions"]["code"] for reply in (deleted, noted)] == ["CHANGE_UNCONFIRMED"] * 2
    assert (await writer.data("query R($id: ID!) { release(id: $id) { name } }", id=release))["release"] is not None


@pytest.mark.parametrize("trouble", [{"status": 503}, {"drop": True}, {"cut_body": True}], ids=str)
async def test_a_change_whose_answer_was_lost_says_that_it_may_have_been_done(
    writer: Gateway, mocks: MockPort, trouble: dict[str, Any]
) -> None:
    release, _ = await some_release(writer, "balena")
    number = keys.decode(release).native_id
    mocks.mocks.calls.clear()
    mocks.fail(source="balena", path=f"*/release({number})", **trouble)

    error = await writer.error(NOTES, id=release)

    assert error["extensions"] == {"code": "CHANGE_UNCONFIRMED", "source": "balena"}
    assert "may have been done, look before you repeat it" in error["message"]
    assert [call["method"] for call in mocks.calls].count("PATCH") == 1


async def test_a_change_that_was_done_and_cannot_be_read_says_so(writer: Gateway, mocks: MockPort) -> None:
    fleet = keys.encode("Fleet", "memfault", "acme/gateway")
    create = """mutation C($id: ID!) { createRelease(input: {fleetId: $id, version: "9.9.9"}) {
      release { name } userErrors { code } } }"""
    mocks.fail(source="memfault", path="*/gateway/releases?*", status=503)

    error = await writer.error(create, id=fleet)

    assert error["extensions"] == {"code": "CHANGE_UNCONFIRMED", "source": "memfault"}
    assert ("POST", "/memfault/api/v0/organizations/acme/projects/gateway/releases") in {
        (call["method"], call["path"]) for call in mocks.calls
    }


async def test_a_change_that_was_never_sent_fails_as_what_it_is(writer: Gateway, mocks: MockPort) -> None:
    release, _ = await some_release(writer, "balena")
    mocks.fail(source="balena", path="*/v7/*", status=503)

    error = await writer.error(NOTES, id=release)

    assert error["extensions"] == {"code": "UPSTREAM_BROKEN", "source": "balena"}


async def test_a_name_of_dots_is_never_asked_for_by_path(writer: Gateway, mocks: MockPort) -> None:
    fleet = keys.encode("Fleet", "memfault", "umbra/dock")
    made = await writer.data(
        'mutation C($id: ID!) { createRelease(input: {fleetId: $id, version: ".."}) { release { id } } }', id=fleet
    )
    mocks.mocks.calls.clear()

    error = await writer.error(
        'mutation D($id: ID!) { deleteRelease(input: {id: $id, confirmVersion: ".."}) { deletedId } }',
        id=made["createRelease"]["release"]["id"],
    )

    assert error["extensions"]["code"] == "UPSTREAM_REJECTED"
    assert [call for call in mocks.calls if call["method"] == "DELETE"] == []
