"""Command: chooses workloads and peers, runs them, and puts the report where it is looked for."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import orjson
import uvloop
from rich.console import Console

from benchmarks import growth, machine, picture, report, rounds, servers
from benchmarks.load import BadAnswerError
from benchmarks.report import Report
from benchmarks.rounds import Effort, Tell, WrongAnswerError
from benchmarks.variants import GATEWAY, VARIANTS, Variant
from benchmarks.workloads import ONE, workloads

NAMES = ("A", "B", "C", "growth")
BUILT = servers.ROOT / "build" / "bench"
PAGE = servers.ROOT / "docs" / "benchmarks.md"
DRAWING = servers.ROOT / "docs" / "benchmarks.svg"
BEGIN, END = "<!-- figures: python -m benchmarks --publish -->", "<!-- end of figures -->"
WIDTH = 130
"Of the tables where the output is no terminal, which rich takes for 80 columns: too few."


def main(arguments: Sequence[str] | None = None) -> None:
    asked = _parser().parse_args(arguments)
    machine.refuse_others()
    before = os.sched_getaffinity(0)
    try:
        made = uvloop.run(_measured(asked))
    except (WrongAnswerError, BadAnswerError, RuntimeError) as error:
        sys.exit(f"the benchmarks cannot go on: {error}")
    finally:
        os.sched_setaffinity(0, before)
    _put(made, asked)


def effort_of(asked: argparse.Namespace) -> Effort:
    """A quick one looks whether all runs: its figures say little."""
    quick = Effort(1, 0.1, (0, 20), (1, 16))
    usual = Effort(3, 0.4, (0, 20), (1, 16, 64))
    base = quick if asked.quick else usual
    return Effort(
        asked.rounds or base.rounds,
        asked.seconds or base.turn_s,
        asked.delays_ms or base.delays_ms,
        asked.in_flight or base.in_flight,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    parser.add_argument("workloads", nargs="*", type=_one_of(NAMES), help=f"all by default: {', '.join(NAMES)}")
    names = [variant.name for variant in VARIANTS]
    parser.add_argument("--peer", action="append", type=_one_of(names), help=f"repeatable; of: {', '.join(names)}")
    parser.add_argument("--in-flight", action="append", type=int, help="repeatable; 1, 16 and 64 by default")
    parser.add_argument("--delays-ms", action="append", type=int, help="repeatable; 0 and 20 by default")
    parser.add_argument("--rounds", type=int, help="turns of each peer, 3 by default")
    parser.add_argument("--seconds", type=float, help="of one turn, 0.4 by default")
    parser.add_argument("--quick", action="store_true", help="one short round: does everything run and answer alike")
    parser.add_argument("--json", type=Path, help=f"where the figures go; {BUILT / 'report.json'} by default")
    parser.add_argument("--publish", action="store_true", help="put tables and picture into docs/")
    return parser


def _one_of(names: Sequence[str]) -> Callable[[str], str]:
    def named(name: str) -> str:
        if name not in names:
            raise argparse.ArgumentTypeError(f"there is no {name!r}; there are {', '.join(names)}")
        return name

    return named


async def _measured(asked: argparse.Namespace) -> Report:
    effort, chosen, names = effort_of(asked), _chosen(asked.peer), asked.workloads or NAMES
    usable = [variant for variant in chosen if not variant.missing()]
    skipped = {variant.name: variant.missing() for variant in chosen if variant.missing()}
    load = os.getloadavg()[0]
    os.sched_setaffinity(0, machine.cores()[0])
    with servers.upstream() as upstream:
        known = workloads(await upstream.release_ids(ONE["one"]))
        tell = _teller()
        results = [await rounds.run(known[name], usable, upstream, effort, tell) for name in names if name in known]
        grown = {}
        if "growth" in names:
            rows, sources = ((10, 1_000), (1, 5)) if asked.quick else (growth.ROWS, growth.SOURCES)
            for variant in (one for one in usable if one.name == GATEWAY):
                grown[variant.name] = await growth.run(variant, upstream, effort, tell, rows, sources)
        tell("")
    return Report(results, grown, skipped, load)


def _chosen(names: Sequence[str] | None) -> list[Variant]:
    return [variant for variant in VARIANTS if names is None or variant.name in names]


def _teller() -> Tell:
    """Where it is, for whoever waits; nothing where nobody looks."""
    if not sys.stderr.isatty():
        return lambda line: None
    console = Console(stderr=True)
    return lambda line: console.out(f"\r\033[K{line}", end="", highlight=False)


def _put(made: Report, asked: argparse.Namespace) -> None:
    told = orjson.loads(made.as_json())
    target: Path = asked.json or BUILT / "report.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(made.as_json())
    effort = effort_of(asked)
    in_flight = 16 if 16 in effort.in_flight else effort.in_flight[0]
    drawing = picture.drawn(told, delay_ms=effort.delays_ms[0], in_flight=in_flight)
    target.with_suffix(".svg").write_text(drawing, encoding="utf-8")
    if asked.publish:
        DRAWING.write_text(drawing, encoding="utf-8")
        PAGE.write_text(_with_figures(PAGE.read_text(encoding="utf-8"), report.markdown(made)), encoding="utf-8")
    _show(made, target)


def _with_figures(page: str, figures: str) -> str:
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{figures}\n{END}{rest.partition(END)[2]}"


def _show(made: Report, target: Path) -> None:
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    for table in report.tables(made):
        console.print(table)
    console.print(report.CAPTION)
    for name, missing in made.skipped.items():
        console.print(f"left out: {name}, as this version has no setting {', '.join(missing)}")
    console.print(f"figures: {target}, picture: {target.with_suffix('.svg')}")
