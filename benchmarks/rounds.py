"""Rounds: peers taking turns at a workload, after each has shown that its answer is right."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import orjson

from benchmarks import load, machine, servers
from benchmarks.load import Connections
from benchmarks.servers import Peer, Upstream
from benchmarks.variants import Variant
from benchmarks.workloads import Workload, objects_of

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Effort:
    """What is run: so many rounds of so long a turn for each delay of the upstream and number in flight."""

    rounds: int
    turn_s: float
    delays_ms: Sequence[int]
    in_flight: Sequence[int]


@dataclass(frozen=True, slots=True)
class Sample:
    """One turn of one peer. calls: of the upstream, for each request."""

    cpu_us: float
    per_second: float
    calls: float
    latencies_ms: list[float]


@dataclass(slots=True)
class Cell:
    """A peer at one delay and number in flight; a sample for each round."""

    peer: str
    delay_ms: int
    in_flight: int
    samples: list[Sample] = field(default_factory=list)

    @property
    def cpu_us(self) -> float:
        return median(sample.cpu_us for sample in self.samples)

    @property
    def per_second(self) -> float:
        return median(sample.per_second for sample in self.samples)

    @property
    def calls(self) -> float:
        return median(sample.calls for sample in self.samples)

    def latency_ms(self, part: float) -> float:
        """Of all rounds together: the smallest that so large a part of the requests stay within."""
        ordered = sorted(one for sample in self.samples for one in sample.latencies_ms)
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))]

    def ratio(self, other: Cell) -> float:
        """To another's CPU time: the median over the rounds, so that a busy round meets both."""
        return median(mine.cpu_us / theirs.cpu_us for mine, theirs in zip(self.samples, other.samples, strict=True))


@dataclass(frozen=True, slots=True)
class Result:
    """memory_mb: resident at the end, by peer."""

    workload: Workload
    cells: list[Cell]
    memory_mb: Mapping[str, float]

    def cell(self, peer: str, delay_ms: int, in_flight: int) -> Cell | None:
        wanted = (peer, delay_ms, in_flight)
        return next((one for one in self.cells if (one.peer, one.delay_ms, one.in_flight) == wanted), None)


class WrongAnswerError(RuntimeError):
    """A peer answers, but not with what the others do: timing it would say nothing."""


async def run(
    workload: Workload, variants: Sequence[Variant], upstream: Upstream, effort: Effort, tell: Tell
) -> Result:
    """Raises WrongAnswerError, BadAnswerError."""
    taking_part = [one for one in variants if one.workloads is None or workload.name in one.workloads]
    with servers.peers(taking_part, workload.sources, upstream.url) as peers:
        await upstream.delay(0)
        await check(workload, peers)
        by_name = {peer.variant.name: peer for peer in peers}
        cells = [Cell(name, d, n) for d in effort.delays_ms for n in effort.in_flight for name in by_name]
        for number in range(effort.rounds):
            for cell in _in_turn(cells, number):
                tell(f"{workload.name}, round {number + 1}: {cell.delay_ms} ms, {cell.in_flight} at once, {cell.peer}")
                await upstream.delay(cell.delay_ms)
                peer = by_name[cell.peer]
                cell.samples.append(await sample(workload, peer, upstream, cell.in_flight, effort.turn_s))
        return Result(workload, cells, {name: machine.memory_mb(peer.pid) for name, peer in by_name.items()})


async def check(workload: Workload, peers: Sequence[Peer]) -> None:
    """Every body to every peer, before any is timed: which also has the upstream know all their requests."""
    truths = await _data(workload, peers[0])
    for data in truths:
        if objects_of(data) != workload.objects:
            raise WrongAnswerError(f"{workload.name}: {objects_of(data)} rows instead of {workload.objects}")
    for peer in peers[1:]:
        if await _data(workload, peer) != truths:
            raise WrongAnswerError(f"{workload.name}: {peer.variant.name} and {peers[0].variant.name} differ")


async def sample(workload: Workload, peer: Peer, upstream: Upstream, in_flight: int, turn_s: float) -> Sample:
    async with Connections(peer.port, _requests(workload, peer), in_flight) as connections:
        calls, cpu_s = await upstream.calls(), machine.cpu_s(peer.pid)
        turn = await connections.turn(turn_s)
        cpu_s, calls = machine.cpu_s(peer.pid) - cpu_s, await upstream.calls() - calls
    latencies_ms = [one * 1000 for one in turn.latencies_s]
    return Sample(cpu_s / turn.requests * 1e6, turn.requests / turn.wall_s, calls / turn.requests, latencies_ms)


def _in_turn(cells: Sequence[Cell], number: int) -> Sequence[Cell]:
    """Every other round backwards: who comes first is not always the same."""
    return cells if number % 2 == 0 else cells[::-1]


def _requests(workload: Workload, peer: Peer) -> list[bytes]:
    name = workload.text.partition("(")[0].removeprefix("query ")
    return load.packed(workload.bodies(peer.variant.operations.get(workload.name, name)))


async def _data(workload: Workload, peer: Peer) -> list[Any]:
    answers = await load.answers(peer.port, _requests(workload, peer))
    return [orjson.loads(answer)["data"] for answer in answers]
