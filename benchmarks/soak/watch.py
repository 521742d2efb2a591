"""Watch: what the gateway holds, sampled while it runs, and at rest before and after."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.soak.processes import Process

EVERY_S = 1.5
AT_REST_WITHIN_S = 60.0
STEADY = 6
"Samples in a row that are alike: longer than idle connections are kept, so that nothing is being closed any more."
WARM_UP = 0.25
"Of the time: what a process takes to begin with is no growth."
MOST_GROWTH_MB, MOST_GROWTH = 24.0, 0.15
"Memory may rise by the larger of these, the second a share: freed memory is not all given back at once."
WARM_AFTER_S, MOST_WARMING_MB = 600.0, 80.0
"Of a shorter run all is warm-up: then only what would be a leak of whole answers can be told."
MORE_AT_REST = 3
"Descriptors or tasks that do not count: this connection, a thread's pipe."


@dataclass(frozen=True, slots=True)
class Sample:
    """under_way: operations and upstream calls. at_s: by the run's clock."""

    at_s: float
    memory_mb: float
    descriptors: int
    tasks: int
    under_way: int


@dataclass
class Watch:
    process: Process
    http: aiohttp.ClientSession
    clock: Callable[[], float]
    samples: list[Sample] = field(default_factory=list)

    async def look(self) -> Sample:
        async with self.http.get(f"{self.process.url}/metrics") as reply:
            told = numbers(await reply.text())
        under_way = told["releasegraph_operations_in_flight"] + told["releasegraph_upstream_in_flight"]
        tasks, held = round(told["releasegraph_tasks"]), self.process.descriptors
        return Sample(self.clock(), self.process.memory_mb, held, tasks, round(under_way))

    async def keep_looking(self) -> None:
        while True:
            self.samples.append(await self.look())
            await asyncio.sleep(EVERY_S)

    async def at_rest(self) -> Sample:
        """Once nothing is closed any more: connections that were idle are, after some seconds."""
        alike = [await self.look()]
        async with asyncio.timeout(AT_REST_WITHIN_S):
            while len(alike) < STEADY:
                await asyncio.sleep(EVERY_S)
                sample = await self.look()
                is_same = (sample.descriptors, sample.tasks, sample.under_way) == (
                    alike[0].descriptors,
                    alike[0].tasks,
                    alike[0].under_way,
                )
                alike = [*alike, sample] if is_same else [sample]
        return alike[-1]


def numbers(text: str) -> Mapping[str, float]:
    """Of each gauge the sum of its series; 0 for those that have none yet."""
    told: dict[str, float] = defaultdict(float)
    for family in text_string_to_metric_families(text):
        told[family.name] += sum(one.value for one in family.samples)
    return told


@dataclass(frozen=True, slots=True)
class Growth:
    """memory_mb: medians of the second and the last quarter of the run. course_mb: of each twentieth."""

    memory_mb: tuple[float, float]
    before: Sample
    after: Sample
    course_mb: tuple[float, ...] = ()

    def complaints(self) -> list[str]:
        first, last = self.memory_mb
        said, is_short = [], self.after.at_s - self.before.at_s < WARM_AFTER_S
        if last - first > (MOST_WARMING_MB if is_short else max(MOST_GROWTH_MB, MOST_GROWTH * first)):
            said.append(f"memory grew from {first:.0f} to {last:.0f} MB")
        for name in ("descriptors", "tasks"):
            began, ended = getattr(self.before, name), getattr(self.after, name)
            if ended > began + MORE_AT_REST:
                said.append(f"{name} at rest grew from {began} to {ended}")
        if self.after.under_way:
            said.append(f"{self.after.under_way} operations or calls are under way that nobody waits for")
        return said


def growth(samples: Sequence[Sample], before: Sample, after: Sample) -> Growth:
    """Raises ValueError for fewer samples than quarters."""
    if len(samples) < 4:
        raise ValueError("the run was too short to tell whether memory grows")
    warm, quarter = samples[int(len(samples) * WARM_UP) :], max(len(samples) // 4, 1)
    memory = median(one.memory_mb for one in warm[:quarter]), median(one.memory_mb for one in warm[-quarter:])
    step = max(len(samples) // 20, 1)
    parts = [samples[begin : begin + step] for begin in range(0, len(samples), step)]
    return Growth(memory, before, after, tuple(median(one.memory_mb for one in part) for part in parts))
