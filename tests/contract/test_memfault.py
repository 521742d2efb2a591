"""Memfault's own ways: releases bring their artifacts, lists have numbered pages, scopes are projects."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from resolvers.errors import (
    UpstreamBroken,
    UpstreamBusy,
    UpstreamError,
    UpstreamPayloadError,
    UpstreamRefused,
    UpstreamRejected,
)
from resolvers.graph.artifact import Digest
from resolvers.graph.enums import ArtifactKind, ReleaseStatus, SourceKind
from resolvers.graph.native.memfault import MemfaultProject, MemfaultRelease
from resolvers.graph.release import Release
from resolvers.upstreams import payload
from resolvers.upstreams.memfault import normalise
from resolvers.upstreams.memfault.catalogue import KEYS_PER_CALL
from resolvers.upstreams.memfault.normalise import Project
from resolvers.upstreams.memfault.rows import ListEnvelope, OrganizationRow, ProjectRow, ReleaseRow
from resolvers.upstreams.port import ArtifactQuery, Chunk, FleetQuery, ReleaseQuery
from tests.conftest import MockPort, served
from tests.contract.conftest import Open
from upstream_mocks.memfault import auth
from upstream_mocks.memfault.model import Release as HeldRelease
from upstream_mocks.memfault.rows import cloud
from upstream_mocks.server import create_mocks

KIND = SourceKind.MEMFAULT
SINK = Project("acme", "smart-sink")
PROJECTS = ["acme/smart-sink", "acme/gateway", "acme/sensor-hub", "umbra/dock"]
ORGANIZATIONS = "/api/v0/organizations"

# The reply printed on the vendor's Releases page, without the comma it leaves before a closing brace.
SEED = b"""
{
"data": {
"id": 2,
"created_date": "2019-01-19T05:01:13.000000+00:00",
"updated_date": "2019-01-19T05:01:13.000000+00:00",
"version": "1.2.3",
"min_version": "1.0.0",
"revision": "11d95ef20f7a048ce1da1a6891dd3e2f92c89d85",
"notes": "<h1>Release Notes</h1><ul><li>Fix bug #1234</li><li>New Feature XYX</li></ul>",
"extra_info": {
"anything": "you_want",
"ci_system": "Jenkins",
"build_system": "GNU Make",
"build_time_s": 384
},
"count_devices": 47
}
}
"""

# A release of a list with all a server of today may say; its artifacts are the fullest one and the barest one.
FULL = b"""
{"data":[{"id":412,"created_date":"2026-03-02T09:15:00.123456+00:00","updated_date":"2026-03-02T09:20:41.000321+00:00",
 "version":"2.4.0+b1","min_version":"2.0.0","revision":"9f1c0d2e7ab34c5d6e7f8091a2b3c4d5e6f70812","notes":"Battery",
 "extra_info":{"ci":"gh-4411"},"count_devices":118,"must_pass_through":true,"is_delta":false,"artifacts":[
 {"id":901,"created_date":"2026-03-02T09:18:02.500000+00:00","updated_date":"2026-03-02T09:18:02.900000+00:00",
  "type":"firmware","hardware_version":"mp","build_id":"b-77","filename":"sink-2.4.0-mp.bin","file_size":524288,
  "url":"https://files.example.test/901?sig=abc","md5":"0CC175B9C0F1B6A831C399E269772661",
  "sha1":"86f7e437faa5a7fce15d1ddcb9eaeaea377667b8",
  "sha256":"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb","extra_info":null},
 {"id":902,"type":"symbols","hardware_version":"mp","build_id":"","filename":"",
  "md5":"92eb5ffee6ae2fec3ad71c777531578f"}]}],
 "paging":{"item_count":1,"page":1,"page_count":1,"per_page":1,"total_count":1}}
