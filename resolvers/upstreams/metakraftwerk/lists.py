"""A list of MetaKraftwerk: a bare array as its pages show, or the pages of Feathers should someone turn them on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, TypeVar
from urllib.parse import urlencode

import msgspec

from resolvers.errors import UpstreamPayloadError
from resolvers.transport.http import Http
from resolvers.upstreams import payload
from resolvers.upstreams.payload import Rows

T = TypeVar("T")
ROOT = "/api/v1"
NO_FILTERS: Mapping[str, str] = MappingProxyType({})


class Page(msgspec.Struct):
    total: int
    limit: Annotated[int, msgspec.Meta(ge=1)]
    skip: int
    data: msgspec.Raw


async def read(
    http: Http, resource: str, row: type[T], filters: Mapping[str, str] = NO_FILTERS, *, is_session: bool = False
) -> Rows[T]:
    """All rows, in the order they came. Raises UpstreamError when any page is missing."""
    call = f"GET {ROOT}/{resource}"
    body = await http.get(_target(resource, filters), is_session=is_session)
    if not body.lstrip().startswith(b"{"):
        return payload.decode_rows(http.source, call, body, row)
    page = payload.decode(http.source, call, body, Page)
    first = payload.decode_rows(http.source, call, page.data, row, "$.data")
    skips = range(page.limit, page.total, page.limit)
    rest = await asyncio.gather(*(_page(http, resource, row, filters, skip, is_session) for skip in skips))
    return payload.joined([first, *rest])


async def _page(
    http: Http, resource: str, row: type[T], filters: Mapping[str, str], skip: int, is_session: bool
) -> Rows[T]:
    call = f"GET {ROOT}/{resource}"
    body = await http.get(_target(resource, {**filters, "$skip": str(skip)}), is_session=is_session)
    page = payload.decode(http.source, call, body, Page)
    if page.skip != skip:
        # A server that does not know the word would show its first page again and again.
        raise UpstreamPayloadError(http.source, f"a page that was not asked for ({call})")
    return payload.decode_rows(http.source, call, page.data, row, "$.data")


def _target(resource: str, query: Mapping[str, str]) -> str:
    return f"{ROOT}/{resource}?{urlencode(query)}" if query else f"{ROOT}/{resource}"
