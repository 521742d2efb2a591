"""MetaKraftwerk: builds of many releases at once, deployments put together from several lists, a lineage of links."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from resolvers.errors import UpstreamBroken, UpstreamPayloadError
from resolvers.graph.build import Build
from resolvers.graph.deployment import Deployment
from resolvers.graph.enums import BuildStatus, DeploymentStatus, SourceKind
from resolvers.graph.people import Actor
from resolvers.graph.release import Release
from resolvers.knowledge.lineage import Line, Step
from resolvers.transport.session import Transport
from resolvers.upstreams import payload
from resolvers.upstreams.commands import CancelRelease
from resolvers.upstreams.metakraftwerk import FACTS, Config, normalise
from resolvers.upstreams.metakraftwerk.rows import BuildDeploymentRow, BuildRow
from resolvers.upstreams.port import ArtifactQuery, Chunk, ReleaseQuery, Upstream
from resolvers.upstreams.registry import open_source
from tests.conftest import MockPort, served
from tests.contract.conftest import Open

KIND = SourceKind.METAKRAFTWERK
ROOT = "/metakraftwerk/api/v1"
TOKEN = "demo-metakraftwerk-token"
RELEASES, BUILDS, RUNS = f"{ROOT}/releases", f"{ROOT}/builds", f"{ROOT}/build_deployments"
LISTS_OF_RUNS = {RELEASES: 1, BUILDS: 1, RUNS: 1, f"{ROOT}/deployments": 1, f"{ROOT}/patterns": 1}

# As the contract's example exchange composes one, with numbers for booleans.
BUILD: dict[str, Any] = {
    "id": 7301, "customer_id": 2, "user_id": 17, "project_id": 12, "progress": 40, "status": "BUILDING",
    "message": "Half way", "build_start": "2026-02-11T08:00:00.000Z", "build_end": None,
    "created_at": "2026-02-11T07:59:58.120Z", "updated_at": "2026-02-11T08:02:31.000Z", "history_commited": 1,
    "version": 1, "active": 1, "mts": 1770796951000, "name": "HF1 hub load", "deliveries_calculated": 0,
    "description": None, "commit_ind": 1, "deleted": 0, "instances": 4, "patterns": [81], "releases": [47, 12],
    "downloads": [],
}  # fmt: skip
RUN: dict[str, Any] = {
    "id": 301, "build_id": 7301, "pattern_id": 81, "deployment_id": 201, "upload_id": 510, "agent_id": None,
    "agent_group_id": 1,
}  # fmt: skip


class Rigid(Starlette):
    """A server that has these rows whatever it is asked, by resource."""

    def __init__(self) -> None:
        super().__init__(routes=[Route("/api/v1/{resource}", self._answer)])
        self.url = ""
        self.rows: dict[str, Any] = {}

    async def _answer(self, request: Request) -> Response:
        return Response(msgspec.json.encode(self.rows[request.path_params["resource"]]))


@pytest.fixture(scope="module")
def rigid_server() -> Iterator[Rigid]:
    server = Rigid()
    with served(server) as server.url:
        yield server


@pytest.fixture
def rigid(rigid_server: Rigid) -> Rigid:
    """One run of one build, of releases of two groups."""
    rigid_server.rows = {
        "builds": [BUILD],
        "build_deployments": [RUN],
        "deployments": [{"id": 201, "pattern_id": 81, "name": "HUB_LOAD to Prod Git"}],
        "patterns": [{"id": 81, "name": "HUB_LOAD", "release_group_id": 3}],
        "releases": [{"id": 47, "group_id": 3, "name": "R1"}, {"id": 12, "group_id": 4, "name": "R1"}],
    }
    return rigid_server


@pytest.fixture
def switches(mocks: MockPort) -> dict[str, Any]:
    return mocks.mocks.switches["metakraftwerk"]


def opened(transport: Transport, server: Rigid, **settings: Any) -> Upstream:
    return open_source("mk", Config(kind=KIND, url=server.url, token=TOKEN, **settings), transport)


def one(row: type[Any], body: Mapping[str, Any]) -> Any:
    return payload.decode("mk", "GET /api/v1", msgspec.json.encode(body), row)


async def on_the_wire(http: Any, mocks: MockPort, resource: str) -> list[dict[str, Any]]:
    """The mock's rows; the call for them is not counted."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with http.get(f"{mocks.url}{ROOT}/{resource}", headers=headers) as response:
        rows: list[dict[str, Any]] = await response.json()
    mocks.mocks.calls.clear()
    return rows


async def read(chunks: AsyncIterator[Chunk[Any]]) -> list[Any]:
    return [row async for chunk in chunks for row in chunk.rows]


