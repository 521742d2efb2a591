"""Root fields run without graphql-core: what they are given, what is asked for them, and what is left to core."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from graphql import GraphQLSchema, OperationDefinitionNode, get_variable_values, parse
from graphql.execution.values import VariableValues

from gateway.execution.compiled import CompiledExecutor
from gateway.execution.compiled.variables import Variables
from gateway.execution.documents import Documents
from gateway.execution.executor import Executor, Operation, core
from gateway.execution.limits import Limits
from resolvers.schema import schema
from resolvers.transport.limit import Limit
from tests.unit.fake_upstreams import FakeUpstream, fleet, release, request

LIMITS = Limits(max_depth=15, max_aliases=30, max_tokens=4000, max_rows=1_000_000, max_page=200)
ONE = "query One($id: ID!) { release(id: $id) { name fleet { name } } }"


class Counting(CompiledExecutor):
    """Counts the executors of graphql-core that were made."""

    made = 0

    def __init__(self, *args: Any, **kwargs: Any):
        type(self).made += 1
        super().__init__(*args, **kwargs)


@pytest.fixture
def executor() -> Executor:
    made = Executor(schema, Documents(core(schema), LIMITS, 10), LIMITS)
    made._executor_class = Counting
    return made


async def asked(executor: Executor, text: str, upstream: FakeUpstream, variables: dict[str, Any]) -> dict[str, Any]:
    operation = Operation(text, None, variables)
    found = executor.find(operation)
    return (await executor.run(found, operation, request(upstream), "the-id", tell_losses=True)).body


def world() -> FakeUpstream:
    rows = [release("a", str(number), fleet_native_id="1") for number in range(3)]
    return FakeUpstream("a", rows=rows, own_fleets=[fleet("a", "1")])


async def test_from_the_second_time_on_a_root_field_needs_no_executor_of_core(executor: Executor) -> None:
    text, variables = "query One($id: ID!) { release(id: $id) { name } }", {"id": str(release("a", "1").id())}
    await asked(executor, text, world(), variables)
    Counting.made = 0

    body = await asked(executor, text, world(), variables)

    assert body["data"] == {"release": {"name": "1"}}
    assert Counting.made == 0


async def test_what_core_has_to_complete_is_not_asked_for_again(executor: Executor) -> None:
    upstream = world()
    upstream.rows[1].name = None  # type: ignore[assignment]

    body = await asked(executor, ONE, upstream, {"id": str(release("a", "1").id())})

    assert body["data"] == {"release": None}
    assert [error["path"] for error in body["errors"]] == [["release", "name"]]
    assert [name for name, _ in upstream.calls].count("releases_by_id") == 1


async def test_several_root_fields_of_one_question_are_one_batch(executor: Executor) -> None:
    upstream, ids = world(), [str(release("a", str(number)).id()) for number in range(3)]
    text = "query Three($a: ID!, $b: ID!, $c: ID!) { " + " ".join(
        f"{name}: release(id: ${name}) {{ name }}" for name in "abc"
    )

    body = await asked(executor, text + " }", upstream, dict(zip("abc", ids, strict=True)))

    assert body["data"] == {"a": {"name": "0"}, "b": {"name": "1"}, "c": {"name": "2"}}
    assert upstream.calls == [("releases_by_id", ("0", "1", "2"))]


@pytest.mark.parametrize(
    ("declared", "given"),
    [
        pytest.param("$v: Int", {"v": 3}, id="a number"),
        pytest.param("$v: Int", {"v": None}, id="null"),
        pytest.param("$v: Int", {}, id="left out"),
        pytest.param("$v: Int", {"v": 2**31}, id="beyond Int"),
        pytest.param("$v: Int", {"v": True}, id="no number"),
        pytest.param("$v: Int!", {}, id="missing"),
        pytest.param("$v: Int = 5", {}, id="a default"),
        pytest.param("$v: ID!", {"v": 5}, id="an id that is a number"),
        pytest.param("$v: ID!", {"v": "5", "other": 1}, id="one more than declared"),
        pytest.param("$v: [ID!]", {"v": "5"}, id="one for a list"),
        pytest.param("$v: ReleaseFilter", {"v": {"names": ["1"]}}, id="an input"),
    ],
)
def test_variables_are_what_core_makes_of_them(declared: str, given: dict[str, Any]) -> None:
    node = parse(f"query Q({declared}) {{ __typename }}").definitions[0]
    assert isinstance(node, OperationDefinitionNode)
    inner: GraphQLSchema = core(schema)

    ours = Variables(inner, node).coerced(given)

    theirs = get_variable_values(inner, node.variable_definitions or (), given)
    assert shown(ours) == shown(None if isinstance(theirs, list) else theirs)


def shown(values: VariableValues | None) -> Any:
    return values and (
        values.coerced,
        {name: (str(one.signature.type), one.value) for name, one in values.sources.items()},
    )


@pytest.mark.parametrize(
    ("text", "variables", "expected"),
    [
        pytest.param("releases(first: 2)", {}, 2, id="a literal"),
        pytest.param("releases(first: $n)", {"n": 1}, 1, id="a variable"),
        pytest.param("releases(first: $n)", {}, 3, id="a variable that is left out"),
        pytest.param("releases(filter: {names: [$s]})", {"s": "1"}, 1, id="a variable inside"),
        pytest.param("releases(orderBy: {field: NAME, direction: DESC}, first: $n)", {"n": 2}, 2, id="an input"),
    ],
)
async def test_arguments_reach_the_resolver_as_core_gives_them(
    executor: Executor, text: str, variables: dict[str, Any], expected: int
) -> None:
    used = "a: releases(filter: {names: [$s]}) { totalCount } b: releases(first: $n) { totalCount }"
    whole = f'query Q($n: Int, $s: String! = "0") {{ {text} {{ nodes {{ name }} }} {used} }}'

    bodies = [await asked(executor, whole, world(), variables) for _ in range(2)]

    assert [len(body["data"]["releases"]["nodes"]) for body in bodies] == [expected, expected]


async def test_a_limit_ends_what_takes_longer_and_leaves_other_cancels_alone() -> None:
    never: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    with pytest.raises(TimeoutError), Limit(0.001):
        await asyncio.shield(never)
    with Limit(60):
        await asyncio.sleep(0)
    with Limit(0):
        pass

    task = asyncio.ensure_future(_limited(never))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    current = asyncio.current_task()
    assert current is not None
    assert current.cancelling() == 0


async def _limited(never: asyncio.Future[None]) -> None:
    with Limit(60):
        await asyncio.shield(never)
