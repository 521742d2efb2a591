"""The command as a process of its own: what it says goes to a file, and it ends with the block that started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from tests.leaks import given, heard

ROOT = Path(__file__).parents[1]
PATIENCE_S = 40
_PROGRAM = "from gateway.cli import main; main()"


@dataclass
class Running:
    url: str
    pid: int
    said: Path

    @property
    def text(self) -> str:
        """Standard output and standard error until now."""
        return self.said.read_text(encoding="utf-8", errors="replace")

    def memory_mb(self, what: str = "VmRSS") -> float:
        """Resident memory; with VmHWM the most it ever was."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(what)) / 1024

    @property
    def sockets(self) -> int:
        """How many are open."""
        count = 0
        for entry in Path(f"/proc/{self.pid}/fd").iterdir():
            with suppress(OSError):  # closed meanwhile
                count += str(entry.readlink()).startswith("socket:")
        return count

    @property
    def children(self) -> list[int]:
        text = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [int(word) for word in text.split() if _is_worker(int(word))]


@contextmanager
def running(said: Path, port: int, *arguments: str, **environ: str) -> Iterator[Running]:
    """The command, answering at `port`. Raises RuntimeError with what it said when it does not start."""
    given(environ)
    own = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    with said.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, *arguments], env=own | environ, cwd="/", stdout=output, stderr=output
        )
    try:
        _wait(process, f"http://127.0.0.1:{port}/", said)
        yield Running(f"http://127.0.0.1:{port}", process.pid, said)
    finally:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE_S)
        process.kill()
        process.wait()
        heard("output", said.read_bytes())


def _wait(process: subprocess.Popen[bytes], url: str, said: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError):
            with suppress(HTTPError):  # mocks have nothing there
                urlopen(url).close()  # noqa: S310  # our own address
            return
        time.sleep(0.02)  # another process begins: there is nothing to wait on
    process.kill()
    raise RuntimeError(f"it did not start: {said.read_text(errors='replace')}")


def _is_worker(pid: int) -> bool:
    """Of multiprocessing's two kinds of children, the one that is not its tracker of resources."""
    with suppress(OSError):
        return b"resource_tracker" not in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False
