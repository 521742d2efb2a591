"""Report: what was measured as JSON, as a table for people, and as the tables of docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from rich.table import Table

from benchmarks import machine
from benchmarks.growth import Point
from benchmarks.rounds import Cell, Result
from benchmarks.variants import LIMIT, PLAIN

COLUMNS = ("CPU µs", "by hand", "plain", "per second", "p50 ms", "p99 ms", "calls", "MB")
CAPTION = (
    "CPU µs: of the peer's process, for one request. by hand: how many times what the same costs without GraphQL.\n"
    "plain: how many times less than plain strawberry. calls: of the upstream, for one request. MB: resident memory."
)


@dataclass(frozen=True, slots=True)
class Report:
    """skipped: variants that this version cannot be set to, by name, with the settings it does not know.

    load: of the machine, before the run.
    """

    results: Sequence[Result]
    growth: Mapping[str, Sequence[Point]]
    skipped: Mapping[str, Sequence[str]]
    load: float = 0.0

    def as_json(self) -> bytes:
        """{"machine", "workloads": [{"name", "title", "cells": [...]}], "growth": {peer: [...]}, "skipped"}

        A cell: {"peer", "delay_ms", "in_flight", "cpu_us", "per_second", "p50_ms", "p99_ms", "calls", "memory_mb",
        "times_by_hand", "times_less_than_plain"}; the two ratios are null where the other peer did not take part.
        """
        told = {
            "machine": machine.described(self.load),
            "workloads": [_workload(result) for result in self.results],
            "growth": {peer: [asdict(point) for point in points] for peer, points in self.growth.items()},
            "skipped": self.skipped,
        }
        return orjson.dumps(told, option=orjson.OPT_INDENT_2)


def tables(report: Report) -> Iterable[Table]:
    told = orjson.loads(report.as_json())
    for workload in told["workloads"]:
        table = _table(f"{workload['name']}: {workload['title']}", ("peer", "delay ms", "in flight", *COLUMNS))
        for cell in workload["cells"]:
            table.add_row(cell["peer"], str(cell["delay_ms"]), str(cell["in_flight"]), *_cells(cell))
        yield table
    for peer, points in told["growth"].items():
        table = _table(f"growth of {peer}, one request at a time", GROWTH)
        for point in points:
            table.add_row(*_point(point))
        yield table


def markdown(report: Report) -> str:
    """The tables of the documentation, generated: the first delay with each number in flight, then the others."""
    told = orjson.loads(report.as_json())
    about = told["machine"]
    parts = [
        f"Measured on {about['date']}: {about['cores']} cores of {about['processor']}, {about['system']}, "
        f"Python {about['python']}. Others kept {about['load']} cores busy when it began: above none, times as "
        "seen by who asks are longer than they need be, and CPU times somewhat."
    ]
    for workload in told["workloads"]:
        for delay_ms in dict.fromkeys(cell["delay_ms"] for cell in workload["cells"]):
            parts.append(f"### {workload['name']}: {workload['title']}, {_upstream(delay_ms)}")
            rows = [
                [cell["peer"], str(cell["in_flight"]), *_cells(cell)]
                for cell in workload["cells"]
                if cell["delay_ms"] == delay_ms
            ]
            parts.append(_grid(("peer", "in flight", *COLUMNS), rows))
    for peer, points in told["growth"].items():
        parts.append(f"### Growth of {peer}, one request at a time")
        parts.append(_grid(GROWTH, [list(_point(point)) for point in points]))
    if told["skipped"]:
        said = "; ".join(f"{name} (no setting {', '.join(missing)})" for name, missing in told["skipped"].items())
        parts.append(f"Left out, as this version cannot be set so: {said}.")
    return "\n\n".join(parts) + "\n"


GROWTH = ("of", "count", "CPU µs", "CPU µs each", "wall ms", "calls", "peak MB", "kB each")


def _workload(result: Result) -> dict[str, Any]:
    cells = [_cell(result, cell) for cell in result.cells if cell.samples]
    return {"name": result.workload.name, "title": result.workload.title, "cells": cells}


def _cell(result: Result, cell: Cell) -> dict[str, Any]:
    limit, plain = (result.cell(name, cell.delay_ms, cell.in_flight) for name in (LIMIT, PLAIN))
    return {
        "peer": cell.peer,
        "delay_ms": cell.delay_ms,
        "in_flight": cell.in_flight,
        "cpu_us": round(cell.cpu_us, 1),
        "per_second": round(cell.per_second, 1),
        "p50_ms": round(cell.latency_ms(0.5), 3),
        "p99_ms": round(cell.latency_ms(0.99), 3),
        "calls": round(cell.calls, 3),
        "memory_mb": round(result.memory_mb[cell.peer], 1),
        "times_by_hand": None if limit is None else round(cell.ratio(limit), 3),
        # A turn of a few requests may take less than the system counts.
        "times_less_than_plain": None if plain is None or not cell.cpu_us else round(1 / cell.ratio(plain), 2),
    }


def _cells(cell: Mapping[str, Any]) -> list[str]:
    return [
        f"{cell['cpu_us']:.0f}",
        _ratio(cell["times_by_hand"]),
        _ratio(cell["times_less_than_plain"]),
        f"{cell['per_second']:.0f}",
        f"{cell['p50_ms']:.2f}",
        f"{cell['p99_ms']:.2f}",
        f"{cell['calls']:.2f}".rstrip("0").rstrip("."),
        f"{cell['memory_mb']:.0f}",
    ]


def _ratio(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _point(point: Mapping[str, Any]) -> tuple[str, ...]:
    each = point["cpu_us"] / point["count"]
    numbers = (f"{point['cpu_us']:.0f}", f"{each:.1f}", f"{point['wall_ms']:.1f}", f"{point['calls']:.0f}")
    memory = (f"{point['peak_mb']:.1f}", f"{point['peak_mb'] * 1024 / point['count']:.1f}")
    return (point["of"], f"{point['count']:,}", *numbers, *memory)


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, justify="left" if column in ("peer", "of") else "right", no_wrap=True)
    return table


def _grid(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rule = ["---", *("---:" for _ in columns[1:])]
    return "\n".join("| " + " | ".join(row) + " |" for row in (columns, rule, *rows))


def _upstream(delay_ms: int) -> str:
    return "upstream answers at once" if delay_ms == 0 else f"upstream answers after {delay_ms} ms"
