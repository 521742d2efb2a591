"""Ranges: which versions a text such as `>=1.2,<2` admits.

PEP 440's operators over the order of `versions`. Rejected: packaging's SpecifierSet, which refuses SemVer's own
pre-releases, and whose word on pre-releases differs from one of its releases to the next. Pure.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Self

from resolvers.knowledge.precedence import FINAL_STAGE, Key, follows_up_on, leads_up_to
from resolvers.knowledge.versions import Scheme, Understood, as_release

MAX_CLAUSES: Final = 32  # each is tried on every row

ACCEPTED: Final = (
    "accepted are clauses of an operator (== != <= >= < > ~=) and a version, joined by commas, such as `>=1.2,<2`"
)


@dataclass(frozen=True, slots=True)
class VersionRange:
    """A conjunction of PEP 440 clauses: `>=1.2,<2`, `~=1.4`, `==1.2.*`, `!=1.3.1`."""

    text: str
    clauses: tuple[_Clause, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """The range a text spells; blanks around clauses and operators are free.

        Raises ValueError with a sentence that names what is wrong and what is accepted.
        """
        parts = text.split(",")
        if len(parts) > MAX_CLAUSES:
            raise ValueError(f"The version range has {len(parts)} clauses, at most {MAX_CLAUSES} are accepted.")
        return cls(text, tuple(clause for part in parts for clause in _clauses(part.strip())))

    @property
    def names_prerelease(self) -> bool:
        """Whether a clause asks for a pre-release by name; to exclude one (`!=`) is not to ask for it."""
        return any(clause.bound.is_prerelease for clause in self.clauses if clause.sign != "!=")

    def contains(self, version: Understood, include_prereleases: bool = False) -> bool:
        """Whether every clause admits the version; only SEMVER and PEP440 are ever inside.

        A pre-release is inside only if `include_prereleases` is set or the range names one. Build metadata has no
        say, on either side: `==1.2.3` holds `1.2.3+rev1`, and `>1.2.3` does not. As in PEP 440, `<2` leaves out the
        pre-releases of 2, and `>2` its post-releases.
        """
        if version.scheme not in (Scheme.SEMVER, Scheme.PEP440):
            return False
        if version.is_prerelease and not include_prereleases and not self.names_prerelease:
            return False
        return all(clause.admits(version) for clause in self.clauses)


@dataclass(frozen=True, slots=True)
class _Clause:
    sign: str
    bound: Understood
    prefix: _Numbers | None = None  # instead of the bound, for == and !=

    def admits(self, version: Understood) -> bool:
        if self.prefix is not None:
            return _starts_with(version, self.prefix) is (self.sign == "==")
        if not _COMPARE[self.sign](version.precedence, self.bound.precedence):
            return False
        return not self._is_beside_the_bound(version)

    def _is_beside_the_bound(self, version: Understood) -> bool:
        """PEP 440's exclusive comparison: 2.0rc1 is before 2, but whoever writes `<2` does not want it."""
        if _padded_numbers(version) != _padded_numbers(self.bound):
            return False
        if self.sign == "<":
            return not self.bound.is_prerelease and leads_up_to(_stage(version), _stage(self.bound))
        return self.sign == ">" and follows_up_on(_stage(version), _stage(self.bound))


_COMPARE: Final[Mapping[str, Callable[[Key, Key], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
_CLAUSE: Final = re.compile(r"(===|==|!=|<=|>=|<|>|~=)\s*(.*)", re.DOTALL)
_Numbers = tuple[int, tuple[int, ...]]  # epoch, release numbers
_NUMBERS: Final = re.compile(r"(?:([0-9]+)!)?([0-9]+(?:\.[0-9]+)*)")


def _clauses(part: str) -> tuple[_Clause, ...]:
    """The clauses one part of a range stands for: one, or the two behind `~=`."""
    match = _CLAUSE.match(part)
    if match is None:
        raise _wrong(part, "starts with no operator" if part else "is empty")
    sign, operand = match.groups()
    if sign == "===":
        raise _wrong(part, "asks for a spelling, which is the filter `versions`")
    if operand.endswith(".*"):
        return (_prefix_clause(part, sign, operand[:-2]),)
    bound = _bound(part, operand)
    return _compatible(part, bound) if sign == "~=" else (_Clause(sign, bound),)


def _bound(part: str, operand: str) -> Understood:
    bound = as_release(operand)
    if bound is None:
        raise _wrong(part, f"names {_quoted(operand)}, which is no version")
    return bound


def _prefix_clause(part: str, sign: str, operand: str) -> _Clause:
    if sign not in ("==", "!="):
        raise _wrong(part, "has `.*`, which only == and != take")
    bound = _bound(part, operand)
    if _stage(bound) != FINAL_STAGE or bound.build is not None:
        raise _wrong(part, "has `.*` behind more than release numbers")
    return _Clause(sign, bound, prefix=_numbers(bound))


def _compatible(part: str, bound: Understood) -> tuple[_Clause, ...]:
    """`~=1.4.2` as PEP 440 spells it out: `>=1.4.2, ==1.4.*`."""
    epoch, numbers = _numbers(bound)
    if len(numbers) < 2:
        raise _wrong(part, "needs at least two release numbers after ~=")
    return _Clause(">=", bound), _Clause("==", bound, prefix=(epoch, numbers[:-1]))


def _numbers(version: Understood) -> _Numbers:
    """Epoch and release numbers as spelled, with their trailing zeros."""
    match = _NUMBERS.match(version.normalized or "")
    assert match is not None, "SEMVER and PEP440 begin with release numbers"
    return int(match[1] or 0), tuple(map(int, match[2].split(".")))


def _padded_numbers(version: Understood) -> Key:
    epoch, release, _ = version.order_key[1]
    return (epoch, release)


def _stage(version: Understood) -> Key:
    stage: Key = version.order_key[1][2]
    return stage


def _starts_with(version: Understood, prefix: _Numbers) -> bool:
    epoch, wanted = prefix
    found_epoch, found, _ = version.order_key[1]
    padded = (*found, *(0 for _ in wanted))[: len(wanted)]
    return (found_epoch, padded) == (epoch, wanted)


def _wrong(part: str, reason: str) -> ValueError:
    clause = f"clause {_quoted(part)}" if part else "clause"
    return ValueError(f"A {clause} of the version range {reason}; {ACCEPTED}.")


def _quoted(text: str) -> str:
    return f"`{text}`" if len(text) <= 40 else f"`{text[:40]}…`"