"""


class Outcome(NamedTuple):
    rows: list[Any]
    errors: list[UpstreamError]
    fleet_ids: list[str | None]  # which fleet each error is of


async def read(stream: AsyncIterator[Chunk[Any]]) -> Outcome:
    outcome = Outcome([], [], [])
    async for chunk in stream:
        outcome.rows.extend(chunk.rows)
        outcome.errors.extend(failure.error for failure in chunk.failures)
        outcome.fleet_ids.extend(failure.fleet_id for failure in chunk.failures)
    return outcome


def seed() -> Release:
    envelope = payload.decode("memfault", "GET release", SEED, ListEnvelope)
    return normalise.release("memfault", SINK, payload.decode("memfault", "GET release", envelope.data, ReleaseRow))


def full() -> Release:
    envelope = payload.decode("memfault", "GET releases", FULL, ListEnvelope)
    rows = payload.decode_rows("memfault", "GET releases", envelope.data, ReleaseRow, "$.data").rows
    return normalise.release("memfault", SINK, rows[0])


def brought(release: Release) -> list[Any]:
    """The artifacts that came with it."""
    assert release.artifacts_of is not None
    return list(release.artifacts_of())


def ids(rows: list[Any]) -> list[str]:
    return sorted(row.native_id for row in rows)


def held(mocks: MockPort) -> dict[str, HeldRelease]:
    """Every release as the mock's world has it, by native id."""
    return {
        f"{organization.slug}/{slug}/{version}".replace("+", "%2B"): release
        for organization in cloud(mocks.mocks.world).organizations.values()
        for slug, project in organization.projects.items()
        for version, release in project.releases.items()
    }


def listing(*rows: Any) -> dict[str, Any]:
    return {"data": list(rows), "paging": {"page_count": 1}}


@contextmanager
def answering(replies: Mapping[str, Any]) -> Iterator[str]:
    """A real server that knows these paths below the organizations, and nothing else."""

    async def answer(request: Request) -> Response:
        reply = replies.get(request.url.path.removeprefix(ORGANIZATIONS))
        return Response(status_code=404) if reply is None else JSONResponse(reply)

    with served(Starlette(routes=[Route("/{path:path}", answer)])) as url:
        yield url


def one_project(*releases: Any) -> dict[str, Any]:
    return {
        "": listing({"id": 1, "slug": "acme", "name": "Acme"}),
        "/acme/projects": listing({"id": 1, "slug": "sink", "name": "Sink"}),
        "/acme/projects/sink/releases": listing(*releases),
    }


@pytest.fixture(scope="module")
def large_server() -> Iterator[MockPort]:
    mocks = create_mocks(scale=10)
    with served(mocks) as url:
        yield MockPort(url, mocks)


@pytest.fixture
def large(large_server: MockPort) -> Iterator[MockPort]:
    """Mocks whose projects hold more releases than a page."""
    large_server.mocks.calls.clear()
    yield large_server
    large_server.mocks.faults.clear()


# The reply on the vendor's page, field by field


def test_the_printed_release_is_named_by_its_version() -> None:
    release = seed()

    assert release.native_id == "acme/smart-sink/1.2.3"
    assert (release.name, release.raw_version) == ("1.2.3", "1.2.3")
    assert release.fleet_native_id == "acme/smart-sink"


def test_the_printed_id_is_in_native() -> None:
    native = seed().native_of()

    assert isinstance(native, MemfaultRelease)
    assert native.release_id == 2


def test_the_printed_dates_are_instants() -> None:
    release = seed()

    assert release.created_at == datetime(2019, 1, 19, 5, 1, 13, tzinfo=UTC)
    assert release.updated_at == datetime(2019, 1, 19, 5, 1, 13, tzinfo=UTC)


def test_the_printed_min_version_is_the_minimum_version() -> None:
    release = seed()

    assert release.raw_minimum_version == "1.0.0"


def test_the_printed_revision_is_the_revision() -> None:
    assert seed().revision == "11d95ef20f7a048ce1da1a6891dd3e2f92c89d85"


