"""Devices: those of our fleets. A public fleet of somebody else shows none, so nothing is counted of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from resolvers.graph.device import Device
from resolvers.upstreams.balena import filters, normalise, odata, selection
from resolvers.upstreams.balena.asking import Asking, numbered, shared_out, side_by_side
from resolvers.upstreams.balena.odata import Condition, Options
from resolvers.upstreams.balena.rows import DeviceRow, FleetDevicesRow, ReleaseDevicesRow, linked
from resolvers.upstreams.payload import Rows
from resolvers.upstreams.port import Chunk, DeviceQuery, Found
from resolvers.upstreams.scopes import Answer


async def listed(asking: Asking, query: DeviceQuery) -> AsyncIterator[Chunk[Device]]:
    async def read(where: Condition) -> Chunk[Device]:
        rows = await _rows(asking, where)
        return Chunk([normalise.device(asking.source, row) for row in rows.rows], rows.failures())

    for chunk in await side_by_side([read(where) for where in filters.devices(asking.config, query)]):
        yield chunk


async def by_id(asking: Asking, ids: Sequence[str]) -> Found[Device]:
    async def find(numbers: Sequence[int]) -> Answer[Device]:
        rows = await _rows(asking, odata.every(filters.devices_in_scope(asking.config), odata.one_of("id", numbers)))
        return Answer({str(row.id): normalise.device(asking.source, row) for row in rows.rows}, rows.error)

    return await asking.look_up(numbered(ids), find)


async def by_fleet_id(asking: Asking, ids: Sequence[str]) -> Found[Sequence[Device]]:
    async def find(numbers: Sequence[int]) -> Answer[Sequence[Device]]:
        chosen = odata.one_of("belongs_to__application", numbers)
        rows = await _rows(asking, odata.every(filters.devices_in_scope(asking.config), chosen))
        devices = [(linked(row.belongs_to__application), row) for row in rows.rows]
        return shared_out(
            numbers, ((fleet, normalise.device(asking.source, row)) for fleet, row in devices), rows.error
        )

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


async def _rows(asking: Asking, where: Condition) -> Rows[DeviceRow]:
    wanted = selection.devices(where, of_cloud=asking.config.has_cloud_fields)
    return await asking.rows(odata.url("device", wanted), DeviceRow)
