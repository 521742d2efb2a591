"""What one more row costs: counted in calls of Python functions, which no busy machine makes more of.

The times are in docs/benchmarks.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from benchmarks import servers
from benchmarks.servers import TOKENS, Upstream
from benchmarks.workloads import THREE, B, Source, Workload, rows_below_fleets
from gateway.access.principal import Caller
from gateway.execution.executor import Operation
from gateway.runtime import Runtime, running
from gateway.settings import Settings, load

WITHIN = 0.1


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    """A process of its own, so that what it does is not counted."""
    with servers.upstream() as started:
        yield started


@dataclass
class Cost:
    """Of one operation: calls of functions, Python's own included, and calls of upstreams."""

    functions: int
    upstream: int


class Counter:
    functions = 0

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        if event in ("call", "c_call"):
            self.functions += 1


@contextmanager
def counted() -> Iterator[Counter]:
    counter = Counter()
    sys.setprofile(counter)
    try:
        yield counter
    finally:
        sys.setprofile(None)


def settings(workload: Workload, upstream: Upstream, folder: Path) -> Settings:
    lines = ["[server]", "max_page_size = 1000", "[cache]", "ttl_s = 0", "[telemetry]", 'log_level = "warning"']
    for name, source in workload.sources.items():
        lines += [f"[sources.{name}]", f'kind = "{source.kind}"', f'url = "{source.url(upstream.url)}"']
    file = folder / "gateway.toml"
    file.write_text("\n".join(lines))
    return load(file, {f"{name.upper()}_TOKEN": TOKENS[source.kind] for name, source in workload.sources.items()})


async def cost(workload: Workload, upstream: Upstream, folder: Path) -> Cost:
    """Of the operation when its document is known and its answers are not."""
    async with running(settings(workload, upstream, folder)) as runtime:
        for _ in range(2):
            assert objects(await answer(runtime, workload)) == workload.objects
        before = await upstream.calls()
        with counted() as counter:
            await answer(runtime, workload)
        return Cost(counter.functions, await upstream.calls() - before)


async def answer(runtime: Runtime, workload: Workload) -> Any:
    asked = Operation(workload.text, None, dict(workload.variables[0]))
    found = runtime.executor.find(asked)
    context = runtime.request(Caller(runtime.settings.security, ""))
    answered = await runtime.executor.run(found, asked, context, "the-id", tell_losses=True)
    assert not answered.error_count, answered.body["errors"]
    return answered.body["data"]


def objects(data: Any) -> int:
    lists = [fleet["releases"] for fleet in data["fleets"]["nodes"]] if "fleets" in data else [data["releases"]]
    return sum(len(one["nodes"]) for one in lists)


async def test_a_row_costs_the_same_among_ten_thousand_as_among_a_hundred(upstream: Upstream, tmp_path: Path) -> None:
    few, some, many = [await cost(rows_below_fleets(rows), upstream, tmp_path) for rows in (100, 1000, 10_000)]

    low, high = (some.functions - few.functions) / 900, (many.functions - some.functions) / 9000
    assert high == pytest.approx(low, rel=WITHIN, abs=1)
    assert many.functions / 10_000 < few.functions / 100
    assert few.upstream == some.upstream == many.upstream


def merged(rows: int) -> Workload:
    sources = {name: Source(source.kind, source.seed, rows) for name, source in THREE.items()}
    return Workload("merged", "", B, sources, [{"first": 3 * rows}], 3 * rows)


async def test_a_row_of_a_merged_list_costs_the_same_among_nine_hundred_as_among_ninety(
    upstream: Upstream, tmp_path: Path
) -> None:
    few, some, many = [await cost(merged(rows), upstream, tmp_path) for rows in (30, 150, 300)]

    low, high = (some.functions - few.functions) / 360, (many.functions - some.functions) / 450
    assert high == pytest.approx(low, rel=WITHIN, abs=1)
    assert few.upstream == some.upstream == many.upstream
