"""Credentials: what a source's requests carry to be let in."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Protocol


class Credentials(Protocol):
    @property
    def identity(self) -> str:
        """Whose answers these are: the same text for the same account and for no other, and never a secret."""
        ...

    async def headers(self) -> Mapping[str, str]:
        """Headers for the next request. May log in first; raises UpstreamError when that fails."""
        ...

    async def renewed(self, sent: Mapping[str, str]) -> bool:
        """Told once when the upstream answered 401 to `sent`: True when another try can go better."""
        ...


class FixedHeaders:
    """A token that does not change while we run."""

    def __init__(self, headers: Mapping[str, str]):
        self._headers = headers
        text = "\0".join(part for pair in sorted(headers.items()) for part in pair)
        self._identity = f"headers:{blake2b(text.encode(), digest_size=16).hexdigest()}"

    @property
    def identity(self) -> str:
        return self._identity

    async def headers(self) -> Mapping[str, str]:
        return self._headers

    async def renewed(self, sent: Mapping[str, str]) -> bool:
        return False

    def __repr__(self) -> str:
        return f"FixedHeaders({', '.join(self._headers)})"  # names only: the values are secrets
