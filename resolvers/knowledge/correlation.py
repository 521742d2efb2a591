"""Correlation: which releases of several systems are the same thing, and which versions a product line has. Pure.

Two releases are the same by their commit, else by their understood version within one product line. What proves
nothing is never used: a label, a plain number (everyone counts builds from 1), `0.0.0` (what was never versioned), or
a version that one fleet holds twice. Whoever asks leaves out drafts and what failed.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, TypeVar

from resolvers.knowledge.precedence import Key, stage_text
from resolvers.knowledge.versions import Scheme, Understood, understand

T = TypeVar("T", bound=Hashable)

WHOLE_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
TELLING: Final = frozenset({Scheme.SEMVER, Scheme.PEP440, Scheme.DATE})


class Rule(StrEnum):
    """What makes two releases the same thing, the stronger first."""

    REVISION = "REVISION"
    VERSION = "VERSION"


@dataclass(frozen=True, slots=True)
class Sighting(Generic[T]):
    """One release, seen in one fleet. `of` and `fleet` are whatever names them to whoever asks."""

    of: T
    fleet: Hashable
    raw_version: str | None = None
    revision: str | None = None

    @property
    def version(self) -> Understood | None:
        """As understood, where it tells a release from others; None for everything else."""
        if self.raw_version is None:
            return None
        understood = understand(self.raw_version)
        return understood if is_telling(understood) else None

    @property
    def commit(self) -> str | None:
        """The whole commit; None for an abbreviation or another word, which may be anybody's."""
        return self.revision if self.revision and WHOLE_COMMIT.fullmatch(self.revision) else None


@dataclass(frozen=True, slots=True)
class Match(Generic[T]):
    """The same thing elsewhere. evidence: a sentence."""

    of: T
    rule: Rule
    evidence: str


@dataclass(frozen=True, slots=True)
class Train(Generic[T]):
    """One version of a product line, wherever it shows.

    version: the least of its spellings, so that one without build metadata stands for all. key: a text that only this
    version has, whichever spellings are seen.
    """

    version: Understood
    key: str
    sightings: Sequence[Sighting[T]]


def is_telling(version: Understood) -> bool:
    return version.scheme in TELLING and (version.scheme is Scheme.DATE or version.order_key[1][1] != ())


def trains(sightings: Iterable[Sighting[T]]) -> list[Train[T]]:
    """The versions that the sightings tell of, highest first; versions of equal precedence are one."""
    groups: dict[Key, list[Sighting[T]]] = {}
    for sighting in sightings:
        if sighting.version is not None:
            groups.setdefault(sighting.version.precedence, []).append(sighting)
    return [_train(own) for _, own in sorted(groups.items(), reverse=True, key=lambda group: group[0])]


def by_revision(one: Sighting[T], others: Iterable[Sighting[T]]) -> list[Match[T]]:
    """Those of other fleets that were built from the same commit."""
    if one.commit is None:
        return []
    evidence = f"Both were built from the commit {one.commit}."
    same = (other for other in others if other.fleet != one.fleet and other.revision == one.commit)
    return [Match(other.of, Rule.REVISION, evidence) for other in same]


def by_version(one: Sighting[T], line: Iterable[Sighting[T]], line_name: str) -> list[Match[T]]:
    """Those of other fleets of the product line that have the same version, where each fleet has it once.

    line: all releases of the line's fleets, `one` itself among them or not.
    """
    if one.version is None:
        return []
    by_fleet: dict[Hashable, dict[T, Sighting[T]]] = {one.fleet: {one.of: one}}
    for other in line:
        if other.version is not None and other.version.precedence == one.version.precedence:
            by_fleet.setdefault(other.fleet, {})[other.of] = other
    if len(by_fleet.pop(one.fleet)) > 1:
        return []
    alone = [next(iter(own.values())) for own in by_fleet.values() if len(own) == 1]
    return [Match(other.of, Rule.VERSION, _same_version(one, other, line_name)) for other in alone]


def _train(sightings: list[Sighting[T]]) -> Train[T]:
    understood = [sighting.version for sighting in sightings if sighting.version is not None]
    least = min(understood, key=lambda version: version.order_key)
    return Train(least, spelled(least), sightings)


def _same_version(one: Sighting[T], other: Sighting[T], line_name: str) -> str:
    if one.raw_version == other.raw_version:
        said = f"Both are version {one.raw_version} of the product line {line_name}"
    else:
        said = f"{one.raw_version} and {other.raw_version} are one version of the product line {line_name}"
    differ = one.commit is not None and other.commit is not None and one.commit != other.commit
    return f"{said}, though built from different commits." if differ else f"{said}."


def spelled(version: Understood) -> str:
    """One text for all spellings of a version and for nothing else: `1.2` and `v1.2.0+rev1` are 1.2.0."""
    if version.scheme not in (Scheme.SEMVER, Scheme.PEP440):
        return version.normalized or version.raw
    epoch, release, stage = version.order_key[1]
    numbers = ".".join(map(str, (*release, 0, 0, 0)[: max(3, len(release))]))
    return f"{epoch}!{numbers}{stage_text(stage)}" if epoch else f"{numbers}{stage_text(stage)}"
