"""What holds for every kind that has an adapter. A new one comes in with its line in the registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from resolvers import keys
from resolvers.graph.enums import SourceKind
from resolvers.upstreams.port import ArtifactQuery, Fact, FleetQuery, ReleaseQuery
from resolvers.upstreams.registry import ADAPTERS
from tests.conftest import MockPort
from tests.contract.conftest import CREDENTIALS, Open
from tests.contract.questions import (
    EVERY_KIND,
    EVERY_LIST,
    EVERY_LOOK_UP,
    LOOK_UPS,
    READS,
    by_id,
    facts_of,
    plain,
    read,
    rows_of,
    unknown,
)

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
ARTIFACT_KINDS = [kind for kind in ADAPTERS if facts_of(kind).artifact_kinds]
EVERY_KIND_WITH_ARTIFACTS = pytest.mark.parametrize("kind", ARTIFACT_KINDS, ids=lambda kind: kind.value.lower())


# Lists


@EVERY_LIST
async def test_a_list_is_whole_and_each_row_has_an_id_of_its_own(kind: SourceKind, what: str, opened: Open) -> None:
    adapter = opened(kind, what)

    outcome = await read(READS[what](adapter))

    ids = [row.native_id for row in outcome.rows]
    assert outcome.errors == []
    assert ids
    assert len(set(ids)) == len(ids)
    assert {row.source_name for row in outcome.rows} == {kind.value.lower()}


@EVERY_LOOK_UP
async def test_a_global_id_reads_back(kind: SourceKind, what: str, opened: Open) -> None:
    adapter = opened(kind, what)

    rows = await rows_of(adapter, what)

    assert [keys.decode(row.id())[1:] for row in rows] == [row.route for row in rows]


@EVERY_KIND
async def test_releases_and_artifacts_stay_inside_the_facts(kind: SourceKind, upstream: Open) -> None:
    adapter, facts = upstream(kind), facts_of(kind)

    releases = (await read(adapter.releases(ReleaseQuery()))).rows
    artifacts = (await read(adapter.artifacts(ArtifactQuery()))).rows

    assert facts.kind is kind
    assert {release.status for release in releases} <= facts.release_statuses
    assert {artifact.kind for artifact in artifacts} <= facts.artifact_kinds


@EVERY_KIND
async def test_what_a_kind_claims_to_know_is_told_and_nothing_else(kind: SourceKind, upstream: Open) -> None:
    adapter, facts = upstream(kind), facts_of(kind)

    releases = (await read(adapter.releases(ReleaseQuery()))).rows
    fleets = (await read(adapter.fleets(FleetQuery()))).rows

    of_releases = {
        fact for fact, name in FACT_OF_RELEASE.items() if any(getattr(row, name) is not None for row in releases)
    }
    of_fleets = {fact for fact, name in FACT_OF_FLEET.items() if any(getattr(row, name) is not None for row in fleets)}
    assert of_releases == facts.release_facts & set(FACT_OF_RELEASE)
    assert of_fleets == facts.fleet_facts & set(FACT_OF_FLEET)


@EVERY_LOOK_UP
async def test_every_instant_is_aware_and_in_utc(kind: SourceKind, what: str, opened: Open) -> None:
    adapter = opened(kind, what)

    rows = await rows_of(adapter, what)

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


@EVERY_LOOK_UP
async def test_every_listed_id_finds_the_same_row_again(kind: SourceKind, what: str, opened: Open) -> None:
    adapter = opened(kind, what)
    listed = by_id(await rows_of(adapter, what))

    found = await LOOK_UPS[what](adapter, list(listed))

    assert listed
    assert {native_id: plain(row) for native_id, row in found.items()} == listed


@EVERY_LOOK_UP
async def test_one_id_alone_finds_the_same_row_as_with_others(kind: SourceKind, what: str, opened: Open) -> None:
    adapter = opened(kind, what)
    row = (await rows_of(adapter, what))[0]

    known = await LOOK_UPS[what](adapter, [row.native_id])
    stranger = await LOOK_UPS[what](opened(kind, what), [row.native_id])

    assert [by_id(found.values()) for found in (known, stranger)] == [by_id([row])] * 2


@EVERY_LOOK_UP
async def test_an_id_asked_twice_is_found_once(kind: SourceKind, what: str, opened: Open) -> None:
    adapter = opened(kind, what)
    native_id = (await rows_of(adapter, what))[0].native_id

    found = await LOOK_UPS[what](adapter, [native_id, native_id])

    assert list(found) == [native_id]


@EVERY_LOOK_UP
async def test_an_unknown_id_is_not_found_next_to_a_known_one(kind: SourceKind, what: str, opened: Open) -> None:
    adapter = opened(kind, what)
    ids = [row.native_id for row in await rows_of(adapter, what)]

    found = await LOOK_UPS[what](adapter, [*unknown(ids), ids[0]])

    assert list(found) == [ids[0]]


@EVERY_LOOK_UP
async def test_an_unknown_id_is_not_found_alone_either(kind: SourceKind, what: str, opened: Open) -> None:
    adapter = opened(kind, what)
    missing = unknown(row.native_id for row in await rows_of(adapter, what))

    found = [await LOOK_UPS[what](opened(kind, what), [native_id]) for native_id in missing]

    assert found == [{}] * len(missing)
    assert await LOOK_UPS[what](adapter, missing) == {}


@EVERY_LOOK_UP
async def test_what_cannot_be_an_id_is_not_found_and_not_asked_for(
    kind: SourceKind, what: str, opened: Open, mocks: MockPort
) -> None:
    adapter = opened(kind, what)
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


# Secrets


@EVERY_KIND
async def test_a_configuration_does_not_show_its_token(kind: SourceKind, upstream: Open) -> None:
    adapter: Any = upstream(kind)

    shown = f"{adapter.config!r} {adapter.http!r}"

    assert CREDENTIALS[kind]["token"] not in shown
