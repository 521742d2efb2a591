"""The breaker: when a source is left alone, and when it is asked again. Time is handed in."""

from __future__ import annotations

from resolvers.transport.breaker import Breaker, Circuit, Patience

PATIENCE = Patience(failures=3, lasting_s=2, open_s=10)


def failed_at(breaker: Breaker, *moments: float) -> None:
    """Calls that took a tenth of a second."""
    for moment in moments:
        breaker.failed(moment - 0.1, moment, "UPSTREAM_BROKEN")


def opened() -> Breaker:
    """At 3 seconds, until 13."""
    breaker = Breaker(PATIENCE)
    failed_at(breaker, 1, 2, 3)
    return breaker


def test_it_opens_after_failures_in_a_row_that_lasted_and_tells_when_the_next_try_is() -> None:
    breaker = Breaker(PATIENCE)

    failed_at(breaker, 1, 2)
    before = breaker.refusal_s(2)
    failed_at(breaker, 3)

    assert before is None
    assert breaker.circuit is Circuit.OPEN
    assert (breaker.refusal_s(3), breaker.refusal_s(12)) == (10, 1)


def test_many_calls_that_break_in_one_moment_do_not_open_it() -> None:
    breaker = Breaker(PATIENCE)

    failed_at(breaker, *[1.0] * 50)

    assert breaker.circuit is Circuit.CLOSED


def test_calls_side_by_side_that_waited_in_vain_open_it_at_once() -> None:
    breaker = Breaker(PATIENCE)

    for _ in range(3):
        breaker.failed(0, 10, "UPSTREAM_TIMEOUT")

    assert breaker.circuit is Circuit.OPEN


def test_an_answer_in_between_begins_the_row_anew() -> None:
    breaker = Breaker(PATIENCE)

    failed_at(breaker, 1, 2)
    breaker.answered()
    failed_at(breaker, 3, 4)

    assert breaker.circuit is Circuit.CLOSED


def test_one_probe_goes_through_and_an_answer_closes_it() -> None:
    breaker = opened()

    probe, others = breaker.refusal_s(13), [breaker.refusal_s(13), breaker.refusal_s(14)]
    breaker.answered()

    assert probe is None
    assert None not in others
    assert (breaker.circuit, breaker.refusal_s(14)) == (Circuit.CLOSED, None)


def test_a_probe_that_fails_opens_it_for_as_long_again() -> None:
    breaker = opened()

    breaker.refusal_s(13)
    breaker.failed(13, 15, "UPSTREAM_TIMEOUT")

    assert breaker.circuit is Circuit.OPEN
    assert (breaker.refusal_s(24), breaker.refusal_s(25)) == (1, None)


def test_a_probe_that_nobody_waited_for_makes_way_for_another() -> None:
    breaker = opened()

    breaker.refusal_s(13)
    breaker.gave_up(13)

    assert breaker.refusal_s(13) is None


def test_what_was_under_way_when_it_opened_may_close_it_and_cannot_pass_for_the_probe() -> None:
    breaker, lucky = opened(), opened()

    breaker.refusal_s(13)
    breaker.failed(2.9, 13.5, "UPSTREAM_TIMEOUT")
    breaker.gave_up(2.9)
    lucky.answered()

    assert breaker.circuit is Circuit.HALF_OPEN
    assert lucky.circuit is Circuit.CLOSED


def test_every_change_is_told_once() -> None:
    told: list[Circuit] = []
    breaker = Breaker(PATIENCE, told.append)

    failed_at(breaker, 1, 2, 3, 4, 5)
    breaker.refusal_s(13)
    breaker.answered()
    breaker.answered()

    assert told == [Circuit.OPEN, Circuit.HALF_OPEN, Circuit.CLOSED]


def test_without_a_number_of_failures_it_never_opens() -> None:
    breaker = Breaker()

    failed_at(breaker, *range(1000))

    assert breaker.circuit is Circuit.CLOSED
