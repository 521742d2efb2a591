"""API keys: random texts that an operator hands out. Only their hashes are kept, so that no file gives one away.

A plain SHA-256 does: a key has 32 random bytes, which nobody can try through, unlike a password.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from hashlib import sha256

from gateway.settings import Security
from gateway.settings.security import ApiKey, keys_in
from resolvers.transport.watched import Watched

PREFIX = "rg_"
"By which people, and tools that look for lost secrets, know one when they see it."
RANDOM_BYTES = 32

Known = tuple[str, ApiKey]
"(name, key)"


def new() -> str:
    """A key that nobody has yet."""
    return PREFIX + secrets.token_urlsafe(RANDOM_BYTES)


def hashed(key: str) -> str:
    """As settings have it."""
    return f"sha256:{sha256(key.encode()).hexdigest()}"


_NONE: Mapping[str, ApiKey] = {}


class KnownKeys:
    """Those of the settings and of the file beside them, which goes first where both have a name."""

    def __init__(self, security: Security):
        self._own = security.api_keys
        path = security.api_keys_file
        self._file: Watched[Mapping[str, ApiKey]] | None = Watched(path, keys_in) if path is not None else None
        self._read: Mapping[str, ApiKey] | None = None
        self._by_hash: dict[str, Known] = {}

    def find(self, key: str) -> Known | None:
        """By its hash: who tries keys cannot choose what is compared, and learns nothing from the time it takes."""
        wanted = hashed(key)
        found = self._index().get(wanted)
        return found if found is not None and hmac.compare_digest(found[1].hash, wanted) else None

    def _index(self) -> Mapping[str, Known]:
        read = self._file.value if self._file is not None else _NONE
        if read is not self._read:
            self._read = read
            self._by_hash = {key.hash: (name, key) for name, key in {**self._own, **read}.items()}
        return self._by_hash
