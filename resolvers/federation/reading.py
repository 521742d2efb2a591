"""Reading: what one source gave for one list."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from resolvers.errors import SourceTooLarge, UpstreamError
from resolvers.upstreams.port import Chunk

T = TypeVar("T")
MAX_ROWS = 20_000
"What one request reads of a source at most, before filtering here."


@dataclass(slots=True)
class Reading(Generic[T]):
    """Rows of one source, filtered, in no order. With errors some are missing; lost: all of them."""

    source: str
    rows: Sequence[T] = ()
    errors: Sequence[UpstreamError] = ()
    is_lost: bool = False
    is_skipped: bool = field(default=False)

    @property
    def is_complete(self) -> bool:
        return not self.errors and not self.is_lost


def skipped(source: str) -> Reading[T]:
    return Reading(source, is_skipped=True)


async def read_whole(source: str, chunks: AsyncIterator[Chunk[T]], keep: Callable[[T], bool]) -> Reading[T]:
    """Every row of the stream that `keep` lets through. Failures are part of the reading, never raised.

    A source whose every chunk failed is lost; one that gave some rows, or an empty chunk without failure, is not.
    """
    rows: list[T] = []
    errors: list[UpstreamError] = []
    seen, answered = 0, False
    try:
        async for chunk in chunks:
            seen += len(chunk.rows)
            if seen > MAX_ROWS:
                raise _too_many(source)
            answered = answered or bool(chunk.rows) or not chunk.failures
            rows.extend(filter(keep, chunk.rows))
            errors.extend(failure.error for failure in chunk.failures)
    except UpstreamError as error:
        return Reading(source, errors=(error,), is_lost=True)
    return Reading(source, rows, errors, is_lost=bool(errors) and not answered)


def _too_many(source: str) -> SourceTooLarge:
    return SourceTooLarge(source, f"more than {MAX_ROWS} rows; narrow it by `fleetIds`, `sources` or `createdAfter`")