def test_the_printed_notes_are_kept_as_they_are() -> None:
    assert seed().notes == "<h1>Release Notes</h1><ul><li>Fix bug #1234</li><li>New Feature XYX</li></ul>"


def test_the_printed_device_count_is_the_device_count() -> None:
    assert seed().known_device_count == 47


def test_the_printed_release_says_the_rest_in_native() -> None:
    extra_info = {"anything": "you_want", "ci_system": "Jenkins", "build_system": "GNU Make", "build_time_s": 384}

    native = seed().native_of()

    assert native == MemfaultRelease(
        release_id=2,
        min_version="1.0.0",
        extra_info=extra_info,
        count_devices=47,
        must_pass_through=None,
        is_delta=None,
    )


def test_the_printed_release_is_available_and_has_no_artifacts() -> None:
    release = seed()

    assert release.status is ReleaseStatus.AVAILABLE
    assert brought(release) == []


# Rows


def test_a_full_release_is_carried_over_whole() -> None:
    release = full()

    assert (
        release.native_id,
        release.name,
        release.raw_version,
        release.raw_minimum_version,
        release.status,
        release.native_status,
        release.revision,
        release.notes,
        release.created_at,
        release.updated_at,
        release.known_device_count,
        release.fleet_native_id,
    ) == (
        "acme/smart-sink/2.4.0%2Bb1",
        "2.4.0+b1",
        "2.4.0+b1",
        "2.0.0",
        ReleaseStatus.AVAILABLE,
        None,
        "9f1c0d2e7ab34c5d6e7f8091a2b3c4d5e6f70812",
        "Battery",
        datetime(2026, 3, 2, 9, 15, 0, 123456, tzinfo=UTC),
        datetime(2026, 3, 2, 9, 20, 41, 321, tzinfo=UTC),
        118,
        "acme/smart-sink",
    )
    assert release.native_of() == MemfaultRelease(
        release_id=412,
        min_version="2.0.0",
        extra_info={"ci": "gh-4411"},
        count_devices=118,
        must_pass_through=True,
        is_delta=False,
    )


def test_a_full_artifact_is_carried_over_whole() -> None:
    artifact = brought(full())[0]

    assert (
        artifact.native_id,
        artifact.name,
        artifact.filename,
        artifact.kind,
        artifact.target,
        artifact.size_bytes,
        artifact.build_identifier,
        artifact.created_at,
        artifact.release_native_ids,
    ) == (
        "acme/smart-sink/2.4.0%2Bb1/901",
        "sink-2.4.0-mp.bin",
        "sink-2.4.0-mp.bin",
        ArtifactKind.FIRMWARE,
        "mp",
        524288,
        "b-77",
        datetime(2026, 3, 2, 9, 18, 2, 500000, tzinfo=UTC),
        ("acme/smart-sink/2.4.0%2Bb1",),
    )


