"""Homes: which application a release, a build or a run belongs to, as far as rows told it.

It never changes, and knowing it saves calls: the API looks things up one id at a time, or an application at a time.
"""

from __future__ import annotations

from collections.abc import Iterable

MOST = 100_000
"Ids remembered of one type. Beyond it all are forgotten, which costs calls and never an answer."


class Homes:
    def __init__(self) -> None:
        self._application_of: dict[str, str] = {}

    def learn(self, native_id: int | None, application_id: int) -> None:
        if native_id is None:
            return
        if len(self._application_of) >= MOST:
            self._application_of.clear()
        self._application_of[str(native_id)] = str(application_id)

    def of(self, native_id: str) -> str | None:
        return self._application_of.get(native_id)

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
