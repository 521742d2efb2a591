"""The balena mock's `$filter` against plain Python, over expressions and rows that nobody thought of.

Each strategy draws an expression twice: as the text of a URL, and as what it means, written here from the documented
rules alone. Null stands for SQL's unknown: a row stays when its expression is true, not when it is unknown.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from upstream_mocks.balena.odata.model import Field, Kind, Model, Navigation, Resource, Row
from upstream_mocks.balena.odata.queries import Query
from upstream_mocks.balena.odata.translator import Translator
from upstream_mocks.balena.odata.urls import parse

Meaning = Callable[[Row], Any]
Expression = tuple[str, Meaning]
"""The text as it stands in a URL, but for spaces; and its value for a row."""


def table(name: str, many: tuple[Navigation, ...] = (), **kinds: Kind) -> Resource:
    return Resource(name, {each: Field(each, kind) for each, kind in {"id": Kind.NUMBER, **kinds}.items()}, many)


TAG = table("release_tag", release=Kind.NUMBER, tag_key=Kind.TEXT, value=Kind.TEXT)
FLEET = table("application", slug=Kind.TEXT, is_host=Kind.BOOLEAN)
RELEASE = table(
    "release",
    (
        Navigation("release_tag", "release_tag", "id", "release"),
        Navigation("belongs_to__application", "application", "fleet", "id"),
    ),
    fleet=Kind.NUMBER, note=Kind.TEXT, phase=Kind.TEXT, revision=Kind.NUMBER, semver_minor=Kind.NUMBER,
    is_final=Kind.BOOLEAN, is_passing=Kind.BOOLEAN, created_at=Kind.MOMENT,
)  # fmt: skip


@dataclass
class Tables:
    """The smallest thing the engine can read: it implements `odata.model.View`."""

    stored: Mapping[str, list[Row]]
    model: Model = field(default_factory=lambda: Model({each.name: each for each in (RELEASE, TAG, FLEET)}))
    now: datetime = datetime(2026, 11, 1, tzinfo=UTC)
    compares_finely: bool = False

    def rows(self, resource: Resource) -> Iterable[Row]:
        return self.stored[resource.name]

    def follow(self, navigation: Navigation, row: Row) -> list[Row]:
        value = row[navigation.here]
        return [] if value is None else [to for to in self.stored[navigation.target] if to[navigation.there] == value]

    def open(self, resource: str) -> Resource:
        return self.model.resources[resource]

    def printed(self, field: Field, row: Row, value: Any) -> Any:
        return value


def left_by(text: str, releases: list[Row]) -> list[int]:
    """Ids of the releases that the engine leaves of these."""
    tags = [{**tag, "release": row["id"]} for row in releases for tag in row["tags"]]
    fleets = {row["home"]["id"]: row["home"] for row in releases if row["home"]}
    tables = Tables({"release": releases, "release_tag": tags, "application": [*fleets.values()]})
    url = parse(f"/release?$filter={text.replace(' ', '%20')}")
    query = Query(Translator(tables, {}), RELEASE, url.options)
    return sorted(row["id"] for row in query.rows(tables.rows(RELEASE)))


def meant(meaning: Meaning, releases: list[Row]) -> list[int]:
    return sorted(row["id"] for row in releases if meaning(row) is True)


# Rows: few different values, so that they meet those of the expressions

texts = st.sampled_from(["", "next", "Next", "sunset", "it's", "50 % & a_b", "a;b#c+d/e", "näve", " next ", "xt"])
numbers = st.integers(-3, 3)
moments = st.builds(
    lambda days, micros: datetime(2026, 1, 30, 23, 59, 58, tzinfo=UTC) + timedelta(days=days, microseconds=micros),
    st.integers(0, 3),
    st.sampled_from([0, 1, 999, 1000, 1001, 500_000]),
)
tags = st.fixed_dictionaries({"id": numbers, "tag_key": texts, "value": texts})
fleets = st.sampled_from(
    [{"id": 1, "slug": "acme/a", "is_host": False}, {"id": 2, "slug": "acme/b", "is_host": True}, None]
)
release_rows = st.lists(
    st.fixed_dictionaries(
        {
            "note": st.none() | texts,
            "phase": st.none() | texts,
            "revision": st.none() | numbers,
            "semver_minor": numbers,
            "is_final": st.booleans(),
            "is_passing": st.none() | st.booleans(),
            "created_at": moments,
            "tags": st.lists(tags, max_size=3),
            "home": fleets,
        }
    ),
    max_size=6,
).map(lambda rows: [{**row, "id": at, "fleet": row["home"] and row["home"]["id"]} for at, row in enumerate(rows, 1)])


# Values


def spelled(value: Any) -> str:
    """A literal in a URL: encoded inside its quotes only."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f"'{quote(value.replace(chr(39), chr(39) * 2), safe='')}'"
    if isinstance(value, datetime):
        return f"datetime'{quote(value.isoformat(), safe='')}'"
    return "null" if value is None else str(value)


