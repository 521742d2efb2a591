"""How values of each kind are compared with literals, and how they are printed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

from upstream_mocks.balena.odata.failures import UntranslatableError
from upstream_mocks.balena.odata.literals import moment_of
from upstream_mocks.balena.odata.model import Kind

_WHOLE = re.compile(r"\s*[+-]?\d+\s*")
_TRUE = ("true", "t", "yes", "y", "on", "1")
_FALSE = ("false", "f", "no", "n", "off", "0")
_BITS = {Kind.NUMBER: 31, Kind.BIG: 63}


def fitted(value: Any, kind: Kind) -> Any:
    """A literal's value as one of `kind`, by its text: `'5'` is a number, `'abc'` is not.

    Raises UntranslatableError when the text does not convert, as the database does.
    """
    if value is None or kind in (Kind.LITERAL, Kind.NULL):
        return value
    convert = _CONVERSIONS.get(kind)
    if convert is None:
        raise UntranslatableError(f"no literal is a {kind.value}")
    try:
        return convert(value if isinstance(value, timedelta) else spelled(value))
    except ValueError as error:
        raise UntranslatableError(str(error)) from error


def spelled(value: Any) -> str:
    """A literal as the text the database is sent."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


def printed_moment(at: datetime) -> str:
    """ISO 8601 in UTC, cut to milliseconds."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def cut(at: datetime | None) -> datetime | None:
    return None if at is None else at.replace(microsecond=at.microsecond // 1000 * 1000)


def _whole(text: str, kind: Kind) -> int:
    number = int(text) if _WHOLE.fullmatch(text) else None
    if number is None or not -(2 ** _BITS[kind]) <= number < 2 ** _BITS[kind]:
        raise ValueError(text)
    return number


def _boolean(text: str) -> bool:
    word = text.strip().lower()
    if word not in _TRUE + _FALSE:
        raise ValueError(text)
    return word in _TRUE


def _duration(value: Any) -> timedelta:
    if not isinstance(value, timedelta):
        raise ValueError(value)
    return value


_CONVERSIONS: dict[Kind, Callable[[Any], Any]] = {
    Kind.TEXT: str,
    Kind.NUMBER: lambda text: _whole(text, Kind.NUMBER),
    Kind.BIG: lambda text: _whole(text, Kind.BIG),
    Kind.REAL: float,
    Kind.BOOLEAN: _boolean,
    Kind.MOMENT: moment_of,
    Kind.DAY: lambda text: moment_of(text).date(),
    Kind.TIME: time.fromisoformat,
    Kind.DURATION: _duration,
}
