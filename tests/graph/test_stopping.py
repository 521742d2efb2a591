"""The served process as an operator stops it, and several workers of it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path

import aiohttp
import pytest

from gateway.listening import taken
from tests.conftest import MockPort
from tests.graph.parts import asked, together
from tests.graph.telling import PATIENCE_S, SLOW_MS, Told
from tests.held import holding
from tests.leaks import given

ROOT = Path(__file__).parents[2]
LIST = "{ releases(first: 5) { nodes { name } } }"
DEFERRED = "{ fleets(first: 1) { nodes { name ... @defer { latestRelease { name } } } } }"


def free_port() -> int:
    with closing(taken("127.0.0.1", 0, "nothing: any free port will do")) as listener:
        port: int = listener.getsockname()[1]
        return port


@asynccontextmanager
async def process(port: int, *arguments: str, **environ: str) -> AsyncIterator[tuple[Process, Told]]:
    """The command, up and answering; killed at the end if it is still there."""
    given(environ)
    program = "from gateway.cli import main; main()"
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program, *arguments),
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "NO_COLOR": "1"} | environ,
        cwd="/",
        stderr=PIPE,
        stdout=PIPE,
    )
    try:
        async with aiohttp.ClientSession() as session:
            gateway = Told(f"http://127.0.0.1:{port}", session)
            await up(gateway)
            yield running, gateway
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()


async def up(gateway: Told) -> None:
    async with asyncio.timeout(PATIENCE_S * 2):
        while not await is_up(gateway):
            pass


async def is_up(gateway: Told) -> bool:
    with suppress(aiohttp.ClientConnectionError):
        await gateway.ready()
        return True
    return False


def serving(mocks: MockPort, port: int, **more: str) -> dict[str, str]:
    own = {"PORT": str(port), "MEMFAULT_URL": f"{mocks.url}/memfault", "MEMFAULT_TOKEN": "demo-memfault-token"}
    return own | {"RELEASEGRAPH_TELEMETRY_LOG_LEVEL": "warning"} | more


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
async def test_what_still_runs_when_the_server_stops_gets_a_reply_and_no_traceback(
    mocks: MockPort, number: signal.Signals
) -> None:
    mocks.fail(source="memfault", path="*releases*", delay_ms=SLOW_MS)
    port = free_port()
    environ = serving(mocks, port, RELEASEGRAPH_SERVER_DRAIN_S="0.2")

    async with process(port, "serve", **environ) as (running, gateway), gateway.under_way(LIST, mocks) as asking:
        running.send_signal(number)
        status, headers, body = await asking
        _, errors = await asyncio.wait_for(running.communicate(), PATIENCE_S)

    assert (status, headers["Retry-After"]) == (503, "1")
    assert body["errors"] == [{"message": "the server is stopping; ask again", "extensions": {"code": "SERVER_BUSY"}}]
    assert b"Traceback" not in errors


async def test_a_query_that_is_over_in_time_is_answered_though_the_server_stops(mocks: MockPort) -> None:
    mocks.fail(source="memfault", path="*releases*", delay_ms=500)
    port = free_port()

    async with (
        process(port, "serve", **serving(mocks, port)) as (running, gateway),
        gateway.under_way(LIST, mocks) as asking,
    ):
        running.send_signal(signal.SIGTERM)
        status, _, body = await asking
        await asyncio.wait_for(running.communicate(), PATIENCE_S)

    assert (status, len(body["data"]["releases"]["nodes"])) == (200, 5)


async def test_a_reply_in_parts_that_still_runs_when_the_server_stops_is_ended_with_a_last_part(
    mocks: MockPort,
) -> None:
    mocks.fail(source="memfault", path="*releases*", delay_ms=SLOW_MS)
    port = free_port()
    environ = serving(mocks, port, RELEASEGRAPH_SERVER_DRAIN_S="0.2", RELEASEGRAPH_SERVER_INCREMENTAL="true")

    async with (
        process(port, "serve", **environ) as (running, gateway),
        asked(gateway.session, gateway.url, DEFERRED) as reply,
    ):
        first = await reply.next()
        running.send_signal(signal.SIGTERM)
        last = await asyncio.wait_for(reply.rest(), PATIENCE_S)
        _, errors = await asyncio.wait_for(running.communicate(), PATIENCE_S)

    stopping = {"message": "the server is stopping; ask again", "extensions": {"code": "SERVER_BUSY"}}
    assert [one["id"] for one in first["pending"]] == ["0"]
    assert [(part["completed"], part["hasNext"]) for part in last] == [([{"id": "0", "errors": [stopping]}], False)]
    assert b"Traceback" not in errors


async def test_a_reply_in_parts_that_is_over_in_time_comes_whole_though_the_server_stops(mocks: MockPort) -> None:
    port = free_port()
    with holding(mocks, "*/releases*") as held:
        environ = serving(mocks, port, MEMFAULT_URL=f"{held.url}/memfault", RELEASEGRAPH_SERVER_INCREMENTAL="true")
        async with (
            process(port, "serve", **environ) as (running, gateway),
            asked(gateway.session, gateway.url, DEFERRED) as reply,
        ):
            first = await reply.next()
            await held.met()
            running.send_signal(signal.SIGTERM)
            held.let_go()
            later = await asyncio.wait_for(reply.rest(), PATIENCE_S)
            _, errors = await asyncio.wait_for(running.communicate(), PATIENCE_S)

    answer = together([first, *later])
    assert answer["data"]["fleets"]["nodes"] == [{"name": "Charging Dock", "latestRelease": {"name": "1.4.2"}}]
    assert "errors" not in answer
    assert b"Traceback" not in errors


async def test_ctrl_c_ends_the_demo_with_a_slow_query_on_its_way(mocks: MockPort) -> None:
    port, mock_port = free_port(), free_port()
    environ = {"PORT": str(port), "MOCK_PORT": str(mock_port)}
    slow = [{"source": "memfault", "path": "*releases*", "delay_ms": SLOW_MS}]

    async with process(port, "demo", **environ) as (running, gateway):
        faults = f"http://127.0.0.1:{mock_port}/_mock/faults"
        async with gateway.session.put(faults, json=slow):
            pass
        asking = asyncio.ensure_future(gateway.ask(LIST))
        async with asyncio.timeout(PATIENCE_S):
            while not await met(gateway, faults):
                pass
        running.send_signal(signal.SIGINT)
        status, _, _ = await asking
        _, errors = await asyncio.wait_for(running.communicate(), PATIENCE_S)

    assert status == 503
    assert b"Traceback" not in errors


async def met(gateway: Told, faults: str) -> int:
    async with gateway.session.get(faults) as reply:
        count: int = (await reply.json())[0].get("met", 0)
        return count


async def test_whichever_worker_is_asked_tells_of_all(mocks: MockPort) -> None:
    port = free_port()

    async with process(port, "serve", "--workers", "2", **serving(mocks, port)) as (running, gateway):
        for _ in range(8):  # by connections of their own, so that either worker may get one
            async with aiohttp.ClientSession() as session:
                await Told(gateway.url, session).ask("{ __typename }")
        counted = set()
        for _ in range(8):
            async with aiohttp.ClientSession() as session:
                counted.add(await Told(gateway.url, session).sample("releasegraph_operations_total"))
        running.send_signal(signal.SIGTERM)
        _, errors = await asyncio.wait_for(running.communicate(), PATIENCE_S)

    assert counted == {8.0}
    assert b"Traceback" not in errors
