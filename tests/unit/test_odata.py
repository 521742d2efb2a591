"""What the builder of balena's URLs promises: syntax as it is, literals encoded, brackets and directions always."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.upstreams.balena import odata
from resolvers.upstreams.balena.odata import Options, compare, either, every, literal, negated, one_of, some, url

NOON = datetime(2026, 11, 1, 12, 0, 0, 123_999, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "spelled"),
    [
        pytest.param(1234567, "1234567", id="number"),
        pytest.param(True, "true", id="true is no 1"),
        pytest.param(False, "false", id="false"),
        pytest.param("1.2.3", "'1.2.3'", id="text"),
        pytest.param("acme/sensor-fleet", "'acme%2Fsensor-fleet'", id="slash"),
        pytest.param("1.3.0+rev1", "'1.3.0%2Brev1'", id="plus"),
        pytest.param("it's", "'it%27%27s'", id="quote is doubled"),
        pytest.param("a&b;c#d e(f),g:h=i$j%", "'a%26b%3Bc%23d%20e%28f%29%2Cg%3Ah%3Di%24j%25'", id="syntax"),
        pytest.param("schön", "'sch%C3%B6n'", id="beyond ASCII"),
        pytest.param("\ud800", "'%3F'", id="what UTF-8 cannot hold"),
        pytest.param(NOON, "datetime'2026-11-01T12:00:00.123Z'", id="instant, cut to milliseconds"),
        pytest.param(
            NOON.astimezone(timezone(timedelta(hours=2))), "datetime'2026-11-01T12:00:00.123Z'", id="instant in UTC"
        ),
    ],
)
def test_a_literal_is_typed_and_encoded_inside_only(value: Any, spelled: str) -> None:
    assert literal(value) == spelled


@given(st.text())
def test_no_text_ends_its_literal_or_becomes_syntax(text: str) -> None:
    spelled = literal(text)

    inside = spelled[1:-1]
    assert spelled[0] == spelled[-1] == "'"
    assert not set(inside) & set("'()/:,;=&?#+ $@")
    assert unquote(inside).replace("''", "'") == text


@pytest.mark.parametrize(
    ("built", "printed"),
    [
        pytest.param(
            url("application", Options(("id",), some("organization", "o", compare("o/handle", "eq", "acme")))),
            "/v7/application?$select=id&$filter=organization/any(o:o/handle%20eq%20'acme')",
            id="fleets of an organization",
        ),
        pytest.param(
            url("application", Options(("id",), some("is_directly_accessible_by__user", "dau", odata.TRUE))),
            "/v7/application?$select=id&$filter=is_directly_accessible_by__user/any(dau:true)",
            id="fleets of the caller",
        ),
        pytest.param(
            url("application", Options(("id",), compare("is_public", "eq", False))),
            "/v7/application?$select=id&$filter=is_public%20eq%20false",
            id="no public fleets",
        ),
        pytest.param(
            url("release", Options(("raw_version",)), key=2345678),
            "/v7/release(2345678)?$select=raw_version",
            id="one field of one release",
        ),
        pytest.param(
            url(
                "release",
                Options(
                    ("id",),
                    every(
                        compare("belongs_to__application", "eq", 1234567), compare("raw_version", "eq", "1.2.3+rev1")
                    ),
                ),
            ),
            "/v7/release?$select=id&$filter=(belongs_to__application%20eq%201234567)"
            "%20and%20(raw_version%20eq%20'1.2.3%2Brev1')",
            id="release of a fleet and version",
        ),
    ],
)
def test_the_requests_of_balenas_pages_come_out_with_their_select_and_brackets(built: str, printed: str) -> None:
    assert built == printed


def test_options_nest_with_semicolons() -> None:
    releases = Options(
        ("id", "raw_version"),
        compare("status", "eq", "success"),
        expand={"release_tag": Options(("tag_key", "value"))},
        order_by=(("start_timestamp", "desc"), ("id", "desc")),
        top=5,
    )

    built = url("application", Options(("id",), one_of("id", (1, 2)), expand={"owns__release": releases}))

    assert built == (
        "/v7/application?$select=id&$filter=id%20in%20(1,2)&$expand=owns__release($select=id,raw_version"
        ";$filter=status%20eq%20'success';$expand=release_tag($select=tag_key,value)"
        ";$orderby=start_timestamp%20desc,id%20desc;$top=5)"
    )


def test_every_operand_of_and_and_or_stands_in_brackets() -> None:
    one, two, three = (compare("id", "eq", number) for number in (1, 2, 3))

    built = every(either(one, two), negated(three))

    assert built == "((id%20eq%201)%20or%20(id%20eq%202))%20and%20(not%20(id%20eq%203))"


def test_one_condition_is_joined_with_nothing() -> None:
    assert every(compare("id", "gt", 1)) == either(compare("id", "gt", 1)) == "id%20gt%201"


@pytest.mark.parametrize("build", [lambda: one_of("id", ()), every, either], ids=["in", "and", "or"])
def test_what_would_be_malformed_for_want_of_operands_is_not_built(build: Any) -> None:
    with pytest.raises(ValueError, match="no "):
        build()


def test_numbers_go_two_hundred_at_a_time() -> None:
    groups = odata.chunked(list(range(1_000_000, 1_000_450)))

    assert [len(group) for group in groups] == [200, 200, 50]
    assert [one for group in groups for one in group] == list(range(1_000_000, 1_000_450))


def test_texts_go_fifty_at_a_time() -> None:
    assert [len(group) for group in odata.chunked(["1.2.3"] * 120)] == [50, 50, 20]


@given(st.lists(st.text(max_size=300), max_size=120))
def test_a_list_of_texts_never_outgrows_its_url(texts: list[str]) -> None:
    groups = odata.chunked(texts)

    assert [one for group in groups for one in group] == texts
    assert all(len(one_of("commit", group)) < odata.MAX_LENGTH - 1_500 for group in groups)
    assert all(len(group) <= odata.MAX_TEXTS for group in groups)


def test_a_text_too_long_for_any_list_stands_alone() -> None:
    assert odata.chunked(["a", "b" * 5_000, "c"]) == [["a"], ["b" * 5_000], ["c"]]
