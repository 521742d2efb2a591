"""Runs that move: a deploy starts as pending, and each look at it takes it one step on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from upstream_mocks.buildmaster.state import ENVIRONMENTS, Build, Family, Installation, Run


def start(installation: Installation, build: Build, stage: str, *, waits: bool) -> Family:
    """A parent and a child for each environment of the stage; what the build overtakes there is rejected.

    waits: it has a start time ahead, and no look will move it.
    """
    at = installation.tick()
    children = [
        Run(build, stage, "SYSTEM", at, environment) for environment in ENVIRONMENTS if environment.stage == stage
    ]
    family = installation.add_family(Family(Run(build, stage, "API", at, None, plan=None), children, is_live=not waits))
    _reject_overtaken(build, stage, at)
    build.furthest_stage = max(build.furthest_stage or stage, stage, key=build.stages.index)
    return family


def move_on(installation: Installation, seen: set[int], switches: Mapping[str, Any]) -> None:
    """One step for each live family of which a run was seen."""
    outcome = switches.get("deploy_outcome", "succeeded")
    for family in installation.families:
        if family.is_live and seen & {run.id for run in family}:
            _step(family, installation.tick(), outcome)


def _step(family: Family, at: datetime, outcome: str) -> None:
    is_last = family.parent.status == "executing"
    for run in family:
        if is_last:
            run.status, run.ended_at = outcome, at
        else:
            run.status, run.started_at = "executing", at
    if is_last:
        family.is_live = False
        _settle(family.parent.build, family.parent.stage, outcome)


def _settle(build: Build, stage: str, outcome: str) -> None:
    """A build that got through the last stage is deployed, and its release with it."""
    if outcome == "failed" or stage != build.stages[-1] or build.status != "active":
        return
    build.status = "deployed"
    if build.release is not None and build.release.status == "active":
        build.release.status = "deployed"


def _reject_overtaken(build: Build, stage: str, at: datetime) -> None:
    siblings = build.release.builds if build.release is not None else []
    for older in siblings:
        if older.id < build.id and older.status == "active" and older.furthest_stage == stage:
            older.reject("SYSTEM", at)
