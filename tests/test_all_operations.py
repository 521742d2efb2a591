"""Every query that any test of this run has asked, asked once more of the demo: compiled, and of graphql-core alone.

The answers must be equal: `data` byte for byte, errors as a set. Once with all sources well, once with one that fails.
Run by itself, it takes the queries of the README, the explorer, docs/ and tests/bounds.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
import structlog.testing

from gateway.access.principal import Caller
from gateway.demo import demo_settings
from gateway.execution.documents import Unusable
from gateway.execution.executor import Answer, Executor, Operation
from gateway.runtime import Runtime, running
from resolvers.schema import schema
from resolvers.transport import passed
from tests import recorded
from tests.conftest import MockPort

EVERY = 7
"Of the queries, so many are asked with a source that fails."


class Both:
    """One gateway's sources, asked by two executors that share its documents."""

    def __init__(self, runtime: Runtime):
        self._runtime = runtime
        own = runtime.executor
        self._compiled, self._core = (
            Executor(schema, own._documents, own._limits, compiled=compiled) for compiled in (True, False)
        )

    async def differences(self, asked: Operation) -> list[str]:
        """What differs, if anything does; [] also for what this gateway refuses to execute."""
        try:
            compiled = await self._answer(self._compiled, asked)
        except Unusable:
            return []
        core = await self._answer(self._core, asked)
        if shown(compiled) == shown(core):
            return []
        # Times and signed links: what core itself does not say twice is not compared.
        again = await self._answer(self._core, asked)
        compiled_data, core_data = (
            steady(one.body.get("data"), core.body.get("data"), again.body.get("data")) for one in (compiled, core)
        )
        found = [] if dumped(compiled_data) == dumped(core_data) else [f"data of {asked}"]
        return found if errors(compiled) == errors(core) else [*found, f"errors of {asked}"]

    async def _answer(self, executor: Executor, asked: Operation) -> Answer:
        found = executor.find(asked)
        context = self._runtime.request(Caller(self._runtime.settings.security, ""))
        with passed.begun({}), structlog.testing.capture_logs():
            return await executor.run(found, asked, context, "the-id", tell_losses=True)


def shown(answer: Answer) -> tuple[bytes, frozenset[bytes]]:
    return dumped(answer.body.get("data")), errors(answer)


def errors(answer: Answer) -> frozenset[bytes]:
    return frozenset(dumped(error) for error in answer.body.get("errors", ()))


def dumped(value: Any) -> bytes:
    return orjson.dumps(value)


def steady(value: Any, first: Any, second: Any) -> Any:
    """The value without those leaves that differ between two answers of the same executor."""
    if isinstance(first, dict) and isinstance(second, dict) and isinstance(value, dict):
        return {key: steady(one, first.get(key), second.get(key)) for key, one in value.items()}
    if isinstance(first, list) and isinstance(second, list) and isinstance(value, list):
        if len(first) == len(second) == len(value):
            return [steady(*three) for three in zip(value, first, second, strict=True)]
        return value
    return value if first == second else "not the same twice"


@pytest.fixture
async def both(mocks: MockPort) -> AsyncIterator[Both]:
    async with running(demo_settings(mocks.url, 8000)) as runtime:
        yield Both(runtime)


@pytest.mark.last
async def test_all_queries_of_this_run_are_answered_as_by_core(both: Both) -> None:
    asked = recorded.operations()

    differences = [one for operation in asked for one in await both.differences(operation)]

    assert len(asked) > 20
    assert differences == []


@pytest.mark.last
async def test_they_are_too_while_a_source_fails(both: Both, mocks: MockPort) -> None:
    asked = recorded.operations()[::EVERY]
    mocks.fail(source="memfault", status=503)

    differences = [one for operation in asked for one in await both.differences(operation)]

    assert differences == []
