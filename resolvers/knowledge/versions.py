"""Versions: what a text means, how any two of them compare, and which of them a range admits.

One order over everything the upstreams call a version:

    SEMVER and PEP440 (release numbers padded with zeros, then pre-release)  <  DATE  <  NUMBER  <  LABEL

Ties go by build, then by the text itself, so two different texts never tie. Within SEMVER this refines python-semver,
within PEP440 it refines packaging. Between the two a PEP 440 pre-release stands where its long SemVer spelling would:
`1.2rc1` with `1.2.0-rc.1`, `1.2a1` with `1.2.0-alpha.1`.

Rejected: packaging alone. It refuses `1.2.3-hotfix.1`, takes balena's drafts (`1.2.3-1795218875297`) for
post-releases, plain numbers and dates for versions, and what a specifier says of pre-releases depends on its release.
So ranges are PEP 440's operators over the order of this module. Pure.
"""

from __future__ import annotations

import enum
import operator
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final, Self

import packaging.version
import semver

from resolvers.knowledge.precedence import (
    FINAL_STAGE,
    Key,
    follows_up_on,
    leads_up_to,
    magnitude,
    pep440_build,
    pep440_stage,
    semver_build,
    semver_stage,
    unpadded,
)

GRAPHQL_INT_MAX: Final = 2**31 - 1
MAX_CLAUSES: Final = 32  # each is tried on every row
CACHED_TEXTS: Final = 32_768

ACCEPTED: Final = (
    "accepted are clauses of an operator (== != <= >= < > ~=) and a version, joined by commas, such as `>=1.2,<2`"
)


class Scheme(enum.Enum):
    """How a version was understood."""

    SEMVER = "SEMVER"
    PEP440 = "PEP440"
    DATE = "DATE"
    NUMBER = "NUMBER"
    LABEL = "LABEL"


RANKS: Final[Mapping[Scheme, int]] = {
    Scheme.SEMVER: 0,
    Scheme.PEP440: 0,
    Scheme.DATE: 1,
    Scheme.NUMBER: 2,
    Scheme.LABEL: 3,
}


@dataclass(frozen=True, slots=True)
class Understood:
    """A version as spelled and as understood.

    normalized: the one spelling of its scheme: no `v`, PEP 440's canonical form, an ISO date, no leading zeros;
        None for a LABEL. `1.0` and `1.0.0` keep different ones: ask `precedence` whether two are the same version.
    major, minor, patch: of SEMVER and PEP440 (`1.2` is padded: patch 0); None elsewhere and beyond GraphQL's Int.
    prerelease, build: without `-` and `+`; PEP440's a, b, rc and dev parts, its local part.
    order_key: (rank, value, build, text after NFC, text), comparable with every other one.
    """

    raw: str
    scheme: Scheme
    normalized: str | None
    major: int | None
    minor: int | None
    patch: int | None
    prerelease: str | None
    build: str | None
    is_prerelease: bool
    order_key: Key

    @property
    def precedence(self) -> Key:
        """The order without build and spelling: equal for `1.2`, `v1.2.0` and `1.2.0+rev1`."""
        return self.order_key[:2]


def understand(raw: str, *, is_label: bool = False) -> Understood:
    """What a version text means; never fails, a text nobody can read is a LABEL.

    The first that holds: the adapter says `is_label` · all digits → NUMBER · a calendar date of 1990–2099 → DATE ·
    strict SemVer after an optional `v` → SEMVER · packaging reads it and it has a dot → PEP440 · LABEL.
    """
    return _understand(raw, is_label)


@lru_cache(maxsize=CACHED_TEXTS)
def _understand(raw: str, is_label: bool) -> Understood:
    if is_label:
        return _label(raw)
    return _number(raw) or _date(raw) or _semver(raw) or (_pep440(raw) if "." in raw else None) or _label(raw)


# --- one reader per scheme: None when the text is not of it ---


def _number(raw: str) -> Understood | None:
    if not (raw.isascii() and raw.isdigit()):  # isdigit alone takes `²`
        return None
    size = magnitude(raw)
    return _plain(raw, Scheme.NUMBER, normalized=size[1], value=size)


_DATE: Final = re.compile(r"(199[0-9]|20[0-9]{2})([-./_])([0-9]{1,2})\2([0-9]{1,2})")


def _date(raw: str) -> Understood | None:
    match = _DATE.fullmatch(raw)
    if match is None:
        return None
    try:
        day = date(int(match[1]), int(match[3]), int(match[4]))
    except ValueError:
        return None
    return _plain(raw, Scheme.DATE, normalized=day.isoformat(), value=(day.year, day.month, day.day))


def _label(raw: str) -> Understood:
    return _plain(raw, Scheme.LABEL, normalized=None, value=(unicodedata.normalize("NFC", raw),))


def _semver(raw: str) -> Understood | None:
    try:
        version = semver.Version.parse(raw[1:] if raw.startswith(("v", "V")) else raw)
    except ValueError:  # also for a number longer than int() reads
        return None
    return Understood(
        raw=raw,
        scheme=Scheme.SEMVER,
        normalized=str(version),
        major=_graphql_int(version.major),
        minor=_graphql_int(version.minor),
        patch=_graphql_int(version.patch),
        prerelease=version.prerelease,
        build=version.build,
        is_prerelease=version.prerelease is not None,
        order_key=_order_key(
            raw,
            Scheme.SEMVER,
            value=(0, unpadded(version.to_tuple()[:3]), semver_stage(version.prerelease)),
            build=semver_build(version.build),
        ),
    )


def _pep440(raw: str) -> Understood | None:
    try:
        version = packaging.version.Version(raw)
    except ValueError:  # InvalidVersion is one, so is a number longer than int() reads
        return None
    return Understood(
        raw=raw,
        scheme=Scheme.PEP440,
        normalized=str(version),
        major=_graphql_int(version.major),
        minor=_graphql_int(version.minor),
        patch=_graphql_int(version.micro),
        prerelease=version.public[len(version.base_version) :].lstrip(".") if version.is_prerelease else None,
        build=version.local,
        is_prerelease=version.is_prerelease,
        order_key=_order_key(
            raw,
            Scheme.PEP440,
            value=(version.epoch, unpadded(version.release), pep440_stage(version)),
            build=pep440_build(version.local),
        ),
    )


def _plain(raw: str, scheme: Scheme, *, normalized: str | None, value: Key) -> Understood:
    key = _order_key(raw, scheme, value=value)
    return Understood(raw, scheme, normalized, None, None, None, None, None, is_prerelease=False, order_key=key)


def _graphql_int(number: int) -> int | None:
    return number if number <= GRAPHQL_INT_MAX else None


# --- the order ---


def _order_key(raw: str, scheme: Scheme, *, value: Key, build: Key = ()) -> Key:
    # The raw text comes last so that two spellings with one NFC form still have an order.
    return (RANKS[scheme], value, build, unicodedata.normalize("NFC", raw), raw)


# --- ranges ---


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
    # Neither `2` nor `2026.03.04` is read as a number or a date here: whoever writes `<2` means a release.
    bound = _semver(operand) or _pep440(operand)
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
