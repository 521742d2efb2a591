"""Keys: what leaves as an id comes back as the same object, and nothing else does."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers import keys
from resolvers.errors import InvalidKey
from resolvers.upstreams.config import NAME

TYPES = st.sampled_from(["Release", "Fleet", "Artifact"])
SOURCES = st.from_regex(NAME, fullmatch=True)
PARTS = st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=4)


@given(TYPES, SOURCES, PARTS)
def test_every_id_reads_back_as_what_it_was_made_of(type_name: str, source: str, parts: list[str]) -> None:
    native_id = keys.join(*parts)

    assert keys.decode(keys.encode(type_name, source, native_id)) == (type_name, source, native_id)
    assert keys.split(native_id, len(parts)) == tuple(parts)


@given(SOURCES)
def test_the_id_of_a_source_is_its_name_alone(source: str) -> None:
    assert keys.decode(keys.encode("Source", source, "")) == ("Source", source, "")


@given(PARTS)
def test_what_is_of_no_source_has_an_id_without_one(parts: list[str]) -> None:
    native_id = keys.join(*parts)

    assert keys.decode(keys.encode("ReleaseTrain", keys.NOWHERE, native_id)) == ("ReleaseTrain", "", native_id)


@given(TYPES, SOURCES, PARTS)
def test_ids_are_safe_in_a_url_and_in_a_log(type_name: str, source: str, parts: list[str]) -> None:
    encoded = keys.encode(type_name, source, keys.join(*parts))

    assert encoded.isascii()
    assert encoded.replace("-", "").replace("_", "").isalnum()


def test_the_longest_names_a_vendor_may_have_still_make_an_id_that_is_read() -> None:
    native_id = keys.join("機" * 255, "器" * 255, "1.0.0+" + "b" * 249, "0198c1a0-7b9d-7000-8000-000000000000")

    assert keys.decode(keys.encode("Artifact", "s" * 32, native_id)).native_id == native_id


@given(st.text(max_size=300))
def test_any_text_is_an_invalid_key_and_nothing_worse(text: str) -> None:
    with pytest.raises(InvalidKey):
        keys.decode(text)


def _id(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize("text", [
    pytest.param("", id="empty"),
    pytest.param("1", id="a bare number"),
    pytest.param("☃", id="not ASCII"),
    pytest.param("A" * 100_000, id="huge"),
    pytest.param(_id("1:Release:balena:42") + "=", id="padded"),
    pytest.param(_id("1:Release:balena:42") + "\n", id="with a line end"),
    pytest.param(_id("1:Release:balena:42")[:-1] + "J", id="bits that say nothing set"),
    pytest.param(base64.b64encode(b"1:Release:balena:a?b~c>d").decode(), id="the other alphabet"),
    pytest.param(_id("0:Release:balena:42"), id="another format"),
    pytest.param(_id("Release:balena:42"), id="no format"),
    pytest.param(_id("1:Release:balena"), id="no native id"),
    pytest.param(_id("1:Release:balena:"), id="an empty native id"),
    pytest.param(_id("1:Release::42"), id="no source"),
    pytest.param(_id("1:ProductLine:balena:Hub"), id="a source where there is none"),
    pytest.param(_id("1:ProductLine::"), id="no source and no name"),
    pytest.param(_id("1:Source:balena:42"), id="a source with a native id"),
    pytest.param(base64.urlsafe_b64encode(b"1:Release:balena:\xff").decode(), id="not UTF-8"),
])  # fmt: skip
def test_only_ids_as_they_were_given_are_taken(text: str) -> None:
    with pytest.raises(InvalidKey, match="not an id of this graph"):
        keys.decode(text)


def test_an_id_of_another_type_says_which_it_is_and_which_was_expected() -> None:
    with pytest.raises(InvalidKey, match=r"is an id of type Fleet; expected one of type Release"):
        keys.decode(keys.encode("Fleet", "balena", "1"), "Release")


def test_a_long_wrong_id_is_not_repeated_at_length() -> None:
    with pytest.raises(InvalidKey) as caught:
        keys.decode("x" * 50_000)

    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(("native_id", "count"), [
    pytest.param("acme", 2, id="too few parts"),
    pytest.param("acme/sink/1", 2, id="too many parts"),
    pytest.param("acme/", 2, id="an empty part"),
    pytest.param("/", 2, id="only empty parts"),
    pytest.param("", 1, id="nothing"),
    pytest.param("acme/a b", 2, id="not encoded"),
    pytest.param("acme/%61", 2, id="encoded without need"),
    pytest.param("acme/%c3%a4", 2, id="hex digits in lower case"),
    pytest.param("acme/%C3", 2, id="half a character"),
    pytest.param("acme/%zz", 2, id="no hex digits"),
    pytest.param("acme/ä", 2, id="not ASCII"),
])  # fmt: skip
def test_a_route_has_one_spelling(native_id: str, count: int) -> None:
    assert keys.split(native_id, count) is None


@pytest.mark.parametrize(("native_id", "number"), [
    ("0", 0), ("42", 42), ("2147483647", 2147483647), ("2147483648", None), ("042", None), ("-1", None), ("+1", None),
    ("1.0", None), ("1_000", None), (" 1", None), ("", None), ("٤٢", None), ("²", None), ("9" * 10_000, None),
])  # fmt: skip
def test_a_number_has_one_spelling(native_id: str, number: int | None) -> None:
    assert keys.integer(native_id) == number
