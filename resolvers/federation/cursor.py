"""Cursor: a position in one list, in one order, under one filter. Not a state: nothing is remembered between pages.

A cursor holds a format version, a digest of list, order, filter and parent, the position, the sources missed so far,
and hints, with an 8-byte keyed digest over all of it. The digest guards against damage; it is no secret, since nothing
in a cursor is trusted further than an argument is. At most 512 bytes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec import Struct

from resolvers.errors import BadCursor
from resolvers.federation.order import Position

FORMAT = 2
MAX_LENGTH = 512
_MARK_SIZE = 8
_MISSED_SIZE = 4
_MOST_MISSED = 12
_HINT_SIZE = 20  # bytes at most: its mark and two numbers


@dataclass(frozen=True, slots=True)
class Hint:
    """Where the position was in one numbered list of an upstream: so many rows before it, of so many. May be wrong."""

    index: int
    total: int


Hints = Mapping[bytes, Hint]
"By the mark of the list: see `missed_mark`."


@dataclass(frozen=True, slots=True)
class Cursor:
    """A position, and which sources were missed on the way to it."""

    position: Position
    missed: frozenset[bytes] = frozenset()  # digests of source names; see `missed_mark`
    all_missed: bool = False  # more were missed than a cursor can name: every source counts as missed
    hints: Hints = field(default_factory=dict)

    def has_missed(self, source: str) -> bool:
        return self.all_missed or missed_mark(source) in self.missed


class _Content(msgspec.Struct, array_like=True):
    format: int
    list_digest: bytes
    key: int | str | None
    source: str
    native_id: str
    missed: list[bytes] | None
    hints: list[tuple[bytes, int, int]] = []


_NO_HINTS: Hints = MappingProxyType({})


class Cursors(Struct, frozen=True):
    """Makes and reads the cursors of one list, in one order, under one filter."""

    key: bytes  # the same on all workers
    list_digest: bytes
    key_type: type  # of the order's keys: int or str

    def encode(
        self, position: Position, missed: Collection[bytes] = (), all_missed: bool = False, hints: Hints = _NO_HINTS
    ) -> str:
        """Hints that do not fit any more are left out: a page is then found with more calls."""
        named = None if all_missed or len(missed) > _MOST_MISSED else sorted(missed)
        content = _Content(FORMAT, self.list_digest, position.key, position.source, position.native_id, named)
        room = MAX_LENGTH * 3 // 4 - _MARK_SIZE - len(msgspec.msgpack.encode(content))
        content.hints = [(mark, hint.index, hint.total) for mark, hint in hints.items()][: max(0, room // _HINT_SIZE)]
        body = msgspec.msgpack.encode(content)
        return base64.urlsafe_b64encode(self._mark(body) + body).decode().rstrip("=")

    def decode(self, text: str) -> Cursor:
        """Raises BadCursor for one that is damaged, of an old format, or of another list, order or filter."""
        content = self._content(text)
        if content is not None and content.list_digest != self.list_digest:
            raise BadCursor("the cursor belongs to another list, order or filter; keep all arguments while paging")
        if content is None or not self._is_key(content.key):
            raise BadCursor("the cursor is damaged or not one of ours; take cursors from an answer, unchanged")
        position = Position(content.key, content.source, content.native_id)
        hints = {mark: Hint(index, total) for mark, index, total in content.hints}
        return Cursor(position, frozenset(content.missed or ()), content.missed is None, hints)

    def _content(self, text: str) -> _Content | None:
        raw = _decoded(text)
        mark, body = raw[:_MARK_SIZE], raw[_MARK_SIZE:]
        if not hmac.compare_digest(mark, self._mark(body)):
            return None
        try:
            content = msgspec.msgpack.decode(body, type=_Content)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        return content if content.format == FORMAT else None

    def _is_key(self, key: Any) -> bool:
        # The usual key is no secret, so that anyone can sign a text for a time; compared, it would be our mistake.
        return key is None or type(key) is self.key_type

    def _mark(self, body: bytes) -> bytes:
        return hashlib.blake2b(body, key=self.key[:64], digest_size=_MARK_SIZE).digest()


def list_digest(*identity: Any) -> bytes:
    """Eight bytes that stand for list, order, filter and parent; equal for equal arguments on every worker."""
    return hashlib.blake2b(repr(identity).encode(), digest_size=8).digest()


def missed_mark(source: str) -> bytes:
    """Four bytes that stand for a source's name: full names of many sources would not fit."""
    return hashlib.blake2b(source.encode(), digest_size=_MISSED_SIZE).digest()


def hint_mark(source: str, scope: Collection[str] | None) -> bytes:
    """Four bytes that stand for one numbered list of a source: all of it, or of these fleets."""
    return missed_mark("\n".join((source, *(scope or ()))))


def _decoded(text: str) -> bytes:
    """The bytes of a canonical base64url text; b"" for any other, so that no second spelling of a cursor works."""
    try:
        raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
    is_canonical = len(text) <= MAX_LENGTH and base64.urlsafe_b64encode(raw).decode().rstrip("=") == text
    return raw if is_canonical else b""
