"""A place in the raw URL. Nothing is decoded before it is known to be a literal."""

from __future__ import annotations

import re

from upstream_mocks.balena.odata.failures import MalformedUrlError

NAME = re.compile(r"[^:/?#\[\]@!$*&()+,;= %]+")
SPACE = re.compile(r"(?: |%20|\+)+")
SPACES = re.compile(r"(?: |%20|\+)*")


class Scanner:
    def __init__(self, text: str):
        self.text = text
        self.at = 0

    def match(self, pattern: re.Pattern[str]) -> str | None:
        """What the pattern takes from here, moving past it; None leaves the place."""
        found = pattern.match(self.text, self.at)
        if found is None:
            return None
        self.at = found.end()
        return found.group()

    def take(self, *words: str) -> str | None:
        """The first of the words that stands here, moving past it."""
        for word in words:
            if self.text.startswith(word, self.at):
                self.at += len(word)
                return word
        return None

    def expect(self, word: str) -> None:
        if self.take(word) is None:
            raise MalformedUrlError

    def name(self) -> str:
        found = self.match(NAME)
        if found is None:
            raise MalformedUrlError
        return found

    def spaces(self) -> None:
        self.match(SPACES)

    def boundary(self) -> bool:
        """A word ends at a space or before a bracket."""
        return self.match(SPACE) is not None or self.text.startswith("(", self.at)

    @property
    def is_done(self) -> bool:
        return self.at == len(self.text)
