"""The compiled executor answers as graphql-core does: `data` byte for byte, errors as a set.

Calls are not compared here: lists that arrive in one turn of the loop share some by chance. The whole suite counts
them, with compiled selections and without.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
import structlog.testing
from graphql import GraphQLError
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import gateway.http.explorer
from gateway.execution import compiled, documents
from gateway.execution.documents import Documents, Prepared, Unusable
from gateway.execution.executor import core
from gateway.execution.limits import Limits
from resolvers.graph.enums import AnswerState
from resolvers.schema import schema
from tests.unit import fake_upstreams
from tests.unit.generated_operations import Generated, everything, operations
from tests.unit.hostile_worlds import ROWS, HostileUpstream, World

QUERIES = sorted((Path(gateway.http.explorer.__file__).parent / "queries").glob("*.graphql"))
DOCUMENTS = Documents(core(schema), Limits(100, 10_000, 1_000_000, 10**9, 200), 1000)

EVERYTHING = {row: everything(row) for row in ROWS}

chances = st.sampled_from((0.0, 0.01, 0.05, 0.2))
worlds = st.builds(World, st.integers(0, 10**6), chances, chances)


@dataclass(frozen=True)
class Outcome:
    """All of an answer that a client can tell. told: of the sources, by the request's collector."""

    data: str
    errors: frozenset[str]
    told: str

    @property
    def has_data(self) -> bool:
        return self.data != "None"


async def outcome(
    package: Any, executor_class: Any, prepared: Prepared, variables: dict[str, Any], world: World
) -> Outcome:
    upstreams = [HostileUpstream(name, world) for name in "ab"]
    request = fake_upstreams.request(*upstreams)  # type: ignore[arg-type]
    operation = documents.operation(prepared.document, None)
    executable = package.Executable(core(schema), prepared.document, operation, prepared.plans)
    result: Any = await package.execute(executable, request, variables, executor_class)
    data = repr(result.data) if result.data is None or _is_odd(result.data) else orjson.dumps(result.data).decode()
    told = repr((sorted(map(repr, request.collector.losses)), sorted(_lost(request.collector.states))))
    await _rest()
    return Outcome(data, frozenset(map(_shown, result.errors or ())), told)


def _lost(states: Mapping[str, AnswerState]) -> list[tuple[str, str]]:
    """FAILED and PARTIAL are one here: the former is told of a batch all of whose keys failed, and which keys travel
    together is a matter of turns."""
    one_of_both = {AnswerState.FAILED: "LOST", AnswerState.PARTIAL: "LOST"}
    return [(source, one_of_both.get(state, state.value)) for source, state in states.items()]


def _shown(error: GraphQLError) -> str:
    original = error.original_error
    return f"{error.message} {error.path} {error.locations} {type(original).__name__} {original}"


def _is_odd(data: Any) -> bool:
    """A JSON scalar hands on whatever it is given, also what is no JSON."""
    try:
        orjson.dumps(data)
    except TypeError:
        return True
    return False


async def _rest() -> None:
    """graphql-core leaves what it need not wait for behind."""
    while others := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.gather(*others, return_exceptions=True)


def prepared(operation: Generated) -> Prepared:
    try:
        return DOCUMENTS.prepare(operation.text)
    except Unusable as error:
        assume("conflict" not in str(error))  # fields of two types that have one name and not one shape
        raise AssertionError(f"{error}\n{operation.text}") from None


def both(
    document: Prepared, variables: dict[str, Any], world: World, package: Any = compiled
) -> tuple[Outcome, Outcome]:
    """The outcome when compiled, and graphql-core's own. package: `gateway.execution.compiled`, or a copy of it."""
    with structlog.testing.capture_logs():  # what is wrong with a world's rows is logged as our mistake
        own = asyncio.run(outcome(package, package.CompiledExecutor, document, variables, world))
        plain = asyncio.run(outcome(compiled, compiled.PlainExecutor, document, variables, world))
    return own, plain


@settings(max_examples=150)
@given(operations(), worlds)
def test_any_operation_over_any_world_is_answered_as_by_core(operation: Generated, world: World) -> None:
    own, plain = both(prepared(operation), operation.variables, world)

    assert own == plain


@pytest.mark.parametrize("query", QUERIES, ids=lambda path: path.stem)
@given(worlds)
@settings(max_examples=10)
def test_the_explorer_s_queries_are_answered_as_by_core(query: Path, world: World) -> None:
    own, plain = both(DOCUMENTS.prepare(query.read_text()), {}, world)

    assert own == plain


@pytest.mark.parametrize("row", EVERYTHING)
@given(worlds)
@settings(max_examples=10)
def test_all_fields_of_a_type_are_answered_as_by_core(row: str, world: World) -> None:
    own, plain = both(DOCUMENTS.prepare(EVERYTHING[row]), {}, world)

    assert own == plain
