"""Payload: bytes of an upstream into typed rows. A row that does not fit is reported and dropped, the list survives."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Generic, TypeVar, cast

import msgspec
import structlog
from msgspec import Struct

from resolvers.errors import UpstreamPayloadError
from resolvers.transport import plan, recall
from resolvers.upstreams.port import Failure

T = TypeVar("T")
REPORTED = 10
"How many rows of one call are reported with their path; the rest is only counted."

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"What decoding raises for bytes of no use: the second for texts that are not UTF-8, the third for a nest too deep."

_log = structlog.get_logger("releasegraph.upstreams")


class Rows(Struct, Generic[T], frozen=True):
    """The rows of one answer that fit, in its order, and what was wrong with the others."""

    rows: Sequence[T]
    error: UpstreamPayloadError | None = None  # set when rows were dropped
    dropped: int = 0

    def failures(self, fleet_id: str | None = None) -> tuple[Failure, ...]:
        return () if self.error is None else (Failure(self.error, fleet_id),)


@dataclass(slots=True)
class _Misfits:
    count: int = 0
    shown: list[str] = field(default_factory=list)

    def note(self, at: str, error: Exception) -> None:
        self.count += 1
        if self.count <= REPORTED:
            self.shown.append(_placed(at, error))


def decode(source: str, call: str, body: bytes | msgspec.Raw, shape: type[T]) -> T:
    """One object, or an envelope whose rows are still `msgspec.Raw`. Raises UpstreamPayloadError naming the path."""
    try:
        return cast(T, _decoder(shape).decode(body))
    except UNREADABLE as error:
        recall.unreadable()
        raise UpstreamPayloadError(source, f"an answer in no known shape: {_placed('$', error)} ({call})") from None


def decode_rows(source: str, call: str, body: bytes | msgspec.Raw, row: type[T], at: str = "$") -> Rows[T]:
    """A JSON array of rows. `at` is where the array stands in the answer, for messages, e.g. "$.data".

    Raises UpstreamPayloadError when it is no array. One pass when every row fits; only then row by row.
    To be called by the task that asked, before it asks again: the plan counts these rows as its last call's.
    """
    rows = _rows(source, call, body, row, at)
    plan.read(source, len(rows.rows))
    return rows


def fitting(body: bytes | msgspec.Raw, shape: type[T]) -> T | None:
    """What has this shape to the last row; None without a word otherwise, for whoever knows another one to try."""
    try:
        return cast(T, _decoder(shape).decode(body))
    except UNREADABLE:
        return None


def joined(parts: Sequence[Rows[T]]) -> Rows[T]:
    """Several answers as one; the first thing that was wrong stands for all."""
    error = next((part.error for part in parts if part.error is not None), None)
    return Rows([row for part in parts for row in part.rows], error, sum(part.dropped for part in parts))


def _rows(source: str, call: str, body: bytes | msgspec.Raw, row: type[T], at: str) -> Rows[T]:
    try:
        return Rows(_decoder(list[row]).decode(body))  # type: ignore[valid-type]  # a list type made at run time
    except UNREADABLE:
        return _one_by_one(source, call, decode(source, call, body, list[msgspec.Raw]), row, at)


def _one_by_one(source: str, call: str, raws: Iterable[msgspec.Raw], row: type[T], at: str) -> Rows[T]:
    rows, misfits = [], _Misfits()
    for index, raw in enumerate(raws):
        try:
            rows.append(_decoder(row).decode(raw))
        except UNREADABLE as error:
            misfits.note(f"{at}[{index}]", error)
    _log.warning("rows dropped", source=source, call=call, dropped=misfits.count, examples=misfits.shown)
    what = f"{misfits.count} of {len(rows) + misfits.count} rows in no known shape: {'; '.join(misfits.shown)} ({call})"
    return Rows(rows, UpstreamPayloadError(source, what), misfits.count)


def _placed(at: str, error: Exception) -> str:
    """msgspec's sentence with the path of the whole answer: "Expected `int`, got `str` at $.data[3].id"."""
    said, _, path = sentence(error).partition(" - at `$")
    return f"{said} at {at}{path.rstrip('`')}"


def sentence(error: Exception) -> str:
    """What was unreadable, without a word of the body."""
    if isinstance(error, UnicodeDecodeError):
        return "Text is not UTF-8"
    return "Nested too deep" if isinstance(error, RecursionError) else str(error)


def _decoder(shape: Any) -> msgspec.json.Decoder[Any]:
    return _decoders(shape)


@lru_cache(maxsize=2048)  # shapes cut to a selection come and go with what clients ask
def _decoders(shape: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(shape)
