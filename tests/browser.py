"""A headless Chromium for tests that look at a page as a person would, spoken to over the DevTools protocol.

    async with chromium() as page:
        await page.open(f"{gateway.url}/graphql")
        await page.until("document.querySelector('.graphiql-container')")
        assert page.hosts == {"127.0.0.1"}

Needs the program only (Debian: `apt-get install chromium`); without it the test is skipped. Not selenium or playwright:
they bring a driver or a browser of their own, and this needs nothing beyond aiohttp. The browser resolves no name: a
page that asks anyone but 127.0.0.1 gets an error, and the question stays in `page.requested`.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import re
import shutil
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

PATIENCE_S = 20.0
MISSING = "chromium is missing: apt-get install chromium"
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--headless",
    "--no-sandbox",  # root, as in containers, may not have one
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--window-size=1400,900",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--remote-debugging-port=0",
)
# Looks in the page itself, between its frames: a promise that ends with the first value that is true, or with null.
_UNTIL = """new Promise(resolve => {
  const deadline = performance.now() + %d;
  const look = () => {
    let value = null;
    try { value = (%s); } catch { /* not there yet */ }
    if (value) resolve(true);
    else if (performance.now() > deadline) resolve(null);
    else setTimeout(look, 20);
  };
  look();
})"""


class Page:
    """One tab. Everything it asked for and complained of since it was opened stays listed."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.requested: list[str] = []
        "URLs in the order they were asked for; none of `data:` and `blob:`, which ask nobody."
        self.complaints: list[str] = []
        "Errors of the console, uncaught exceptions, refusals of the Content-Security-Policy, failed loads."
        self._socket = socket
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._loaded = asyncio.Event()

    @property
    def hosts(self) -> set[str]:
        return {urlsplit(url).hostname or "" for url in self.requested}

    async def open(self, url: str) -> None:
        """Goes there and waits for the load event. Raises AssertionError when nobody answers."""
        self._loaded.clear()
        answer = await self.send("Page.navigate", url=url)
        assert "errorText" not in answer, f"{url}: {answer['errorText']}"
        async with asyncio.timeout(PATIENCE_S):
            await self._loaded.wait()

    async def evaluate(self, javascript: str) -> Any:
        """The value of an expression, promises awaited; it must be JSON. Raises AssertionError with what it threw."""
        answer = await self.send("Runtime.evaluate", expression=javascript, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, _thrown(answer["exceptionDetails"])
        return answer["result"].get("value")

    async def until(self, javascript: str, timeout_s: float = PATIENCE_S / 2) -> None:
        """Waits until the expression is true; what it throws counts as not yet. Raises AssertionError in the end."""
        was_met = await self.evaluate(_UNTIL % (timeout_s * 1000, javascript))
        assert was_met, f"never true within {timeout_s:g} s: {javascript}; complaints: {self.complaints}"

    async def press(self, key: str, code: int, *, ctrl: bool = False) -> None:
        """One key as from the keyboard, into what has the focus; key and code as in JavaScript: "Enter", 13."""
        event = {"key": key, "code": key, "windowsVirtualKeyCode": code, "modifiers": 2 if ctrl else 0}
        await self.send("Input.dispatchKeyEvent", type="rawKeyDown", **event)
        await self.send("Input.dispatchKeyEvent", type="keyUp", **event)

    async def resize(self, width: int, height: int) -> None:
        """The visible part of the page, in pixels: --window-size counts the bars around it."""
        await self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )

    async def screenshot(self, path: Path) -> None:
        """The visible part of the page as PNG."""
        answer = await self.send("Page.captureScreenshot", format="png")
        await asyncio.to_thread(path.write_bytes, base64.b64decode(answer["data"]))

    async def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Any command of the DevTools protocol. Raises AssertionError when the browser refuses it."""
        number = next(self._numbers)
        waiting = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        async with asyncio.timeout(PATIENCE_S):
            answer = await waiting
        assert "error" not in answer, f"{method}: {answer['error']}"
        return dict(answer["result"])

    async def listen(self) -> None:
        """Hands answers and events on until the browser hangs up."""
        async for message in self._socket:
            said = message.json()
            waiting = self._answers.pop(said.get("id", 0), None)
            if waiting and not waiting.done():  # done: its asker lost patience
                waiting.set_result(said)
            elif "method" in said:
                self._heard(said["method"], said["params"])

    def _heard(self, event: str, told: dict[str, Any]) -> None:
        match event:
            case "Page.loadEventFired":
                self._loaded.set()
            case "Network.requestWillBeSent" if not told["request"]["url"].startswith(("data:", "blob:")):
                self.requested.append(told["request"]["url"])
            case "Runtime.exceptionThrown":
                self.complaints.append(_thrown(told["exceptionDetails"]))
            case "Runtime.consoleAPICalled" if told["type"] == "error":
                self.complaints.append(
                    " ".join(str(part.get("value", part.get("description"))) for part in told["args"])
                )
            case "Log.entryAdded" if told["entry"]["level"] == "error":
                self.complaints.append(f"{told['entry']['text']} {told['entry'].get('url', '')}".strip())


def program() -> str | None:
    """Path of the browser; None when this machine has none."""
    return next(filter(None, map(shutil.which, _PROGRAMS)), None)


@asynccontextmanager
async def chromium() -> AsyncIterator[Page]:
    """A browser with an empty profile and one blank page; it ends with the block. Skips the test without Chromium."""
    path = program()
    if path is None:
        pytest.skip(MISSING)
    with tempfile.TemporaryDirectory(prefix="releasegraph-chromium-", ignore_cleanup_errors=True) as profile:
        command = (path, *_FLAGS, f"--user-data-dir={profile}", "about:blank")
        process = await asyncio.create_subprocess_exec(*command, stdout=DEVNULL, stderr=PIPE)
        try:
            async with asyncio.timeout(PATIENCE_S):
                address = await _debugging_address(process)
            async with _attached(address, process) as page:
                yield page
        finally:
            await _end(process)


@asynccontextmanager
async def _attached(address: str, process: Process) -> AsyncIterator[Page]:
    assert process.stderr is not None
    # Read on, or the browser stops when the pipe is full of its grumbling.
    draining = asyncio.create_task(_drain(process.stderr))
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://{address}/json/list") as response:
            tab = next(target for target in await response.json() if target["type"] == "page")
        async with session.ws_connect(tab["webSocketDebuggerUrl"], max_msg_size=0) as socket:
            page = Page(socket)
            listening = asyncio.create_task(page.listen())
            try:
                for domain in ("Page", "Network", "Runtime", "Log"):
                    await page.send(f"{domain}.enable")
                yield page
            finally:
                with suppress(TimeoutError, ConnectionError):
                    await page.send("Browser.close")
        await listening
    await draining


async def _debugging_address(process: Process) -> str:
    """Host and port, from the line the browser prints once it listens."""
    assert process.stderr is not None
    printed = []
    async for line in process.stderr:
        printed.append(line.decode(errors="replace"))
        if found := re.search(r"DevTools listening on ws://([^/]+)/", printed[-1]):
            return found[1]
    raise AssertionError(f"chromium ended before it listened: {''.join(printed[-5:])}")


async def _drain(stream: asyncio.StreamReader) -> None:
    while await stream.read(65536):
        pass


async def _end(process: Process) -> None:
    """Ours by its handle, whatever became of the polite request."""
    try:
        async with asyncio.timeout(5):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _thrown(details: dict[str, Any]) -> str:
    return str(details.get("exception", {}).get("description", details.get("text")))
