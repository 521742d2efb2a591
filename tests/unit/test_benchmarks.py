"""The benchmarks run and give figures; what the figures say is nobody's promise."""

from __future__ import annotations

import aiohttp
import orjson
import pytest

from benchmarks import processes, report
from benchmarks.cases import CASES
from benchmarks.measure import Contender, Effort, Turn, compare
from tests.conftest import MockPort

ONE_REQUEST = Effort(rounds=1, turn_s=0.0)


def noting(book: list[str], name: str) -> Turn:
    async def turn(turn_s: float) -> int:
        book.append(name)
        return 1

    return turn


@pytest.mark.parametrize("name", list(CASES))
async def test_each_case_yields_a_figure_for_each_contender(name: str, mocks: MockPort) -> None:
    figures = await CASES[name].run(mocks.url, ONE_REQUEST)

    assert len({figure.contender for figure in figures}) == len(figures) >= 2
    assert [(figure.rounds, figure.requests) for figure in figures] == [(1, 1)] * len(figures)
    assert figures[0].wall_ratio.median == 1


async def test_contenders_take_turns_in_an_order_that_turns_round() -> None:
    book: list[str] = []
    contenders = [Contender(name, noting(book, name)) for name in ("a", "b")]

    figures = await compare(contenders, Effort(rounds=2, turn_s=0.0))

    assert "".join(book) == "ab" + "ab" + "ba"
    assert [(figure.contender, figure.requests) for figure in figures] == [("a", 2), ("b", 2)]


async def test_figures_are_told_as_a_table_and_as_json() -> None:
    results = {"graph": await compare([Contender("a", noting([], "a"))], ONE_REQUEST)}

    told = orjson.loads(report.as_json(results))
    table = report.as_table(results)

    assert [figure["contender"] for figure in told["cases"]["graph"]["figures"]] == ["a"]
    assert table.row_count == 2


async def test_the_mocks_end_with_the_block_that_started_them(http: aiohttp.ClientSession) -> None:
    with processes.mocks() as url:
        async with http.get(f"{url}/_mock/calls") as reply:
            calls = await reply.json()

    assert calls == []
    with pytest.raises(aiohttp.ClientConnectionError):
        await http.get(f"{url}/_mock/calls")
