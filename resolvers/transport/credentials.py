"""Credentials: what a source's requests carry to be let in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Protocol

from pydantic import SecretStr

from resolvers.errors import CredentialRequired
from resolvers.transport import passed
from resolvers.transport.secrets import FileSecret

AsHeaders = Callable[[str], Mapping[str, str]]
"A token as the headers of its vendor."


class Credentials(Protocol):
    @property
    def identity(self) -> str:
        """Whose answers these are: the same text for the same account and for no other, and never a secret. Read it in
        the task that asks, since a caller may have brought a credential along."""
        ...

    async def headers(self) -> Mapping[str, str]:
        """Headers for the next request. May log in first; raises UpstreamError when that fails."""
        ...

    async def renewed(self, sent: Mapping[str, str]) -> bool:
        """Told once when the upstream answered 401 to `sent`: True when another try can go better."""
        ...


class FixedHeaders:
    """Headers that do not change while we run."""

    def __init__(self, headers: Mapping[str, str]):
        self._headers, self.identity = headers, identity_of(headers)

    async def headers(self) -> Mapping[str, str]:
        return self._headers

    async def renewed(self, sent: Mapping[str, str]) -> bool:
        return False

    def __repr__(self) -> str:
        return f"FixedHeaders({', '.join(self._headers)})"  # names only: the values are secrets


class Token:
    """The configured token. One in a file may be replaced while we run, and is another identity then; a 401 has the
    file looked at at once."""

    def __init__(self, secret: SecretStr, as_headers: AsHeaders):
        self._secret, self._as_headers = secret, as_headers
        self._known = ("", FixedHeaders({}))

    @property
    def identity(self) -> str:
        return self._now().identity

    async def headers(self) -> Mapping[str, str]:
        return await self._now().headers()

    async def renewed(self, sent: Mapping[str, str]) -> bool:
        if isinstance(self._secret, FileSecret):
            self._secret.look()
        return await self.headers() != sent

    def _now(self) -> FixedHeaders:
        token = self._secret.get_secret_value()
        if token != self._known[0]:
            self._known = token, FixedHeaders(self._as_headers(token))
        return self._known[1]


class OrPassed:
    """What the caller brought for this source; without it the source's own, where it has one.

    header: the name of the header that callers use, for whoever forgot it.
    """

    def __init__(self, source: str, header: str, own: Credentials | None, as_headers: AsHeaders):
        self._source, self._header, self._own, self._as_headers = source, header, own, as_headers

    @property
    def identity(self) -> str:
        brought = passed.to(self._source)
        if brought is not None:
            return brought.identity
        return self._own.identity if self._own is not None else "nobody"

    async def headers(self) -> Mapping[str, str]:
        brought = passed.to(self._source)
        if brought is not None:
            return self._as_headers(brought.token)
        if self._own is None:
            raise CredentialRequired(self._source, f"it needs a credential of yours, in the header {self._header}")
        return await self._own.headers()

    async def renewed(self, sent: Mapping[str, str]) -> bool:
        # Its own account must never stand in for a caller who was refused.
        if self._own is None or passed.to(self._source) is not None:
            return False
        return await self._own.renewed(sent)


def identity_of(headers: Mapping[str, str]) -> str:
    text = "\0".join(part for pair in sorted(headers.items()) for part in pair)
    return f"headers:{blake2b(text.encode(), digest_size=16).hexdigest()}"
