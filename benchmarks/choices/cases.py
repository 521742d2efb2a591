"""Cases: what is asked of the measuring, and of whom. Each takes the mocks' base URL and the effort."""

from __future__ import annotations

import gc
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import aiohttp
import orjson

from benchmarks.choices import asking, by_hand, processes, serving
from benchmarks.choices.measure import Contender, Effort, Figure, compare, repeated
from gateway.app import collect_rarely
from resolvers.upstreams import payload
from resolvers.upstreams.balena.rows import Envelope, ReleaseRow

_THRESHOLDS = gc.get_threshold()
"The interpreter's own: read before anything is set."


@dataclass(frozen=True, slots=True)
class Case:
    """title: what is asked, of whom."""

    title: str
    run: Callable[[str, Effort], Awaitable[list[Figure]]]


async def graph(mock_url: str, effort: Effort) -> list[Figure]:
    """The same upstream calls, decoded, and nothing done with them: what no gateway can be below."""
    settings = asking.settings(mock_url)
    calls = await by_hand.calls_of(settings, asking.PAGE)
    async with by_hand.repeating(calls) as repeat, asking.opened(settings) as app:
        contenders = [
            Contender(f"{len(calls)} calls with aiohttp and orjson", repeated(repeat)),
            Contender("through the gateway", repeated(partial(asking.ask, app, asking.body_of(asking.PAGE)))),
        ]
        return await compare(contenders, effort)


async def documents(mock_url: str, effort: Effort, text: str) -> list[Figure]:
    """Parsing, validating and measuring the document, against finding it."""
    forgetful = asking.settings(mock_url, documents_cached=0)
    body = asking.body_of(text)
    async with asking.opened(asking.settings(mock_url)) as app, asking.opened(forgetful) as other:
        contenders = [
            Contender("remembered", repeated(partial(asking.ask, app, body))),
            Contender("documents_cached = 0", repeated(partial(asking.ask, other, body))),
        ]
        return await compare(contenders, effort)


async def selections(mock_url: str, effort: Effort, text: str) -> list[Figure]:
    """Compiled selections against graphql-core alone."""
    body = asking.body_of(text)
    async with (
        asking.opened(asking.settings(mock_url)) as app,
        asking.opened(asking.settings(mock_url, compiled=False)) as other,
    ):
        contenders = [
            Contender("compiled", repeated(partial(asking.ask, app, body))),
            Contender("compiled = false", repeated(partial(asking.ask, other, body))),
        ]
        return await compare(contenders, effort)


async def collector(mock_url: str, effort: Effort) -> list[Figure]:
    """The collector's thresholds, changed before each turn and put back after the last."""
    thresholds = gc.get_threshold()
    async with asking.opened(asking.settings(mock_url)) as app:
        turn = repeated(partial(asking.ask, app, asking.body_of(asking.PAGE)))
        contenders = [
            Contender("as served", turn, collect_rarely),
            Contender("Python's own thresholds", turn, partial(_collect, _THRESHOLDS)),
        ]
        try:
            # Fewer and longer turns: a walk over everything comes once in many requests, and costs most.
            return await compare(contenders, Effort(max(1, effort.rounds // 3), effort.turn_s * 8))
        finally:
            _collect(thresholds)


async def decoding(mock_url: str, effort: Effort) -> list[Figure]:
    """balena's whole list of releases. Only the first contender checks types and reads moments as datetimes."""
    body = await _releases_of_balena(mock_url)
    decoders: Mapping[str, Callable[[bytes], object]] = {
        "msgspec, typed rows": _typed_rows,
        "orjson.loads": orjson.loads,
        "json.loads": json.loads,
    }

    async def decode(decoder: Callable[[bytes], object]) -> object:
        return decoder(body)

    contenders = [Contender(name, repeated(partial(decode, decoder))) for name, decoder in decoders.items()]
    return await compare(contenders, effort)


async def server(mock_url: str, effort: Effort) -> list[Figure]:
    """By HTTP from another process; loop and protocol serve the calls to the upstreams as well."""
    body = asking.body_of(asking.PAGE)
    with processes.client() as client, ExitStack() as stack:
        contenders = []
        for served in (serving.AS_SERVED, serving.PLAIN):
            port = stack.enter_context(serving.gateway(asking.settings(mock_url), served))
            contenders.append(Contender(served.name, partial(client.ask, port, body)))
        return await compare(contenders, effort)


CASES: Mapping[str, Case] = {
    "graph": Case("a page of 50 releases with fleet and artifacts", graph),
    "documents": Case(
        "the memory of documents: an operation that asks no upstream", partial(documents, text=asking.SOURCES)
    ),
    "documents-page": Case("the memory of documents: the page of 50", partial(documents, text=asking.PAGE)),
    "selections": Case("compiled selections: 100 releases with fleet", partial(selections, text=asking.RELEASES)),
    "selections-page": Case("compiled selections: the page of 50", partial(selections, text=asking.PAGE)),
    "collector": Case("thresholds of the garbage collector: the page of 50", collector),
    "decoding": Case("bytes to rows: balena's list of releases", decoding),
    "server": Case("event loop and HTTP server: the page of 50", server),
}


async def _releases_of_balena(mock_url: str) -> bytes:
    """The answer to the gateway's own question."""
    calls = await by_hand.calls_of(asking.settings(mock_url), asking.PAGE)
    call = next(call for call in calls if call.url.path.endswith("/balena/v7/release"))
    async with aiohttp.request(call.method, call.url, headers=call.headers) as reply:
        reply.raise_for_status()
        return await reply.read()


def _typed_rows(body: bytes) -> Any:
    envelope = payload.decode("balena", "benchmark", body, Envelope)
    return payload.decode_rows("balena", "benchmark", envelope.d, ReleaseRow, "$.d")


def _collect(thresholds: tuple[int, int, int]) -> None:
    gc.unfreeze()
    gc.collect()
    gc.set_threshold(*thresholds)
