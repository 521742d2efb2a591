"""Filters: AND between fields, OR inside a list, and nobody is asked who cannot know."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from resolvers import keys
from resolvers.graph.artifact import Digest
from resolvers.graph.enums import ArtifactKind, ReleaseStatus, SourceKind
from resolvers.graph.fleet import Organization
from resolvers.upstreams.port import Fact, Facts
from tests.unit.fake_upstreams import ALL_FACTS, FakeUpstream, Graph, artifact, fleet, release, silent

NOON = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
RELEASES = "query ($filter: ReleaseFilter) { releases(first: 200, filter: $filter) { totalCount nodes { nativeId } sources { state } } }"  # noqa: E501
FLEETS = "query ($filter: FleetFilter) { fleets(first: 200, filter: $filter) { nodes { nativeId } } }"
ARTIFACTS = "query ($filter: ArtifactFilter) { artifacts(first: 200, filter: $filter) { nodes { nativeId } } }"


def ids_in(connection: dict[str, Any]) -> list[str]:
    return [node["nativeId"] for node in connection["nodes"]]


def a_source(name: str = "a", facts: Facts = ALL_FACTS) -> FakeUpstream:
    """Rows that differ in one fact each from the plain one, which has no fact but a name."""
    rows = [
        release(name, "1-plain", name="plain"),
        release(name, "2-version", raw_version="1.4.0"),
        release(name, "3-prerelease", raw_version="1.5.0-rc.1"),
        release(name, "4-label", raw_version="latest"),
        release(name, "5-revision", revision="0123456789abcdef0123456789abcdef01234567"),
        release(name, "6-draft", status=ReleaseStatus.DRAFT),
        release(name, "7-deleted", status=ReleaseStatus.DELETED),
        release(name, "8-closed", is_closed=True),
        release(name, "9-open", is_closed=False),
        release(name, "10-noon", created_at=NOON),
        release(name, "11-later", created_at=NOON + timedelta(milliseconds=1)),
        release(name, "12-of-fleet", fleet_native_id="f", name="plain"),
    ]
    fleets = [
        fleet(
            name,
            "f",
            name="Fleet",
            slug="acme/f",
            organization=Organization(name="Acme Ltd", handle="acme"),
            is_public=True,
        ),
        fleet(name, "g", name="fleet", is_archived=True, is_mine=False),
        fleet(name, "h", name="Fleet", organization=Organization(name="umbra"), is_public=False, is_archived=False),
    ]
    files = {
        "1-plain": [artifact(name, "x", target="rpi4", digests=[Digest(algorithm="sha256", value="ab12")])],
        "12-of-fleet": [artifact(name, "y", kind=ArtifactKind.SYMBOLS), artifact(name, "x", target="rpi4")],
    }
    return FakeUpstream(name, facts, rows, fleets, files)


VISIBLE = [
    "1-plain", "10-noon", "11-later", "12-of-fleet", "2-version", "3-prerelease", "4-label", "5-revision", "6-draft",
    "8-closed", "9-open",
]  # fmt: skip


def rid(native_id: str, source: str = "a") -> str:
    return keys.encode("Release", source, native_id)


def fid(native_id: str, source: str = "a") -> str:
    return keys.encode("Fleet", source, native_id)


RELEASE_CASES = [
    pytest.param(None, VISIBLE, id="null"),
    pytest.param({}, VISIBLE, id="empty"),
    pytest.param({"names": None, "isClosed": None, "versionRange": None}, VISIBLE, id="nulls do not filter"),
    pytest.param({"names": ["plain"]}, ["1-plain", "12-of-fleet"], id="name"),
    pytest.param({"names": ["Plain", "plai", "plain "]}, [], id="names are exact"),
    pytest.param({"names": ["plain", "9-open"]}, ["1-plain", "12-of-fleet", "9-open"], id="or inside a list"),
    pytest.param({"names": ["plain"], "fleetIds": [fid("f")]}, ["12-of-fleet"], id="and between fields"),
    pytest.param({"fleetIds": [fid("f"), fid("nowhere")]}, ["12-of-fleet"], id="fleets"),
    pytest.param({"fleetNames": ["Fleet"]}, ["12-of-fleet"], id="fleet names"),
    pytest.param({"fleetNames": ["fleet"]}, [], id="fleet names are exact"),
    pytest.param({"fleetNames": ["Fleet"], "fleetIds": [fid("g")]}, [], id="fleet names and other fleet ids"),
    pytest.param({"ids": [rid("9-open"), rid("1-plain"), rid("9-open")]}, ["1-plain", "9-open"], id="ids"),
    pytest.param({"ids": [rid("9-open"), rid("gone")]}, ["9-open"], id="an id that is gone"),
    pytest.param({"ids": [rid("1-plain"), rid("9-open")], "names": ["plain"]}, ["1-plain"], id="ids and names"),
    pytest.param({"ids": [rid("1-plain"), rid("12-of-fleet")], "fleetNames": ["Fleet"]}, ["12-of-fleet"], id="ids and fleet names"),  # noqa: E501
    pytest.param({"ids": [rid("1-plain"), rid("12-of-fleet")], "fleetIds": [fid("f")]}, ["12-of-fleet"], id="ids and fleets"),  # noqa: E501
    pytest.param({"ids": [rid("7-deleted")]}, [], id="a deleted id"),
    pytest.param({"ids": [rid("7-deleted")], "includeDeleted": True}, ["7-deleted"], id="a deleted id, wanted"),
    pytest.param({"versions": ["1.4.0"]}, ["2-version"], id="version as spelled"),
    pytest.param({"versions": ["v1.4.0", "1.4"]}, [], id="no other spelling of it"),
    pytest.param({"versionRange": ">=1.4,<2"}, ["2-version"], id="range"),
    pytest.param({"versionRange": ">=1.4,<2", "includePrereleases": True}, ["2-version", "3-prerelease"], id="range with pre-releases"),  # noqa: E501
    pytest.param({"versionRange": ">=1.5.0-rc.1"}, ["3-prerelease"], id="range that names one"),
    pytest.param({"versionRange": "!=9"}, ["2-version"], id="no label is in any range"),
    pytest.param({"includePrereleases": True}, VISIBLE, id="pre-releases without a range"),
    pytest.param({"revisions": ["0123456"]}, ["5-revision"], id="prefix of a commit"),
    pytest.param({"revisions": ["0123456789abcdef0123456789abcdef01234567", "fffffff"]}, ["5-revision"], id="whole commit"),  # noqa: E501
    pytest.param({"revisions": ["1234567"]}, [], id="not the middle of a commit"),
    pytest.param({"statuses": ["DRAFT"]}, ["6-draft"], id="status"),
    pytest.param({"statuses": ["DELETED"]}, ["7-deleted"], id="deleted implies deleted"),
    pytest.param({"statuses": ["DELETED", "DRAFT"]}, ["6-draft", "7-deleted"], id="deleted and drafts"),
    pytest.param({"includeDeleted": True, "isClosed": None}, sorted([*VISIBLE, "7-deleted"]), id="with the deleted"),
    pytest.param({"isClosed": True}, ["8-closed"], id="closed"),
    pytest.param({"isClosed": False}, ["9-open"], id="open is not unknown"),
    pytest.param({"createdAfter": "2026-11-01T12:00:00Z"}, ["10-noon", "11-later"], id="after holds its bound"),
    pytest.param({"createdBefore": "2026-11-01T12:00:00Z"}, [], id="before leaves out its bound"),
    pytest.param({"createdBefore": "2026-11-01T13:00:00.001+01:00"}, ["10-noon"], id="before, elsewhere"),
    pytest.param({"createdAfter": "2026-11-01T12:00:00Z", "createdBefore": "2026-11-01T12:00:00Z"}, [], id="no time at all"),  # noqa: E501
    pytest.param({"kinds": ["BALENA"], "sources": ["a"], "names": ["plain"]}, ["1-plain", "12-of-fleet"], id="everything"),  # noqa: E501
]  # fmt: skip


@pytest.mark.parametrize(("where", "expected"), RELEASE_CASES)
async def test_a_source_that_ignores_every_filter_widens_nothing(where: Any, expected: list[str]) -> None:
    graph = Graph([a_source()])

    found = (await graph.data(RELEASES, filter=where))["releases"]

    assert sorted(ids_in(found)) == sorted(expected)
    assert found["totalCount"] == len(expected)


@pytest.mark.parametrize(("where", "expected"), RELEASE_CASES)
async def test_the_releases_of_one_fleet_are_filtered_alike(where: Any, expected: list[str]) -> None:
    query = "query ($id: ID!, $filter: ReleaseFilter) { fleet(id: $id) { releases(filter: $filter) { nodes { nativeId } } } }"  # noqa: E501
    graph = Graph([a_source()])

    fleet = (await graph.data(query, id=fid("f"), filter=where))["fleet"]

    assert ids_in(fleet["releases"]) == [native_id for native_id in expected if native_id == "12-of-fleet"]


FLEET_CASES = [
    pytest.param(None, ["f", "g", "h"], id="null"),
    pytest.param({"names": ["Fleet"]}, ["f", "h"], id="name"),
    pytest.param({"slugs": ["acme/f"]}, ["f"], id="slug"),
    pytest.param({"organizations": ["acme"]}, ["f"], id="organization by handle"),
    pytest.param({"organizations": ["Acme Ltd", "umbra"]}, ["f", "h"], id="organization by name"),
    pytest.param({"isPublic": False}, ["h"], id="not public is not unknown"),
    pytest.param({"isArchived": True}, ["g"], id="archived"),
    pytest.param({"mine": False}, ["g"], id="of others"),
    pytest.param({"ids": [fid("h"), fid("g")]}, ["g", "h"], id="ids"),
    pytest.param({"ids": [fid("h"), fid("g")], "names": ["Fleet"]}, ["h"], id="ids and names"),
]


@pytest.mark.parametrize(("where", "expected"), FLEET_CASES)
async def test_fleets_are_filtered_here_too(where: Any, expected: list[str]) -> None:
    assert sorted(ids_in((await Graph([a_source()]).data(FLEETS, filter=where))["fleets"])) == expected


ARTIFACT_CASES = [
    pytest.param({"targets": ["rpi4"]}, ["x"], id="target"),
    pytest.param({"kinds": ["SYMBOLS"]}, ["y"], id="kind"),
    pytest.param({"digests": ["sha256:AB12"]}, ["x"], id="digest with its algorithm"),
    pytest.param({"digests": ["ab1", "ab123"]}, [], id="digests are whole"),
    pytest.param({"releaseIds": [rid("12-of-fleet"), rid("1-plain")]}, ["x", "y"], id="each file once"),
    pytest.param({"releaseIds": [rid("9-open"), rid("gone")]}, [], id="releases without files"),
]


@pytest.mark.parametrize(("where", "expected"), ARTIFACT_CASES)
async def test_artifacts_are_filtered_here_too(where: Any, expected: list[str]) -> None:
    assert ids_in((await Graph([a_source()]).data(ARTIFACTS, filter=where))["artifacts"]) == expected


EMPTY = [
    *(pytest.param(RELEASES, {name: []}, id=f"releases {name}") for name in (
        "ids", "sources", "kinds", "fleetIds", "fleetNames", "names", "versions", "revisions", "statuses")),
    *(pytest.param(FLEETS, {name: []}, id=f"fleets {name}") for name in (
        "ids", "sources", "kinds", "names", "slugs", "organizations")),
    *(pytest.param(ARTIFACTS, {name: []}, id=f"artifacts {name}") for name in (
        "sources", "kinds", "targets", "digests", "releaseIds")),
]  # fmt: skip


@pytest.mark.parametrize(("query", "where"), EMPTY)
async def test_an_empty_list_matches_nothing_and_asks_nobody(query: str, where: Any) -> None:
    graph = Graph([a_source()])

    data = await graph.data(query, filter=where)

    assert [connection["nodes"] for connection in data.values()] == [[]]
    assert graph.calls == []


IGNORANT = replace(
    ALL_FACTS,
    kind=SourceKind.NERVESHUB,
    release_facts=frozenset({Fact.VERSION}),
    release_statuses=frozenset({ReleaseStatus.AVAILABLE}),
)
SKIPPING = [
    pytest.param({"revisions": ["0123456"]}, id="revision"),
    pytest.param({"isClosed": False}, id="closed"),
    pytest.param({"createdAfter": "2026-11-01T12:00:00Z"}, id="created"),
    pytest.param({"statuses": ["DRAFT", "DELETED"]}, id="statuses it has not"),
    pytest.param({"kinds": ["BALENA"]}, id="kind"),
    pytest.param({"sources": ["a"]}, id="source"),
    pytest.param({"fleetIds": [fid("f")]}, id="fleets of others"),
    pytest.param({"ids": [rid("1-plain")]}, id="ids of others"),
]


@pytest.mark.parametrize("where", SKIPPING)
async def test_a_source_that_cannot_know_is_skipped_unasked_and_costs_no_count(where: Any) -> None:
    other = a_source("b", IGNORANT)
    silent(other)

    found = (await Graph([a_source(), other]).data(RELEASES, filter=where))["releases"]

    assert other.calls == []
    assert [one["state"] for one in found["sources"]] == ["LIVE", "SKIPPED"]
    assert found["totalCount"] == len(found["nodes"])


async def test_names_of_fleets_are_looked_for_in_every_source() -> None:
    a, b, c = a_source("a"), a_source("b"), a_source("c")
    c.own_fleets = []

    found = (await Graph([a, b, c]).data(RELEASES, filter={"fleetNames": ["Fleet"]}))["releases"]

    assert ids_in(found) == ["12-of-fleet", "12-of-fleet"]
    assert [call for call, _ in c.calls] == ["fleets"]


async def test_ids_cost_one_look_up_a_source() -> None:
    a, b = a_source("a"), a_source("b")
    wanted = [rid("1-plain"), rid("9-open"), rid("1-plain", "b")]

    await Graph([a, b]).data(RELEASES, filter={"ids": wanted})

    assert a.calls == [("releases_by_id", ("1-plain", "9-open"))]
    assert b.calls == [("releases_by_id", ("1-plain",))]


WRONG = [
    pytest.param({"sources": ["nowhere"]}, "BAD_ARGUMENT", "no source is called 'nowhere'; configured are: a", id="source"),  # noqa: E501
    pytest.param({"versionRange": "1.2"}, "BAD_ARGUMENT", "versionRange: ", id="range without operator"),
    pytest.param({"versionRange": ""}, "BAD_ARGUMENT", "versionRange: ", id="empty range"),
    pytest.param({"revisions": ["abc"]}, "BAD_ARGUMENT", "at least 7 characters", id="short revision"),
    pytest.param({"ids": ["42"]}, "INVALID_KEY", "not an id of this graph", id="id"),
    pytest.param({"ids": [fid("f")]}, "INVALID_KEY", "is an id of type Fleet; expected one of type Release", id="id of a fleet"),  # noqa: E501
    pytest.param({"fleetIds": [fid("f", "zz")]}, "INVALID_KEY", "the id is of source 'zz'", id="id of elsewhere"),
]  # fmt: skip


@pytest.mark.parametrize(("where", "code", "message"), WRONG)
async def test_a_filter_that_cannot_be_meant_is_refused_before_anyone_is_asked(
    where: Any, code: str, message: str
) -> None:
    graph = Graph([a_source()])

    error = await graph.error(RELEASES, filter=where)

    assert error["extensions"] == {"code": code}
    assert message in error["message"]
    assert graph.calls == []
