"""Counting: devices by the version they run, for vendors that do not count themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from resolvers.graph.device import Device
from resolvers.upstreams.port import VersionCounts


def version_counts(devices: Iterable[Device]) -> VersionCounts:
    """Of one fleet's devices. One that tells no version is not counted."""
    versions: Counter[str] = Counter()
    by_cohort: dict[str, Counter[str]] = {}
    for device in devices:
        if device.raw_running_version is not None:
            versions[device.raw_running_version] += 1
            if device.cohort_native_id is not None:
                by_cohort.setdefault(device.cohort_native_id, Counter())[device.raw_running_version] += 1
    return VersionCounts(versions, by_cohort)
