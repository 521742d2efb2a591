"""Pages of balena's releases in its own order: one call each, none lost at a boundary, and counts that are exact."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import pytest

from resolvers.errors import UpstreamPayloadError
from resolvers.graph.columns import linking
from resolvers.graph.enums import OrderDirection, PagingKind, ReleaseOrderField, ReleaseStatus, SourceKind
from resolvers.graph.release import Release
from resolvers.loaders import Loaders
from resolvers.upstreams.balena import FACTS, odata
from resolvers.upstreams.balena.client import Balena
from resolvers.upstreams.port import Chunk, FleetQuery, Page, Place, ReleaseQuery, ReleasesBelow
from tests.conftest import MockPort
from tests.contract.rewriting import Rewriting, every, first, inside

Open = Callable[..., Balena]
WHO_AM_I = "/balena/actor/v1/whoami"
ORDERS = [(field, direction) for field in FACTS.release_paging for direction in OrderDirection]
ATTRIBUTES = {ReleaseOrderField.CREATED_AT: "created_at", ReleaseOrderField.UPDATED_AT: "updated_at"}


@pytest.fixture
def balena(upstream: Callable[..., Any], mocks: MockPort) -> Open:
    mocks.mocks.switches["balena"]["compares_finely"] = True  # as the server stores
    return lambda **settings: upstream(SourceKind.BALENA, **{"select_cloud_fields": True, **settings})


async def rows_of(chunks: AsyncIterator[Chunk[Any]]) -> list[Any]:
    return [row for chunk in [chunk async for chunk in chunks] for row in chunk.rows]


def reads(mocks: MockPort) -> list[str]:
    return [unquote(path) for path in mocks.paths("balena") if path != WHO_AM_I]


async def all_releases(source: Balena) -> list[Release]:
    return await rows_of(source.releases(ReleaseQuery()))


async def fleet_ids(source: Balena) -> list[str]:
    return [fleet.native_id for fleet in await rows_of(source.fleets(FleetQuery()))]


async def walked(source: Balena, query: ReleaseQuery, size: int) -> tuple[list[Release], int]:
    """All pages one after the other, as whoever merges them asks: rows already seen are dropped. And how many."""
    attribute, seen, pages = ATTRIBUTES[query.order_field], dict[str, Release](), 0
    boundary: datetime | None = None
    while True:
        page = await source.release_page(query, Place(size, boundary))
        pages += 1
        before = len(seen)
        seen.update((row.native_id, row) for row in page.rows)
        if not page.has_more:
            return list(seen.values()), pages
        boundary = getattr(page.rows[-1], attribute)
        size = size if len(seen) > before else size * 2  # a page full of one instant: ask for more of it


@pytest.mark.parametrize(("field", "direction"), ORDERS)
@pytest.mark.parametrize("size", [7, 50])
async def test_a_walk_gives_every_release_in_order(
    balena: Open, field: ReleaseOrderField, direction: OrderDirection, size: int
) -> None:
    source = balena()
    query = ReleaseQuery(order_field=field, order_direction=direction)

    rows, _ = await walked(source, query, size)

    keys = [getattr(row, ATTRIBUTES[field]) for row in rows]
    assert keys == sorted(keys, reverse=direction is OrderDirection.DESC)
    assert {row.native_id for row in rows} == {row.native_id for row in await all_releases(source)}


def test_the_orders_of_instants_are_read_page_by_page() -> None:
    assert {*FACTS.release_paging.values()} == {PagingKind.KEYSET}
    assert set(FACTS.release_paging) == set(ATTRIBUTES)


async def test_a_page_is_one_call_of_so_many_rows(balena: Open, mocks: MockPort) -> None:
    page = await balena().release_page(ReleaseQuery(columns=frozenset({"created_at"})), Place(5))

    (path,) = reads(mocks)
    assert (len(page.rows), page.has_more) == (5, True)
    assert path.endswith("&$orderby=created_at desc,id asc&$top=5")


@pytest.mark.parametrize(
    ("direction", "condition"),
    [
        (OrderDirection.DESC, "le datetime'2026-03-04T05:06:07.124Z'"),
        (OrderDirection.ASC, "ge datetime'2026-03-04T05:06:07.122Z'"),
    ],
)
async def test_a_boundary_takes_a_millisecond_more(
    balena: Open, mocks: MockPort, direction: OrderDirection, condition: str
) -> None:
    place = Place(5, datetime(2026, 3, 4, 5, 6, 7, 123_000, tzinfo=UTC))

    await balena().release_page(ReleaseQuery(order_direction=direction), place)

    assert f"(created_at {condition})" in reads(mocks)[0]


@pytest.mark.parametrize("year", [1732, 9998])
async def test_a_boundary_outside_of_all_plausible_times_still_bounds(balena: Open, mocks: MockPort, year: int) -> None:
    page = await balena().release_page(ReleaseQuery(), Place(5, datetime(year, 4, 14, tzinfo=UTC)))

    assert f"(created_at le datetime'{year}-04-14T00:00:00.001Z')" in reads(mocks)[0]
    assert len(page.rows) == (0 if year == 1732 else 5)


async def test_rows_of_the_boundary_come_again(balena: Open) -> None:
    source = balena()
    ordered, _ = await walked(source, ReleaseQuery(), 50)
    middle = ordered[len(ordered) // 2]

    page = await source.release_page(ReleaseQuery(), Place(5, middle.created_at))

    assert middle.native_id in {row.native_id for row in page.rows}
    assert all(row.created_at <= middle.created_at + timedelta(milliseconds=1) for row in page.rows)  # type: ignore[operator]


async def test_rows_that_do_not_fit_are_failures_and_not_the_end(
    upstream: Callable[..., Any], rewriting: Rewriting
) -> None:
    rewriting.rules[r"/v7/release\?"] = first(raw_version=5)
    source = upstream(SourceKind.BALENA, url=f"{rewriting.url}/balena")

    page = await source.release_page(ReleaseQuery(), Place(5))

    assert (len(page.rows), page.has_more) == (4, True)
    assert [type(failure.error) for failure in page.failures] == [UpstreamPayloadError]


async def test_a_query_is_cut_into_parts_of_so_many_fleets(balena: Open, mocks: MockPort) -> None:
    source = balena()
    own = await fleet_ids(source)
    ids = (*own, *map(str, range(1, odata.MAX_NUMBERS + 2)), "not a number")

    scopes = await source.release_scopes(ReleaseQuery(fleet_ids=ids, statuses=(ReleaseStatus.AVAILABLE,)))
    pages = [await source.release_page(query, Place(500)) for query in scopes.queries]
    wanted = await rows_of(source.releases(ReleaseQuery(fleet_ids=ids, statuses=(ReleaseStatus.AVAILABLE,))))

    assert [len(query.fleet_ids or ()) for query in scopes.queries] == [odata.MAX_NUMBERS, len(own) + 1]
    assert {row.native_id for page in pages for row in page.rows} == {row.native_id for row in wanted}


async def test_a_query_of_all_fleets_is_one_part(balena: Open) -> None:
    query = ReleaseQuery(versions=("1.0.0",))

    assert (await balena().release_scopes(query)).queries == [query]


@pytest.mark.parametrize(
    "nothing", [ReleaseQuery(fleet_ids=("x",)), ReleaseQuery(names=()), ReleaseQuery(statuses=(ReleaseStatus.DELETED,))]
)
async def test_what_can_match_nothing_has_no_part_and_costs_no_call(
    balena: Open, mocks: MockPort, nothing: ReleaseQuery
) -> None:
    source = balena()

    assert (await source.release_scopes(nothing)).queries == []
    assert await source.release_page(nothing, Place(5)) == Page()
    assert await source.release_count(nothing) == 0
    assert reads(mocks) == []


# --- below fleets ---


@pytest.mark.parametrize(("field", "direction"), ORDERS)
async def test_every_fleet_gets_its_own_page_in_one_call(
    balena: Open, mocks: MockPort, field: ReleaseOrderField, direction: OrderDirection
) -> None:
    source = balena()
    ids, query = await fleet_ids(source), ReleaseQuery(order_field=field, order_direction=direction)
    before = len(reads(mocks))

    pages: Any = await source.release_pages_by_fleet_id([*ids, "1", "x"], query, Place(5))
    calls = len(reads(mocks)) - before
    alone = {one: await source.release_page(replace(query, fleet_ids=(one,)), Place(5)) for one in ids}

    assert calls == 1
    assert list(pages) == ids
    assert {one: [*map(shown, page.rows)] for one, page in pages.items()} == {
        one: [*map(shown, page.rows)] for one, page in alone.items()
    }
    assert {one: page.has_more for one, page in pages.items()} == {one: page.has_more for one, page in alone.items()}
    assert max(len(page.rows) for page in pages.values()) == 5


def shown(row: Release) -> dict[str, Any]:
    return {name: value for name, value in vars(row).items() if name != "native_of"}


async def test_pages_of_fleets_are_narrowed_and_begin_where_they_are_told(balena: Open) -> None:
    source = balena()
    ids = await fleet_ids(source)
    query = ReleaseQuery(statuses=(ReleaseStatus.AVAILABLE,))
    firsts: Any = await source.release_pages_by_fleet_id(ids, query, Place(2))
    boundary = max(page.rows[-1].created_at for page in firsts.values() if page.has_more)

    pages: Any = await source.release_pages_by_fleet_id(ids, query, Place(3, boundary))

    rows = [row for page in pages.values() for row in page.rows]
    assert {row.status for row in rows} == {ReleaseStatus.AVAILABLE}
    assert max(row.created_at for row in rows) <= boundary + timedelta(milliseconds=1)


async def test_a_release_that_does_not_fit_costs_only_the_page_of_its_fleet(
    upstream: Callable[..., Any], rewriting: Rewriting
) -> None:
    source = upstream(SourceKind.BALENA, url=f"{rewriting.url}/balena")
    ids = await fleet_ids(source)
    rewriting.rules[r"/v7/application\?"] = lambda rows: [
        *inside("owns__release", first(raw_version=5))(rows[:1]),
        *rows[1:],
    ]

    pages: Any = await source.release_pages_by_fleet_id(ids, ReleaseQuery(), Place(5))

    failed = [page for page in pages.values() if page.failures]
    assert len(pages) == len(ids)
    assert [(len(page.rows), page.has_more) for page in failed] == [(4, True)]


async def test_strangers_fleets_have_no_page(balena: Open) -> None:
    wide, narrow = balena(public=True), balena()
    theirs = [fleet.native_id for fleet in await rows_of(wide.fleets(FleetQuery())) if not fleet.is_mine]

    assert list(await wide.release_pages_by_fleet_id(theirs, ReleaseQuery(), Place(1))) == theirs
    assert await narrow.release_pages_by_fleet_id(theirs, ReleaseQuery(), Place(1)) == {}


BELOW = ReleasesBelow(
    ReleaseQuery(columns=frozenset({"name", "created_at", "artifacts_of", *linking("artifacts", {"name", "digests"})})),
    Place(5),
)


@pytest.mark.parametrize("public", [False, True])
async def test_a_fleet_with_its_newest_releases_and_their_images_is_one_call(
    balena: Open, mocks: MockPort, public: bool
) -> None:
    source = balena(public=public)
    ids = await fleet_ids(source)
    mocks.mocks.calls.clear()
    loaders = Loaders({"balena": source})
    loaders.below = BELOW

    fleets: Any = await source.fleets_by_id(ids, frozenset({"name"}), BELOW)
    calls = len(reads(mocks))
    loaders.received(list(fleets.values()))
    pages = [await loaders.release_page_by_fleet_key.load(("balena", one, BELOW.query, BELOW.place)) for one in ids]
    after = len(reads(mocks))
    asked: Any = await source.release_pages_by_fleet_id(ids, BELOW.query, BELOW.place)

    assert calls == after == (2 if public else 1)  # what is ours, and what is only seen
    assert (
        "&$expand=owns__release($select=id,raw_version,created_at;$expand=release_image($select=id;$expand=image("
        "$select=id,content_hash;$expand=is_a_build_of__service($select=service_name))),"
        "release_asset($select=id,asset_key,asset);$orderby=created_at desc,id asc;$top=5)"
    ) in reads(mocks)[0]
    assert [names(page) for page in pages] == [names(asked[one]) for one in ids]
    assert any(files for page in pages for _, files in names(page))


def names(page: Any) -> list[tuple[str, list[str]]]:
    return [(row.name, [file.name for file in row.artifacts_of()]) for row in page.rows]


async def test_listed_fleets_bring_their_releases_along_too(balena: Open, mocks: MockPort) -> None:
    fleets = await rows_of(balena().fleets(FleetQuery(columns=frozenset({"name"}), below=BELOW)))

    assert len(reads(mocks)) == 1
    assert {len(fleet.pages) for fleet in fleets} == {1}
    assert any(fleet.pages[BELOW].rows for fleet in fleets)


# --- counts ---

COUNTED: Sequence[ReleaseQuery] = (
    ReleaseQuery(),
    ReleaseQuery(statuses=(ReleaseStatus.AVAILABLE, ReleaseStatus.FAILED)),
    ReleaseQuery(versions=("1.0.0", "1.1.0"), statuses=(ReleaseStatus.AVAILABLE,)),
    ReleaseQuery(names=("1.0.0",)),
    ReleaseQuery(targets=("main",)),
    ReleaseQuery(revisions=("0" * 40, "abcdef0")),
)


@pytest.mark.parametrize("query", COUNTED, ids=str)
async def test_a_count_is_how_many_there_are(balena: Open, mocks: MockPort, query: ReleaseQuery) -> None:
    source = balena()
    listed = await rows_of(source.releases(query))
    ids = tuple(await fleet_ids(source))
    some = await rows_of(source.releases(replace(query, fleet_ids=ids[:3])))
    mocks.mocks.calls.clear()

    counts = await source.release_count(query), await source.release_count(replace(query, fleet_ids=ids[:3]))

    assert counts == (len(listed), len(some))
    assert [path.partition("?")[0] for path in reads(mocks)] == ["/balena/v7/release/$count"] * 2


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(ReleaseQuery(created_after=datetime(2026, 1, 1, tzinfo=UTC)), id="an instant, which is widened"),
        pytest.param(ReleaseQuery(created_before=datetime(2026, 1, 1, tzinfo=UTC)), id="the other end"),
        pytest.param(ReleaseQuery(versions=tuple(f"1.0.{n}" for n in range(60))), id="a list of two parts"),
        pytest.param(ReleaseQuery(versions=("é" * 1000,), names=("é" * 1000,)), id="too long for a URL"),
        pytest.param(ReleaseQuery(pipelines=("p",)), id="what balena does not know"),
        pytest.param(ReleaseQuery(revisions=("A" * 40,)), id="a commit in capitals"),
    ],
)
async def test_what_is_not_asked_to_the_letter_is_not_counted(
    balena: Open, mocks: MockPort, query: ReleaseQuery
) -> None:
    assert await balena().release_count(query) is None
    assert reads(mocks) == []


async def test_a_release_that_was_never_changed_breaks_nothing(
    upstream: Callable[..., Any], rewriting: Rewriting
) -> None:
    rewriting.rules[r"/v7/release\?"] = every(update_timestamp=None)
    source = upstream(SourceKind.BALENA, url=f"{rewriting.url}/balena")

    page = await source.release_page(ReleaseQuery(order_field=ReleaseOrderField.UPDATED_AT), Place(3))

    assert [row.updated_at for row in page.rows] == [None, None, None]
    assert page.failures == ()
