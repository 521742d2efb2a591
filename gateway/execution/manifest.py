"""Manifest: the operations of one's own clients, as their build tools list them.

Apollo's form is an object with `format`, `version` and `operations`; Relay's is an object of texts by id. Ids are taken
as they are: which hash a tool makes them with is its own affair. Every document is also found by its text's SHA-256,
since that is what a client may send instead of an id, and what is looked for when it sends the text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any

import orjson

FORMAT = "apollo-persisted-query-manifest"


@dataclass(frozen=True, slots=True)
class Manifest:
    """texts: by id and by hash. count: of the documents, each once."""

    texts: Mapping[str, str]
    hashes: frozenset[str]

    @property
    def count(self) -> int:
        return len(self.hashes)

    def holds(self, text: str) -> bool:
        return digest(text) in self.hashes


USUAL_CHARACTERS = 4096
"Digests of longer texts are not remembered: a thousand of them would be too much to keep."


def digest(text: str) -> str:
    """The SHA-256 of an operation's text as it is sent, in lower case hexadecimal digits."""
    return _known(text) if len(text) <= USUAL_CHARACTERS else _digest(text)


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


_known = lru_cache(maxsize=1000)(_digest)  # every request is told by it, and most have a text that came before


def documents_in(text: str) -> Manifest:
    """Raises ValueError, with a sentence on what is wrong, for whatever is in neither form."""
    try:
        given = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"is not JSON: {error}") from None
    if not isinstance(given, dict):
        raise ValueError("should be a JSON object: a manifest in the form of Apollo or of Relay")
    by_id = _of_apollo(given) if "format" in given or "operations" in given else _of_relay(given)
    by_hash = {digest(body): body for body in by_id.values()}
    return Manifest({**by_hash, **by_id}, frozenset(by_hash))


def _of_apollo(given: Mapping[str, Any]) -> dict[str, str]:
    if (given.get("format"), given.get("version")) != (FORMAT, 1):
        raise ValueError(f'should have the format "{FORMAT}" and the version 1')
    operations = given.get("operations")
    if not isinstance(operations, list):
        raise ValueError("operations should be a list")
    return dict(_operation(index, one) for index, one in enumerate(operations))


def _operation(index: int, given: Any) -> tuple[str, str]:
    members = given if isinstance(given, dict) else {}
    native_id, body = members.get("id"), members.get("body")
    if not (isinstance(native_id, str) and isinstance(body, str) and native_id and body):
        raise ValueError(f"operations[{index}] should have an id and a body, both texts")
    return native_id, body


def _of_relay(given: Mapping[str, Any]) -> dict[str, str]:
    for native_id, body in given.items():
        if not (isinstance(body, str) and body and native_id):
            raise ValueError(f"the document {native_id!r} should be a text")
    return dict(given)
