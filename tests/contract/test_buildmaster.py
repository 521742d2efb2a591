"""BuildMaster: whole lists by POST, every filter looked at again, applications even without their grant."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import pytest
from pydantic import ValidationError
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
from resolvers.graph.enums import ReleaseStatus, SourceKind
from resolvers.graph.lineage import Lineage
from resolvers.graph.people import Actor, Tag
from resolvers.transport.session import Transport
from resolvers.upstreams import payload
from resolvers.upstreams.buildmaster import FACTS, Config, normalise
from resolvers.upstreams.buildmaster.rows import ApplicationRow, ReleaseRow
from resolvers.upstreams.port import ArtifactQuery, Chunk, FleetQuery, ReleaseQuery, Upstream
from resolvers.upstreams.registry import open_source
from tests.conftest import MockPort, served
from tests.contract.conftest import Open

KIND = SourceKind.BUILDMASTER
RELEASES, APPLICATIONS = "/buildmaster/api/releases", "/buildmaster/api/applications/list"
TOKEN = "demo-buildmaster-token"
SMART_SINK, GATEWAY, SENSOR_HUB, GAUGE = "12", "17", "22", "27"

# The vendor's page "Get Releases", example response; its `{ ... }` for further rows is left out.
SEED = b"""[
  {
    "id": 4,
    "number": "1.0.1",
    "name": "1.0.1",
    "sequence": 2,
    "status": "active",
    "createdBy": "MikeJones",
    "createdOn": "2024-03-04T09:03:43.9200000Z",
    "applicationId": 2,
    "applicationName": "ProfitCalculator",
    "pipelineName": "Release",
    "furthestBuildId": 6,
    "furthestBuildNumber": "2",
    "latestBuildId": 6,
    "latestBuildNumber": "2",
    "deployables": [],
    "furthestPackageId": 6,
    "furthestPackageNumber": "2",
    "latestPackageId": 6,
    "latestPackageNumber": "2",
    "releaseName": "1.0.1",
    "releaseNumber": "1.0.1"
  },
  {
    "id": 1,
    "number": "1",
    "name": "1",
    "sequence": 1,
    "status": "active",
    "createdBy": "JohnSmith",
    "createdOn": "2024-03-04T08:42:38.8170000Z",
    "applicationId": 1,
    "applicationName": "TaxCalculator",
    "deployables": [],
    "releaseName": "1",
    "releaseNumber": "1"
  }
]"""

PLAIN: dict[str, Any] = {
    "id": 341,
    "number": "3.2.0",
    "name": "Spring wave",
    "sequence": 18,
    "status": "active",
    "createdOn": "2026-02-11T14:05:09.1330000Z",
    "applicationId": 12,
    "applicationName": "GaugeFirmware",
}

# Canceled, by a server of 6.1 that printed no Z, knew builds as packages and listed deployables.
OLD: dict[str, Any] = {
    "id": 17,
    "releaseNumber": "2.0",
    "releaseName": "Herbst/Außendienst №2",
    "sequence": 3,
    "status": "canceled",
    "createdBy": "SYSTEM",
    "createdOn": "2019-05-01T08:00:00",
    "canceledBy": "lwagner",
    "canceledOn": "2019-06-01T10:11:12.1234567",
    "targetDate": "2019-07-01T00:00:00",
    "template": "Standard",
    "applicationId": 12,
    "applicationName": "GaugeFirmware",
    "pipelineName": "global::Firmware",
    "pipelineId": 9,
    "furthestPackageId": 70,
    "furthestPackageNumber": "56.develop",
    "latestPackageId": 71,
    "latestPackageNumber": "57",
    "deployables": [{"deployableId": 11, "deployableName": "main"}, 7],
}


@pytest.fixture(autouse=True)
def _untouched(mocks: MockPort) -> None:
    """Other tests write to the installation; here it is as the world made it."""
    mocks.mocks.reset()


@pytest.fixture
def switches(mocks: MockPort) -> dict[str, Any]:
    return mocks.mocks.switches["buildmaster"]


class Rigid(Starlette):
    """A server that has these rows whatever it is asked, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(routes=[Route("/api/releases", self._answer, methods=["POST"])])
        self.url = ""
        self.rows: list[dict[str, Any]] = []
        self.forms: list[dict[str, str]] = []

    async def _answer(self, request: Request) -> Response:
        self.forms.append(dict(parse_qsl((await request.body()).decode())))
        return Response(msgspec.json.encode(self.rows), media_type="application/json")


