"""Problems: how a bad setting is put into words."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from difflib import get_close_matches
from typing import Any

LONGEST_VALUE = 80


class SettingsError(Exception):
    """Settings nothing can be started with.

    problems: one sentence each, beginning with the key it is about. Never holds a secret's value.
    """

    def __init__(self, problems: Sequence[str]):
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def unknown(key: str, what: str, word: str, known: Collection[str]) -> str:
    """The sentence for a `word` that is none of the known ones, with the one it is close to. Tells no value."""
    close = get_close_matches(word, known, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    return f"{key}: no such {what}; {hint}known: {', '.join(known)}"


def shown(value: Any) -> str:
    """A value that is not secret, as an operator would write it, cut when it is long."""
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
