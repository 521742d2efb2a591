"""Lineage: which release came before which, inside one fleet. Pure; cycles and dangling links survive.

Linked releases say it themselves. The others stand in one line, by sequence or by version, and each follows the one
before it. A release that does not count (a draft, a cancelled one) is nobody's predecessor and never the latest.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

MAX_DEPTH = 100
"A chain longer than that is cut: rows of one fleet may name each other in a circle."


@dataclass(frozen=True, slots=True)
class Step:
    """One release's place. rank: orders unlinked releases, None where no order is known; tie-breaks included."""

    native_id: str
    is_linked: bool = False
    previous_id: str | None = None
    hotfix_of_id: str | None = None
    rank: tuple[Any, ...] | None = None
    counts: bool = True


@dataclass(frozen=True)
class Line:
    """The releases of one fleet."""

    steps: Mapping[str, Step]

    @classmethod
    def of(cls, steps: Iterable[Step]) -> Line:
        return cls({step.native_id: step for step in steps})

    def previous(self, native_id: str) -> str | None:
        """The release before it; None for the first, for one that is not here, and where a link leads nowhere."""
        step = self.steps.get(native_id)
        if step is None:
            return None
        return self._other(step, step.previous_id) if step.is_linked else self._before.get(native_id)

    def next(self, native_id: str) -> list[str]:
        """Those whose previous it is, by native id."""
        return self._after.get(native_id, [])

    def hotfix_of(self, native_id: str) -> str | None:
        step = self.steps.get(native_id)
        return None if step is None else self._other(step, step.hotfix_of_id)

    def hotfixes(self, native_id: str) -> list[str]:
        """Those that mend it, by native id."""
        return self._mending.get(native_id, [])

    def latest(self) -> str | None:
        """The last that counts: deepest in its lineage, or highest in rank; None when nothing can be said."""
        linked = [step for step in self.steps.values() if step.counts and step.is_linked]
        if linked:
            return max(linked, key=lambda step: (self._depth(step), step.rank or (), _number(step.native_id))).native_id
        return self._ranked[-1].native_id if self._ranked else None

    @cached_property
    def _ranked(self) -> list[Step]:
        ranked = [step for step in self.steps.values() if step.counts and step.rank is not None and not step.is_linked]
        return sorted(ranked, key=_place)

    @cached_property
    def _before(self) -> dict[str, str]:
        """The predecessor of each ranked release, of those that do not count too."""
        before: dict[str, str] = {}
        for step in self.steps.values():
            if step.rank is not None and not step.is_linked:
                place = bisect_left(self._ranked, _place(step), key=_place)
                if place:
                    before[step.native_id] = self._ranked[place - 1].native_id
        return before

    @cached_property
    def _after(self) -> dict[str, list[str]]:
        return self._turned(self.previous)

    @cached_property
    def _mending(self) -> dict[str, list[str]]:
        return self._turned(self.hotfix_of)

    def _turned(self, link: Callable[[str], str | None]) -> dict[str, list[str]]:
        """A link the other way round: who points at each."""
        pointing: dict[str, list[str]] = {}
        for native_id in sorted(self.steps):
            target = link(native_id)
            if target is not None:
                pointing.setdefault(target, []).append(native_id)
        return pointing

    def _other(self, step: Step, native_id: str | None) -> str | None:
        """Where a link of a step leads: to another release that is here, or nowhere."""
        return native_id if native_id in self.steps and native_id != step.native_id else None

    def _depth(self, step: Step) -> int:
        depth, at, seen = 0, step.previous_id, {step.native_id}
        while at is not None and at in self.steps and at not in seen and depth < MAX_DEPTH:
            seen.add(at)
            depth, at = depth + 1, self.steps[at].previous_id
        return depth


def _place(step: Step) -> tuple[Any, ...]:
    return step.rank, _number(step.native_id)


def _number(native_id: str) -> tuple[int, str]:
    is_number = native_id.isascii() and native_id.isdigit() and len(native_id) < 20
    return (int(native_id), "") if is_number else (-1, native_id)
