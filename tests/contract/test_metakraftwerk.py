"""MetaKraftwerk: one list a call behind a login that runs out, labels instead of versions, files of builds."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from pydantic import SecretStr, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from resolvers.errors import (
    UpstreamBroken,
    UpstreamBusy,
    UpstreamError,
    UpstreamPayloadError,
    UpstreamRefused,
    UpstreamRejected,
    UpstreamUnreachable,
)
from resolvers.graph.artifact import Artifact
from resolvers.graph.enums import ArtifactKind, ReleaseStatus, SourceKind
from resolvers.graph.lineage import Lineage
from resolvers.transport.http import Http
from resolvers.transport.observe import Call
from resolvers.transport.session import Transport
from resolvers.upstreams import payload
from resolvers.upstreams.metakraftwerk import FACTS, Config, normalise
from resolvers.upstreams.metakraftwerk.login import Login, life_s
from resolvers.upstreams.metakraftwerk.rows import BuildRow, GroupRow, ReleaseRow
from resolvers.upstreams.port import ArtifactQuery, Chunk, FleetQuery, ReleaseQuery, Upstream
from resolvers.upstreams.registry import open_source
from tests.conftest import MockPort, served
from tests.contract.conftest import Open

KIND = SourceKind.METAKRAFTWERK
ROOT = "/metakraftwerk/api/v1"
RELEASES, GROUPS, BUILDS = f"{ROOT}/releases", f"{ROOT}/release_groups", f"{ROOT}/builds"
LOGIN = "/metakraftwerk/authentication"
TOKEN = "demo-metakraftwerk-token"
PASSWORD = "demo-metakraftwerk-password"
ACCOUNT: dict[str, Any] = {"token": None, "email": "demo@metakraftwerk.example", "password": PASSWORD}
DAY_S = 86_400

# The vendor's page "Releases", response example of "Find Releases", as printed.
SEED = b"""[
  {
    "id": 21,
    "group_id": 1,
    "name": "R1",
    "description": "First release",
    "start_date": "2022-01-01T23:00:00.000Z",
    "end_date": "2022-01-07T23:00:00.000Z",
    "closed": false,
    "deleted": false,
    "hotfix_of_id": null,
    "prev_release_id": null
  }
]"""

PLAIN: dict[str, Any] = {"id": 44, "group_id": 3, "name": "R.2026.Q1"}

# As the page of builds shows one, with the members we do not read and the path we must not tell.
BUILD: dict[str, Any] = {
    "id": 7301, "customer_id": 2, "user_id": 17, "project_id": 12, "progress": 100, "status": "FINISHED",
    "message": "Build finished", "build_start": "2026-02-11T08:00:00.000Z", "build_end": "2026-02-11T08:02:31.000Z",
    "created_at": "2026-02-11T08:00:00.000Z", "updated_at": "2026-02-11T08:02:31.000Z", "history_commited": 1,
    "version": 1, "active": 1, "mts": 1770796951000, "name": "HF1 hub load", "deliveries_calculated": 0,
    "description": None, "commit_ind": 1, "deleted": 0, "instances": 4, "patterns": [81], "releases": [47, 12],
    "downloads": [
        {
            "id": 9911, "customer_id": 2, "pattern_id": 81, "name": "HUB_LOAD_2026-2-11_8_2.zip",
            "file_name": "/files/results/7301_81_iics_HUB_LOAD_2026-2-11_8_2.zip", "type": "IICS", "build_id": 7301,
            "project_id": 12, "version": 1, "upload_id": 510, "file_id": None, "downloaded": 0, "instance_id": None,
        }
    ],
}  # fmt: skip


class Rigid(Starlette):
    """A server that has these answers whatever it is asked, by resource, and keeps what it was asked."""

    def __init__(self) -> None:
        lists = Route("/api/v1/{resource}", self._answer)
        super().__init__(routes=[lists, Route("/authentication", self._login, methods=["POST"])])
        self.url = ""
        self.answers: dict[str, Any] = {}
        self.login: Any = None
        self.asked: list[str] = []

    async def _answer(self, request: Request) -> Response:
        self.asked.append(request.url.path + (f"?{request.url.query}" if request.url.query else ""))
        return Response(msgspec.json.encode(self.answers[request.path_params["resource"]]))

    async def _login(self, request: Request) -> Response:
        return Response(msgspec.json.encode(self.login), 201)


@pytest.fixture(scope="module")
def rigid_server() -> Iterator[Rigid]:
    server = Rigid()
    with served(server) as server.url:
        yield server


@pytest.fixture
def rigid(rigid_server: Rigid) -> Rigid:
    rigid_server.answers, rigid_server.asked = {"releases": [PLAIN], "release_groups": [], "builds": [BUILD]}, []
    return rigid_server


@pytest.fixture
def switches(mocks: MockPort) -> dict[str, Any]:
    return mocks.mocks.switches["metakraftwerk"]


class Clock:
    """Seconds since 1970, as told."""

    def __init__(self, now_s: float = 1_000_000.0):
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s


def opened(transport: Transport, server: Rigid, **settings: Any) -> Upstream:
    return open_source("metakraftwerk", Config(kind=KIND, url=server.url, token=TOKEN, **settings), transport)


def login_at(transport: Transport, url: str, clock: Clock, password: str = PASSWORD) -> tuple[Login, Http]:
    """A login against the mock, and a way out that uses it."""
    http = Http(transport, "metakraftwerk", url, timeout_s=10)
    login = Login(http, ACCOUNT["email"], SecretStr(password), clock)
    return login, http.signed(login)


def row(**changed: Any) -> ReleaseRow:
    body = msgspec.json.encode([{**PLAIN, **changed}])
    return payload.decode_rows("mk", "GET /api/v1/releases", body, ReleaseRow).rows[0]


def members(thing: Any) -> dict[str, Any]:
    """Every field of a graph type but those that are called when asked."""
    values = {member.name: getattr(thing, member.name) for member in dataclasses.fields(thing)}
    return {name: value for name, value in values.items() if not callable(value)}


async def read(chunks: AsyncIterator[Chunk[Any]]) -> tuple[list[Any], list[UpstreamError]]:
    got = [chunk async for chunk in chunks]
    return [row for chunk in got for row in chunk.rows], [each.error for chunk in got for each in chunk.failures]


def world_counts(mocks: MockPort) -> dict[str, int]:
    """Releases of each group: one for every cut that arrived, and the Default Release."""
    presences = mocks.mocks.world.presences("metakraftwerk")
    return {str(number): len(presence.cuts) + 1 for number, presence in enumerate(presences, 1)}


# Lists


async def test_every_release_is_listed_deleted_ones_too(upstream: Open, mocks: MockPort) -> None:
    releases, errors = await read(upstream(KIND).releases(ReleaseQuery()))

    counts = world_counts(mocks)
    assert {group: sum(each.fleet_native_id == group for each in releases) for group in counts} == counts
    assert len({release.native_id for release in releases}) == len(releases) == sum(counts.values())
    assert {release.status for release in releases} == FACTS.release_statuses
    assert errors == []
    assert mocks.paths("metakraftwerk") == [RELEASES]


async def test_a_list_in_no_order_loses_nothing(upstream: Open, mocks: MockPort, switches: dict[str, Any]) -> None:
    switches["scrambled"] = True

    releases, _ = await read(upstream(KIND).releases(ReleaseQuery()))

    assert len({release.native_id for release in releases}) == sum(world_counts(mocks).values())


def test_the_pages_own_example_comes_out_whole() -> None:
    rows = payload.decode_rows("mk", "GET /api/v1/releases", SEED, ReleaseRow)

    (release,) = (normalise.release("mk", each) for each in rows.rows)

    assert rows.error is None
    assert members(release) == {
        "source_name": "mk",
        "native_id": "21",
        "name": "R1",
        "status": ReleaseStatus.IN_PROGRESS,
        "native_status": None,
        "revision": None,
        "description": "First release",
        "notes": None,
        "created_at": None,
        "updated_at": None,
        "started_at": None,
        "finished_at": None,
        "planned_start": datetime(2022, 1, 1, 23, 0, tzinfo=UTC),
        "planned_end": datetime(2022, 1, 7, 23, 0, tzinfo=UTC),
        "created_by": None,
        "web_url": None,
        "raw_version": None,
        "raw_minimum_version": None,
        "fleet_native_id": "1",
        "is_closed": False,
        "known_device_count": None,
        "pipeline": None,
        "lineage": Lineage(is_linked=True),
        "artifacts_of": None,
    }
    assert members(release.native_of()) == {
        "release_id": 21,
        "group_id": 1,
        "start_date": datetime(2022, 1, 1, 23, 0, tzinfo=UTC),
        "end_date": datetime(2022, 1, 7, 23, 0, tzinfo=UTC),
        "closed": False,
        "deleted": False,
        "hotfix_of_id": None,
        "prev_release_id": None,
    }


def test_a_hotfix_keeps_where_it_came_from() -> None:
    release = normalise.release("mk", row(hotfix_of_id=44, prev_release_id=40, closed=1, deleted=0))

    assert release.lineage == Lineage(is_linked=True, previous_id="40", hotfix_of_id="44")
    assert members(release.native_of()) == {
        "release_id": 44,
        "group_id": 3,
        "start_date": None,
        "end_date": None,
        "closed": True,
        "deleted": False,
        "hotfix_of_id": 44,
        "prev_release_id": 40,
    }


@pytest.mark.parametrize(
    ("flags", "status", "is_closed"),
    [
        pytest.param({"closed": False, "deleted": False}, ReleaseStatus.IN_PROGRESS, False, id="open"),
        pytest.param({"closed": True, "deleted": False}, ReleaseStatus.CLOSED, True, id="closed"),
        pytest.param({"closed": False, "deleted": True}, ReleaseStatus.DELETED, False, id="deleted"),
        pytest.param({"closed": True, "deleted": True}, ReleaseStatus.DELETED, True, id="closed and deleted"),
        pytest.param({"closed": 1, "deleted": 0}, ReleaseStatus.CLOSED, True, id="numbers"),
        pytest.param({"closed": 0, "deleted": 1}, ReleaseStatus.DELETED, False, id="other numbers"),
        pytest.param({"closed": None, "deleted": None}, ReleaseStatus.IN_PROGRESS, None, id="nulls"),
        pytest.param({}, ReleaseStatus.IN_PROGRESS, None, id="nothing told"),
    ],
)
def test_status_follows_the_glossary(flags: dict[str, Any], status: ReleaseStatus, is_closed: bool | None) -> None:
    release = normalise.release("mk", row(**flags))

    assert (release.status, release.is_closed) == (status, is_closed)
    assert status in FACTS.release_statuses


@pytest.mark.parametrize("name", ["R1", "1.0.0", "R.2026.Q1", "2026.03.04"])
def test_a_label_is_never_a_version(name: str) -> None:
    release = normalise.release("mk", row(name=name, description=""))

    assert (release.name, release.raw_version, release.description) == (name, None, None)


async def test_fleets_are_the_release_groups(upstream: Open, mocks: MockPort) -> None:
    fleets, errors = await read(upstream(KIND).fleets(FleetQuery()))

    assert {fleet.native_id: (fleet.name, fleet.native_of().group_id) for fleet in fleets} == {
        "1": ("SMART_SINK_DWH", 1),
        "2": ("SENSOR_HUB_DWH", 2),
        "3": ("GAUGE_DWH", 3),
    }
    assert errors == []
    assert mocks.paths("metakraftwerk") == [GROUPS]


def test_a_group_that_is_described_says_so() -> None:
    assert normalise.fleet("mk", GroupRow(id=3, name="DWH", description="All of it")).description == "All of it"


@pytest.mark.parametrize("status", [400, 404, 405])
async def test_without_a_list_of_groups_releases_tell_of_them(upstream: Open, mocks: MockPort, status: int) -> None:
    mocks.fail(source="metakraftwerk", path=GROUPS, status=status)
    mk = upstream(KIND)

    fleets, errors = await read(mk.fleets(FleetQuery()))
    found = await mk.fleets_by_id(["2", "9"])

    assert {fleet.native_id: fleet.name for fleet in fleets} == {"1": "Group 1", "2": "Group 2", "3": "Group 3"}
    assert [fleet.native_of() for fleet in fleets] == [None, None, None]
    assert errors == []
    assert list(found) == ["2"]


@pytest.mark.parametrize(("status", "error"), [(401, UpstreamRefused), (429, UpstreamBusy), (500, UpstreamBroken)])
async def test_a_list_of_groups_that_fails_is_not_replaced_by_a_guess(
    upstream: Open, mocks: MockPort, status: int, error: type[UpstreamError]
) -> None:
    mocks.fail(source="metakraftwerk", path=GROUPS, status=status)

    with pytest.raises(error):
        await read(upstream(KIND).fleets(FleetQuery()))


async def test_pages_of_feathers_are_read_to_the_end(upstream: Open, mocks: MockPort, switches: dict[str, Any]) -> None:
    switches.update(paged=True, page_limit=7)
    total = sum(world_counts(mocks).values())

    releases, errors = await read(upstream(KIND).releases(ReleaseQuery()))

    assert len({release.native_id for release in releases}) == len(releases) == total
    assert errors == []
    assert mocks.paths("metakraftwerk")[:2] == [RELEASES, f"{RELEASES}?%24skip=7"]
    assert len(mocks.paths("metakraftwerk")) == -(-total // 7)


async def test_a_server_that_shows_its_first_page_for_ever_is_an_error(transport: Transport, rigid: Rigid) -> None:
    rigid.answers["releases"] = {"total": 2, "limit": 1, "skip": 0, "data": [PLAIN]}

    with pytest.raises(UpstreamPayloadError, match="a page that was not asked for"):
        await read(opened(transport, rigid).releases(ReleaseQuery()))


# Artifacts


def test_a_download_is_a_file_of_all_releases_of_its_build() -> None:
    build = payload.decode("mk", "GET /api/v1/builds", msgspec.json.encode(BUILD), BuildRow)

    artifact = normalise.artifact("mk", build, build.downloads[0], build.releases)

    expected = Artifact(
        source_name="mk",
        native_id="7301/9911",
        name="HUB_LOAD_2026-2-11_8_2.zip",
        filename="HUB_LOAD_2026-2-11_8_2.zip",
        kind=ArtifactKind.DOWNLOAD,
        target="IICS",
        build_identifier="7301",
        release_native_ids=("47", "12"),
    )
    assert members(artifact) == members(expected)
    assert artifact.details() == {"patternId": 81, "projectId": 12, "version": 1, "uploadId": 510}
    assert "/files/results" not in f"{artifact!r}{artifact.details()}"


async def test_artifacts_are_the_downloads_of_all_builds_in_one_call(
    upstream: Open, mocks: MockPort, http: Any
) -> None:
    builds = await rows_on_the_wire(http, mocks, "builds")
    mocks.mocks.calls.clear()

    artifacts, errors = await read(upstream(KIND).artifacts(ArtifactQuery()))

    assert {artifact.native_id: artifact.release_native_ids for artifact in artifacts} == {
        f"{build['id']}/{download['id']}": tuple(map(str, build["releases"]))
        for build in builds
        for download in build["downloads"]
    }
    assert artifacts
    assert errors == []
    assert mocks.paths("metakraftwerk") == [BUILDS]


async def test_files_of_many_releases_cost_one_call(upstream: Open, mocks: MockPort) -> None:
    mk = upstream(KIND)
    releases, _ = await read(mk.releases(ReleaseQuery()))
    artifacts, _ = await read(mk.artifacts(ArtifactQuery()))
    ids = [release.native_id for release in releases]
    mocks.mocks.calls.clear()

    found = await mk.artifacts_by_release_id([*ids, "nonsense"])

    assert {release_id: {file.native_id for file in files} for release_id, files in found.items()} == {
        native_id: {file.native_id for file in artifacts if native_id in file.release_native_ids} for native_id in ids
    }
    assert [] in found.values()
    assert mocks.paths("metakraftwerk") == [BUILDS]


async def test_one_file_is_given_to_every_release_of_its_build(upstream: Open) -> None:
    mk = upstream(KIND)
    artifacts, _ = await read(mk.artifacts(ArtifactQuery()))
    shared = next(file for file in artifacts if len(file.release_native_ids) > 1)

    found = await mk.artifacts_by_release_id(shared.release_native_ids)

    ids = [[file.native_id for file in files] for files in found.values()]
    assert [shared.native_id in one for one in ids] == [True, True]


async def test_artifacts_are_found_by_id(upstream: Open, mocks: MockPort) -> None:
    mk = upstream(KIND)
    artifacts, _ = await read(mk.artifacts(ArtifactQuery()))
    wanted = artifacts[0].native_id
    mocks.mocks.calls.clear()

    found = await mk.artifacts_by_id([wanted, "1/1", "7001", "x/9001", f"{wanted}/1"])

    assert {key: members(file) for key, file in found.items()} == {wanted: members(artifacts[0])}
    assert mocks.paths("metakraftwerk") == [BUILDS]


async def test_a_build_that_does_not_fit_leaves_files_unknown_not_absent(transport: Transport, rigid: Rigid) -> None:
    rigid.answers["builds"] = [BUILD, {**BUILD, "id": "7302"}]
    mk = opened(transport, rigid)

    artifacts, errors = await read(mk.artifacts(ArtifactQuery()))
    found = await mk.artifacts_by_release_id(["47", "48"])

    assert [artifact.native_id for artifact in artifacts] == ["7301/9911"]
    assert [str(error) for error in errors] == [
        "metakraftwerk: 1 of 2 rows in no known shape: Expected `int`, got `str` at $[1].id (GET /api/v1/builds)"
    ]
    assert list(map(members, found["47"])) == list(map(members, artifacts))
    assert isinstance(found["48"], UpstreamPayloadError)


# Scope and filters


@pytest.mark.parametrize("chosen", [("GAUGE_DWH",), ("3",), ("3", "GAUGE_DWH", "NOBODY")])
async def test_the_scope_cuts_every_list(upstream: Open, chosen: tuple[str, ...]) -> None:
    mk = upstream(KIND, groups=chosen)

    releases, _ = await read(mk.releases(ReleaseQuery()))
    fleets, _ = await read(mk.fleets(FleetQuery()))
    artifacts, _ = await read(mk.artifacts(ArtifactQuery()))

    inside = {release.native_id for release in releases}
    assert {release.fleet_native_id for release in releases} == {"3"}
    assert [fleet.native_id for fleet in fleets] == ["3"]
    assert artifacts
    assert {release_id for file in artifacts for release_id in file.release_native_ids} <= inside


async def test_names_in_the_scope_cost_one_call_for_good(upstream: Open, mocks: MockPort) -> None:
    mk = upstream(KIND, groups=("GAUGE_DWH", "SMART_SINK_DWH"))

    await asyncio.gather(read(mk.releases(ReleaseQuery())), read(mk.releases(ReleaseQuery())))

    assert mocks.paths("metakraftwerk") == [GROUPS, RELEASES]  # the two reads are one as well


async def test_a_scope_nobody_has_shows_nothing(upstream: Open) -> None:
    mk = upstream(KIND, groups=("NOBODY",))

    assert await read(mk.releases(ReleaseQuery())) == ([], [])
    assert await read(mk.fleets(FleetQuery())) == ([], [])
    assert await read(mk.artifacts(ArtifactQuery())) == ([], [])
    assert await mk.releases_by_id(["21"]) == {}


async def test_a_scope_that_cannot_be_found_out_is_an_error(upstream: Open, mocks: MockPort) -> None:
    mocks.fail(source="metakraftwerk", path=GROUPS, status=404)

    with pytest.raises(UpstreamRejected):
        await read(upstream(KIND, groups=("GAUGE_DWH",)).releases(ReleaseQuery()))


async def test_what_lies_outside_the_scope_is_not_found(upstream: Open) -> None:
    releases, _ = await read(upstream(KIND).releases(ReleaseQuery()))
    strangers = [release.native_id for release in releases if release.fleet_native_id != "3"]
    artifacts, _ = await read(upstream(KIND).artifacts(ArtifactQuery()))
    foreign = [file.native_id for file in artifacts if set(file.release_native_ids) <= set(strangers)]
    mk = upstream(KIND, groups=("3",))

    assert await mk.releases_by_id(strangers[:1]) == {}
    assert await mk.releases_by_id(strangers) == {}
    assert await mk.fleets_by_id(["1"]) == {}
    assert await mk.artifacts_by_release_id(strangers) == {}
    assert await mk.artifacts_by_id(foreign) == {}
    assert (await read(mk.releases(ReleaseQuery(fleet_ids=("1",)))))[0] == []


@pytest.mark.parametrize(
    ("query", "target"),
    [
        pytest.param(ReleaseQuery(), "/api/v1/releases", id="all"),
        pytest.param(ReleaseQuery(fleet_ids=("3",)), "/api/v1/releases?group_id=3", id="one group"),
        pytest.param(ReleaseQuery(fleet_ids=("3", "1")), "/api/v1/releases", id="two groups"),
        pytest.param(ReleaseQuery(is_closed=True), "/api/v1/releases?closed=true", id="closed"),
        pytest.param(ReleaseQuery(is_closed=False), "/api/v1/releases?closed=false", id="not closed"),
        pytest.param(ReleaseQuery(statuses=(ReleaseStatus.CLOSED,)), "/api/v1/releases?closed=true", id="CLOSED"),
        pytest.param(ReleaseQuery(statuses=(ReleaseStatus.IN_PROGRESS,)), "/api/v1/releases", id="open or not told"),
        pytest.param(ReleaseQuery(statuses=(ReleaseStatus.DELETED,)), "/api/v1/releases", id="deleted"),
        pytest.param(ReleaseQuery(names=("R1",), versions=("R1",)), "/api/v1/releases", id="names"),
        pytest.param(
            ReleaseQuery(fleet_ids=("3",), is_closed=True), "/api/v1/releases?group_id=3&closed=true", id="both"
        ),
    ],
)
async def test_only_what_filters_exactly_is_sent(
    transport: Transport, rigid: Rigid, query: ReleaseQuery, target: str
) -> None:
    await read(opened(transport, rigid).releases(query))

    assert rigid.asked == [target]


async def test_filters_find_what_the_whole_list_holds(upstream: Open) -> None:
    mk = upstream(KIND)
    everything, _ = await read(mk.releases(ReleaseQuery()))
    queries = [ReleaseQuery(fleet_ids=(group,), is_closed=closed) for group in "123" for closed in (True, False)]

    parts = [await read(mk.releases(query)) for query in queries]

    assert sorted(each.native_id for rows, _ in parts for each in rows) == sorted(each.native_id for each in everything)


async def test_a_server_that_ignores_filters_does_not_widen_an_answer(transport: Transport, rigid: Rigid) -> None:
    rigid.answers["releases"] = [PLAIN, {**PLAIN, "id": 45, "group_id": 4}]

    releases, _ = await read(opened(transport, rigid).releases(ReleaseQuery(fleet_ids=("4",))))

    assert [release.native_id for release in releases] == ["45"]


async def test_a_group_nobody_has_is_an_empty_list(upstream: Open) -> None:
    assert await read(upstream(KIND).releases(ReleaseQuery(fleet_ids=("999",)))) == ([], [])


# Look-ups


async def test_one_release_is_asked_for_alone_and_many_by_one_list(upstream: Open, mocks: MockPort) -> None:
    mk = upstream(KIND)
    listed, _ = await read(mk.releases(ReleaseQuery()))
    ids = [release.native_id for release in listed]
    mocks.mocks.calls.clear()

    one = await mk.releases_by_id([ids[0], ids[0]])
    many = await mk.releases_by_id([*ids, "99999", "nonsense"])
    none = await mk.releases_by_id(["99999"])

    assert {key: members(release) for key, release in one.items()} == {ids[0]: members(listed[0])}
    assert set(many) == set(ids)
    assert none == {}
    assert mocks.paths("metakraftwerk") == [f"{RELEASES}/{ids[0]}", RELEASES, f"{RELEASES}/99999"]


async def test_fleets_are_found_by_id(upstream: Open) -> None:
    found = await upstream(KIND).fleets_by_id(["3", "999", "x"])

    assert {key: fleet.name for key, fleet in found.items()} == {"3": "GAUGE_DWH"}


async def test_ids_that_cannot_be_meant_never_reach_the_wire(upstream: Open, mocks: MockPort) -> None:
    mk, odd = upstream(KIND), ["x", "", "-1", "007", "99999999999", "1?closed=true", "../builds"]

    assert await mk.releases_by_id(odd) == {}
    assert await mk.fleets_by_id(odd) == {}
    assert await mk.artifacts_by_id([*odd, "1", "1/x", "1/2/3"]) == {}
    assert await mk.artifacts_by_release_id(odd) == {}
    assert await mk.columns_by_release_id(["21"], frozenset({"notes"})) == {}
    assert await read(mk.releases(ReleaseQuery(fleet_ids=tuple(odd)))) == ([], [])
    assert mocks.paths("metakraftwerk") == []


# Trouble


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        pytest.param({"status": 401}, UpstreamRefused, id="a token that ran out"),
        pytest.param({"status": 403}, UpstreamRefused, id="forbidden"),
        pytest.param({"status": 429, "retry_after": 7}, UpstreamBusy, id="rate limited"),
        pytest.param({"status": 400}, UpstreamRejected, id="our own mistake"),
        pytest.param({"status": 503}, UpstreamBroken, id="maintenance"),
        pytest.param({"drop": True}, UpstreamUnreachable, id="hung up"),
        pytest.param({"cut_body": True}, UpstreamUnreachable, id="cut short"),
        pytest.param({"wrong_shape": True}, UpstreamPayloadError, id="JSON nobody documented"),
    ],
)
async def test_trouble_becomes_the_right_error(
    upstream: Open, mocks: MockPort, fault: dict[str, Any], error: type[UpstreamError]
) -> None:
    mocks.fail(source="metakraftwerk", path=f"{RELEASES}*", **fault)
    mk = upstream(KIND)

    with pytest.raises(error) as raised:
        await read(mk.releases(ReleaseQuery()))
    one, many = await mk.releases_by_id(["21"]), await mk.releases_by_id(["21", "23", "nonsense"])

    assert {key: type(value) for key, value in one.items()} == {"21": error}
    assert {key: type(value) for key, value in many.items()} == {"21": error, "23": error}
    assert TOKEN not in f"{raised.value}{raised.value.extensions}{one}{many}"


async def test_builds_that_fail_cost_only_artifacts(upstream: Open, mocks: MockPort) -> None:
    mocks.fail(source="metakraftwerk", path=BUILDS, status=503)
    mk = upstream(KIND)

    releases, errors = await read(mk.releases(ReleaseQuery()))
    files = await mk.artifacts_by_release_id(["21"])

    assert releases
    assert errors == []
    assert isinstance(files["21"], UpstreamBroken)


async def test_a_row_that_does_not_fit_costs_only_itself(transport: Transport, rigid: Rigid) -> None:
    rigid.answers["releases"] = [PLAIN, {**PLAIN, "id": 45, "start_date": "soon"}, {**PLAIN, "id": 46}]
    mk = opened(transport, rigid)

    releases, errors = await read(mk.releases(ReleaseQuery()))
    found = await mk.releases_by_id(["44", "45"])

    assert [release.native_id for release in releases] == ["44", "46"]
    assert [str(error) for error in errors] == [
        "metakraftwerk: 1 of 3 rows in no known shape: a date that is not ISO 8601 at $[1] (GET /api/v1/releases)"
    ]
    assert {key: type(value).__name__ for key, value in found.items()} == {
        "44": "Release",
        "45": "UpstreamPayloadError",
    }


# Login


def of_group(number: int) -> ReleaseQuery:
    """Queries that nobody can answer by one call."""
    return ReleaseQuery(fleet_ids=(str(1000 + number),))


async def test_concurrent_first_calls_cost_one_login(upstream: Open, mocks: MockPort) -> None:
    mk = upstream(KIND, **ACCOUNT)

    answers = await asyncio.gather(*(read(mk.releases(of_group(number))) for number in range(8)))

    assert [errors for _, errors in answers] == [[]] * 8
    assert sorted(mocks.paths("metakraftwerk")) == [f"{RELEASES}?group_id={1000 + number}" for number in range(8)] + [
        LOGIN
    ]


async def test_a_login_is_a_session_call(mocks: MockPort) -> None:
    calls: list[Call] = []
    async with Transport(calls.append) as transport:
        config = Config(kind=KIND, url=f"{mocks.url}/metakraftwerk", groups=("GAUGE_DWH",), **ACCOUNT)
        await read(open_source("mk", config, transport).releases(ReleaseQuery()))

    assert [(call.path, call.is_session) for call in calls] == [
        ("/authentication", True),
        ("/api/v1/release_groups", True),
        ("/api/v1/releases?group_id=3", False),
    ]


@pytest.mark.parametrize(("age_s", "logins"), [(0.9 * DAY_S - 1, 1), (0.9 * DAY_S, 2)])
async def test_a_token_is_renewed_after_nine_tenths_of_its_life(
    transport: Transport, mocks: MockPort, age_s: float, logins: int
) -> None:
    clock = Clock()
    login, _ = login_at(transport, f"{mocks.url}/metakraftwerk", clock)
    first = await login.headers()

    clock.now_s += age_s
    later = await asyncio.gather(login.headers(), login.headers(), login.headers())

    assert mocks.paths("metakraftwerk") == [LOGIN] * logins
    assert [headers == first for headers in later] == [logins == 1] * 3


async def test_a_token_that_says_nothing_of_its_life_lasts_an_hour(transport: Transport, rigid: Rigid) -> None:
    clock = Clock()
    login, _ = login_at(transport, rigid.url, clock)
    tokens = []

    for name, age_s in (("one", 0.0), ("two", 3239.0), ("three", 1.0)):
        rigid.login, clock.now_s = {"accessToken": name}, clock.now_s + age_s
        tokens.append((await login.headers())["Authorization"])

    assert tokens == ["Bearer one", "Bearer one", "Bearer three"]


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        pytest.param({"iat": 5000, "exp": 5600}, 600, id="by its own two times"),
        pytest.param({"exp": 1_000_090}, 90, id="by our clock"),
        pytest.param({"iat": 5000, "exp": 4000}, 0, id="over before it began"),
        pytest.param({"iat": 5000}, 3600, id="no end"),
        pytest.param({"exp": "tomorrow"}, 3600, id="a text"),
        pytest.param([1], 3600, id="no claims"),
    ],
)
def test_life_is_read_from_the_token(claims: Any, expected: float) -> None:
    middle = base64.urlsafe_b64encode(msgspec.json.encode(claims)).rstrip(b"=").decode()

    assert life_s(f"head.{middle}.signature", now_s=1_000_000) == expected


NOT_TEXT = base64.urlsafe_b64encode(b'{"exp": "\xfc"}').decode()
NESTED = base64.urlsafe_b64encode(b'{"a":' * 100_000).decode()


@pytest.mark.parametrize(
    "token",
    [
        *("opaque", "a.b", "a.b.c", "..", "a.%%%%.c", "a.////.c"),
        pytest.param(f"a.{NOT_TEXT}.c", id="another encoding"),
        pytest.param(f"a.{NESTED}.c", id="a nest without end"),
    ],
)
def test_a_token_of_another_kind_lasts_an_hour(token: str) -> None:
    assert life_s(token, now_s=1_000_000) == 3600


async def test_a_token_refused_early_is_renewed_once(upstream: Open, mocks: MockPort) -> None:
    mk = upstream(KIND, **ACCOUNT)
    await read(mk.releases(ReleaseQuery()))
    mocks.mocks.calls.clear()
    mocks.fail(source="metakraftwerk", path=RELEASES, status=401, times=1)

    releases, errors = await read(mk.releases(ReleaseQuery()))

    assert releases
    assert errors == []
    assert mocks.paths("metakraftwerk") == [RELEASES, LOGIN, RELEASES]


async def test_many_calls_refused_together_cost_one_login(upstream: Open, mocks: MockPort) -> None:
    mk = upstream(KIND, **ACCOUNT)
    # Four connections: else a call that still opens one could be behind another's second try.
    await asyncio.gather(*(read(mk.releases(of_group(number))) for number in range(4, 8)))
    mocks.mocks.calls.clear()
    mocks.fail(source="metakraftwerk", path=f"{RELEASES}*", status=401, times=4)

    answers = await asyncio.gather(*(read(mk.releases(of_group(number))) for number in range(4)))

    assert [errors for _, errors in answers] == [[]] * 4
    assert mocks.paths("metakraftwerk").count(LOGIN) == 1
    assert len([path for path in mocks.paths("metakraftwerk") if path.startswith(RELEASES)]) == 8


async def test_a_token_that_runs_out_under_fifty_calls_costs_one_login(mocks: MockPort) -> None:
    switches = mocks.mocks.switches["metakraftwerk"]
    switches["token_life_s"] = 0  # the first token is refused by everyone who carries it; the next one holds
    logins = 0

    def lasting(call: Call) -> None:
        nonlocal logins
        if call.path == "/authentication":
            logins += 1
            switches["token_life_s"] = DAY_S

    async with Transport(lasting) as transport:
        config = Config(kind=KIND, url=f"{mocks.url}/metakraftwerk", **ACCOUNT)
        mk = open_source("mk", config, transport)
        answers = await asyncio.gather(*(read(mk.releases(of_group(number))) for number in range(50)))

    assert [errors for _, errors in answers] == [[]] * 50
    assert logins == 2
    assert len([path for path in mocks.paths("metakraftwerk") if path.startswith(RELEASES)]) == 100


async def test_a_late_refusal_of_an_old_token_keeps_the_new_one(transport: Transport, mocks: MockPort) -> None:
    login, _ = login_at(transport, f"{mocks.url}/metakraftwerk", Clock())
    old = await login.headers()
    assert await login.renewed(old)
    new = await login.headers()

    assert await login.renewed(old)

    assert await login.headers() == new
    assert mocks.paths("metakraftwerk") == [LOGIN, LOGIN]


async def test_a_service_that_refuses_every_token_is_asked_twice_and_no_more(
    upstream: Open, mocks: MockPort, switches: dict[str, Any]
) -> None:
    switches["token_life_s"] = 0

    with pytest.raises(UpstreamRefused):
        await read(upstream(KIND, **ACCOUNT).releases(ReleaseQuery()))

    assert mocks.paths("metakraftwerk") == [LOGIN, RELEASES, LOGIN, RELEASES]


async def test_a_fixed_token_is_not_renewed(upstream: Open, mocks: MockPort) -> None:
    with pytest.raises(UpstreamRefused) as raised:
        await read(upstream(KIND, token="stale-token").releases(ReleaseQuery()))

    assert mocks.paths("metakraftwerk") == [RELEASES]
    assert "stale-token" not in str(raised.value)


async def test_a_wrong_password_is_refused_and_not_told(upstream: Open, mocks: MockPort) -> None:
    mk = upstream(KIND, **{**ACCOUNT, "password": "pass-wrong"})

    with pytest.raises(UpstreamRefused) as raised:
        await read(mk.releases(ReleaseQuery()))

    assert str(raised.value) == "metakraftwerk: refused our credential: 401 (POST /authentication)"
    assert mocks.paths("metakraftwerk") == [LOGIN]


async def test_a_login_that_failed_is_tried_again_by_the_next_call(upstream: Open, mocks: MockPort) -> None:
    mocks.fail(source="metakraftwerk", path=LOGIN, status=503, times=1)
    mk = upstream(KIND, **ACCOUNT)

    failed = await mk.releases_by_id(["21"])
    found = await mk.releases_by_id(["21"])

    assert isinstance(failed["21"], UpstreamBroken)
    assert not isinstance(found["21"], UpstreamError)


@pytest.mark.parametrize(
    "answer", [{}, {"accessToken": ""}, {"accessToken": "two words"}, {"accessToken": "a\r\nX: b"}]
)
async def test_a_login_without_a_usable_token_is_a_misfit(transport: Transport, rigid: Rigid, answer: Any) -> None:
    rigid.login = answer
    login, _ = login_at(transport, rigid.url, Clock())

    with pytest.raises(UpstreamPayloadError):
        await login.headers()


# Configuration


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        pytest.param({}, "missing: email, password", id="nothing"),
        pytest.param({"email": "a@b.example"}, "missing: password", id="no password"),
        pytest.param({"password": "s3cret"}, "missing: email", id="no email"),
    ],
)
def test_a_source_without_credentials_names_the_keys(given: dict[str, str], missing: str) -> None:
    with pytest.raises(ValidationError, match=f"expected `email` and `password`, or `token`; {missing}") as raised:
        Config(kind=KIND, url="https://mk.example", **given)

    assert "s3cret" not in str(raised.value)


def test_a_password_is_not_shown() -> None:
    config = Config(kind=KIND, url="https://mk.example", email="a@b.example", password="s3cret", token="t0ken")

    assert "s3cret" not in f"{config!r}"
    assert "t0ken" not in f"{config!r}"


@pytest.mark.parametrize("url", ["https://mk.example", "https://mk.example/", "https://mk.example/api/v1"])
def test_the_base_may_be_given_as_the_vendor_prints_it(url: str) -> None:
    assert Config(kind=KIND, url=url, token=TOKEN).url == "https://mk.example"


async def rows_on_the_wire(http: Any, mocks: MockPort, resource: str) -> list[dict[str, Any]]:
    url, headers = f"{mocks.url}{ROOT}/{resource}", {"Authorization": f"Bearer {TOKEN}"}
    async with http.get(url, headers=headers) as response:
        rows: list[dict[str, Any]] = await response.json()
        return rows
