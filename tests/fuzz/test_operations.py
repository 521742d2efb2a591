"""Operations drawn from the whole schema, changes included: they are answered, and cost no more than was told."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
from hypothesis import HealthCheck, given, settings

from gateway.demo import WRITE_TOKEN
from tests.fuzz.operations import as_json, requests
from tests.fuzz.served import Reply, Served, asked

EXAMPLES = 120
NEVER = {"INTERNAL", "GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED"}
"They fit the schema by the way they are drawn, and mistakes of ours are none of theirs."


async def _asked(gateway: Served, request: dict[str, Any]) -> Reply:
    headers = {"Authorization": f"Bearer {WRITE_TOKEN}", "X-Explain": "on"}
    async with aiohttp.ClientSession() as session:
        return await asked(session, gateway, as_json(request), headers=headers)


def test_whatever_is_asked_is_answered(gateway: Served) -> None:
    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(request=requests())
    def answered(request: dict[str, Any]) -> None:
        reply = asyncio.run(_asked(gateway, request))

        assert reply.status == 200
        assert reply.codes & NEVER == set(), reply.json["errors"]
        assert b"Traceback" not in reply.body
        assert _is_change(request) or cost(reply.json) <= estimate(reply.json), "more calls than was told before"

    answered()


def _is_change(request: dict[str, Any]) -> bool:
    """What a change takes is told by a guess."""
    text: str = request["query"]
    return text.startswith("mutation")


def cost(answer: dict[str, Any]) -> int:
    totals = answer.get("extensions", {}).get("plan", {}).get("totals", {})
    return totals.get("calls", 0) - totals.get("sessionCalls", 0)


def estimate(answer: dict[str, Any]) -> int:
    return answer.get("extensions", {}).get("plan", {}).get("totals", {}).get("estimate", 0)
