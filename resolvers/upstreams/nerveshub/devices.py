"""Devices: paged, and filtered by the version they run; no filter names a group."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

from resolvers.errors import UpstreamError
from resolvers.graph.device import Device
from resolvers.graph.people import Tag
from resolvers.upstreams.counting import version_counts
from resolvers.upstreams.nerveshub import normalise
from resolvers.upstreams.nerveshub.normalise import Product
from resolvers.upstreams.nerveshub.products import Products, lists
from resolvers.upstreams.payload import Rows
from resolvers.upstreams.port import Chunk, Columns, DeviceQuery, Found, VersionCounts
from resolvers.upstreams.scopes import Answer

PLAIN = re.compile(r"[A-Za-z0-9_.:-]+")
"What the server's search surely understands as we do: no wildcard that narrows, no letter with two cases by language."


class Devices(Products):
    async def devices(self, query: DeviceQuery) -> AsyncIterator[Chunk[Device]]:
        filters = filters_of(query)

        async def read(product: Product) -> Chunk[Device]:
            devices = await self._devices_of(product, filters)
            return Chunk(devices.rows, devices.failures(product.native_id))

        async for chunk in self.chunks(query.fleet_ids, read):
            yield chunk

    async def devices_by_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Device]:
        """One of a product by its own path; for more of them the product's list, so that calls grow with products."""

        async def find(product: Product, own: Sequence[str]) -> Answer[Device]:
            devices = await (self._device(product, own[0]) if len(own) == 1 else self._devices_of(product, {}))
            return Answer({device.native_id: device for device in devices.rows}, devices.error)

        return await self.look_up(ids, 3, find)

    async def devices_by_fleet_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Sequence[Device]]:
        return await self._device_lists(ids, 2, lambda row: row.fleet_native_id)

    async def devices_by_cohort_id(self, ids: Sequence[str]) -> Found[Sequence[Device]]:
        return await self._device_lists(ids, 3, lambda row: row.cohort_native_id)

    async def tags_by_device_id(self, ids: Sequence[str]) -> Found[Sequence[Tag]]:
        found = await self.devices_by_id(ids)
        return {i: each if isinstance(each, UpstreamError) else each.tags_of or [] for i, each in found.items()}

    async def device_count_by_fleet_id(self, ids: Sequence[str]) -> Found[int]:
        async def find(product: Product, own: Sequence[str]) -> Answer[int]:
            return Answer({product.native_id: await self.api.device_count(product, {})})

        return await self.look_up(ids, 2, find)

    async def version_counts_by_fleet_id(self, ids: Sequence[str]) -> Found[VersionCounts]:
        """Counted here, over the product's list: asked for each version, calls would grow with versions."""

        async def find(product: Product, own: Sequence[str]) -> Answer[VersionCounts]:
            devices = await self._devices_of(product, {})
            if devices.error is not None:
                return Answer({}, devices.error)  # a count that may be too low is none
            return Answer(dict.fromkeys(own, version_counts(devices.rows)))

        return await self.look_up(ids, 2, find)

    async def device_count_by_release_id(self, ids: Sequence[str]) -> Found[int]:
        return await self.look_up(ids, 3, self.running)

    async def running(self, product: Product, ids: Sequence[str]) -> Answer[int]:
        """Devices on each of a product's releases: asked for one release, counted here for more of them."""
        if len(ids) == 1:
            route = self.route(ids[0], 3)
            filters = {"firmware_version": route[1][0]} if route else {}
            return Answer({ids[0]: await self.api.device_count(product, filters)})
        devices = await self._devices_of(product, {})
        if devices.error is not None:
            return Answer({}, devices.error)  # a count that may be too low is none
        counts = Counter(device.running_release_native_id for device in devices.rows)
        return Answer({native_id: counts[native_id] for native_id in ids})

    async def _device_lists(
        self, ids: Sequence[str], parts: int, owner_of: Callable[[Device], str | None]
    ) -> Found[Sequence[Device]]:
        async def find(product: Product, own: Sequence[str]) -> Answer[Sequence[Device]]:
            devices = await self._devices_of(product, {})
            return lists(own, devices.rows, owner_of, devices.error)

        return await self.look_up(ids, parts, find)

    async def _devices_of(self, product: Product, filters: Mapping[str, str]) -> Rows[Device]:
        rows = await self.api.devices(product, filters)
        return Rows([normalise.device(self.http.source, product, row) for row in rows.rows], rows.error)

    async def _device(self, product: Product, native_id: str) -> Rows[Device]:
        """One or none. A deleted one is none, as in the list: its own path still knows it."""
        route = self.route(native_id, 3)
        row = await self.api.device(product, route[1][0]) if route else None
        return Rows([normalise.device(self.http.source, product, row)] if row and not row.deleted else [])


def filters_of(query: DeviceQuery) -> dict[str, str]:
    """What the server can narrow by: one version, who is connected, a part of the identifier."""
    filters: dict[str, str] = {}
    if query.running_versions is not None and len(query.running_versions) == 1:
        filters["firmware_version"] = query.running_versions[0]
    if query.is_online:
        filters["connection"] = "connected"
    if query.search is not None and PLAIN.fullmatch(query.search):
        filters["identifier"] = query.search
    return filters
