"""How large a request may be: each limit is a setting; who passes it is told what was too much, and how much."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.execution.limits import Limits
from gateway.settings import Server
from tests.graph.conftest import Gateway

DEEP = "releases { nodes { fleet { " * 5 + "name" + " } } }" * 5
DIRECTED = " ".join(f"d{n}: totalCount @skip(if: false) @include(if: true)" for n in range(26))

REFUSED = [
    pytest.param(f"{{ {DEEP} }}", "a depth of 16", 15, id="depth"),
    pytest.param(
        f"{{ sources {{ {' '.join(f'a{n}: totalCount' for n in range(31))} }} }}",
        "a number of aliases of 31",
        30,
        id="aliases",
    ),
    pytest.param(f"{{ {'__typename ' * 4001} }}", "a number of tokens over 4000", 4000, id="tokens"),
    pytest.param(
        f'{{ source(name: "{"a" * 100_000}") {{ name }} }}',
        "a number of characters of 100029",
        100_000,
        id="characters",
    ),
    pytest.param(
        f"{{ {' '.join(f'r{n}: __typename s{n}: sources {{ totalCount }}' for n in range(16))} }}",
        "a number of root fields of 32",
        30,
        id="root fields",
    ),
    pytest.param(f"{{ sources {{ {DIRECTED} }} }}", "a number of directives of 52", 50, id="directives"),
    pytest.param(
        f"{{ sources {{ totalCount {'@skip(if: false) ' * 6} }} }}",
        "at one place a number of directives of 6",
        5,
        id="directives of one field",
    ),
    pytest.param(
        f"query Q($a: Int {'@deprecated ' * 6}) {{ sources(first: $a) {{ totalCount }} }}",
        "at one place a number of directives of 6",
        5,
        id="directives of a variable",
    ),
    pytest.param(
        f"{{ sources {{ {'totalCount ' * 51} }} }}", "one field at one place a number of times of 51", 50, id="repeats"
    ),
    pytest.param(
        f"{{ sources(kinds: {'[' * 300}{']' * 300}) {{ totalCount }} }}", "a nesting over 100", 100, id="nested values"
    ),
    pytest.param(
        "{ ...F0 } "
        + " ".join(f"fragment F{n} on Query {{ ...F{n + 1} }}" for n in range(300))
        + " fragment F300 on Query { __typename }",
        "a nesting over 100",
        100,
        id="fragments inside fragments",
    ),
    pytest.param(
        "{ releases(first: 200) { nodes { fleet { releases(first: 200) { nodes { fleet { name } } } } } } }",
        "a number of rows of up to 80400",
        50_000,
        id="rows",
    ),
]


@pytest.mark.parametrize(("query", "what", "limit"), REFUSED)
async def test_too_large_an_operation_is_told_what_how_much_and_what_is_taken(
    gateway: Gateway, query: str, what: str, limit: int
) -> None:
    reply = await gateway.post(query)

    assert f"the operation has {what}; this server takes at most {limit}" in [
        error["message"] for error in reply["errors"]
    ]
    assert {error["extensions"]["code"] for error in reply["errors"]} == {"QUERY_TOO_COMPLEX"}
    assert "data" not in reply


@pytest.mark.parametrize(
    ("query", "variables", "message"),
    [
        pytest.param(
            "{ releases(first: 201) { totalCount } }", {}, "first must be from 0 to 200, not 201", id="a page"
        ),
        pytest.param("query Q($n: Int) { releases(last: $n) { totalCount } }", {"n": -1}, "last must be", id="below"),
        pytest.param(
            "query Q($f: ReleaseFilter) { releases(filter: $f) { totalCount } }",
            {"f": {"versions": ["1.0.0"] * 1001}},
            "versions: at most 1000 in a filter, not 1001",
            id="a list of a filter",
        ),
        pytest.param(
            "query Q($f: FleetFilter) { fleets(filter: $f) { totalCount } }",
            {"f": {"names": ["gauge"] * 1001}},
            "names: at most 1000 in a filter, not 1001",
            id="a list of another",
        ),
        pytest.param(
            "query Q($ids: [ID!]!) { nodes(ids: $ids) { id } }",
            {"ids": ["x"] * 201},
            "ids: at most 200 at once, not 201",
            id="look-ups",
        ),
    ],
)
async def test_too_long_a_list_is_told_its_name_its_length_and_the_limit(
    gateway: Gateway, query: str, variables: dict[str, Any], message: str
) -> None:
    error = await gateway.error(query, **variables)

    assert error["extensions"]["code"] == "BAD_ARGUMENT"
    assert message in error["message"]


async def test_too_large_a_body_is_told_the_limit(gateway: Gateway) -> None:
    body = {"query": "{ __typename }", "variables": {"x": "a" * (1 << 20)}}

    async with gateway.session.post(f"{gateway.url}/graphql", json=body) as reply:
        error = (await reply.json())["errors"][0]

    assert reply.status == 413
    assert error["message"] == "the body is over 1048576 bytes, the most this server takes"


@pytest.mark.parametrize("count", [0, 1, 2])
async def test_a_batch_is_refused_whatever_its_size(gateway: Gateway, count: int) -> None:
    async with gateway.session.post(f"{gateway.url}/graphql", json=[{"query": "{ __typename }"}] * count) as reply:
        error = (await reply.json())["errors"][0]

    assert reply.status == 400
    assert error["message"] == "the body is a list; batches are not taken here: send one operation a request"


async def test_tools_that_ask_for_the_schema_pass_the_limits(gateway: Gateway) -> None:
    from graphql import get_introspection_query

    data = await gateway.data(get_introspection_query(input_value_deprecation=True, directive_is_repeatable=True))

    assert data["__schema"]["queryType"]["name"] == "Query"


def test_every_limit_is_a_setting() -> None:
    settings = Server(
        max_depth=1, max_aliases=2, max_tokens=3, max_rows=4, max_page_size=5, max_repeats=6, max_cost=7,
        max_characters=108, max_root_fields=9, max_directives=10, max_directives_here=11,
    )  # fmt: skip

    assert Limits.of(settings) == Limits(1, 2, 3, 4, 5, 6, 7, 108, 9, 10, 11)
