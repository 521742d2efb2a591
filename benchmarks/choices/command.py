"""Command: the cases one after the other, each from the same start, then their report."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence

from rich.console import Console

from benchmarks.choices import processes, report, serving
from benchmarks.choices.cases import CASES
from benchmarks.choices.measure import Effort, Figure
from gateway.app import collect_rarely

EFFORT = Effort(rounds=15, turn_s=0.15)
LIMIT_S = 55.0
"Of all cases together, should an upstream hang: what the effort takes is well below."
WIDTH = 120
"Of the table where the output is no terminal, which rich takes for 80 columns: too few."


def main(arguments: Sequence[str] | None = None) -> None:
    asked = _parser().parse_args(arguments)
    results = _measured(asked.cases or list(CASES))
    if asked.json:
        sys.stdout.write(report.as_json(results).decode() + "\n")
    else:
        console = Console(width=None if sys.stdout.isatty() else WIDTH)
        console.print(report.as_table(results))


def _parser() -> argparse.ArgumentParser:
    about = "What single choices cost, as ratios measured side by side."
    parser = argparse.ArgumentParser("python -m benchmarks.choices", description=about)
    parser.add_argument("cases", nargs="*", type=_case, metavar="case", help=f"all by default: {', '.join(CASES)}")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    return parser


def _case(name: str) -> str:
    if name not in CASES:
        raise argparse.ArgumentTypeError(f"no case is called {name!r}; there are {', '.join(CASES)}")
    return name


def _measured(names: Sequence[str]) -> dict[str, list[Figure]]:
    with processes.mocks() as url, asyncio.Runner(loop_factory=serving.loop_factory()) as runner:
        return runner.run(_run(names, url))


async def _run(names: Sequence[str], mock_url: str) -> dict[str, list[Figure]]:
    results = {}
    async with asyncio.timeout(LIMIT_S):
        for name in names:
            collect_rarely()
            results[name] = await CASES[name].run(mock_url, EFFORT)
    return results
