"""Correlation: what is the same thing in two systems, what only looks like it, and which versions a line has."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.knowledge.correlation import Match, Rule, Sighting, by_revision, by_version, spelled, trains
from resolvers.knowledge.versions import understand

COMMIT = "57d0a1b2c3d4e5f60718293a4b5c6d7e8f901234"
OTHER = "0" * 40

SPELLINGS = st.one_of(
    st.from_regex(r"v?[0-3]\.[0-2]\.[0-2](-(rc|alpha|post1|dev1)(\.[0-2])?)?(\+(rev[0-2]|b1))?", fullmatch=True),
    st.from_regex(r"([01]!)?[0-3]\.[0-2](\.[0-2]){0,2}((a|b|rc)[0-2])?(\.post[0-2])?(\.dev[0-2])?", fullmatch=True),
    st.from_regex(r"2026[.-]0[1-3][.-]0[1-3]", fullmatch=True),
    st.sampled_from(["7", "007", "spring-a", "", "0.0.0", "0.0.0+rev1", "0.0.0-rc.1", "1.2.3-1795218875297"]),
)


def seen(of: str, fleet: str, version: str | None = "1.3.0", revision: str | None = None) -> Sighting[str]:
    return Sighting(of, fleet, version, revision)


ONE = seen("one", "here", revision=COMMIT)


# By commit


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        pytest.param(seen("other", "there", "9", COMMIT), True, id="the same commit under another version"),
        pytest.param(seen("other", "there", "9", OTHER), False, id="another commit"),
        pytest.param(seen("other", "there", "9", COMMIT[:12]), False, id="an abbreviation"),
        pytest.param(seen("other", "there", "9", None), False, id="no commit"),
        pytest.param(seen("other", "here", "9", COMMIT), False, id="in the same fleet"),
    ],
)
def test_a_commit_is_the_same_or_it_is_not(other: Sighting[str], is_same: bool) -> None:
    matches = by_revision(ONE, [ONE, other])

    evidence = f"Both were built from the commit {COMMIT}."
    assert matches == ([Match("other", Rule.REVISION, evidence)] if is_same else [])


@pytest.mark.parametrize("revision", [COMMIT[:39], COMMIT.upper(), "main", "", None])
def test_what_is_no_whole_commit_matches_nothing_not_even_itself(revision: str | None) -> None:
    assert by_revision(seen("one", "here", revision=revision), [seen("other", "there", revision=revision)]) == []


# By version


@pytest.mark.parametrize(
    ("mine", "theirs", "evidence"),
    [
        ("1.3.0", "1.3.0", "Both are version 1.3.0 of the product line Hub."),
        ("1.3.0", "v1.3.0+rev1", "1.3.0 and v1.3.0+rev1 are one version of the product line Hub."),
        ("1.3", "1.3.0", "1.3 and 1.3.0 are one version of the product line Hub."),
        ("2026.03.04", "2026-3-4", "2026.03.04 and 2026-3-4 are one version of the product line Hub."),
    ],
)
def test_a_version_understood_the_same_is_a_counterpart_with_evidence(mine: str, theirs: str, evidence: str) -> None:
    matches = by_version(seen("one", "here", mine), [seen("other", "there", theirs)], "Hub")

    assert matches == [Match("other", Rule.VERSION, evidence)]


def test_commits_that_differ_are_told_with_the_evidence() -> None:
    (match,) = by_version(ONE, [seen("other", "there", revision=OTHER)], "Hub")

    assert match.evidence == "Both are version 1.3.0 of the product line Hub, though built from different commits."


@pytest.mark.parametrize("version", ["spring-a", "7", "0.0.0", "0.0.0+rev2", "0.0.0-rc.1", "0.0", "", None])
def test_a_version_that_tells_nothing_is_no_counterpart(version: str | None) -> None:
    assert by_version(seen("one", "here", version), [seen("other", "there", version)], "Hub") == []


@pytest.mark.parametrize(
    "line",
    [
        pytest.param([seen("other", "there"), seen("more", "there", "1.3.0+rev1")], id="there"),
        pytest.param([ONE, seen("more", "here", "1.3.0+rev1"), seen("other", "there")], id="here"),
    ],
)
def test_a_version_held_twice_in_one_fleet_is_no_counterpart(line: list[Sighting[str]]) -> None:
    assert by_version(ONE, line, "Hub") == []


def test_one_fleet_that_holds_it_twice_leaves_the_others_theirs() -> None:
    line = [ONE, seen("a", "there"), seen("b", "there", "v1.3.0"), seen("c", "elsewhere")]

    assert [match.of for match in by_version(ONE, line, "Hub")] == ["c"]


WORLDS = st.lists(st.tuples(SPELLINGS, st.sampled_from("ABC"), st.sampled_from([None, COMMIT, OTHER])), max_size=8)


@given(WORLDS)
def test_counterparts_are_mutual_and_never_of_ones_own_fleet(world: list[tuple[str, str, str | None]]) -> None:
    line = [seen(str(number), fleet, version, commit) for number, (version, fleet, commit) in enumerate(world)]
    fleets = {one.of: one.fleet for one in line}

    pairs = {(one.of, match.of, match.rule) for one in line for match in by_version(one, line, "Hub")}
    pairs |= {(one.of, match.of, match.rule) for one in line for match in by_revision(one, line)}

    assert pairs == {(there, here, rule) for here, there, rule in pairs}
    assert [pair for pair in pairs if fleets[pair[0]] == fleets[pair[1]]] == []


# Trains


def test_a_train_is_one_version_however_it_is_spelled() -> None:
    line = [
        seen("a", "A", "1.2.0+rev1"),
        seen("b", "B", "v1.2.0"),
        seen("c", "C", "1.2"),
        seen("d", "C", "2.0.0"),
        seen("e", "A", "7"),
    ]

    told = [(train.version.raw, train.key, [one.of for one in train.sightings]) for train in trains(line)]

    assert told == [("2.0.0", "2.0.0", ["d"]), ("1.2", "1.2.0", ["a", "b", "c"])]


@given(st.lists(SPELLINGS, max_size=10))
def test_trains_share_out_all_versions_that_tell_something_highest_first(versions: list[str]) -> None:
    line = [seen(str(number), "A", version) for number, version in enumerate(versions)]

    found = trains(line)

    telling = sorted(one.of for one in line if one.version is not None)
    assert sorted(one.of for train in found for one in train.sightings) == telling
    precedence = [train.version.precedence for train in found]
    assert all(above > below for above, below in itertools.pairwise(precedence))


@given(st.permutations(["1.2.0+rev1", "v1.2.0", "1.2", "1.2.0"]))
def test_which_spelling_stands_for_a_train_does_not_depend_on_who_answers_first(versions: list[str]) -> None:
    (train,) = trains(seen(version, "A", version) for version in versions)

    assert train.version.raw == "1.2"


@given(SPELLINGS, SPELLINGS)
def test_two_versions_have_one_key_just_when_they_are_the_same(one: str, other: str) -> None:
    first, second = understand(one), understand(other)

    is_same = first.precedence == second.precedence
    assert (spelled(first) == spelled(second)) == is_same or None in (first.normalized, second.normalized)


@pytest.mark.parametrize(
    ("version", "key"),
    [
        ("v1.2.0+rev1", "1.2.0"),
        ("1.2", "1.2.0"),
        ("1.2.3.4", "1.2.3.4"),
        ("1.2.0-rc.1", "1.2.0-rc.1"),
        ("1.2rc1", "1.2.0-rc.1"),
        ("1.2.post1", "1.2.0-!post1"),
        ("1!2.0.dev3", "1!2.0.0-!dev3"),
        ("2026.3.4", "2026-03-04"),
    ],
)
def test_a_key_reads_like_the_version(version: str, key: str) -> None:
    assert spelled(understand(version)) == key
    assert not re.search(r"\s", key)