def test_checksums_come_strongest_first_and_in_lower_case() -> None:
    artifact = brought(full())[0]

    assert artifact.digests == [
        Digest(algorithm="sha256", value="ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
        Digest(algorithm="sha1", value="86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"),
        Digest(algorithm="md5", value="0cc175b9c0f1b6a831c399e269772661"),
    ]


def test_a_bare_artifact_is_named_by_its_type_and_has_what_older_servers_tell() -> None:
    artifact = brought(full())[1]

    assert (artifact.name, artifact.filename, artifact.kind) == ("symbols mp", None, ArtifactKind.SYMBOLS)
    assert (artifact.size_bytes, artifact.build_identifier, artifact.created_at) == (None, None, None)
    assert artifact.digests == [Digest(algorithm="md5", value="92eb5ffee6ae2fec3ad71c777531578f")]


def test_texts_that_are_empty_are_unset() -> None:
    body = (
        b'{"id":1,"version":"1.0.0","created_date":"2026-03-02T09:15:00+00:00",'
        b'"min_version":"","revision":"","notes":""}'
    )

    release = normalise.release("memfault", SINK, payload.decode("memfault", "GET release", body, ReleaseRow))

    assert (release.raw_minimum_version, release.revision, release.notes) == (None, None, None)


def test_texts_and_lists_that_are_null_are_unset_too() -> None:
    body = (
        b'{"id":1,"version":"1.0.0","created_date":"2026-03-02T09:15:00+00:00","updated_date":null,'
        b'"min_version":null,"revision":null,"notes":null,"count_devices":null,"artifacts":null}'
    )

    release = normalise.release("memfault", SINK, payload.decode("memfault", "GET release", body, ReleaseRow))

    assert (release.raw_minimum_version, release.revision, release.notes) == (None, None, None)
    assert (release.updated_at, release.known_device_count, brought(release)) == (None, None, [])


@pytest.mark.parametrize(
    "printed",
    [
        pytest.param("2026-03-02T09:15:00.123456+00:00", id="as documented"),
        pytest.param("2026-03-02T09:15:00.123456Z", id="with Z"),
        pytest.param("2026-03-02T11:15:00.123456+02:00", id="of another zone"),
        pytest.param("2026-03-02T09:15:00.123456", id="of no zone"),
    ],
)
def test_instants_are_utc_however_they_are_printed(printed: str) -> None:
    body = f'{{"id":1,"version":"1.0.0","created_date":"{printed}"}}'.encode()

    release = normalise.release("memfault", SINK, payload.decode("memfault", "GET release", body, ReleaseRow))

    assert release.created_at == datetime(2026, 3, 2, 9, 15, 0, 123456, tzinfo=UTC)
    assert release.created_at.tzinfo is UTC


def test_a_project_is_a_fleet() -> None:
    organization = OrganizationRow(slug="acme", name="Acme Inc.")
    at = datetime(2025, 11, 1, 10, tzinfo=UTC)
    row = ProjectRow(id=11, slug="smart-sink", name="Smart Sink", created_date=at, platform="mcu", os="")

    fleet = normalise.fleet("memfault", organization, row)

    assert (fleet.native_id, fleet.name, fleet.slug, fleet.created_at) == (
        "acme/smart-sink",
        "Smart Sink",
        "acme/smart-sink",
        at,
    )
    assert fleet.organization is not None
    assert (fleet.organization.name, fleet.organization.handle) == ("Acme Inc.", "acme")
    assert fleet.native_of() == MemfaultProject(project_id=11, platform="mcu", os=None)


# Whole lists


async def test_every_release_of_every_project_is_there_with_its_own_fields(upstream: Open, mocks: MockPort) -> None:
    outcome = await read(upstream(KIND).releases(ReleaseQuery()))

    told = {
        row.native_id: (row.native_of().release_id, row.revision, row.notes, row.raw_minimum_version, row.created_at)
        for row in outcome.rows
    }
    assert told == {
        native_id: (row.id, row.revision or None, row.notes or None, row.min_version or None, row.created_date)
        for native_id, row in held(mocks).items()
    }


async def test_every_artifact_of_every_release_is_there_with_its_own_fields(upstream: Open, mocks: MockPort) -> None:
    outcome = await read(upstream(KIND).artifacts(ArtifactQuery()))

    told = {row.native_id: (row.filename, row.target, row.digests[-1].value, row.size_bytes) for row in outcome.rows}
    assert told == {
        f"{native_id}/{file.id}": (file.filename, file.hardware_version, file.md5, file.newer.get("file_size"))
        for native_id, release in held(mocks).items()
        for file in release.artifacts
    }


async def test_every_project_is_a_fleet(upstream: Open) -> None:
    outcome = await read(upstream(KIND).fleets(FleetQuery()))

    assert ids(outcome.rows) == sorted(PROJECTS)


async def test_a_server_that_leaves_artifacts_out_has_releases_without_any(upstream: Open, mocks: MockPort) -> None:
    mocks.mocks.switches["memfault"]["release_artifacts"] = False

    outcome = await read(upstream(KIND).releases(ReleaseQuery()))

    assert [brought(row) for row in outcome.rows] == [[] for _ in held(mocks)]


async def test_a_server_that_tells_the_newer_flags_is_read_whole(upstream: Open, mocks: MockPort) -> None:
    mocks.mocks.switches["memfault"]["release_flags"] = True

    outcome = await read(upstream(KIND).releases(ReleaseQuery()))

    told = {row.native_id: row.native_of().must_pass_through for row in outcome.rows}
    assert told == {native_id: row.must_pass_through for native_id, row in held(mocks).items()}


async def test_a_project_of_many_pages_is_read_to_its_end(large: MockPort, upstream: Open) -> None:
    adapter = upstream(KIND, url=f"{large.url}/memfault", projects=("acme/gateway",))

    outcome = await read(adapter.releases(ReleaseQuery()))

    (gateway,) = (each for each in large.mocks.world.presences("memfault") if each.product.slug == "gateway")
    assert len(gateway.cuts) > 100
    assert sorted(row.name for row in outcome.rows) == sorted(cut.version for cut in gateway.cuts)


# Calls


async def test_releases_cost_a_call_for_each_project(upstream: Open, mocks: MockPort) -> None:
    await read(upstream(KIND).releases(ReleaseQuery()))

    paths = mocks.paths("memfault")
    assert len([path for path in paths if "/releases?" in path]) == 4
    assert len(paths) == 4 + 3  # the session: the list of organizations, and the projects of both


async def test_fleets_cost_a_call_for_each_organization(upstream: Open, mocks: MockPort) -> None:
    await read(upstream(KIND).fleets(FleetQuery()))

    assert len(mocks.paths("memfault")) == 1 + 2


async def test_releases_of_one_fleet_ask_that_project_alone(upstream: Open, mocks: MockPort) -> None:
    outcome = await read(upstream(KIND).releases(ReleaseQuery(fleet_ids=("umbra/dock", "umbra/gone"))))

    asked = [path for path in mocks.paths("memfault") if "/releases?" in path]
    assert {row.fleet_native_id for row in outcome.rows} == {"umbra/dock"}
    assert asked == [
        "/memfault/api/v0/organizations/umbra/projects/dock/releases?sort=created_date&page=1&per_page=100"
    ]


async def test_a_look_up_of_every_release_costs_a_call_for_each_project(upstream: Open, mocks: MockPort) -> None:
    adapter = upstream(KIND)
    listed = ids((await read(adapter.releases(ReleaseQuery()))).rows)
    mocks.mocks.calls.clear()

    found = await adapter.artifacts_by_release_id(listed)

    assert sorted(found) == listed
    assert len(mocks.paths("memfault")) == 4


async def test_artifacts_of_one_release_are_looked_up_in_one_call(upstream: Open, mocks: MockPort) -> None:
    adapter = upstream(KIND)
    files = [row.native_id for row in (await read(adapter.artifacts(ArtifactQuery()))).rows]
    same = [native_id for native_id in files if native_id.startswith("acme/smart-sink/1.0.1/")]
    mocks.mocks.calls.clear()

    found = await adapter.artifacts_by_id(same)

    assert len(same) > 1
    assert sorted(found) == sorted(same)
    assert len(mocks.paths("memfault")) == 1


async def test_versions_are_asked_in_groups_an_address_can_carry(large: MockPort, upstream: Open) -> None:
    adapter = upstream(KIND, url=f"{large.url}/memfault", projects=("acme/gateway",))
    listed = ids((await read(adapter.releases(ReleaseQuery()))).rows)

    found = await adapter.releases_by_id(listed)

    assert sorted(found) == listed
    assert len(listed) > 2 * KEYS_PER_CALL


async def test_one_version_more_than_a_group_costs_a_second_call(upstream: Open, mocks: MockPort) -> None:
    adapter = upstream(KIND)
    unknown = [f"acme/gateway/9.9.{number}" for number in range(KEYS_PER_CALL)]

    found = await adapter.releases_by_id([*unknown, "acme/gateway/1.1.0"])

    assert list(found) == ["acme/gateway/1.1.0"]
    assert len([path for path in mocks.paths("memfault") if "/releases?" in path]) == 2


async def test_a_version_travels_encoded(upstream: Open, mocks: MockPort) -> None:
    found = await upstream(KIND).releases_by_id(["acme/sensor-hub/1.5.5%2Bbuild.5"])

    assert list(found) == ["acme/sensor-hub/1.5.5%2Bbuild.5"]
    assert "version=1.5.5%2Bbuild.5&" in mocks.paths("memfault")[-1]


# What is narrowed by Memfault itself


@pytest.mark.parametrize(
    ("query", "sent"),
    [
        pytest.param(ReleaseQuery(versions=("1.1.0", "1.2.0")), "version=1.1.0&version=1.2.0", id="versions"),
        pytest.param(ReleaseQuery(revisions=("ab" * 20,)), f"revision={'ab' * 20}", id="whole commits"),
    ],
)
async def test_whole_texts_are_left_to_memfault(
    query: ReleaseQuery, sent: str, upstream: Open, mocks: MockPort
) -> None:
    await read(upstream(KIND).releases(query))

    asked = [path for path in mocks.paths("memfault") if "/releases?" in path]
    assert [sent in path for path in asked] == [True] * 4


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(ReleaseQuery(revisions=("abababa",)), id="the begin of a commit"),
        pytest.param(ReleaseQuery(revisions=("ab" * 20, "abababa")), id="one of them the begin of a commit"),
        pytest.param(ReleaseQuery(versions=tuple(map(str, range(60)))), id="more than an address carries"),
    ],
)
async def test_what_memfault_would_narrow_wrongly_is_read_whole(
    query: ReleaseQuery, upstream: Open, mocks: MockPort
) -> None:
    outcome = await read(upstream(KIND).releases(query))

    assert ids(outcome.rows) == sorted(held(mocks))


