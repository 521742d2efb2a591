"""Deployments: balena has no rows of them. A fleet's target release is its one deployment, gone once it moved on."""

from __future__ import annotations

from collections.abc import Sequence

from resolvers import keys
from resolvers.errors import UpstreamError
from resolvers.graph.deployment import Deployment
from resolvers.upstreams.balena import filters, normalise, odata, selection
from resolvers.upstreams.balena.asking import Asking, numbered, shared_out
from resolvers.upstreams.balena.odata import Condition, Options
from resolvers.upstreams.balena.rows import ReleaseUseRow, TargetRow, linked
from resolvers.upstreams.payload import Rows
from resolvers.upstreams.port import Found
from resolvers.upstreams.scopes import Answer


async def by_id(asking: Asking, ids: Sequence[str]) -> Found[Deployment]:
    """Asked by fleet: whether the release is still its target is seen here."""
    fleets = {native_id: fleet for native_id in ids if (fleet := _fleet_of(native_id)) is not None}
    current = await by_fleet_id(asking, list(dict.fromkeys(fleets.values())))
    found: dict[str, Deployment | UpstreamError] = {}
    for native_id, fleet in fleets.items():
        targets = current.get(fleet, ())
        if isinstance(targets, UpstreamError):
            found[native_id] = targets
        else:
            found.update((target.native_id, target) for target in targets if target.native_id == native_id)
    return found


async def by_fleet_id(asking: Asking, ids: Sequence[str]) -> Found[Sequence[Deployment]]:
    async def find(numbers: Sequence[int]) -> Answer[Sequence[Deployment]]:
        rows = await _targets(asking, odata.one_of("id", numbers))
        return Answer({str(row.id): normalise.deployments(asking.source, row) for row in rows.rows}, rows.error)

    return await asking.look_up(numbered(ids), find)


async def by_release_id(asking: Asking, ids: Sequence[str]) -> Found[Sequence[Deployment]]:
    async def find(numbers: Sequence[int]) -> Answer[Sequence[Deployment]]:
        rows = await _targets(asking, odata.one_of("should_be_running__release", numbers))
        targets = [
            (linked(row.should_be_running__release), one)
            for row in rows.rows
            for one in normalise.deployments(asking.source, row)
        ]
        return shared_out(numbers, targets, rows.error)

    return await asking.look_up(numbered(ids), find)


async def is_deployed_by_release_id(asking: Asking, ids: Sequence[str]) -> Found[bool]:
    """As a target, a pin, or on a device. Of somebody else's release only a yes is certain: devices do not show."""

    async def find(numbers: Sequence[int]) -> Answer[bool]:
        where = odata.every(filters.releases_in_scope(asking.config), odata.one_of("id", numbers))
        wanted = selection.uses(where, filters.own(asking.config))
        rows = await asking.rows(odata.url("release", wanted), ReleaseUseRow)
        told = {str(row.id): normalise.is_used(row) for row in rows.rows}
        return Answer({native_id: is_used for native_id, is_used in told.items() if is_used is not None}, rows.error)

    return await asking.look_up(numbered(ids), find)


async def _targets(asking: Asking, chosen: Condition) -> Rows[TargetRow]:
    where = odata.every(filters.fleets_in_scope(asking.config), chosen)
    wanted = Options(("id", "should_be_running__release"), where)
    return await asking.rows(odata.url("application", wanted), TargetRow)


def _fleet_of(native_id: str) -> str | None:
    parts = keys.split(native_id, 2)
    return parts[0] if parts and None not in map(keys.integer, parts) else None
