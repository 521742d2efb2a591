"""Answers in parts over sources in memory: which operations are divided, and what no source of the mocks shows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
import structlog.testing
from graphql import ExperimentalIncrementalExecutionResults, parse
from graphql.execution import (
    CompletedResult,
    IncrementalDeferResult,
    IncrementalStreamResult,
    InitialIncrementalExecutionResult,
    PendingResult,
    SubsequentIncrementalExecutionResult,
)

from gateway.execution import documents
from gateway.execution.documents import Documents
from gateway.execution.executor import Answer, Executor, Operation, Way, core
from gateway.execution.incremental.directives import conditions
from gateway.execution.incremental.parts import Parts
from gateway.execution.incremental.telling import Telling
from gateway.execution.limits import Limits
from gateway.http import media_types
from resolvers.errors import UpstreamBroken
from resolvers.federation.report import Loss
from resolvers.schema import schema_of
from tests.unit.fake_upstreams import FakeUpstream, fleet, release, request

LIMITS = Limits(max_depth=15, max_aliases=30, max_tokens=4000, max_rows=1_000_000, max_page=200)
SCHEMA = schema_of(is_incremental=True)
EXECUTOR = Executor(SCHEMA, Documents(core(SCHEMA), LIMITS, 100), LIMITS)
DEFERRED = "{ releases { nodes { id ... @defer { name } } } }"
SECRET = "a-token-of-somebody"


async def parts(query: str, *upstreams: FakeUpstream, way: Way | None = None) -> list[dict[str, Any]]:
    operation = Operation(query)
    running = EXECUTOR.divided(EXECUTOR.find(operation), operation, request(*upstreams), "the-request-id", way or Way())
    async with running as outcome:
        assert not isinstance(outcome, Answer)
        return [orjson.loads(orjson.dumps(part)) async for part in outcome.each()]


@pytest.mark.parametrize(
    ("text", "variables", "expected"),
    [
        pytest.param("{ a }", {}, None, id="neither"),
        pytest.param("{ defer: a stream: b }", {}, None, id="the words alone"),
        pytest.param("{ ... @defer { a } }", {}, True, id="defer"),
        pytest.param("{ a @ stream }", {}, True, id="stream"),
        pytest.param("{ ... @defer(if: false) { a } b @stream(if: false) }", {}, None, id="off by its own words"),
        pytest.param("query ($on: Boolean!) { ... @defer(if: $on) { a } }", {"on": True}, True, id="on by a variable"),
        pytest.param("query ($on: Boolean!) { ... @defer(if: $on) { a } }", {"on": False}, False, id="off by one"),
        pytest.param("query ($on: Boolean = false) { ... @defer(if: $on) { a } }", {}, False, id="off by default"),
        pytest.param("query ($on: Boolean) { ... @defer(if: $on) { a } }", {}, True, id="nothing given"),
        pytest.param("query ($on: Boolean) { ... @defer(if: $on) { a } }", {"on": None}, True, id="told when executed"),
        pytest.param(
            "{ ...F } fragment F on Query { ...G } fragment G on Query { a @stream }", {}, True, id="far away"
        ),
        pytest.param("query A { a } query B { ... @defer { b } }", {}, False, id="in another operation"),
    ],
)
def test_whether_an_operation_is_divided_is_told_by_its_words_and_its_variables(
    text: str, variables: dict[str, Any], expected: bool | None
) -> None:
    document = parse(text)

    found = conditions(text, document)

    operation = documents.operation(document, "A" if "query A" in text else None)
    assert (None if found is None else found.hold(operation, variables)) is expected


@pytest.mark.parametrize(
    ("accept", "takes", "is_older"),
    [
        ("", False, False),
        ("*/*", False, False),
        ("application/json", False, False),
        ("multipart/mixed", True, False),
        ('Multipart/Mixed; boundary="-"', True, False),
        ("multipart/*;q=0.2", True, False),
        ("multipart/mixed;q=0", False, False),
        ("multipart/form-data", False, False),
        ("multipart/mixed; deferSpec=20220824, application/json", True, True),
        ("multipart/mixed;incrementalSpec=v0.2", True, False),
    ],
)
def test_accept_says_whether_parts_are_taken_and_in_whose_words(accept: str, takes: bool, is_older: bool) -> None:
    told = media_types.takes_parts(accept), media_types.is_of_older_draft(accept)

    assert told == (takes, is_older)


async def test_an_unexpected_error_of_a_later_part_is_hidden_behind_the_request_s_id() -> None:
    def unexpected() -> None:
        raise RuntimeError(SECRET)

    source = FakeUpstream("a", own_fleets=[fleet("a", "1", native_of=unexpected)])

    with structlog.testing.capture_logs() as logged:
        first, last = await parts("{ fleets { nodes { id ... @defer { native { __typename } } } } }", source)

    (error,) = last["incremental"][0]["errors"]
    assert "errors" not in first
    assert error["path"] == ["fleets", "nodes", 0, "native"]
    assert error["extensions"] == {"code": "INTERNAL", "requestId": "the-request-id"}
    assert SECRET not in str([first, last])
    assert [line["event"] for line in logged] == ["unexpected error"]


@pytest.mark.parametrize("has_paths", [False, True])
async def test_a_part_that_fails_as_a_whole_says_why_and_the_others_come(*, has_paths: bool) -> None:
    nameless: Any = {"name": None}
    source = FakeUpstream("a", rows=[release("a", "1"), release("a", "2", **nameless)])

    with structlog.testing.capture_logs():
        first, *later = await parts(DEFERRED, source, way=Way(has_paths=has_paths))

    completed = {one["id"]: one.get("errors") for part in later for one in part["completed"]}
    pieces = [piece for part in later for piece in part["incremental"]]
    failed = {"code": "INTERNAL", "requestId": "the-request-id"}
    assert [one["path"] for one in first["pending"]] == [["releases", "nodes", 0], ["releases", "nodes", 1]]
    assert completed["0"] is None
    assert [(error["path"], error["extensions"]) for error in completed["1"]] == [
        (["releases", "nodes", 1, "name"], failed)
    ]
    assert [piece["data"] for piece in pieces] == [{"name": "1"}, None][: 1 + has_paths]
    assert [piece.get("path") for piece in pieces] == (
        [["releases", "nodes", 0], ["releases", "nodes", 1]] if has_paths else [None]
    )


async def test_what_a_list_lost_is_told_once_beside_the_piece_that_the_list_is_in() -> None:
    """Two deferred objects and a stream, whose last parts come together."""
    lost = [["list"], *(["rows", at, "list"] for at in range(2)), *(["items", at, "list"] for at in (0, 1, 2))]
    context = request()
    context.collector.losses = [Loss(path, UpstreamBroken("a", "some of it"), is_partial=True) for path in lost]
    first = {"list": None, "rows": [{}, {}], "items": [{"list": None}]}
    pending = [PendingResult(str(at), ["rows", at]) for at in range(2)] + [PendingResult("2", ["items"])]

    async def later() -> AsyncIterator[SubsequentIncrementalExecutionResult]:
        pieces = [IncrementalDeferResult({"list": None}, id_) for id_ in "01"]
        items = IncrementalStreamResult([{"list": None}] * 2, "2")
        yield SubsequentIncrementalExecutionResult(
            incremental=[*pieces, items], completed=[*map(CompletedResult, "012")]
        )

    initial = InitialIncrementalExecutionResult(first, pending=pending, has_next=True)
    results = ExperimentalIncrementalExecutionResults(initial, later())  # type: ignore[arg-type]  # any iterator will do
    divided = Parts(results, Telling(context, "the-id", tells_losses=True), dict)
    told = [part async for part in divided.each()]

    found = [[error["path"] for error in piece["errors"]] for piece in (told[0], *told[1]["incremental"])]
    assert found == [
        [["list"], ["items", 0, "list"]],
        [["rows", 0, "list"]],
        [["rows", 1, "list"]],
        [["items", 1, "list"], ["items", 2, "list"]],
    ]


async def test_who_takes_no_parts_may_have_the_whole_of_it() -> None:
    source, operation = FakeUpstream("a", rows=[release("a", "1"), release("a", "2")]), Operation(DEFERRED)

    answer = await EXECUTOR.run(EXECUTOR.find(operation), operation, request(source), "the-id", tell_losses=True)

    assert [one["name"] for one in answer.body["data"]["releases"]["nodes"]] == ["1", "2"]
    assert list(answer.body) == ["data", "extensions"]