def kept(found: Mapping[str, Any]) -> dict[str, set[str]]:
    return {key: {row.native_id for row in rows} for key, rows in found.items()}


# Builds


def test_a_build_is_told_whole() -> None:
    build = normalise.build("mk", one(BuildRow, BUILD), (47, 12))

    assert build == Build(
        source_name="mk",
        native_id="7301",
        number="HF1 hub load",
        status=BuildStatus.RUNNING,
        native_status="BUILDING",
        created_at=datetime(2026, 2, 11, 7, 59, 58, 120000, UTC),
        started_at=datetime(2026, 2, 11, 8, 0, tzinfo=UTC),
        finished_at=None,
        created_by=Actor(native_id="17"),
        progress_percent=40,
        message="Half way",
        release_native_ids=("47", "12"),
    )


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("BUILDING", BuildStatus.RUNNING),
        ("FINISHED", BuildStatus.SUCCEEDED),
        ("FAILED", BuildStatus.FAILED),
        ("CANCELED", BuildStatus.CANCELLED),
        ("PAUSED", BuildStatus.UNKNOWN),
        (None, BuildStatus.UNKNOWN),
    ],
)
def test_status_of_a_build_follows_the_glossary(word: str | None, status: BuildStatus) -> None:
    build = normalise.build("mk", one(BuildRow, {**BUILD, "status": word}), ())

    assert (build.status, build.native_status) == (status, word)


def test_a_build_that_tells_nothing_but_its_id_is_a_build() -> None:
    build = normalise.build("mk", one(BuildRow, {"id": 1}), ())

    assert build == Build(source_name="mk", native_id="1", status=BuildStatus.UNKNOWN)


async def test_builds_of_all_releases_cost_one_call(upstream: Open, mocks: MockPort, http: Any) -> None:
    mk = upstream(KIND)
    ids = [release.native_id for release in await read(mk.releases(ReleaseQuery()))]
    rows = await on_the_wire(http, mocks, "builds")

    found = await mk.builds_by_release_id([*ids, "nonsense"])

    assert kept(found) == {key: {str(row["id"]) for row in rows if int(key) in row["releases"]} for key in ids}
    assert max(len(build.release_native_ids) for builds in found.values() for build in builds) == 2
    assert mocks.paths("metakraftwerk") == [BUILDS]


async def test_one_build_is_asked_for_alone_and_many_by_one_list(upstream: Open, mocks: MockPort, http: Any) -> None:
    mk = upstream(KIND)
    ids = [str(row["id"]) for row in await on_the_wire(http, mocks, "builds")]

    alone = await mk.builds_by_id([ids[0], ids[0]])
    nobody = await mk.builds_by_id(["99999"])
    many = await mk.builds_by_id([*ids, "99999", "nonsense"])

    assert (list(alone), nobody, set(many)) == ([ids[0]], {}, set(ids))
    assert many[ids[0]] == alone[ids[0]]
    assert mocks.paths("metakraftwerk") == [f"{BUILDS}/{ids[0]}", f"{BUILDS}/99999", BUILDS]


async def test_files_of_builds_are_their_downloads(upstream: Open, mocks: MockPort, http: Any) -> None:
    mk = upstream(KIND)
    rows = await on_the_wire(http, mocks, "builds")
    listed = await read(mk.artifacts(ArtifactQuery()))
    mocks.mocks.calls.clear()

    found = await mk.artifacts_by_build_id([str(row["id"]) for row in rows])
    alone = await mk.artifacts_by_build_id([str(rows[0]["id"])])

    assert {file for files in kept(found).values() for file in files} == {file.native_id for file in listed}
    assert kept(alone).items() <= kept(found).items()
    assert set() in kept(found).values()
    assert mocks.paths("metakraftwerk") == [BUILDS, f"{BUILDS}/{rows[0]['id']}"]


async def test_builds_outside_the_scope_are_not_shown(upstream: Open, mocks: MockPort, http: Any) -> None:
    rows = await on_the_wire(http, mocks, "builds")
    inside = {str(row["id"]) for row in await on_the_wire(http, mocks, "releases") if row["group_id"] == 3}
    ours = {str(row["id"]) for row in rows if inside & set(map(str, row["releases"]))}
    strangers = [str(row["id"]) for row in rows if str(row["id"]) not in ours]
    mk = upstream(KIND, groups=("3",))

    found = await mk.builds_by_id([str(row["id"]) for row in rows])

    assert set(found) == ours
    assert {one for build in found.values() for one in build.release_native_ids} <= inside
    assert await mk.builds_by_id(strangers[:1]) == {}
    assert await mk.artifacts_by_build_id(strangers) == {}
    assert set(await mk.builds_by_release_id(["21", *inside])) == inside


