"""Homes: which application a release, a build or a run belongs to, as far as rows told it.

It never changes, and knowing it saves calls: the API looks things up one id at a time, or an application at a time.
"""

from __future__ import annotations

from collections.abc import Iterable

from resolvers import keys

MOST = 100_000
"Ids remembered of one type. Beyond it all are forgotten, which costs calls and never an answer."


class Homes:
    def __init__(self) -> None:
        self._application_of: dict[int | None, int] = {}

    def learn(self, ids: Iterable[int | None], application_ids: Iterable[int]) -> None:
        """One application for each id; an id that is None is nobody's."""
        if len(self._application_of) >= MOST:
            self._application_of.clear()
        self._application_of.update(zip(ids, application_ids, strict=True))
        self._application_of.pop(None, None)

    def of(self, native_id: str) -> str | None:
        number = keys.integer(native_id)
        found = None if number is None else self._application_of.get(number)
        return None if found is None else str(found)

    def grouped(self, ids: Iterable[str]) -> tuple[dict[str, list[str]], list[str]]:
        """The ids by their application, and those whose application is not known."""
        groups: dict[str, list[str]] = {}
        strangers = []
        for native_id in ids:
            home = self.of(native_id)
            if home is None:
                strangers.append(native_id)
            else:
                groups.setdefault(home, []).append(native_id)
        return groups, strangers
