"""By hand: the upstream calls of one operation, noted once and made again with aiohttp and orjson alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import groupby
from types import SimpleNamespace
from typing import Any

import aiohttp
import orjson
from yarl import URL

from gateway.execution.executor import Operation
from gateway.runtime import running
from gateway.settings import Settings
from resolvers.request import Request
from resolvers.sources import open_sources
from resolvers.transport.health import Health
from resolvers.transport.session import Transport


@dataclass(slots=True)
class Call:
    """One upstream call as it was sent. `wave`: 0, or one more than the last of those answered before it began."""

    method: str
    url: URL
    headers: dict[str, str]
    wave: int
    body: bytes = b""


async def calls_of(settings: Settings, text: str) -> list[Call]:
    """Upstream calls of an operation by their waves; logins, who-am-I and discovery of scopes are made before."""
    async with running(settings) as runtime, Transport() as transport:
        sources = open_sources(settings.sources, transport, Health())
        notes = _Notes()
        for _ in range(2):
            notes.calls.clear()
            request = Request(sources, runtime.lists)
            asked = Operation(text)
            found = runtime.executor.find(asked)
            answer = await runtime.executor.run(found, asked, request, "benchmark", tell_losses=True)
            if answer.error_count:
                raise RuntimeError(f"the operation failed: {answer.body['errors'][0]}")
            notes.listen_to(transport.session())
    return sorted(notes.calls, key=_wave)


@asynccontextmanager
async def repeating(calls: Sequence[Call]) -> AsyncIterator[Callable[[], Awaitable[list[list[Any]]]]]:
    """A function that makes them again, each wave at once, and gives their answers, decoded."""
    waves = [list(wave) for _, wave in groupby(calls, key=_wave)]
    async with aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(), connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=60)
    ) as session:

        async def repeat() -> list[list[Any]]:
            return [await asyncio.gather(*(_made(session, call) for call in wave)) for wave in waves]

        yield repeat


async def _made(session: aiohttp.ClientSession, call: Call) -> Any:
    async with session.request(call.method, call.url, data=call.body or None, headers=call.headers) as reply:
        reply.raise_for_status()
        return orjson.loads(await reply.read())


class _Notes:
    """What a session sends, by aiohttp's own tracing."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._answered = -1
        self._is_listening = False

    def listen_to(self, session: aiohttp.ClientSession) -> None:
        if self._is_listening:
            return
        trace = aiohttp.TraceConfig()
        trace.on_request_start.append(self._began)
        trace.on_request_headers_sent.append(self._sent)
        trace.on_request_chunk_sent.append(self._body_sent)
        trace.on_request_end.append(self._ended)
        trace.freeze()
        session.trace_configs.append(trace)
        self._is_listening = True

    async def _began(self, _: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
        # Here and not when it is sent: the first to find no free connection would seem to wait for an answer.
        context.wave = self._answered + 1

    async def _sent(
        self, _: aiohttp.ClientSession, context: SimpleNamespace, sent: aiohttp.TraceRequestHeadersSentParams
    ) -> None:
        # Its length is aiohttp's to say again, and the host is in the URL.
        headers = {name: value for name, value in sent.headers.items() if name not in ("Host", "Content-Length")}
        context.call = Call(sent.method, sent.url, headers, context.wave)
        self.calls.append(context.call)

    async def _body_sent(
        self, _: aiohttp.ClientSession, context: SimpleNamespace, sent: aiohttp.TraceRequestChunkSentParams
    ) -> None:
        context.call.body += sent.chunk

    async def _ended(self, _: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
        self._answered = max(self._answered, context.call.wave)


def _wave(call: Call) -> int:
    return call.wave
