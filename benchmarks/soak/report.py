"""Report: the figures of a run, and what is wrong with them."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.soak.judging import Judge
from benchmarks.soak.load import Load
from benchmarks.soak.processes import Said
from benchmarks.soak.watch import Growth


@dataclass(frozen=True, slots=True)
class Report:
    """fastest_per_s, asked_per_s: requests. is_well: whether all sources were there again at the end. gone: what of the
    watching itself failed."""

    fastest_per_s: float
    asked_per_s: float
    lasted_s: float
    seed: int
    load: Load
    judge: Judge
    growth: Growth
    said: Said
    is_well: bool
    gone: Sequence[Exception]

    @property
    def complaints(self) -> list[str]:
        """Empty: all was as it should be."""
        said = [f"a line of the log: {line}" for line in self.said.kept]
        if self.judge.unexpected_count:
            said.append(f"{self.judge.unexpected_count} replies were not as the troubles explain, such as:")
            said += self.judge.unexpected
        if not self.is_well:
            said.append("not all sources were there again after the last trouble")
        if not self.judge.expected:
            said.append("no trouble was seen in any reply: nothing was tried")
        return [*said, *self.growth.complaints(), *(f"the watching failed: {error!r}" for error in self.gone)]

    @property
    def troubles(self) -> Counter[str]:
        return Counter(spell.trouble.name for spell in self.judge.weather.spells)

    def as_json(self) -> dict[str, Any]:
        return {
            "seed": self.seed,
            "minutes": round(self.lasted_s / 60, 2),
            "requests": len(self.load.latencies_s),
            "fastestPerS": round(self.fastest_per_s, 1),
            "askedPerS": round(self.asked_per_s, 1),
            "answeredPerS": round(len(self.load.latencies_s) / self.lasted_s, 1),
            "waitedForAPlace": self.load.behind,
            "latencyMs": {f"p{share}": self._latency_ms(share) for share in (50, 95, 99)},
            "troubles": dict(self.troubles.most_common()),
            "errorsExplained": dict(self.judge.expected.most_common()),
            "repliesUnexpected": self.judge.unexpected_count,
            "logBytes": self.said.size_bytes,
            "memoryMb": [round(one, 1) for one in self.growth.memory_mb],
            "memoryCourseMb": [round(one, 1) for one in self.growth.course_mb],
            "atRest": {"before": asdict(self.growth.before), "after": asdict(self.growth.after)},
            "complaints": self.complaints,
        }

    def _latency_ms(self, share: int) -> float:
        ordered = sorted(self.load.latencies_s)
        return round(ordered[min(len(ordered) * share // 100, len(ordered) - 1)] * 1000, 1)


def progress(at_s: float, of_s: float, requests: int, judge: Judge) -> None:
    explained = sum(judge.expected.values())
    line = (
        f"{at_s:.0f} of {of_s:.0f} s, {requests} requests, {explained} errors explained, {judge.unexpected_count} not"
    )
    Console(file=sys.stderr).print(line, highlight=False)


def show(made: Report, target: Path) -> None:
    told, console = made.as_json(), Console(highlight=False)
    table = Table(show_header=False)
    for name, value in _rows(told):
        table.add_row(name, value)
    console.print(table)
    for complaint in made.complaints:
        console.print(complaint, style="red", markup=False)
    console.print("all was as it should be" if not made.complaints else "not all was as it should be")
    console.print(f"figures: {target}", soft_wrap=True)


def _rows(told: dict[str, Any]) -> list[tuple[str, str]]:
    latency, rest, memory = told["latencyMs"], told["atRest"], told["memoryMb"]
    before, after = rest["before"], rest["after"]
    return [
        ("time", f"{told['minutes']} minutes, seed {told['seed']}"),
        ("as fast as it answers", f"{told['fastestPerS']} requests a second"),
        ("asked", f"{told['askedPerS']} a second; {told['waitedForAPlace']} had to wait for a place"),
        ("answered", f"{told['requests']}, {told['answeredPerS']} a second"),
        ("answered within", f"{latency['p50']} ms half of them, {latency['p95']} ms 95 %, {latency['p99']} ms 99 %"),
        ("troubles", _counted(told["troubles"])),
        ("errors that they explain", _counted(told["errorsExplained"])),
        ("replies that they do not", str(told["repliesUnexpected"])),
        ("memory", f"{memory[0]} MB after the warm-up, {memory[1]} MB at the end"),
        ("files and sockets at rest", f"{before['descriptors']} before, {after['descriptors']} after"),
        ("tasks at rest", f"{before['tasks']} before, {after['tasks']} after"),
        ("log", f"{told['logBytes'] / 1e6:.1f} MB, each line searched for secrets and tracebacks"),
    ]


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"
