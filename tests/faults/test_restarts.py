"""What ends under load and comes back: a worker, the shared cache, an upstream. No request is lost but those it had."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp

from tests import redis_server
from tests.conftest import MockPort
from tests.faults.conftest import KINDS, sources
from tests.faults.load import PATIENCE_S, Load
from tests.graph.telling import Told
from tests.graph.test_stopping import free_port
from tests.process import Running, running

NAMES = '["sensor-hub", "Sensor Hub", "SENSOR_HUB_DWH"]'
LIST = {
    "query": f"{{ releases(first: 200, filter: {{fleetNames: {NAMES}}}) {{ "
    "nodes { sourceName nativeId } sources { source { name } state code } } }"
}
FLEETS = {"query": "{ fleets(first: 50) { nodes { sourceName nativeId latestRelease { name } } } }"}
UNREACHABLE = {"UPSTREAM_UNREACHABLE", "UPSTREAM_CIRCUIT_OPEN"}


def settings(url_of: Mapping[str, str], port: int, **more: str) -> dict[str, str]:
    own = sources(url_of, BREAKER_OPEN_S="0.5")
    return {**own, "PORT": str(port), "RELEASEGRAPH_TELEMETRY_LOG_LEVEL": "info", **more}


def forgetful(url_of: Mapping[str, str], port: int) -> dict[str, str]:
    names = ("TTL_S", "STALE_IF_ERROR_S")
    return settings(url_of, port, **{f"RELEASEGRAPH_CACHE_{name}": "0" for name in names})


def killed(pid: int) -> None:
    """Ended from one moment to the next. It is gone when this returns, and no client has asked anything meanwhile."""
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and not _is_gone(pid):
        time.sleep(0.001)  # the loop must not run on: what is begun now would not know whom it meets


def _is_gone(pid: int) -> bool:
    """Nobody may have asked yet what became of it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


async def workers(gateway: Running, load: Load, without: int) -> list[int]:
    """Both, once there are two of them without that one; asking goes on meanwhile."""
    async with asyncio.timeout(PATIENCE_S):
        while len(found := [pid for pid in gateway.children if pid != without]) < 2:
            await load.more(1)
    return found


def rows(body: Mapping[str, Any], *, without: str = "") -> list[Any]:
    return [row for row in body["data"]["releases"]["nodes"] if row["sourceName"] != without]


def state(body: Mapping[str, Any], source: str) -> tuple[str, str | None]:
    (one,) = [one for one in body["data"]["releases"]["sources"] if one["source"]["name"] == source]
    return one["state"], one["code"]


async def test_a_worker_that_is_killed_takes_along_what_it_had_and_nothing_else(
    mocks: MockPort, tmp_path: Path
) -> None:
    port = free_port()
    environ = forgetful(dict.fromkeys(KINDS, mocks.url), port)

    with running(tmp_path / "said.log", port, "serve", "--workers", "2", **environ) as gateway:
        async with Load(gateway.url, [LIST, FLEETS]) as load:
            await load.more(30)
            victim = gateway.children[0]
            killed(victim)
            had, lost_before = set(load.under_way), len(load.lost)
            await load.more(30)
            both = await workers(gateway, load, without=victim)
            await load.more(30)

    assert lost_before == 0
    assert {outcome.began for outcome in load.lost} <= had
    assert len(set(both)) == 2
    assert [outcome.body for outcome in load.outcomes if outcome.status == 200 and "errors" in outcome.body] == []
    assert "Traceback" not in gateway.text


async def test_redis_that_is_killed_makes_answers_slower_and_none_of_them_wrong(
    mocks: MockPort, tmp_path: Path
) -> None:
    port, redis_port = free_port(), free_port()
    url = f"redis://127.0.0.1:{redis_port}"
    environ = settings(dict.fromkeys(KINDS, mocks.url), port, RELEASEGRAPH_CACHE_URL=url)

    with running(tmp_path / "said.log", port, "serve", **environ) as gateway:
        async with aiohttp.ClientSession() as http, Load(gateway.url, [LIST]) as load:
            told = Told(gateway.url, http)
            with redis_server.started(redis_port) as pid:
                await told.until(lambda hits: hits > 0, "releasegraph_upstream_cache_total", result="HIT")
                killed(pid)
            await load.more(30, lambda body: set(body["extensions"]["sources"].values()) == {"LIVE"})
            with redis_server.started(redis_port):
                await load.more(30, lambda body: "CACHED" in body["extensions"]["sources"].values())

    assert load.lost == []
    assert len({str(rows(outcome.body)) for outcome in load.outcomes}) == 1
    assert [outcome.body["errors"] for outcome in load.outcomes if "errors" in outcome.body] == []
    assert "Traceback" not in gateway.text


async def test_an_upstream_that_is_killed_and_comes_back_costs_its_own_rows_until_then(
    mocks: MockPort, tmp_path: Path
) -> None:
    port, own_port = free_port(), free_port()
    urls = {**dict.fromkeys(KINDS, mocks.url), "memfault": f"http://127.0.0.1:{own_port}"}
    upstream = tmp_path / "upstream.log"

    with running(upstream, own_port, "mocks", "--port", str(own_port)) as memfault:
        gateway_process = running(tmp_path / "said.log", port, "serve", **forgetful(urls, port))
        with gateway_process as gateway:
            async with Load(gateway.url, [LIST]) as load:
                await load.more(20, lambda body: state(body, "memfault") == ("LIVE", None))
                killed(memfault.pid)
                await load.more(20, lambda body: state(body, "memfault")[0] == "FAILED")
                with running(upstream, own_port, "mocks", "--port", str(own_port)):
                    await load.more(20, lambda body: state(body, "memfault") == ("LIVE", None))
                    back_at = time.monotonic()
                    await load.more(20)
                    before_its_end = list(load.outcomes)

    assert load.lost == []
    assert len({str(rows(outcome.body, without="memfault")) for outcome in load.outcomes}) == 1
    assert {state(outcome.body, "memfault")[1] for outcome in load.outcomes} <= {None, *UNREACHABLE}
    assert {state(outcome.body, "memfault") for outcome in before_its_end if outcome.began > back_at} == {
        ("LIVE", None)
    }
    assert "Traceback" not in gateway.text