@pytest.fixture(scope="module")
def rigid_server() -> Iterator[Rigid]:
    server = Rigid()
    with served(server) as server.url:
        yield server


@pytest.fixture
def rigid(rigid_server: Rigid) -> Rigid:
    rigid_server.rows, rigid_server.forms = [PLAIN], []
    return rigid_server


def rows_of(body: bytes | list[dict[str, Any]]) -> list[ReleaseRow]:
    encoded = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return list(payload.decode_rows("buildmaster", "POST /api/releases", encoded, ReleaseRow).rows)


def row(**changed: Any) -> ReleaseRow:
    return rows_of([{**PLAIN, **changed}])[0]


def members(thing: Any) -> dict[str, Any]:
    """Every field of a graph type but those that are called when asked."""
    values = {member.name: getattr(thing, member.name) for member in dataclasses.fields(thing)}
    return {name: value for name, value in values.items() if not callable(value)}


async def read(chunks: AsyncIterator[Chunk[Any]]) -> tuple[list[Any], list[UpstreamError]]:
    got = [chunk async for chunk in chunks]
    return [row for chunk in got for row in chunk.rows], [each.error for chunk in got for each in chunk.failures]


async def test_every_version_that_arrived_is_listed(upstream: Open, mocks: MockPort) -> None:
    presences = mocks.mocks.world.presences("buildmaster")

    releases, errors = await read(upstream(KIND).releases(ReleaseQuery()))

    expected = sorted(cut.version for presence in presences for cut in presence.cuts)
    assert sorted(release.raw_version for release in releases) == expected
    assert errors == []
    assert mocks.paths("buildmaster") == [RELEASES]


async def test_a_list_in_no_order_loses_nothing(upstream: Open, switches: dict[str, Any]) -> None:
    in_order, _ = await read(upstream(KIND).releases(ReleaseQuery()))
    switches["scrambled"] = True

    scrambled, _ = await read(upstream(KIND).releases(ReleaseQuery()))

    assert {release.native_id for release in scrambled} == {release.native_id for release in in_order}
    assert len(scrambled) == len(in_order)


def test_the_pages_own_example_comes_out_whole() -> None:
    first, second = (normalise.release("bm", each) for each in rows_of(SEED))

    assert members(first) == {
        "source_name": "bm",
        "native_id": "4",
        "name": "1.0.1",
        "status": ReleaseStatus.IN_PROGRESS,
        "native_status": "active",
        "revision": None,
        "description": None,
        "notes": None,
        "created_at": datetime(2024, 3, 4, 9, 3, 43, 920000, UTC),
        "updated_at": None,
        "started_at": None,
        "finished_at": None,
        "planned_start": None,
        "planned_end": None,
        "created_by": Actor(name="MikeJones"),
        "web_url": None,
        "raw_version": "1.0.1",
        "raw_minimum_version": None,
        "fleet_native_id": "2",
        "is_closed": None,
        "known_device_count": None,
        "pipeline": "Release",
        "lineage": Lineage(sequence=2),
        "artifacts_of": None,
    }
    assert members(first.native_of()) == {
        "source_name": "bm",
        "release_id": 4,
        "number": "1.0.1",
        "release_name": "1.0.1",
        "sequence": 2,
        "pipeline_name": "Release",
        "pipeline_id": None,
        "template": None,
        "application_id": 2,
        "application_name": "ProfitCalculator",
        "furthest_build_id": 6,
        "furthest_build_number": "2",
        "latest_build_id": 6,
        "latest_build_number": "2",
        "deployables": [],
        "canceled_by": None,
        "canceled_on": None,
        "target_date": None,
    }
    assert members(second) == {
        **members(first),
        "native_id": "1",
        "name": "1",
        "created_at": datetime(2024, 3, 4, 8, 42, 38, 817000, UTC),
        "created_by": Actor(name="JohnSmith"),
        "raw_version": "1",
        "fleet_native_id": "1",
        "pipeline": None,
        "lineage": Lineage(sequence=1),
    }
    assert members(second.native_of()) == {
        **members(first.native_of()),
        "release_id": 1,
        "number": "1",
        "release_name": "1",
        "sequence": 1,
        "pipeline_name": None,
        "application_id": 1,
        "application_name": "TaxCalculator",
        "furthest_build_id": None,
        "furthest_build_number": None,
        "latest_build_id": None,
        "latest_build_number": None,
    }


