"""What an operation leaves behind once it is answered: nothing that waits for the collector of circles.

An error remembers the frames it came through, they hold what was read there, and often the error among it. Under
trouble that is every request with all of its rows, kept until the collector comes by.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

import aiohttp
import orjson
import pytest

from benchmarks.soak.mix import Mix, Question, subjects
from gateway.app import create_app
from gateway.demo import WRITE_TOKEN
from gateway.settings import load
from resolvers.transport.departure import Departure
from resolvers.transport.freshness import Freshness
from tests.conftest import MockPort, served
from tests.faults.conftest import IMPATIENT, KINDS, sources
from tests.faults.test_matrix import LIMITS, TROUBLES

OURS = ("gateway", "resolvers")
AROUND = (Departure, Freshness)
"What a connection was opened around: transports of asyncio are circles themselves, and each holds its context."
UNTROUBLED = "none"
TOLD = {**TROUBLES, **LIMITS}
ALL = [UNTROUBLED, *(name for name in TOLD if name not in ("refused connection", "slow body", "100 MB"))]
"Those end as others do. The first needs ports of its own, the last two would be read for minutes."


class Client:
    def __init__(self, url: str, http: aiohttp.ClientSession):
        self._url, self._http = f"{url}/graphql", http

    async def post(self, body: bytes) -> dict[str, Any]:
        return await self.ask(Question("", body, {}))

    async def ask(self, question: Question) -> dict[str, Any]:
        headers = {"Content-Type": "application/json", **question.headers}
        async with self._http.post(self._url, data=question.body, headers=headers) as reply:
            answer: dict[str, Any] = orjson.loads(await reply.read())
        return answer

    async def ask_all(self, questions: Sequence[Question]) -> list[dict[str, Any]]:
        return await asyncio.gather(*map(self.ask, questions))


@pytest.fixture(scope="module")
def gateway(mock_server: MockPort) -> Iterator[str]:
    """It remembers nothing of its sources, and leaves none of them alone: all that is asked is asked anew."""
    environ = sources(dict.fromkeys(KINDS, mock_server.url), **{**IMPATIENT, "BREAKER_AFTER_S": "300"})
    environ |= {"RELEASEGRAPH_CACHE_TTL_S": "0", "RELEASEGRAPH_CACHE_STALE_IF_ERROR_S": "0"}
    environ |= {f"{kind.upper()}_WRITABLE": "true" for kind in KINDS}
    environ |= {"RELEASEGRAPH_SECURITY_WRITE_TOKEN": WRITE_TOKEN, "RELEASEGRAPH_TELEMETRY_LOG_LEVEL": "critical"}
    with served(create_app(load(None, environ))) as url:
        yield url


@pytest.fixture(scope="module")
def questions(gateway: str) -> Sequence[Question]:
    """One of each operation that is stored, and a change; found out before there is any trouble."""

    async def found() -> Mapping[str, Sequence[str]]:
        async with aiohttp.ClientSession() as http:
            return await subjects(Client(gateway, http).post)

    mix, chosen = Mix(1, asyncio.run(found())), dict[str, Question]()
    for question in (mix.next() for _ in range(2000)):
        chosen.setdefault(question.name, question)
    return [chosen[name] for name in sorted(chosen)]


@contextmanager
def left_behind() -> Iterator[list[object]]:
    """What of ours was garbage within the block, and not freed by itself; filled in when it ends."""
    found: list[object] = []
    gc.collect()
    gc.disable()
    try:
        yield found
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        found += [_told(one) for one in gc.garbage if _place(one).split(".")[0] in OURS and type(one) not in AROUND]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


def _place(one: object) -> str:
    """The module it is of, or that of the code it runs."""
    if isinstance(one, FrameType):
        return str(one.f_globals.get("__name__"))
    return type(one).__module__


def _told(one: object) -> str:
    return f"{_place(one)}.{one.f_code.co_qualname if isinstance(one, FrameType) else type(one).__qualname__}"


@pytest.mark.parametrize("name", ALL)
async def test_nothing_of_an_operation_waits_for_the_collector(
    gateway: str, http: aiohttp.ClientSession, mocks: MockPort, questions: Sequence[Question], name: str
) -> None:
    client = Client(gateway, http)
    for kind in KINDS if name in TOLD else ():
        mocks.fail(source=kind, **TOLD[name][0])

    await client.ask_all(questions)  # what is made once and remembered is made now
    with left_behind() as found:
        answers = await client.ask_all(questions)

    assert len(answers) > 20
    assert any("errors" in answer for answer in answers) is (name != UNTROUBLED)
    assert found == []