def column(name: str) -> Expression:
    return name, lambda row: row[name]


def to_milliseconds(at: datetime) -> datetime:
    return at - timedelta(microseconds=at.microsecond % 1000)


def call(name: str, apply: Callable[..., Any], *arguments: Expression) -> Expression:
    """A function, unknown for whatever is unknown."""
    return f"{name}({','.join(text for text, _ in arguments)})", strict(apply, *(value for _, value in arguments))


def strict(apply: Callable[..., Any], *meanings: Meaning) -> Meaning:
    def value(row: Row) -> Any:
        values = [meaning(row) for meaning in meanings]
        return None if any(each is None for each in values) else apply(*values)

    return value


def constant(value: Any) -> Expression:
    return spelled(value), lambda row: value


text_columns = st.sampled_from(["note", "phase"]).map(column)
number_columns = st.sampled_from(["revision", "semver_minor"]).map(column)
text_literals, number_literals, moment_literals = (
    texts.map(constant),
    numbers.map(constant),
    moments.map(to_milliseconds).map(constant),
)
CASES = {"tolower": str.lower, "toupper": str.upper, "trim": lambda text: text.strip(" ")}
DATE_PARTS = {name: operator.attrgetter(name) for name in ("year", "month", "day", "hour", "minute", "second")}
ARITHMETIC = {"add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": lambda a, b: int(a / b)}
"""Whole numbers divide to a whole one, cut towards zero."""
created = ("created_at", lambda row: to_milliseconds(row["created_at"]))

cases = st.builds(lambda name, of: call(name, CASES[name], of), st.sampled_from([*CASES]), text_columns)
concatenations = st.builds(lambda of, more: call("concat", operator.add, of, more), text_columns, text_literals)
substrings = st.builds(
    lambda of, start: call("substring", lambda text, at: text[at:], of, constant(start)),
    text_columns,
    st.integers(0, 4),
)
replacements = st.builds(
    lambda of, old, new: call("replace", str.replace, of, old, new),
    text_columns,
    texts.filter(bool).map(constant),
    text_literals,
)
lengths = text_columns.map(lambda of: call("length", len, of))
indexes = st.builds(lambda of, part: call("indexof", str.find, of, part), text_columns, text_literals)
date_parts = st.sampled_from([*DATE_PARTS]).map(lambda name: call(name, DATE_PARTS[name], created))
tag_counts = st.just(("release_tag/$count", lambda row: len(row["tags"])))


def arithmetic(word: str) -> st.SearchStrategy[Expression]:
    def calculated(left: Expression, right: Expression) -> Expression:
        return f"({left[0]} {word} {right[0]})", strict(ARITHMETIC[word], left[1], right[1])

    divisors = numbers.filter(bool).map(constant)
    return st.builds(calculated, number_columns, divisors if word == "div" else number_literals)


text_values = st.one_of(text_columns, cases, concatenations, substrings, replacements)
number_values = st.one_of(number_columns, lengths, indexes, date_parts, tag_counts, *map(arithmetic, ARITHMETIC))


# Conditions: true, false, or None for unknown

EQUALITY = {"eq": operator.eq, "ne": operator.ne}
ORDER = {"gt": operator.gt, "ge": operator.ge, "lt": operator.lt, "le": operator.le}


def compared(left: Expression, word: str, right: Expression) -> Expression:
    """`eq` and `ne` know null as a value; the others do not know it."""
    text, (first, second) = f"{left[0]} {word} {right[0]}", (left[1], right[1])
    if word in EQUALITY:
        return text, lambda row: EQUALITY[word](first(row), second(row))
    return text, strict(ORDER[word], first, second)