def test_a_row_of_an_old_server_is_read_by_its_legacy_names() -> None:
    release = normalise.release("bm", rows_of([OLD])[0])

    assert members(release) == {
        "source_name": "bm",
        "native_id": "17",
        "name": "Herbst/Außendienst №2",
        "status": ReleaseStatus.CANCELLED,
        "native_status": "canceled",
        "revision": None,
        "description": None,
        "notes": None,
        "created_at": datetime(2019, 5, 1, 8, 0, tzinfo=UTC),
        "updated_at": None,
        "started_at": None,
        "finished_at": datetime(2019, 6, 1, 10, 11, 12, 123456, UTC),
        "planned_start": None,
        "planned_end": datetime(2019, 7, 1, tzinfo=UTC),
        "created_by": Actor(name="SYSTEM"),
        "web_url": None,
        "raw_version": "2.0",
        "raw_minimum_version": None,
        "fleet_native_id": "12",
        "is_closed": None,
        "known_device_count": None,
        "pipeline": "global::Firmware",
        "lineage": Lineage(sequence=3),
        "artifacts_of": None,
    }
    assert members(release.native_of()) == {
        "source_name": "bm",
        "release_id": 17,
        "number": "2.0",
        "release_name": "Herbst/Außendienst №2",
        "sequence": 3,
        "pipeline_name": "global::Firmware",
        "pipeline_id": 9,
        "template": "Standard",
        "application_id": 12,
        "application_name": "GaugeFirmware",
        "furthest_build_id": 70,
        "furthest_build_number": "56.develop",
        "latest_build_id": 71,
        "latest_build_number": "57",
        "deployables": [{"deployableId": 11, "deployableName": "main"}, 7],
        "canceled_by": "lwagner",
        "canceled_on": datetime(2019, 6, 1, 10, 11, 12, 123456, UTC),
        "target_date": datetime(2019, 7, 1, tzinfo=UTC),
    }


def test_the_new_name_wins_over_a_legacy_twin_that_differs() -> None:
    native = normalise.release("bm", row(latestBuildId=8, latestPackageId=7, releaseNumber="x")).native_of()

    assert (native.latest_build_id, native.number) == (8, "3.2.0")


def test_null_means_the_same_as_a_missing_member() -> None:
    nothing = ("createdBy", "canceledBy", "canceledOn", "targetDate", "template", "pipelineName", "pipelineId")
    builds = ("furthestBuildId", "furthestBuildNumber", "latestPackageId", "latestPackageNumber", "deployables")

    explicit = normalise.release("bm", row(**dict.fromkeys((*nothing, *builds, "releaseName"))))

    assert members(explicit) == members(normalise.release("bm", row()))
    assert explicit.native_of() == normalise.release("bm", row()).native_of()


@pytest.mark.parametrize("nameless", [{"name": None}, {"name": ""}, {"name": None, "releaseName": ""}])
def test_a_release_without_a_name_is_called_by_its_number(nameless: dict[str, Any]) -> None:
    assert normalise.release("bm", row(**nameless)).name == "3.2.0"


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("active", ReleaseStatus.IN_PROGRESS),
        ("deployed", ReleaseStatus.DEPLOYED),
        ("canceled", ReleaseStatus.CANCELLED),
        ("hibernating", ReleaseStatus.UNKNOWN),
    ],
)
def test_status_follows_the_glossary(word: str, status: ReleaseStatus) -> None:
    release = normalise.release("bm", row(status=word))

    assert (release.status, release.native_status) == (status, word)
    assert status in FACTS.release_statuses


