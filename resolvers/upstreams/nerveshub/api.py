"""NervesHub's routes, one method each: asks and decodes, translates nothing. Keys are names, percent-encoded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from resolvers.errors import SourceTooLarge, UpstreamError
from resolvers.transport.http import Http
from resolvers.upstreams import payload, scopes
from resolvers.upstreams.nerveshub.normalise import Product
from resolvers.upstreams.nerveshub.rows import (
    DeviceEnvelope,
    DeviceRow,
    FirmwareRow,
    GroupEnvelope,
    GroupRow,
    ListEnvelope,
    OrgRow,
    PageEnvelope,
    Pagination,
    ProductRow,
)
from resolvers.upstreams.payload import Rows

T = TypeVar("T")
PAGE_SIZE = 500
"Devices in one answer: the server sends 10 unless asked, and enforces no maximum (lib/nerves_hub/devices.ex)."

MAX_DEVICES = 20_000
"Of one product, read for one question."

AT_ONCE = 8
"Pages asked for side by side: all at once, the last ones would use up their time limit in the queue."


class Api:
    def __init__(self, http: Http, page_size: int = PAGE_SIZE):
        self.http, self.page_size = http, page_size

    async def orgs(self, *, is_session: bool) -> Rows[OrgRow]:
        return await self._rows("/api/orgs", OrgRow, query="?include=products", is_session=is_session)

    async def products(self, org: OrgRow, *, is_session: bool) -> Rows[ProductRow]:
        """As the org brought them along; a server that does not know `include` is asked for each org."""
        if bytes(org.products) in (b"", b"null"):
            return await self._rows(f"/api/orgs/{_quoted(org.name)}/products", ProductRow, is_session=is_session)
        at = f"$.data[{org.name}].products"
        return payload.decode_rows(self.http.source, "GET /api/orgs", org.products, ProductRow, at)

    async def firmwares(self, product: Product) -> Rows[FirmwareRow]:
        return await self._rows(f"{_path(product)}/firmwares", FirmwareRow)

    async def groups(self, product: Product) -> Rows[GroupRow]:
        """The route says deployments, and lists deployment groups."""
        return await self._rows(f"{_path(product)}/deployments", GroupRow)

    async def devices(self, product: Product, filters: Mapping[str, str]) -> Rows[DeviceRow]:
        """All pages, without those that were deleted. A device that moved to another page meanwhile comes once."""
        first, pagination = await self._page(product, filters, 1)
        if pagination.total_entries > MAX_DEVICES:
            what = f"more than {MAX_DEVICES} devices in {product.native_id}; narrow them by `isOnline`, `search`"
            raise SourceTooLarge(self.http.source, f"{what} or one of `runningVersions`")
        pages = [first]
        for numbers in scopes.chunked(range(2, pagination.total_pages + 1), AT_ONCE):
            for answer in await scopes.settled(self._page(product, filters, number) for number in numbers):
                if isinstance(answer, UpstreamError):
                    raise answer
                pages.append(answer[0])
        rows = payload.joined(pages)
        return Rows(list({row.identifier: row for row in rows.rows}.values()), rows.error)

    async def device_count(self, product: Product, filters: Mapping[str, str]) -> int:
        """How many there are, from a page of one."""
        _, pagination = await self._page(product, filters, 1, size=1)
        return pagination.total_entries

    async def device(self, product: Product, identifier: str) -> DeviceRow | None:
        path = f"{_path(product)}/devices/{_quoted(identifier)}"
        body = await self.http.find(path)
        return None if body is None else payload.decode(self.http.source, f"GET {path}", body, DeviceEnvelope).data

    async def download_url(self, product: Product, uuid: str) -> str | None:
        """Where the file is stored, from the redirect to it; None when there is no such firmware."""
        return await self.http.location(f"{_path(product)}/firmwares/{_quoted(uuid)}/download")

    async def update_group(self, product: Product, group: str, changes: Mapping[str, Any]) -> GroupRow:
        """With a firmware among the changes it makes a release of it and reads no other change."""
        path = f"{_path(product)}/deployments/{_quoted(group)}"
        body = msgspec.json.encode({"deployment": changes})
        answer = await self.http.change("PUT", path, body, refusal)
        return payload.decode(self.http.source, f"PUT {path}", answer, GroupEnvelope).data

    async def _page(
        self, product: Product, filters: Mapping[str, str], number: int, size: int | None = None
    ) -> tuple[Rows[DeviceRow], Pagination]:
        path = f"{_path(product)}/devices"
        paging = {"pagination[page]": str(number), "pagination[page_size]": str(size or self.page_size)}
        narrowing = {f"filters[{name}]": value for name, value in filters.items()}
        body = await self.http.get(f"{path}?{urlencode({**paging, **narrowing}, quote_via=quote)}")
        envelope = payload.decode(self.http.source, f"GET {path}", body, PageEnvelope)
        rows = payload.decode_rows(self.http.source, f"GET {path}", envelope.data, DeviceRow, "$.data")
        return rows, envelope.pagination

    async def _rows(self, path: str, row: type[T], *, query: str = "", is_session: bool = False) -> Rows[T]:
        body = await self.http.get(path + query, is_session=is_session)
        envelope = payload.decode(self.http.source, f"GET {path}", body, ListEnvelope)
        return payload.decode_rows(self.http.source, f"GET {path}", envelope.data, row, "$.data")


def refusal(body: bytes) -> str | None:
    """The server's own sentences: `{"errors": {"detail": "..."}}`, or lists of them by field, which they begin with."""
    try:
        errors = msgspec.json.decode(body, type=dict[str, dict[str, Any]])["errors"]
        return "; ".join(text for field, value in errors.items() for text in _sentences(field, value)) or None
    except (*payload.UNREADABLE, KeyError):
        return None


def _sentences(field: str, value: object) -> list[str]:
    return [text if field == "detail" else f"{field} {text}" for text in _texts(value)]


def _texts(value: object) -> list[str]:
    """The texts in a value: of an association they are nested."""
    if isinstance(value, str):
        return [value]
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in inside for text in _texts(one)]


def _path(product: Product) -> str:
    return f"/api/orgs/{_quoted(product.org)}/products/{_quoted(product.name)}"


def _quoted(name: str) -> str:
    return quote(name, safe="")