# Scope


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        pytest.param({"organizations": ("umbra",)}, ["umbra/dock"], id="an organization"),
        pytest.param({"projects": ("gateway", "dock")}, ["acme/gateway", "umbra/dock"], id="projects by slug"),
        pytest.param({"projects": ("acme/gateway", "umbra/gateway")}, ["acme/gateway"], id="with organization"),
        pytest.param({"organizations": ("acme",), "projects": ("dock",)}, [], id="both must hold"),
    ],
)
async def test_lists_are_cut_to_the_scope(settings: dict[str, Any], expected: list[str], upstream: Open) -> None:
    adapter = upstream(KIND, **settings)

    fleets = await read(adapter.fleets(FleetQuery()))
    releases = await read(adapter.releases(ReleaseQuery()))

    assert ids(fleets.rows) == expected
    assert sorted({row.fleet_native_id for row in releases.rows}) == expected


async def test_what_is_outside_the_scope_is_not_found_and_not_asked_for(upstream: Open, mocks: MockPort) -> None:
    adapter = upstream(KIND, organizations=("umbra",))

    releases = await adapter.releases_by_id(["acme/gateway/1.1.0"])
    fleets = await adapter.fleets_by_id(["acme/gateway"])
    artifacts = await adapter.artifacts_by_release_id(["acme/gateway/1.1.0"])

    assert (releases, fleets, artifacts) == ({}, {}, {})
    assert mocks.paths("memfault") == []


