"""Changes between two schemas: how bad each kind is for whoever stores operations, and where it is."""

from __future__ import annotations

import pytest
from graphql import GraphQLSchema, build_schema
from graphql.utilities import BreakingChangeType, DangerousChangeType, SafeChangeType

from gateway.contract.changes import Change, Severity
from gateway.contract.comparison import between
from gateway.contract.schemas import printed

BASE = "type Query { it: Thing } "
BREAKING, DANGEROUS, SAFE = Severity.BREAKING, Severity.DANGEROUS, Severity.SAFE

CASES = [
    # What graphql-core knows, one of each.
    ("type T { a: Int }", "", BREAKING, "T", "TYPE_REMOVED"),
    ("scalar T", "type T { a: Int }", BREAKING, "T", "TYPE_CHANGED_KIND"),
    (
        "union U = A | B type A { a: Int } type B { a: Int }",
        "union U = A type A { a: Int } type B { a: Int }",
        BREAKING,
        "U",
        "TYPE_REMOVED_FROM_UNION",
    ),
    ("enum E { X Y }", "enum E { X }", BREAKING, "E.Y", "VALUE_REMOVED_FROM_ENUM"),
    ("input I { a: Int }", "input I { a: Int, b: Int! }", BREAKING, "I.b", "REQUIRED_INPUT_FIELD_ADDED"),
    (
        "interface N { a: Int } type T implements N { a: Int }",
        "interface N { a: Int } type T { a: Int }",
        BREAKING,
        "T",
        "IMPLEMENTED_INTERFACE_REMOVED",
    ),
    ("type T { a: Int, b: Int }", "type T { a: Int }", BREAKING, "T.b", "FIELD_REMOVED"),
    ("type T { a: Int! }", "type T { a: Int }", BREAKING, "T.a", "FIELD_CHANGED_KIND"),
    ("type T { a: Int }", "type T { a(b: Int!): Int }", BREAKING, "T.a(b:)", "REQUIRED_ARG_ADDED"),
    ("type T { a(b: Int): Int }", "type T { a: Int }", BREAKING, "T.a(b:)", "ARG_REMOVED"),
    ("type T { a(b: Int): Int }", "type T { a(b: Int!): Int }", BREAKING, "T.a(b:)", "ARG_CHANGED_KIND"),
    ("directive @d on FIELD", "", BREAKING, "@d", "DIRECTIVE_REMOVED"),
    ("directive @d(a: Int) on FIELD", "directive @d on FIELD", BREAKING, "@d(a:)", "DIRECTIVE_ARG_REMOVED"),
    ("directive @d on FIELD", "directive @d(a: Int!) on FIELD", BREAKING, "@d(a:)", "REQUIRED_DIRECTIVE_ARG_ADDED"),
    ("directive @d repeatable on FIELD", "directive @d on FIELD", BREAKING, "@d", "DIRECTIVE_REPEATABLE_REMOVED"),
    ("directive @d on FIELD | QUERY", "directive @d on FIELD", BREAKING, "@d", "DIRECTIVE_LOCATION_REMOVED"),
    ("enum E { X }", "enum E { X Y }", DANGEROUS, "E.Y", "VALUE_ADDED_TO_ENUM"),
    (
        "union U = A type A { a: Int } type B { a: Int }",
        "union U = A | B type A { a: Int } type B { a: Int }",
        DANGEROUS,
        "U",
        "TYPE_ADDED_TO_UNION",
    ),
    ("input I { a: Int }", "input I { a: Int, b: Int }", DANGEROUS, "I.b", "OPTIONAL_INPUT_FIELD_ADDED"),
    ("type T { a: Int }", "type T { a(b: Int): Int }", DANGEROUS, "T.a(b:)", "OPTIONAL_ARG_ADDED"),
    (
        "interface N { a: Int } type T { a: Int }",
        "interface N { a: Int } type T implements N { a: Int }",
        DANGEROUS,
        "T",
        "IMPLEMENTED_INTERFACE_ADDED",
    ),
    (
        "type T { a(b: Int = 1): Int }",
        "type T { a(b: Int = 2): Int }",
        DANGEROUS,
        "T.a(b:)",
        "ARG_DEFAULT_VALUE_CHANGE",
    ),
    ("input I { a: Int = 1 }", "input I { a: Int }", DANGEROUS, "I.a", "INPUT_FIELD_DEFAULT_VALUE_CHANGE"),
    ("", "type T { a: Int }", SAFE, "T", "TYPE_ADDED"),
    ("", "directive @d on FIELD", SAFE, "@d", "DIRECTIVE_ADDED"),
    ("type T { a: Int }", "type T { a: Int, b: Int }", SAFE, "T.b", "FIELD_ADDED"),
    ("directive @d on FIELD", "directive @d repeatable on FIELD", SAFE, "@d", "DIRECTIVE_REPEATABLE_ADDED"),
    ("directive @d on FIELD", "directive @d on FIELD | QUERY", SAFE, "@d", "DIRECTIVE_LOCATION_ADDED"),
    ("directive @d on FIELD", "directive @d(a: Int) on FIELD", SAFE, "@d(a:)", "OPTIONAL_DIRECTIVE_ARG_ADDED"),
    ("type T { a: Int }", "type T { a: Int! }", SAFE, "T.a", "FIELD_CHANGED_KIND_SAFE"),
    ("type T { a(b: Int!): Int }", "type T { a(b: Int): Int }", SAFE, "T.a(b:)", "ARG_CHANGED_KIND_SAFE"),
    ("type T { a(b: Int): Int }", "type T { a(b: Int = 1): Int }", SAFE, "T.a(b:)", "ARG_DEFAULT_VALUE_ADDED"),
    ("input I { a: Int }", "input I { a: Int = 1 }", SAFE, "I.a", "INPUT_FIELD_DEFAULT_VALUE_ADDED"),
    # What it does not see, or takes too lightly.
    (
        "schema { query: Query, mutation: M } type M { a: Int }",
        "schema { query: Query } type M { a: Int }",
        BREAKING,
        "M",
        "ROOT_TYPE_CHANGED",
    ),
    ("input I { a: Int }", "input I @oneOf { a: Int }", BREAKING, "I", "ONE_OF_ADDED"),
    ("input I @oneOf { a: Int }", "input I { a: Int }", SAFE, "I", "ONE_OF_REMOVED"),
    ("type T { a(b: Int! = 1): Int }", "type T { a(b: Int!): Int }", BREAKING, "T.a(b:)", "ARG_DEFAULT_VALUE_CHANGE"),
    ("input I { a: Int! = 1 }", "input I { a: Int! }", BREAKING, "I.a", "INPUT_FIELD_DEFAULT_VALUE_CHANGE"),
    (
        'scalar S @specifiedBy(url: "https://one.example")',
        'scalar S @specifiedBy(url: "https://two.example")',
        DANGEROUS,
        "S",
        "SPECIFIED_BY_CHANGED",
    ),
    ("type T { a: Int }", "type T { a: Int @deprecated }", SAFE, "T.a", "DEPRECATED"),
    ("enum E { X @deprecated }", "enum E { X }", SAFE, "E.X", "DEPRECATION_WITHDRAWN"),
    ("type T { a(b: Int): Int }", "type T { a(b: Int @deprecated): Int }", SAFE, "T.a(b:)", "DEPRECATED"),
]
LEFT_OUT = {"DESCRIPTION_CHANGED"}
"A change for people alone."


