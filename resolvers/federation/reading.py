"""Reading: what one source gave for one list."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from resolvers.errors import SourceTooLarge, UpstreamError
from resolvers.graph.enums import AnswerState
from resolvers.transport.freshness import Freshness
from resolvers.upstreams.port import Chunk

T = TypeVar("T")
MAX_ROWS = 20_000
"What one request reads of a source at most, before filtering here."


class Unexpected(UpstreamError):
    """Our own mistake while reading this source: it is in the log, and nothing of it in the message."""

    code = "INTERNAL"

    def __init__(self, source: str):
        super().__init__(source, "something went wrong inside the gateway while reading it")


@dataclass(slots=True)
class Reading(Generic[T]):
    """Rows of one source, filtered, in no order. With errors some are missing; lost: all of them.

    warning: what a person should know of rows that are all here. freshness: of the list, of the remembered answers it
    was made of; not complete before the list is.
    """

    source: str
    rows: Sequence[T] = ()
    errors: Sequence[UpstreamError] = ()
    is_lost: bool = False
    is_skipped: bool = field(default=False)
    warning: str | None = None
    freshness: Freshness | None = None

    @property
    def is_complete(self) -> bool:
        return not self.errors and not self.is_lost

    @property
    def state(self) -> AnswerState:
        """As if all its rows had been asked for just now."""
        if self.is_skipped:
            return AnswerState.SKIPPED
        if self.is_lost:
            return AnswerState.FAILED
        return AnswerState.PARTIAL if self.errors else AnswerState.LIVE


Keep = Callable[[T], bool] | None
"What is asked of every row of a list; None lets all of them through unasked."


def sifted(keep: Keep[T], rows: Sequence[T]) -> Sequence[T]:
    return rows if keep is None else list(filter(keep, rows))


def skipped(source: str) -> Reading[T]:
    return Reading(source, is_skipped=True)


async def read_whole(
    source: str, chunks: AsyncIterator[Chunk[T]], keep: Keep[T], narrowed_by: Sequence[str]
) -> Reading[T]:
    """Every row of the stream that `keep` lets through. Failures are part of the reading, never raised.

    A source whose every chunk failed is lost; one that gave some rows, or an empty chunk without failure, is not.
    narrowed_by: the filters that make the stream shorter, for whoever asked for too much.
    """
    parts: list[Sequence[T]] = []
    errors: list[UpstreamError] = []
    answered = False
    try:
        async for chunk in capped(source, chunks, narrowed_by):
            answered = answered or bool(chunk.rows) or not chunk.failures
            parts.append(sifted(keep, chunk.rows))
            errors.extend(failure.error for failure in chunk.failures)
    except SourceTooLarge as error:
        return Reading(source, errors=(error,), is_lost=True)
    except UpstreamError as error:
        errors.append(error)
    # A list that came at once stays the one it is: others may have it too, see `streams.Whole`.
    rows = parts[0] if len(parts) == 1 else [row for part in parts for row in part]
    return Reading(source, rows, errors, is_lost=bool(errors) and not answered)


async def capped(source: str, chunks: AsyncIterator[Chunk[T]], narrowed_by: Sequence[str]) -> AsyncIterator[Chunk[T]]:
    """The stream. Raises SourceTooLarge where it goes beyond MAX_ROWS."""
    seen = 0
    async for chunk in chunks:
        seen += len(chunk.rows)
        if seen > MAX_ROWS:
            raise SourceTooLarge(source, f"more than {MAX_ROWS} rows; {advice(narrowed_by)}")
        yield chunk


def advice(narrowed_by: Sequence[str]) -> str:
    if not narrowed_by:
        return "no filter makes what it sends shorter: leave it out by `sources`"
    return f"narrow the list by {', '.join(f'`{name}`' for name in narrowed_by)}"
