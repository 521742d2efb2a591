"""The functions of `$filter`: what each takes and gives. All of them give null for a null."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from upstream_mocks.balena.odata.model import Kind


@dataclass(frozen=True, slots=True)
class Function:
    takes: tuple[Kind, ...]  # optional arguments included
    gives: Kind
    apply: Callable[..., Any]


def _substring(text: str, start: int, length: int | None = None) -> str:
    """Counted from 0."""
    return text[max(start, 0) :] if length is None else text[max(start, 0) : max(start + length, 0)]


def _replaced(text: str, old: str, new: str) -> str:
    return text.replace(old, new) if old else text


def _round(value: float) -> float:
    """Halves away from zero, as SQL does."""
    return math.copysign(math.floor(abs(value) + 0.5), value)


def _fraction(at: datetime) -> float:
    return at.microsecond / 1_000_000


_TEXT, _REAL, _MOMENT = (Kind.TEXT,), (Kind.REAL,), (Kind.MOMENT,)
_TEXTS = (Kind.TEXT, Kind.TEXT)

FUNCTIONS: dict[str, Function] = {
    "contains": Function(_TEXTS, Kind.BOOLEAN, lambda text, part: part in text),
    # The third version of OData names the needle first.
    "substringof": Function(_TEXTS, Kind.BOOLEAN, lambda part, text: part in text),
    "startswith": Function(_TEXTS, Kind.BOOLEAN, str.startswith),
    "endswith": Function(_TEXTS, Kind.BOOLEAN, str.endswith),
    "indexof": Function(_TEXTS, Kind.NUMBER, str.find),
    "length": Function(_TEXT, Kind.NUMBER, len),
    "tolower": Function(_TEXT, Kind.TEXT, str.lower),
    "toupper": Function(_TEXT, Kind.TEXT, str.upper),
    "trim": Function(_TEXT, Kind.TEXT, lambda text: text.strip(" ")),
    "replace": Function((Kind.TEXT, *_TEXTS), Kind.TEXT, _replaced),
    "concat": Function(_TEXTS, Kind.TEXT, lambda first, second: first + second),
    "substring": Function((Kind.TEXT, Kind.NUMBER, Kind.NUMBER), Kind.TEXT, _substring),
    "year": Function(_MOMENT, Kind.NUMBER, lambda at: at.year),
    "month": Function(_MOMENT, Kind.NUMBER, lambda at: at.month),
    "day": Function(_MOMENT, Kind.NUMBER, lambda at: at.day),
    "hour": Function(_MOMENT, Kind.NUMBER, lambda at: at.hour),
    "minute": Function(_MOMENT, Kind.NUMBER, lambda at: at.minute),
    "second": Function(_MOMENT, Kind.NUMBER, lambda at: at.second),
    "fractionalseconds": Function(_MOMENT, Kind.REAL, _fraction),
    "date": Function(_MOMENT, Kind.DAY, lambda at: at.date()),
    "time": Function(_MOMENT, Kind.TIME, lambda at: at.time()),
    "totalseconds": Function((Kind.DURATION,), Kind.REAL, lambda length: length.total_seconds()),
    "floor": Function(_REAL, Kind.REAL, math.floor),
    "ceiling": Function(_REAL, Kind.REAL, math.ceil),
    "round": Function(_REAL, Kind.REAL, _round),
}
"""What runs. `now` is the translator's; `cast`, `isof`, `mindatetime`, `maxdatetime` and `totaloffsetminutes` parse,
and fail."""
