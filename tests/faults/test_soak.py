"""The soak, shortened: the command as `make soak` calls it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("minutes", ["0", "-1", "soon", "nan"])
def test_a_time_that_is_none_is_refused_with_what_is_taken(minutes: str) -> None:
    done = soaked("--minutes", minutes)

    assert done.returncode == 2
    assert "is no number of minutes from 0.2 to 1440" in done.stderr


def test_half_a_minute_of_troubles_leaves_the_gateway_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "report.json"

    done = soaked("--minutes", "0.5", "--json", str(target))

    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(target.read_bytes())
    assert (told["complaints"], told["repliesUnexpected"]) == ([], 0)
    assert told["requests"] > 0 < len(told["errorsExplained"])


def soaked(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks.soak", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
