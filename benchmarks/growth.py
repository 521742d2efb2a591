"""Growth: what one more row costs, and one more source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks import machine, rounds, servers
from benchmarks.rounds import Effort, Tell
from benchmarks.servers import Upstream
from benchmarks.variants import Variant
from benchmarks.workloads import Workload, many_sources, rows_below_fleets

ROWS = (10, 100, 1_000, 10_000)
SOURCES = (1, 2, 5, 10, 20)


@dataclass(frozen=True, slots=True)
class Point:
    """of: rows or sources. wall_ms: one request at a time. peak_mb: by how much memory rises for it, at most."""

    of: str
    count: int
    cpu_us: float
    wall_ms: float
    calls: float
    peak_mb: float

    @property
    def cpu_us_each(self) -> float:
        return self.cpu_us / self.count


async def run(
    variant: Variant, upstream: Upstream, effort: Effort, tell: Tell, rows: Sequence[int], sources: Sequence[int]
) -> list[Point]:
    """Points of rows, then of sources; nothing is delayed, and one request is in flight."""
    await upstream.delay(0)
    asked = [("rows", count, rows_below_fleets(count)) for count in rows]
    asked += [("sources", count, many_sources(count)) for count in sources]
    points = []
    for what, count, workload in asked:
        tell(f"growth  {count} {what}")
        points.append(await _point(what, count, workload, variant, upstream, effort))
    return points


async def _point(
    what: str, count: int, workload: Workload, variant: Variant, upstream: Upstream, effort: Effort
) -> Point:
    with servers.peers([variant], workload.sources, upstream.url) as (peer,):
        await rounds.check(workload, [peer])
        before = machine.memory_mb(peer.pid)
        machine.forget_peak(peer.pid)
        samples = [await rounds.sample(workload, peer, upstream, 1, effort.turn_s) for _ in range(effort.rounds)]
        peak_mb = machine.memory_mb(peer.pid, "VmHWM") - before
    return Point(
        what,
        count,
        median(sample.cpu_us for sample in samples),
        median(1000 / sample.per_second for sample in samples),
        median(sample.calls for sample in samples),
        max(peak_mb, 0.0),
    )
