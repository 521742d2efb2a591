"""Windows: what the four arguments of a list mean, and what they cost."""

from __future__ import annotations

from typing import Any

import pytest

from resolvers.errors import BadArgument, BadCursor
from resolvers.graph.window import Window
from tests.unit.fake_upstreams import FakeUpstream, Graph, release
from tests.unit.test_pages import page


def alphas(count: int) -> list[FakeUpstream]:
    """One source, with releases 0, 1, 2, ..."""
    return [FakeUpstream("alpha", rows=[release("alpha", str(number)) for number in range(count)])]


async def test_where_a_page_stands_is_told() -> None:
    upstreams = alphas(3)
    middle = (await page(upstreams, None, Window(first=2))).page_info().end_cursor

    found = [
        await page(upstreams, None, window)
        for window in (
            Window(first=2), Window(first=3), Window(last=2), Window(first=1, after=middle),
            Window(first=1, before=middle), Window(last=9, before=middle), Window(first=0, after=middle),
            Window(first=0),
        )
    ]  # fmt: skip

    info = [(one.page_info().has_previous_page, one.page_info().has_next_page) for one in found]
    assert info == [
        (False, True), (False, False), (True, False), (True, False), (False, True),
        (False, True), (True, False), (False, False),
    ]  # fmt: skip


BAD_WINDOWS = [
    pytest.param(Window(first=1, last=1), "together", id="both ends"),
    pytest.param(Window(first=-1), "first must be from 0 to 200, not -1", id="negative first"),
    pytest.param(Window(last=-1), "last must be from 0 to 200, not -1", id="negative last"),
    pytest.param(Window(first=201), "first must be from 0 to 200, not 201", id="too large"),
]


@pytest.mark.parametrize(("window", "message"), BAD_WINDOWS)
async def test_a_window_that_cannot_be_meant_is_refused(window: Window, message: str) -> None:
    upstreams = alphas(0)

    with pytest.raises(BadArgument, match=message):
        await page(upstreams, None, window)

    assert upstreams[0].calls == []


async def test_twenty_are_shown_when_nobody_says_how_many() -> None:
    upstreams = alphas(30)

    assert len((await page(upstreams, None, Window())).nodes) == 20


async def test_an_operator_who_allows_less_than_twenty_changes_the_default_too() -> None:
    graph = Graph(alphas(30), max_page_size=5)

    data = await graph.data("{ releases { nodes { nativeId } pageInfo { hasNextPage } } }")

    assert [node["nativeId"] for node in data["releases"]["nodes"]] == ["0", "1", "2", "3", "4"]
    assert data["releases"]["pageInfo"] == {"hasNextPage": True}


async def test_a_bad_cursor_asks_nobody() -> None:
    upstreams = alphas(1)

    with pytest.raises(BadCursor):
        await page(upstreams, None, Window(first=0, after="nonsense"))

    assert upstreams[0].calls == []


COUNTED = [
    pytest.param("{ releases(first: 0) { nodes { name } } }", {}, 0, id="no count"),
    pytest.param("{ releases(first: 0) { totalCount } }", {}, 1, id="count"),
    pytest.param("{ releases(last: 0) { n: totalCount } }", {}, 1, id="under an alias"),
    pytest.param("{ releases(first: 0) { ...F } } fragment F on ReleaseConnection { ... { totalCount } }", {}, 1, id="in a fragment"),  # noqa: E501
    pytest.param("{ releases(first: 0) { nodes { artifacts { totalCount } } } }", {}, 0, id="of another list"),
    pytest.param("query ($yes: Boolean!) { releases(first: 0) { totalCount @include(if: $yes) } }", {"yes": False}, 0, id="left out"),  # noqa: E501
    pytest.param("query ($yes: Boolean!) { releases(first: 0) { ... @skip(if: $yes) { totalCount } } }", {"yes": True}, 0, id="skipped"),  # noqa: E501
    pytest.param("query ($yes: Boolean!) { releases(first: 0) { ... @include(if: $yes) { totalCount } } }", {"yes": True}, 1, id="included"),  # noqa: E501
]  # fmt: skip


@pytest.mark.parametrize(("query", "variables", "calls"), COUNTED)
async def test_a_page_of_none_asks_only_for_its_count(query: str, variables: dict[str, Any], calls: int) -> None:
    graph = Graph(alphas(1))

    await graph.data(query, **variables)

    assert len(graph.calls) == calls
