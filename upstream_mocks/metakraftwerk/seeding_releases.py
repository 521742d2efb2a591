"""Releases: a branch of metadata for each cut, named by the habit of its group, hung into a forest."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from upstream_mocks.metakraftwerk.tables import Row
from upstream_mocks.metakraftwerk.times import central_midnight
from upstream_mocks.world import Cut, Presence, World

HABITS = ("numbers", "quarters", "months")  # of the groups, in turn
DELETED = 3  # which one of a group was thrown away, counted from the oldest
FIRST_ID, STEP = 21, 2  # every other id was never seen: what is purged leaves no trace


@dataclass(eq=False)
class Branch:
    """A release on its way to becoming a row. previous: None for a root."""

    group_id: int
    name: str
    cut: Cut | None  # None: the Default Release
    born_at: datetime
    previous: Branch | None = None
    parent: Branch | None = None
    hotfixes: list[Branch] = field(default_factory=list)
    is_closed: bool = False
    is_deleted: bool = False
    is_orphan: bool = False  # its previous cannot be seen
    id: int = 0


def branches(world: World, presences: tuple[Presence, ...], group_ids: list[int]) -> list[Branch]:
    """Of all groups, oldest first, with their ids; the Default Release of each group comes first of all."""
    grown = [
        branch
        for place, presence in enumerate(presences)
        for branch in _Group(world, presence, group_ids[place], place).grow()
    ]
    grown.sort(key=lambda branch: (branch.cut is not None, branch.born_at))
    for place, branch in enumerate(grown):
        branch.id = FIRST_ID + STEP * place
    return grown


def cycle(grown: list[Branch]) -> dict[int, int]:
    """Two mainline releases of the last group that would follow each other."""
    last = max(branch.group_id for branch in grown)
    first, second = [branch for branch in grown if branch.group_id == last and branch.cut and not branch.parent][:2]
    return {first.id: second.id, second.id: first.id}


def release_row(branch: Branch) -> Row:
    previous = branch.previous and branch.previous.id
    return {
        "id": branch.id,
        "group_id": branch.group_id,
        "name": branch.name,
        "description": _description(branch),
        "start_date": branch.cut and central_midnight(branch.born_at.date()),
        "end_date": branch.cut and central_midnight(_end(branch)),
        "closed": branch.is_closed,
        "deleted": branch.is_deleted,
        "hotfix_of_id": branch.parent and branch.parent.id,
        "prev_release_id": branch.id - 1 if branch.is_orphan else previous,
    }


class _Group:
    def __init__(self, world: World, presence: Presence, group_id: int, place: int):
        self.presence, self.group_id, self.place = presence, group_id, place
        self.habit = HABITS[place % len(HABITS)]
        self.rng = world.rng("metakraftwerk", "releases", presence.product.slug)
        self.default = Branch(group_id, "Default Release", None, presence.cuts[0].created_at)
        self.main: list[Branch] = []  # newest last

    def grow(self) -> list[Branch]:
        grown = [self._branch(cut) for cut in self.presence.cuts]
        if len(grown) > DELETED:
            grown[DELETED].is_deleted = True
        for branch in self.main[:-2]:
            self._close(branch)
        return [self.default, *grown]

    def _branch(self, cut: Cut) -> Branch:
        parent = self.main[-1] if self.main and self._is_hotfix(cut) else None
        return self._mainline(cut) if parent is None else self._hotfix(cut, parent)

    def _is_hotfix(self, cut: Cut) -> bool:
        if self.habit == "quarters":
            return _quarter(cut.created_at) == _quarter(self.main[-1].born_at)
        return len(self.main) > 1 and self.rng.random() < 0.35

    def _mainline(self, cut: Cut) -> Branch:
        """Follows the newest by default, now and then the one before; the first one follows the Default Release."""
        branch = Branch(self.group_id, self._name(cut), cut, cut.created_at)
        back = 2 if len(self.main) > 1 and self.rng.random() < 0.25 else 1
        branch.previous = self.main[-back] if self.main else self.default
        # By hand, so that the smallest world has them: a second root, and a release whose predecessor is gone.
        if len(self.main) == 2 and self.place == 0:
            branch.previous = None
        branch.is_orphan = len(self.main) == 1 and self.place == 1
        self.main.append(branch)
        return branch

    def _hotfix(self, cut: Cut, parent: Branch) -> Branch:
        """Follows its parent or a sibling, as the vendor's rule has it."""
        name = f"{parent.name}.HF{len(parent.hotfixes) + 1}"
        if self.habit == "months":
            name = f"HF-{cut.created_at:%B}-{cut.ordinal:02}"
        branch = Branch(self.group_id, name, cut, cut.created_at, parent=parent)
        branch.previous = parent.hotfixes[-1] if parent.hotfixes and self.rng.random() < 0.7 else parent
        parent.hotfixes.append(branch)
        return branch

    def _name(self, cut: Cut) -> str:
        if self.habit == "numbers":
            return f"R{len(self.main) + 1}"
        year, quarter = _quarter(cut.created_at)
        if self.habit == "quarters":
            return f"R.{year}.Q{quarter}"
        return f"R-{year}-Q{quarter}-{cut.ordinal:02}"

    def _close(self, branch: Branch) -> None:
        """Frozen with its hotfixes; one of them may have been opened again."""
        for each in (branch, *branch.hotfixes):
            each.is_closed = self.rng.random() > 0.12


def _quarter(at: datetime) -> tuple[int, int]:
    return at.year, (at.month - 1) // 3 + 1


def _end(branch: Branch) -> date:
    days = 4 if branch.parent is not None else 45
    return branch.born_at.date() + timedelta(days=days)


def _description(branch: Branch) -> str | None:
    """The one place where the version of the product is told; hotfixes of one habit are never described."""
    if branch.cut is None or branch.name.startswith("HF-"):
        return None
    return f"{_plain(branch.cut.notes)} (commit {branch.cut.commit})"


def _plain(notes: str) -> str:
    return notes.replace("<p>", "").replace("</p>", "")