async def test_a_token_of_one_organization_has_that_one(upstream: Open) -> None:
    outcome = await read(upstream(KIND, token="demo-memfault-acme-token").fleets(FleetQuery()))

    assert ids(outcome.rows) == ["acme/gateway", "acme/sensor-hub", "acme/smart-sink"]
    assert outcome.errors == []


async def test_a_user_is_let_in_by_email_and_api_key(upstream: Open) -> None:
    outcome = await read(upstream(KIND, email=auth.EMAIL, token=auth.API_KEY).fleets(FleetQuery()))

    assert ids(outcome.rows) == sorted(PROJECTS)


# Trouble


async def test_a_project_that_fails_costs_only_itself(upstream: Open, mocks: MockPort) -> None:
    mocks.fail(source="memfault", path="*/gateway/releases*", status=503)

    outcome = await read(upstream(KIND).releases(ReleaseQuery()))

    assert {row.fleet_native_id for row in outcome.rows} == set(PROJECTS) - {"acme/gateway"}
    assert [(type(each), of) for each, of in zip(outcome.errors, outcome.fleet_ids, strict=True)] == [
        (UpstreamBroken, "acme/gateway")
    ]


async def test_a_project_that_fails_leaves_the_ids_of_others_known(upstream: Open, mocks: MockPort) -> None:
    mocks.fail(source="memfault", path="*/gateway/releases*", status=503)

    found = await upstream(KIND).releases_by_id(["acme/gateway/1.1.0", "umbra/dock/1.1.0", "umbra/dock/9.9.9"])

    assert {native_id: type(each).__name__ for native_id, each in found.items()} == {
        "acme/gateway/1.1.0": "UpstreamBroken",
        "umbra/dock/1.1.0": "Release",
    }


