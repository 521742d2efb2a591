"""Report: figures as a table for people, or as JSON for programs."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import orjson
from rich.table import Table

from benchmarks.choices.cases import CASES
from benchmarks.choices.measure import Figure

Results = Mapping[str, Sequence[Figure]]


def as_json(results: Results) -> bytes:
    """{"python", "machine", "cores", "cases": {name: {"title", "figures": [...]}}}

    Times in milliseconds a request; a ratio is {"median", "lowest", "highest"}, to the first figure of its case.
    """
    cases = {
        name: {"title": CASES[name].title, "figures": [asdict(figure) for figure in figures]}
        for name, figures in results.items()
    }
    return orjson.dumps({**_machine(), "cases": cases}, option=orjson.OPT_INDENT_2)


def as_table(results: Results) -> Table:
    table = Table(title=_title(), title_justify="left", caption=CAPTION, caption_justify="left")
    table.add_column("contender")
    for column in ("requests", "CPU ms", "CPU ratio", "lowest-highest", "wall ms", "wall ratio"):
        table.add_column(column, justify="right", no_wrap=True)
    for name, figures in results.items():
        table.add_row(f"[bold]{name}[/]: {CASES[name].title}")
        for figure in figures:
            table.add_row(f"  {figure.contender}", *_cells(figure))
        table.add_section()
    return table


CAPTION = (
    "Times are per request. CPU: the gateway's process alone; wall: mocks and client included.\n"
    "A ratio is to the first of its case, the median of the rounds. Lowest and highest, of the CPU ratio, lie far\n"
    "apart where something else kept the machine busy: do not trust such a row."
)


def _cells(figure: Figure) -> tuple[str, ...]:
    cpu, wall = figure.cpu_ratio, figure.wall_ratio
    cpu_cells = (f"{figure.cpu_ms:.3f}", f"[bold]{cpu.median:.2f}[/]", f"{cpu.lowest:.2f}-{cpu.highest:.2f}")
    return (f"{figure.requests}", *cpu_cells, f"{figure.wall_ms:.3f}", f"[bold]{wall.median:.2f}[/]")


def _title() -> str:
    machine = _machine()
    return f"Python {machine['python']} on {machine['machine']}, {machine['cores']} cores"


def _machine() -> dict[str, object]:
    return {"python": platform.python_version(), "machine": platform.machine(), "cores": os.cpu_count()}
