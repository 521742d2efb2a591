"""What the operations cost now, beside what they are promised at: `python -m tests.bounds`; `--write` puts it down.

Everything is tried several times, since answers race. A reason that no longer holds is to be mended by hand.
"""

from __future__ import annotations

import sys

from tests.bounds.measure import measured, prices_of
from tests.bounds.stated import OPERATIONS, STARTERS, Stated, stated, told

TIMES = 8


def main(arguments: list[str]) -> int:
    """0 when all promises are what was measured, or were made so; 1 when one is another."""
    operations = stated()
    prices = prices_of(measured(operations, times=TIMES))
    changed = [(one, told(prices[one.name], one.reason)) for one in operations if prices[one.name] != one.prices]
    for one in operations:
        sys.stdout.write(f"{one.name}: {told(prices[one.name], one.reason)}\n")
    for one, line in changed:
        sys.stdout.write(f"CHANGED {one.name}: it was {told(one.prices, one.reason)}\n")
        if "--write" in arguments:
            _write(one, line)
    return 1 if changed and "--write" not in arguments else 0


def _write(one: Stated, line: str) -> None:
    own = OPERATIONS / f"{one.name}.graphql"
    file = own if own.exists() else STARTERS
    file.write_text(file.read_text(encoding="utf-8").replace(one.line, line), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
