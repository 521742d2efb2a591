"""Leaks: no secret is in anything that the gateway said to anybody during the whole run of tests.

A plugin of pytest. Whatever was configured as a secret, and whatever a client sent as a credential, is noted; whatever
is said in replies, log lines, metrics, spans and the output of started processes goes to one file. At the end the file
is searched for every secret, as it is and in the spellings it may travel in, and a find turns the run red.

Secrets shorter than SHORTEST are not looked for: they would be found in words.
"""

from __future__ import annotations

import asyncio.subprocess
import re
import subprocess
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from threading import Lock
from typing import Any
from urllib.parse import quote

import pytest
from pydantic import SecretStr
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SHORTEST = 8
CREDENTIALS = re.compile(rb"authorization|x-[a-z-]*(token|key)")
"Headers in which clients bring what is theirs alone."
_ENTRY = b"\n\x1e"
_CHUNK = 1 << 24
GZIP = b"\x1f\x8b"


@dataclass
class Leaks:
    """What was said, in the file at `path`, and what must not be in it."""

    path: Path
    place: str = "before the first test"
    secrets: dict[str, str] = field(default_factory=dict)
    "By value, where each was seen first."
    size_bytes: int = 0
    _lock: Lock = field(default_factory=Lock)

    def secret(self, value: str) -> None:
        if len(value) >= SHORTEST and value not in self.secrets:
            self.secrets[value] = self.place

    def heard(self, what: str, said: bytes | str) -> None:
        """what: such as "reply", for whoever reads a find."""
        text = said if isinstance(said, bytes) else said.encode(errors="replace")
        if not text:
            return
        with self._lock, self.path.open("ab") as file:
            self.size_bytes += file.write(b"%s%s of %s\n%s" % (_ENTRY, what.encode(), self.place.encode(), text))

    def found(self) -> list[str]:
        """A line for each secret that was said, without the secret itself."""
        if not self.path.exists():
            return []
        entries = list(self._entries())
        return [line for value, seen in self.secrets.items() for line in _finds(value, seen, entries)]

    def _entries(self) -> Iterator[bytes]:
        """The file in large parts, each of whole entries."""
        rest = b""
        with self.path.open("rb") as file:
            while part := file.read(_CHUNK):
                whole, mark, rest = (rest + part).rpartition(_ENTRY)
                yield whole
                rest = mark + rest
        yield rest


def _finds(value: str, seen: str, entries: list[bytes]) -> Iterator[str]:
    for spelling in _spellings(value):
        for part in entries:
            for at in _places(part, spelling):
                where, is_said, _ = part[part.rfind(_ENTRY, 0, at) + len(_ENTRY) : at].partition(b"\n")
                if not is_said:  # in the name of a test, which is ours
                    continue
                around = part[max(0, at - 60) : at].decode(errors="replace").rpartition("\n")[2]
                yield f"a secret of {seen} is in the {where.decode()}, behind {around!r}"
                return


def _places(part: bytes, spelling: bytes) -> Iterator[int]:
    at = part.find(spelling)
    while at >= 0:
        yield at
        at = part.find(spelling, at + 1)


def _spellings(value: str) -> set[bytes]:
    """As it is, percent-encoded, and inside a Basic credential: there it begins at any of three places."""
    raw = value.encode()
    inside = {b64encode(b"\0" * skip + raw)[skip + 1 : -4] if skip else b64encode(raw)[:-4] for skip in range(3)}
    return {raw, quote(value, safe="").encode(), *(one for one in inside if len(one) >= SHORTEST)}


class Overheard:
    """Around an application: what a client brings is a secret, and what it is answered is said."""

    def __init__(self, app: ASGIApp, leaks: Leaks):
        self._app, self._leaks = app, leaks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        head, body = b"", b""

        async def overheard(message: Message) -> None:
            nonlocal head, body
            if message["type"] == "http.response.start":
                head = b"\n".join(b": ".join(pair) for pair in message["headers"])
            elif message["type"] == "http.response.body":
                body += message.get("body", b"")
            elif message["type"] == "lifespan.shutdown.complete":
                self._leaks.heard("metrics", scope["app"].state.runtime.metrics.text())
            await send(message)

        for name, value in scope.get("headers", ()):
            if CREDENTIALS.fullmatch(name):
                self._leaks.secret(value.decode("latin-1").rpartition(" ")[2])
        try:
            await self._app(scope, receive, overheard)
        finally:
            plain = zlib.decompressobj(wbits=31).decompress(body) if body.startswith(GZIP) else body
            self._leaks.heard("reply", head + b"\n" + plain)


_run: Leaks | None = None
_FOUND = pytest.StashKey[list[str]]()


def heard(what: str, said: bytes | str) -> None:
    """For what passes no place that is listened at by itself, such as the answers of a process."""
    if _run is not None:
        _run.heard(what, said)


def given(environ: Mapping[str, str]) -> None:
    """What a process is started with: secrets are known by the names of their variables."""
    for name, value in environ.items():
        if _run is not None and name.endswith(("TOKEN", "PASSWORD", "KEY", "OTLP_HEADERS")):
            _run.secret(value.rpartition("=")[2])


def listen(leaks: Leaks) -> None:
    """From here on in this process, for good."""
    import gateway.app
    from gateway.telemetry import log

    build = gateway.app.Gateway.build_middleware_stack
    gateway.app.Gateway.build_middleware_stack = lambda app: Overheard(build(app), leaks)  # type: ignore[method-assign]
    _after(SecretStr, "__init__", lambda result, secret, value: leaks.secret(value))
    for level in ("msg", "debug", "info", "warning", "error", "critical"):
        _after(log._StandardError, level, lambda result, logger, line: leaks.heard("log", line))
    _after(subprocess.Popen, "communicate", lambda result, *_: leaks.heard("output", _joined(result)))
    _after_awaited(asyncio.subprocess.Process, "communicate", lambda result: leaks.heard("output", _joined(result)))


def _after(owner: type, name: str, told: Callable[..., None]) -> None:
    inner = getattr(owner, name)

    def outer(*args: Any, **kwargs: Any) -> Any:
        result = inner(*args, **kwargs)
        told(result, *args)
        return result

    setattr(owner, name, outer)


def _after_awaited(owner: type, name: str, told: Callable[..., None]) -> None:
    inner = getattr(owner, name)

    async def outer(*args: Any, **kwargs: Any) -> Any:
        result = await inner(*args, **kwargs)
        told(result)
        return result

    setattr(owner, name, outer)


ANNOUNCED = re.compile(rb"changes    send the header   Authorization: Bearer \S+")
"The demo tells whoever starts it how to change its imitations."


def _joined(outputs: tuple[bytes | str | None, bytes | str | None]) -> bytes:
    said = b"\n".join(one if isinstance(one, bytes) else (one or "").encode() for one in outputs)
    return ANNOUNCED.sub(b"", said)


def pytest_configure() -> None:
    global _run
    if _run is None:
        _run = Leaks(Path(mkdtemp(prefix="said-by-the-gateway-")) / "said")
        listen(_run)


def pytest_runtest_logstart(nodeid: str) -> None:
    if _run is not None:
        _run.place = nodeid


def pytest_sessionfinish(session: pytest.Session) -> None:
    found = _run.found() if _run is not None else []
    session.config.stash[_FOUND] = found
    if found:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    elif _run is not None:
        rmtree(_run.path.parent, ignore_errors=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    found = config.stash.get(_FOUND, [])
    if found and _run is not None:
        terminalreporter.section("secrets that were said")
        terminalreporter.write_line(f"all that was said: {_run.path}")
        for line in found:
            terminalreporter.write_line(line)
