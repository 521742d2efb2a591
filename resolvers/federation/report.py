"""Report: how each source did in one answer, and the errors that go beside a list that lost something."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from resolvers.errors import UpstreamError, untraced
from resolvers.federation.reading import Reading
from resolvers.graph.connection import SourceReport
from resolvers.graph.enums import AnswerState
from resolvers.transport.freshness import Age, Freshness

_WORST_FIRST = (
    AnswerState.FAILED,
    AnswerState.PARTIAL,
    AnswerState.STALE,
    AnswerState.CACHED,
    AnswerState.LIVE,
    AnswerState.SKIPPED,
)


def report(reading: Reading[Any], now: datetime, *, was_missed: bool = False) -> SourceReport:
    """One source's part. `was_missed`: an earlier page lacks its rows, so this list does, although it answers again."""
    if reading.is_skipped:
        return SourceReport(source_name=reading.source, state=AnswerState.SKIPPED)
    age = reading.freshness.of(reading.source) if reading.freshness is not None else None
    fetched_at = datetime.fromtimestamp(age.fetched_at, UTC) if age else now
    age_seconds = max((now - fetched_at).total_seconds(), 0.0)
    if reading.errors:
        return _failure(reading, fetched_at, age_seconds)
    state = AnswerState.PARTIAL if was_missed else state_of(age)
    message = "an earlier page lacks some of its rows" if was_missed else reading.warning
    return SourceReport(
        source_name=reading.source, state=state, fetched_at=fetched_at, age_seconds=age_seconds, message=message
    )


def state_of(age: Age | None) -> AnswerState:
    """By the remembered answers that were used; None: there were none."""
    if age is None:
        return AnswerState.LIVE
    return AnswerState.STALE if age.is_stale else AnswerState.CACHED


def _failure(reading: Reading[Any], fetched_at: datetime, age_seconds: float) -> SourceReport:
    error, more = reading.errors[0], len(reading.errors) - 1
    return SourceReport(
        source_name=reading.source,
        state=AnswerState.FAILED if reading.is_lost else AnswerState.PARTIAL,
        fetched_at=fetched_at,
        age_seconds=None if reading.is_lost else age_seconds,
        code=error.code,
        message=f"{error} (and {more} more)" if more else str(error),
    )


@dataclass(frozen=True, slots=True)
class Loss:
    """One source that a list at `path` lacks, wholly or in part. has_sources: whether the list tells that itself."""

    path: Sequence[str | int]
    error: UpstreamError
    is_partial: bool  # false: nobody answered, and the list is null
    has_sources: bool = True

    @property
    def may_be_left_out(self) -> bool:
        """Whether a client that asks for no such errors still learns of it."""
        return self.is_partial and self.has_sources


@dataclass
class Collector:
    """What the lists of one request lost, and the worst state of each source that was listed or asked, gathered while
    it is answered."""

    losses: list[Loss] = field(default_factory=list)
    states: dict[str, AnswerState] = field(default_factory=dict)

    def note(
        self,
        path: Sequence[str | int],
        readings: Iterable[Reading[Any]],
        reports: Iterable[SourceReport],
        *,
        is_partial: bool = True,
        has_sources: bool = True,
    ) -> None:
        lost = [reading.errors for reading in readings if reading.errors]
        self.losses += [Loss(path, errors[0], is_partial, has_sources) for errors in lost]
        for error in chain.from_iterable(lost):
            untraced(error)
        for one in reports:
            self.came(one.source_name, one.state)

    def note_beside(self, path: Sequence[str | int], readings: Iterable[Reading[Any]]) -> None:
        """What an answer at `path` lacks that is no connection: one loss a source, however many of its parts failed."""
        lost = {reading.source: reading for reading in readings if reading.errors}
        now = datetime.now(UTC)
        self.note(path, lost.values(), [report(one, now) for one in lost.values()], has_sources=False)

    def note_ages(self, freshness: Freshness) -> None:
        """Also objects that no list holds may come from what is remembered."""
        for source, age in freshness.ages.items():
            self.came(source, state_of(age))

    def came(self, source: str, state: AnswerState) -> None:
        """A list, or a look-up, of this source: the worst of all is kept."""
        self.states[source] = min(self.states.get(source, state), state, key=_WORST_FIRST.index)
