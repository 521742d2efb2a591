"""Served: the gateway as a process of its own over the mocks, with its log and its memory in sight."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import aiohttp

from gateway.demo import OWN, WRITE_TOKEN
from gateway.listening import taken
from upstream_mocks.world import KINDS

ROOT = Path(__file__).parents[2]
PATIENCE_S = 10
"For one reply, on a machine under load. Most take some milliseconds."
ALARMS = ("Traceback (most recent call last)", '"exception"', '"level":"critical"', "unexpected error")
"What no log should have, whatever is sent."
LINES = """
[[product_lines]]
name = "Sensor Hub"
fleets = [
  { source = "balena", slug = "acme/sensor-hub" },
  { source = "nerveshub", id = "acme/sensor-hub" },
  { source = "buildmaster", name = "Sensor Hub" },
]
"""


@dataclass
class Served:
    url: str
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def alarms(self) -> list[str]:
        """Lines of the log that tell of a mistake of ours."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return [line for line in lines if any(alarm in line for alarm in ALARMS)]

    @property
    def memory_mib(self) -> float:
        """Resident now."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1024 / 1024

    @property
    def is_up(self) -> bool:
        return self.process.poll() is None


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    content_type: str
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def codes(self) -> set[str]:
        return {error["extensions"]["code"] for error in self.json.get("errors", ())}


@contextmanager
def served(mocks_url: str, folder: Path) -> Iterator[Served]:
    with closing(taken("127.0.0.1", 0, "nothing: any free port will do")) as listener:
        port: int = listener.getsockname()[1]
    (folder / "gateway.toml").write_text(LINES)
    log = folder / "log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-c", "from gateway.cli import main; main()", "serve"],
            env=_environment(mocks_url, port),
            cwd=folder,
            stderr=sink,
            stdout=sink,
        )
    try:
        _wait(port, process)
        yield Served(f"http://127.0.0.1:{port}", port, process, log)
    finally:
        process.kill()
        process.wait()


def _environment(mocks_url: str, port: int) -> dict[str, str]:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PORT": str(port)}
    for kind in KINDS:
        name = kind.upper()
        environ |= {f"{name}_URL": f"{mocks_url}/{kind}", f"{name}_WRITABLE": "true"}
        environ |= OWN.get(kind, {f"{name}_TOKEN": f"demo-{kind}-token"})
    environ["RELEASEGRAPH_SECURITY_WRITE_TOKEN"] = WRITE_TOKEN
    environ["RELEASEGRAPH_SECURITY_EXPLAIN"] = "anyone"
    environ["RELEASEGRAPH_SERVER_BODY_TIMEOUT_S"] = "3"
    environ["RELEASEGRAPH_SERVER_INCREMENTAL"] = "true"
    return environ


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1):
                return
        except (URLError, OSError):
            pass
    raise RuntimeError("the gateway did not start")


async def asked(
    session: aiohttp.ClientSession, served: Served, body: bytes | dict[str, Any], *, path: str = "/graphql", **more: Any
) -> Reply:
    """POST of a GraphQL request. Raises TimeoutError for a reply that does not come in time."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", **more.pop("headers", {})}
    timeout = aiohttp.ClientTimeout(total=PATIENCE_S)
    async with session.post(served.url + path, data=data, headers=headers, timeout=timeout, **more) as reply:
        return Reply(reply.status, reply.headers.get("Content-Type", ""), await reply.read())
