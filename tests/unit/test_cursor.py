"""Cursors: a position and nothing more, safe against damage, small, and of one list only."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.errors import BadCursor
from resolvers.federation import order as orders
from resolvers.federation.cursor import MAX_LENGTH, Cursors, list_digest, missed_mark
from resolvers.federation.order import Position
from resolvers.graph.enums import OrderDirection, ReleaseOrderField, ReleaseStatus, SourceKind
from resolvers.graph.inputs import ReleaseFilter, ReleaseOrder
from resolvers.lists import identity
from resolvers.upstreams.config import NAME
from tests.unit.fake_upstreams import KEY, release

DIGEST = list_digest("releases CREATED_AT DESC")
CURSORS = Cursors(KEY, DIGEST, int)
NAMED = Cursors(KEY, DIGEST, str)
HERE = Position(1_793_534_400_000, "balena", "42")
KEYS = st.one_of(st.none(), st.integers(-(2**53), 2**53))
TEXTS = st.text(max_size=200).map(orders.bounded_text)
IDS = st.from_regex(r"[A-Za-z0-9%._~-]{1,40}(/[A-Za-z0-9%._~-]{1,90}){0,3}", fullmatch=True).map(orders.bounded_id)
SOURCES = st.from_regex(NAME, fullmatch=True)


@given(KEYS, SOURCES, IDS, st.frozensets(st.binary(min_size=4, max_size=4), max_size=12))
def test_a_cursor_gives_back_its_position_and_what_was_missed(
    key: int | None, source: str, native_id: str, missed: frozenset[bytes]
) -> None:
    position = Position(key, source, native_id)

    cursor = CURSORS.decode(CURSORS.encode(position, missed))

    assert (cursor.position, cursor.missed, cursor.all_missed) == (position, missed, False)


@given(TEXTS, SOURCES, IDS)
def test_a_text_key_comes_back_as_it_was(key: str, source: str, native_id: str) -> None:
    position = Position(key, source, native_id)

    assert NAMED.decode(NAMED.encode(position)).position == position


@given(st.text(max_size=300), st.text(min_size=1, max_size=300), st.integers(0, 40))
def test_a_cursor_has_at_most_512_characters(name: str, word: str, missed_count: int) -> None:
    row = release("a" * 32, f"umbra/{word.encode().hex()}/{'%E2' * 99}", name=name * 9)
    marks = {missed_mark(f"source-{number}") for number in range(missed_count)}
    order = orders.releases(ReleaseOrder(field=ReleaseOrderField.NAME))

    text = NAMED.encode(order.position(row), marks)

    assert len(text) <= MAX_LENGTH
    assert NAMED.decode(text).position == order.position(row)


def test_the_longest_of_everything_fits_too() -> None:
    row = release("a" * 32, "9" * 5000, name="€" * 500)
    marks = {missed_mark(f"source-{number}") for number in range(12)}
    position = orders.releases(ReleaseOrder(field=ReleaseOrderField.NAME)).position(row)

    text = NAMED.encode(position, marks)

    assert 400 < len(text) <= MAX_LENGTH
    assert NAMED.decode(text).missed == marks


@pytest.mark.parametrize("replacement", ["A", "-", "_", "=", "+", "/", " ", "é", "\0"])
def test_a_cursor_altered_in_any_character_is_refused(replacement: str) -> None:
    text = CURSORS.encode(HERE, {missed_mark("memfault")})
    altered = {text[:at] + replacement + text[at + 1 :] for at in range(len(text))} - {text}

    accepted = [one for one in altered if _is_accepted(CURSORS, one)]

    assert len(altered) >= len(text) - 9
    assert accepted == []


def test_a_cursor_altered_in_any_bit_is_refused() -> None:
    raw = _raw(CURSORS.encode(HERE))
    flipped = [bytes([*raw[:at], raw[at] ^ 1 << bit, *raw[at + 1 :]]) for at in range(len(raw)) for bit in range(8)]

    accepted = [one for one in flipped if _is_accepted(CURSORS, _text(one))]

    assert accepted == []


@pytest.mark.parametrize("change", [
    pytest.param(lambda text: text[:-1], id="cut"),
    pytest.param(lambda text: text + "A", id="longer"),
    pytest.param(lambda text: text + "=", id="padded"),
    pytest.param(lambda text: f" {text}", id="indented"),
    pytest.param(lambda text: f"{text}\n", id="with a line end"),
    pytest.param(lambda text: text * 2, id="twice"),
    pytest.param(lambda text: "", id="empty"),
    pytest.param(lambda text: "A" * 100_000, id="huge"),
    pytest.param(lambda text: "☃", id="not ASCII"),
])  # fmt: skip
def test_no_other_spelling_of_a_cursor_is_taken(change: Any) -> None:
    with pytest.raises(BadCursor, match="unchanged"):
        CURSORS.decode(change(CURSORS.encode(HERE)))


@given(st.text(max_size=600))
def test_any_text_is_a_bad_cursor_and_nothing_worse(text: str) -> None:
    with pytest.raises(BadCursor):
        CURSORS.decode(text)


def test_a_cursor_of_another_key_is_refused() -> None:
    with pytest.raises(BadCursor):
        Cursors(b"another" * 5, DIGEST, int).decode(CURSORS.encode(HERE))


def test_a_cursor_of_another_list_says_to_keep_the_arguments() -> None:
    other = Cursors(KEY, list_digest("releases CREATED_AT ASC"), int)

    with pytest.raises(BadCursor, match="another list, order or filter"):
        other.decode(CURSORS.encode(HERE))


FORGED = [
    pytest.param([0, DIGEST, 1, "balena", "42", []], id="old format"),
    pytest.param([1, DIGEST, "text", "balena", "42", []], id="key of another type"),
    pytest.param([1, DIGEST, True, "balena", "42", []], id="key is a boolean"),
    pytest.param([1, DIGEST, 1.5, "balena", "42", []], id="key is a float"),
    pytest.param([1, DIGEST, 1, None, "42", []], id="no source"),
    pytest.param([1, DIGEST, 1, "balena"], id="too short"),
    pytest.param([1, DIGEST, 1, "balena", "42", "all"], id="missed is a text"),
    pytest.param({"format": 1}, id="no array"),
]


@pytest.mark.parametrize("content", FORGED)
def test_a_cursor_forged_by_someone_who_knows_the_key_is_refused_when_it_means_nothing(content: Any) -> None:
    with pytest.raises(BadCursor):
        CURSORS.decode(_signed(msgspec.msgpack.encode(content)))


def test_a_forged_cursor_that_is_no_utf_8_is_refused() -> None:
    body = msgspec.msgpack.encode([1, DIGEST, 1, "balena", "42", []]).replace(b"balena", b"\xff\xfe\xfd\xfc\xfb\xfa")

    with pytest.raises(BadCursor):
        CURSORS.decode(_signed(body))


def test_more_missed_sources_than_fit_count_as_all_missed_from_then_on() -> None:
    marks = {missed_mark(f"source-{number}") for number in range(13)}

    cursor = CURSORS.decode(CURSORS.encode(HERE, marks))
    next_cursor = CURSORS.decode(CURSORS.encode(HERE, cursor.missed, cursor.all_missed))

    assert cursor.all_missed
    assert next_cursor.has_missed("whoever")


def test_the_same_list_has_the_same_digest_on_every_worker() -> None:
    where = ReleaseFilter(kinds=[SourceKind.BALENA], statuses=[ReleaseStatus.DRAFT], created_after=datetime(2026, 1, 1, tzinfo=UTC))  # fmt: skip  # noqa: E501

    # A fixed value: an object's address or a hash seed in it would differ from run to run.
    assert list_digest("releases", *identity(where)).hex() == "572a607bf49990d2"


def test_a_filter_of_nothing_is_no_filter_to_a_cursor() -> None:
    assert identity(None) == identity(ReleaseFilter()) == ()


def test_false_is_a_filter_where_null_is_none() -> None:
    assert identity(ReleaseFilter(is_closed=False)) != identity(ReleaseFilter())


DISTINCT = [
    ReleaseFilter(),
    ReleaseFilter(names=[]),
    ReleaseFilter(names=["a", "b"]),
    ReleaseFilter(names=["a, b"]),
    ReleaseFilter(names=["a', 'b"]),
    ReleaseFilter(versions=["a", "b"]),
    ReleaseFilter(include_deleted=True),
    ReleaseFilter(include_prereleases=True),
    ReleaseFilter(is_closed=True),
    ReleaseFilter(created_after=datetime(2026, 1, 1, tzinfo=UTC)),
    ReleaseFilter(created_before=datetime(2026, 1, 1, tzinfo=UTC)),
]


def test_different_filters_have_different_digests() -> None:
    digests = {list_digest("releases", *identity(where)) for where in DISTINCT}

    assert len(digests) == len(DISTINCT)


def test_every_order_and_direction_has_a_name_of_its_own() -> None:
    asked = [ReleaseOrder(field=field, direction=way) for field in ReleaseOrderField for way in OrderDirection]

    assert len({orders.releases(order).name for order in asked}) == len(asked)
    assert orders.releases(None).name == orders.releases(ReleaseOrder()).name


def _is_accepted(cursors: Cursors, text: str) -> bool:
    try:
        cursors.decode(text)
    except BadCursor:
        return False
    return True


def _raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _signed(body: bytes) -> str:
    return _text(hashlib.blake2b(body, key=KEY, digest_size=8).digest() + body)
