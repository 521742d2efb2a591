"""A real Redis on a free port of loopback, for tests; they skip where the program is missing."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

INSTALL = "redis-server is missing: apt-get install redis-server"
PATIENCE_S = 10


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(port: int) -> Iterator[str]:
    """Its URL. Nothing is written to disk."""
    with started(port):
        yield f"redis://127.0.0.1:{port}"


@contextmanager
def started(port: int) -> Iterator[int]:
    """Its process id, for who wants to end it before the block does."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip(INSTALL)
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with subprocess.Popen([program, *options], stdout=subprocess.DEVNULL) as process:
        try:
            _wait_for(port)
            yield process.pid
        finally:
            process.terminate()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)  # another process begins: there is nothing to wait on
    raise RuntimeError("redis-server did not start")
