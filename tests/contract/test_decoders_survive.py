"""Whatever bytes an upstream sends, decoding names the misfit and keeps the rest; what decoded can be translated.

Rows and functions are found by looking: a new row or a new function of a `normalise` is tested from its first day.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cache
from importlib import import_module
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import inspect as shapes

from resolvers.errors import UpstreamPayloadError
from resolvers.graph.enums import SourceKind
from resolvers.upstreams import payload

Json = st.SearchStrategy[Any]
KINDS = [kind.name.lower() for kind in SourceKind]
CALL = ("source", "GET /rows")

bounded = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


def module(kind: str, name: str) -> Any:
    return import_module(f"resolvers.upstreams.{kind}.{name}")


def rows_of(kind: str) -> list[type[msgspec.Struct]]:
    """Every shape the adapter decodes, in the order of its file."""
    found = module(kind, "rows")
    classes = [each for each in vars(found).values() if inspect.isclass(each) and each.__module__ == found.__name__]
    return [each for each in classes if issubclass(each, msgspec.Struct)]


# JSON: of no shape, and of the shape of a row

numbers = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
words = st.sampled_from(
    ["", "never", "unknown", "active", "0", "sha256:", "sha256:4c1f", ":", "1.3.0-1795218875297", "/", "ä\u2028😀"]
)
texts = words | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
instants = st.sampled_from(
    [
        "2026-03-02T09:15:00.123456+00:00",
        "2026-11-20T10:01:00.000Z",
        "2024-02-29T23:59:59-12:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
    ]
)
scalars = st.none() | st.booleans() | numbers | texts
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=6
)
IS_TIME = re.compile(r"date|(^|_)(on|at|until|started|ended|start|end|last)(_|$)|On$|timestamp", re.IGNORECASE)


def shaped(shape: shapes.Type, name: str = "") -> Json:
    """JSON that fits the shape, as far as types tell: a row may still refuse what it holds."""
    match shape:
        case shapes.StructType(fields=fields):
            required = {each.encode_name: shaped(each.type, each.encode_name) for each in fields if each.required}
            optional = {each.encode_name: shaped(each.type, each.encode_name) for each in fields if not each.required}
            return st.fixed_dictionaries(required, optional=optional)
        case shapes.UnionType(types=types):
            sent = [each for each in types if not isinstance(each, shapes.CustomType)]
            return st.one_of([shaped(each, name) for each in sent])
        case shapes.ListType(item_type=item) | shapes.VarTupleType(item_type=item):
            return st.lists(shaped(item), max_size=2)
        case shapes.DictType(value_type=value):
            return st.dictionaries(texts, shaped(value), max_size=2)
        case shapes.StrType(min_length=least):
            usual = st.one_of(instants, instants, instants, texts) if IS_TIME.search(name) else texts
            return usual.filter(lambda text: len(text) >= (least or 0))
        case shapes.EnumType(cls=words_of):
            return st.sampled_from([each.value for each in words_of])
        case _:
            return PLAIN[type(shape)]


PLAIN: dict[type[shapes.Type], Json] = {
    shapes.AnyType: anything,
    shapes.RawType: anything,
    shapes.NoneType: st.none(),
    shapes.BoolType: st.booleans(),
    shapes.IntType: st.integers(-(2**63), 2**63 - 1) | st.integers(0, 3),
    shapes.FloatType: st.floats(allow_nan=False, allow_infinity=False),
    shapes.DateTimeType: instants,
}


@cache
def fitting(row: type[msgspec.Struct]) -> Json:
    return shaped(shapes.type_info(row))


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode()


def decoded(value: Any, row: type[msgspec.Struct]) -> Any:
    """The row alone, or None."""
    try:
        return msgspec.json.decode(encoded(value), type=row)
    except msgspec.DecodeError:
        return None


# Decoding


@pytest.mark.parametrize("kind", KINDS)
@settings(bounded, max_examples=60)
@given(st.data())
def test_rows_that_fit_outlive_those_that_do_not(kind: str, data: st.DataObject) -> None:
    row = data.draw(st.sampled_from(rows_of(kind)))
    values = data.draw(st.lists(fitting(row) | anything, max_size=4))

    rows = payload.decode_rows(*CALL, encoded(values), row)

    kept = [one for value in values if (one := decoded(value, row)) is not None]
    assert msgspec.json.encode(rows.rows) == msgspec.json.encode(kept)
    assert (rows.error is None) == (len(kept) == len(values))


@pytest.mark.parametrize("kind", KINDS)
@settings(bounded, max_examples=60)
@given(st.data())
def test_an_answer_cut_short_is_a_payload_error(kind: str, data: st.DataObject) -> None:
    row = data.draw(st.sampled_from(rows_of(kind)))
    body = encoded(data.draw(st.lists(fitting(row), max_size=2)))
    end = data.draw(st.integers(0, len(body) - 1))

    with pytest.raises(UpstreamPayloadError):
        payload.decode_rows(*CALL, body[:end], row)


@pytest.mark.parametrize("kind", KINDS)
@bounded
@given(st.data(), anything.filter(lambda value: not isinstance(value, list)))
def test_what_is_no_list_is_a_payload_error(kind: str, data: st.DataObject, value: Any) -> None:
    row = data.draw(st.sampled_from(rows_of(kind)))

    with pytest.raises(UpstreamPayloadError):
        payload.decode_rows(*CALL, encoded(value), row)


@pytest.mark.parametrize("kind", KINDS)
@settings(bounded, max_examples=60)
@given(st.data(), st.binary(max_size=40) | st.binary(max_size=40).map(lambda inside: b"[" + inside + b"]"))
def test_bytes_of_any_kind_are_rows_or_a_payload_error(kind: str, data: st.DataObject, body: bytes) -> None:
    row = data.draw(st.sampled_from(rows_of(kind)))

    with suppress(UpstreamPayloadError):
        assert isinstance(payload.decode_rows(*CALL, body, row), payload.Rows)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"[" * 100_000, id="lists without end"),
        pytest.param(b'[{"id":' * 50_000, id="objects without end"),
        pytest.param(b'[{"id": "\xff"}', id="not UTF-8, and cut"),
        pytest.param(b"<html>502 Bad Gateway</html>", id="a page"),
        pytest.param(b"", id="nothing"),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_hostile_bytes_are_a_payload_error(kind: str, body: bytes) -> None:
    for row in rows_of(kind):
        with pytest.raises(UpstreamPayloadError):
            payload.decode_rows(*CALL, body, row)


def test_a_text_in_another_encoding_costs_its_row_alone() -> None:
    row = module("metakraftwerk", "rows").GroupRow
    body = b'[{"id": 1, "name": "a"}, {"id": 2, "name": "M\xfcll"}, {"id": 3, "name": "c"}]'

    rows = payload.decode_rows(*CALL, body, row, "$.data")

    assert [group.id for group in rows.rows] == [1, 3]
    assert "at $.data[1]" in str(rows.error)


# Translating


def functions_of(kind: str) -> list[Callable[..., Any]]:
    """The public functions of `normalise` that are given rows."""
    found = module(kind, "normalise")
    own = [each for each in vars(found).values() if inspect.isfunction(each) and each.__module__ == found.__name__]
    return [each for each in own if not each.__name__.startswith("_") and any(map(is_of_rows, hints(each).values()))]


@cache
def hints(function: Callable[..., Any]) -> dict[str, Any]:
    return {name: hint for name, hint in get_type_hints(function).items() if name != "return"}


def is_of_rows(hint: Any) -> bool:
    return (inspect.isclass(hint) and issubclass(hint, msgspec.Struct)) or any(map(is_of_rows, get_args(hint)))


COLUMNS = ["composition", "contract", "build_log"]
OURS: dict[str, st.SearchStrategy[Any]] = {
    "source": st.just("source"),
    "at": st.none(),
    "columns": st.none() | st.just(frozenset({"name", "status", "created_at"})),
    "names": st.lists(st.sampled_from(COLUMNS)),
    "web_url": st.none() | st.just("https://example.test"),
}
"""Parameters whose values are our own choice rather than an upstream's."""


