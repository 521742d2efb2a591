"""The bucket: what a 429 teaches, and how it is forgotten. Time is handed in."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from resolvers.transport.bucket import DOUBLING_S, FEWEST_PER_S, MOST_PAUSE_S, PAUSE_S, Bucket

PAUSE_AT_MOST_S, LEFT_S = 2.0, 10.0


def taken(bucket: Bucket, moments: Iterable[float]) -> list[float | None]:
    return [bucket.take(moment, PAUSE_AT_MOST_S, LEFT_S) for moment in moments]


def met_at_20_a_second(retry_after_s: float | None = 0) -> Bucket:
    """A limit, at second 104, after 4 seconds of 20 calls each."""
    bucket = Bucket()
    taken(bucket, [100 + number / 20 for number in range(80)])
    bucket.cut(103.9, 104, retry_after_s)
    return bucket


def test_until_a_limit_is_met_nobody_waits() -> None:
    assert set(taken(Bucket(), [0.0] * 10_000)) == {0.0}


def test_after_a_429_half_as_many_go_out_and_the_others_wait_their_turn() -> None:
    bucket = met_at_20_a_second()

    waits = taken(bucket, [105.0] * 12)

    assert bucket.rate(104) == pytest.approx(10, rel=0.01)
    assert waits[:10] == [0.0] * 10  # a second's worth at once
    assert waits[-2:] == pytest.approx([0.07, 0.17], abs=0.01)


def test_who_has_no_time_for_its_turn_is_told_so_and_takes_no_place() -> None:
    bucket = met_at_20_a_second()

    waits = taken(bucket, [104.0] * 300)

    assert len([wait for wait in waits if wait is not None]) == pytest.approx(LEFT_S * 10, abs=2)
    assert bucket.next_s(104) == pytest.approx(LEFT_S, rel=0.05)


def test_nothing_goes_out_before_the_source_wants_to_be_asked_again() -> None:
    bucket = met_at_20_a_second(retry_after_s=30)

    early, in_sight = taken(bucket, [105, 133.5])

    assert (early, in_sight) == (None, 0.5)


@pytest.mark.parametrize(
    ("retry_after_s", "pause_s"),
    [
        pytest.param(None, PAUSE_S, id="it does not say how long"),
        pytest.param(10**7, MOST_PAUSE_S, id="it says longer than anybody means"),
    ],
)
def test_how_long_it_is_left_alone_is_ours_to_say_where_its_word_is_no_help(
    retry_after_s: float | None, pause_s: float
) -> None:
    bucket = met_at_20_a_second(retry_after_s)

    assert bucket.next_s(104) == pause_s


def test_a_call_that_is_refused_takes_no_place() -> None:
    bucket = met_at_20_a_second(retry_after_s=30)

    refused = taken(bucket, [105.0] * 100)

    assert refused == [None] * 100
    assert taken(bucket, [134]) == [0]


def test_the_rate_doubles_again_and_again_until_there_is_no_limit() -> None:
    bucket = met_at_20_a_second()

    rates = [bucket.rate(104 + doublings * DOUBLING_S) for doublings in range(4)]

    assert rates[:3] == pytest.approx([10, 20, 40], rel=0.01)
    assert rates[3] is None


def test_many_429s_of_one_moment_cut_once_and_a_later_one_again() -> None:
    bucket = met_at_20_a_second()

    bucket.cut(103.9, 104.2, 0)
    together = bucket.rate(104.2)
    taken(bucket, [104.3])
    bucket.cut(104.3, 104.4, 0)

    assert together == pytest.approx(10, rel=0.02)
    assert bucket.rate(104.4) == pytest.approx(5, rel=0.02)


def test_however_often_it_is_met_a_page_still_gets_its_handful_of_calls() -> None:
    bucket = Bucket()

    for moment in range(1, 50):
        taken(bucket, [moment])
        bucket.cut(moment, moment + 0.1, 0)

    assert bucket.rate(49.1) == FEWEST_PER_S


def test_a_configured_rate_is_never_exceeded_and_is_what_growth_ends_at() -> None:
    bucket = Bucket(5)

    waits = taken(bucket, [100.0] * 7)
    bucket.cut(100, 101.4, 0)

    assert waits == pytest.approx([0, 0, 0, 0, 0, 0.2, 0.4])
    assert (bucket.rate(101.4), bucket.rate(1000)) == (5, 5)
