"""Stated: the operations whose price is promised, and the figure each is promised at.

Of our own each is a file in operations/, whose first line says the figure and why. Those of the explorer stay where
they are, and their figures in starters.toml, by the name of the file. A line reads

    # 14 upstream calls, 18 in the larger world: a list of each scope; MetaKraftwerk's builds by one more.

The larger world is named only where calls grow with rows, and the reason says why. `67 to 74` where they hang on which
answer comes first.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
OPERATIONS = HERE / "operations"
STARTERS = HERE / "starters.toml"
STARTER_QUERIES = HERE.parents[1] / "gateway" / "http" / "explorer" / "queries"

_RANGE = r"(\d+)(?: to (\d+))?"
_LINE = re.compile(rf"{_RANGE} upstream calls?(?:, {_RANGE} in the larger world)?: (.+)")


@dataclass(frozen=True, slots=True)
class Price:
    """Upstream calls of the dearest subject: what they are at least and at most, whichever answer comes first."""

    least: int
    most: int

    def __str__(self) -> str:
        return str(self.most) if self.least == self.most else f"{self.least} to {self.most}"

    def holds(self, other: Price) -> bool:
        return self.least <= other.least and other.most <= self.most


@dataclass(frozen=True, slots=True)
class Stated:
    name: str
    query: str
    line: str
    prices: tuple[Price, ...]  # by world, as in worlds.SCALES
    reason: str


def stated() -> list[Stated]:
    """All operations, by name. Raises ValueError for a line that does not read as above."""
    return sorted([*_own(), *_starters()], key=lambda one: one.name)


def told(prices: tuple[Price, ...], reason: str) -> str:
    """The line for what was measured."""
    small, large = prices
    grown = f", {large} in the larger world" if large != small else ""
    return f"{small} upstream call{'s' if small.most != 1 else ''}{grown}: {reason}"


def _own() -> Iterator[Stated]:
    for file in OPERATIONS.glob("*.graphql"):
        text = file.read_text(encoding="utf-8")
        yield _read(file.stem, text, text.partition("\n")[0].removeprefix("# "))


def _starters() -> Iterator[Stated]:
    lines = tomllib.loads(STARTERS.read_text(encoding="utf-8"))
    for file in STARTER_QUERIES.glob("*.graphql"):
        yield _read(file.stem, file.read_text(encoding="utf-8"), lines.get(file.stem, "not in starters.toml"))


def _read(name: str, query: str, line: str) -> Stated:
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError(f"{name}: begin it with a line such as: # 14 upstream calls: why. It has: {line}")
    small = _price(match[1], match[2])
    large = _price(match[3], match[4]) if match[3] else small
    return Stated(name, query, line, (small, large), match[5])


def _price(least: str, most: str | None) -> Price:
    return Price(int(least), int(most or least))
