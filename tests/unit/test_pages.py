"""Pages: a walk shows what sorting everything at once shows, whatever happens between its pages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from graphql import parse
from graphql.pyutils import Path
from hypothesis import given, settings
from hypothesis import strategies as st

from resolvers.errors import UpstreamBroken
from resolvers.federation import order as orders
from resolvers.graph.connection import Connection
from resolvers.graph.enums import AnswerState, OrderDirection, ReleaseOrderField
from resolvers.graph.inputs import ReleaseFilter, ReleaseOrder
from resolvers.graph.release import Release
from resolvers.graph.window import Window
from resolvers.lists import Desk, releases
from resolvers.upstreams.port import Chunk, Failure, ReleaseQuery
from tests.unit.fake_upstreams import FakeUpstream, release, request, silent

NOON = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
NAMES = ("alpha", "beta", "gamma")
Route = tuple[str, str]


COUNTED = parse("{ releases { totalCount } }", no_location=True).definitions[0].selection_set.selections  # type: ignore[attr-defined]


def asked_at(*, is_counted: bool = False) -> Any:
    """Where the list stands in the answer; nothing but perhaps the count is selected below it."""
    nodes = COUNTED if is_counted else ()
    return SimpleNamespace(path=Path(None, "releases", None), field_nodes=nodes, fragments={}, variable_values={})


async def page(
    upstreams: Iterable[FakeUpstream],
    order: ReleaseOrder | None,
    window: Window,
    where: ReleaseFilter | None = None,
    *,
    is_counted: bool = False,
) -> Connection[Release]:
    context = request(*upstreams)
    desk = Desk(context.sources, context.loaders, context._lister)
    return await releases.everywhere(desk, where, order, window, asked_at(is_counted=is_counted))


@dataclass
class Walk:
    """Page after page of one list, in either direction; `between` may change the world before any but the first."""

    upstreams: Sequence[FakeUpstream]
    order: ReleaseOrder | None
    size: int
    is_backward: bool = False
    between: Callable[[int], None] = lambda number: None
    shown: list[Route] = field(default_factory=list)
    states: list[dict[str, AnswerState]] = field(default_factory=list)

    async def done(self) -> Walk:
        window: Window | None = self._window(None)
        number = 1
        while window is not None:
            assert number < 100, "the walk does not end"
            if number > 1:
                self.between(number)
            window = self._taken(await page(self.upstreams, self.order, window))
            number += 1
        return self

    def _taken(self, found: Connection[Release]) -> Window | None:
        """Notes the page; gives the next one's window."""
        self.states.append({one.source_name: one.state for one in found.sources})
        routes = [row.route for row in found.nodes]
        self.shown = [*routes, *self.shown] if self.is_backward else [*self.shown, *routes]
        info = found.page_info()
        if self.is_backward:
            return self._window(info.start_cursor) if info.has_previous_page else None
        return self._window(info.end_cursor) if info.has_next_page else None

    def _window(self, cursor: str | None) -> Window:
        return Window(last=self.size, before=cursor) if self.is_backward else Window(first=self.size, after=cursor)


ORDERS = st.builds(ReleaseOrder, field=st.sampled_from(ReleaseOrderField), direction=st.sampled_from(OrderDirection))
IDS = st.sampled_from([*map(str, range(12)), "a/1.0.0", "a/1.0.0%2Bb", "b/2", "x" * 130])
FACTS = st.fixed_dictionaries({
    "name": st.sampled_from(["a", "b", "ä", "z" * 150]),
    "created_at": st.sampled_from([None, None, NOON, NOON + timedelta(microseconds=400), NOON + timedelta(seconds=1)]),
    "updated_at": st.sampled_from([None, NOON, NOON - timedelta(days=9)]),
    "raw_version": st.sampled_from([None, "1.0.0", "1.0.0-rc.1", "1.0", "7", "latest", "2026.03.04"]),
})  # fmt: skip
WORLDS = st.dictionaries(st.tuples(st.sampled_from(NAMES), IDS), FACTS, max_size=24)
World = dict[Route, dict[str, Any]]


def upstreams_of(world: World) -> list[FakeUpstream]:
    own = {name: [release(*route, **facts) for route, facts in world.items() if route[0] == name] for name in NAMES}
    return [FakeUpstream(name, rows=rows) for name, rows in own.items()]


def everything(upstreams: Iterable[FakeUpstream], order: ReleaseOrder) -> list[Route]:
    rows = [row for upstream in upstreams for row in upstream.rows]
    return [row.route for row in sorted(rows, key=orders.releases(order).rank_of)]


@given(world=WORLDS, order=ORDERS, size=st.sampled_from([1, 2, 7, 50]), is_backward=st.booleans())
@settings(max_examples=100, deadline=None)
async def test_a_walk_shows_what_sorting_everything_shows(
    world: World, order: ReleaseOrder, size: int, is_backward: bool
) -> None:
    upstreams = upstreams_of(world)

    walk = await Walk(upstreams, order, size, is_backward).done()

    assert walk.shown == everything(upstreams, order)


@given(world=WORLDS, order=ORDERS, start=st.integers(0, 30), stop=st.integers(0, 30), size=st.integers(0, 30))
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


