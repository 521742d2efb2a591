"""Merging: parts put together again, where they belong in the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphql import ExecutionResult, ExperimentalIncrementalExecutionResults, GraphQLError
from graphql.execution import (
    IncrementalDeferResult,
    IncrementalResult,
    PendingResult,
)

Steps = Sequence[str | int]


class Merged:
    """An answer as far as it has come. data: that of the first part, which is changed."""

    def __init__(self, data: Any):
        self.data = data
        self._announced: dict[str, PendingResult] = {}

    @property
    def awaited(self) -> Sequence[str]:
        """Ids of what was announced, and is not complete."""
        return tuple(self._announced)

    def announce(self, pending: Sequence[PendingResult]) -> None:
        self._announced.update((one.id, one) for one in pending)

    def announced(self, id_: str) -> PendingResult:
        return self._announced[id_]

    def complete(self, id_: str) -> PendingResult:
        return self._announced.pop(id_)

    def add(self, one: IncrementalResult) -> list[str | int]:
        """One piece, which was announced. Gives its path; for items of a list, with the index of the first."""
        path = [*self._announced[one.id].path, *(one.sub_path or ())]
        place = self._at(path)
        if isinstance(one, IncrementalDeferResult):
            place.update(one.data)
            return path
        index = len(place)
        place.extend(one.items)
        return [*path, index]

    def has(self, path: Steps) -> bool:
        """Whether there is something at the path, be it null."""
        try:
            self._at(path)
        except (KeyError, IndexError, TypeError):
            return False
        return True

    def _at(self, path: Steps) -> Any:
        place = self.data
        for step in path:
            place = place[step]
        return place


async def merged(results: ExperimentalIncrementalExecutionResults) -> ExecutionResult:
    """All parts as one answer, for who takes no other."""
    first = results.initial_result
    whole, errors = Merged(first.data), list(first.errors or ())
    whole.announce(first.pending)
    async for part in results.subsequent_results:
        whole.announce(part.pending or ())
        for one in part.incremental or ():
            whole.add(one)
            errors += one.errors or ()
        errors += _errors_of(part.completed or ())
    return ExecutionResult(whole.data, errors or None)


def _errors_of(completed: Sequence[Any]) -> list[GraphQLError]:
    return [error for one in completed for error in one.errors or ()]
