"""Running: how many devices of a fleet run each version, counted by balena, release by release.

One row for each release that runs somewhere, whatever the number of devices. A device that was moved to another fleet
keeps the release it runs until it is updated: so long it counts where that release is from.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from resolvers.upstreams.balena import filters, odata
from resolvers.upstreams.balena.asking import Asking, numbered
from resolvers.upstreams.balena.odata import Options
from resolvers.upstreams.port import Found, VersionCounts
from resolvers.upstreams.scopes import Answer

RUNNING = Options(
    ("id", "raw_version"),
    odata.some("is_running_on__device", "d", odata.compare("d/id", "gt", 0)),
    counted=("is_running_on__device",),
)


class RunningRow(msgspec.Struct):
    raw_version: str
    is_running_on__device: int


class FleetRow(msgspec.Struct):
    id: int
    owns__release: list[RunningRow] = []


async def version_counts_by_fleet_id(asking: Asking, ids: Sequence[str]) -> Found[VersionCounts]:
    """A call for each 200 fleets. One that is not ours shows no devices: it is left out."""

    async def find(numbers: Sequence[int]) -> Answer[VersionCounts]:
        where = odata.every(filters.own(asking.config), odata.one_of("id", numbers))
        target = odata.url("application", Options(("id",), where, {"owns__release": RUNNING}))
        rows = await asking.rows(target, FleetRow)
        return Answer({str(row.id): VersionCounts(_counts(row)) for row in rows.rows}, rows.error)

    return await asking.look_up(numbered(ids), find)


def _counts(row: FleetRow) -> dict[str, int]:
    counts: dict[str, int] = {}
    for release in row.owns__release:
        counts[release.raw_version] = counts.get(release.raw_version, 0) + release.is_running_on__device
    return counts
