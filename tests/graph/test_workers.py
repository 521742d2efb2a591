"""Two worker processes and one Redis, many clients at once: what one asked serves both, and both hear of changes."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from gateway.demo import WRITE_TOKEN
from tests.conftest import MockPort
from tests.graph.conftest import Gateway, data_calls
from tests.graph.telling import PATIENCE_S, Told
from tests.graph.test_stopping import free_port, process

CLIENTS = 64
FLEET = '{ fleetBySlug(source: "balena", slug: "acme/gauge") { tracksLatest releases(first: 5) { nodes { name } } } }'
TRACK = """mutation {
  trackLatestRelease(input: {source: "balena", slug: "acme/gauge", enabled: %s}) { userErrors { code } } }"""


@asynccontextmanager
async def workers(mocks: MockPort, redis_url: str) -> AsyncIterator[Told]:
    """Two of them; ended in good order, since a parent that is killed leaves its workers behind."""
    port = free_port()
    async with process(port, "serve", "--workers", "2", **settings(mocks, port, redis_url)) as (running, gateway):
        try:
            yield gateway
        finally:
            running.send_signal(signal.SIGTERM)
            await asyncio.wait_for(running.communicate(), PATIENCE_S)


def settings(mocks: MockPort, port: int, redis_url: str) -> dict[str, str]:
    balena = {"BALENA_URL": f"{mocks.url}/balena", "BALENA_TOKEN": "demo-balena-token", "BALENA_WRITABLE": "true"}
    cache = {"RELEASEGRAPH_CACHE_URL": redis_url, "RELEASEGRAPH_CACHE_TTL_S": "600"}
    security = {"RELEASEGRAPH_SECURITY_WRITE_TOKEN": WRITE_TOKEN, "RELEASEGRAPH_TELEMETRY_LOG_LEVEL": "warning"}
    return {"PORT": str(port), **balena, **cache, **security}


async def alone(url: str, query: str = FLEET) -> dict[str, Any]:
    """Asked by a connection of its own, so that either worker may get it."""
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {WRITE_TOKEN}"}) as session:
        return (await Told(url, session).ask(query))[2]


async def crowd(url: str) -> list[dict[str, Any]]:
    return await asyncio.gather(*(alone(url) for _ in range(CLIENTS)))


async def until_remembered(url: str) -> None:
    """Redis is written to behind the answer."""
    async with asyncio.timeout(PATIENCE_S):
        while {state(answer) for answer in await crowd(url)} != {"CACHED"}:
            pass


def state(answer: dict[str, Any]) -> str:
    said: str = answer["extensions"]["sources"]["balena"]
    return said


def tracking(answers: list[dict[str, Any]]) -> set[bool]:
    return {answer["data"]["fleetBySlug"]["tracksLatest"] for answer in answers}


async def test_what_one_worker_has_asked_serves_both_and_changes_are_heard_by_both(
    mocks: MockPort, writer: Gateway, redis_url: str
) -> None:
    async with workers(mocks, redis_url) as gateway:
        await alone(gateway.url)
        await until_remembered(gateway.url)
        mocks.mocks.calls.clear()
        remembered, parsed = await crowd(gateway.url), 0.0
        for _ in range(20):  # whom the system gives connections to is its own affair
            parsed = await gateway.sample("releasegraph_documents_total", cache="miss")
            if parsed == 2:
                break
            remembered += await crowd(gateway.url)
        asked_again = data_calls(mocks)

        await alone(gateway.url, TRACK % "true")
        mocks.mocks.calls.clear()
        changed = await crowd(gateway.url)
        asked_after = Counter(data_calls(mocks))

        await until_remembered(gateway.url)
        await writer.data(TRACK % "false")  # by another gateway, so that these are not told
        unheard = await crowd(gateway.url)
        purge = {"Authorization": f"Bearer {WRITE_TOKEN}"}
        async with gateway.session.post(f"{gateway.url}/_cache/purge", json={}, headers=purge) as reply:
            purged = reply.status
        heard = await crowd(gateway.url)

    assert (asked_again, {state(answer) for answer in remembered}) == ([], {"CACHED"})
    assert parsed == 2, "each worker has parsed the query once: both were asked"
    assert tracking(changed) == {True}
    assert max(asked_after.values()) <= CLIENTS / 8, (
        "at once, each worker asks once, and what is late finds it in Redis"
    )
    assert (tracking(unheard), purged, tracking(heard)) == ({True}, 200, {False})
    assert len({str(answer["data"]) for answer in remembered}) == 1