@given(
    world=WORLDS,
    order=ORDERS,
    size=st.sampled_from([1, 3, 7]),
    is_backward=st.booleans(),
    choices=st.randoms(),
    newer=WORLDS,
)
@settings(max_examples=100, deadline=None)
async def test_rows_that_come_and_go_meanwhile_cost_no_other_row_its_place(
    world: World, order: ReleaseOrder, size: int, is_backward: bool, choices: Any, newer: World
) -> None:
    upstreams = upstreams_of(world)
    old, arrivals = set(world), {route: facts for route, facts in newer.items() if route not in world}
    gone: set[Route] = set()

    def change(number: int) -> None:
        """One row goes and one comes before each page."""
        leaving = choices.choice(sorted(old - gone)) if old - gone else None
        gone.update({leaving} - {None})
        for upstream in upstreams:
            upstream.rows = [row for row in upstream.rows if row.route != leaving]
        if arrivals:
            route, facts = arrivals.popitem()
            next(one for one in upstreams if one.name == route[0]).rows.append(release(*route, **facts))

    walk = await Walk(upstreams, order, size, is_backward, change).done()

    assert len(set(walk.shown)) == len(walk.shown)
    assert set(walk.shown) >= old - gone


@given(world=WORLDS, order=ORDERS, size=st.sampled_from([1, 3]), is_backward=st.booleans())
@settings(max_examples=100, deadline=None)
async def test_a_source_that_fails_for_one_page_is_passed_over_and_told_ever_after(
    world: World, order: ReleaseOrder, size: int, is_backward: bool
) -> None:
    upstreams = upstreams_of(world)
    beta = upstreams[1]

    def fail(number: int) -> None:
        silent(beta) if number == 2 else setattr(beta, "error", None)

    walk = await Walk(upstreams, order, size, is_backward, fail).done()

    others = [route for route in everything(upstreams, order) if route[0] != "beta"]
    assert [route for route in walk.shown if route[0] != "beta"] == others
    assert len(set(walk.shown)) == len(walk.shown)
    told = [states["beta"] for states in walk.states]
    assert told == [AnswerState.LIVE, AnswerState.FAILED, *[AnswerState.PARTIAL] * len(told)][: len(told)]


async def test_a_source_that_failed_joins_again_behind_the_cursor() -> None:
    upstreams = upstreams_of(
        {(name, str(number)): {"name": f"{number}{name}"} for name in NAMES for number in range(3)}
    )
    by_name = ReleaseOrder(field=ReleaseOrderField.NAME, direction=OrderDirection.ASC)

    def fail(number: int) -> None:
        silent(upstreams[1]) if number == 2 else setattr(upstreams[1], "error", None)

    walk = await Walk(upstreams, by_name, 3, between=fail).done()

    assert walk.shown == [
        ("alpha", "0"), ("beta", "0"), ("gamma", "0"),
        ("alpha", "1"), ("gamma", "1"), ("alpha", "2"),
        ("beta", "2"), ("gamma", "2"),
    ]  # fmt: skip


async def test_a_source_that_is_added_meanwhile_joins_from_the_cursor_on() -> None:
    upstreams = upstreams_of(
        {(name, str(number)): {"name": f"{number}{name}"} for name in NAMES for number in range(2)}
    )
    by_name = ReleaseOrder(field=ReleaseOrderField.NAME, direction=OrderDirection.ASC)
    first = await page(upstreams[:2], by_name, Window(first=2))

    second = await page(upstreams, by_name, Window(first=9, after=first.page_info().end_cursor))

    assert [row.route for row in second.nodes] == [("gamma", "0"), ("alpha", "1"), ("beta", "1"), ("gamma", "1")]


async def test_a_cursor_outlives_its_row() -> None:
    upstreams = upstreams_of({("alpha", str(number)): {} for number in range(5)})
    first = await page(upstreams, None, Window(first=2))
    upstreams[0].rows = [row for row in upstreams[0].rows if row.native_id != "1"]

    second = await page(upstreams, None, Window(first=2, after=first.page_info().end_cursor))

    assert [row.native_id for row in second.nodes] == ["2", "3"]


async def test_a_row_that_an_upstream_shows_twice_is_one_row() -> None:
    twice = FakeUpstream("alpha", rows=[release("alpha", "1", name="before"), release("alpha", "1", name="after")])

    found = await page([twice], None, Window(), is_counted=True)

    assert [row.name for row in found.nodes] == ["after"]
    assert found.total_count == 1


async def test_a_stream_that_breaks_off_leaves_the_rows_it_gave() -> None:
    class Breaking(FakeUpstream):
        async def releases(self, query: ReleaseQuery) -> AsyncIterator[Chunk[Release]]:
            yield Chunk(self.rows)
            raise UpstreamBroken(self.name, "503 (GET /)")

    found = await page([Breaking("alpha", rows=[release("alpha", "1")])], None, Window(), is_counted=True)

    assert [row.native_id for row in found.nodes] == ["1"]
    assert (found.sources[0].state, found.sources[0].code) == (AnswerState.PARTIAL, "UPSTREAM_BROKEN")
    assert found.total_count is None


async def test_rows_that_did_not_fit_make_the_source_partial_on_this_page_and_the_next() -> None:
    upstreams = upstreams_of({("alpha", str(number)): {} for number in range(4)})
    upstreams[0].failures = [Failure(UpstreamBroken("alpha", "2 rows in no known shape"))]
    first = await page(upstreams, None, Window(first=2), is_counted=True)
    upstreams[0].failures = []

    behind = Window(first=2, after=first.page_info().end_cursor)
    second = await page(upstreams, None, behind, is_counted=True)

    assert (
        [one.state for one in first.sources][:1] == [one.state for one in second.sources][:1] == [AnswerState.PARTIAL]
    )
    assert [one.code for one in second.sources][:1] == [None]
    assert (first.total_count, second.total_count) == (None, 4)