def test_a_restored_release_is_not_finished() -> None:
    release = normalise.release("bm", row(status="active", canceledOn="2026-02-12T00:00:00.0000000Z"))

    assert release.finished_at is None
    assert release.native_of().canceled_on == datetime(2026, 2, 12, tzinfo=UTC)


def test_an_application_is_a_fleet_with_all_it_tells() -> None:
    row = ApplicationRow(
        id=22, name="Sensor Hub", description="Reads a room.", group_name="Geräte/Außendienst", active=False,
        build_number_scheme="Sequential", release_usage="Optional", artifact_usage="Default", raft="",
    )  # fmt: skip

    fleet = normalise.fleet("bm", row)

    assert members(fleet) == {
        "source_name": "bm",
        "native_id": "22",
        "name": "Sensor Hub",
        "slug": None,
        "description": "Reads a room.",
        "organization": None,
        "created_at": None,
        "is_archived": True,
        "is_public": None,
        "device_type": None,
        "tracks_latest": None,
        "web_url": None,
        "known_device_count": None,
        "known_tags": [Tag(key="group", value="Geräte/Außendienst")],
        "target_release_native_id": None,
        "is_mine": None,
    }
    assert members(fleet.native_of()) == {
        "application_id": 22,
        "group_name": "Geräte/Außendienst",
        "is_active": False,
        "build_number_scheme": "Sequential",
        "release_usage": "Optional",
        "artifact_usage": "Default",
        "raft": None,
    }


async def test_fleets_are_the_applications_without_abandoned_drafts(
    upstream: Open, mocks: MockPort, switches: dict[str, Any]
) -> None:
    switches["retired_application"] = True

    fleets, errors = await read(upstream(KIND).fleets(FleetQuery()))

    assert {fleet.native_id: (fleet.name, fleet.is_archived) for fleet in fleets} == {
        SMART_SINK: ("Smart Sink", False),
        GATEWAY: ("Edge Gateway", False),
        SENSOR_HUB: ("Sensor Hub", False),
        GAUGE: ("Gauge", False),
        "7": ("Prüfstand/Alt", True),
    }
    assert errors == []
    assert mocks.paths("buildmaster") == [APPLICATIONS]


async def test_without_the_grant_fleets_are_told_by_releases(
    upstream: Open, mocks: MockPort, switches: dict[str, Any]
) -> None:
    switches["grant_application_management"] = False

    fleets, errors = await read(upstream(KIND).fleets(FleetQuery()))

    named = {SMART_SINK: "Smart Sink", GATEWAY: "Edge Gateway", SENSOR_HUB: "Sensor Hub", GAUGE: "Gauge"}
    assert {fleet.native_id: fleet.name for fleet in fleets} == named
    assert {(fleet.is_archived, fleet.known_tags, fleet.native_of()) for fleet in fleets} == {(None, None, None)}
    assert errors == []
    assert mocks.paths("buildmaster") == [APPLICATIONS, RELEASES]


async def test_a_key_without_any_grant_is_an_error_not_an_empty_list(upstream: Open, switches: dict[str, Any]) -> None:
    switches.update(grant_application_management=False, grant_release_build=False)

    with pytest.raises(UpstreamRefused):
        await read(upstream(KIND).fleets(FleetQuery()))


async def test_a_broken_list_of_applications_is_not_replaced_by_a_guess(upstream: Open, mocks: MockPort) -> None:
    mocks.fail(source="buildmaster", path=APPLICATIONS, status=500)

    with pytest.raises(UpstreamBroken):
        await read(upstream(KIND).fleets(FleetQuery()))


