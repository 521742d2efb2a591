"""Whole answers given again: which, for how long, to whom, and within which memory."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import orjson
import pytest

from gateway.execution.again import OVERHEAD_BYTES, Again
from gateway.execution.documents import Documents
from gateway.execution.executor import Answer, Executor, Operation, core
from gateway.execution.limits import Limits
from resolvers.schema import schema
from resolvers.transport import freshness
from resolvers.transport.freshness import Age
from tests.unit.fake_upstreams import FakeUpstream, fleet, release, request, silent

LIMITS = Limits(max_depth=15, max_aliases=30, max_tokens=4000, max_rows=1_000_000, max_page=200)
NAMES = "query Names($first: Int = 5) { releases(first: $first) { nodes { name } } }"


class World:
    """Two sources, and a clock that is moved by hand."""

    def __init__(self, max_bytes: int = 2**20, ttl_s: float = 10):
        rows = [release("a", str(number), fleet_native_id="1") for number in range(3)]
        self.a = FakeUpstream("a", rows=rows, own_fleets=[fleet("a", "1")])
        self.b = FakeUpstream("b", rows=[release("b", "7")])
        self.now, self.revision = 1000.0, 0
        self.again = Again(max_bytes, {"a": ttl_s, "b": 60}, lambda: self.revision, lambda: self.now)
        self._executor = Executor(schema, Documents(core(schema), LIMITS, 10), LIMITS)

    async def reply(self, text: str, *upstreams: FakeUpstream, age: Age | None = None, **variables: Any) -> Any:
        """As a client gets it. age: of what source `a` was answered with."""
        asked = Operation(text, None, variables)
        found, context = self._executor.find(asked), request(*(upstreams or (self.a, self.b)))

        def run() -> Awaitable[Answer]:
            if age is not None:
                freshness.came("a", age)
            return self._executor.run(found, asked, context, "the-id", tell_losses=True)

        answer = await self.again.answered(found, asked, context, run)
        return orjson.loads(orjson.dumps(answer.body))

    @property
    def calls(self) -> int:
        return len(self.a.calls) + len(self.b.calls)


async def test_the_same_question_is_answered_again_without_asking_anybody() -> None:
    world = World()
    first = await world.reply(NAMES)
    calls = world.calls

    second = await world.reply(NAMES)

    assert len(first["data"]["releases"]["nodes"]) == 4
    assert second["data"] == first["data"]
    assert (world.calls, world.again.count) == (calls, 1)
    assert first["extensions"]["sources"] == {"a": "LIVE", "b": "LIVE"}
    assert second["extensions"]["sources"] == {"a": "CACHED", "b": "CACHED"}


async def test_other_variables_are_another_question() -> None:
    world = World()
    await world.reply(NAMES, first=1)

    reply = await world.reply(NAMES, first=2)

    assert len(reply["data"]["releases"]["nodes"]) == 2
    assert world.again.count == 0


async def test_it_lasts_until_the_first_of_its_sources_would_be_asked_anew() -> None:
    world = World()
    await world.reply(NAMES)

    world.now = 1009.9
    await world.reply(NAMES)
    still = world.again.count
    world.now = 1010.0
    await world.reply(NAMES)

    assert (still, world.again.count) == (1, 1)


async def test_what_was_made_of_a_remembered_answer_lasts_as_long_as_that() -> None:
    world = World()
    await world.reply(NAMES, age=Age(995.0, False))

    world.now = 1005.0
    await world.reply(NAMES, age=Age(1005.0, False))

    assert world.again.count == 0


async def test_whatever_is_dropped_ends_all_of_them() -> None:
    world = World()
    await world.reply(NAMES)

    world.revision += 1
    await world.reply(NAMES)

    assert world.again.count == 0


async def test_what_was_dropped_while_it_was_asked_is_not_kept() -> None:
    world = World()

    class Dropping(FakeUpstream):
        def releases(self, query: Any) -> Any:
            world.revision += 1
            return super().releases(query)

    upstream = Dropping("a", rows=[release("a", "1")])
    await world.reply(NAMES, upstream)

    world.revision = 0
    await world.reply(NAMES, upstream)

    assert world.again.count == 0


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{ releases { sources { state } } }", id="how sources did"),
        pytest.param("{ releases { ...S } } fragment S on ReleaseConnection { sources { fetchedAt } }", id="when"),
        pytest.param("{ releases { nodes { name } } sources { nodes { health { status } } } }", id="their health"),
    ],
)
async def test_what_every_answer_shows_otherwise_is_not_kept(text: str) -> None:
    world = World()
    await world.reply(text)

    await world.reply(text)

    assert world.again.count == 0


async def test_an_answer_that_lacks_a_source_is_not_kept() -> None:
    world = World()
    silent(world.b)
    await world.reply(NAMES)

    reply = await world.reply(NAMES)

    assert world.again.count == 0
    assert reply["extensions"]["sources"]["b"] == "FAILED"


async def test_an_answer_with_something_stale_is_not_kept() -> None:
    world = World()
    await world.reply(NAMES, age=Age(999.0, True))

    await world.reply(NAMES, age=Age(999.0, True))

    assert world.again.count == 0


async def test_what_must_be_asked_for_each_time_is_not_kept() -> None:
    world = World()

    class Signing(FakeUpstream):
        def releases(self, query: Any) -> Any:
            freshness.passes()
            return super().releases(query)

    upstream = Signing("a", rows=[release("a", "1")])
    await world.reply(NAMES, upstream)

    await world.reply(NAMES, upstream)

    assert world.again.count == 0


async def test_who_may_read_other_sources_is_not_given_it() -> None:
    world = World()
    await world.reply(NAMES, world.a, world.b)

    reply = await world.reply(NAMES, world.b)

    assert reply["data"] == {"releases": {"nodes": [{"name": "7"}]}}


async def test_what_was_asked_with_another_credential_is_not_given() -> None:
    world = World()
    await world.reply(NAMES)

    world.a.identity = "theirs"
    await world.reply(NAMES)
    others = world.again.count
    world.a.identity = "ours"
    await world.reply(NAMES)

    assert (others, world.again.count) == (0, 1)


async def test_it_stays_within_its_bytes_and_lets_the_unused_go_first() -> None:
    room = 8 * (OVERHEAD_BYTES + 200)
    world = World(max_bytes=room)
    for first in range(1, 30):
        await world.reply(NAMES, first=first)

    await world.reply(NAMES, first=1)
    before = world.again.count
    await world.reply(NAMES, first=29)

    assert (before, world.again.count) == (0, 1)
    assert 0 < world.again.size_bytes <= room


async def test_a_long_question_counts_as_well() -> None:
    world = World(max_bytes=80_000)
    text = "{ releases(first: 1) { nodes { name } } }" + " " * 20_000

    await world.reply(text)
    await world.reply(text)

    assert (world.again.count, world.again.size_bytes) == (0, 0)


async def test_without_memory_for_them_nothing_is_kept() -> None:
    world = World(max_bytes=0)
    await world.reply(NAMES)

    await world.reply(NAMES)

    assert (world.again.count, world.again.size_bytes) == (0, 0)


async def test_variables_that_cannot_be_told_apart_keep_nothing() -> None:
    world = World()

    reply = await world.reply(NAMES, first=2**70)

    assert "errors" in reply
    assert world.again.size_bytes == 0
