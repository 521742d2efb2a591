"""`make test-live` itself: what it says without credentials, and that it can be pointed at the mocks."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from resolvers.graph.enums import SourceKind
from tests.conftest import MockPort
from tests.live.__main__ import NEEDED, needed
from tests.live.sources import configured

ROOT = Path(__file__).parents[2]


def live(**environ: str) -> subprocess.CompletedProcess[str]:
    base = {"PATH": os.environ["PATH"], "NO_COLOR": "1"}
    line = [sys.executable, "-m", "tests.live"]
    return subprocess.run(line, cwd=ROOT, env=base | environ, capture_output=True, text=True, timeout=120, check=False)


def test_without_credentials_it_says_what_it_would_need_and_ends_well() -> None:
    done = live()

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{needed()}\n"


def test_every_kind_is_said_with_variables_that_are_read() -> None:
    said = {kind: re.findall(r"[A-Z]+_[A-Z]+", variables) for kind, variables in NEEDED.items()}
    urls = {f"{kind.name}_URL": "https://it.example" for kind in SourceKind}

    found = configured(dict.fromkeys((one for names in said.values() for one in names), "1") | urls)

    assert set(said) == set(SourceKind)
    assert {config.kind for config in found.values()} == set(SourceKind)
    assert all(name.startswith(f"{kind.name}_") for kind, names in said.items() for name in names)


def test_half_a_credential_is_told(tmp_path: Path) -> None:
    done = live(BUILDMASTER_TOKEN="hemlighet")

    assert done.returncode == 2
    assert "sources.buildmaster.url: not set" in done.stderr


def test_the_mocks_keep_the_contract_and_are_not_written_to(mocks: MockPort) -> None:
    environ = {f"{kind.name}_URL": f"{mocks.url}/{kind.name.lower()}" for kind in SourceKind}
    tokens = {f"{kind.name}_TOKEN": f"demo-{kind.name.lower()}-token" for kind in SourceKind}

    done = live(**environ, **tokens)

    assert done.returncode == 0, done.stdout
    assert {str(call["method"]) for call in mocks.calls} == {"GET", "POST"}
    assert {str(call["path"]) for call in mocks.calls if call["method"] == "POST"} <= {
        "/buildmaster/api/releases",
        "/buildmaster/api/applications/list",
    }


@pytest.mark.parametrize("path", ["*/releases?*"])
def test_a_service_that_breaks_the_contract_fails(path: str, mocks: MockPort) -> None:
    mocks.fail(source="memfault", path=path, wrong_shape=True)

    done = live(MEMFAULT_URL=f"{mocks.url}/memfault", MEMFAULT_TOKEN="demo-memfault-token")

    assert done.returncode == 1
    assert "test_the_doctor_finds_no_problem" in done.stdout