async def test_an_organization_that_fails_costs_only_itself_and_is_asked_again(upstream: Open, mocks: MockPort) -> None:
    mocks.fail(source="memfault", path="*/acme/projects[?]*", status=403, times=2)
    adapter = upstream(KIND)

    fleets = await read(adapter.fleets(FleetQuery()))
    releases = await read(adapter.releases(ReleaseQuery()))
    again = await read(adapter.releases(ReleaseQuery()))

    assert (ids(fleets.rows), [type(each) for each in fleets.errors]) == (["umbra/dock"], [UpstreamRefused])
    assert {row.fleet_native_id for row in releases.rows} == {"umbra/dock"}
    assert (releases.fleet_ids, [type(each) for each in releases.errors]) == ([None], [UpstreamRefused])
    assert (ids(again.rows), again.errors) == (sorted(held(mocks)), [])


async def test_ids_of_an_organization_that_fails_are_unknown_and_not_absent(upstream: Open, mocks: MockPort) -> None:
    mocks.fail(source="memfault", path="*/acme/projects[?]*", status=503)
    adapter = upstream(KIND)

    releases = await adapter.releases_by_id(["acme/gateway/1.1.0", "umbra/dock/1.1.0"])
    fleets = await adapter.fleets_by_id(["acme/gateway", "umbra/dock"])

    assert {native_id: type(each).__name__ for native_id, each in releases.items()} == {
        "acme/gateway/1.1.0": "UpstreamBroken",
        "umbra/dock/1.1.0": "Release",
    }
    assert {native_id: type(each).__name__ for native_id, each in fleets.items()} == {
        "acme/gateway": "UpstreamBroken",
        "umbra/dock": "Fleet",
    }


async def test_memfaults_own_overload_says_how_long_to_wait(upstream: Open, mocks: MockPort) -> None:
    mocks.fail(source="memfault", path="*/organizations[?]*", status=529, retry_after=30)

    with pytest.raises(UpstreamBusy) as busy:
        await read(upstream(KIND).releases(ReleaseQuery()))

    assert busy.value.retry_after_s == 30


async def test_a_project_that_went_away_since_is_an_error_of_that_project(upstream: Open, mocks: MockPort) -> None:
    mocks.fail(source="memfault", path="*/dock/releases*", status=404)

    outcome = await read(upstream(KIND).releases(ReleaseQuery(fleet_ids=("umbra/dock",))))

    assert [type(each) for each in outcome.errors] == [UpstreamRejected]


