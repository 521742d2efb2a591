"""Lineage: whatever releases say of one another, each question has an end, and the answers agree with each other."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.knowledge.lineage import MAX_DEPTH, Line, Step

IDS = st.integers(1, 30).map(str)
DANGLING = st.one_of(st.none(), IDS, st.just("999"), st.just("gone"))


@st.composite
def forests(draw: st.DrawFn) -> list[Step]:
    """Linked releases: trees, circles, links to themselves and to what nobody has."""
    return [
        Step(
            native_id,
            is_linked=True,
            previous_id=draw(DANGLING),
            hotfix_of_id=draw(DANGLING),
            rank=(draw(st.integers(0, 3)),),
            counts=draw(st.booleans()),
        )
        for native_id in draw(st.lists(IDS, unique=True))
    ]


@st.composite
def lines(draw: st.DrawFn) -> list[Step]:
    """Ranked releases, several of one rank and some of none."""
    ranks = st.one_of(st.none(), st.integers(0, 5).map(lambda rank: (rank,)))
    ids = draw(st.lists(IDS, unique=True))
    return [Step(native_id, rank=draw(ranks), counts=draw(st.booleans())) for native_id in ids]


def answers(steps: list[Step]) -> dict[str, Any]:
    """All that can be asked of these releases."""
    line = Line.of(steps)
    of_each = {
        step.native_id: (
            line.previous(step.native_id),
            line.next(step.native_id),
            line.hotfix_of(step.native_id),
            line.hotfixes(step.native_id),
        )
        for step in steps
    }
    return {**of_each, "latest": line.latest()}


ANY = st.one_of(forests(), lines(), st.builds(lambda a, b: [*a, *(s for s in b if s not in a)], forests(), lines()))


@given(ANY)
def test_every_question_about_any_family_has_an_answer(steps: list[Step]) -> None:
    known = {step.native_id for step in steps}

    told = answers(steps)

    named = [one for answer in told.values() for one in _flat(answer)]
    assert set(named) <= known


@given(ANY, st.randoms())
def test_the_order_rows_come_in_changes_nothing(steps: list[Step], random: Any) -> None:
    unique = list({step.native_id: step for step in steps}.values())
    shuffled = random.sample(unique, len(unique))

    assert answers(shuffled) == answers(unique)


@given(ANY)
def test_next_is_previous_turned_round_and_hotfixes_are_hotfix_of(steps: list[Step]) -> None:
    line = Line.of(steps)

    for one in line.steps:
        assert all(line.previous(each) == one for each in line.next(one))
        assert all(line.hotfix_of(each) == one for each in line.hotfixes(one))
        assert line.previous(one) is None or one in line.next(str(line.previous(one)))
        assert line.hotfix_of(one) is None or one in line.hotfixes(str(line.hotfix_of(one)))


@given(ANY)
def test_no_release_follows_or_mends_itself(steps: list[Step]) -> None:
    line = Line.of(steps)

    assert all(one not in (line.previous(one), line.hotfix_of(one)) for one in line.steps)


@given(forests())
def test_the_latest_counts_and_is_there_whenever_one_counts(steps: list[Step]) -> None:
    latest = Line.of(steps).latest()

    counting = {step.native_id for step in steps if step.counts}
    assert latest in counting if counting else latest is None


@given(lines())
def test_a_ranked_line_runs_back_to_its_first_without_a_gap(steps: list[Step]) -> None:
    line = Line.of(steps)
    counting = [step.native_id for step in steps if step.counts and step.rank is not None]
    walked, at = [], line.latest()

    while at is not None:
        walked.append(at)
        at = line.previous(at)

    assert sorted(walked) == sorted(counting)
    assert walked == sorted(counting, key=lambda one: (line.steps[one].rank, int(one)), reverse=True)


@given(lines())
def test_a_release_that_does_not_count_is_nobodys_predecessor(steps: list[Step]) -> None:
    line = Line.of(steps)

    assert all(line.next(step.native_id) == [] for step in steps if not step.counts)


def test_a_hotfix_branches_off_and_the_mainline_goes_on() -> None:
    line = Line.of(
        [
            Step("40", is_linked=True, rank=(0,)),
            Step("44", is_linked=True, previous_id="40", rank=(1,)),
            Step("47", is_linked=True, previous_id="44", hotfix_of_id="44", rank=(2,)),
            Step("49", is_linked=True, previous_id="47", hotfix_of_id="44", rank=(3,)),
            Step("48", is_linked=True, previous_id="44", rank=(4,)),
        ]
    )

    assert line.next("44") == ["47", "48"]
    assert line.hotfixes("44") == ["47", "49"]
    assert (line.hotfix_of("49"), line.previous("49")) == ("44", "47")
    assert line.latest() == "49"


@pytest.mark.parametrize("gone", ["99", "41"])
def test_a_link_to_what_nobody_sees_leads_nowhere(gone: str) -> None:
    line = Line.of([Step("42", is_linked=True, previous_id=gone, hotfix_of_id=gone)])

    assert (line.previous("42"), line.hotfix_of("42"), line.latest()) == (None, None, "42")


def test_two_that_follow_each_other_are_each_others_neighbours() -> None:
    line = Line.of([Step("1", is_linked=True, previous_id="2"), Step("2", is_linked=True, previous_id="1")])

    assert (line.previous("1"), line.previous("2")) == ("2", "1")
    assert (line.next("1"), line.next("2")) == (["2"], ["1"])
    assert line.latest() == "2"


def test_a_chain_longer_than_any_real_one_is_answered() -> None:
    chain = [Step(str(n), is_linked=True, previous_id=str(n - 1), rank=(n,)) for n in range(1, 5 * MAX_DEPTH)]

    line = Line.of(chain)

    assert line.latest() == str(5 * MAX_DEPTH - 1)
    assert line.previous("1") is None


def _flat(answer: Any) -> list[str]:
    if answer is None:
        return []
    return [answer] if isinstance(answer, str) else [one for part in answer for one in _flat(part)]
