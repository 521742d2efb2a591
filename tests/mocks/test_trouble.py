"""Trouble on request, as a client of the mocks meets it on the wire."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from tests.conftest import MockPort, served
from upstream_mocks.server import create_mocks

PATH = "/memfault/api/v0/organizations/acme/projects/sensor-hub/releases"
TOKEN = {"Authorization": "Bearer demo-memfault-token"}
PATIENCE_S = 20


async def asked(http: aiohttp.ClientSession, mocks: MockPort, **more: Any) -> tuple[int, Any, bytes]:
    async with http.get(mocks.url + PATH, headers=TOKEN, **more) as reply:
        return reply.status, reply.headers, await reply.read()


async def test_a_silent_mock_takes_the_request_and_answers_nothing(
    http: aiohttp.ClientSession, mocks: MockPort
) -> None:
    mocks.fail(source="memfault", silent=True)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asked(http, mocks), 0.1)

    assert [call["status"] for call in mocks.calls] == [0]


async def test_a_trickled_body_comes_byte_by_byte_and_is_whole(http: aiohttp.ClientSession, mocks: MockPort) -> None:
    mocks.fail(source="memfault", status=200, body="[1, 2]", trickle_ms=1)

    async with http.get(mocks.url + PATH) as reply:
        chunks = [chunk async for chunk, is_end in reply.content.iter_chunks() if is_end or chunk]

    assert b"".join(chunks) == b"[1, 2]"
    assert len(chunks) > 1


async def test_a_slow_trickle_is_not_over_when_its_client_leaves(http: aiohttp.ClientSession, mocks: MockPort) -> None:
    mocks.fail(source="memfault", trickle_ms=60_000)

    async with http.get(mocks.url + PATH, headers=TOKEN) as reply:
        first = await reply.content.read(1)

    assert (reply.status, len(first)) == (200, 1)


async def test_a_cut_body_ends_with_the_connection(http: aiohttp.ClientSession, mocks: MockPort) -> None:
    mocks.fail(source="memfault", cut_body=True)

    with pytest.raises(aiohttp.ClientPayloadError):
        await asked(http, mocks)


def test_a_reset_body_ends_with_a_reset(mocks: MockPort) -> None:
    mocks.fail(source="memfault", reset_body=True)
    host, port = mocks.url.removeprefix("http://").split(":")

    with socket.create_connection((host, int(port)), PATIENCE_S) as connection:
        connection.sendall(
            f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {TOKEN['Authorization']}\r\n\r\n".encode()
        )
        with pytest.raises(ConnectionResetError):
            all(iter(lambda: connection.recv(1 << 20), b""))


async def test_cut_json_is_a_whole_answer_of_half_a_list(http: aiohttp.ClientSession, mocks: MockPort) -> None:
    _, _, true = await asked(http, mocks)
    mocks.fail(source="memfault", cut_json=True)

    status, headers, body = await asked(http, mocks)

    assert (status, body, headers["Content-Length"]) == (200, true[: len(true) // 2], str(len(body)))


async def test_a_compressed_answer_is_cut_as_text(http: aiohttp.ClientSession, mocks: MockPort) -> None:
    mocks.fail(source="balena", cut_json=True)

    async with http.get(f"{mocks.url}/balena/v7/application", headers={"Accept-Encoding": "br"}) as reply:
        body = await reply.read()

    assert "Content-Encoding" not in reply.headers
    assert body.startswith(b'{"d":')


async def test_a_redirect_leads_to_where_it_came_from_for_ever(http: aiohttp.ClientSession, mocks: MockPort) -> None:
    mocks.fail(source="memfault", redirect=True)

    status, headers, _ = await asked(http, mocks, params={"page": "2"}, allow_redirects=False)
    with pytest.raises(aiohttp.TooManyRedirects):
        await asked(http, mocks)

    assert (status, headers["Location"]) == (302, f"{PATH}?page=2")


async def test_a_body_of_ones_own_says_what_it_is(http: aiohttp.ClientSession, mocks: MockPort) -> None:
    mocks.fail(source="memfault", body="<html>Sign in</html>", times=1)
    mocks.fail(source="memfault", status=503, body='{"error": "later"}')

    page, failure = await asked(http, mocks), await asked(http, mocks)

    assert (page[0], page[1]["Content-Type"], page[2]) == (200, "text/html; charset=utf-8", b"<html>Sign in</html>")
    assert (failure[0], failure[1]["Content-Type"], failure[2]) == (503, "application/json", b'{"error": "later"}')


async def test_a_large_body_has_so_many_million_bytes_of_json(http: aiohttp.ClientSession, mocks: MockPort) -> None:
    mocks.fail(source="memfault", size_mb=3)

    _, headers, body = await asked(http, mocks)

    assert len(body) == pytest.approx(3_000_000, rel=0.001)
    assert len(json.loads(body)) == 30
    assert "Content-Length" not in headers


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        pytest.param({"silent": True, "status": 503}, "silent and status do not go together", id="two answers"),
        pytest.param({"drop": True, "cut_json": True}, "drop and cut_json do not go together", id="half of nothing"),
        pytest.param({"trickle_ms": 5, "cut_body": True}, "trickle_ms and cut_body do not go", id="two ways"),
        pytest.param({"retry_after": 5}, "retry_after is a header of a status", id="a header of nothing"),
        pytest.param({"source": "balenna", "drop": True}, "source 'balenna' is none of balena, ", id="no such source"),
        pytest.param({"size_mb": -1}, "Expected `int` >= 0 - at `$[0].size_mb`", id="less than nothing"),
        pytest.param({"html": True}, "contains unknown field `html`", id="no such member"),
    ],
)
async def test_a_rule_that_cannot_be_is_refused_with_what_is_wrong_and_where(
    http: aiohttp.ClientSession, mocks: MockPort, rule: dict[str, Any], said: str
) -> None:
    async with http.put(f"{mocks.url}/_mock/faults", json=[rule]) as reply:
        body = await reply.json()

    assert reply.status == 400
    assert said in body["error"]
    assert "at `$[0]" in body["error"] or "unknown field" in body["error"]
    assert mocks.mocks.faults.rules == []


@pytest.fixture
def own(capfd: pytest.CaptureFixture[str]) -> Iterator[MockPort]:
    """Mocks that came after the capture of what their server says."""
    app = create_mocks()
    with served(app) as url:
        yield MockPort(url, app)


@pytest.mark.parametrize("rule", [{"drop": True}, {"cut_body": True}, {"reset_body": True}, {"silent": True}], ids=str)
async def test_what_a_rule_breaks_off_is_no_complaint_of_the_server(
    own: MockPort, http: aiohttp.ClientSession, rule: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    own.fail(**rule)

    with pytest.raises((aiohttp.ClientError, TimeoutError)):
        await asked(http, own, timeout=aiohttp.ClientTimeout(total=0.3))

    await quiet(own)
    assert capfd.readouterr().err == ""


async def test_a_client_that_leaves_before_it_has_sent_all_is_no_complaint_either(
    own: MockPort, capfd: pytest.CaptureFixture[str]
) -> None:
    host, port = own.url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))

    writer.write(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{{".encode())
    await until_called(own)
    writer.transport.abort()

    await quiet(own)
    assert capfd.readouterr().err == ""


async def until_called(mocks: MockPort) -> None:
    async with asyncio.timeout(PATIENCE_S), aiohttp.ClientSession() as other:
        while not mocks.calls:
            async with other.get(f"{mocks.url}/_mock/calls"):
                pass


async def quiet(mocks: MockPort) -> None:
    """The server has got over what was broken off: it answers one more, in a connection that comes after."""
    async with aiohttp.ClientSession() as other, other.get(f"{mocks.url}/_mock/calls") as reply:
        assert reply.status == 200
