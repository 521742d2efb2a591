"""Scalars: instants, sizes, JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NewType

import msgspec
import strawberry
from graphql import GraphQLError
from strawberry.scalars import JSON
from strawberry.types.scalar import ScalarDefinition

ByteCount = NewType("ByteCount", int)
MAX_BYTE_COUNT = 2**53 - 1
"Beyond it a JavaScript number loses digits."

__all__ = ["JSON", "MAX_BYTE_COUNT", "SCALARS", "ByteCount", "utc"]


@lru_cache(maxsize=16384)  # read once to see that it can be, once to use it, and the same again by the next request
def utc(text: str) -> datetime:
    """An ISO 8601 text as an aware UTC instant; digits beyond microseconds are cut, text without a zone is UTC."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def print_instant(moment: datetime) -> str:
    """`2026-03-04T09:03:43.92Z`: the precision it was received with, at most microseconds, and Z."""
    # Every row has some of them: msgspec prints one in a fifth of isoformat's time, between quotes.
    text = _INSTANTS.encode(moment if moment.tzinfo is UTC else moment.astimezone(UTC))
    if len(text) == _WHOLE_SECONDS:
        return text[1:-1].decode()
    return text[1:-2].rstrip(b"0").decode() + "Z"


_INSTANTS = msgspec.json.Encoder()
_WHOLE_SECONDS = len('"2026-03-04T09:03:43Z"')


def _read_instant(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
        utc_moment = moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):  # the last: an offset may lead out of the years there are
        moment = None
    if moment is None or moment.tzinfo is None:
        raise GraphQLError(
            f"DateTime wants an ISO 8601 instant with Z or an offset, such as 2026-11-01T12:00:00Z: {value!r}"
        )
    return utc_moment


def _read_byte_count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_BYTE_COUNT:
        raise GraphQLError(f"ByteCount wants a whole number from 0 to 2^53-1: {value!r}")
    return value


SCALARS: dict[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="ISO 8601 instant in UTC, written with Z, precision as received (at most microseconds).",
        specified_by_url="https://scalars.graphql.org/andimarek/date-time",
        serialize=print_instant,
        parse_value=_read_instant,
    ),
    ByteCount: strawberry.scalar(
        name="ByteCount",
        description="A whole number of bytes up to 2^53-1: container images outgrow Int.",
        serialize=_read_byte_count,
        parse_value=_read_byte_count,
    ),
}
