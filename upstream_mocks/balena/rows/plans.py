"""What is to become a release, before it has ids: one plan for each cut, and one for each mishap."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from upstream_mocks.balena.model.versions import Semver
from upstream_mocks.balena.odata.model import Row


@dataclass(frozen=True, slots=True)
class Plan:
    """One release to be. `columns` overrules what follows from the rest."""

    commit: str
    version: Semver | None  # None: never versioned
    created_at: datetime
    author: str
    note: str | None = None
    status: str = "success"
    is_final: bool = True
    columns: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Planned:
    """A fleet with what will be in it."""

    fleet: Row
    services: tuple[str, ...]
    plans: tuple[Plan, ...]
    device_count: int = 0
