"""Drift: how far behind, what is newest, whether all is in sync, and which devices are counted one by one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.knowledge.drift import MOST_COUNTED, behind_by, counted, is_in_sync, newest
from resolvers.knowledge.versions import Understood, understand

LINE = ["1.4.2", "1.4.1", "1.4.0-rc.1", "1.3.0", "2026.03.04"]


def understood(versions: list[str]) -> list[Understood]:
    return [understand(version) for version in versions]


@pytest.mark.parametrize(
    ("target", "trains", "behind"),
    [
        pytest.param("1.4.2", LINE, 0, id="the newest"),
        pytest.param("1.4.2+rev1", LINE, 0, id="the newest, built again"),
        pytest.param("1.5.0", LINE, 0, id="newer than any"),
        pytest.param("1.3.0", LINE, 3, id="pre-releases count"),
        pytest.param("1.3.5", LINE, 3, id="between two"),
        pytest.param("0.0.0", LINE, 4, id="never versioned"),
        pytest.param("2026.03.04", LINE, None, id="a date beside releases"),
        pytest.param("7", LINE, None, id="a number"),
        pytest.param("spring-a", LINE, None, id="a label"),
        pytest.param(None, LINE, None, id="no target"),
        pytest.param("1.3.0", [], None, id="a line without versions"),
        pytest.param("2026.03.04", ["2026-04-01", "2026-03-04"], 1, id="dates among dates"),
        pytest.param("1.3.0", ["2026-04-01"], None, id="a release beside dates"),
    ],
)
def test_behind_is_how_many_versions_of_the_line_are_newer(
    target: str | None, trains: list[str], behind: int | None
) -> None:
    assert behind_by(None if target is None else understand(target), understood(trains)) == behind


@pytest.mark.parametrize(
    ("trains", "raw"),
    [(LINE, "1.4.2"), (["2026-03-04", "2026-04-01"], "2026-04-01"), (["2026-04-01", "0.1.0-rc.1"], "0.1.0-rc.1")],
)
def test_the_newest_is_a_release_where_there_is_one(trains: list[str], raw: str) -> None:
    found = newest(understood(trains))

    assert found is not None
    assert found.raw == raw


def test_a_line_without_versions_has_no_newest() -> None:
    assert newest([]) is None


@given(st.lists(st.from_regex(r"[0-3]\.[0-3]\.[0-3]", fullmatch=True), min_size=1, unique=True))
def test_the_newest_alone_is_behind_nothing_and_every_other_by_one_more(versions: list[str]) -> None:
    line = understood(versions)

    behind = sorted(behind_by(version, line) or 0 for version in line)

    assert behind == list(range(len(line)))
    assert behind_by(newest(line), line) == 0


@pytest.mark.parametrize(
    ("behind", "in_sync"),
    [
        ([0, 0], True),
        ([0, 2], False),
        ([None, 1], False),
        ([0, None], None),
        ([None], None),
        ([], None),
    ],
)
def test_in_sync_is_true_only_when_all_of_it_is_known(behind: list[int | None], in_sync: bool | None) -> None:
    assert is_in_sync(behind) is in_sync


def test_devices_are_counted_by_version_most_first_and_higher_versions_first_among_equals() -> None:
    found = counted({"1.2.0": 3, "1.10.0": 3, "1.3.0": 5, "0.9.0": 0})

    assert (list(found.versions), found.others) == ([("1.3.0", 5), ("1.10.0", 3), ("1.2.0", 3)], 0)


@given(st.dictionaries(st.text(max_size=5), st.integers(0, 1000), max_size=30))
def test_no_device_is_lost_when_only_some_versions_are_shown(counts: dict[str, int]) -> None:
    found = counted(counts)

    shown = [count for _, count in found.versions]
    assert len(shown) <= MOST_COUNTED
    assert sum(shown) + found.others == sum(counts.values())
    assert all(count <= min(shown, default=0) for raw, count in counts.items() if raw not in dict(found.versions))
