"""Secrets in files: renewed without a restart, never lost by a bad file, never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from resolvers.errors import CredentialRequired
from resolvers.transport import passed
from resolvers.transport.credentials import OrPassed, Token, identity_of
from resolvers.transport.kept import Kept
from resolvers.transport.secrets import FileSecret
from resolvers.transport.watched import LOOKED_AT_EVERY_S, Watched
from resolvers.upstreams.config import bearer

KEY = b"a key of the test"


def test_a_secret_follows_its_file_within_seconds(tmp_path: Path) -> None:
    file, now = tmp_path / "token", [0.0]
    file.write_text("first\n")
    secret = FileSecret(file, clock=lambda: now[0])

    file.write_text("second\n")
    at_once = secret.get_secret_value()
    now[0] += LOOKED_AT_EVERY_S

    assert (at_once, secret.get_secret_value()) == ("first", "second")
    assert "second" not in f"{secret!r} {secret}"


def test_a_secret_follows_a_link_that_is_turned_to_another_file(tmp_path: Path) -> None:
    # As Kubernetes does it: the file is a link, and what it leads to is exchanged.
    for name in ("first", "second"):
        (tmp_path / name).write_text(name)
    (tmp_path / "token").symlink_to(tmp_path / "first")
    secret = FileSecret(tmp_path / "token")

    (tmp_path / "next").symlink_to(tmp_path / "second")
    (tmp_path / "next").rename(tmp_path / "token")
    secret.look()

    assert secret.get_secret_value() == "second"


@pytest.mark.parametrize("bad", ["", "\n", "two\nlines", "short"])
def test_a_file_that_holds_no_secret_leaves_the_last_good_one_in_force(
    tmp_path: Path, bad: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "token"
    file.write_text("a-good-token")
    secret = FileSecret(file, min_length=8)

    file.write_text(bad)
    secret.look()
    file_gone = secret.get_secret_value()
    file.unlink()
    secret.look()

    assert (file_gone, secret.get_secret_value()) == ("a-good-token", "a-good-token")
    assert "a-good-token" not in "".join(capsys.readouterr())


def test_what_is_watched_is_read_once_as_long_as_it_does_not_change(tmp_path: Path) -> None:
    read: list[str] = []
    (tmp_path / "file").write_text("x")
    watched = Watched(tmp_path / "file", lambda text: read.append(text) or len(read))

    for _ in range(3):
        watched.look()

    assert (watched.value, read) == (1, ["x"])


async def test_a_refused_token_is_looked_at_again_at_once(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("old")
    token = Token(FileSecret(tmp_path / "token"), bearer)
    sent = await token.headers()
    in_vain = await token.renewed(sent)

    (tmp_path / "token").write_text("renewed")

    assert (in_vain, await token.renewed(sent)) == (False, True)
    assert await token.headers() == {"Authorization": "Bearer renewed"}


async def test_a_callers_credential_goes_before_the_configured_one_and_is_another_identity(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("own")
    credentials = OrPassed("a", "x-a-token", Token(FileSecret(tmp_path / "token"), bearer), bearer)
    mine, yours, own = passed.passed("mine", KEY), passed.passed("yours", KEY), {"Authorization": "Bearer own"}

    with passed.begun({"a": mine, "b": yours}):
        sent, identity, is_renewed = await credentials.headers(), credentials.identity, await credentials.renewed({})

    assert (sent, identity, is_renewed) == ({"Authorization": "Bearer mine"}, mine.identity, False)
    assert (await credentials.headers(), credentials.identity) == (own, identity_of(own))
    assert len({mine.identity, yours.identity, passed.passed("mine", b"another key").identity}) == 3
    assert "mine" not in f"{mine!r} {mine.identity}"


async def test_a_source_without_a_credential_of_its_own_says_which_header_is_missing() -> None:
    with pytest.raises(CredentialRequired, match="a: it needs a credential of yours, in the header x-a-token"):
        await OrPassed("a", "x-a-token", None, bearer).headers()


async def test_session_answers_are_kept_for_each_credential_apart() -> None:
    credentials = OrPassed("a", "x-a-token", None, bearer)
    asked: list[str] = []

    async def who_am_i() -> str:
        asked.append((await credentials.headers())["Authorization"])
        return asked[-1]

    kept = Kept(credentials, who_am_i)
    answers = []
    for token in ("mine", "yours", "mine"):
        with passed.begun({"a": passed.passed(token, KEY)}):
            answers.append(await kept.get())

    assert answers == ["Bearer mine", "Bearer yours", "Bearer mine"]
    assert asked == ["Bearer mine", "Bearer yours"]
