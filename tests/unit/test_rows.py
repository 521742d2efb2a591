"""Counting rows: what an operation may make the gateway build, by its page sizes alone."""

from __future__ import annotations

import pytest
from graphql import parse

from gateway.execution import documents, rows


@pytest.mark.parametrize(
    ("query", "count"),
    [
        pytest.param("{ source(name: $n) { name } }", 1, id="one object"),
        pytest.param("{ releases(first: 3) { nodes { name } } }", 3, id="a list"),
        pytest.param("{ releases { nodes { name } } }", 20, id="the default size"),
        pytest.param("{ releases(last: 7) { edges { cursor node { name } } } }", 14, id="edges are objects too"),
        pytest.param("{ releases(first: 3) { totalCount } }", 1, id="a list without rows"),
        pytest.param("{ releases(first: 10) { nodes { artifacts(first: 5) { nodes { name } } } } }", 60, id="nested"),
        pytest.param("{ releases(first: 10) { nodes { fleet { name } source { name } } } }", 30, id="objects of rows"),
        pytest.param("{ a: releases(first: 2) { nodes { id } } b: releases(first: 3) { nodes { id } } }", 5, id="sum"),
        pytest.param("{ releases(first: 999999) { nodes { name } } }", 200, id="no more than a page may have"),
        pytest.param("query Q($first: Int = 4) { releases(first: $first) { nodes { name } } }", 4, id="default value"),
        pytest.param("query Q($size: Int) { releases(first: $size) { nodes { name } } }", 9, id="variable"),
        pytest.param('{ releases(first: "x") { nodes { name } } }', 20, id="no number"),
        pytest.param(
            "{ releases(first: 5) { ...P } } fragment P on ReleaseConnection { ... { nodes { fleet { name } } } }",
            10,
            id="fragments",
        ),
        pytest.param("{ nodes(ids: [1, 2, 3]) { id ... on Release { fleet { id } } } }", 6, id="as many as keys"),
        pytest.param(
            "query Q($k: [_Any!]!) { _entities(representations: $k) { ...R } } fragment R on Release "
            "{ artifacts(first: 5) { nodes { name } } }",
            24,
            id="keys of a variable",
        ),
        pytest.param("{ _entities(representations: {a: 1}) { __typename } }", 1, id="one key stands for a list of it"),
        pytest.param("{ _entities(representations: $none) { __typename } }", 1, id="no keys are somebody else's error"),
        pytest.param("{ __schema { types { fields { name } } } }", 0, id="introspection"),
        pytest.param("{ releases(first: 3) { nodes { ... @defer { name } } } }", 33, id="a part takes as long as ten"),
        pytest.param("{ releases(first: 3) { nodes { ... @defer(if: false) { name } } } }", 3, id="none, as it says"),
        pytest.param("{ a { ...F @defer } } fragment F on A { b { c } }", 12, id="a fragment that is a part"),
    ],
)
def test_rows_are_multiplied_through_lists(query: str, count: int) -> None:
    document = parse(query)

    counted = rows.count(
        document, documents.operation(document, None), {"size": 9, "k": [{}, {}, {}, {}]}, max_page=200
    )

    assert counted == count


@pytest.mark.parametrize(
    ("text", "most"),
    [
        ("query Q($id: ID!) { release(id: $id) { name } }", 1),
        ("{ releases(first: 5) { nodes { name } } }", 5),
        ("query Q($first: Int = 4) { releases(first: $first) { nodes { name } } }", 200),
        ("query Q($n: Int) { fleets(first: $n) { nodes { releases(last: 3) { nodes { id } } } } }", 200 * 4),
        ("query Q($k: [ID!]!) { nodes(ids: $k) { id } }", None),
    ],
)
def test_the_most_that_a_document_can_ask_for_is_told_without_its_variables(text: str, most: int | None) -> None:
    document = parse(text)

    assert rows.ceiling(document, documents.operation(document, None), max_page=200) == most