async def test_a_token_nobody_knows_is_refused_and_not_told(upstream: Open) -> None:
    adapter = upstream(KIND, token="oat_not-a-token")

    with pytest.raises(UpstreamRefused) as refusal:
        await read(adapter.fleets(FleetQuery()))

    assert str(refusal.value) == "memfault: refused our credential: 401 (GET /api/v0/organizations)"


async def test_a_page_that_fails_is_never_a_shorter_list(large: MockPort, upstream: Open) -> None:
    adapter = upstream(KIND, url=f"{large.url}/memfault", projects=("acme/gateway",))
    large.fail(source="memfault", path="*/releases[?]*page=2&*", status=503)

    outcome = await read(adapter.releases(ReleaseQuery()))

    assert (outcome.rows, outcome.fleet_ids) == ([], ["acme/gateway"])
    assert [type(each) for each in outcome.errors] == [UpstreamBroken]


@pytest.mark.parametrize(
    ("misfit", "told"),
    [
        pytest.param({"id": "x"}, "Expected `int`, got `str` at $.data[1].id", id="a number that is none"),
        pytest.param({"created_date": "yesterday"}, "at $.data[1].created_date", id="a date that is none"),
        pytest.param({"version": ""}, "at $.data[1].version", id="no version"),
        pytest.param({"artifacts": [{"type": "firmware"}]}, "at $.data[1].artifacts[0]", id="an artifact without id"),
    ],
)
async def test_a_misfit_release_is_dropped_and_reported_with_its_path(
    misfit: dict[str, Any], told: str, upstream: Open
) -> None:
    good = {"id": 1, "version": "1.0.0", "created_date": "2026-03-02T09:15:00+00:00"}

    with answering(one_project(good, {**good, "version": "1.1.0", **misfit})) as url:
        outcome = await read(upstream(KIND, url=url).releases(ReleaseQuery()))

    assert ids(outcome.rows) == ["acme/sink/1.0.0"]
    assert outcome.fleet_ids == ["acme/sink"]
    assert [type(each) for each in outcome.errors] == [UpstreamPayloadError]
    assert told in str(outcome.errors[0])


async def test_a_misfit_project_is_reported_by_releases_and_look_ups(upstream: Open) -> None:
    good = {"id": 1, "version": "1.0.0", "created_date": "2026-03-02T09:15:00+00:00"}
    projects = listing({"id": 1, "slug": "sink", "name": "Sink"}, {"id": 2, "name": "Gauge"})

    with answering({**one_project(good), "/acme/projects": projects}) as url:
        adapter = upstream(KIND, url=url)
        releases = await read(adapter.releases(ReleaseQuery()))
        of_sink = await read(adapter.releases(ReleaseQuery(fleet_ids=("acme/sink",))))
        found = await adapter.releases_by_id(["acme/gauge/1.0.0"])

    assert ids(releases.rows) == ["acme/sink/1.0.0"]
    assert "missing required field `slug` at $.data[1]" in str(releases.errors[0])
    assert of_sink.errors == []
    assert {native_id: type(each) for native_id, each in found.items()} == {"acme/gauge/1.0.0": UpstreamPayloadError}


async def test_a_misfit_organization_is_reported_by_every_list(upstream: Open) -> None:
    organizations = listing({"slug": "acme", "name": "Acme"}, {"name": "Umbra"})

    with answering({**one_project(), "": organizations}) as url:
        adapter = upstream(KIND, url=url)
        fleets = await read(adapter.fleets(FleetQuery()))
        found = await adapter.fleets_by_id(["umbra/dock", "acme/sink"])

    assert ids(fleets.rows) == ["acme/sink"]
    assert [type(each) for each in fleets.errors] == [UpstreamPayloadError]
    assert {native_id: type(each).__name__ for native_id, each in found.items()} == {
        "umbra/dock": "UpstreamPayloadError",
        "acme/sink": "Fleet",
    }
