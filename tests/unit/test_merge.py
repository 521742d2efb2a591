"""Merge: sources that keep an order themselves are read page by page, and nobody could tell from what is shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import dropwhile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resolvers.errors import UpstreamBroken
from resolvers.federation import pagers
from resolvers.federation.cursor import MAX_LENGTH, Cursors, Hint, hint_mark
from resolvers.federation.order import Position
from resolvers.federation.ordered import MAX_TIES
from resolvers.graph.enums import AnswerState, OrderDirection, PagingKind, ReleaseOrderField
from resolvers.graph.inputs import ReleaseFilter, ReleaseOrder
from resolvers.graph.window import Window
from resolvers.transport import freshness
from resolvers.upstreams.port import Columns, Failure, Page, Place, ReleaseQuery
from tests.unit.fake_upstreams import FakeUpstream, release, silent
from tests.unit.ordered_upstreams import OrderedUpstream, keeping
from tests.unit.test_pages import NOON, Route, Walk, World, everything, page

NEWEST = ReleaseOrder()
OLDEST = ReleaseOrder(direction=OrderDirection.ASC)
ORDERS = st.builds(
    ReleaseOrder,
    field=st.sampled_from([ReleaseOrderField.CREATED_AT, ReleaseOrderField.UPDATED_AT]),
    direction=st.sampled_from(OrderDirection),
)
MOMENTS = st.builds(
    lambda ms, us: NOON + timedelta(milliseconds=ms, microseconds=us), st.integers(0, 4), st.sampled_from([0, 400, 999])
)
FACTS = st.fixed_dictionaries({
    "created_at": MOMENTS, "updated_at": MOMENTS, "fleet_native_id": st.sampled_from(["f", "g"]),
})  # fmt: skip
IDS = st.integers(0, 30).map(str)
WORLDS = st.dictionaries(st.tuples(st.sampled_from(["keyset", "pages", "scoped", "whole"]), IDS), FACTS, max_size=40)
SIZES = st.sampled_from([1, 2, 7, 50])


def upstreams_of(world: World) -> list[FakeUpstream]:
    """One source of each manner; the last has rows without a time too."""

    def rows(name: str) -> list[Any]:
        return [release(*route, **facts) for route, facts in world.items() if route[0] == name]

    numbered = keeping(PagingKind.PAGES, 3)
    timeless = [release("whole", f"n{number}") for number in range(2)]
    return [
        OrderedUpstream("keyset", rows=rows("keyset")),
        OrderedUpstream("pages", numbered, rows=rows("pages")),
        OrderedUpstream("scoped", numbered, rows=rows("scoped"), has_scopes=True),
        FakeUpstream("whole", rows=[*rows("whole"), *timeless]),
    ]


def in_a_row(count: int, name: str = "pages") -> list[Any]:
    """Releases a second apart, oldest first."""
    return [
        release(name, str(number), created_at=NOON + timedelta(seconds=number), updated_at=NOON)
        for number in range(count)
    ]


@given(world=WORLDS, order=ORDERS, size=SIZES, is_backward=st.booleans())
@settings(max_examples=150, deadline=None)
async def test_a_walk_shows_what_sorting_everything_shows(
    world: World, order: ReleaseOrder, size: int, is_backward: bool
) -> None:
    upstreams = upstreams_of(world)

    walk = await Walk(upstreams, order, size, is_backward).done()

    assert walk.shown == everything(upstreams, order)


@given(world=WORLDS, order=ORDERS, start=st.integers(0, 40), stop=st.integers(0, 40), size=st.integers(0, 40))
@settings(max_examples=100, deadline=None)
async def test_any_two_cursors_cut_out_what_stands_between_them(
    world: World, order: ReleaseOrder, start: int, stop: int, size: int
) -> None:
    upstreams, routes = upstreams_of(world), everything(upstreams_of(world), order)
    whole = await page(upstreams, order, Window(first=200))
    cursors = [edge.cursor() for edge in whole.edges()]
    after = cursors[start] if start < len(cursors) else None
    before = cursors[stop] if stop < len(cursors) else None
    between = routes[0 if after is None else start + 1 : None if before is None else stop]

    front = await page(upstreams, order, Window(first=size, after=after, before=before))
    back = await page(upstreams, order, Window(last=size, after=after, before=before))

    assert [row.route for row in front.nodes] == between[:size]
    assert [row.route for row in back.nodes] == between[max(0, len(between) - size) :]


@given(world=WORLDS, order=ORDERS, size=SIZES, is_backward=st.booleans(), choices=st.randoms(), newer=WORLDS)
@settings(max_examples=150, deadline=None)
async def test_rows_that_come_and_go_between_pages_cost_no_other_row_its_place(
    world: World, order: ReleaseOrder, size: int, is_backward: bool, choices: Any, newer: World
) -> None:
    upstreams = upstreams_of(world)
    old, arrivals = set(world), {route: facts for route, facts in newer.items() if route not in world}
    gone: set[Route] = set()

    def change(number: int) -> None:
        _one_goes_and_one_comes(upstreams, old, gone, arrivals, choices)

    walk = await Walk(upstreams, order, size, is_backward, change).done()

    assert len(set(walk.shown)) == len(walk.shown)
    assert set(walk.shown) >= old - gone


@given(world=WORLDS, order=ORDERS, size=SIZES, is_backward=st.booleans(), choices=st.randoms())
@settings(max_examples=150, deadline=None)
async def test_rows_that_go_while_a_page_is_put_together_cost_no_other_row_its_place(
    world: World, order: ReleaseOrder, size: int, is_backward: bool, choices: Any
) -> None:
    """Between two calls for one page a row goes: the rows behind it move to an earlier page of the upstream."""
    upstreams = upstreams_of(world)
    old, gone = set(world), set[Route]()
    for upstream in upstreams[:3]:
        upstream.before_page = lambda number: _one_goes_and_one_comes(upstreams, old, gone, {}, choices)

    walk = await Walk(upstreams, order, size, is_backward).done()

    assert len(set(walk.shown)) == len(walk.shown)
    assert set(walk.shown) >= old - gone


async def test_numbered_pages_that_moved_are_read_on_from_the_source_itself() -> None:
    """Pages that are remembered, each from another moment, would show the same gap again."""
    upstream, is_live = OrderedUpstream("pages", keeping(PagingKind.PAGES, 3), rows=in_a_row(9)), []

    def before_page(number: int) -> None:
        is_live.append(freshness.is_live_only())
        if number == 2:
            upstream.rows = upstream.rows[:-1]  # the newest: all others move up

    upstream.before_page = before_page
    shown = await page([upstream], NEWEST, Window(first=8))

    assert [row.native_id for row in shown.nodes] == ["8", "7", "6", "5", "4", "3", "2", "1"]
    assert (is_live[:2], set(is_live[2:]), freshness.is_live_only()) == ([False, False], {True}, False)


def _one_goes_and_one_comes(
    upstreams: Sequence[FakeUpstream], old: set[Route], gone: set[Route], arrivals: World, choices: Any
) -> None:
    leaving = choices.choice(sorted(old - gone)) if old - gone else None
    gone.update({leaving} - {None})
    for upstream in upstreams:
        upstream.rows = [row for row in upstream.rows if row.route != leaving]
    if arrivals:
        route, facts = arrivals.popitem()
        next(one for one in upstreams if one.name == route[0]).rows.append(release(*route, **facts))


@given(world=WORLDS, order=ORDERS, size=st.sampled_from([1, 3]), is_backward=st.booleans(), who=st.integers(0, 2))
@settings(max_examples=150, deadline=None)
async def test_a_source_that_fails_for_one_page_is_passed_over_and_told_ever_after(
    world: World, order: ReleaseOrder, size: int, is_backward: bool, who: int
) -> None:
    upstreams = upstreams_of(world)
    failing = upstreams[who]

    def fail(number: int) -> None:
        silent(failing) if number == 2 else setattr(failing, "error", None)

    walk = await Walk(upstreams, order, size, is_backward, fail).done()

    others = [route for route in everything(upstreams, order) if route[0] != failing.name]
    assert [route for route in walk.shown if route[0] != failing.name] == others
    assert len(set(walk.shown)) == len(walk.shown)
    told = [states[failing.name] for states in walk.states]
    since = list(dropwhile(lambda state: state is AnswerState.LIVE, told))  # it was not asked where it has no rows left
    assert since[1:] == [AnswerState.PARTIAL] * len(since[1:])


@pytest.mark.parametrize("kind", [PagingKind.KEYSET, PagingKind.PAGES])
@pytest.mark.parametrize("order", [NEWEST, OLDEST], ids=["newest first", "oldest first"])
@pytest.mark.parametrize("is_backward", [False, True], ids=["forward", "backward"])
async def test_a_page_of_ten_thousand_reads_a_page_or_three(
    kind: PagingKind, order: ReleaseOrder, is_backward: bool
) -> None:
    """From the beginning, from the middle, and from there back again."""
    upstream = OrderedUpstream("pages", keeping(kind), rows=in_a_row(10_000))
    routes = everything([upstream], order)
    size = {"last": 20} if is_backward else {"first": 20}
    shown, costs = [], []
    cursor = None

    for _ in range(60):
        at = {"before": cursor} if is_backward else {"after": cursor}
        upstream.read.clear()
        found = await page([upstream], order, Window(**size, **at))
        costs.append((len(upstream.read), sum(upstream.read)))
        shown.append([row.route for row in found.nodes])
        cursor = found.page_info().start_cursor if is_backward else found.page_info().end_cursor
    turned = Window(first=20, after=cursor) if is_backward else Window(last=20, before=cursor)
    upstream.read.clear()
    back = await page([upstream], order, turned)
    costs.append((len(upstream.read), sum(upstream.read)))

    seen = [route for one in (reversed(shown) if is_backward else shown) for route in one]
    assert seen == (routes[-1200:] if is_backward else routes[:1200])
    # The cursor's own row stands outside of what is before and behind it.
    assert [row.route for row in back.nodes] == (routes[-1199:-1179] if is_backward else routes[1179:1199])
    assert max(calls for calls, _ in costs) <= 3
    assert max(rows for _, rows in costs) <= 300


async def test_a_cursor_without_its_hint_finds_its_page_by_halves() -> None:
    upstream = OrderedUpstream("pages", keeping(PagingKind.PAGES), rows=in_a_row(10_000))
    whole = FakeUpstream("whole", rows=[release("whole", "1", created_at=NOON + timedelta(seconds=5_000))])
    cursor = (await page([whole], OLDEST, Window(first=1))).page_info().end_cursor

    upstream.read.clear()
    found = await page([whole, upstream], OLDEST, Window(first=3, after=cursor))

    assert [row.native_id for row in found.nodes] == ["5001", "5002", "5003"]
    assert len(upstream.read) <= 10


async def test_rows_of_one_instant_over_several_pages_are_found_without_a_hint() -> None:
    """The page to begin with is the first that may hold the instant, not the last that begins with it."""
    same = [release("pages", str(number), created_at=NOON, updated_at=NOON) for number in range(10)]
    whole = FakeUpstream("a", rows=[release("a", "1", created_at=NOON)])
    cursor = (await page([whole], OLDEST, Window(first=1))).page_info().end_cursor
    early = [release("pages", "early", created_at=NOON - timedelta(seconds=1), updated_at=NOON)]

    found = await page(
        [whole, OrderedUpstream("pages", keeping(PagingKind.PAGES, 3), rows=[*early, *same])],
        OLDEST,
        Window(first=20, after=cursor),
    )

    assert [row.native_id for row in found.nodes] == [str(number) for number in range(10)]


@pytest.mark.parametrize("index", [0, 99, 100, 9_999, 10_000, 2**62, -1, -(2**62)])
async def test_a_hint_that_is_wrong_costs_calls_and_no_row(index: int, monkeypatch: pytest.MonkeyPatch) -> None:
    upstream = OrderedUpstream("pages", keeping(PagingKind.PAGES), rows=in_a_row(1_000))
    monkeypatch.setattr(pagers.ByNumber, "hint_at", lambda self, key: Hint(index, 1_000))
    first = await page([upstream], OLDEST, Window(first=20))
    middle = await page([upstream], OLDEST, Window(first=200, after=first.page_info().end_cursor))

    found = await page([upstream], OLDEST, Window(first=3, after=middle.page_info().end_cursor))

    assert [row.native_id for row in found.nodes] == ["220", "221", "222"]


@pytest.mark.parametrize("kind", [PagingKind.KEYSET, PagingKind.PAGES])
async def test_an_upstream_that_does_not_keep_its_order_is_read_whole_and_named(kind: PagingKind) -> None:
    upstream = OrderedUpstream("liar", keeping(kind), rows=in_a_row(120, "liar"), sorts=False)

    found = await page([upstream], NEWEST, Window(first=30))

    assert [row.native_id for row in found.nodes] == [str(number) for number in range(119, 89, -1)]
    assert found.sources[0].state is AnswerState.LIVE
    assert "out of order" in str(found.sources[0].message)
    assert [call for call, _ in upstream.calls] == ["release_page", "releases"]


@pytest.mark.parametrize("kind", [PagingKind.KEYSET, PagingKind.PAGES])
async def test_more_rows_of_one_instant_than_can_be_held_are_read_whole(kind: PagingKind) -> None:
    rows = [release("same", str(number), created_at=NOON) for number in range(MAX_TIES + 500)]
    upstream = OrderedUpstream("same", keeping(kind), rows=rows)
    first = await page([upstream], NEWEST, Window(first=50))

    second = await page([upstream], NEWEST, Window(first=50, after=first.page_info().end_cursor))

    shown = [row.native_id for row in (*first.nodes, *second.nodes)]
    assert shown == [str(number) for number in range(100)]
    assert "share one key" in str(second.sources[0].message)


async def test_a_source_that_breaks_off_in_the_middle_leaves_what_it_gave() -> None:
    class Breaking(OrderedUpstream):
        async def release_page(self, query: ReleaseQuery, place: Place) -> Page[Any]:
            if self.read:
                silent(self)
            return await super().release_page(query, place)

    upstream = Breaking("pages", keeping(PagingKind.PAGES), rows=in_a_row(300))

    found = await page([upstream], OLDEST, Window(first=150))

    assert [row.native_id for row in found.nodes] == [str(number) for number in range(100)]
    assert (found.sources[0].state, found.sources[0].code) == (AnswerState.PARTIAL, "UPSTREAM_BROKEN")


async def test_rows_that_an_upstream_page_lost_make_the_source_partial() -> None:
    class Losing(OrderedUpstream):
        async def release_page(self, query: ReleaseQuery, place: Place) -> Page[Any]:
            silent(self)
            error, self.error = self.error, None
            found = await super().release_page(query, place)
            return Page(found.rows[1:], found.has_more, [Failure(error)], found.total)  # type: ignore[arg-type]

    found = await page([Losing("keyset", rows=in_a_row(30, "keyset"))], OLDEST, Window(first=5))

    assert [row.native_id for row in found.nodes] == ["1", "2", "3", "4", "5"]
    assert found.sources[0].state is AnswerState.PARTIAL


@pytest.mark.parametrize(
    ("where", "count", "counting"),
    [
        pytest.param(None, 300, ["release_count"], id="a source that counts"),
        pytest.param(ReleaseFilter(version_range=">1"), None, [], id="a filter that no source has"),
    ],
)
async def test_what_is_read_in_pages_is_counted_by_its_source(
    where: ReleaseFilter | None, count: int | None, counting: list[str]
) -> None:
    upstream = OrderedUpstream("pages", keeping(PagingKind.PAGES), rows=in_a_row(300))

    found = await page([upstream], OLDEST, Window(first=5), where, is_counted=True)

    assert found.total_count == count
    assert [call for call, _ in upstream.calls if call == "release_count"] == counting


async def test_pages_that_count_need_no_other_count() -> None:
    upstream = OrderedUpstream("pages", keeping(PagingKind.PAGES), rows=in_a_row(300), tells=True)

    found = await page([upstream], OLDEST, Window(first=5), is_counted=True)

    assert found.total_count == 300
    assert [call for call, _ in upstream.calls] == ["release_page"]


async def test_nobody_counts_unless_asked() -> None:
    upstream = OrderedUpstream("pages", keeping(PagingKind.PAGES), rows=in_a_row(30))

    await page([upstream], OLDEST, Window(first=5))

    assert [call for call, _ in upstream.calls] == ["release_page"]


async def test_a_filter_that_is_applied_here_reads_on_until_the_page_is_full() -> None:
    rows = [
        release("keyset", str(number), created_at=NOON + timedelta(seconds=number), raw_version=version)
        for number in range(3_000)
        for version in ["2.0.0" if number % 1_000 == 999 else "1.0.0"]
    ]
    upstream = OrderedUpstream("keyset", rows=rows)

    found = await page([upstream], OLDEST, Window(first=2), ReleaseFilter(version_range=">1.5"))

    assert [row.native_id for row in found.nodes] == ["999", "1999"]
    assert len(upstream.read) <= 8


async def test_a_filter_by_artifacts_that_cannot_be_read_is_told_and_not_taken_for_none() -> None:
    class Unreadable(OrderedUpstream):
        async def artifacts_by_release_id(self, ids: Sequence[str], columns: Columns = None) -> Any:
            raise UpstreamBroken(self.name, "503 (GET /)")

    found = await page(
        [Unreadable("keyset", rows=in_a_row(3, "keyset"))], OLDEST, Window(), ReleaseFilter(targets=["t"])
    )

    assert list(found.nodes) == []
    assert (found.sources[0].state, found.sources[0].code) == (AnswerState.PARTIAL, "UPSTREAM_BROKEN")


async def test_a_source_without_an_end_is_stopped_at_its_cap() -> None:
    upstream = OrderedUpstream("keyset", rows=[*in_a_row(20_500, "keyset")])

    found = await page([upstream], OLDEST, Window(first=2), ReleaseFilter(names=["20400"]))

    assert (found.sources[0].state, found.sources[0].code) == (AnswerState.PARTIAL, "SOURCE_TOO_LARGE")


def test_a_cursor_with_more_hints_than_fit_keeps_those_that_do() -> None:
    cursors = Cursors(b"k" * 32, b"d" * 8, int)
    hints = {hint_mark("memfault", [f"acme/project-{number}"]): Hint(2**31, 2**31) for number in range(100)}
    text = cursors.encode(Position(2**45, "memfault", "acme/" + "x" * 100), hints=hints)

    assert len(text) <= MAX_LENGTH
    assert 5 <= len(cursors.decode(text).hints) < 100
    assert cursors.decode(text).hints.items() <= hints.items()
