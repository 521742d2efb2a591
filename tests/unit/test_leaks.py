"""The search for secrets finds them, wherever the gateway may say one, and turns the run red."""

from __future__ import annotations

import os
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pytest

from tests.leaks import SHORTEST, Leaks

ROOT = Path(__file__).parents[2]
SECRET = "hemlighet/4711+åäö"


@pytest.fixture
def leaks(tmp_path: Path) -> Leaks:
    listening = Leaks(tmp_path / "said", "test_one")
    listening.secret(SECRET)
    listening.place = "test_two"
    return listening


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(f"token={SECRET};".encode(), id="as it is"),
        pytest.param(b"?token=hemlighet%2F4711%2B%C3%A5%C3%A4%C3%B6&", id="in an address"),
        *(
            pytest.param(b"Basic " + b64encode(f"{'u' * length}:{SECRET}".encode()), id=f"behind {length} signs")
            for length in range(3)
        ),
    ],
)
def test_a_secret_is_found_however_it_is_spelled_and_not_repeated(leaks: Leaks, said: bytes) -> None:
    leaks.heard("reply", b"x" * 100)
    leaks.heard("log", said)

    (find,) = leaks.found()

    assert find.startswith("a secret of test_one is in the log of test_two, behind ")
    assert SECRET not in find


def test_one_that_lies_across_two_parts_of_the_file_is_found(leaks: Leaks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.leaks._CHUNK", 7)

    leaks.heard("log", "a" * 30)
    leaks.heard("reply", f"before {SECRET} behind")

    assert len(leaks.found()) == 1


def test_what_was_said_before_a_secret_is_known_counts_too(leaks: Leaks) -> None:
    leaks.heard("metrics", 'source="later-known"')
    leaks.secret("later-known")

    assert len(leaks.found()) == 1


def test_nothing_is_found_where_nothing_was_said(leaks: Leaks) -> None:
    leaks.secret("x" * (SHORTEST - 1))
    leaks.heard("log", "x" * 100)

    assert leaks.found() == []


OF_A_RUN = """
import os, subprocess
from pathlib import Path
from urllib.request import Request, urlopen

from gateway.app import create_app
from gateway.settings import load
from gateway.telemetry import log
from tests.conftest import served

CONFIGURED = {
    "BALENA_URL": "http://127.0.0.1:9", "BALENA_TOKEN": "hemlighet-one",
    "MEMFAULT_URL": "http://127.0.0.1:9", "MEMFAULT_TOKEN": "hemlighet-two",
    "RELEASEGRAPH_SECURITY_WRITE_TOKEN": "hemlighet-three-of-all",
}

def test_it():
    app = create_app(load(Path(os.devnull), CONFIGURED))
    with served(app) as url:
        urlopen(Request(url + "/healthz", headers={"Authorization": "Bearer broughtAlong"})).read()
        SAYING
"""
SAYING = (
    'urlopen(Request(url + "/graphql?query={broughtAlong}", headers={"x-requested-with": "a test"})).read()',
    'log._log.warning("said", token="hemlighet-one")',
    'app.state.runtime.metrics.batch(type("Asked", (), {"question": "hemlighet-two", "keys": 1}))',
    'subprocess.run(["echo", "hemlighet-three-of-all"], capture_output=True)',
)


def run_of(tmp_path: Path, *saying: str) -> subprocess.CompletedProcess[str]:
    test = tmp_path / "test_it.py"
    test.write_text(OF_A_RUN.replace("SAYING", "; ".join(saying) or "pass"))
    command = [sys.executable, "-m", "pytest", "-p", "tests.leaks", "--rootdir", str(ROOT), "--noconftest", str(test)]
    # What was said is kept for whoever looks into it, where the operating system keeps such things.
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environ)


def test_a_run_that_says_secrets_is_red_though_every_test_is_green(tmp_path: Path) -> None:
    done = run_of(tmp_path, *SAYING)

    assert done.returncode == 1, done.stdout
    assert "[100%]" in done.stdout
    assert "secrets that were said" in done.stdout
    assert [
        where for where in ("reply", "log", "metrics", "output") if f"is in the {where} of " not in done.stdout
    ] == []


def test_a_run_that_says_none_is_green(tmp_path: Path) -> None:
    done = run_of(tmp_path)

    assert (done.returncode, "secrets" in done.stdout) == (0, False), done.stdout