# Deployments


async def test_a_deployment_is_told_whole(transport: Transport, rigid: Rigid) -> None:
    found = await opened(transport, rigid).deployments_by_id(["301"])

    assert found == {
        "301": Deployment(
            source_name="mk",
            native_id="301",
            status=DeploymentStatus.UNKNOWN,
            environment="HUB_LOAD to Prod Git",
            release_native_id="47",
            fleet_native_id="3",
        )
    }


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("FINISHED", DeploymentStatus.SUCCEEDED),
        ("FAILED", DeploymentStatus.FAILED),
        ("QUEUED", DeploymentStatus.UNKNOWN),
        (None, DeploymentStatus.UNKNOWN),
    ],
)
def test_a_status_that_is_sent_is_read(word: str | None, status: DeploymentStatus) -> None:
    row = one(BuildDeploymentRow, {**RUN, "status": word, "created_at": "2026-02-11T08:30:00.000Z"})

    deployment = normalise.deployment("mk", row, None, None, None)

    assert (deployment.status, deployment.native_status) == (status, word)
    assert deployment.created_at == datetime(2026, 2, 11, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize("is_sent", [False, True])
async def test_deployments_of_all_releases_cost_five_calls(
    upstream: Open, mocks: MockPort, http: Any, switches: dict[str, Any], is_sent: bool
) -> None:
    switches["build_deployment_status"] = is_sent
    mk = upstream(KIND)
    ids = [release.native_id for release in await read(mk.releases(ReleaseQuery()))]
    rows = await on_the_wire(http, mocks, "build_deployments")

    found = await mk.deployments_by_release_id([*ids, "nonsense"])

    runs = [run for runs in found.values() for run in runs]
    assert {run.native_id for run in runs} == {str(row["id"]) for row in rows}
    assert all(run.release_native_id == key for key, own in found.items() for run in own)
    assert all(run.environment for run in runs)
    assert {run.status for run in runs} >= {DeploymentStatus.SUCCEEDED if is_sent else DeploymentStatus.UNKNOWN}
    assert Counter(mocks.paths("metakraftwerk")) == LISTS_OF_RUNS


async def test_deployments_of_fleets_and_by_id_agree(upstream: Open, mocks: MockPort, http: Any) -> None:
    mk = upstream(KIND)
    ids = [str(row["id"]) for row in await on_the_wire(http, mocks, "build_deployments")]

    by_fleet = await mk.deployments_by_fleet_id(["1", "2", "3", "99"])
    by_id = await mk.deployments_by_id([*ids, "99999"])

    assert sorted(run.native_id for runs in by_fleet.values() for run in runs) == sorted(ids) == sorted(by_id)
    assert all(by_id[run.native_id] == run for runs in by_fleet.values() for run in runs)
    assert by_fleet["99"] == []


@pytest.mark.parametrize(
    ("groups", "pattern_group", "below", "certain"),
    [
        pytest.param((), 3, {"47"}, "47", id="of the group of its pattern"),
        pytest.param((), None, {"47", "12"}, None, id="of either"),
        pytest.param((), 9, {"47", "12"}, None, id="a group without a release in the build"),
        pytest.param(("3",), 3, {"47"}, "47", id="its group is in scope"),
        pytest.param(("4",), 3, set(), None, id="its group is out of scope"),
        pytest.param(("4",), None, {"12"}, "12", id="the only one in scope"),
    ],
)
async def test_the_release_of_a_run_is_told_where_it_is_certain(
    transport: Transport,
    rigid: Rigid,
    groups: tuple[str, ...],
    pattern_group: int | None,
    below: set[str],
    certain: Any,
) -> None:
    rigid.rows["patterns"] = [{"id": 81, "release_group_id": pattern_group}]
    mk = opened(transport, rigid, groups=groups)

    found = await mk.deployments_by_release_id(["47", "12"])

    assert {key for key, runs in found.items() if runs} == below
    assert {run.release_native_id for runs in found.values() for run in runs} <= {certain}


async def test_a_run_of_a_build_nobody_sees_has_no_release(transport: Transport, rigid: Rigid) -> None:
    rigid.rows["builds"] = []

    found = await opened(transport, rigid).deployments_by_id(["301"])

    assert [(run.release_native_id, run.fleet_native_id) for run in found.values()] == [(None, None)]
    assert await opened(transport, rigid, groups=("3",)).deployments_by_id(["301"]) == {}


@pytest.mark.parametrize("status", [404, 405])
async def test_names_are_an_extra_that_may_be_missing(upstream: Open, mocks: MockPort, status: int) -> None:
    mocks.fail(source="metakraftwerk", path=f"{ROOT}/deployments", status=status)

    found = await upstream(KIND).deployments_by_fleet_id(["1"])

    assert {run.environment for run in found["1"]} == {None}


@pytest.mark.parametrize("resource", ["build_deployments", "builds", "releases", "deployments", "patterns"])
async def test_a_list_that_fails_leaves_deployments_unknown(upstream: Open, mocks: MockPort, resource: str) -> None:
    mocks.fail(source="metakraftwerk", path=f"{ROOT}/{resource}", status=503)

    found = await upstream(KIND).deployments_by_release_id(["21"])

    assert isinstance(found["21"], UpstreamBroken)


async def test_a_build_that_does_not_fit_leaves_what_it_may_have_given_unknown(
    transport: Transport, rigid: Rigid
) -> None:
    rigid.rows["builds"] = [BUILD, {**BUILD, "id": 7302, "build_end": "soon"}]
    mk = opened(transport, rigid)

    builds = await mk.builds_by_release_id(["47", "48"])
    by_id = await mk.builds_by_id(["7301", "7302"])
    runs = await mk.deployments_by_release_id(["47", "12"])

    assert kept({"47": builds["47"], "by id": [by_id["7301"]]}) == {"47": {"7301"}, "by id": {"7301"}}
    assert kept({"47": runs["47"]}) == {"47": {"301"}}
    unknown = (builds["48"], by_id["7302"], runs["12"])
    assert [type(value) for value in unknown] == [UpstreamPayloadError] * 3


async def test_ids_that_cannot_be_meant_never_reach_the_wire(upstream: Open, mocks: MockPort) -> None:
    mk, odd = upstream(KIND), ["x", "", "-1", "007", "99999999999", "1?closed=true", "../builds"]

    assert await mk.builds_by_id(odd) == {}
    assert await mk.deployments_by_id(odd) == {}
    assert await mk.artifacts_by_build_id(odd) == {}
    assert await mk.builds_by_release_id(odd) == {}
    assert await mk.deployments_by_release_id(odd) == {}
    assert await mk.deployments_by_fleet_id(odd) == {}
    assert mocks.paths("metakraftwerk") == []


# What it does not have


async def test_it_does_not_tell_what_is_live_and_changes_nothing(upstream: Open, mocks: MockPort) -> None:
    mk = upstream(KIND)

    assert await mk.is_deployed_by_release_id(["21"]) == {}
    assert await mk.download_url_by_artifact_id(["7001/9001"]) == {}
    assert FACTS.operations == ()
    with pytest.raises(NotImplementedError):
        await mk.perform(CancelRelease("21"))
    assert mocks.paths("metakraftwerk") == []


# Lineage


async def line_of(mk: Upstream, group: str) -> tuple[dict[str, Release], Line]:
    releases = {each.native_id: each for each in await read(mk.releases(ReleaseQuery(fleet_ids=(group,))))}
    steps = [
        Step(each.native_id, each.lineage.is_linked, each.lineage.previous_id, each.lineage.hotfix_of_id)
        for each in releases.values()
    ]
    return releases, Line.of(steps)


@pytest.mark.parametrize("group", ["1", "2", "3"])
async def test_lineage_is_what_the_rows_link(upstream: Open, http: Any, mocks: MockPort, group: str) -> None:
    rows = {str(row["id"]): row for row in await on_the_wire(http, mocks, "releases") if str(row["group_id"]) == group}

    _, line = await line_of(upstream(KIND), group)

    seen = {key: (line.previous(key), line.hotfix_of(key)) for key in rows}
    linked = {key: (row["prev_release_id"], row["hotfix_of_id"]) for key, row in rows.items()}
    assert seen == {key: tuple(str(one) if str(one) in rows else None for one in pair) for key, pair in linked.items()}


async def test_a_link_to_what_nobody_sees_keeps_its_id_and_leads_nowhere(upstream: Open) -> None:
    releases, line = await line_of(upstream(KIND), "2")

    dangling = [each for each in releases.values() if each.lineage.previous_id not in (None, *releases)]

    assert len(dangling) == 1
    assert str(dangling[0].native_of().prev_release_id) == dangling[0].lineage.previous_id
    assert line.previous(dangling[0].native_id) is None


async def test_releases_that_follow_each_other_are_answered(upstream: Open, switches: dict[str, Any]) -> None:
    switches["cycle"] = True

    releases, line = await line_of(upstream(KIND), "3")

    in_circle = [one for one in releases if line.previous(str(line.previous(one))) == one]
    assert len(in_circle) == 2
    assert line.latest() in releases
