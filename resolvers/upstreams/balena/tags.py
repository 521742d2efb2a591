"""Tags: labels of releases, fleets and devices, read through what they are on."""

from __future__ import annotations

from collections.abc import Sequence

from resolvers.graph.people import Tag
from resolvers.upstreams.balena import filters, normalise, odata, selection
from resolvers.upstreams.balena.asking import Asking, numbered
from resolvers.upstreams.balena.odata import Condition, Options
from resolvers.upstreams.balena.rows import TaggedApplicationRow, TaggedDeviceRow, TaggedReleaseRow
from resolvers.upstreams.port import Found
from resolvers.upstreams.scopes import Answer


async def by_release_id(asking: Asking, ids: Sequence[str]) -> Found[Sequence[Tag]]:
    async def find(numbers: Sequence[int]) -> Answer[Sequence[Tag]]:
        target = _tagged("release", "release_tag", filters.releases_in_scope(asking.config), numbers)
        rows = await asking.rows(target, TaggedReleaseRow)
        return Answer({str(row.id): normalise.tags(row.release_tag) for row in rows.rows}, rows.error)

    return await asking.look_up(numbered(ids), find)


async def by_fleet_id(asking: Asking, ids: Sequence[str]) -> Found[Sequence[Tag]]:
    async def find(numbers: Sequence[int]) -> Answer[Sequence[Tag]]:
        target = _tagged("application", "application_tag", filters.fleets_in_scope(asking.config), numbers)
        rows = await asking.rows(target, TaggedApplicationRow)
        return Answer({str(row.id): normalise.tags(row.application_tag) for row in rows.rows}, rows.error)

    return await asking.look_up(numbered(ids), find)


async def by_device_id(asking: Asking, ids: Sequence[str]) -> Found[Sequence[Tag]]:
    async def find(numbers: Sequence[int]) -> Answer[Sequence[Tag]]:
        target = _tagged("device", "device_tag", filters.devices_in_scope(asking.config), numbers)
        rows = await asking.rows(target, TaggedDeviceRow)
        return Answer({str(row.id): normalise.tags(row.device_tag) for row in rows.rows}, rows.error)

    return await asking.look_up(numbered(ids), find)


def _tagged(resource: str, tags: str, scope: Condition, numbers: Sequence[int]) -> str:
    where = odata.every(scope, odata.one_of("id", numbers))
    return odata.url(resource, Options(("id",), where, {tags: selection.TAG}))
