"""Operations on their way: a client that hangs up, too many at once, a body that does not come, a server that stops."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gateway.demo import WRITE_TOKEN
from tests.conftest import MockPort
from tests.graph.telling import SLOW_MS, told

LIST = "{ releases(first: 5) { nodes { name } } }"
LOOK_UP = '{ releaseByNativeId(source: "memfault", nativeId: "acme/sensor-hub/1.3.0") { name } }'
CANCELLED = {"source": "memfault", "code": "CANCELLED"}
CREATE = 'mutation { createRelease(input: {fleetId: "%s", version: "9.9.9"}) { release { name } } }'


@pytest.mark.parametrize("query", [pytest.param(LIST, id="list"), pytest.param(LOOK_UP, id="batch of a loader")])
async def test_a_client_that_hangs_up_ends_the_upstream_calls_of_its_query(mocks: MockPort, query: str) -> None:
    mocks.fail(source="memfault", path="*releases*", delay_ms=SLOW_MS)

    async with told(mocks) as gateway:
        async with gateway.under_way(query, mocks):
            pass
        await gateway.until(lambda value: value > 0, "releasegraph_upstream_errors_total", **CANCELLED)

        assert await gateway.until(lambda value: value > 0, "releasegraph_operations_total", outcome="gone") == 1
        assert await gateway.sample("releasegraph_upstream_in_flight") == 0
        assert await gateway.sample("releasegraph_operations_in_flight") == 0
        _, ready = await gateway.ready()
        assert ready["sources"]["memfault"]["lastErrorCode"] is None


async def test_a_client_that_hangs_up_costs_nobody_else_the_login_they_wait_for(mocks: MockPort) -> None:
    mocks.fail(source="metakraftwerk", path="*authentication*", delay_ms=500)

    async with told(mocks) as gateway:
        query = "{ releases(filter: {kinds: [METAKRAFTWERK]}) { totalCount } }"
        async with gateway.under_way(query, mocks):
            staying = asyncio.ensure_future(gateway.ask(query))
            await gateway.until(lambda value: value == 2, "releasegraph_operations_in_flight")
        _, _, body = await staying

    assert body["data"]["releases"]["totalCount"] > 0
    assert mocks.paths("metakraftwerk").count("/metakraftwerk/authentication") == 1


async def test_a_change_goes_on_when_its_client_hangs_up(mocks: MockPort) -> None:
    async with told(mocks) as gateway:
        _, _, body = await gateway.ask('{ fleetByNativeId(source: "memfault", nativeId: "acme/sensor-hub") { id } }')
        mutation = CREATE % body["data"]["fleetByNativeId"]["id"]
        mocks.fail(source="memfault", path="*releases*", delay_ms=300, times=1)

        async with gateway.under_way(mutation, mocks, Authorization=f"Bearer {WRITE_TOKEN}"):
            pass
        await gateway.until(lambda value: value == 1, "releasegraph_operations_total", type="mutation", outcome="ok")
    posted = [call for call in mocks.calls if call["method"] == "POST" and call["source"] == "memfault"]
    mocks.mocks.reset()

    assert [call["status"] for call in posted] == [200]


async def test_one_operation_too_many_is_told_to_come_again_and_readiness_drops(mocks: MockPort) -> None:
    mocks.fail(source="memfault", path="*releases*", delay_ms=SLOW_MS)

    async with told(mocks, max_in_flight=1) as gateway:
        async with gateway.under_way(LIST, mocks):
            status, headers, body = await gateway.ask("{ __typename }")
            ready_status, ready = await gateway.ready()
        await gateway.until(lambda value: value == 0, "releasegraph_operations_in_flight")
        again, _, _ = await gateway.ask("{ __typename }")

        assert (status, headers["Retry-After"]) == (503, "1")
        assert body == {
            "errors": [
                {
                    "message": "the server has 1 operations in flight, the most it takes; ask again",
                    "extensions": {"code": "SERVER_BUSY"},
                }
            ]
        }
        assert (ready_status, ready["status"], ready["inFlight"]) == (503, "busy", 1)
        assert await gateway.sample("releasegraph_operations_total", outcome="busy") == 1
        assert (again, (await gateway.ready())[0]) == (200, 200)


async def test_a_body_that_does_not_come_is_given_up(mocks: MockPort) -> None:
    async with told(mocks, body_timeout_s=0.1) as gateway:
        host, port = gateway.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        head = (
            "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
        )
        writer.write(head.encode() + b'{"query":')
        reply = await reader.read()  # to the end: the server hangs up
        writer.close()

    assert reply.startswith(b"HTTP/1.1 408 ")
    assert b'"the body was not complete within 0.1 s"' in reply


async def test_readiness_tells_how_each_source_did_last(mocks: MockPort) -> None:
    async with told(mocks) as gateway:
        _, before = await gateway.ready()
        await gateway.ask('{ releases(first: 1, filter: {sources: ["balena"]}) { nodes { id } } }')
        mocks.fail(source="memfault", status=401)
        await gateway.ask('{ releases(first: 1, filter: {sources: ["memfault"]}) { nodes { id } } }')
        status, after = await gateway.ready()

    def brief(told: dict[str, Any]) -> dict[str, tuple[str, str | None]]:
        return {name: (one["status"], one["lastErrorCode"]) for name, one in told["sources"].items()}

    assert set(brief(before).values()) == {("UNKNOWN", None)}
    assert (status, after["status"], after["inFlight"]) == (200, "ready", 0)
    assert brief(after)["balena"] == ("UP", None)
    assert brief(after)["memfault"] == ("DOWN", "UPSTREAM_REFUSED")
    assert brief(after)["nerveshub"] == ("UNKNOWN", None)
