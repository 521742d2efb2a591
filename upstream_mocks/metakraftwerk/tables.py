"""The rows as MetaKraftwerk prints them, by resource; whoever wants one row finds it by its id."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

Row = dict[str, Any]


@dataclass
class Tables:
    """cycle: what `prev_release_id` is instead, by release id, when the lineage is asked to bite its tail."""

    release_groups: list[Row] = field(default_factory=list)
    releases: list[Row] = field(default_factory=list)
    projects: list[Row] = field(default_factory=list)
    patterns: list[Row] = field(default_factory=list)
    builds: list[Row] = field(default_factory=list)
    downloads: list[Row] = field(default_factory=list)  # the very rows that are embedded in builds
    deployments: list[Row] = field(default_factory=list)
    build_deployments: list[Row] = field(default_factory=list)
    agents: list[Row] = field(default_factory=list)
    agent_groups: list[Row] = field(default_factory=list)
    instances: list[Row] = field(default_factory=list)
    instance_folders: list[Row] = field(default_factory=list)
    users: list[Row] = field(default_factory=list)  # known to filters, no resource of their own
    cycle: dict[int, int] = field(default_factory=dict)

    def rows(self, resource: str) -> list[Row]:
        rows: list[Row] = getattr(self, resource)
        return rows

    @cached_property
    def ids_by_name(self) -> dict[tuple[str, str], int]:
        """What a filter by name looks up."""
        named = ("release_groups", "projects", "patterns", "deployments", "agent_groups", "users")
        return {(resource, row["name"]): row["id"] for resource in named for row in self.rows(resource)}
