"""Judging: whether a reply is one that the weather explains, and is right where it claims to be whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.soak.mix import Question
from benchmarks.soak.weather import Weather

WELL = frozenset({"LIVE", "CACHED", "SKIPPED"})
UNCONFIRMED = "CHANGE_UNCONFIRMED"
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
        for word in self.said:
            if word in text:
                self._complain(question, "the reply holds what is nobody's to read")
        if status != 200 or not isinstance(body, dict):
            return self._complain(question, f"status {status}: {text[:200]!r}")
        for error in body.get("errors", ()):
            self._error(question, error, begin, end)
        self._states(question, body.get("extensions", {}).get("sources", {}), begin, end)
        return self._rows(question, body)

    def _error(self, question: Question, error: dict[str, Any], begin: float, end: float) -> None:
        code, source = error["extensions"].get("code"), error["extensions"].get("source", "")
        codes = set(self.weather.codes(source, begin, end))
        if question.is_change and codes:
            codes.add(UNCONFIRMED)
        if code in codes:
            self.expected[code] += 1
        else:
            self._complain(question, f"{code}: {error['message']}")

    def _states(self, question: Question, states: dict[str, str], begin: float, end: float) -> None:
        for source, state in states.items():
            if state not in WELL and not self.weather.codes(source, begin, end):
                self._complain(question, f"{source} is {state} without a trouble")

    def _rows(self, question: Question, body: dict[str, Any]) -> None:
        if question.name != "whole" or "errors" in body or not body["data"]["releases"]:
            return
        releases = body["data"]["releases"]
        if all(one["state"] in WELL for one in releases["sources"]) and releases["nodes"] != self.whole:
            self._complain(question, "a list that lost nothing has other rows than it had")

    def _complain(self, question: Question, what: str) -> None:
        self.unexpected_count += 1
        if len(self.unexpected) < SHOWN:
            self.unexpected.append(f"{question.name}: {what}")
