"""Judging: whether a reply is one that the weather explains, and is right where it claims to be whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.soak.mix import Question
from benchmarks.soak.processes import TIMEOUT_S
from benchmarks.soak.weather import Weather

WELL = frozenset({"LIVE", "CACHED", "SKIPPED"})
SHOWN = 20
"Of what was not expected: the rest is counted."


@dataclass
class Judge:
    """whole: rows of the list that is known. said: what no reply may hold."""

    weather: Weather
    whole: Sequence[Any]
    said: Sequence[bytes]
    expected: Counter[str] = field(default_factory=Counter)
    "Errors that a trouble explains, by code."
    unexpected: list[str] = field(default_factory=list)
    unexpected_count: int = 0

    def judge(self, question: Question, begin: float, end: float, status: int, text: bytes, body: Any) -> None:
        """begin, end: by the weather's clock. body: of JSON, None when it is none."""
        wrong = ["it holds what is nobody's to read" for word in self.said if word in text]
        if status != 200 or not isinstance(body, dict):
            wrong.append(f"status {status}: {text[:200]!r}")
        else:
            wrong += self._errors(question, body.get("errors", ()), begin, end)
            wrong += self._states(body.get("extensions", {}).get("sources", {}), begin, end)
            wrong += self._rows(question, body)
        if wrong:
            self._complain(f"{question.name}, {end - begin:.1f} s, {self.weather.on(begin, end)}: {'; '.join(wrong)}")

    def _errors(self, question: Question, errors: Iterable[dict[str, Any]], begin: float, end: float) -> Iterator[str]:
        for error in errors:
            code, source = error["extensions"].get("code"), error["extensions"].get("source", "")
            if code in self._explained(question, source, begin, end):
                self.expected[code] += 1
            else:
                yield f"{code}: {error['message']}"

    def _explained(self, question: Question, source: str, begin: float, end: float) -> set[str]:
        codes = set(self.weather.codes(source, begin, end))
        if end - begin >= TIMEOUT_S and self.weather.keeps_waiting(begin, end):
            codes.add("UPSTREAM_TIMEOUT")
        if question.is_change and codes:
            codes.add("CHANGE_UNCONFIRMED")
        return codes

    def _states(self, states: Mapping[str, str], begin: float, end: float) -> Iterator[str]:
        is_late = end - begin >= TIMEOUT_S and self.weather.keeps_waiting(begin, end)
        for source, state in states.items():
            if state not in WELL and not is_late and not self.weather.codes(source, begin, end):
                yield f"{source} is {state} without a trouble"

    def _rows(self, question: Question, body: Mapping[str, Any]) -> Iterator[str]:
        if question.name != "whole" or "errors" in body or not body["data"]["releases"]:
            return
        releases = body["data"]["releases"]
        if all(one["state"] in WELL for one in releases["sources"]) and releases["nodes"] != self.whole:
            yield "a list that lost nothing has other rows than it had"

    def _complain(self, what: str) -> None:
        self.unexpected_count += 1
        if len(self.unexpected) < SHOWN:
            self.unexpected.append(what)
