"""The runs a build took: one family for each stage it reached, now and then after one that failed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from upstream_mocks.buildmaster.state import ENVIRONMENTS, Build, Family, Run
from upstream_mocks.world import World


def families_of(world: World, build: Build) -> Iterator[Family]:
    """Oldest first. The newest build of a release under way may have a run that is not over yet."""
    rng = world.rng("buildmaster", "runs", build.id)
    at = build.created_at
    for stage in build.stages[: build.depth]:
        at += timedelta(minutes=rng.randint(10, 90))
        if rng.random() < 0.06:
            yield _family(rng, build, stage, at, "failed")
            at += timedelta(minutes=rng.randint(5, 30))
        yield _family(rng, build, stage, at, "warned" if rng.random() < 0.08 else "succeeded")
    if _is_under_way(build):
        yield _unfinished(rng, build, at + timedelta(minutes=5))


def _is_under_way(build: Build) -> bool:
    is_newest = build.release is not None and build.release.builds[-1] is build
    return is_newest and build.status == "active" and build.depth < len(build.stages)


def _unfinished(rng: random.Random, build: Build, at: datetime) -> Family:
    """Pending, executing, or canceled; by the build's id, so that a small world has all three."""
    kind = ("pending", "executing", "canceled")[build.id // 3 % 3]
    family = _family(rng, build, build.stages[build.depth], at, "failed" if kind == "canceled" else kind)
    if kind == "canceled":
        for run in family:
            run.canceled_by, run.canceled_at = "ada", run.ended_at
    return family


def _family(rng: random.Random, build: Build, stage: str, at: datetime, status: str) -> Family:
    parent = Run(build, stage, rng.choice(("SYSTEM", "API", "grace")), at, None, plan=None)
    children = [
        Run(build, stage, "SYSTEM", at + timedelta(seconds=place + 1), environment)
        for place, environment in enumerate(e for e in ENVIRONMENTS if e.stage == stage)
    ]
    family = Family(parent, children)
    length = timedelta(seconds=rng.randint(20, 900), milliseconds=rng.randint(0, 999))
    for run in family:
        _play(run, status, length)
    return family


def _play(run: Run, status: str, length: timedelta) -> None:
    run.status = status
    if status != "pending":
        run.started_at = run.created_at + timedelta(seconds=2)
    if status not in ("pending", "executing"):
        run.ended_at = run.created_at + length
