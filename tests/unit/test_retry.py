"""Retries: which failures are worth another try, after how long, and how many."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from resolvers.errors import (
    SourceTooLarge,
    UpstreamBroken,
    UpstreamBusy,
    UpstreamCircuitOpen,
    UpstreamError,
    UpstreamRefused,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from resolvers.transport.exchange import Request
from resolvers.transport.retry import MOST_WAIT_S, Retries, Spared
from resolvers.transport.statuses import seconds_until

TWICE = Retries(most=2, backoff_s=0.25)


@pytest.mark.parametrize(
    ("error", "status", "is_retried"),
    [
        pytest.param(UpstreamUnreachable("it", "x"), None, True, id="no connection"),
        pytest.param(UpstreamBroken("it", "x"), 502, True, id="a proxy without its server"),
        pytest.param(UpstreamBroken("it", "x"), 503, True, id="maintenance"),
        pytest.param(UpstreamBroken("it", "x"), 504, True, id="a proxy that waited"),
        pytest.param(UpstreamRejected("it", "x"), 408, True, id="a proxy that took the connection for idle"),
        pytest.param(UpstreamBusy("it", "x", 1), 429, True, id="asked too often, and it says how long"),
        pytest.param(UpstreamBusy("it", "x", 1), 529, True, id="overloaded, and it says how long"),
        pytest.param(UpstreamBusy("it", "x"), 429, False, id="asked too often, for how long nobody knows"),
        pytest.param(UpstreamBroken("it", "x"), 500, False, id="what it fails at it will fail at again"),
        pytest.param(UpstreamRejected("it", "x"), 500, False, id="balena's word for a mistake of ours"),
        pytest.param(UpstreamRejected("it", "x"), 400, False, id="our own mistake"),
        pytest.param(UpstreamRefused("it", "x"), 401, False, id="refused"),
        pytest.param(UpstreamTimeout("it", "x"), None, False, id="its time is spent"),
        pytest.param(UpstreamCircuitOpen("it", "x", 1), None, False, id="left alone"),
        pytest.param(SourceTooLarge("it", "x"), 200, False, id="too large"),
    ],
)
def test_only_what_may_be_over_in_a_moment_is_tried_again(
    error: UpstreamError, status: int | None, is_retried: bool
) -> None:
    assert (TWICE.wait_s(error, status, 1, 10, 0.5) is not None) == is_retried


def test_the_wait_is_random_up_to_a_limit_that_doubles() -> None:
    error = UpstreamUnreachable("it", "x")

    most = [TWICE.wait_s(error, None, tries, 10, 1) for tries in (1, 2, 3)]
    least = TWICE.wait_s(error, None, 2, 10, 0)

    assert most == [0.25, 0.5, None]
    assert least == 0


@pytest.mark.parametrize(
    ("after_s", "left_s", "wait_s"),
    [
        pytest.param(1, 10, 1, id="short: waited for"),
        pytest.param(0, 10, 0, id="at once"),
        pytest.param(MOST_WAIT_S + 1, 10, None, id="longer than anybody is kept waiting"),
        pytest.param(1, 0.9, None, id="longer than there is time left"),
    ],
)
def test_what_the_source_says_goes_before_our_own_wait(after_s: int, left_s: float, wait_s: float | None) -> None:
    assert TWICE.wait_s(UpstreamBroken("it", "x", after_s), 503, 1, left_s, 1) == wait_s


def test_a_source_is_spared_all_but_ten_retries_and_one_for_ten_calls() -> None:
    spared = Spared()

    at_once = [spared.take() for _ in range(12)]
    for _ in range(10):
        spared.called()
    earned = [spared.take() for _ in range(2)]

    assert at_once == [True] * 10 + [False] * 2
    assert earned == [True, False]


@pytest.mark.parametrize(
    ("request_", "is_repeatable"),
    [
        pytest.param(Request("GET", "/x"), True, id="a read"),
        pytest.param(Request("POST", "/x", b"{}"), True, id="a POST that reads"),
        pytest.param(Request("GET", "/x", wants_location=True, is_read=False), True, id="a link"),
        pytest.param(Request("POST", "/x", b"{}", is_session=True, is_read=False), False, id="a login"),
        pytest.param(Request("POST", "/x", is_change=True, is_read=False), False, id="a change"),
        pytest.param(
            Request("DELETE", "/x", is_change=True, is_read=False), False, id="a change HTTP calls idempotent"
        ),
        pytest.param(Request("GET", "/x", is_change=True, is_read=False), False, id="a change by GET"),
    ],
)
def test_a_change_is_never_sent_twice(request_: Request, is_repeatable: bool) -> None:
    assert request_.is_repeatable == is_repeatable


NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def http_date(after_s: int) -> str:
    return format_datetime(NOW + timedelta(seconds=after_s), usegmt=True)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        pytest.param("7", 7, id="seconds"),
        pytest.param("0", 0, id="none"),
        pytest.param(http_date(90), 90, id="a date, by the server's own clock"),
        pytest.param(http_date(-90), 0, id="a date that is over"),
        pytest.param(None, None, id="absent"),
        pytest.param("", None, id="empty"),
        pytest.param("soon", None, id="a word"),
        pytest.param("-3", None, id="less than nothing"),
        pytest.param("1.5", None, id="a fraction"),
        pytest.param("٣", None, id="digits of another script"),
        pytest.param("9" * 5000, None, id="more digits than Python reads"),
        pytest.param("Wed, 04 Mar 9999 05:06:07 GMT", None, id="the end of time"),
        pytest.param("Wed, 99 Mar 2026 05:06:07 GMT", None, id="no day"),
    ],
)
def test_retry_after_is_read_in_both_its_forms_and_nonsense_is_none(given: str | None, seconds: int | None) -> None:
    assert seconds_until(given, http_date(0)) == seconds


def test_without_the_servers_date_ours_counts() -> None:
    given = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)

    assert seconds_until(given) in (59, 60, 61)