@cache
def given_for(hint: Any) -> st.SearchStrategy[Any]:
    """Values of a parameter's type, rows among them as they come out of the decoder."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return st.one_of([given_for(part) for part in parts])
    if origin in (list, Iterable, Sequence):
        return st.lists(given_for(parts[0]), min_size=1, max_size=3)
    if origin in (dict, Mapping):
        return st.dictionaries(given_for(parts[0]), given_for(parts[1]), max_size=2)
    if issubclass(hint, msgspec.Struct):
        return fitting(hint).map(lambda value: decoded(value, hint)).filter(lambda row: row is not None)
    if issubclass(hint, tuple):  # a NamedTuple: parts of a route
        return st.builds(hint, **{name: given_for(kind) for name, kind in get_type_hints(hint).items()})
    return SIMPLE[hint]


SIMPLE: dict[Any, st.SearchStrategy[Any]] = {
    str: texts.filter(bool),
    int: st.integers(0, 2**31),
    bool: st.booleans(),
    NoneType: st.none(),
    datetime: st.datetimes(),
}


def told(value: Any) -> None:
    """Ask for all that is worked out only when a query wants it."""
    for each in value if isinstance(value, list | tuple) else [value]:
        for name in ("native_of", "details_of"):
            _ = (getattr(each, name, None) or bool)()


FUNCTIONS = [pytest.param(each, id=f"{kind}-{each.__name__}") for kind in KINDS for each in functions_of(kind)]


@pytest.mark.parametrize("function", FUNCTIONS)
@bounded
@given(st.data())
def test_a_row_that_decoded_can_be_translated(function: Callable[..., Any], data: st.DataObject) -> None:
    given = {
        name: data.draw(OURS[name] if name in OURS else given_for(hint), name) for name, hint in hints(function).items()
    }

    told(function(**given))
