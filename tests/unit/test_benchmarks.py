"""The benchmarks run, their peers answer alike, and they give figures; what the figures say is nobody's promise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from xml.etree import ElementTree

import aiohttp
import orjson
import pytest

from benchmarks import growth, picture, report, rounds, servers
from benchmarks.choices import processes
from benchmarks.choices import report as choices_report
from benchmarks.choices.cases import CASES
from benchmarks.choices.measure import Contender, Turn, compare
from benchmarks.choices.measure import Effort as ChoiceEffort
from benchmarks.report import COLUMNS, Report
from benchmarks.rounds import Effort, WrongAnswerError
from benchmarks.servers import Upstream
from benchmarks.variants import GATEWAY, VARIANTS, Variant, is_known
from benchmarks.workloads import ONE, Workload, workloads
from tests.conftest import MockPort

ONE_REQUEST = ChoiceEffort(rounds=1, turn_s=0.0)
SHORT = Effort(rounds=1, turn_s=0.0, delays_ms=(0,), in_flight=(2,))
USABLE = [variant for variant in VARIANTS if not variant.missing()]
BY_NAME = {variant.name: variant for variant in VARIANTS}


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with servers.upstream() as started:
        yield started


@pytest.fixture
async def known(upstream: Upstream) -> dict[str, Workload]:
    """With two requests each: the first time a mock is asked takes long."""
    whole = workloads(await upstream.release_ids(ONE["one"]))
    return {name: replace(workload, variables=workload.variables[:2]) for name, workload in whole.items()}


def silent(line: str) -> None:
    pass


def noting(book: list[str], name: str) -> Turn:
    async def turn(turn_s: float) -> int:
        book.append(name)
        return 1

    return turn


@pytest.mark.parametrize("name", ["A", "B", "C"])
async def test_all_peers_answer_a_workload_alike_and_are_measured(
    name: str, upstream: Upstream, known: dict[str, Workload]
) -> None:
    result = await rounds.run(known[name], USABLE, upstream, SHORT, silent)

    told = orjson.loads(Report([result], {}, {}).as_json())["workloads"][0]
    assert {variant.name for variant in USABLE} >= {cell["peer"] for cell in told["cells"]} >= {GATEWAY, "by hand"}
    # A turn is too short here for every clock to have moved.
    assert [cell for cell in told["cells"] if min(cell["cpu_us"], cell["per_second"], cell["p50_ms"]) < 0] == []
    assert [cell["times_by_hand"] for cell in told["cells"] if cell["peer"] == "by hand"] == [1]


async def test_a_peer_that_answers_something_else_is_not_timed(upstream: Upstream, known: dict[str, Workload]) -> None:
    # By hand knows an operation by its name, so under the name of another it answers another question.
    liar = Variant("liar", "by_hand", operations={"A": "B"})

    with pytest.raises(WrongAnswerError, match="A: liar and by hand differ"):
        await rounds.run(known["A"], [BY_NAME["by hand"], liar], upstream, SHORT, silent)


async def test_an_answer_of_too_few_rows_is_not_timed(upstream: Upstream, known: dict[str, Workload]) -> None:
    more = replace(known["A"], objects=101)

    with pytest.raises(WrongAnswerError, match="100 rows instead of 101"):
        await rounds.run(more, [BY_NAME["by hand"]], upstream, SHORT, silent)


async def test_the_upstream_asks_a_mock_once_for_each_request(upstream: Upstream) -> None:
    first = await upstream.release_ids(ONE["one"])
    unknown = await upstream.unknown()

    again = await upstream.release_ids(ONE["one"])

    assert (again, len(first), await upstream.unknown()) == (first, 100, unknown)


async def test_growth_tells_a_point_for_each_number_of_rows_and_sources(upstream: Upstream) -> None:
    points = await growth.run(BY_NAME[GATEWAY], upstream, SHORT, silent, rows=(10,), sources=(2,))

    assert [(point.of, point.count) for point in points] == [("rows", 10), ("sources", 2)]
    assert all(point.cpu_us > 0 and point.calls >= 1 for point in points)


async def test_the_report_is_a_table_a_page_and_a_picture(upstream: Upstream, known: dict[str, Workload]) -> None:
    result = await rounds.run(known["C"], [BY_NAME["by hand"]], upstream, SHORT, silent)
    made = Report([result], {GATEWAY: [growth.Point("rows", n, 9.0 * n, 1.0, 2.0, 0.5) for n in (10, 100)]}, {})

    table = next(iter(report.tables(made)))
    page = report.markdown(made)
    text = picture.drawn(orjson.loads(made.as_json()), delay_ms=0, in_flight=2)
    drawing = ElementTree.fromstring(text)  # noqa: S314  # our own

    assert [column.header for column in table.columns] == ["peer", "delay ms", "in flight", *COLUMNS]
    assert "| peer | in flight | CPU µs |" in page
    assert "| rows | 100 | 900 | 9.0 |" in page
    assert len(drawing.findall("{*}rect")) == 1
    assert len(drawing.findall("{*}circle")) == 2


def test_a_variant_names_the_settings_that_this_version_lacks() -> None:
    variant = Variant("new", settings={"server.max_rows": 9, "server.warp": True}, where_known={"warp.drive": 1})

    assert variant.missing() == ["server.warp"]
    assert variant.chosen() == variant.settings
    assert is_known("telemetry.log_level")


@pytest.mark.parametrize("name", list(CASES))
async def test_each_case_yields_a_figure_for_each_contender(name: str, mocks: MockPort) -> None:
    figures = await CASES[name].run(mocks.url, ONE_REQUEST)

    assert len({figure.contender for figure in figures}) == len(figures) >= 2
    assert [(figure.rounds, figure.requests) for figure in figures] == [(1, 1)] * len(figures)
    assert figures[0].wall_ratio.median == 1


async def test_contenders_take_turns_in_an_order_that_turns_round() -> None:
    book: list[str] = []
    contenders = [Contender(name, noting(book, name)) for name in ("a", "b")]

    figures = await compare(contenders, ChoiceEffort(rounds=2, turn_s=0.0))

    assert "".join(book) == "ab" + "ab" + "ba"
    assert [(figure.contender, figure.requests) for figure in figures] == [("a", 2), ("b", 2)]


async def test_figures_are_told_as_a_table_and_as_json() -> None:
    results = {"graph": await compare([Contender("a", noting([], "a"))], ONE_REQUEST)}

    told = orjson.loads(choices_report.as_json(results))
    table = choices_report.as_table(results)

    assert [figure["contender"] for figure in told["cases"]["graph"]["figures"]] == ["a"]
    assert table.row_count == 2


async def test_the_mocks_end_with_the_block_that_started_them(http: aiohttp.ClientSession) -> None:
    with processes.mocks() as url:
        async with http.get(f"{url}/_mock/calls") as reply:
            calls = await reply.json()

    assert calls == []
    with pytest.raises(aiohttp.ClientConnectionError):
        await http.get(f"{url}/_mock/calls")
