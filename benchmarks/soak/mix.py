"""Mix: what is asked. Operations as a frontend would store them, look-ups of many, now and then a change."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from random import Random
from typing import Any

import orjson

from benchmarks.servers import ROOT
from gateway.demo import WRITE_TOKEN

STORED = ROOT / "tests" / "bounds" / "operations"
"Each has one required variable at most, named after what it is about."
STARTERS = ROOT / "gateway" / "http" / "explorer" / "queries"
SUBJECTS = """query Subjects {
  fleets(first: 100) { nodes { id } }
  releases(first: 200) { nodes { id revision } }
  notes: releases(first: 20, filter: { kinds: [BALENA] }) { nodes { id } }
  devices(first: 100) { nodes { id } }
}"""
WHOLE = "query Whole { releases(first: 200) { nodes { sourceName nativeId } sources { source { name } state } } }"
"Whose rows are known: an answer that lost nothing must have all of them, in order."
MANY = "query Many($ids: [ID!]!) { nodes(ids: $ids) { __typename ... on Release { name sourceName } } }"
CHANGE = """mutation Change($release: ID!, $notes: String!) {
  updateRelease(input: { id: $release, notes: $notes }) { release { notes } userErrors { message } }
}"""
BOARDS = ("version-board", "drift-board", "6-which-version-is-on-which-fleet")
"Dozens of upstream calls each, and the mocks are no fast servers."
USUAL = 6
"Times as often as a board each of the others is asked."
CHANGES = 0.01
"The share of changes: each has everything forgotten that is remembered of its source."

Ask = Callable[[bytes], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Question:
    """One request. headers: beside those of all."""

    name: str
    body: bytes
    headers: Mapping[str, str]
    is_change: bool = False


class Mix:
    """Questions in an order that the seed says. subjects: values of variables, by their names."""

    def __init__(self, seed: int, subjects: Mapping[str, Sequence[str]]):
        self._random = Random(seed)  # noqa: S311  # the same again for the same seed is what is wanted
        self._subjects = subjects
        self._changed = cycle(subjects["notes"])
        paths = [*STORED.glob("*.graphql"), *STARTERS.glob("*.graphql")]
        self._texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted(paths)}
        self._texts |= {"whole": WHOLE, "many": MANY}
        self._weights = [1 if name in BOARDS else USUAL for name in self._texts]

    def next(self) -> Question:
        if self._random.random() < CHANGES:
            return self._change()
        (name,) = self._random.choices(list(self._texts), self._weights)
        text = self._texts[name]
        return Question(name, orjson.dumps({"query": text, "variables": self._variables(text)}), {})

    def _variables(self, text: str) -> dict[str, Any]:
        if text is MANY:
            return {"ids": self._random.sample(self._subjects["release"], 20)}
        required = re.findall(r"\$(\w+): \w+!", text)
        return {name: self._random.choice(self._subjects[name]) for name in required}

    def _change(self) -> Question:
        # In turn: of two changes of one release at once, one finds the other's words where it looks for its own.
        release = next(self._changed)
        variables = {"release": release, "notes": f"soaked {self._random.randrange(10)}"}
        headers = {"Authorization": f"Bearer {WRITE_TOKEN}"}
        return Question("change", orjson.dumps({"query": CHANGE, "variables": variables}), headers, is_change=True)


async def subjects(ask: Ask) -> dict[str, list[str]]:
    """What operations are about, of a gateway over sources without trouble."""
    data = (await ask(orjson.dumps({"query": SUBJECTS})))["data"]
    found = {name: [row["id"] for row in data[f"{name}s"]["nodes"]] for name in ("fleet", "release", "device")}
    found["commit"] = [row["revision"] for row in data["releases"]["nodes"] if row["revision"]]
    found["notes"] = [row["id"] for row in data["notes"]["nodes"]]
    return found
