"""Doctor: every configured source, examined side by side by harmless reads, and told with what to do.

Not the gateway's own health: `/readyz` tells from what was asked anyway, while this asks, on an operator's word.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from gateway.openness import Openness
from gateway.settings import Settings
from resolvers.errors import UpstreamError
from resolvers.federation.product_lines import FleetRef, Naming
from resolvers.graph.fleet import Fleet
from resolvers.transport.observe import Call
from resolvers.transport.session import Transport
from resolvers.upstreams.config import SourceConfig, has_none
from resolvers.upstreams.examination import Check, Credential, Examination, Finding
from resolvers.upstreams.examiners import EXAMINERS
from resolvers.upstreams.port import FleetQuery, Upstream
from resolvers.upstreams.registry import open_source

MOST_SKEW_S = 60
"A Date header counts whole seconds, and answers take a while: what is within a minute is no finding."

Clock = Callable[[], datetime]


@dataclass(slots=True)
class Line:
    """What the calls of one source told, beside their answers. The quickest call knows the time best."""

    answers: int = 0
    latency_ms: float | None = None
    clock_skew_s: float | None = None  # the server's clock minus ours

    def observe(self, call: Call, now: datetime) -> None:
        if call.status is None:
            return
        self.answers += 1
        if self.latency_ms is None or call.duration_ms < self.latency_ms:
            self.latency_ms, self.clock_skew_s = call.duration_ms, _skew_s(call.server_date, now)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    name: str
    config: SourceConfig
    examination: Examination
    line: Line = field(default_factory=Line)

    @property
    def is_well(self) -> bool:
        is_in = self.examination.credential is Credential.ACCEPTED or has_none(self.config)
        return is_in and not self.examination.problems

    @property
    def told(self) -> dict[str, Any]:
        """As JSON has it: see the README."""
        exam = self.examination
        return {
            "name": self.name,
            "kind": self.config.kind.name,
            "url": self.config.url,
            "ok": self.is_well,
            "reachable": self.line.answers > 0,
            "latencyMs": self.line.latency_ms and round(self.line.latency_ms, 1),
            "clockSkewS": self.line.clock_skew_s and round(self.line.clock_skew_s, 1),
            "credential": exam.credential.value,
            "identity": exam.identity,
            "version": exam.version,
            "may": exam.may,
            "samples": [
                {"of": each.of.value, "rows": each.rows, "unknown": list(each.unknown), "missing": list(each.missing)}
                for each in exam.samples
            ],
            "problems": [_finding(each) for each in exam.problems],
            "warnings": [_finding(each) for each in exam.warnings],
        }


def examine(settings: Settings, clock: Clock = lambda: datetime.now(UTC)) -> list[Diagnosis]:
    """All sources, those with problems first, then by name. Runs a loop of its own; changes nothing anywhere."""
    return asyncio.run(_examined(settings, clock))


def report(diagnoses: Sequence[Diagnosis], gateway: Openness) -> dict[str, Any]:
    """What `--json` prints."""
    sources = [each.told for each in diagnoses]
    return {"ok": all(each.is_well for each in diagnoses), "gateway": gateway.told, "sources": sources}


async def _examined(settings: Settings, clock: Clock) -> list[Diagnosis]:
    lines = {name: Line() for name in settings.sources}
    async with Transport(lambda call: lines[call.source].observe(call, clock())) as transport:
        refs = [ref for line in settings.product_lines for ref in line.fleets]
        asked = (
            _one(name, config, transport, lines[name], [ref for ref in refs if ref.source == name])
            for name, config in settings.sources.items()
        )
        diagnoses = await asyncio.gather(*asked)
    return sorted(diagnoses, key=lambda each: (each.is_well, each.name))


async def _one(
    name: str, config: SourceConfig, transport: Transport, line: Line, refs: Sequence[FleetRef]
) -> Diagnosis:
    if has_none(config):
        return Diagnosis(name, config, _unasked(name, config), line)
    adapter = open_source(name, config, transport)
    examination = await EXAMINERS[config.kind](adapter)
    if refs and examination.is_let_in:
        await _find(examination, adapter, refs)
    skew_s = line.clock_skew_s
    if skew_s is not None and abs(skew_s) > MOST_SKEW_S:
        direction = "ahead of" if skew_s > 0 else "behind"
        message = f"its clock is {abs(skew_s):.0f} s {direction} ours"
        examination.warn(Check.CLOCK, message, "set the clock that is wrong: tokens and links run out by it")
    return Diagnosis(name, config, examination, line)


def _unasked(name: str, config: SourceConfig) -> Examination:
    examination = Examination(name)
    message = f"it has no credential of its own: callers bring theirs in {config.passthrough}, so nothing was asked"
    examination.warn(Check.CREDENTIAL, message, "give it a token too if it should be examined, or read without one")
    return examination


async def _find(examination: Examination, adapter: Upstream, refs: Sequence[FleetRef]) -> None:
    """Whether the fleets that product lines name are there, each read as the graph reads it."""
    with examination.asking(Check.PRODUCT_LINES):
        fleets = [fleet async for fleet in _named(adapter, refs)]
        for ref in (ref for ref in refs if not any(ref.means(fleet) for fleet in fleets)):
            message = f"a product line names the fleet with the {ref.naming.value} {ref.value}, which is not there"
            advice = "see [[product_lines]]: an id is what the graph calls nativeId, a slug has its organization in it"
            examination.complain(Check.PRODUCT_LINES, message, advice)


async def _named(adapter: Upstream, refs: Sequence[FleetRef]) -> AsyncIterator[Fleet]:
    """Raises what could not be found out: a fleet may be in the part that failed."""
    by = {naming: tuple(ref.value for ref in refs if ref.naming is naming) for naming in Naming}
    for found in (await adapter.fleets_by_id(by[Naming.ID])).values():
        if isinstance(found, UpstreamError):
            raise found
        yield found
    for query in (FleetQuery(slugs=by[Naming.SLUG]), FleetQuery(names=by[Naming.NAME])):
        if query.slugs or query.names:
            async for chunk in adapter.fleets(query):
                if chunk.failures:
                    raise chunk.failures[0].error
                for fleet in chunk.rows:
                    yield fleet


def _finding(finding: Finding) -> dict[str, str]:
    return {"check": finding.check.value, "message": finding.message, "advice": finding.advice}


def _skew_s(server_date: str | None, now: datetime) -> float | None:
    try:
        told = parsedate_to_datetime(server_date) if server_date else None
    except ValueError:
        return None
    if told is None:
        return None
    return ((told if told.tzinfo else told.replace(tzinfo=UTC)) - now).total_seconds()