async def test_artifacts_are_none_and_cost_no_call(upstream: Open, mocks: MockPort) -> None:
    bm = upstream(KIND)

    listed = await read(bm.artifacts(ArtifactQuery()))

    assert listed == ([], [])
    assert await bm.artifacts_by_release_id(["101", "103"]) == {"101": [], "103": []}
    assert await bm.artifacts_by_id(["1001/Default"]) == {}
    assert await bm.columns_by_release_id(["101"], frozenset({"notes"})) == {}
    assert mocks.paths("buildmaster") == []
    assert FACTS.artifact_kinds == frozenset()


@pytest.mark.parametrize("chosen", ["Gauge", GAUGE])
@pytest.mark.parametrize("is_granted", [True, False])
async def test_a_scope_of_one_application_cuts_every_list(
    upstream: Open, switches: dict[str, Any], chosen: str, is_granted: bool
) -> None:
    switches["grant_application_management"] = is_granted
    bm = upstream(KIND, applications=(chosen,))

    releases, _ = await read(bm.releases(ReleaseQuery()))
    fleets, _ = await read(bm.fleets(FleetQuery()))

    assert {release.fleet_native_id for release in releases} == {GAUGE}
    assert [fleet.native_id for fleet in fleets] == [GAUGE]


async def test_a_scope_of_several_costs_one_call(upstream: Open, mocks: MockPort) -> None:
    bm = upstream(KIND, applications=("Gauge", GATEWAY, "Nobody"))

    releases, _ = await read(bm.releases(ReleaseQuery()))

    assert {release.fleet_native_id for release in releases} == {GAUGE, GATEWAY}
    assert mocks.paths("buildmaster") == [RELEASES]


def test_digits_in_the_scope_are_an_id_never_a_name() -> None:
    config = Config(kind=KIND, url="http://bm.example", token=TOKEN, applications=("7", "Gauge"))

    assert config.holds(7, "anything")
    assert config.holds(8, "Gauge")
    assert not config.holds(8, "7")
    assert not config.holds(8, "gauge")


async def test_what_lies_outside_the_scope_is_not_found(upstream: Open) -> None:
    releases, _ = await read(upstream(KIND).releases(ReleaseQuery()))
    strangers = [release.native_id for release in releases if release.fleet_native_id != GAUGE]
    bm = upstream(KIND, applications=("Gauge",))

    assert await bm.releases_by_id(strangers[:1]) == {}
    assert await bm.releases_by_id(strangers) == {}
    assert await bm.fleets_by_id([GATEWAY]) == {}
    assert (await read(bm.releases(ReleaseQuery(fleet_ids=(GATEWAY,)))))[0] == []


@pytest.mark.parametrize(
    ("query", "form"),
    [
        pytest.param(ReleaseQuery(), {}, id="all"),
        pytest.param(ReleaseQuery(fleet_ids=("12",)), {"applicationId": "12"}, id="one application"),
        pytest.param(ReleaseQuery(fleet_ids=("12", "17")), {}, id="two applications"),
        pytest.param(ReleaseQuery(statuses=(ReleaseStatus.CANCELLED,)), {"status": "canceled"}, id="one status"),
        pytest.param(ReleaseQuery(statuses=(ReleaseStatus.UNKNOWN,)), {}, id="a status without a word"),
        pytest.param(ReleaseQuery(statuses=(ReleaseStatus.DEPLOYED, ReleaseStatus.UNKNOWN)), {}, id="one and another"),
        pytest.param(ReleaseQuery(versions=("1.2",), names=("a",)), {"releaseNumber": "1.2"}, id="one version"),
        pytest.param(ReleaseQuery(names=("Spring wave",)), {"releaseName": "Spring wave"}, id="one name"),
        pytest.param(ReleaseQuery(versions=("1", "2")), {}, id="two versions"),
        pytest.param(ReleaseQuery(versions=("",)), {}, id="an empty version"),
        pytest.param(ReleaseQuery(pipelines=("global::A",)), {"pipelineName": "global::A"}, id="one pipeline"),
        pytest.param(ReleaseQuery(pipelines=("A", "B")), {}, id="two pipelines"),
        pytest.param(ReleaseQuery(revisions=("deadbeef",)), {}, id="what it does not know"),
    ],
)
async def test_only_what_filters_exactly_is_sent(
    transport: Transport, rigid: Rigid, query: ReleaseQuery, form: dict[str, str]
) -> None:
    await read(opened(transport, rigid).releases(query))

    assert rigid.forms == [form]


