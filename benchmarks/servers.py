"""Servers: the upstream and the peers, each a process of its own, pinned; they end with the block that started them."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from benchmarks import machine
from benchmarks.load import HOST
from benchmarks.variants import Variant
from benchmarks.workloads import Source

ROOT = Path(__file__).parent.parent
START_S = 30.0
TOKENS = {"balena": "demo-balena-token", "buildmaster": "demo-buildmaster-token"}
SERVE = "from gateway.cli import main; main()"


@dataclass(frozen=True, slots=True)
class Upstream:
    port: int

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    async def calls(self) -> int:
        return int((await self._told("GET /_bench"))["calls"])

    async def unknown(self) -> int:
        """Requests that had to be answered by a mock."""
        return int((await self._told("GET /_bench"))["unknown"])

    async def delay(self, milliseconds: int) -> None:
        await self._told(f"POST /_bench?delay_ms={milliseconds}")

    async def release_ids(self, source: Source) -> list[int]:
        """All of a balena source that are ours, newest first."""
        scope = "belongs_to__application/any(a:a/is_directly_accessible_by__user/any(dau:true))"
        path = source.url("") + f"/v7/release?$select=id&$filter={scope}&$orderby=created_at%20desc"
        return [row["id"] for row in (await self._told(f"GET {path}"))["d"]]

    async def _told(self, line: str) -> Any:
        reader, writer = await asyncio.open_connection(HOST, self.port)
        writer.write(f"{line} HTTP/1.1\r\nauthorization: Bearer {TOKENS['balena']}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        body = await reader.readexactly(length)
        writer.close()
        return orjson.loads(body)


@dataclass(frozen=True, slots=True)
class Peer:
    """A running one."""

    variant: Variant
    port: int
    pid: int


@contextmanager
def upstream() -> Iterator[Upstream]:
    command = [sys.executable, "-m", "benchmarks.upstream"]
    others, _ = machine.cores()
    with _process(command, others, {}, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield Upstream(int(process.stdout.readline()))


@contextmanager
def peers(variants: Sequence[Variant], sources: Mapping[str, Source], url: str) -> Iterator[list[Peer]]:
    """All at once, ready. Raises RuntimeError when one does not start."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        started = [stack.enter_context(_started(variant, sources, url, Path(folder))) for variant in variants]
        for peer in started:
            _wait(peer)
        yield started


@contextmanager
def _started(variant: Variant, sources: Mapping[str, Source], url: str, folder: Path) -> Iterator[Peer]:
    port, (_, own) = _free_port(), machine.cores()
    if variant.module is None:
        config = folder / f"{port}.toml"
        config.write_text(_toml(variant, sources, url))
        command = [sys.executable, "-c", SERVE, "serve", "--config", str(config), "--port", str(port)]
    else:
        told = {name: {"kind": source.kind, "url": source.url(url)} for name, source in sources.items()}
        module = ["-m", "benchmarks.peers", variant.module, str(port), orjson.dumps(told).decode()]
        command = [sys.executable, *module]
    tokens = {f"{name.upper().replace('-', '_')}_TOKEN": TOKENS[source.kind] for name, source in sources.items()}
    with _process(command, own, tokens) as process:
        yield Peer(variant, port, process.pid)


@contextmanager
def _process(
    command: Sequence[str], on: set[int], environ: Mapping[str, str], **streams: int
) -> Iterator[subprocess.Popen[bytes]]:
    # An operator's own variables would add sources.
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV") if name in os.environ}
    # Lines of a log are written and thrown away: who reads them would be on the cores of who asks.
    given: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **streams}
    process = subprocess.Popen(  # noqa: S603  # our own commands
        command,
        cwd=ROOT,
        env={**kept, "PYTHONPATH": str(ROOT), **environ},
        preexec_fn=lambda: os.sched_setaffinity(0, on),
        **given,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _wait(peer: Peer) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        try:
            socket.create_connection((HOST, peer.port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"{peer.variant.name} did not start within {START_S:g} s")


def _toml(variant: Variant, sources: Mapping[str, Source], url: str) -> str:
    """gateway.toml. A page may have 1,000 rows, as B asks for 300 of them; all else is the default or the variant's."""
    sections: dict[str, dict[str, Any]] = {"server": {"max_page_size": 1000}}
    for setting, value in variant.chosen().items():
        section, name = setting.split(".")
        sections.setdefault(section, {})[name] = value
    for name, source in sources.items():
        sections[f"sources.{name}"] = {"kind": source.kind, "url": source.url(url)}
    # JSON's strings, numbers and booleans are TOML's as well.
    lines = (
        f"[{section}]\n" + "".join(f"{name} = {orjson.dumps(value).decode()}\n" for name, value in values.items())
        for section, values in sections.items()
    )
    return "\n".join(lines)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        port: int = listener.getsockname()[1]
        return port
