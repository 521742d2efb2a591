"""Deployments: balena has no rows of them. A fleet's target release is its one deployment, gone once it moved on."""

from __future__ import annotations

from collections.abc import Sequence

from resolvers import keys
from resolvers.errors import UpstreamError
from resolvers.graph.columns import linked as linked_columns
from resolvers.graph.columns import linking
from resolvers.graph.deployment import Deployment
from resolvers.upstreams.balena import filters, normalise, odata, selection
from resolvers.upstreams.balena.asking import Asking, numbered, shared_out
from resolvers.upstreams.balena.odata import Condition
from resolvers.upstreams.balena.rows import ReleaseUseRow, TargetRow, linked
from resolvers.upstreams.payload import Rows
from resolvers.upstreams.port import Columns, Found
from resolvers.upstreams.scopes import Answer


async def by_id(asking: Asking, ids: Sequence[str], columns: Columns) -> Found[Deployment]:
    """Asked by fleet: whether the release is still its target is seen here."""
    fleets = {native_id: fleet for native_id in ids if (fleet := _fleet_of(native_id)) is not None}
    current = await by_fleet_id(asking, list(dict.fromkeys(fleets.values())), columns)
    found: dict[str, Deployment | UpstreamError] = {}
    for native_id, fleet in fleets.items():
        targets = current.get(fleet, ())
        if isinstance(targets, UpstreamError):
            found[native_id] = targets
        else:
            found.update((target.native_id, target) for target in targets if target.native_id == native_id)
    return found


async def by_fleet_id(asking: Asking, ids: Sequence[str], columns: Columns) -> Found[Sequence[Deployment]]:
    async def find(numbers: Sequence[int]) -> Answer[Sequence[Deployment]]:
        rows, targets = await _targets(asking, odata.one_of("id", numbers), columns)
        return Answer({str(row.id): own for row, own in zip(rows.rows, targets, strict=True)}, rows.error)

    return await asking.look_up(numbered(ids), find)


async def by_release_id(asking: Asking, ids: Sequence[str], columns: Columns) -> Found[Sequence[Deployment]]:
    async def find(numbers: Sequence[int]) -> Answer[Sequence[Deployment]]:
        rows, targets = await _targets(asking, odata.one_of("should_be_running__release", numbers), columns)
        by_release = [
            (linked(row.should_be_running__release), one)
            for row, own in zip(rows.rows, targets, strict=True)
            for one in own
        ]
        return shared_out(numbers, by_release, rows.error)

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


async def _targets(
    asking: Asking, chosen: Condition, columns: Columns
) -> tuple[Rows[TargetRow], list[list[Deployment]]]:
    """Fleets, and the deployment of each, if it has one: their rows are its fleet, and bring along its release."""
    fleet_columns = None if columns is None else linked_columns(columns, "fleet")
    view = asking.cut(normalise.FLEET, _both_sides(columns, fleet_columns))
    where = odata.every(filters.fleets_in_scope(asking.config), chosen)
    rows = await asking.cut_rows("application", view.options(where), view)
    is_shown = fleet_columns is not None and (asking.at.is_mine is not None or "is_mine" not in fleet_columns)
    fleets = view.rows(rows.rows, asking.at)
    along = [(fleet, *fleet.along) if is_shown else fleet.along for fleet in fleets]
    targets = (normalise.deployments(asking.source, row) for row in rows.rows)
    return rows, [[one.bringing(brought) for one in own] for own, brought in zip(targets, along, strict=True)]


def _both_sides(columns: Columns, fleet_columns: frozenset[str] | None) -> frozenset[str]:
    """Of a fleet what makes a deployment of it, what is wanted of the fleet, and of its target release."""
    release_columns = None if columns is None else linked_columns(columns, "release")
    target = frozenset() if release_columns is None else linking("target_release", release_columns)
    return target.union({"target_release_native_id"}, fleet_columns or ())


def _fleet_of(native_id: str) -> str | None:
    parts = keys.split(native_id, 2)
    return parts[0] if parts and None not in map(keys.integer, parts) else None
