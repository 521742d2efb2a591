"""Operations in parts: drawn ones that are cut up are the same once put together, and hostile ones do no harm."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest
from graphql import (
    DirectiveNode,
    FieldNode,
    InlineFragmentNode,
    NameNode,
    SelectionSetNode,
    Visitor,
    parse,
    print_ast,
    visit,
)
from hypothesis import HealthCheck, assume, given, settings

from tests.fuzz import hostile
from tests.fuzz.operations import as_json, requests
from tests.fuzz.served import Reply, Served, asked
from tests.fuzz.test_operations import cost, estimate
from tests.graph.parts import ACCEPT, all_parts, together
from tests.test_all_operations import steady

EXAMPLES = 80
SLOWEST_S = 5
NAMES = "{ fleets(first: 50) { nodes { releases(first: 20) { nodes { %s } } } } }"


async def _asked(gateway: Served, request: dict[str, Any]) -> Reply:
    async with aiohttp.ClientSession() as session:
        return await asked(session, gateway, as_json(request), headers={"Accept": ACCEPT, "X-Explain": "on"})


def whole(reply: Reply) -> dict[str, Any]:
    if reply.content_type.startswith("multipart/mixed"):
        return together(all_parts(reply.body.decode()))
    found: dict[str, Any] = reply.json
    return found


class _Cut(Visitor):
    """All fields of a selection but its first are deferred, and lists of rows streamed."""

    def leave_selection_set(self, node: SelectionSetNode, *_: Any) -> SelectionSetNode | None:
        first, *others = node.selections
        if not others:
            return None
        deferred = InlineFragmentNode(
            directives=(_directive("defer"),), selection_set=SelectionSetNode(selections=tuple(others))
        )
        return SelectionSetNode(selections=(first, deferred))

    def leave_field(self, node: FieldNode, *_: Any) -> FieldNode | None:
        if node.name.value not in ("nodes", "edges") or node.arguments:
            return None
        return FieldNode(
            alias=node.alias,
            name=node.name,
            directives=(*(node.directives or ()), _directive("stream")),
            selection_set=node.selection_set,
        )


def _directive(name: str) -> DirectiveNode:
    return DirectiveNode(name=NameNode(value=name), arguments=())


def test_whatever_is_asked_is_the_same_in_parts(gateway: Served) -> None:
    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(request=requests())
    def answered(request: dict[str, Any]) -> None:
        assume(not request["query"].startswith("mutation"))
        cut = {**request, "query": print_ast(visit(parse(request["query"]), _Cut()))}
        before, parts, after = (asyncio.run(_asked(gateway, one)) for one in (request, cut, request))

        assert parts.status == 200
        assert b"Traceback" not in parts.body
        assert "INTERNAL" not in str(whole(parts).get("errors"))
        assert cost(whole(parts)) <= estimate(whole(parts)), "more calls than was told before"
        assume("QUERY_TOO_COMPLEX" not in before.body.decode() + parts.body.decode())
        first, found, second = (whole(reply).get("data") for reply in (before, parts, after))
        assert steady(found, first, second) == steady(first, first, second)

    answered()


def documents() -> Iterator[tuple[str, str]]:
    """(name, text)."""
    yield "one in another", "{ " + "... @defer { " * 49 + "__typename" + " }" * 50
    yield "one beside another", "{ " + "... @defer { __typename } " * 50 + "}"
    yield "on every row", NAMES % "... @defer { name }"
    yield "many on every row", NAMES % "".join(f"... @defer {{ a{at}: id }} " for at in range(29))
    yield "one in another on every row", NAMES % ("... @defer { " * 20 + "id" + " }" * 20)
    yield "a stream in a stream", (NAMES % "name").replace("nodes", "nodes @stream")
    yield "of the schema", "{ __schema { types @stream { fields @stream { ... @defer { name } } } } }"
    yield "labels", "{ " + " ".join(f'... @defer(label: "{"x" * 400}{at}") {{ __typename }}' for at in range(50)) + " }"
    yield "one label for two", '{ ... @defer(label: "a") { __typename } ... @defer(label: "a") { __typename } }'
    yield "a stream from far", "{ sources { nodes @stream(initialCount: 2147483647) { name } } }"
    yield "what is no list", "{ sources @stream { nodes { name } } }"


@pytest.mark.parametrize("text", [text for _, text in documents()], ids=[name for name, _ in documents()])
async def test_it_is_answered_soon_and_with_no_mistake_of_ours(gateway: Served, text: str) -> None:
    began = time.perf_counter()

    reply = await _asked(gateway, {"query": text})

    assert reply.status in (200, 400)
    assert "INTERNAL" not in json.dumps(whole(reply).get("errors"))
    assert len(reply.body) < 2 * hostile.MEGABYTE
    assert time.perf_counter() - began < SLOWEST_S
