"""Measure: contenders taking turns, and what their turns say of them. Knows nothing of what they do."""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from statistics import median

Turn = Callable[[float], Awaitable[int]]
"Asks one request after the other until so many seconds are over, at least one; gives how many."


@dataclass(frozen=True, slots=True)
class Effort:
    """How long it may take: rounds x contenders x `turn_s`, and what the last request of each turn takes beyond."""

    rounds: int
    turn_s: float


@dataclass(frozen=True, slots=True)
class Contender:
    name: str
    turn: Turn
    prepare: Callable[[], None] | None = None  # before each turn, not counted


@dataclass(frozen=True, slots=True)
class Ratio:
    """To the first contender: above 1 is dearer. NaN where the clock is too coarse to tell."""

    median: float
    lowest: float
    highest: float


@dataclass(frozen=True, slots=True)
class Figure:
    """Milliseconds are per request, medians of the rounds. `requests` is how many there were in all."""

    contender: str
    rounds: int
    requests: int
    cpu_ms: float
    wall_ms: float
    cpu_ratio: Ratio
    wall_ratio: Ratio


@dataclass(frozen=True, slots=True)
class _Sample:
    requests: int
    cpu_ms: float
    wall_ms: float


async def compare(contenders: Sequence[Contender], effort: Effort) -> list[Figure]:
    """A figure for each contender, in their order. A turn of one request comes first, uncounted, to warm it up."""
    for contender in contenders:
        await _sample(contender, 0)
    samples: dict[str, list[_Sample]] = {contender.name: [] for contender in contenders}
    for number in range(effort.rounds):
        for contender in contenders if number % 2 == 0 else reversed(contenders):
            samples[contender.name].append(await _sample(contender, effort.turn_s))
    first = samples[contenders[0].name]
    return [_figure(name, of_it, first) for name, of_it in samples.items()]


def repeated(ask: Callable[[], Awaitable[object]]) -> Turn:
    """A turn of one request in this process."""

    async def turn(turn_s: float) -> int:
        end, count = time.perf_counter() + turn_s, 0
        while count == 0 or time.perf_counter() < end:
            await ask()
            count += 1
        return count

    return turn


async def _sample(contender: Contender, turn_s: float) -> _Sample:
    if contender.prepare is not None:
        contender.prepare()
    cpu, wall = time.process_time(), time.perf_counter()
    count = await contender.turn(turn_s)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return _Sample(count, cpu / count * 1000, wall / count * 1000)


def _figure(name: str, samples: Sequence[_Sample], first: Sequence[_Sample]) -> Figure:
    pairs = list(zip(samples, first, strict=True))
    return Figure(
        name,
        len(samples),
        sum(sample.requests for sample in samples),
        median(sample.cpu_ms for sample in samples),
        median(sample.wall_ms for sample in samples),
        _ratio([(mine.cpu_ms, other.cpu_ms) for mine, other in pairs]),
        _ratio([(mine.wall_ms, other.wall_ms) for mine, other in pairs]),
    )


def _ratio(pairs: Sequence[tuple[float, float]]) -> Ratio:
    ratios = [mine / other if other else math.nan for mine, other in pairs]
    return Ratio(median(ratios), min(ratios), max(ratios))
