"""The soak: what it takes for well, and what it complains of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.soak.judging import Judge
from benchmarks.soak.mix import Mix, Question
from benchmarks.soak.processes import TIMEOUT_S, Said
from benchmarks.soak.watch import WARM_AFTER_S, Growth, Sample, growth
from benchmarks.soak.weather import LINGERS_S, TROUBLES, Spell, Trouble, Weather
from upstream_mocks.faults import Faults
from upstream_mocks.world import KINDS

BROKEN = next(trouble for trouble in TROUBLES if trouble.name == "503")
ROWS = [{"sourceName": "memfault", "nativeId": "1"}]
SILENT = next(trouble for trouble in TROUBLES if trouble.name == "black hole")
LIMITED = next(trouble for trouble in TROUBLES if trouble.name == "429")
WHOLE, CHANGE = Question("whole", b"", {}), Question("change", b"", {}, is_change=True)
REST = Sample(0, 100, 16, 3, 0)


async def nothing(*_: Any) -> None:
    pass


@pytest.fixture
def judge() -> Judge:
    """Of a run in which Memfault failed from second 10 to 20."""
    weather = Weather(1, KINDS, nothing, lambda: 0.0, nothing, [Spell("memfault", BROKEN, 10, 20)])
    return Judge(weather, ROWS, (b"hemlighet",))


def reply(code: str | None = None, source: str = "memfault", state: str = "LIVE", rows: Any = None) -> dict[str, Any]:
    releases = {"nodes": ROWS if rows is None else rows, "sources": [{"state": state}]}
    errors = {} if code is None else {"errors": [{"message": "m", "extensions": {"code": code, "source": source}}]}
    return {"data": {"releases": releases}, "extensions": {"sources": {source: state}}, **errors}


def judged(
    judge: Judge, body: Any, *, at: float, lasted_s: float = 1, question: Question = WHOLE, status: int = 200
) -> list[str]:
    judge.judge(question, at, at + lasted_s, status, json.dumps(body).encode(), body)
    return judge.unexpected


@pytest.mark.parametrize("at", [9.5, 15, 20 + LINGERS_S], ids=["as it begins", "during it", "as it lingers"])
def test_an_error_that_a_trouble_explains_is_counted(judge: Judge, at: float) -> None:
    complaints = judged(judge, reply("UPSTREAM_BROKEN", state="FAILED"), at=at)

    assert (complaints, dict(judge.expected)) == ([], {"UPSTREAM_BROKEN": 1})


@pytest.mark.parametrize(
    ("body", "at", "said"),
    [
        pytest.param(reply("UPSTREAM_BROKEN"), 5, "UPSTREAM_BROKEN: m", id="before it"),
        pytest.param(reply("UPSTREAM_BROKEN"), 21 + LINGERS_S, "UPSTREAM_BROKEN: m", id="long after it"),
        pytest.param(reply("UPSTREAM_BROKEN", "balena"), 15, "UPSTREAM_BROKEN: m", id="of another source"),
        pytest.param(reply("UPSTREAM_PAYLOAD"), 15, "UPSTREAM_PAYLOAD: m", id="of another kind"),
        pytest.param(reply("INTERNAL", ""), 15, "INTERNAL: m", id="of ours"),
        pytest.param(reply("CHANGE_UNCONFIRMED"), 15, "CHANGE_UNCONFIRMED: m", id="of a change that was none"),
        pytest.param(reply(state="FAILED"), 5, "memfault is FAILED without a trouble", id="a source is gone"),
        pytest.param(reply(rows=[]), 5, "a list that lost nothing has other rows than it had", id="rows are gone"),
        pytest.param([], 5, "status 200: b'[]'", id="no reply at all"),
        pytest.param(reply(rows=["hemlighet"], state="STALE"), 15, "what is nobody's to read", id="a secret"),
    ],
)
def test_what_no_trouble_explains_is_complained_of(judge: Judge, body: Any, at: float, said: str) -> None:
    complaints = judged(judge, body, at=at)

    assert len(complaints) == 1
    assert said in complaints[0]


def test_a_status_that_is_not_200_is_complained_of_whatever_it_holds(judge: Judge) -> None:
    assert judged(judge, reply(), at=15, status=503) != []


def test_a_change_may_be_unconfirmed_in_a_trouble(judge: Judge) -> None:
    assert judged(judge, reply("CHANGE_UNCONFIRMED"), at=15, question=CHANGE) == []


@pytest.mark.parametrize("trouble", [SILENT, LIMITED], ids=["silent", "limited"])
def test_a_late_answer_of_one_source_is_explained_by_another_that_kept_the_request_waiting(
    judge: Judge, trouble: Trouble
) -> None:
    late = reply("UPSTREAM_TIMEOUT", "balena", "FAILED")
    judge.weather.spells.append(Spell("nerveshub", trouble, 12, 14))

    at_once = list(judged(judge, late, at=13))
    complaints = judged(judge, late, at=13, lasted_s=TIMEOUT_S)

    weather = f"memfault: 503, nerveshub: {trouble.name}"
    (first,) = at_once
    assert first == f"whole, 1.0 s, {weather}: UPSTREAM_TIMEOUT: m; balena is FAILED without a trouble"
    assert complaints == at_once


@pytest.mark.parametrize(
    ("samples_mb", "after", "said"),
    [
        pytest.param([80, 100, 101, 102], {}, [], id="well"),
        pytest.param([20, 100, 100, 100], {}, [], id="warming up"),
        pytest.param([100, 100, 200, 400], {}, ["memory grew from 100 to 400 MB"], id="memory"),
        pytest.param([100] * 4, {"descriptors": 40}, ["descriptors at rest grew from 16 to 40"], id="descriptors"),
        pytest.param([100] * 4, {"tasks": 30}, ["tasks at rest grew from 3 to 30"], id="tasks"),
        pytest.param(
            [100] * 4, {"under_way": 2}, ["2 operations or calls are under way that nobody waits for"], id="calls"
        ),
    ],
)
def test_growth_is_complained_of(samples_mb: list[float], after: Mapping[str, Any], said: list[str]) -> None:
    samples = [replace(REST, memory_mb=one) for one in samples_mb]

    grown: Growth = growth(samples, REST, replace(REST, at_s=WARM_AFTER_S + 1, **after))

    assert grown.complaints() == said


def test_a_line_of_the_log_that_holds_a_secret_is_kept(tmp_path: Path) -> None:
    log, said = tmp_path / "log", Said((b"hemlighet",))
    log.write_bytes(b'{"event": "operation"}\n{"event": "hemlighet"}\n')

    with log.open("rb") as stream:
        said.read(stream)

    assert (said.kept, said.size_bytes) == (['{"event": "hemlighet"}\n'], 46)


def test_the_same_seed_asks_the_same(subjects: dict[str, list[str]]) -> None:
    one, same, other = (Mix(seed, subjects) for seed in (1, 1, 2))

    questions = [[mix.next().body for _ in range(50)] for mix in (one, same, other)]

    assert questions[0] == questions[1] != questions[2]


@pytest.fixture
def subjects() -> dict[str, list[str]]:
    names = ("fleet", "release", "device", "commit", "notes")
    return {name: [f"{name}-{number}" for number in range(30)] for name in names}


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.name)
def test_every_trouble_is_one_that_the_mocks_take(trouble: Any) -> None:
    faults = Faults()

    faults.put(json.dumps([{"source": "balena", **trouble.rule}]).encode())

    assert len(faults.rules) == 1