async def test_a_server_that_ignores_filters_does_not_widen_an_answer(transport: Transport, rigid: Rigid) -> None:
    rigid.rows = [PLAIN, {**PLAIN, "id": 342, "applicationId": 13, "applicationName": "Other"}]
    narrowed, scoped = opened(transport, rigid), opened(transport, rigid, applications=("Other",))

    of_one, _ = await read(narrowed.releases(ReleaseQuery(fleet_ids=("12",))))
    in_scope, _ = await read(scoped.releases(ReleaseQuery()))
    by_id = await narrowed.releases_by_id(["342"])

    assert [release.native_id for release in of_one] == ["341"]
    assert [release.native_id for release in in_scope] == ["342"]
    assert set(by_id) == {"342"}


async def test_filters_find_what_the_whole_list_holds(upstream: Open) -> None:
    bm = upstream(KIND)
    everything, _ = await read(bm.releases(ReleaseQuery()))
    queries = [
        ReleaseQuery(statuses=(status,), fleet_ids=(fleet,))
        for status in (ReleaseStatus.IN_PROGRESS, ReleaseStatus.DEPLOYED, ReleaseStatus.CANCELLED)
        for fleet in (SMART_SINK, GATEWAY, SENSOR_HUB, GAUGE)
    ]

    parts = [await read(bm.releases(query)) for query in queries]

    assert sorted(each.native_id for rows, _ in parts for each in rows) == sorted(each.native_id for each in everything)


async def test_ids_that_cannot_be_meant_never_reach_the_wire(upstream: Open, mocks: MockPort) -> None:
    bm, odd = upstream(KIND), ["x", "", "1/2", "-1", "007", "99999999999", "1 or 1=1"]

    assert await bm.releases_by_id(odd) == {}
    assert await bm.fleets_by_id(odd) == {}
    assert await read(bm.releases(ReleaseQuery(fleet_ids=tuple(odd)))) == ([], [])
    assert await read(bm.releases(ReleaseQuery(fleet_ids=()))) == ([], [])
    assert mocks.paths("buildmaster") == []


async def test_one_release_or_many_cost_one_call(upstream: Open, mocks: MockPort) -> None:
    bm = upstream(KIND)
    listed, _ = await read(bm.releases(ReleaseQuery()))
    ids = [release.native_id for release in listed]
    mocks.mocks.calls.clear()

    one = await bm.releases_by_id([ids[0], ids[0]])
    many = await bm.releases_by_id([*ids, "99999", "nonsense"])

    assert list(one) == [ids[0]]
    assert set(many) == set(ids)
    assert mocks.paths("buildmaster") == [RELEASES, RELEASES]


async def test_one_release_is_asked_for_by_its_id_alone(transport: Transport, rigid: Rigid) -> None:
    bm = opened(transport, rigid, applications=("GaugeFirmware",))

    await bm.releases_by_id(["341"])
    await bm.releases_by_id(["341", "342"])

    assert rigid.forms == [{"releaseId": "341"}, {"applicationName": "GaugeFirmware"}]


@pytest.mark.parametrize("is_granted", [True, False])
async def test_fleets_are_found_by_id(upstream: Open, switches: dict[str, Any], is_granted: bool) -> None:
    switches["grant_application_management"] = is_granted
    bm = upstream(KIND)

    one, many = await bm.fleets_by_id([GAUGE]), await bm.fleets_by_id([GAUGE, SMART_SINK, "999", "40"])

    assert {key: fleet.name for key, fleet in one.items()} == {GAUGE: "Gauge"}
    assert {key: fleet.name for key, fleet in many.items()} == {GAUGE: "Gauge", SMART_SINK: "Smart Sink"}


