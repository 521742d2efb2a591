"""Orders: any two rows of any two sources have one order, the same in every page and on every worker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from functools import cmp_to_key
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.federation import order as orders
from resolvers.federation.order import Order, bounded_id, bounded_text, milliseconds
from resolvers.graph.enums import FleetOrderField, OrderDirection, ReleaseOrderField
from resolvers.graph.inputs import FleetOrder, ReleaseOrder
from resolvers.graph.release import Release
from resolvers.knowledge import versions
from tests.unit.fake_upstreams import artifact, fleet, release

NOON = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
WAYS = pytest.mark.parametrize("way", list(OrderDirection), ids=lambda way: way.value.lower())
FIELDS = pytest.mark.parametrize("field", list(ReleaseOrderField), ids=lambda field: field.value.lower())

MOMENTS = st.one_of(st.none(), st.builds(lambda ms: NOON + timedelta(microseconds=ms * 250), st.integers(-8, 8)))
NAMES = st.sampled_from(
    ["a", "B", "b", "ä", "a\N{COMBINING DIAERESIS}", "á", "€", "", "𝄞", "￿", "1.0", "a" * 112, "a" * 113, "x" * 200]
)
VERSIONS = st.sampled_from([
    None, "1.0.0", "v1.0.0", "1.0.0-rc.1", "1.0.0+rev1", "1.0.0+rev10", "1.0.0+rev9", "1.0", "1.0rc1", "2026.03.04",
    "7", "07", "10", "spring-a", "1.2.3-1795218875297", "1.2.3-hotfix.1", "", "latest", "9" * 300, "1.0.0+" + "b" * 200,
])  # fmt: skip
IDS = st.sampled_from(["1", "2", "10", "010", "0", "a", "b/2", "b/10", "b/x", "b", "a/1/2", "x" * 200, "x" * 201])


@st.composite
def rows(draw: st.DrawFn) -> list[Release]:
    """Releases of up to three sources, ties and nulls included; each (source, id) once."""
    places = draw(st.lists(st.tuples(st.sampled_from(["a", "b-1", "b"]), IDS), unique=True, max_size=12))
    return [
        release(
            *place,
            name=draw(NAMES),
            created_at=draw(MOMENTS),
            updated_at=draw(MOMENTS),
            raw_version=draw(VERSIONS),
        )
        for place in places
    ]


def key_of(row: Release, field: ReleaseOrderField) -> Any:
    """The order key by the book: None, or something Python compares as we promise."""
    if field is ReleaseOrderField.NAME:
        return bounded_text(row.name)
    if field is ReleaseOrderField.VERSION:
        text = row.raw_version
        return None if text is None else versions.understand(bounded_text(text)).order_key
    moment = row.created_at if field is ReleaseOrderField.CREATED_AT else row.updated_at
    return (
        None if moment is None else round(moment.replace(microsecond=moment.microsecond // 1000 * 1000).timestamp(), 3)
    )


def by_the_book(found: Sequence[Release], order: ReleaseOrder) -> list[Release]:
    """The promise word by word: nulls last in both directions, then the key, then source name, then native id."""

    def compare(left: Release, right: Release) -> int:
        mine, other = key_of(left, order.field), key_of(right, order.field)
        if (mine is None) != (other is None):
            return 1 if mine is None else -1
        if mine != other:
            return (1 if mine > other else -1) * (1 if order.direction is OrderDirection.ASC else -1)
        places = [
            (row.source_name, [_part(part) for part in bounded_id(row.native_id).split("/")]) for row in (left, right)
        ]
        return 1 if places[0] > places[1] else -1

    return sorted(found, key=cmp_to_key(compare))


def _part(part: str) -> tuple[int, int, str]:
    return (0, int(part), part) if part.isdigit() else (1, 0, part)


@WAYS
@FIELDS
@given(found=rows())
def test_rows_sort_as_promised(field: ReleaseOrderField, way: OrderDirection, found: list[Release]) -> None:
    asked = ReleaseOrder(field=field, direction=way)

    ordered = sorted(found, key=orders.releases(asked).rank_of)

    assert [row.route for row in ordered] == [row.route for row in by_the_book(found, asked)]


@FIELDS
@given(found=rows())
def test_no_two_rows_stand_at_one_place(field: ReleaseOrderField, found: list[Release]) -> None:
    order = orders.releases(ReleaseOrder(field=field))

    ranks = sorted(map(order.rank_of, found))

    assert all(one < other for one, other in pairwise(ranks))


@FIELDS
@given(found=rows())
def test_a_position_ranks_like_its_row_so_that_a_cursor_stands_where_its_row_stood(
    field: ReleaseOrderField, found: list[Release]
) -> None:
    order = orders.releases(ReleaseOrder(field=field))

    assert [order.rank(order.position(row)) for row in found] == [order.rank_of(row) for row in found]


@FIELDS
@pytest.mark.parametrize("direction", list(OrderDirection))
@pytest.mark.parametrize("is_backward", [False, True])
@given(found=rows())
def test_tie_groups_sort_and_differ_as_their_keys_do(
    is_backward: bool, direction: OrderDirection, field: ReleaseOrderField, found: list[Release]
) -> None:
    order = replace(orders.releases(ReleaseOrder(field=field, direction=direction)), is_backward=is_backward)
    keys = [key for key in order.keys.of_all(found) if key is not None]

    groups = order.groups(keys)

    by_key = [order.key_rank(key) for key in keys]
    for (one, own), (other, others) in pairwise(zip(groups, by_key, strict=True)):
        assert ((one < other), (one == other)) == ((own < others), (own == others))


def _routes(order: Order[Any], *found: Any) -> list[str]:
    return [row.native_id for row in sorted(found, key=order.rank_of)]


@WAYS
def test_rows_without_a_time_stand_last_in_both_directions(way: OrderDirection) -> None:
    order = orders.releases(ReleaseOrder(direction=way))

    assert _routes(order, release("a", "none"), release("z", "some", created_at=NOON)) == ["some", "none"]


@WAYS
def test_between_equals_source_and_id_ascend_in_both_directions(way: OrderDirection) -> None:
    order = orders.releases(ReleaseOrder(direction=way))
    found = [release("b", "1"), release("a", "10"), release("a", "9")]

    assert _routes(order, *(release(row.source_name, row.native_id, created_at=NOON) for row in found)) == [
        "9",
        "10",
        "1",
    ]


def test_times_closer_than_a_millisecond_are_one_time() -> None:
    order = orders.releases(ReleaseOrder())
    later = release("a", "2", created_at=NOON + timedelta(microseconds=999))

    assert _routes(order, later, release("a", "1", created_at=NOON)) == ["1", "2"]


def test_a_time_before_the_epoch_is_cut_the_same_way() -> None:
    assert milliseconds(datetime(1969, 12, 31, 23, 59, 59, 999_500, tzinfo=UTC)) == -1


def test_one_instant_in_two_zones_is_one_key() -> None:
    elsewhere = NOON.astimezone(timezone(timedelta(hours=5, minutes=45)))

    assert milliseconds(elsewhere) == milliseconds(NOON)


def test_names_compare_by_code_point_after_nfc() -> None:
    order = orders.releases(ReleaseOrder(field=ReleaseOrderField.NAME, direction=OrderDirection.ASC))
    spelled = {"1": "Zebra", "2": "zebra", "3": "e\N{COMBINING ACUTE ACCENT}a", "4": "éb", "5": "ab"}

    # Upper case before lower case, composed and decomposed alike, accents behind the alphabet.
    assert _routes(order, *(release("a", i, name=name) for i, name in spelled.items())) == ["1", "5", "2", "3", "4"]


def test_versions_compare_as_versions() -> None:
    order = orders.releases(ReleaseOrder(field=ReleaseOrderField.VERSION, direction=OrderDirection.ASC))
    spelled = ["1.0.0-rc.1", "1.0.0", "1.0.0+rev9", "1.0.0+rev10", "1.9.0", "1.10.0", "2026.03.04", "7", "spring"]
    found = [release("a", str(number), raw_version=text) for number, text in enumerate(spelled)]

    assert _routes(order, *reversed(found)) == [str(number) for number in range(len(spelled))]


def test_a_key_is_cut_between_characters() -> None:
    assert bounded_text("€" * 100) == "€" * (112 // 3)
    assert bounded_text("a" * 500) == "a" * 112


def test_long_ids_that_begin_alike_keep_their_own_places() -> None:
    bounded = {bounded_id(f"{'x' * 300}{number}") for number in range(1000)}

    assert len(bounded) == 1000
    assert max(map(len, bounded)) == 112


def test_fleets_go_by_name_and_artifacts_by_place() -> None:
    fleets = [fleet("b", "1", name="a"), fleet("a", "2", name="b"), fleet("a", "3", name="a")]
    files = [artifact("b", "1"), artifact("a", "image/10"), artifact("a", "image/9"), artifact("a", "asset/1")]

    assert _routes(orders.fleets(None), *fleets) == ["3", "1", "2"]
    assert _routes(orders.by_id("artifacts"), *files) == ["asset/1", "image/9", "image/10", "1"]


@WAYS
def test_fleets_without_a_time_stand_last_in_both_directions(way: OrderDirection) -> None:
    order = orders.fleets(FleetOrder(field=FleetOrderField.CREATED_AT, direction=way))

    assert _routes(order, fleet("a", "none"), fleet("b", "some", created_at=NOON)) == ["some", "none"]
