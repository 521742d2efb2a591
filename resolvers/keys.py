"""Keys: how an object is named across sources, and the opaque global id clients see.

A native id is the upstream's own route to the object: its parts percent-encoded and joined by `/`, so that
`acme/smart-sink/1.0.0%2Bb1` reads back without doubt. A global id is base64url of
`<format>:<Type>:<source name>:<native id>`. May import nothing of ours but errors.
"""

from __future__ import annotations

import base64
import binascii
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, unquote

from resolvers.errors import InvalidKey

FORMAT = "1"
NOWHERE = ""
"The source of what is configured here and belongs to no one source: product lines and their trains."
OF_NO_SOURCE = frozenset({"ProductLine", "ReleaseTrain"})
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
MAX_LENGTH = 16_384
"Longer ids were never issued: two names of 255 emoji and a version of 255 letters make one of 9,000 characters."


class Key(NamedTuple):
    """Where one object is: the unified type, the source by its configured name, the native id."""

    type: str
    source: str
    native_id: str


@lru_cache(maxsize=16384)  # every row has an id, and the rows of one page are those of the next request as well
def encode(type_name: str, source: str, native_id: str) -> str:
    """The global id of an object. Renaming its source changes it."""
    text = f"{FORMAT}:{type_name}:{source}:{native_id}".encode()
    # base64.urlsafe_b64encode in half its time.
    return binascii.b2a_base64(text, newline=False).translate(_URL_SAFE).rstrip(b"=").decode()


def decode(global_id: str, expected: str | None = None) -> Key:
    """The key a global id stands for. Raises InvalidKey for anything `encode` never gave, or of another type."""
    key = _parse(global_id)
    if key is None or encode(*key) != global_id:
        raise InvalidKey(f"{_shown(global_id)} is not an id of this graph; take ids from an answer of it, unchanged")
    if expected is not None and key.type != expected:
        raise InvalidKey(f"{_shown(global_id)} is an id of type {key.type}; expected one of type {expected}")
    return key


def join(*parts: object) -> str:
    """Parts to a native id: each percent-encoded, joined by `/`."""
    return "/".join(quote(str(part), safe="-._~") for part in parts)


def split(native_id: str, count: int) -> tuple[str, ...] | None:
    """A native id to its parts, decoded; None when it has not `count` of them, so that nothing can be meant by it."""
    parts = tuple(unquote(part) for part in native_id.split("/"))
    return parts if len(parts) == count and all(parts) and join(*parts) == native_id else None


def integer(native_id: str) -> int | None:
    """A native id that is one number (at most 2^31 - 1, as the vendors that number their rows do), else None."""
    is_number = native_id.isascii() and native_id.isdigit() and str(int(native_id[:11])) == native_id
    return int(native_id) if is_number and int(native_id) < 2**31 else None


def _parse(global_id: str) -> Key | None:
    if len(global_id) > MAX_LENGTH:
        return None
    try:
        padded = global_id + "=" * (-len(global_id) % 4)
        text = base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    form, _, rest = text.partition(":")
    parts = rest.split(":", 2)
    return Key(*parts) if form == FORMAT and len(parts) == 3 and _is_whole(*parts) else None


def _is_whole(type_name: str, source: str, native_id: str) -> bool:
    """A source is the one object without a native id; what is of no source has only that."""
    return (source == NOWHERE) is (type_name in OF_NO_SOURCE) and bool(native_id) is (type_name != "Source")


def _shown(global_id: str) -> str:
    return repr(global_id if len(global_id) <= 60 else f"{global_id[:57]}...")
