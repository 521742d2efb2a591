"""Devices by the version they run: counted by the source where it can count, and the same as its devices say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from resolvers.graph.device import Device
from resolvers.graph.enums import SourceKind
from resolvers.upstreams.port import FleetQuery, VersionCounts
from tests.conftest import MockPort
from tests.contract.conftest import Open
from tests.contract.questions import read, rows_of

COUNTING = pytest.mark.parametrize(
    "kind", [SourceKind.BALENA, SourceKind.NERVESHUB, SourceKind.MEMFAULT], ids=lambda kind: kind.value.lower()
)


def counted(devices: Sequence[Device]) -> VersionCounts:
    """By hand."""
    running = [device for device in devices if device.raw_running_version is not None]
    cohorts = {device.cohort_native_id for device in running if device.cohort_native_id}
    return VersionCounts(
        Counter(device.raw_running_version or "" for device in running),
        {
            cohort: Counter(one.raw_running_version or "" for one in running if one.cohort_native_id == cohort)
            for cohort in cohorts
        },
    )


@COUNTING
async def test_counts_are_those_of_the_devices_themselves(kind: SourceKind, upstream: Open) -> None:
    adapter = upstream(kind)
    ids = [fleet.native_id for fleet in await rows_of(adapter, "fleets")]
    devices = await adapter.devices_by_fleet_id(ids)

    found = await adapter.version_counts_by_fleet_id(ids)

    by_hand = {native_id: counted(own) for native_id, own in devices.items() if not isinstance(own, Exception)}
    assert found == by_hand
    assert sum(bool(each.versions) for each in by_hand.values()) >= 3


async def test_balena_counts_all_fleets_in_one_call_without_a_device(upstream: Open, mocks: MockPort) -> None:
    adapter = upstream(SourceKind.BALENA)
    ids = [fleet.native_id for fleet in await rows_of(adapter, "fleets")]
    mocks.mocks.calls.clear()

    await adapter.version_counts_by_fleet_id(ids)

    (path,) = mocks.paths("balena")
    inside = "$select=id,raw_version;$filter=is_running_on__device/any(d:d/id%20gt%200);$expand="
    assert path == (
        "/balena/v7/application?$select=id&$filter=(is_directly_accessible_by__user/any(dau:true))%20and%20"
        f"(id%20in%20({','.join(ids)}))&$expand=owns__release({inside}is_running_on__device/$count)"
    )


async def test_of_somebody_elses_public_fleet_nothing_is_counted(upstream: Open) -> None:
    adapter = upstream(SourceKind.BALENA, public=True)
    fleets = (await read(adapter.fleets(FleetQuery()))).rows
    foreign = [fleet.native_id for fleet in fleets if not fleet.is_mine]

    found = await adapter.version_counts_by_fleet_id(foreign)

    assert foreign
    assert found == {}


async def test_nerveshub_reads_the_devices_of_a_product_once_for_all_its_groups(
    upstream: Open, mocks: MockPort
) -> None:
    adapter = upstream(SourceKind.NERVESHUB)
    ids = [fleet.native_id for fleet in await rows_of(adapter, "fleets")]
    mocks.mocks.calls.clear()

    found = await adapter.version_counts_by_fleet_id(ids)

    assert len([path for path in mocks.paths("nerveshub") if "/devices?" in path]) == len(ids) == 4
    assert any(each.by_cohort for each in found.values() if isinstance(each, VersionCounts))
