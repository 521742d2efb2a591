"""The memory of a served process, after many requests that differ in all that can be remembered of them."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import aiohttp
import pytest

from benchmarks import machine, servers
from benchmarks.servers import TOKENS, Upstream
from benchmarks.workloads import Source, global_id
from tests.graph.mixed_requests import request
from tests.graph.test_stopping import free_port, process

REQUESTS = int(os.environ.get("RELEASEGRAPH_TEST_REQUESTS", "10000"))
"Ten thousand take a minute."
WARM = 1_500
"Requests until all that is bounded has reached its bounds."
MOST_MB = 8
"So much may come and go by chance: of ten thousand requests, a kilobyte each."
WELL, BAD = (0, 1, 2, 3, 7, 8), (4, 5, 6)
"Kinds that are answered without errors, and with them. The tenth brings a token that its source seldom knows."
AT_ONCE = 16
SOURCE = Source("balena", 1, 1000)
SETTINGS = """
[server]
documents_cached = 100
documents_max_bytes = 1048576
[cache]
ttl_s = 60
max_bytes = 1048576
answers_max_bytes = 1048576
[security]
persisted_queries = 50
[telemetry]
log_level = "critical"
[sources.one]
kind = "balena"
passthrough = "x-one-token"
url = "{url}"
"""


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with servers.upstream() as started:
        yield started


async def ask(url: str, numbers: Sequence[int], ids: Sequence[str]) -> Counter[int]:
    """So many at once; how many of the answers had no errors, by the last digit of the number: its kind."""
    well: Counter[int] = Counter()
    left = iter(numbers)

    async def client(session: aiohttp.ClientSession) -> None:
        for number in left:
            body, headers = request(number, ids)
            async with session.post(url, json=body, headers=headers) as reply:
                well[number % 10] += b'"errors"' not in await reply.read()

    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(client(session) for _ in range(AT_ONCE)))
    return well


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads resident memory of /proc: Linux alone has it")
async def test_after_thousands_of_mixed_requests_the_process_has_not_grown(upstream: Upstream, tmp_path: Path) -> None:
    config, port = tmp_path / "gateway.toml", free_port()
    config.write_text(SETTINGS.format(url=SOURCE.url(upstream.url)))
    ids = [global_id("one", one) for one in await upstream.release_ids(SOURCE)]
    arguments = ("serve", "--config", str(config), "--port", str(port))

    async with process(port, *arguments, ONE_TOKEN=TOKENS["balena"]) as (running, gateway):
        url = f"{gateway.url}/graphql"
        warm = await ask(url, range(WARM), ids)
        before = machine.memory_mb(running.pid)
        after_warm = await ask(url, range(WARM, REQUESTS), ids)
        after = machine.memory_mb(running.pid)

    well = warm + after_warm
    assert {kind: well[kind] for kind in range(9)} == dict.fromkeys(WELL, REQUESTS // 10) | dict.fromkeys(BAD, 0)
    assert after - before < MOST_MB, f"{before:.1f} MB after {WARM} requests, {after:.1f} MB after {REQUESTS}"
