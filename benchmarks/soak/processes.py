"""Processes: the mocks and the gateway, as an operator starts them; they end with the block that started them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import IO

import orjson

from benchmarks.load import HOST
from benchmarks.machine import memory_mb
from benchmarks.servers import ROOT, SERVE
from gateway.demo import LINES, OWN, WRITE_TOKEN
from upstream_mocks.world import KINDS

START_S = 60.0
TIMEOUT_S = 8.0
# Sources that fail are given up, tried again and left alone in seconds, so that half an hour sees much of it.
PER_SOURCE = {"TIMEOUT_S": f"{TIMEOUT_S:g}", "BREAKER_AFTER_S": "1", "BREAKER_OPEN_S": "1"}
# What is remembered is bounded low, so that it is full when memory begins to be measured.
GATEWAY = {
    "RELEASEGRAPH_CACHE_TTL_S": "0.5",
    "RELEASEGRAPH_CACHE_STALE_S": "0.5",
    "RELEASEGRAPH_CACHE_STALE_IF_ERROR_S": "3",
    "RELEASEGRAPH_CACHE_MAX_BYTES": str(4 * 1024 * 1024),
    "RELEASEGRAPH_CACHE_ANSWERS_MAX_BYTES": str(2 * 1024 * 1024),
    "RELEASEGRAPH_SECURITY_WRITE_TOKEN": WRITE_TOKEN,
    "RELEASEGRAPH_TELEMETRY_LOG_LEVEL": "info",
}
COMPLAINTS = (b"Traceback", b'"level":"error"', b'"level":"critical"')
SHOWN = 10


@dataclass
class Said:
    """What a process says, read as it comes: lines that hold what they must not are kept, the others counted."""

    unwanted: tuple[bytes, ...]
    size_bytes: int = 0
    kept: list[str] = field(default_factory=list)
    last: bytes = b""

    def read(self, stream: IO[bytes]) -> None:
        for line in stream:
            self.size_bytes += len(line)
            self.last = line
            if len(self.kept) < SHOWN and any(word in line for word in self.unwanted):
                self.kept.append(line.decode(errors="replace")[:500])


@dataclass(frozen=True, slots=True)
class Process:
    port: int
    pid: int
    said: Said

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def memory_mb(self) -> float:
        return memory_mb(self.pid)

    @property
    def descriptors(self) -> int:
        """Open files and sockets."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))


@contextmanager
def mocks() -> Iterator[Process]:
    with _started(["mocks"], {}, ()) as process:
        yield process


@contextmanager
def gateway(mocks_url: str, folder: Path) -> Iterator[Process]:
    """Over all five sources of the mocks, with the demo's product lines."""
    config = folder / "gateway.toml"
    config.write_text(_lines(), encoding="utf-8")
    environ = dict(GATEWAY)
    for kind in KINDS:
        name = kind.upper()
        environ |= OWN.get(kind, {f"{name}_TOKEN": f"demo-{kind}-token"}) | {f"{name}_URL": f"{mocks_url}/{kind}"}
        environ |= {f"{name}_{setting}": value for setting, value in PER_SOURCE.items()}
        environ |= {f"{name}_WRITABLE": "true"}
    with _started(["serve", "--config", str(config)], environ, (*COMPLAINTS, *secrets())) as process:
        yield process


def secrets() -> tuple[bytes, ...]:
    """What neither a reply nor a line of the log may hold."""
    own = [value for given in OWN.values() for name, value in given.items() if name.endswith(("TOKEN", "PASSWORD"))]
    tokens = [f"demo-{kind}-token" for kind in KINDS]
    return tuple(value.encode() for value in {*own, *tokens, WRITE_TOKEN})


def _lines() -> str:
    return "\n".join(
        f"[[product_lines]]\nname = {orjson.dumps(line.name).decode()}\nfleets = ["
        + ", ".join(f'{{ source = "{ref.source}", {ref.naming.value} = "{ref.value}" }}' for ref in line.fleets)
        + "]\n"
        for line in LINES
    )


@contextmanager
def _started(command: list[str], environ: Mapping[str, str], unwanted: tuple[bytes, ...]) -> Iterator[Process]:
    port, said = _free_port(), Said(unwanted)
    # An operator's own variables would add sources.
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV") if name in os.environ}
    process = subprocess.Popen(  # noqa: S603  # our own commands
        [sys.executable, "-c", SERVE, *command, "--port", str(port)],
        cwd=ROOT,
        env={**kept, "PYTHONPATH": str(ROOT), **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout is not None
    Thread(target=said.read, args=(process.stdout,), daemon=True).start()
    try:
        _wait(process, port, said)
        yield Process(port, process.pid, said)
    finally:
        process.kill()
        process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, said: Said) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"a server did not start: {said.last.decode(errors='replace')}")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        port: int = listener.getsockname()[1]
        return port
