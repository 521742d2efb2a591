"""Who is let in, by which key, and what a scope is worth."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from gateway.access import api_keys
from gateway.access.authentication import Authentication
from gateway.access.principal import Caller
from gateway.settings import Security
from gateway.settings.security import ApiKey
from resolvers.errors import Forbidden, ReleasegraphError, Unauthenticated, WritesDisabled

KEY = api_keys.new()
WRITE = "a-write-token-of-the-test"


def guarded(*scopes: str, **more: object) -> Security:
    key = ApiKey(hash=api_keys.hashed(KEY), scopes=scopes or ("read",))
    return Security.model_validate({"api_keys": {"ci": key}, **more})


async def test_a_key_is_known_by_its_hash_alone() -> None:
    caller = await Authentication(guarded("read", "write:balena")).caller(f"Bearer {KEY}")

    assert (caller.name, caller.scopes) == ("ci", {"read", "write:balena"})
    assert KEY not in repr(guarded())
    assert KEY not in repr(caller)


def test_a_new_key_has_the_randomness_that_a_plain_hash_needs() -> None:
    keys = {api_keys.new() for _ in range(100)}

    assert len(keys) == 100
    assert min(len(key) for key in keys) >= len(api_keys.PREFIX) + 43


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param("", id="nothing"),
        pytest.param("Bearer ", id="an empty token"),
        pytest.param(f"Basic {KEY}", id="another scheme"),
        pytest.param(f"Bearer {KEY}x", id="a key with something behind it"),
        pytest.param(f"Bearer {api_keys.hashed(KEY)}", id="the hash instead of the key"),
        pytest.param("Bearer a.b.c", id="a token, where no issuer is configured"),
    ],
)
async def test_whoever_is_not_known_is_not_let_in(sent: str) -> None:
    with pytest.raises(Unauthenticated) as refused:
        await Authentication(guarded()).caller(sent)

    assert KEY not in str(refused.value)


async def test_a_wrong_key_is_refused_also_where_anonymous_callers_may_read() -> None:
    authentication = Authentication(guarded(anonymous="read"))
    anonymous = await authentication.caller("")

    anonymous.check("read", "balena")
    with pytest.raises(Unauthenticated):
        anonymous.check("write", "balena")
    with pytest.raises(Unauthenticated):
        await authentication.caller("Bearer wrong")


async def test_a_key_that_may_read_nothing_is_forbidden_and_not_unknown() -> None:
    with pytest.raises(Forbidden, match="the caller 'ci' may not read any source: it needs the scope read"):
        await Authentication(guarded("explain")).caller(f"Bearer {KEY}")


async def test_the_write_token_is_one_of_the_credentials_where_there_are_keys() -> None:
    security = guarded(write_token=SecretStr(WRITE), explain="write_token")

    caller = await Authentication(security).caller(f"Bearer {WRITE}")

    for scope in ("read", "write", "explain"):
        caller.check(scope, "balena")


async def test_keys_in_a_file_are_read_again_when_it_changes(tmp_path: Path) -> None:
    file, other = tmp_path / "keys.toml", api_keys.new()
    file.write_text(f'[old]\nhash = "{api_keys.hashed(KEY)}"\nscopes = ["read"]\n')
    keys = api_keys.KnownKeys(Security(api_keys_file=file))
    before = keys.find(KEY)

    file.write_text(f'[new]\nhash = "{api_keys.hashed(other)}"\nscopes = ["read:balena"]\n')
    assert keys._file is not None
    keys._file.look()

    after = keys.find(other)
    assert before is not None
    assert after is not None
    assert (before[0], keys.find(KEY), after[0]) == ("old", None, "new")


@pytest.mark.parametrize(
    ("scopes", "allowed"),
    [
        (("read",), {"read", "read a", "read b"}),
        (("read:a",), {"read", "read a"}),
        (("write:a",), {"read", "read a", "write", "write a"}),
        (("read", "write:b"), {"read", "read a", "read b", "write", "write b"}),
        (("write",), {"read", "read a", "read b", "write", "write a", "write b"}),
        (("explain",), {"explain"}),
    ],
    ids=" ".join,
)
def test_a_scope_allows_what_it_says_and_no_more(scopes: tuple[str, ...], allowed: set[str]) -> None:
    caller = Caller(guarded(), "", "ci", scopes)

    asked = [(scope, source) for scope in ("read", "write") for source in (None, "a", "b")] + [("explain", None)]
    granted = {" ".join(filter(None, each)) for each in asked if not is_refused(caller, *each)}

    assert granted == allowed


def is_refused(caller: Caller, scope: str, source: str | None) -> bool:
    try:
        caller.check(scope, source)
    except Forbidden:
        return True
    return False


@pytest.mark.parametrize(
    ("security", "sent", "error"),
    [
        (Security(), "", None),
        (Security(introspection="nobody"), f"Bearer {WRITE}", Forbidden),
        (Security(introspection="authenticated"), "", Unauthenticated),
        (Security(introspection="authenticated", write_token=SecretStr(WRITE)), "", Unauthenticated),
        (Security(introspection="authenticated", write_token=SecretStr(WRITE)), f"Bearer {WRITE}", None),
    ],
    ids=["anyone", "nobody", "authenticated by nothing", "without the token", "with the token"],
)
def test_the_schema_is_told_to_whom_the_setting_says(
    security: Security, sent: str, error: type[ReleasegraphError] | None
) -> None:
    caller = Caller(security, sent)

    assert caller.may_introspect == (error is None)
    if error is not None:
        with pytest.raises(error):
            caller.check_introspection()


def test_without_keys_and_without_a_write_token_nothing_can_be_changed() -> None:
    with pytest.raises(WritesDisabled):
        Caller(Security(), f"Bearer {os.urandom(8).hex()}").check("write", "balena")
