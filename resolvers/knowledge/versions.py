"""Versions: what a text means, and how any two of them compare.

One order over everything the upstreams call a version:

    SEMVER and PEP440 (release numbers padded with zeros, then pre-release)  <  DATE  <  NUMBER  <  LABEL

Ties go by build, then by the text itself, so two different texts never tie. Within SEMVER this refines python-semver,
within PEP440 it refines packaging. Between the two a PEP 440 pre-release stands where its long SemVer spelling would:
`1.2rc1` with `1.2.0-rc.1`, `1.2a1` with `1.2.0-alpha.1`.

Rejected: packaging alone. It refuses `1.2.3-hotfix.1`, takes balena's drafts (`1.2.3-1795218875297`) for
post-releases, and plain numbers and dates for versions. Pure.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

import packaging.version
import semver

from resolvers.knowledge.precedence import (
    Key,
    magnitude,
    pep440_build,
    pep440_stage,
    semver_build,
    semver_stage,
    unpadded,
)

GRAPHQL_INT_MAX: Final = 2**31 - 1
CACHED_TEXTS: Final = 32_768


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


def as_release(raw: str) -> Understood | None:
    """The text as SEMVER or PEP440, never as a date or a number: whoever writes `<2` means a release."""
    return _semver(raw) or _pep440(raw)


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
