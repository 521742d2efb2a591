"""Parts: what of a divided answer is sent, part by part, in the words of the draft that graphql-core executes by.

The first has `data`, `pending` and `hasNext`; each later one `incremental`, `completed`, what is newly `pending`, and
`hasNext`; the last one `extensions`. Who knows the draft of August 2022 alone finds there what that one says: `path`
and `label` beside each piece, and a piece without data for what failed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, NamedTuple

import orjson
from graphql import ExperimentalIncrementalExecutionResults
from graphql.execution import (
    CompletedResult,
    IncrementalDeferResult,
    IncrementalResult,
    PendingResult,
    SubsequentIncrementalExecutionResult,
)

from gateway.execution.incremental.merging import Merged, Steps
from gateway.execution.incremental.telling import Shown, Telling
from resolvers.federation.report import Loss


class Parts:
    """Of one operation. ends: the last part's extensions. has_paths: in the words of the older draft too."""

    def __init__(
        self,
        results: ExperimentalIncrementalExecutionResults,
        telling: Telling,
        ends: Callable[[], Shown],
        has_paths: bool = False,
    ):
        self._telling, self._ends, self._has_paths = telling, ends, has_paths
        self._first, self._later = results.initial_result, results.subsequent_results
        self._merged = Merged(self._first.data)
        self._told: set[int] = set()  # losses, by their place
        self.errors: list[Shown] = []
        "All that was told so far."
        self.extensions: Shown = {}
        "Those of the last part, once it is out."

    async def each(self) -> AsyncIterator[Shown]:
        """A part at a time. It is to be sent before the next one is asked for, as its data grow by what comes later."""
        yield self._beginning()
        async for part in self._later:
            yield self._later_one(part)

    def broken_off(self, error: Shown) -> Shown:
        """The last part, where what is missing will not come. error: said of each of it."""
        self.errors.append(error)
        awaited = self._merged.awaited
        older = [self._failed(self._merged.announced(one), [error]) for one in awaited] if self._has_paths else []
        completed = [{"id": one, "errors": [error]} for one in awaited]
        return self._ended({**_if_any("incremental", older), "completed": completed, "hasNext": False})

    def _beginning(self) -> Shown:
        first = self._first
        self._merged.announce(first.pending)
        errors = [*map(self._telling.error, first.errors or ()), *(shown for _, shown in self._new_losses())]
        self.errors += errors
        pending = [one.formatted for one in first.pending]
        return {**_if_any("errors", errors), "data": first.data, "pending": pending, "hasNext": True}

    def _later_one(self, part: SubsequentIncrementalExecutionResult) -> Shown:
        pending, completed = part.pending or (), part.completed or ()
        self._merged.announce(pending)
        placed = [self._piece(one) for one in part.incremental or ()]
        self._place_losses(placed)
        pieces = [one.piece for one in placed]
        paths = {one.id: self._merged.complete(one.id) for one in completed}
        ended = [self._completed(one) for one in completed]
        for shown in (*pieces, *ended):
            self.errors += shown.get("errors", ())
        if self._has_paths:
            pieces += [self._failed(paths[one["id"]], one["errors"]) for one in ended if "errors" in one]
        told: Shown = {"pending": [one.formatted for one in pending]} if pending else {}
        told |= _if_any("incremental", pieces) | _if_any("completed", ended) | {"hasNext": part.has_next}
        return told if part.has_next else self._ended(told)

    def _piece(self, one: IncrementalResult) -> _Placed:
        name, value = ("data", one.data) if isinstance(one, IncrementalDeferResult) else ("items", one.items)
        # As text, for the value grows with what is merged into it: by the next piece of this very part, it may be.
        content = {name: orjson.Fragment(orjson.dumps(value))}
        announced, path = self._merged.announced(one.id), self._merged.add(one)
        piece: Shown = {"id": one.id, **({"subPath": one.sub_path} if one.sub_path else {}), **content}
        if one.errors:
            piece["errors"] = [*map(self._telling.error, one.errors)]
        return _Placed(path, len(value) if name == "items" else None, {**piece, **self._place(announced, path)})

    def _completed(self, one: CompletedResult) -> Shown:
        return {"id": one.id, **_if_any("errors", [*map(self._telling.error, one.errors or ())])}

    def _failed(self, announced: PendingResult, errors: list[Shown]) -> Shown:
        return {"data": None, "errors": errors, **self._place(announced, announced.path)}

    def _place(self, announced: PendingResult, path: Steps) -> Shown:
        if not self._has_paths:
            return {}
        return {"path": path, **({"label": announced.label} if announced.label is not None else {})}

    def _ended(self, part: Shown) -> Shown:
        self.extensions = self._ends()
        return {**part, "extensions": self.extensions}

    def _new_losses(self) -> list[tuple[Loss, Shown]]:
        """Those of lists that have come, and that were not told."""
        new = [
            (place, loss, shown)
            for place, (loss, shown) in enumerate(self._telling.losses())
            if place not in self._told and self._merged.has(loss.path)
        ]
        self._told.update(place for place, _, _ in new)
        return [(loss, shown) for _, loss, shown in new]

    def _place_losses(self, placed: Sequence[_Placed]) -> None:
        """Each beside the piece that its list is in: the innermost of several."""
        if not placed:
            return
        for loss, shown in self._new_losses():
            around = [one for one in placed if one.holds(loss.path)]
            piece = max(around or placed[:1], key=lambda one: len(one.path)).piece
            piece.setdefault("errors", []).append(shown)


class _Placed(NamedTuple):
    """path: of the piece; of items, of the first. item_count: None where it is no list."""

    path: Steps
    item_count: int | None
    piece: Shown

    def holds(self, path: Steps) -> bool:
        *before, last = self.path or [""]
        depth = len(self.path)
        if self.item_count is None or not isinstance(last, int):
            return [*path[:depth]] == [*self.path]
        step = path[depth - 1] if len(path) >= depth else None
        return [*path[: depth - 1]] == before and isinstance(step, int) and last <= step < last + self.item_count


def _if_any(name: str, values: Sequence[Any]) -> Shown:
    return {name: values} if values else {}
