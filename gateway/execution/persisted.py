"""Persisted: operations that are named instead of sent, and which operations may run at all.

Two ways to name one: by an id of the manifest of trusted documents, or by the hash of a text that some client left here
before (Apollo's automatic persisted queries: send the hash; hear that it is not known; send hash and text; from then on
the hash will do). Where only trusted documents run, nobody can leave any.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Literal

import structlog
from graphql import GraphQLError
from msgspec import Struct
from msgspec.structs import replace

from gateway.execution.documents import Unusable
from gateway.execution.executor import Operation
from gateway.execution.manifest import Manifest, digest
from resolvers.errors import ReleasegraphError
from resolvers.transport.watched import Watched

MAX_CHARACTERS = 16 * 1024 * 1024
"Of all the texts that clients left with one worker."

_log = structlog.get_logger("releasegraph.execution")


class PersistedQueryNotFound(ReleasegraphError):
    """No text is known by this name: in Apollo's protocol the client now sends it along."""

    code = "PERSISTED_QUERY_NOT_FOUND"


class PersistedQueryNotSupported(ReleasegraphError):
    """This server keeps no operations for clients, and has no manifest."""

    code = "PERSISTED_QUERY_NOT_SUPPORTED"


class DocumentNotTrusted(ReleasegraphError):
    """Only the operations of the manifest run here, and this is none of them."""

    code = "DOCUMENT_NOT_TRUSTED"


class Left(Struct, frozen=True):
    """What is asked, with its text. keep_as: the hash to keep it by, where the client wants to leave it here."""

    operation: Operation
    keep_as: str | None = None


CODES = frozenset({PersistedQueryNotFound.code, PersistedQueryNotSupported.code})
"They belong to a protocol, in which they are answers like any other: with status 200, and not to be cached."


class Persisted:
    """For the life of one worker. max_kept: texts that clients may leave here.

    unknown_count: operations that were no trusted documents, since the start; they ran, or were refused.
    """

    def __init__(self, manifest: Watched[Manifest] | None, mode: Literal["log", "enforce"], max_kept: int):
        self._manifest, self._mode, self._max_kept = manifest, mode, max_kept
        self._texts: OrderedDict[str, str] = OrderedDict()
        self._characters = 0
        self.unknown_count = 0

    @property
    def _is_enforced(self) -> bool:
        return self._manifest is not None and self._mode == "enforce"

    def trusts(self, sha256: str) -> bool:
        """Whether the manifest holds the text of this hash."""
        return self._manifest is not None and sha256 in self._manifest.value.hashes

    def resolved(self, asked: Operation) -> Left:
        """The operation with its text. Raises Unusable."""
        if not asked.text:
            return Left(replace(asked, text=self._found(asked)))
        self._judge(asked)
        keeps = asked.sha256 is not None and self._max_kept > 0 and not self._is_enforced
        return Left(asked, asked.sha256 if keeps else None)

    def keep(self, left: Left) -> None:
        """To be called once the operation has proven usable: what is not is not worth its place."""
        name, text = left.keep_as, left.operation.text
        if name is None or name in self._texts:
            return
        self._texts[name] = text
        self._characters += len(text)
        while len(self._texts) > self._max_kept or self._characters > MAX_CHARACTERS:
            self._characters -= len(self._texts.popitem(last=False)[1])

    def _found(self, asked: Operation) -> str:
        name = asked.sha256 or asked.document_id or ""
        trusted = self._manifest.value.texts if self._manifest is not None else {}
        text = trusted.get(name) or trusted.get(name.removeprefix("sha256:"))
        if text is None and name in self._texts and not self._is_enforced:
            text = self._texts[name]
            self._texts.move_to_end(name)
        if text is not None:
            self._judge(replace(asked, text=text))
            return text
        if self._manifest is None and (self._max_kept == 0 or asked.sha256 is None):
            raise _unusable(PersistedQueryNotSupported("PersistedQueryNotSupported"))
        # Clients of Apollo go by this one word.
        raise _unusable(PersistedQueryNotFound("PersistedQueryNotFound"))

    def _judge(self, asked: Operation) -> None:
        """Raises Unusable for what is not trusted, where that counts."""
        if self._manifest is None or self._manifest.value.holds(asked.text):
            return
        self.unknown_count += 1
        _log.warning(
            "document not trusted",
            sha256=digest(asked.text),
            operation=asked.name,
            refused=self._is_enforced,
            count=self.unknown_count,
        )
        if self._is_enforced:
            message = "only known operations run here, and this is none of them: an operator adds it to the manifest"
            raise _unusable(DocumentNotTrusted(message))


def _unusable(error: ReleasegraphError) -> Unusable:
    return Unusable([GraphQLError(str(error), original_error=error)], error.code)
