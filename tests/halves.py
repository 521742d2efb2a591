"""Halves: `python -m tests.halves` runs every test, in two processes side by side, since most of a run waits.

What is beside one another says so of itself: each half looks for secrets in all that was said in it, and asks its own
queries once more at its end. The second half is shown when the first is over. Ends with the worse of both.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parent.parent
LAST = "tests/test_all_operations.py"
FIRST = ("tests/unit", "tests/faults", "tests/mocks", LAST)
"About as long as all the others."


def main(options: Sequence[str]) -> int:
    """options: of pytest, for both."""
    others = ["tests", *(f"--ignore={folder}" for folder in FIRST if folder != LAST)]
    with tempfile.TemporaryFile() as said:
        beside = _begun([*others, *options], said)
        try:
            first = subprocess.run(_command([*FIRST, *options]), cwd=ROOT, check=False).returncode
            second = beside.wait()
        finally:
            beside.kill()
        said.seek(0)
        sys.stdout.flush()
        sys.stdout.buffer.write(said.read())
    return max(first, second)


def _begun(arguments: Sequence[str], said: IO[bytes]) -> subprocess.Popen[bytes]:
    environ = {**os.environ, "PY_COLORS": os.environ.get("PY_COLORS", "0")}
    return subprocess.Popen(_command(arguments), cwd=ROOT, env=environ, stdout=said, stderr=subprocess.STDOUT)


def _command(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "pytest", *arguments]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
