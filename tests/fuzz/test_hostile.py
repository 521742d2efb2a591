"""Requests meant to do harm: each is answered soon, with an error that is no mistake of ours, and leaves nothing."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import aiohttp
import pytest

from tests.fuzz import hostile
from tests.fuzz.operations import as_json
from tests.fuzz.served import Reply, Served, asked

REQUESTS = list(hostile.requests())
SLOWEST_S = 5
"For one of them; far more than any takes, on a machine that does other things too."
AT_ONCE = 8


async def _asked(gateway: Served, body: Any) -> Reply:
    async with aiohttp.ClientSession() as session:
        return await asked(session, gateway, body if isinstance(body, bytes) else as_json(body))


@pytest.mark.parametrize("body", [body for _, body in REQUESTS], ids=[name for name, _ in REQUESTS])
async def test_it_is_answered_soon_and_with_no_mistake_of_ours(gateway: Served, body: Any) -> None:
    began = time.perf_counter()

    reply = await _asked(gateway, body)

    assert reply.status < 500
    assert "INTERNAL" not in reply.codes
    assert b"Traceback" not in reply.body
    assert len(reply.body) < hostile.MEGABYTE
    assert time.perf_counter() - began < SLOWEST_S


async def test_all_of_them_at_once_leave_the_others_their_answers(gateway: Served) -> None:
    sample = REQUESTS[:: max(len(REQUESTS) // (AT_ONCE * 3), 1)]
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(body: Any) -> Reply:
        async with turns:
            return await _asked(gateway, body)

    asking = asyncio.gather(*(one(body) for _, body in sample))
    plain = await _asked(gateway, {"query": '{ source(name: "balena") { name } }'})
    replies = await asking

    assert plain.json["data"] == {"source": {"name": "balena"}}
    assert {reply.status for reply in replies} <= {200, 400, 408, 413}
