"""What the balena adapter promises, on the wire against its mock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import aiohttp
import pytest
from pydantic import SecretStr

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
from resolvers.graph.fleet import Fleet
from resolvers.graph.native.balena import BalenaFleet
from resolvers.graph.release import Release
from resolvers.upstreams.balena import Config
from resolvers.upstreams.balena.client import Balena
from resolvers.upstreams.port import ArtifactQuery, Chunk, FleetQuery, ReleaseQuery
from tests.conftest import MockPort

T = TypeVar("T")
Open = Callable[..., Balena]
TOKEN = {"Authorization": "Bearer demo-balena-token"}
MINE = "belongs_to__application/any(a:a/is_directly_accessible_by__user/any(dau:true))"
WHO_AM_I = "/balena/actor/v1/whoami"


@pytest.fixture
def balena(upstream: Callable[..., Any]) -> Open:
    """Opens the adapter; the mock shows the hosted cloud unless it is told otherwise."""
    return lambda **settings: upstream(SourceKind.BALENA, **{"select_cloud_fields": True, **settings})


async def rows_of(chunks: AsyncIterator[Chunk[T]]) -> list[T]:
    return [row for chunk in [chunk async for chunk in chunks] for row in chunk.rows]


async def all_releases(source: Balena) -> list[Release]:
    return await rows_of(source.releases(ReleaseQuery()))


def ids(rows: list[Any]) -> list[str]:
    return sorted(row.native_id for row in rows)


def reads(mocks: MockPort) -> list[str]:
    """What was asked besides who-am-I."""
    return [path for path in mocks.paths("balena") if path != WHO_AM_I]


async def counted(http: aiohttp.ClientSession, mocks: MockPort, target: str) -> int:
    """What the mock itself counts."""
    async with http.get(f"{mocks.url}/balena/v7/{target}", headers=TOKEN) as reply:
        return int((await reply.json())["d"])


# --- whole lists ---


async def test_every_cut_of_the_world_is_listed_once(
    balena: Open, mocks: MockPort, http: aiohttp.ClientSession
) -> None:
    world = mocks.mocks.world
    cut = {one.commit for presence in world.presences("balena") for one in presence.cuts}

    releases = await all_releases(balena())

    assert cut <= {release.revision for release in releases}
    assert len({release.native_id for release in releases}) == len(releases)
    assert len(releases) == await counted(http, mocks, f"release/$count?$filter={MINE}")


async def test_a_list_of_releases_is_one_call(balena: Open, mocks: MockPort) -> None:
    await all_releases(balena())

    assert len(reads(mocks)) == 1


async def test_every_fleet_of_ours_is_listed_archived_ones_too(balena: Open, mocks: MockPort) -> None:
    products = {presence.product.slug for presence in mocks.mocks.world.presences("balena")}

    fleets = await rows_of(balena().fleets(FleetQuery()))

    assert {fleet.name for fleet in fleets} == {*products, "smart-sink-legacy"}
    assert [fleet.name for fleet in fleets if fleet.is_archived] == ["smart-sink-legacy"]
    assert {fleet.is_mine for fleet in fleets} == {True}
    assert len(reads(mocks)) == 1


async def test_releases_lead_to_fleets_that_are_listed(balena: Open) -> None:
    source = balena()

    releases, fleets = await all_releases(source), await rows_of(source.fleets(FleetQuery()))

    assert {release.fleet_native_id for release in releases} == {fleet.native_id for fleet in fleets}


async def test_lists_ask_for_no_heavy_column(balena: Open, mocks: MockPort) -> None:
    await all_releases(balena())

    assert not [name for name in ("build_log", "composition", "contract") if name in reads(mocks)[0]]


async def test_every_artifact_is_listed_once_with_all_its_releases(
    balena: Open, mocks: MockPort, http: aiohttp.ClientSession
) -> None:
    artifacts = await rows_of(balena().artifacts(ArtifactQuery()))

    uses = [one for artifact in artifacts for one in artifact.release_native_ids]
    links = await counted(http, mocks, f"release_image/$count?$filter=is_part_of__release/any(r:r/{MINE})")
    files = await counted(http, mocks, f"release_asset/$count?$filter=release/any(r:r/{MINE})")
    assert len(set(ids(artifacts))) == len(artifacts)
    assert len(uses) == links + files
    assert max(len(artifact.release_native_ids) for artifact in artifacts) > 1
    assert len([path for path in reads(mocks) if "$count" not in path]) == 1


@pytest.mark.parametrize(
    ("kind", "expanded", "left_out"),
    [
        pytest.param(ArtifactKind.CONTAINER_IMAGE, "release_image(", "release_asset(", id="images"),
        pytest.param(ArtifactKind.RELEASE_ASSET, "release_asset(", "release_image(", id="assets"),
    ],
)
async def test_only_the_kind_of_artifact_that_is_wanted_is_expanded(
    balena: Open, mocks: MockPort, kind: ArtifactKind, expanded: str, left_out: str
) -> None:
    artifacts = await rows_of(balena().artifacts(ArtifactQuery(kinds=(kind,))))

    assert {artifact.kind for artifact in artifacts} == {kind}
    assert expanded in reads(mocks)[0]
    assert left_out not in reads(mocks)[0]


async def test_a_kind_balena_does_not_have_costs_no_call(balena: Open, mocks: MockPort) -> None:
    artifacts = await rows_of(balena().artifacts(ArtifactQuery(kinds=(ArtifactKind.SYMBOLS,))))

    assert artifacts == []
    assert mocks.paths("balena") == []


# --- who am I ---


async def test_who_am_i_is_asked_once_before_reads_that_come_together(balena: Open, mocks: MockPort) -> None:
    source = balena()

    await asyncio.gather(all_releases(source), rows_of(source.fleets(FleetQuery())), source.releases_by_id(["1"]))

    assert mocks.paths("balena")[0] == WHO_AM_I
    assert mocks.paths("balena").count(WHO_AM_I) == 1
    assert len(reads(mocks)) == 3


@pytest.mark.parametrize("settings", [{}, {"public": True}, {"organizations": ("acme",)}], ids=str)
async def test_a_bad_token_is_refused_and_never_an_empty_list(
    balena: Open, mocks: MockPort, settings: dict[str, Any]
) -> None:
    source = balena(token="stale-token-0815", **settings)

    with pytest.raises(UpstreamRefused) as caught:
        await all_releases(source)

    assert mocks.paths("balena") == [WHO_AM_I]
    assert "stale-token-0815" not in f"{caught.value} {caught.value.extensions}"


async def test_a_bad_token_leaves_looked_up_keys_unknown_not_absent(balena: Open) -> None:
    source = balena(token="stale-token-0815")

    found = await asyncio.gather(
        source.releases_by_id(["1"]),
        source.fleets_by_id(["1"]),
        source.artifacts_by_id(["image/1"]),
        source.artifacts_by_release_id(["1"]),
        source.columns_by_release_id(["1"], frozenset({"build_log"})),
    )

    assert [type(value) for answer in found for value in answer.values()] == [UpstreamRefused] * 5


# --- the scope ---


async def test_organizations_narrow_the_scope(balena: Open) -> None:
    source = balena(organizations=("umbra",))

    fleets = await rows_of(source.fleets(FleetQuery()))
    releases = await all_releases(source)
    artifacts = await rows_of(source.artifacts(ArtifactQuery()))

    assert [(fleet.slug, fleet.is_mine) for fleet in fleets] == [("umbra/dock", True)]
    assert {release.fleet_native_id for release in releases} == {fleets[0].native_id}
    assert {one for artifact in artifacts for one in artifact.release_native_ids} <= set(ids(releases))


async def test_public_adds_what_is_not_ours_and_says_so(balena: Open, mocks: MockPort) -> None:
    fleets = await rows_of(balena(public=True).fleets(FleetQuery()))

    strangers = {fleet.slug for fleet in fleets if not fleet.is_mine}
    assert strangers == {"balena_os/raspberrypi4-64", "open-weather/weather-station"}
    assert len(reads(mocks)) == 2


async def test_releases_of_public_fleets_are_listed_with_public_only(balena: Open) -> None:
    narrow, wide = await all_releases(balena()), await all_releases(balena(public=True))

    assert set(ids(narrow)) < set(ids(wide))


async def test_what_is_outside_the_scope_is_not_found(balena: Open) -> None:
    wide, narrow = balena(public=True), balena()
    theirs = sorted({*ids(await all_releases(wide))} - {*ids(await all_releases(narrow))})
    files = await wide.artifacts_by_release_id(theirs)
    file = next(one.native_id for found in files.values() if not isinstance(found, UpstreamError) for one in found)

    fleet = next(fleet for fleet in await rows_of(wide.fleets(FleetQuery())) if not fleet.is_mine).native_id

    assert [*await wide.releases_by_id(theirs)] == theirs
    assert await narrow.releases_by_id(theirs) == {}
    assert await narrow.artifacts_by_release_id(theirs) == {}
    assert await narrow.columns_by_release_id(theirs, frozenset({"composition"})) == {}
    assert [*await wide.artifacts_by_id([file])] == [file]
    assert await narrow.artifacts_by_id([file]) == {}
    assert [*await wide.fleets_by_id([fleet])] == [fleet]
    assert await narrow.fleets_by_id([fleet]) == {}


async def test_public_fleets_that_cannot_be_read_cost_only_themselves(balena: Open, mocks: MockPort) -> None:
    mocks.fail(source="balena", path="*not%20(is_directly*", status=503)

    chunks = [chunk async for chunk in balena(public=True).fleets(FleetQuery())]

    assert [len(chunk.rows) > 0 for chunk in chunks] == [True, False]
    assert [type(failure.error) for chunk in chunks for failure in chunk.failures] == [UpstreamBroken]


async def test_a_fleet_looked_up_is_found_although_the_public_ones_fail(balena: Open, mocks: MockPort) -> None:
    source = balena(public=True)
    mine = next(fleet.native_id for fleet in await rows_of(source.fleets(FleetQuery())) if fleet.is_mine)
    mocks.fail(source="balena", path="*not%20(is_directly*", status=503)

    found = await source.fleets_by_id([mine, "1"])

    assert isinstance(found[mine], Fleet)
    assert isinstance(found["1"], UpstreamBroken)


# --- narrowing ---


@pytest.mark.parametrize("status", ReleaseStatus)
async def test_a_status_narrows_to_exactly_the_releases_that_show_it(balena: Open, status: ReleaseStatus) -> None:
    source = balena()
    wanted = [release for release in await all_releases(source) if release.status is status]

    narrowed = await rows_of(source.releases(ReleaseQuery(statuses=(status,))))

    assert ids(narrowed) == ids(wanted)


async def test_a_target_narrows_to_exactly_the_releases_with_an_image_of_that_service(balena: Open) -> None:
    source = balena()
    artifacts = await rows_of(source.artifacts(ArtifactQuery()))
    service = next(one.target for one in artifacts if one.target and one.target != "main")
    wanted = {native_id for one in artifacts if one.target == service for native_id in one.release_native_ids}

    narrowed = await rows_of(source.releases(ReleaseQuery(targets=(service, "nobody's"))))

    assert set(ids(narrowed)) == wanted
    assert len(wanted) < len(await all_releases(source))


async def test_several_statuses_are_an_or(balena: Open) -> None:
    source = balena()
    chosen = (ReleaseStatus.FAILED, ReleaseStatus.DRAFT, ReleaseStatus.DELETED)
    wanted = [release for release in await all_releases(source) if release.status in chosen]

    narrowed = await rows_of(source.releases(ReleaseQuery(statuses=chosen)))

    assert ids(narrowed) == ids(wanted)
    assert {release.status for release in narrowed} == {ReleaseStatus.FAILED, ReleaseStatus.DRAFT}


def _of_version(query: ReleaseQuery, one: Release) -> ReleaseQuery:
    return replace(query, versions=(one.raw_version or "", "it's not/there&+"))


def _of_name(query: ReleaseQuery, one: Release) -> ReleaseQuery:
    return replace(query, names=(one.name,))


def _of_commit(query: ReleaseQuery, one: Release) -> ReleaseQuery:
    return replace(query, revisions=(one.revision or "",))


def _of_prefix(query: ReleaseQuery, one: Release) -> ReleaseQuery:
    return replace(query, revisions=((one.revision or "")[:7], "0" * 40))


def _of_fleet(query: ReleaseQuery, one: Release) -> ReleaseQuery:
    return replace(query, fleet_ids=(one.fleet_native_id or "", "not-a-number"))


def _of_instant(query: ReleaseQuery, one: Release) -> ReleaseQuery:
    """The millisecond balena prints: what it stores is a little later."""
    printed = one.created_at or datetime.max
    return replace(query, created_after=printed, created_before=printed + timedelta(microseconds=1))


@pytest.mark.parametrize("narrow", [_of_version, _of_name, _of_commit, _of_prefix, _of_fleet, _of_instant])
async def test_narrowing_loses_no_release_that_matches(
    balena: Open, mocks: MockPort, narrow: Callable[[ReleaseQuery, Release], ReleaseQuery]
) -> None:
    mocks.mocks.switches["balena"]["compares_finely"] = True
    source = balena()
    releases = await all_releases(source)
    one = next(release for release in releases if "+" in release.name)

    narrowed = await rows_of(source.releases(narrow(ReleaseQuery(), one)))

    assert one.native_id in ids(narrowed)
    assert len(narrowed) < len(releases)


@pytest.mark.parametrize(
    "query",
    [
        ReleaseQuery(fleet_ids=()),
        ReleaseQuery(fleet_ids=("org/product",)),
        ReleaseQuery(versions=()),
        ReleaseQuery(names=("\0",)),
        ReleaseQuery(revisions=()),
        ReleaseQuery(targets=("\0",)),
        ReleaseQuery(statuses=(ReleaseStatus.DEPLOYED,)),
    ],
    ids=[
        "no fleet",
        "no fleet of balena",
        "no version",
        "no text a database holds",
        "no commit",
        "no service",
        "no status of balena",
    ],
)
async def test_what_cannot_match_costs_no_call(balena: Open, mocks: MockPort, query: ReleaseQuery) -> None:
    assert await rows_of(balena().releases(query)) == []
    assert mocks.paths("balena") == []


async def test_many_fleets_are_asked_two_hundred_at_a_time(balena: Open, mocks: MockPort) -> None:
    source = balena()
    everything = await all_releases(source)
    fleets = [*{release.fleet_native_id or "" for release in everything}, *map(str, range(1, 450))]
    mocks.mocks.calls.clear()

    releases = await rows_of(source.releases(ReleaseQuery(fleet_ids=tuple(fleets))))

    assert ids(releases) == ids(everything)
    assert len(reads(mocks)) == 3


async def test_no_url_outgrows_what_front_ends_take(balena: Open, mocks: MockPort) -> None:
    query = ReleaseQuery(
        fleet_ids=tuple(str(2**31 - 1 - number) for number in range(200)),
        names=tuple(f"{number}.0.0-some-long-name+build.{number}" for number in range(50)),
        versions=tuple(f"{number}.0.0+build.{number}" for number in range(80)),
        revisions=tuple(f"{number:040x}" for number in range(50)),
        statuses=tuple(ReleaseStatus),
        created_after=datetime(1, 1, 1, tzinfo=UTC),
        created_before=datetime.max.replace(tzinfo=UTC),
    )

    assert await rows_of(balena(organizations=tuple(f"handle-{n}" for n in range(50))).releases(query)) == []
    assert max(len(path) for path in mocks.paths("balena")) < 6_000


@pytest.mark.parametrize(
    ("query", "slugs"),
    [
        pytest.param(FleetQuery(names=("dock",)), {"umbra/dock"}, id="name"),
        pytest.param(FleetQuery(slugs=("acme/gauge", "acme/dock")), {"acme/gauge"}, id="slug"),
        pytest.param(FleetQuery(organizations=("umbra",)), {"umbra/dock"}, id="organization by handle"),
        pytest.param(FleetQuery(organizations=("Umbra",)), {"umbra/dock"}, id="organization by name"),
        pytest.param(FleetQuery(is_archived=True), {"acme/smart-sink-legacy"}, id="archived"),
        pytest.param(FleetQuery(is_public=True), set(), id="public"),
        pytest.param(FleetQuery(names=()), set(), id="no name"),
    ],
)
async def test_fleets_are_narrowed_by_balena(balena: Open, query: FleetQuery, slugs: set[str]) -> None:
    assert {fleet.slug for fleet in await rows_of(balena().fleets(query))} == slugs


# --- look-ups ---


async def test_releases_are_found_by_id_as_they_are_listed(balena: Open, mocks: MockPort) -> None:
    source = balena()
    listed = {release.native_id: release for release in await all_releases(source)}
    mocks.mocks.calls.clear()

    found = await source.releases_by_id([*listed, "1"])

    assert set(found) == set(listed)
    assert {native_id: release.native_of() for native_id, release in listed.items()} == {
        native_id: release.native_of() for native_id, release in found.items() if isinstance(release, Release)
    }
    assert len(reads(mocks)) == 1


async def test_fleets_are_found_by_id_in_one_call(balena: Open, mocks: MockPort) -> None:
    source = balena()
    listed = ids(await rows_of(source.fleets(FleetQuery())))
    mocks.mocks.calls.clear()

    found = await source.fleets_by_id([*listed, "1"])

    assert sorted(found) == listed
    assert len(reads(mocks)) == 1


async def test_artifacts_are_found_by_id_as_they_are_listed_in_a_call_for_each_kind(
    balena: Open, mocks: MockPort
) -> None:
    source = balena()
    listed = {one.native_id: one for one in await rows_of(source.artifacts(ArtifactQuery()))}
    reused = next(one for one in listed.values() if len(one.release_native_ids) > 1).native_id
    asset = next(one for one in listed.values() if one.kind is ArtifactKind.RELEASE_ASSET).native_id
    mocks.mocks.calls.clear()

    found = await source.artifacts_by_id([reused, asset, "image/1"])

    assert _plain(found[asset]) == _plain(listed[asset])
    assert _plain(found[reused]) == _plain(listed[reused])
    assert set(found) == {reused, asset}
    assert len(reads(mocks)) == 2


async def test_artifacts_of_many_releases_are_one_call_for_each_chunk(balena: Open, mocks: MockPort) -> None:
    source = balena()
    releases = ids(await all_releases(source))
    mocks.mocks.calls.clear()

    found = await source.artifacts_by_release_id([*releases, *map(str, range(1, 250))])

    assert sorted(found) == releases
    assert {native_id: _owners(files) for native_id, files in found.items() if files} == {
        native_id: {(native_id,)} for native_id in releases if found[native_id]
    }
    assert len(reads(mocks)) == -(-(len(releases) + 249) // 200)


async def test_heavy_columns_come_when_asked_and_only_those(balena: Open, mocks: MockPort) -> None:
    source = balena()
    release = (await all_releases(source))[0]
    mocks.mocks.calls.clear()

    found = await source.columns_by_release_id([release.native_id], frozenset({"build_log", "composition"}))

    values = found[release.native_id]
    assert not isinstance(values, UpstreamError)
    assert set(values) == {"build_log", "composition"}
    assert values["build_log"].startswith("Building commit")
    assert isinstance(values["composition"], dict)
    assert "$select=id,build_log,composition&" in reads(mocks)[0]


@pytest.mark.parametrize("native_id", ["", "x", "-1", "01", "1.5", "2147483648", "1,2", "acme/sink", "file/1", "١"])
async def test_ids_that_cannot_be_meant_never_reach_the_wire(balena: Open, mocks: MockPort, native_id: str) -> None:
    source = balena()

    found = [
        await source.releases_by_id([native_id]),
        await source.fleets_by_id([native_id]),
        await source.artifacts_by_id([native_id, f"image/{native_id}", f"{native_id}/1"]),
        await source.artifacts_by_release_id([native_id]),
        await source.columns_by_release_id([native_id], frozenset({"contract"})),
    ]

    assert found == [{}] * 5
    assert mocks.paths("balena") == []


async def test_a_part_that_fails_leaves_the_others_found(balena: Open, mocks: MockPort) -> None:
    source = balena()
    listed = ids(await all_releases(source))
    numbers = list(map(str, range(1, 201)))
    mocks.fail(source="balena", path="*(1,2,3,*", status=503)

    found = await source.releases_by_id([*numbers, *listed])

    assert {native_id for native_id, one in found.items() if isinstance(one, UpstreamBroken)} == set(numbers)
    assert {native_id for native_id, one in found.items() if isinstance(one, Release)} == set(listed)


# --- trouble ---


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        pytest.param({"status": 401}, UpstreamRefused, id="refused"),
        pytest.param({"status": 403}, UpstreamRefused, id="forbidden"),
        pytest.param({"status": 429, "retry_after": 7}, UpstreamBusy, id="rate limited"),
        pytest.param({"status": 500}, UpstreamRejected, id="a mistake in our request"),
        pytest.param({"status": 400}, UpstreamRejected, id="malformed"),
        pytest.param({"status": 414}, UpstreamRejected, id="URL too long for a front end"),
        pytest.param({"status": 431}, UpstreamRejected, id="URL too long"),
        pytest.param({"status": 404}, UpstreamRejected, id="unknown root"),
        pytest.param({"status": 503}, UpstreamBroken, id="maintenance"),
        pytest.param({"drop": True}, UpstreamUnreachable, id="hung up"),
        pytest.param({"cut_body": True}, UpstreamUnreachable, id="cut short"),
        pytest.param({"wrong_shape": True}, UpstreamPayloadError, id="no known shape"),
    ],
)
@pytest.mark.parametrize("path", [WHO_AM_I, "/balena/v7/*"])
async def test_trouble_becomes_its_error(
    balena: Open, mocks: MockPort, fault: dict[str, Any], error: type[UpstreamError], path: str
) -> None:
    mocks.fail(source="balena", path=path, **fault)

    with pytest.raises(error) as caught:
        await all_releases(balena())

    assert type(caught.value) is error
    assert str(caught.value).startswith("balena: ")
    assert "demo-balena-token" not in f"{caught.value} {caught.value.extensions}"


async def test_the_wait_balena_asks_for_is_told(balena: Open, mocks: MockPort) -> None:
    mocks.fail(source="balena", path="/balena/v7/*", status=429, retry_after=7)

    with pytest.raises(UpstreamBusy) as caught:
        await all_releases(balena())

    assert caught.value.retry_after_s == 7


async def test_a_source_that_comes_back_is_asked_again(balena: Open, mocks: MockPort) -> None:
    mocks.fail(source="balena", path=WHO_AM_I, status=503, times=1)
    source = balena()
    with pytest.raises(UpstreamBroken):
        await all_releases(source)

    assert await all_releases(source)


# --- openBalena ---


@pytest.mark.parametrize(
    ("settings", "has_cloud_fields"),
    [
        pytest.param({"url": "https://api.balena-cloud.com"}, True, id="the cloud"),
        pytest.param({"url": "https://api.devices.example"}, False, id="a server of one's own"),
        pytest.param({"url": "https://api.devices.example", "select_cloud_fields": True}, True, id="told so"),
        pytest.param({"url": "https://api.balena-cloud.com", "select_cloud_fields": False}, False, id="told not"),
    ],
)
def test_cloud_only_fields_are_for_the_cloud(settings: dict[str, Any], has_cloud_fields: bool) -> None:
    config = Config(kind=SourceKind.BALENA, token=SecretStr("t"), **settings)

    assert config.has_cloud_fields is has_cloud_fields


async def test_an_open_server_is_asked_for_nothing_it_does_not_know(balena: Open, mocks: MockPort) -> None:
    mocks.mocks.switches["balena"]["open_server"] = True
    source = balena(select_cloud_fields=None)

    releases, fleets = await all_releases(source), await rows_of(source.fleets(FleetQuery()))

    assert {release.created_by for release in releases} == {None}
    assert {_native_fleet(fleet).is_discoverable for fleet in fleets} == {None}


async def test_the_cloud_tells_who_made_a_release_as_far_as_it_shows(balena: Open) -> None:
    makers = [release.created_by for release in await all_releases(balena())]

    assert any(makers)
    assert all(maker.native_id for maker in makers if maker)


def _native_fleet(fleet: Fleet) -> BalenaFleet:
    native = fleet.native_of()
    assert isinstance(native, BalenaFleet)
    return native


def _owners(files: Sequence[Artifact] | UpstreamError) -> set[tuple[str, ...]]:
    assert not isinstance(files, UpstreamError)
    return {file.release_native_ids for file in files}


def _plain(artifact: Artifact | UpstreamError) -> tuple[Any, ...]:
    """As a value: what is built when asked is never equal, and its releases come in no order."""
    assert isinstance(artifact, Artifact)
    releases = tuple(sorted(artifact.release_native_ids))
    bare = replace(artifact, release_native_ids=releases, details_of=_nothing)
    return bare, artifact.details_of()


def _nothing() -> None:
    return None