def member(of: Expression, items: list[Any]) -> Expression:
    """A null in the list matches nothing, but leaves open whether it would have."""

    def value(row: Row) -> bool | None:
        found = of[1](row)
        return None if found is None else True if found in items else None if None in items else False

    return f"{of[0]} in ({','.join(map(spelled, items))})", value


def comparisons(values: st.SearchStrategy[Expression], literals: st.SearchStrategy[Expression]) -> Any:
    words = st.sampled_from([*EQUALITY, *ORDER])
    either_way = st.builds(compared, values, words, literals) | st.builds(compared, literals, words, values)
    return either_way | st.builds(compared, values, st.sampled_from([*EQUALITY]), st.just(constant(None)))


def fleet_is(name: str, word: str, value: Any) -> Expression:
    """The short path through a link: its columns are null where there is nothing."""
    home = (f"belongs_to__application/{name}", lambda row: row["home"] and row["home"][name])
    return compared(home, word, constant(value))


def inside(name: str, word: str, of: str, value: str) -> tuple[str, Callable[[Row], Any]]:
    return f"{of}/{name} {word} {spelled(value)}", lambda tag: {**EQUALITY, **ORDER}[word](tag[name], value)


def over_tags(word: str, parts: list[tuple[str, Callable[[Row], Any]]], joint: str) -> Expression:
    """`any` of none is false, `all` of none is true."""
    text = f" {joint} ".join(f"({part})" for part, _ in parts)
    within, over = {"and": all, "or": any}[joint], {"any": any, "all": all}[word]
    return f"release_tag/{word}(t:{text})", lambda row: over(within(of(tag) for _, of in parts) for tag in row["tags"])


def over_fleet(word: str, slug: str) -> Expression:
    """To-one: the row behind it, or none."""
    over = {"any": any, "all": all}[word]
    text = f"belongs_to__application/{word}(a:a/slug eq {spelled(slug)})"
    return text, lambda row: over(home["slug"] == slug for home in [row["home"]] if home)


FUNCTIONS: dict[str, st.SearchStrategy[Expression]] = {
    **{name: text_columns.map(lambda of, name=name: call(name, CASES[name], of)) for name in CASES},
    **{name: st.just(call(name, apply, created)) for name, apply in DATE_PARTS.items()},
    **{name: arithmetic(name) for name in ARITHMETIC},
    "length": lengths,
    "indexof": indexes,
    "concat": concatenations,
    "substring": substrings,
    "replace": replacements,
}

slugs = st.sampled_from(["acme/a", "acme/b", "acme/c"])
tag_parts = st.builds(
    inside,
    st.sampled_from(["tag_key", "value"]),
    st.sampled_from([*EQUALITY, *ORDER]),
    st.just("t"),
    texts,
)
TESTS: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda text, part: part in text,
    "startswith": str.startswith,
    "endswith": str.endswith,
}
conditions = st.one_of(
    comparisons(text_values, text_literals),
    comparisons(number_values, number_literals),
    comparisons(st.just(created), moment_literals),
    st.builds(compared, text_columns, st.sampled_from([*EQUALITY, *ORDER]), text_columns),
    st.sampled_from(["is_final", "is_passing"]).map(column),
    st.builds(compared, st.just(column("is_passing")), st.sampled_from([*EQUALITY]), st.booleans().map(constant)),
    st.builds(member, text_columns, st.lists(st.none() | texts, min_size=1, max_size=3)),
    st.builds(member, number_columns, st.lists(st.none() | numbers, min_size=1, max_size=3)),
    st.builds(
        lambda name, of, part: call(name, TESTS[name], of, part), st.sampled_from([*TESTS]), text_values, text_literals
    ),
    st.builds(fleet_is, st.just("slug"), st.sampled_from([*EQUALITY, *ORDER]), slugs),
    st.builds(fleet_is, st.just("is_host"), st.sampled_from([*EQUALITY]), st.none() | st.booleans()),
    st.builds(
        over_tags,
        st.sampled_from(["any", "all"]),
        st.lists(tag_parts, min_size=1, max_size=2),
        st.sampled_from(["and", "or"]),
    ),
    st.builds(over_fleet, st.sampled_from(["any", "all"]), slugs),
)


