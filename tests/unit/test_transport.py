"""The transport: what one list may read, and what a source's answers become."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter

import pytest

from resolvers.errors import UpstreamUnreachable
from resolvers.transport import allowance
from resolvers.transport.credentials import FixedHeaders
from resolvers.transport.guards import Guards, Limits
from resolvers.transport.http import Http
from resolvers.transport.kept import Kept
from resolvers.transport.retry import Retries
from resolvers.transport.session import Transport
from resolvers.upstreams.scopes import settled

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Forgetful:
    """A server that answers each connection once. All that were kept are closed when they are used again: as if they
    had been idle for as long as it waits."""

    def __init__(self) -> None:
        self.connections: Counter[str] = Counter()
        self._both = asyncio.Barrier(2)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.connections["opened"] += 1
        if self.connections["opened"] <= 2:
            await self._both.wait()
        writer.write(ANSWER)
        await writer.drain()
        if await reader.read(1):
            self.connections["used again"] += 1
        writer.close()


@pytest.mark.parametrize(("retries", "is_answered"), [(1, True), (0, False)])
async def test_another_try_takes_no_connection_that_was_kept(retries: int, is_answered: bool) -> None:
    forgetful = Forgetful()
    server = await asyncio.start_server(forgetful, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    guards = Guards("it", Limits(retries=Retries(most=retries, backoff_s=0)))
    async with server, Transport() as transport:
        http = Http(transport, "it", url, timeout_s=10, guards=guards)
        await asyncio.gather(http.get("/a"), http.get("/b"))

        if is_answered:
            assert await http.get("/c") == b"{}"
        else:
            with pytest.raises(UpstreamUnreachable):
                await http.get("/c")

    assert forgetful.connections == {"opened": 2 + retries, "used again": 1}


async def test_a_change_takes_no_connection_that_was_kept_and_is_sent_once() -> None:
    forgetful = Forgetful()
    server = await asyncio.start_server(forgetful, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, Transport() as transport:
        http = Http(transport, "it", url, timeout_s=10)
        await asyncio.gather(http.get("/a"), http.get("/b"))

        assert await http.change("DELETE", "/c", None, lambda body: None) == b"{}"

    assert forgetful.connections == {"opened": 3}


async def test_what_ends_before_it_began_leaves_nothing_unawaited(recwarn: pytest.WarningsRecorder) -> None:
    begun: list[str] = []

    async def call() -> None:
        begun.append("call")

    asking = asyncio.ensure_future(settled([call(), call()]))
    asyncio.get_running_loop().call_soon(asking.cancel)
    with pytest.raises(asyncio.CancelledError):
        await asking
    gc.collect()

    assert begun == []
    assert [str(one.message) for one in recwarn] == []


async def test_an_allowance_is_shared_by_the_calls_of_one_list_and_by_no_other() -> None:
    async def listed() -> list[bool]:
        allowance.begin(100)
        taken = await asyncio.gather(*(asyncio.to_thread(allowance.take, 40) for _ in range(3)))
        return sorted(taken)

    first, second = await asyncio.gather(listed(), listed())

    assert first == second == [False, True, True]
    assert allowance.take(10**12)


async def test_kept_asks_once_for_everyone_and_again_when_its_time_is_over() -> None:
    now, asked = [0.0], []

    async def ask() -> int:
        asked.append(now[0])
        await asyncio.sleep(0)
        return len(asked)

    kept = Kept(FixedHeaders({}), ask, for_s=300, clock=lambda: now[0])

    together = await asyncio.gather(*(kept.get() for _ in range(50)))
    now[0] = 299.0
    still = await kept.get()
    now[0] = 300.0
    anew = await kept.get()

    assert (set(together), still, anew) == ({1}, 1, 2)
    assert asked == [0.0, 300.0]


async def test_kept_keeps_no_error_and_no_waiter_takes_the_answer_along() -> None:
    gate, tries = asyncio.Event(), []

    async def ask() -> str:
        tries.append(1)
        await gate.wait()
        if len(tries) == 1:
            raise ConnectionError
        return "here"

    kept = Kept(FixedHeaders({}), ask)
    leaving, staying = asyncio.ensure_future(kept.get()), asyncio.ensure_future(kept.get())
    await asyncio.sleep(0)
    leaving.cancel()
    gate.set()
    outcomes = await asyncio.gather(leaving, staying, return_exceptions=True)

    again = await kept.get()

    assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError, ConnectionError]
    assert (again, len(tries)) == ("here", 2)


def test_fixed_headers_show_names_and_no_secret() -> None:
    assert repr(FixedHeaders({"Authorization": "Bearer hemlighet"})) == "FixedHeaders(Authorization)"
