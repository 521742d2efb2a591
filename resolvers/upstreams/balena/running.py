"""Running: how many devices of a fleet run each version, counted by balena, release by release.

One row for each release that runs somewhere, whatever the number of devices. A device that was moved to another fleet
keeps the release it runs until it is updated: so long it counts where that release is from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from resolvers.upstreams.balena import filters, odata
from resolvers.upstreams.balena.asking import Asking, numbered
from resolvers.upstreams.balena.odata import Options
from resolvers.upstreams.balena.rows import Link, linked
from resolvers.upstreams.port import Found, VersionCounts
from resolvers.upstreams.scopes import Answer


class RunningRow(msgspec.Struct):
    raw_version: str
    belongs_to__application: Link
    is_running_on__device: int


async def version_counts_by_fleet_id(asking: Asking, ids: Sequence[str]) -> Found[VersionCounts]:
    """A call for each 200 fleets. A fleet that is not ours shows no devices: nothing is told of it."""

    async def find(numbers: Sequence[int]) -> Answer[VersionCounts]:
        rows = await asking.rows(_target(asking, numbers), RunningRow)
        if rows.error is not None:
            return Answer({}, rows.error)  # a count that may be too low is none
        counts: dict[int | None, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for row in rows.rows:
            counts[linked(row.belongs_to__application)][row.raw_version] += row.is_running_on__device
        return Answer({str(number): VersionCounts(dict(counts[number])) for number in numbers})

    return await asking.look_up(numbered(ids), find)


def _target(asking: Asking, numbers: Sequence[int]) -> str:
    where = odata.every(
        filters.of_ours(asking.config, "belongs_to__application"),
        odata.one_of("belongs_to__application", numbers),
        odata.some("is_running_on__device", "d", odata.compare("d/id", "gt", 0)),
    )
    wanted = ("id", "raw_version", "belongs_to__application")
    return odata.url("release", Options(wanted, where, counted=("is_running_on__device",)))
