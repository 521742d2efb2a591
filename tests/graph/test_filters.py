"""Filters over HTTP: narrowed by an upstream or filtered here comes to the same, and only who can know is asked."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.conftest import MockPort
from tests.graph.conftest import Gateway

FACTS = "id name sourceName nativeId status revision createdAt version { raw scheme isPrerelease } fleet { id name }"
RELEASES = f"""query ($filter: ReleaseFilter, $after: String) {{
  releases(first: 200, filter: $filter, after: $after, orderBy: {{ field: NAME }}) {{
    totalCount pageInfo {{ hasNextPage endCursor }} sources {{ source {{ name }} state }} nodes {{ {FACTS} }} }} }}"""
FLEETS = """query ($filter: FleetFilter) { fleets(first: 200, filter: $filter) {
  sources { source { name } state }
  nodes { id name sourceName slug isPublic isArchived organization { name handle } } } }"""
ARTIFACTS = """query ($filter: ArtifactFilter) { artifacts(first: 200, filter: $filter) {
  totalCount sources { source { name } state } nodes { id sourceName kind target digests { algorithm value } } } }"""
Row = dict[str, Any]


async def found(gateway: Gateway, where: Any) -> list[Row]:
    """Every release that a filter lets through."""
    rows: list[Row] = []
    after = None
    while True:
        page = (await gateway.data(RELEASES, filter=where, after=after))["releases"]
        rows += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            assert page["totalCount"] == len(rows)
            return rows
        after = page["pageInfo"]["endCursor"]


def ids(rows: list[Row]) -> list[str]:
    return [row["id"] for row in rows]


def raw(row: Row) -> str | None:
    return row["version"]["raw"] if row["version"] else None


def instant(row: Row) -> datetime | None:
    return row["createdAt"] and datetime.fromisoformat(row["createdAt"])


def of_each_source(rows: list[Row], *facts: Callable[[Row], Any]) -> list[Row]:
    """The middle row of each source among those that have the facts."""
    able = [row for row in rows if all(fact(row) for fact in facts)]
    own = {name: [row for row in able if row["sourceName"] == name] for name in {row["sourceName"] for row in able}}
    return [own[name][len(own[name]) // 2] for name in sorted(own)]


async def assert_same(gateway: Gateway, where: Any, rows: list[Row], keep: Callable[[Row], Any]) -> None:
    assert ids(await found(gateway, where)) == [row["id"] for row in rows if keep(row)]


async def test_names_and_versions_are_the_same_pushed_down_or_not(gateway: Gateway) -> None:
    rows = await found(gateway, None)

    for one in of_each_source(rows):
        await assert_same(gateway, {"names": [one["name"]]}, rows, lambda row, one=one: row["name"] == one["name"])
    for one in of_each_source(rows, raw):
        await assert_same(gateway, {"versions": [raw(one)]}, rows, lambda row, one=one: raw(row) == raw(one))


async def test_many_names_are_any_of_them(gateway: Gateway) -> None:
    rows = await found(gateway, None)
    names = sorted({row["name"] for row in rows})

    await assert_same(gateway, {"names": names}, rows, lambda row: True)
    await assert_same(gateway, {"names": names[::2]}, rows, lambda row: row["name"] in names[::2])


async def test_a_commit_is_found_whole_and_by_its_beginning_in_every_source_that_knows_it(gateway: Gateway) -> None:
    rows = await found(gateway, None)
    of_two = of_each_source(rows, lambda row: row["revision"])

    assert [row["sourceName"] for row in of_two] == ["balena", "memfault"]
    for length in (7, 12, 40):
        prefixes = [row["revision"][:length] for row in of_two]
        await assert_same(
            gateway,
            {"revisions": prefixes},
            rows,
            lambda row, prefixes=prefixes: row["revision"] and row["revision"].startswith(tuple(prefixes)),
        )


async def test_every_status_is_the_same_pushed_down_or_not(gateway: Gateway) -> None:
    rows = await found(gateway, {"includeDeleted": True})
    statuses = {row["status"] for row in rows}

    assert {"DRAFT", "AVAILABLE", "IN_PROGRESS", "DEPLOYED", "CANCELLED", "CLOSED", "DELETED"} <= statuses
    for status in statuses:
        await assert_same(gateway, {"statuses": [status]}, rows, lambda row, status=status: row["status"] == status)
    for pair in (["DRAFT", "CANCELLED"], ["CLOSED", "AVAILABLE"], ["DELETED", "DEPLOYED"]):
        await assert_same(gateway, {"statuses": pair}, rows, lambda row, pair=pair: row["status"] in pair)


async def test_deleted_releases_are_listed_only_when_asked_for(gateway: Gateway) -> None:
    plain = await found(gateway, None)
    deleted = await found(gateway, {"statuses": ["DELETED"]})

    assert "DELETED" not in {row["status"] for row in plain}
    assert deleted
    assert sorted(ids(await found(gateway, {"includeDeleted": True}))) == sorted([*ids(plain), *ids(deleted)])


async def test_bounds_of_creation_hold_the_first_and_leave_out_the_last(gateway: Gateway) -> None:
    rows = await found(gateway, None)

    for one in of_each_source(rows, instant):
        at = instant(one)
        await assert_same(
            gateway, {"createdAfter": one["createdAt"]}, rows, lambda row, at=at: instant(row) and instant(row) >= at
        )
        await assert_same(
            gateway, {"createdBefore": one["createdAt"]}, rows, lambda row, at=at: instant(row) and instant(row) < at
        )
        span = {"createdAfter": one["createdAt"], "createdBefore": (at + timedelta(milliseconds=1)).isoformat()}
        assert one["id"] in ids(await found(gateway, span))


async def test_the_two_halves_of_time_hold_every_release_with_a_time_once(gateway: Gateway) -> None:
    rows = await found(gateway, None)
    middle = sorted(row["createdAt"] for row in rows if row["createdAt"])[len(rows) // 3]

    halves = [*await found(gateway, {"createdBefore": middle}), *await found(gateway, {"createdAfter": middle})]

    assert sorted(ids(halves)) == sorted(row["id"] for row in rows if row["createdAt"])


PLAIN = re.compile(r"v?(\d+)\.(\d+)\.(\d+)(\+.*)?")
RANGES = [
    pytest.param(">=1.2,<2", lambda numbers: (1, 2) <= numbers < (2,), id="between"),
    pytest.param("==1.0.*", lambda numbers: numbers[:2] == (1, 0), id="prefix"),
    pytest.param("~=1.1, !=1.1.1", lambda numbers: (1, 1) <= numbers < (2,) and numbers != (1, 1, 1), id="near"),
    pytest.param("<0.1", lambda numbers: numbers < (0, 1), id="below"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), RANGES)
async def test_a_range_holds_versions_by_their_numbers(
    gateway: Gateway, text: str, expected: Callable[[Any], bool]
) -> None:
    plain = {row["id"]: numbers(row) for row in await found(gateway, None) if numbers(row)}

    final = await found(gateway, {"versionRange": text})
    all_of_them = await found(gateway, {"versionRange": text, "includePrereleases": True})

    assert {row["id"] for row in final if row["id"] in plain} == {
        one for one, parts in plain.items() if expected(parts)
    }
    assert {row["version"]["scheme"] for row in all_of_them} <= {"SEMVER", "PEP440"}
    assert [row for row in all_of_them if not row["version"]["isPrerelease"]] == final


def numbers(row: Row) -> tuple[int, ...] | None:
    match = PLAIN.fullmatch(raw(row) or "")
    return match and tuple(map(int, match.groups()[:3]))


async def test_fleets_are_found_by_id_and_by_name_over_several_sources(gateway: Gateway) -> None:
    rows = await found(gateway, None)
    of_fleets = {row["fleet"]["id"] for row in of_each_source(rows)}

    await assert_same(gateway, {"fleetIds": sorted(of_fleets)}, rows, lambda row: row["fleet"]["id"] in of_fleets)
    named = await found(gateway, {"fleetNames": ["gateway", "Edge Gateway"]})
    assert ids(named) == [row["id"] for row in rows if row["fleet"]["name"] in ("gateway", "Edge Gateway")]
    assert {row["sourceName"] for row in named} == {"balena", "nerveshub", "memfault", "buildmaster"}


async def test_ids_and_what_else_is_asked_must_both_hold(gateway: Gateway) -> None:
    rows = await found(gateway, None)
    chosen = of_each_source(rows)
    name = chosen[0]["fleet"]["name"]

    assert ids(await found(gateway, {"ids": sorted(ids(chosen))})) == ids(sorted(chosen, key=rows.index))
    assert ids(await found(gateway, {"ids": ids(chosen), "fleetNames": [name]})) == [
        row["id"] for row in rows if row in chosen and row["fleet"]["name"] == name
    ]


async def test_fleets_are_the_same_pushed_down_or_not(gateway: Gateway) -> None:
    rows = (await gateway.data(FLEETS))["fleets"]["nodes"]
    cases: list[tuple[dict[str, Any], Callable[[Row], Any]]] = [
        ({"names": ["gateway", "Gauge"]}, lambda row: row["name"] in ("gateway", "Gauge")),
        ({"slugs": ["acme/gateway"]}, lambda row: row["slug"] == "acme/gateway"),
        ({"organizations": ["umbra"]}, lambda row: row["organization"] and "umbra" in row["organization"].values()),
        ({"isPublic": False}, lambda row: row["isPublic"] is False),
        ({"isArchived": True}, lambda row: row["isArchived"] is True),
        ({"isArchived": False}, lambda row: row["isArchived"] is False),
        ({"ids": [row["id"] for row in rows[::3]]}, lambda row: row in rows[::3]),
    ]

    for where, keep in cases:
        page = (await gateway.data(FLEETS, filter=where))["fleets"]
        assert page["nodes"] == [row for row in rows if keep(row)], where


async def test_artifacts_are_the_same_pushed_down_or_not(gateway: Gateway) -> None:
    for where, keep in [
        ({"kinds": ["RELEASE_ASSET", "SYMBOLS"]}, lambda row: row["kind"] in ("RELEASE_ASSET", "SYMBOLS")),
        ({"targets": ["rpi4"]}, lambda row: row["target"] == "rpi4"),
        ({"sources": ["memfault"], "kinds": ["FIRMWARE"]}, lambda row: row["kind"] == "FIRMWARE"),
    ]:
        page = (await gateway.data(ARTIFACTS, filter=where))["artifacts"]
        assert page["nodes"]
        assert all(keep(row) for row in page["nodes"]), where


async def test_a_file_is_found_by_its_checksum_with_and_without_the_algorithm(gateway: Gateway) -> None:
    rows = (await gateway.data(ARTIFACTS, filter={"sources": ["memfault"]}))["artifacts"]["nodes"]
    digest = next(digest for row in rows for digest in row["digests"] if digest["algorithm"] == "sha256")

    for text in (digest["value"], digest["value"].upper(), f"sha256:{digest['value']}"):
        page = (await gateway.data(ARTIFACTS, filter={"digests": [text]}))["artifacts"]
        assert [row["id"] for row in page["nodes"]] == [row["id"] for row in rows if digest in row["digests"]]


ASKED = [
    pytest.param(RELEASES, {"revisions": ["0123456"]}, {"balena", "memfault"}, id="revisions"),
    pytest.param(RELEASES, {"isClosed": True}, {"metakraftwerk"}, id="closed"),
    pytest.param(RELEASES, {"createdAfter": "2026-01-01T00:00:00Z"}, {"balena", "memfault", "buildmaster"}, id="time"),
    pytest.param(RELEASES, {"versions": ["1.0.0"]}, {"balena", "memfault", "buildmaster", "nerveshub"}, id="version"),
    pytest.param(RELEASES, {"statuses": ["DELETED"]}, {"metakraftwerk"}, id="deleted"),
    pytest.param(RELEASES, {"statuses": ["DEPLOYED"], "isClosed": False}, set(), id="nobody has both"),
    pytest.param(RELEASES, {"kinds": ["NERVESHUB"]}, {"nerveshub"}, id="kind"),
    pytest.param(RELEASES, {"sources": ["balena", "memfault"], "kinds": ["BALENA"]}, {"balena"}, id="source and kind"),
    pytest.param(FLEETS, {"slugs": ["acme/gateway"]}, {"balena", "memfault", "nerveshub"}, id="slug"),
    pytest.param(FLEETS, {"isPublic": True}, {"balena"}, id="public"),
    pytest.param(FLEETS, {"mine": False}, {"balena"}, id="of others"),
    pytest.param(ARTIFACTS, {}, {"balena", "memfault", "nerveshub", "metakraftwerk"}, id="artifacts"),
    pytest.param(ARTIFACTS, {"digests": ["ab" * 32]}, {"balena", "memfault"}, id="digest"),
    pytest.param(ARTIFACTS, {"kinds": ["DOWNLOAD"]}, {"metakraftwerk"}, id="downloads"),
    *(pytest.param(RELEASES, {name: []}, set(), id=f"no {name}") for name in (
        "ids", "sources", "kinds", "fleetIds", "fleetNames", "names", "versions", "revisions", "statuses")),
]  # fmt: skip


@pytest.mark.parametrize(("query", "where", "asked"), ASKED)
async def test_only_sources_that_can_know_are_asked(
    gateway: Gateway, mocks: MockPort, query: str, where: Any, asked: set[str]
) -> None:
    await gateway.data(query)  # logins, who-am-I and scopes are behind us
    mocks.mocks.calls.clear()

    reply = await gateway.data(query, filter=where)

    (page,) = reply.values()
    states = {one["source"]["name"]: one["state"] for one in page["sources"]}
    assert {name for name, state in states.items() if state == "LIVE"} == asked
    assert {name for name, state in states.items() if state == "SKIPPED"} == states.keys() - asked
    assert {call["source"] for call in mocks.calls} == asked


async def test_a_count_is_unknown_as_soon_as_one_source_failed(gateway: Gateway, mocks: MockPort) -> None:
    mocks.fail(source="buildmaster", status=503)

    reply = await gateway.post("{ releases { totalCount } few: releases(filter: { kinds: [BALENA] }) { totalCount } }")

    assert reply["data"]["releases"] == {"totalCount": None}
    assert reply["data"]["few"]["totalCount"] > 50
