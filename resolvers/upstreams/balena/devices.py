"""Devices: those of our fleets. A public fleet of somebody else shows none, so nothing is counted of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from resolvers.graph.columns import without
from resolvers.graph.device import Device
from resolvers.upstreams.balena import filters, normalise, odata
from resolvers.upstreams.balena.asking import Asking, numbered, shared_out, side_by_side
from resolvers.upstreams.balena.odata import Condition, Options
from resolvers.upstreams.balena.rows import FleetDevicesRow, ReleaseDevicesRow, linked
from resolvers.upstreams.port import Chunk, Columns, DeviceQuery, Found
from resolvers.upstreams.scopes import Answer


async def listed(asking: Asking, query: DeviceQuery) -> AsyncIterator[Chunk[Device]]:
    view = asking.cut(normalise.DEVICE, query.columns)

    async def read(where: Condition) -> Chunk[Device]:
        rows = await asking.cut_rows("device", view.options(where), view)
        return Chunk(view.rows(rows.rows, asking.at), rows.failures())

    for chunk in await side_by_side([read(where) for where in filters.devices(asking.config, query)]):
        yield chunk


async def by_id(asking: Asking, ids: Sequence[str], columns: Columns) -> Found[Device]:
    view = asking.cut(normalise.DEVICE, columns)

    async def find(numbers: Sequence[int]) -> Answer[Device]:
        where = odata.every(filters.devices_in_scope(asking.config), odata.one_of("id", numbers))
        rows = await asking.cut_rows("device", view.options(where), view)
        return Answer({device.native_id: device for device in view.rows(rows.rows, asking.at)}, rows.error)

    return await asking.look_up(numbered(ids), find)


async def by_fleet_id(asking: Asking, ids: Sequence[str], columns: Columns) -> Found[Sequence[Device]]:
    """The fleet itself is known to whoever asks: it does not come along."""
    known = without(columns, "fleet")
    view = asking.cut(normalise.DEVICE, None if known is None else known | {"fleet_native_id"})

    async def find(numbers: Sequence[int]) -> Answer[Sequence[Device]]:
        chosen = odata.one_of("belongs_to__application", numbers)
        where = odata.every(filters.devices_in_scope(asking.config), chosen)
        rows = await asking.cut_rows("device", view.options(where), view)
        owners = (linked(row.belongs_to__application) for row in rows.rows)
        return shared_out(numbers, zip(owners, view.rows(rows.rows, asking.at), strict=True), rows.error)

    return await asking.look_up(numbered(ids), find)


async def count_by_fleet_id(asking: Asking, ids: Sequence[str]) -> Found[int]:
    async def find(numbers: Sequence[int]) -> Answer[int]:
        where = odata.every(filters.own(asking.config), odata.one_of("id", numbers))
        wanted = Options(("id",), where, counted=("owns__device",))
        rows = await asking.rows(odata.url("application", wanted), FleetDevicesRow)
        return Answer({str(row.id): row.owns__device for row in rows.rows}, rows.error)

    return await asking.look_up(numbered(ids), find)


async def count_by_release_id(asking: Asking, ids: Sequence[str]) -> Found[int]:
    async def find(numbers: Sequence[int]) -> Answer[int]:
        where = odata.every(filters.of_ours(asking.config, "belongs_to__application"), odata.one_of("id", numbers))
        wanted = Options(("id",), where, counted=("is_running_on__device",))
        rows = await asking.rows(odata.url("release", wanted), ReleaseDevicesRow)
        return Answer({str(row.id): row.is_running_on__device for row in rows.rows}, rows.error)

    return await asking.look_up(numbered(ids), find)
