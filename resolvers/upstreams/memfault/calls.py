"""Calls: Memfault's lists in numbered pages, and single objects, as typed rows."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from resolvers.errors import SourceTooLarge
from resolvers.transport.http import Http
from resolvers.upstreams import payload
from resolvers.upstreams.memfault.rows import ListEnvelope, ObjectEnvelope, Paging
from resolvers.upstreams.payload import Rows

T = TypeVar("T")
Filters = Sequence[tuple[str, str]]
PAGE_SIZE = 100  # the documented maximum
MAX_PAGES = 200
"More rows than that are read of nobody for one request: it is told before they are asked for."
_NOTHING = ListEnvelope(data=msgspec.Raw(b"[]"), paging=Paging(page_count=1, total_count=0))


@dataclass(frozen=True, slots=True)
class NumberedPage(Generic[T]):
    """One page. page_count, total_count: of the whole list; the second is not always told."""

    rows: Rows[T]
    page_count: int
    total_count: int | None


@dataclass(frozen=True)
class Calls:
    """`path` is encoded, and begins with a slash. may_be_kept: False asks anew each time."""

    http: Http
    may_be_kept: bool = True

    async def pages(
        self, path: str, row: type[T], filters: Filters = (), *, is_session: bool = False, may_be_missing: bool = False
    ) -> Rows[T]:
        """All rows: the first page tells how many there are, the others are asked side by side.

        may_be_missing: a 404 is an empty list. Raises SourceTooLarge beyond MAX_PAGES.
        """
        first, count = await self._page(path, row, filters, 1, is_session, may_be_missing)
        return await self._rest(path, row, filters, first, count, is_session)

    async def page(self, path: str, row: type[T], filters: Filters, number: int) -> NumberedPage[T]:
        """One page of a list, from 1; one behind the end is empty."""
        envelope = await self._envelope(path, _numbered(filters, number), False, False)
        rows = payload.decode_rows(self.http.source, f"GET {path}", envelope.data, row, "$.data")
        paging = envelope.paging or Paging(page_count=1)
        return NumberedPage(rows, paging.page_count, paging.total_count)

    async def find(self, path: str, row: type[T]) -> T | None:
        """One object; None when it is not there."""
        body = await self.http.find(path)
        return None if body is None else self.decoded(f"GET {path}", body, row)

    async def count(self, path: str, filters: Filters = ()) -> int | None:
        """How many rows a list has, for the price of one; None when there is no such list, or it does not tell."""
        envelope = await self._envelope(path, _numbered(filters, 1, size=1), False, may_be_missing=True)
        return None if envelope is _NOTHING or envelope.paging is None else envelope.paging.total_count

    async def picked(self, path: str, row: type[T], keys: Sequence[str]) -> Rows[T]:
        """Rows of a list that cannot be narrowed to route keys: one by one, or by the page, whichever asks less."""
        if len(keys) > 1:
            first, count = await self._page(path, row, (), 1, False, False)
            if count <= len(keys):
                return await self._rest(path, row, (), first, count, False)
        found = await asyncio.gather(*(self.find(f"{path}/{quote(key, safe='')}", row) for key in keys))
        return Rows([one for one in found if one is not None])

    def decoded(self, call: str, body: bytes, row: type[T]) -> T:
        """The object of an answer. Raises UpstreamPayloadError."""
        envelope = payload.decode(self.http.source, call, body, ObjectEnvelope)
        return payload.decode(self.http.source, call, envelope.data, row)

    async def _rest(
        self, path: str, row: type[T], filters: Filters, first: Rows[T], count: int, is_session: bool
    ) -> Rows[T]:
        if count > MAX_PAGES:
            raise SourceTooLarge(self.http.source, f"more than {MAX_PAGES * PAGE_SIZE} rows (GET {path})")
        numbers = range(2, count + 1)
        others = await asyncio.gather(*(self._page(path, row, filters, number, is_session) for number in numbers))
        return payload.joined([first, *(rows for rows, _ in others)])

    async def _page(
        self, path: str, row: type[T], filters: Filters, number: int, is_session: bool, may_be_missing: bool = False
    ) -> tuple[Rows[T], int]:
        """One page, and how many there are."""
        envelope = await self._envelope(path, _numbered(filters, number), is_session, may_be_missing)
        rows = payload.decode_rows(self.http.source, f"GET {path}", envelope.data, row, "$.data")
        return rows, envelope.paging.page_count if envelope.paging else 1

    async def _envelope(self, path: str, query: Filters, is_session: bool, may_be_missing: bool) -> ListEnvelope:
        target = f"{path}?{urlencode(query)}"
        if not may_be_missing:
            body: bytes | None = await self.http.get(target, is_session=is_session, may_be_kept=self.may_be_kept)
        else:
            body = await self.http.find(target)
        return _NOTHING if body is None else payload.decode(self.http.source, f"GET {path}", body, ListEnvelope)


def _numbered(filters: Filters, number: int, size: int = PAGE_SIZE) -> Filters:
    return [*filters, ("page", str(number)), ("per_page", str(size))]