async def test_a_release_knows_its_fleet(upstream: Open) -> None:
    bm = upstream(KIND)
    releases, _ = await read(bm.releases(ReleaseQuery()))

    fleets = await bm.fleets_by_id(sorted({release.fleet_native_id for release in releases}))

    assert {key: fleet.name for key, fleet in fleets.items()} == {
        release.fleet_native_id: release.native_of().application_name for release in releases
    }


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        pytest.param({"status": 401}, UpstreamRefused, id="a handshake first"),
        pytest.param({"status": 403}, UpstreamRefused, id="a bad key"),
        pytest.param({"status": 429, "retry_after": 7}, UpstreamBusy, id="rate limited"),
        pytest.param({"status": 400}, UpstreamRejected, id="our own mistake"),
        pytest.param({"status": 404}, UpstreamRejected, id="a path it has not"),
        pytest.param({"status": 503}, UpstreamBroken, id="maintenance"),
        pytest.param({"drop": True}, UpstreamUnreachable, id="hung up"),
        pytest.param({"cut_body": True}, UpstreamUnreachable, id="cut short"),
        pytest.param({"wrong_shape": True}, UpstreamPayloadError, id="JSON nobody documented"),
    ],
)
async def test_trouble_becomes_the_right_error(
    upstream: Open, mocks: MockPort, fault: dict[str, Any], error: type[UpstreamError]
) -> None:
    mocks.fail(source="buildmaster", path=RELEASES, **fault)
    bm = upstream(KIND)

    with pytest.raises(error) as raised:
        await read(bm.releases(ReleaseQuery()))
    found = await bm.releases_by_id(["101", "nonsense"])

    assert {key: type(value) for key, value in found.items()} == {"101": error}
    assert TOKEN not in f"{raised.value}{raised.value.extensions}{found}"


async def test_no_answer_of_the_server_reaches_a_message(upstream: Open, switches: dict[str, Any]) -> None:
    switches["server_error"] = True

    with pytest.raises(UpstreamBroken) as raised:
        await read(upstream(KIND).releases(ReleaseQuery()))

    assert str(raised.value) == "buildmaster: failed: 500 (POST /api/releases)"


async def test_a_wrong_key_is_refused_and_not_told(upstream: Open) -> None:
    with pytest.raises(UpstreamRefused) as raised:
        await read(upstream(KIND, token="k-wrong").releases(ReleaseQuery()))

    assert "k-wrong" not in str(raised.value)


@pytest.mark.parametrize(
    ("misfit", "what"),
    [
        pytest.param({"id": "341"}, "Expected `int`, got `str` at $[1].id", id="a text for a number"),
        pytest.param({"createdOn": "yesterday"}, "a time that is not ISO 8601 at $[1]", id="no time"),
        pytest.param({"number": None}, "neither `number` nor `releaseNumber` at $[1]", id="no number"),
    ],
)
async def test_a_row_that_does_not_fit_costs_only_itself(
    transport: Transport, rigid: Rigid, misfit: dict[str, Any], what: str
) -> None:
    rigid.rows = [PLAIN, {**PLAIN, **misfit}, {**PLAIN, "id": 343}]
    bm = opened(transport, rigid)

    releases, errors = await read(bm.releases(ReleaseQuery()))
    found = await bm.releases_by_id(["341", "342"])

    assert [release.native_id for release in releases] == ["341", "343"]
    assert [str(error) for error in errors] == [
        f"buildmaster: 1 of 3 rows in no known shape: {what} (POST /api/releases)"
    ]
    assert {key: type(value).__name__ for key, value in found.items()} == {
        "341": "Release",
        "342": "UpstreamPayloadError",
    }


def test_a_source_without_a_key_says_what_it_wants() -> None:
    with pytest.raises(ValidationError, match="token"):
        Config(kind=KIND, url="http://bm.example")


def opened(transport: Transport, server: Rigid, **settings: Any) -> Upstream:
    return open_source("buildmaster", Config(kind=KIND, url=server.url, token=TOKEN, **settings), transport)
