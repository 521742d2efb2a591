"""Examining a NervesHub source. Its version is told nowhere, but rows carry more members since the summer of 2026."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

import msgspec

from resolvers.upstreams import payload
from resolvers.upstreams.examination import Check, Examination
from resolvers.upstreams.nerveshub.client import NervesHub
from resolvers.upstreams.nerveshub.normalise import Product
from resolvers.upstreams.nerveshub.rows import FirmwareRow, ListEnvelope, ProductRow

ME = "/api/users/me"
CREDENTIAL = "give it a user's token (nhu_…), made in the account's settings; the role view is enough"
TRIED = 3
"Products that are asked until one has a firmware."
NEW, OLD = "after 2.4.0, by the members of its rows", "2.4.0 or before, by the members of its rows"
RECENT = "require_unique_firmware_version"


class MeRow(msgspec.Struct):
    name: str | None = None
    email: str | None = None


class MeEnvelope(msgspec.Struct):
    data: MeRow


async def examine(adapter: NervesHub) -> Examination:
    """A handful of calls: the user, the products, and some firmwares of one product."""
    exam = Examination(adapter.http.source)
    with exam.asking(Check.CREDENTIAL, CREDENTIAL):
        me = payload.decode(exam.source, f"GET {ME}", await adapter.http.get(ME), MeEnvelope).data
        exam.accept(me.email or me.name)
    if exam.is_let_in:
        fleets = await exam.fleets(adapter)
        await _sample(adapter, exam, [product for fleet in fleets if (product := Product.of(fleet.native_id))])
    return exam


async def _sample(adapter: NervesHub, exam: Examination, products: Sequence[Product]) -> None:
    for product in products[:1]:
        with exam.asking(Check.FLEETS):
            rows = await _rows(adapter, _products(product))
            exam.sample(Check.FLEETS, rows, ProductRow)
            exam.version = NEW if any(RECENT.encode() in bytes(row) for row in rows) else OLD
    with exam.asking(Check.RELEASES):
        exam.sample(Check.RELEASES, await _firmwares(adapter, products[:TRIED]), FirmwareRow)


async def _firmwares(adapter: NervesHub, products: Sequence[Product]) -> list[msgspec.Raw]:
    """Of the first product that has any."""
    for product in products:
        rows = await _rows(adapter, f"{_products(product)}/{quote(product.name, safe='')}/firmwares")
        if rows:
            return rows
    return []


async def _rows(adapter: NervesHub, path: str) -> list[msgspec.Raw]:
    envelope = payload.decode(adapter.http.source, f"GET {path}", await adapter.http.get(path), ListEnvelope)
    return payload.decode(adapter.http.source, f"GET {path}", envelope.data, list[msgspec.Raw])


def _products(product: Product) -> str:
    return f"/api/orgs/{quote(product.org, safe='')}/products"