def schema(text: str) -> GraphQLSchema:
    return build_schema(BASE + "type Thing { id: ID, size: Int } " + text)


@pytest.mark.parametrize(("old", "new", "severity", "coordinate", "rule"), CASES, ids=[case[4] for case in CASES])
def test_a_change_is_told_once_with_its_place_and_how_bad_it_is(
    old: str, new: str, severity: Severity, coordinate: str, rule: str
) -> None:
    found = between(schema(old), schema(new))

    assert [(change.severity, change.coordinate, change.rule) for change in found] == [(severity, coordinate, rule)]


@pytest.mark.parametrize("severity", [BreakingChangeType, DangerousChangeType, SafeChangeType])
def test_every_kind_of_change_that_graphql_core_knows_is_tried(severity: type) -> None:
    tried = {case[4] for case in CASES}

    assert {kind.name for kind in severity} - tried - LEFT_OUT == set()  # type: ignore[attr-defined]


def test_a_new_type_behind_an_interface_is_met_like_a_new_member_of_a_union() -> None:
    old = schema("interface N { a: Int } type A implements N { a: Int }")
    new = schema("interface N { a: Int } type A implements N { a: Int } type B implements N { a: Int }")

    assert [(one.severity, one.coordinate, one.rule) for one in between(old, new)] == [
        (DANGEROUS, "N", "TYPE_ADDED_TO_INTERFACE"),
        (SAFE, "B", "TYPE_ADDED"),
    ]


def test_a_description_is_no_change() -> None:
    old, new = schema('"One." type T { "One." a("One." b: Int): Int }'), schema("type T { a(b: Int): Int }")

    assert between(old, new) == []


def test_the_worst_comes_first_and_then_the_coordinate_decides() -> None:
    old = schema("type T { a: Int, c: Int, b: Int } enum E { X }")
    new = schema("type T { a: Int, d: Int } enum E { X Y }")

    assert [one.coordinate for one in between(old, new)] == ["T.b", "T.c", "E.Y", "T.d"]


def test_a_standard_scalar_that_is_no_longer_used_is_named() -> None:
    assert between(schema("type T { a: Float }"), schema("type T { a: Int }"))[0] == Change(
        BREAKING, "Float", "TYPE_REMOVED", "Standard scalar Float was removed because it is not referenced anymore."
    )


def test_the_graph_has_not_changed_since_itself() -> None:
    assert between(printed(), printed()) == []
