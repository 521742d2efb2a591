"""Secrets: one that lives in a file, as the file has it now."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from pydantic import SecretStr

from resolvers.transport.watched import Watched


class FileSecret(SecretStr):
    """A SecretStr whose value follows its file. It is printed no more than any other.

    Raises OSError or ValueError when it cannot be read to begin with; ValueError says what is wrong and quotes nothing.
    """

    def __init__(self, path: Path, min_length: int = 1, clock: Callable[[], float] = time.monotonic):
        self._watched = Watched(path, lambda text: secret_in(text, min_length), clock=clock)
        super().__init__(self._watched.value)

    def get_secret_value(self) -> str:
        return self._watched.value

    def look(self) -> None:
        """Looks at the file now: what it held may just have been refused."""
        self._watched.look()

    def __len__(self) -> int:
        return len(self.get_secret_value())


def secret_in(text: str, min_length: int = 1) -> str:
    """The secret in a file's text: its line, without the line break. Raises ValueError."""
    secret = text.rstrip("\r\n")
    if not secret:
        raise ValueError("is empty")
    if not secret.isprintable():
        raise ValueError("holds more than one line, or signs that no secret has")
    if len(secret) < min_length:
        raise ValueError(f"should have at least {min_length} characters")
    return secret
