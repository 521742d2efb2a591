"""What holds for every kind that has an adapter. A new one comes in with its line in the registry."""

from __future__ import annotations

import dataclasses
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest

from resolvers import keys
from resolvers.errors import (
    UpstreamBroken,
    UpstreamBusy,
    UpstreamError,
    UpstreamPayloadError,
    UpstreamRefused,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from resolvers.graph.enums import SourceKind
from resolvers.transport.observe import Call
from resolvers.transport.session import Transport
from resolvers.upstreams.port import ArtifactQuery, Chunk, Fact, Facts, FleetQuery, Found, ReleaseQuery, Upstream
from resolvers.upstreams.registry import ADAPTERS
from tests.conftest import MockPort
from tests.contract.conftest import CREDENTIALS, Open

READS: dict[str, Callable[[Upstream], AsyncIterator[Chunk[Any]]]] = {
    "releases": lambda upstream: upstream.releases(ReleaseQuery()),
    "fleets": lambda upstream: upstream.fleets(FleetQuery()),
    "artifacts": lambda upstream: upstream.artifacts(ArtifactQuery()),
}
LOOK_UPS: dict[str, Callable[[Upstream, list[str]], Awaitable[Found[Any]]]] = {
    "releases": lambda upstream, ids: upstream.releases_by_id(ids),
    "fleets": lambda upstream, ids: upstream.fleets_by_id(ids),
    "artifacts": lambda upstream, ids: upstream.artifacts_by_id(ids),
}
FACT_OF_RELEASE = {
    Fact.VERSION: "raw_version",
    Fact.REVISION: "revision",
    Fact.CLOSED: "is_closed",
    Fact.CREATED: "created_at",
}
FACT_OF_FLEET = {
    Fact.SLUG: "slug",
    Fact.ORGANIZATION: "organization",
    Fact.PUBLIC: "is_public",
    Fact.ARCHIVED: "is_archived",
}
NONSENSE = ["", "/", "a", "☃", "%zz", "-1", "1.5", "99999999999999999999", "//", "a/b/c/d/e/f", "image/", "x" * 3000]
UNKNOWN_PART = "2147483647"  # the largest number an upstream that numbers its rows could have given


def _facts(kind: SourceKind) -> Facts:
    facts: Facts = ADAPTERS[kind].facts  # type: ignore[attr-defined]  # every adapter is a class with it
    return facts


def _cases() -> list[Any]:
    """Each kind with each list it has."""
    named = [(kind, what) for kind in ADAPTERS for what in READS]
    kept = [(kind, what) for kind, what in named if what != "artifacts" or _facts(kind).artifact_kinds]
    return [pytest.param(kind, what, id=f"{kind.value.lower()} {what}") for kind, what in kept]


EVERY_KIND = pytest.mark.parametrize("kind", list(ADAPTERS), ids=lambda kind: kind.value.lower())
EVERY_LIST = pytest.mark.parametrize(("kind", "what"), _cases())
ARTIFACT_KINDS = [kind for kind in ADAPTERS if _facts(kind).artifact_kinds]
EVERY_KIND_WITH_ARTIFACTS = pytest.mark.parametrize("kind", ARTIFACT_KINDS, ids=lambda kind: kind.value.lower())
AT_ONCE = [
    pytest.param({"status": 401}, UpstreamRefused, id="our token is not known"),
    pytest.param({"status": 403}, UpstreamRefused, id="our token may not"),
    pytest.param({"status": 302}, UpstreamRejected, id="sent elsewhere: our token does not go along"),
    pytest.param({"status": 429, "retry_after": 7}, UpstreamBusy, id="asked too often"),
    pytest.param({"status": 503}, UpstreamBroken, id="maintenance"),
    pytest.param({"drop": True}, UpstreamUnreachable, id="hung up"),
    pytest.param({"cut_body": True}, UpstreamUnreachable, id="hung up in the middle"),
    pytest.param({"wrong_shape": True}, UpstreamPayloadError, id="another shape"),
]
TOO_SLOW = pytest.param({"delay_ms": 400}, UpstreamTimeout, id="too slow")
EVERY_FAULT = pytest.mark.parametrize(("fault", "error"), [*AT_ONCE, TOO_SLOW])
# A short limit would fail the healthy read before it whenever the machine is busy.
EVERY_FAULT_AT_ONCE = pytest.mark.parametrize(("fault", "error"), AT_ONCE)


class Outcome(NamedTuple):
    rows: list[Any]
    errors: list[UpstreamError]


async def read(stream: AsyncIterator[Chunk[Any]]) -> Outcome:
    """All rows and all that went wrong, whether it was raised or told in a chunk."""
    outcome = Outcome([], [])
    try:
        async for chunk in stream:
            outcome.rows.extend(chunk.rows)
            outcome.errors.extend(failure.error for failure in chunk.failures)
    except UpstreamError as error:
        outcome.errors.append(error)
    return outcome


async def look_up(asked: Awaitable[Found[Any]], ids: Iterable[str]) -> Mapping[str, Any]:
    """What was found by id; an error that was raised is the answer to every id."""
    try:
        return await asked
    except UpstreamError as error:
        return dict.fromkeys(ids, error)


def plain(row: Any) -> dict[str, Any]:
    """A row by its fields, what it builds when asked among them: closures themselves are never equal."""
    told = {field.name: getattr(row, field.name) for field in dataclasses.fields(row) if field.init}
    built = {name: value() for name, value in told.items() if callable(value)}
    # No order is promised of the releases an image serves.
    unordered = {name: frozenset(value) for name, value in told.items() if name == "release_native_ids"}
    return {**told, **built, **unordered}


def by_id(rows: Iterable[Any]) -> dict[str, dict[str, Any]]:
    return {row.native_id: plain(row) for row in rows}


def unknown(ids: Iterable[str]) -> list[str]:
    """Ids of the same form that nothing has."""
    return sorted({"/".join([*native_id.split("/")[:-1], UNKNOWN_PART]) for native_id in ids})


def slow(fault: Mapping[str, Any]) -> dict[str, Any]:
    """Settings that make a delay matter."""
    return {"timeout_s": 0.1} if "delay_ms" in fault else {}


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


# Lists


@EVERY_LIST
async def test_a_list_is_whole_and_each_row_has_an_id_of_its_own(kind: SourceKind, what: str, upstream: Open) -> None:
    adapter = upstream(kind)

    outcome = await read(READS[what](adapter))

    ids = [row.native_id for row in outcome.rows]
    assert outcome.errors == []
    assert ids
    assert len(set(ids)) == len(ids)
    assert {row.source_name for row in outcome.rows} == {kind.value.lower()}


@EVERY_LIST
async def test_a_global_id_reads_back(kind: SourceKind, what: str, upstream: Open) -> None:
    adapter = upstream(kind)

    rows = (await read(READS[what](adapter))).rows

    assert [keys.decode(row.id())[1:] for row in rows] == [row.route for row in rows]


@EVERY_KIND
async def test_releases_and_artifacts_stay_inside_the_facts(kind: SourceKind, upstream: Open) -> None:
    adapter, facts = upstream(kind), _facts(kind)

    releases = (await read(adapter.releases(ReleaseQuery()))).rows
    artifacts = (await read(adapter.artifacts(ArtifactQuery()))).rows

    assert facts.kind is kind
    assert {release.status for release in releases} <= facts.release_statuses
    assert {artifact.kind for artifact in artifacts} <= facts.artifact_kinds


@EVERY_KIND
async def test_what_a_kind_claims_to_know_is_told_and_nothing_else(kind: SourceKind, upstream: Open) -> None:
    adapter, facts = upstream(kind), _facts(kind)

    releases = (await read(adapter.releases(ReleaseQuery()))).rows
    fleets = (await read(adapter.fleets(FleetQuery()))).rows

    of_releases = {
        fact for fact, name in FACT_OF_RELEASE.items() if any(getattr(row, name) is not None for row in releases)
    }
    of_fleets = {fact for fact, name in FACT_OF_FLEET.items() if any(getattr(row, name) is not None for row in fleets)}
    assert of_releases == facts.release_facts & set(FACT_OF_RELEASE)
    assert of_fleets == facts.fleet_facts & set(FACT_OF_FLEET)


@EVERY_LIST
async def test_every_instant_is_aware_and_in_utc(kind: SourceKind, what: str, upstream: Open) -> None:
    adapter = upstream(kind)

    rows = (await read(READS[what](adapter))).rows

    instants = [value for row in rows for value in plain(row).values() if isinstance(value, datetime)]
    assert [at for at in instants if at.tzinfo is not UTC and at.utcoffset() != timedelta(0)] == []


@pytest.mark.parametrize("what", ["releases", "fleets"])
@EVERY_KIND
async def test_what_only_the_vendor_says_is_of_that_vendor(kind: SourceKind, what: str, upstream: Open) -> None:
    adapter = upstream(kind)

    rows = (await read(READS[what](adapter))).rows

    natives = [native for row in rows if (native := row.native_of()) is not None]
    assert {type(native).__module__ for native in natives} == {f"resolvers.graph.native.{kind.value.lower()}"}


@EVERY_KIND
async def test_the_fleet_of_every_release_is_there(kind: SourceKind, upstream: Open) -> None:
    adapter = upstream(kind)
    releases = (await read(adapter.releases(ReleaseQuery()))).rows
    fleet_ids = sorted({release.fleet_native_id for release in releases})

    found = await adapter.fleets_by_id(fleet_ids)

    assert sorted(found) == fleet_ids


# Queries narrow to save work, and never lose a row that matches


@pytest.mark.parametrize(
    "query_for",
    [
        pytest.param(lambda row: ReleaseQuery(fleet_ids=(row.fleet_native_id,)), id="fleet"),
        pytest.param(lambda row: ReleaseQuery(names=(row.name,)), id="name"),
        pytest.param(lambda row: ReleaseQuery(versions=row.raw_version and (row.raw_version,)), id="version"),
        pytest.param(lambda row: ReleaseQuery(revisions=row.revision and (row.revision,)), id="revision"),
        pytest.param(lambda row: ReleaseQuery(revisions=row.revision and (row.revision[:7],)), id="revision's begin"),
        pytest.param(lambda row: ReleaseQuery(statuses=(row.status,)), id="status"),
        pytest.param(lambda row: ReleaseQuery(is_closed=row.is_closed), id="closed"),
        pytest.param(lambda row: ReleaseQuery(created_after=row.created_at), id="made at or after"),
        pytest.param(
            lambda row: ReleaseQuery(created_before=row.created_at and row.created_at + timedelta(microseconds=1)),
            id="made before",
        ),
    ],
)
@EVERY_KIND
async def test_a_narrowed_list_keeps_the_releases_that_match(
    kind: SourceKind, query_for: Callable[[Any], ReleaseQuery], upstream: Open
) -> None:
    adapter = upstream(kind)
    rows = (await read(adapter.releases(ReleaseQuery()))).rows
    asked = rows[len(rows) // 2]

    narrowed = await read(adapter.releases(query_for(asked)))

    assert narrowed.errors == []
    assert by_id(narrowed.rows)[asked.native_id] == plain(asked)


@pytest.mark.parametrize(
    "query_for",
    [
        pytest.param(lambda row: FleetQuery(names=(row.name,)), id="name"),
        pytest.param(lambda row: FleetQuery(slugs=row.slug and (row.slug,)), id="slug"),
        pytest.param(
            lambda row: FleetQuery(organizations=row.organization and (row.organization.name,)), id="organization"
        ),
        pytest.param(
            lambda row: FleetQuery(organizations=row.organization and (row.organization.handle,)), id="handle"
        ),
    ],
)
@EVERY_KIND
async def test_a_narrowed_list_keeps_the_fleets_that_match(
    kind: SourceKind, query_for: Callable[[Any], FleetQuery], upstream: Open
) -> None:
    adapter = upstream(kind)
    asked = (await read(adapter.fleets(FleetQuery()))).rows[-1]

    narrowed = await read(adapter.fleets(query_for(asked)))

    assert by_id(narrowed.rows)[asked.native_id] == plain(asked)


# Look-ups


@EVERY_LIST
async def test_every_listed_id_finds_the_same_row_again(kind: SourceKind, what: str, upstream: Open) -> None:
    adapter = upstream(kind)
    listed = by_id((await read(READS[what](adapter))).rows)

    found = await LOOK_UPS[what](adapter, list(listed))

    assert {native_id: plain(row) for native_id, row in found.items()} == listed


@EVERY_LIST
async def test_an_id_asked_twice_is_found_once(kind: SourceKind, what: str, upstream: Open) -> None:
    adapter = upstream(kind)
    native_id = (await read(READS[what](adapter))).rows[0].native_id

    found = await LOOK_UPS[what](adapter, [native_id, native_id])

    assert list(found) == [native_id]


@EVERY_LIST
async def test_an_unknown_id_is_not_found_next_to_a_known_one(kind: SourceKind, what: str, upstream: Open) -> None:
    adapter = upstream(kind)
    ids = [row.native_id for row in (await read(READS[what](adapter))).rows]

    found = await LOOK_UPS[what](adapter, [*unknown(ids), ids[0]])

    assert list(found) == [ids[0]]


@pytest.mark.parametrize("what", list(LOOK_UPS))
@EVERY_KIND
async def test_what_cannot_be_an_id_is_not_found_and_not_asked_for(
    kind: SourceKind, what: str, upstream: Open, mocks: MockPort
) -> None:
    adapter = upstream(kind)
    await read(adapter.releases(ReleaseQuery()))  # logins and scopes are known from here on
    mocks.mocks.calls.clear()

    found = [await LOOK_UPS[what](adapter, NONSENSE), await LOOK_UPS[what](adapter, [])]

    assert found == [{}, {}]
    assert mocks.paths(kind.value.lower()) == []


@EVERY_KIND_WITH_ARTIFACTS
async def test_artifacts_come_for_each_release_that_exists(kind: SourceKind, upstream: Open) -> None:
    adapter = upstream(kind)
    ids = [row.native_id for row in (await read(adapter.releases(ReleaseQuery()))).rows]

    found: Mapping[str, Any] = await adapter.artifacts_by_release_id([*ids, *unknown(ids), *NONSENSE])

    strangers = [i for i, files in found.items() for file in files if i not in file.release_native_ids]
    # A release that is not there may map to [] too: builds alone do not show MetaKraftwerk's to be missing.
    assert set(ids) <= set(found)
    assert not any(found.get(i) for i in [*unknown(ids), *NONSENSE])
    assert strangers == []


@EVERY_KIND
async def test_the_artifacts_a_release_brings_along_are_those_asked_for(kind: SourceKind, upstream: Open) -> None:
    adapter = upstream(kind)
    releases = (await read(adapter.releases(ReleaseQuery()))).rows
    brought = {row.native_id: by_id(row.artifacts_of()) for row in releases if row.artifacts_of}

    found: Mapping[str, Any] = await adapter.artifacts_by_release_id(list(brought))

    assert {native_id: by_id(files) for native_id, files in found.items()} == brought


# Trouble


@EVERY_FAULT
@EVERY_LIST
async def test_trouble_with_a_list_is_told_and_leaves_no_rows(
    kind: SourceKind, what: str, fault: dict[str, Any], error: type[UpstreamError], upstream: Open, mocks: MockPort
) -> None:
    adapter = upstream(kind, **slow(fault))
    mocks.fail(source=kind.value.lower(), **fault)

    outcome = await read(READS[what](adapter))

    assert outcome.rows == []
    assert {type(each) for each in outcome.errors} == {error}


@EVERY_FAULT
@EVERY_LIST
async def test_trouble_with_a_look_up_is_never_the_same_as_not_found(
    kind: SourceKind, what: str, fault: dict[str, Any], error: type[UpstreamError], upstream: Open, mocks: MockPort
) -> None:
    ids = [row.native_id for row in (await read(READS[what](upstream(kind)))).rows][:3]
    adapter = upstream(kind, **slow(fault))
    mocks.fail(source=kind.value.lower(), **fault)

    found = await look_up(LOOK_UPS[what](adapter, ids), ids)

    assert {native_id: type(each) for native_id, each in found.items()} == dict.fromkeys(ids, error)


@EVERY_FAULT_AT_ONCE
@EVERY_LIST
async def test_trouble_after_the_scopes_are_known_is_told_too(
    kind: SourceKind, what: str, fault: dict[str, Any], error: type[UpstreamError], upstream: Open, mocks: MockPort
) -> None:
    adapter = upstream(kind)
    ids = [row.native_id for row in (await read(READS[what](adapter))).rows][:3]
    mocks.fail(source=kind.value.lower(), **fault)

    outcome = await read(READS[what](adapter))
    found = await look_up(LOOK_UPS[what](adapter, ids), ids)

    assert {type(each) for each in outcome.errors} == {error}
    assert {native_id: type(each) for native_id, each in found.items()} == dict.fromkeys(ids, error)


@EVERY_LIST
async def test_nobody_at_the_address_is_unreachable(
    kind: SourceKind, what: str, upstream: Open, closed_port: int
) -> None:
    adapter = upstream(kind, url=f"http://127.0.0.1:{closed_port}")

    outcome = await read(READS[what](adapter))

    assert outcome.rows == []
    assert {type(each) for each in outcome.errors} == {UpstreamUnreachable}


@EVERY_KIND
async def test_how_long_to_wait_is_passed_on(kind: SourceKind, upstream: Open, mocks: MockPort) -> None:
    adapter = upstream(kind)
    mocks.fail(source=kind.value.lower(), status=429, retry_after=7)

    outcome = await read(adapter.releases(ReleaseQuery()))

    assert {each.extensions["retryAfter"] for each in outcome.errors} == {7}


@EVERY_FAULT
@EVERY_KIND
async def test_no_message_tells_the_credential_and_each_names_its_source(
    kind: SourceKind, fault: dict[str, Any], error: type[UpstreamError], upstream: Open, mocks: MockPort
) -> None:
    adapter, name = upstream(kind, **slow(fault)), kind.value.lower()
    mocks.fail(source=name, **fault)

    outcome = await read(adapter.releases(ReleaseQuery()))

    told = "\n".join(f"{each} {each!r} {each.extensions}" for each in outcome.errors)
    assert {each.source for each in outcome.errors} == {name}
    assert all(str(each).startswith(f"{name}: ") for each in outcome.errors)
    assert CREDENTIALS[kind]["token"] not in told


@EVERY_KIND
async def test_an_adapter_recovers_with_its_upstream(kind: SourceKind, upstream: Open, mocks: MockPort) -> None:
    adapter = upstream(kind)
    mocks.fail(source=kind.value.lower(), status=503, times=1)
    first = await read(adapter.releases(ReleaseQuery()))

    second = await read(adapter.releases(ReleaseQuery()))

    assert {type(each) for each in first.errors} == {UpstreamBroken}
    assert second.errors == []
    assert second.rows


# What a session costs


@EVERY_KIND
async def test_a_session_is_opened_once(kind: SourceKind, upstream: Open, transport: Transport) -> None:
    calls: list[Call] = []
    transport.observe = calls.append
    adapter = upstream(kind)
    await read(adapter.releases(ReleaseQuery()))
    session = [call for call in calls if call.is_session]

    await read(adapter.releases(ReleaseQuery()))
    await read(adapter.fleets(FleetQuery()))
    await adapter.releases_by_id(["acme/gateway/1.2.0"])

    assert [call for call in calls if call.is_session] == session


@EVERY_KIND
async def test_a_configuration_does_not_show_its_token(kind: SourceKind, upstream: Open) -> None:
    adapter: Any = upstream(kind)

    shown = f"{adapter.config!r} {adapter.http!r}"

    assert CREDENTIALS[kind]["token"] not in shown
