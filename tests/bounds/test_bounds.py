"""What named operations cost, as promised: a figure that grows fails, and so does one that could be lower by now."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.contract import operations, schemas
from gateway.execution.limits import Limits
from gateway.settings import Server
from tests.bounds.measure import Measured, measured, prices_of
from tests.bounds.stated import OPERATIONS, STARTER_QUERIES, Price, Stated, stated, told

STATED = stated()
EACH = pytest.mark.parametrize("operation", STATED, ids=lambda one: one.name)
AGAIN = "`python -m tests.bounds --write` measures all anew and puts it down; see whether the reasons still hold"


LOOSEST = 4
"How many times what an operation costs at most may be told before it runs."


@pytest.fixture(scope="module")
def found() -> dict[str, tuple[Measured, ...]]:
    return measured(STATED)


@pytest.fixture(scope="module")
def prices(found: dict[str, tuple[Measured, ...]]) -> dict[str, tuple[Price, ...]]:
    return prices_of(found)


@EACH
def test_an_operation_costs_what_is_promised(operation: Stated, prices: dict[str, tuple[Price, ...]]) -> None:
    found = prices[operation.name]

    is_kept = [price.holds(one) for price, one in zip(operation.prices, found, strict=True)]

    assert all(is_kept), f"it costs {told(found, operation.reason)}\nnot {operation.line}\n{AGAIN}"


@EACH
def test_what_is_told_before_is_never_less_than_what_it_costs(
    operation: Stated, found: dict[str, tuple[Measured, ...]]
) -> None:
    costs = [cost for world in found[operation.name] for cost in world.costs]

    too_low = [cost for cost in costs if cost.calls > cost.estimate]

    assert too_low == []


@EACH
def test_what_is_told_before_is_not_far_from_the_dearest(
    operation: Stated, found: dict[str, tuple[Measured, ...]]
) -> None:
    costs = [cost for world in found[operation.name] for cost in world.costs]

    assert max(cost.estimate for cost in costs) <= LOOSEST * max(cost.calls for cost in costs)


@EACH
def test_a_price_grows_with_rows_only_where_the_reason_says_how(operation: Stated) -> None:
    small, large = operation.prices

    assert small == large or "a call" in operation.reason


@pytest.mark.parametrize("directory", [OPERATIONS, STARTER_QUERIES], ids=lambda path: path.name)
def test_every_operation_fits_the_schema_and_the_limits(directory: Path) -> None:
    found = operations.check(directory, schemas.present(), Limits.of(Server()))

    assert (found.problems, found.warnings) == ([], [])


def test_every_starter_query_and_ten_others_at_least_are_promised() -> None:
    starters = {file.stem for file in STARTER_QUERIES.glob("*.graphql")}
    names = {one.name for one in STATED}

    assert starters < names
    assert len(names - starters) >= 10


def test_a_price_of_a_range_holds_what_is_inside_it_alone() -> None:
    promised = Price(67, 74)

    assert promised.holds(Price(67, 74))
    assert not promised.holds(Price(67, 75)), "it grew"
    assert not promised.holds(Price(60, 60)), "it could be lower by now"


@pytest.mark.parametrize(
    ("prices", "line"),
    [
        pytest.param((Price(1, 1), Price(1, 1)), "1 upstream call: why.", id="one"),
        pytest.param((Price(3, 3), Price(5, 5)), "3 upstream calls, 5 in the larger world: why.", id="grows"),
        pytest.param((Price(3, 4), Price(3, 4)), "3 to 4 upstream calls: why.", id="hangs on which comes first"),
    ],
)
def test_a_price_is_told_in_the_words_it_is_read_in(prices: tuple[Price, ...], line: str) -> None:
    assert told(prices, "why.") == line
