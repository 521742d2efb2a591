"""Drift: how far what should run somewhere is behind the newest version of its product line. Pure.

Only versions whose order is known are counted against each other: releases (SEMVER and PEP440), or in a line without
any the dates. A number or a label is behind nothing and before nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from resolvers.knowledge.versions import RANKS, Understood, understand

MOST_COUNTED = 10
"Versions that are counted one by one, those with most devices first."


@dataclass(frozen=True, slots=True)
class Counted:
    """Devices by version as spelled, most first; `others`: all devices on the versions that are left out."""

    versions: Sequence[tuple[str, int]]
    others: int


def newest(trains: Iterable[Understood]) -> Understood | None:
    """The highest of a line's versions, of those whose order tells; None when it has none."""
    return max(_ordered(trains), key=lambda version: version.precedence, default=None)


def behind_by(target: Understood | None, trains: Iterable[Understood]) -> int | None:
    """How many of a line's versions are newer than the target; None without one, or where its order is unknown."""
    ordered = _ordered(trains)
    if target is None or not ordered or _family(target) != _family(ordered[0]):
        return None
    return sum(version.precedence > target.precedence for version in ordered)


def is_in_sync(behind: Iterable[int | None]) -> bool | None:
    """Whether nothing is behind: False as soon as one is known to be, None while one is unknown or there is none."""
    known = list(behind)
    if any(known):
        return False
    return True if known and None not in known else None


def counted(counts: Mapping[str, int]) -> Counted:
    """Of equal counts the higher version comes first."""
    running = [(raw, count) for raw, count in counts.items() if count > 0]
    running.sort(key=lambda one: understand(one[0]).order_key, reverse=True)
    running.sort(key=lambda one: one[1], reverse=True)
    return Counted(running[:MOST_COUNTED], sum(count for _, count in running[MOST_COUNTED:]))


def _ordered(trains: Iterable[Understood]) -> list[Understood]:
    """The versions of the family that counts: releases before dates."""
    told = list(trains)
    first = min(map(_family, told), default=None)
    return [version for version in told if _family(version) == first]


def _family(version: Understood) -> int:
    """SEMVER and PEP440 are one."""
    return RANKS[version.scheme]
