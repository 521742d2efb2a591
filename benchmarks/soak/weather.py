"""Weather: which source has which trouble when, and which errors that explains.

The seed says what comes in which order, the clock when. A trouble explains errors of requests that were under way
during it, and for a while after it: a breaker stays open, and a source that set a limit is asked less until it is
forgotten.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

LINGERS_S = 15.0
"After the end of a trouble: for breakers, tries that nobody waits for, and a busy machine that is late with all that."
LIMITED_S = 180.0
"After a 429: so long it may take until the limit that was learned of it is forgotten."
WAITED_FOR = frozenset({"UPSTREAM_TIMEOUT", "UPSTREAM_BUSY"})
LASTS_S, PAUSES_S = (2.0, 8.0), (1.0, 6.0)


@dataclass(frozen=True, slots=True)
class Trouble:
    """rule: as the mocks take it. codes: of the errors it explains."""

    name: str
    rule: Mapping[str, Any]
    codes: frozenset[str]
    lingers_s: float = LINGERS_S


def _trouble(name: str, rule: Mapping[str, Any], code: str, lingers_s: float = LINGERS_S) -> Trouble:
    # balena says 500 to what it cannot read. What is not asked, since it failed before, is told as such.
    more = {"UPSTREAM_CIRCUIT_OPEN", *(["UPSTREAM_REJECTED"] if name == "500" else [])}
    return Trouble(name, rule, frozenset({code, *more}), lingers_s)


_SAID = "<html>Traceback (most recent call last): words-of-an-upstream</html>"
TROUBLES = (
    _trouble("black hole", {"silent": True}, "UPSTREAM_TIMEOUT"),
    _trouble("slow first byte", {"delay_ms": 20_000}, "UPSTREAM_TIMEOUT"),
    _trouble("slow body", {"trickle_ms": 200}, "UPSTREAM_TIMEOUT"),
    _trouble("slower by half a second", {"delay_ms": 500}, "UPSTREAM_TIMEOUT"),
    _trouble("reset in the body", {"reset_body": True}, "UPSTREAM_UNREACHABLE"),
    _trouble("closed in the body", {"cut_body": True}, "UPSTREAM_UNREACHABLE"),
    _trouble("no answer", {"drop": True}, "UPSTREAM_UNREACHABLE"),
    _trouble("cut JSON", {"cut_json": True}, "UPSTREAM_PAYLOAD"),
    _trouble("wrong shape", {"wrong_shape": True}, "UPSTREAM_PAYLOAD"),
    _trouble("HTML", {"body": _SAID}, "UPSTREAM_PAYLOAD"),
    _trouble("401", {"status": 401, "body": _SAID}, "UPSTREAM_REFUSED"),
    _trouble("403", {"status": 403}, "UPSTREAM_REFUSED"),
    _trouble("404", {"status": 404}, "UPSTREAM_REJECTED"),
    _trouble("429", {"status": 429, "retry_after": 1}, "UPSTREAM_BUSY", LIMITED_S),
    _trouble("500", {"status": 500, "body": _SAID}, "UPSTREAM_BROKEN"),
    _trouble("503", {"status": 503}, "UPSTREAM_BROKEN"),
    _trouble("503 now and then", {"status": 503, "times": 3}, "UPSTREAM_BROKEN"),
    _trouble("endless redirect", {"redirect": True}, "UPSTREAM_REJECTED"),
)


@dataclass(frozen=True, slots=True)
class Spell:
    """A source's trouble from `begins` until `ends`, in seconds of the run's clock; until then it is infinite."""

    source: str
    trouble: Trouble
    begins: float
    ends: float

    def explains(self, source: str, begin: float, end: float) -> bool:
        """Whether it may have met a request of that time."""
        return source == self.source and begin <= self.ends + self.trouble.lingers_s and self.begins <= end


@dataclass
class Weather:
    """put: has the mocks follow these rules. clock: the run's. wait: sleeps."""

    seed: int
    sources: Sequence[str]
    put: Callable[[list[dict[str, Any]]], Awaitable[None]]
    clock: Callable[[], float]
    wait: Callable[[float], Awaitable[None]]
    spells: list[Spell] = field(default_factory=list)

    async def change(self) -> None:
        """One trouble after the other, sometimes of two sources at once, for as long as it is let."""
        random = Random(self.seed)  # noqa: S311  # the same again for the same seed is what is wanted
        while True:
            await self.wait(random.uniform(*PAUSES_S))
            struck = random.sample(list(self.sources), random.choice((1, 1, 2)))
            begun = [Spell(source, random.choice(TROUBLES), self.clock(), float("inf")) for source in struck]
            self.spells += begun
            await self.put([{"source": one.source, **one.trouble.rule} for one in begun])
            await self.wait(random.uniform(*LASTS_S))
            await self.clear()

    async def clear(self) -> None:
        await self.put([])
        now = self.clock()
        self.spells = [
            one if one.ends < now else Spell(one.source, one.trouble, one.begins, now) for one in self.spells
        ]

    def codes(self, source: str, begin: float, end: float) -> Collection[str]:
        """Of errors that a request of that time may have had of that source."""
        met = (one.trouble.codes for one in self.spells if one.explains(source, begin, end))
        return frozenset().union(*met)

    def on(self, begin: float, end: float) -> str:
        """What there was, for whoever reads a complaint."""
        met = [f"{one.source}: {one.trouble.name}" for one in self.spells if one.explains(one.source, begin, end)]
        return ", ".join(met) or "no trouble"

    def keeps_waiting(self, begin: float, end: float) -> bool:
        """Whether a source may have used up the time of the whole request: what is asked below it then has none. One
        that set a limit is asked slowly, for as long as that is remembered."""
        return any(WAITED_FOR & set(self.codes(source, begin, end)) for source in self.sources)
