"""Exchange: one request to an upstream, and what came of it.

Structs of msgspec and not frozen dataclasses, here as for all that every call makes anew: those set each field by a
call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from msgspec import Struct

from resolvers.errors import UpstreamError
from resolvers.transport.observe import Call

NO_HEADERS: Mapping[str, str] = MappingProxyType({})


Split = Callable[[bytes, Sequence[Sequence[int]]], Sequence[bytes] | None]
"An answer into the answers of each of these lists of ids; None when nobody can tell whose its rows are."


class Choice(Struct, frozen=True):
    """Which rows a look-up wants, so that several can be one call: its target is `before`, the ids, `after`.

    most: ids of one call.
    """

    before: str
    ids: tuple[int, ...]
    after: str
    most: int
    split: Split

    @property
    def target(self) -> str:
        return f"{self.before}{','.join(map(str, self.ids))}{self.after}"


class Request(Struct, frozen=True):
    """What is asked. `target` is path and query, already encoded; headers without credentials.

    is_read: asking twice changes nothing, so that two who ask the same at once may have one answer.
    may_be_kept: its answer may serve others for a while; sessions and signed links never do.
    choice: None for what is asked by itself always.
    """

    method: str
    target: str
    body: bytes | None = None
    headers: Mapping[str, str] = NO_HEADERS
    is_session: bool = False
    missing_is_none: bool = False
    wants_location: bool = False
    is_change: bool = False
    is_read: bool = True
    may_be_kept: bool = True
    choice: Choice | None = None

    @property
    def is_repeatable(self) -> bool:
        """Whether it may be sent again when nobody knows whether it arrived: never a change, and no login."""
        return self.is_read or (self.method == "GET" and not self.is_change)

    def __str__(self) -> str:
        return f"{self.method} {self.target.partition('?')[0]}"


class Reply(Struct, frozen=True):
    """What came back. status: None without an answer. body: empty for a 404 that means None.

    call: None when nothing was sent. etag: as the upstream names this state of the answer.
    """

    status: int | None
    body: bytes
    error: UpstreamError | None
    call: Call | None
    etag: str | None = None
