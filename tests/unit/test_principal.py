"""Who may do more than read, by what `[security]` says and the header a caller sent."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from gateway.access.principal import Caller
from gateway.settings import Security
from resolvers.errors import Forbidden, ReleasegraphError, Unauthenticated, WritesDisabled
from resolvers.principal import Anyone

TOKEN = SecretStr("a-token-of-the-test")
RIGHT, WRONG = f"Bearer {TOKEN.get_secret_value()}", "Bearer another-token-of-the-test"
CLOSED, OPEN = Security(), Security(explain="anyone")
GUARDED = Security(write_token=TOKEN, explain="write_token")


@pytest.mark.parametrize(
    ("security", "authorization", "scope"),
    [
        pytest.param(CLOSED, "", "read", id="reading needs nothing"),
        pytest.param(GUARDED, RIGHT, "write", id="the bearer of the token may write"),
        pytest.param(GUARDED, RIGHT, "explain", id="and has plans"),
        pytest.param(OPEN, "", "explain", id="anyone has plans where that is said"),
        pytest.param(OPEN, WRONG, "explain", id="whatever they send"),
    ],
)
def test_what_is_granted_is_not_refused(security: Security, authorization: str, scope: str) -> None:
    Caller(security, authorization).check(scope)


@pytest.mark.parametrize(
    ("security", "authorization", "scope", "error"),
    [
        pytest.param(CLOSED, RIGHT, "write", WritesDisabled, id="no token, no writing"),
        pytest.param(OPEN, "", "write", WritesDisabled, id="plans for anyone let nobody write"),
        pytest.param(GUARDED, "", "write", Unauthenticated, id="writing without the header"),
        pytest.param(GUARDED, WRONG, "write", Unauthenticated, id="writing with another token"),
        pytest.param(CLOSED, RIGHT, "explain", Forbidden, id="nobody has plans unless it is said"),
        pytest.param(Security(write_token=TOKEN), RIGHT, "explain", Forbidden, id="also not who may write"),
        pytest.param(GUARDED, "", "explain", Unauthenticated, id="a plan without the header"),
        pytest.param(GUARDED, WRONG, "explain", Unauthenticated, id="a plan with another token"),
    ],
)
def test_what_is_refused_says_why(
    security: Security, authorization: str, scope: str, error: type[ReleasegraphError]
) -> None:
    with pytest.raises(error) as refused:
        Caller(security, authorization).check(scope)

    assert "another-token" not in str(refused.value)


@pytest.mark.parametrize(("scope", "error"), [("write", WritesDisabled), ("explain", Forbidden)])
def test_without_any_setting_everyone_reads_and_no_more(scope: str, error: type[ReleasegraphError]) -> None:
    Anyone().check("read")

    with pytest.raises(error):
        Anyone().check(scope)


def test_a_caller_does_not_show_what_was_sent() -> None:
    assert TOKEN.get_secret_value() not in repr(Caller(GUARDED, RIGHT))