def both(first: Any, second: Any) -> bool | None:
    return False if first is False or second is False else None if first is None or second is None else True


def either(first: Any, second: Any) -> bool | None:
    return True if first is True or second is True else None if first is None or second is None else False


JOINTS = {"and": both, "or": either}


def chained(parts: list[Expression], words: list[str]) -> Expression:
    """Without brackets: `and` and `or` bind alike, from the left."""
    text = parts[0][0] + "".join(f" {word} {part}" for word, (part, _) in zip(words, parts[1:], strict=False))

    def value(row: Row) -> bool | None:
        rest = zip(words, parts[1:], strict=False)
        return reduce(lambda so_far, step: JOINTS[step[0]](so_far, step[1][1](row)), rest, parts[0][1](row))

    return text, value


def negated(of: Expression) -> Expression:
    return f"not ({of[0]})", lambda row: None if (value := of[1](row)) is None else not value


def bracketed(of: Expression) -> Expression:
    return f"({of[0]})", of[1]


def compounds(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    closed = st.one_of(inner.map(bracketed), inner.map(negated))
    joints = st.lists(st.sampled_from([*JOINTS]), min_size=3, max_size=3)
    return closed | st.builds(chained, st.lists(conditions | closed, min_size=2, max_size=4), joints)


expressions = st.recursive(conditions, compounds, max_leaves=8)


@settings(max_examples=500, deadline=None)
@given(expressions, release_rows)
def test_a_filter_leaves_what_plain_python_leaves(expression: Expression, releases: list[Row]) -> None:
    text, meaning = expression

    assert left_by(text, releases) == meant(meaning, releases)


@pytest.mark.parametrize("name", FUNCTIONS)
@settings(max_examples=20, deadline=None)
@given(st.data(), release_rows)
def test_a_function_gives_what_plain_python_gives(name: str, data: st.DataObject, releases: list[Row]) -> None:
    text, value = data.draw(FUNCTIONS[name])

    left = {row["id"]: left_by(f"{text} eq {spelled(value(row))}", releases) for row in releases}

    assert left == {row["id"]: [other["id"] for other in releases if value(other) == value(row)] for row in releases}


@settings(max_examples=60, deadline=None)
@given(st.lists(conditions, min_size=3, max_size=5), st.data(), release_rows)
def test_and_and_or_group_from_the_left(parts: list[Expression], data: st.DataObject, releases: list[Row]) -> None:
    words = data.draw(st.lists(st.sampled_from([*JOINTS]), min_size=len(parts) - 1, max_size=len(parts) - 1))
    bare, _ = chained(parts, words)

    nested = reduce(
        lambda left, step: f"({left} {step[0]} {step[1][0]})", zip(words, parts[1:], strict=True), parts[0][0]
    )

    assert left_by(bare, releases) == left_by(nested, releases)


@pytest.mark.parametrize("joint", JOINTS)
@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["is_final", "is_passing"]), conditions, release_rows)
def test_not_takes_the_word_after_it_alone(joint: str, flag: str, other: Expression, releases: list[Row]) -> None:
    bare, nested = f"not {flag} {joint} {other[0]}", f"(not ({flag})) {joint} {other[0]}"

    assert left_by(bare, releases) == left_by(nested, releases)


@settings(max_examples=60, deadline=None)
@given(expressions, release_rows)
def test_a_filter_and_its_negation_share_no_row_and_lose_only_the_unknown(
    expression: Expression, releases: list[Row]
) -> None:
    text, meaning = expression

    kept, others = left_by(text, releases), left_by(f"not ({text})", releases)

    unknown = [row["id"] for row in releases if meaning(row) is None]
    assert sorted([*kept, *others, *unknown]) == [row["id"] for row in releases]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.none() | texts, min_size=1, max_size=4), release_rows)
def test_a_short_path_through_a_to_many_counts_every_match(values: list[str | None], releases: list[Row]) -> None:
    text, meaning = member(("release_tag/value", lambda tag: tag["value"]), values)

    matches = [row["id"] for row in releases for tag in row["tags"] if meaning(tag) is True]

    assert left_by(text, releases) == sorted(matches)
