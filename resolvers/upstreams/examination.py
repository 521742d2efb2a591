"""Examination: what can be found out about a source by harmless reads. A vendor's `examine` fills it in.

An examiner asks one thing after the other, each inside `asking`: what goes wrong is noted there with what to do, and
the next thing is asked all the same. Only who is not let in is not asked any further.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

import msgspec

from resolvers.errors import UpstreamError, UpstreamRefused, UpstreamRejected, UpstreamTimeout, UpstreamUnreachable
from resolvers.graph.fleet import Fleet
from resolvers.upstreams import payload
from resolvers.upstreams.port import FleetQuery, Upstream

SAMPLED = 20
"Rows that are looked at of one list."
SHOWN = 3
"Names that are told of a longer list."

ADVICE: Mapping[str, str] = MappingProxyType(
    {
        "UPSTREAM_UNREACHABLE": "check its url, and that names and firewalls let it be reached from here",
        "UPSTREAM_TIMEOUT": "see whether it can be reached from here; if it is only slow, raise timeout_s",
        "UPSTREAM_REFUSED": "give it a credential that is valid and may read this",
        "UPSTREAM_BUSY": "run it again later; if it stays so, lower concurrency",
        "UPSTREAM_BROKEN": "it failed by itself: see its own log or status page",
        "UPSTREAM_CIRCUIT_OPEN": "it failed again and again: mend what was told first",
        "UPSTREAM_REJECTED": "check its url; else it is of a version that this adapter does not know",
        "UPSTREAM_PAYLOAD": "check that its url leads to this vendor; else the vendor changed: report it",
        "SOURCE_TOO_LARGE": "narrow its scope",
    }
)


class Check(StrEnum):
    """What a finding is about."""

    REACHABLE = "reachable"
    CREDENTIAL = "credential"
    CLOCK = "clock"
    VERSION = "version"
    ACCESS = "access"
    FLEETS = "fleets"
    RELEASES = "releases"
    PRODUCT_LINES = "product lines"


class Credential(StrEnum):
    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"
    UNKNOWN = "UNKNOWN"  # something else went wrong before that could be told


@dataclass(frozen=True, slots=True)
class Finding:
    """advice: what to do. Neither ever holds a secret."""

    check: Check
    message: str
    advice: str


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows of a list against the type they are read with, by their outermost members only.

    unknown: members that came and are not read. missing: members that are read and came in none of the rows; that is
    no fault by itself, since all but a few may be left out.
    """

    of: Check
    rows: int
    unknown: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(slots=True)
class Examination:
    """One source.

    version: as it tells it itself, else what of its API answered; None: it does not show.
    may: what its credential was seen to be allowed, a phrase each.
    """

    source: str
    version: str | None = None
    credential: Credential = Credential.UNKNOWN
    identity: str | None = None
    may: list[str] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    problems: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)

    @property
    def is_let_in(self) -> bool:
        return self.credential is Credential.ACCEPTED

    def accept(self, identity: str | None = None) -> None:
        self.credential, self.identity = Credential.ACCEPTED, identity

    def complain(self, check: Check, message: str, advice: str) -> None:
        self.problems.append(Finding(check, message, advice))

    def warn(self, check: Check, message: str, advice: str) -> None:
        self.warnings.append(Finding(check, message, advice))

    @contextmanager
    def asking(self, check: Check, advice: str | None = None, *, may_fail: bool = False) -> Iterator[None]:
        """What an upstream answers amiss inside ends it, and is noted.

        advice: instead of the usual one, for a credential that is refused or a list that is not accepted.
        may_fail: the source works without it, so that it is a warning.
        """
        try:
            yield
        except UpstreamError as error:
            self._note(check, error, advice, may_fail)

    async def fleets(self, adapter: Upstream) -> Sequence[Fleet]:
        """The fleets in scope as the graph would show them, noted under what the credential may."""
        found: list[Fleet] = []
        with self.asking(Check.FLEETS):
            async for chunk in adapter.fleets(FleetQuery()):
                found.extend(chunk.rows)
                for failure in chunk.failures:
                    self._note(Check.FLEETS, failure.error, None, may_fail=False)
            self._count(found)
        return found

    def sample(self, of: Check, raws: Sequence[msgspec.Raw], row: type[msgspec.Struct]) -> None:
        """Notes what the first rows hold, and a problem when some cannot be read."""
        looked_at = raws[:SAMPLED]
        names = [one.encode_name for one in msgspec.structs.fields(row)]
        came = dict.fromkeys(name for raw in looked_at for name in _members(raw))
        missing = tuple(name for name in names if name not in came) if looked_at else ()
        self.samples.append(Sample(of, len(looked_at), tuple(name for name in came if name not in names), missing))
        misfits = [misfit for raw in looked_at if (misfit := _misfit(raw, row))]
        if misfits:
            message = f"{len(misfits)} of {len(looked_at)} rows cannot be read: {misfits[0]}"
            self.problems.append(Finding(of, message, ADVICE["UPSTREAM_PAYLOAD"]))

    def _note(self, check: Check, error: UpstreamError, advice: str | None, may_fail: bool) -> None:
        if check is Check.CREDENTIAL and isinstance(error, UpstreamRefused):
            self.credential = Credential.REFUSED
        is_away = isinstance(error, UpstreamUnreachable | UpstreamTimeout)
        helps_with = UpstreamRefused if check is Check.CREDENTIAL else UpstreamRejected
        own = advice if isinstance(error, helps_with) else None
        finding = Finding(Check.REACHABLE if is_away else check, _unnamed(error), own or ADVICE.get(error.code, ""))
        notes = self.warnings if may_fail and not is_away else self.problems
        if finding.message not in [note.message for note in notes]:
            notes.append(finding)

    def _count(self, fleets: Sequence[Fleet]) -> None:
        if fleets:
            self.may.append(f"read {counted(len(fleets), 'fleet')}: {listed(fleet.name for fleet in fleets)}")
        else:
            advice = "check the names in its scope, and what its credential was given access to"
            self.warn(Check.ACCESS, "it is let in, and sees no fleet", advice)


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def listed(names: Iterator[str] | Sequence[str]) -> str:
    """The first names, and how many more there are."""
    every = list(names)
    more = f" and {len(every) - SHOWN} more" if len(every) > SHOWN else ""
    return ", ".join(every[:SHOWN]) + more


def _unnamed(error: UpstreamError) -> str:
    """Its sentence without the source's name, which stands above it already."""
    return str(error).removeprefix(f"{error.source}: ")


def _members(raw: msgspec.Raw) -> Sequence[str]:
    try:
        row = msgspec.json.decode(raw)
    except payload.UNREADABLE:
        return []
    return list(row) if isinstance(row, dict) else []


def _misfit(raw: msgspec.Raw, row: type[msgspec.Struct]) -> str | None:
    try:
        msgspec.json.decode(raw, type=row)
    except payload.UNREADABLE as error:
        return payload.sentence(error).replace("`", "")
    return None
