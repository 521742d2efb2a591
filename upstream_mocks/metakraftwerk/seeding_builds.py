"""Builds: generation runs for releases, now and then for those of two groups at once, and the files they gave."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from itertools import count

from upstream_mocks.metakraftwerk.seeding_releases import Branch
from upstream_mocks.metakraftwerk.tables import Row, Tables
from upstream_mocks.metakraftwerk.times import stamp
from upstream_mocks.world import World

CUSTOMER = 2
UNLUCKY = ("BUILDING", "FAILED", "CANCELED")  # how the newest build of each group stands
MESSAGES = {
    "BUILDING": None,
    "FINISHED": "Build finished",
    "FAILED": "Mapping HUB_KEY is empty",
    "CANCELED": "Canceled by user",
}


def add_builds(world: World, tables: Tables, grown: list[Branch]) -> None:
    """Fills builds, downloads and build deployments, with ids that climb with time."""
    drafts = [(at, branch) for branch in grown if branch.cut is not None for at in _starts(world, branch)]
    drafts.sort(key=lambda draft: draft[0])
    newest = {branch.group_id: place for place, (_, branch) in enumerate(drafts)}
    numbers = count(9001)
    for place, (at, branch) in enumerate(drafts):
        is_newest = newest[branch.group_id] == place
        status = UNLUCKY[branch.group_id % len(UNLUCKY)] if is_newest else "FINISHED"
        rng = world.rng("metakraftwerk", "build", place)
        build = _build(rng, tables, 7001 + place, branch, at, status)
        build["releases"] += _company(rng, branch, [earlier for _, earlier in drafts[:place]])
        build["downloads"] = _downloads(tables, build, at, numbers) if status == "FINISHED" else []
        tables.builds.append(build)
        tables.downloads += build["downloads"]
        _deploy(rng, tables, build, at)


def _starts(world: World, branch: Branch) -> list[datetime]:
    rng = world.rng("metakraftwerk", "starts", branch.group_id, branch.name)
    return [branch.born_at + timedelta(hours=rng.randint(1, 60)) for _ in range(rng.choice((1, 1, 2)))]


def _build(rng: random.Random, tables: Tables, number: int, branch: Branch, at: datetime, status: str) -> Row:
    assert branch.cut is not None
    end = at + timedelta(seconds=rng.randint(20, 400), milliseconds=rng.randint(0, 999))
    patterns = [row["id"] for row in tables.patterns if row["release_group_id"] == branch.group_id]
    is_over = status != "BUILDING"
    return {
        "id": number,
        "customer_id": CUSTOMER,
        "user_id": rng.choice(tables.users)["id"],
        "project_id": tables.projects[branch.group_id - 1]["id"],
        "progress": {"FINISHED": 100, "BUILDING": 40}.get(status, rng.randint(5, 95)),
        "status": status,
        "message": MESSAGES[status],
        "build_start": stamp(at),
        "build_end": stamp(end) if is_over else None,
        "created_at": stamp(at),
        "updated_at": stamp(end),
        "history_commited": int(is_over),
        "version": 1,
        "active": 1,
        "mts": int(end.timestamp() * 1000),
        "name": f"{branch.name} load" if rng.random() < 0.8 else None,
        "deliveries_calculated": 0,
        "description": f"{branch.cut.version} at {branch.cut.commit}",
        "commit_ind": int(rng.random() < 0.7),
        "deleted": int(branch.is_deleted),
        "instances": rng.randint(1, 9),
        "patterns": rng.sample(patterns, rng.randint(1, len(patterns))),
        "releases": [branch.id],
    }


def _company(rng: random.Random, branch: Branch, earlier: list[Branch]) -> list[int]:
    """One release of another group, for one build in four: the newest there was."""
    others = [other.id for other in earlier if other.group_id != branch.group_id]
    return others[-1:] if rng.random() < 0.25 else []


def _downloads(tables: Tables, build: Row, at: datetime, numbers: count[int]) -> list[Row]:
    patterns = {row["id"]: row for row in tables.patterns}
    return [_download(build, patterns[pattern], at, next(numbers)) for pattern in build["patterns"]]


def _download(build: Row, pattern: Row, at: datetime, number: int) -> Row:
    name = f"{pattern['name']}_{at.year}-{at.month}-{at.day}_{at.hour}_{at.minute}.zip"
    kind = pattern["type"]
    return {
        "id": number,
        "customer_id": CUSTOMER,
        "pattern_id": pattern["id"],
        "name": name,
        "file_name": f"/files/results/{build['id']}_{pattern['id']}_{kind.lower()}_{name}",
        "type": kind,
        "build_id": build["id"],
        "project_id": build["project_id"],
        "version": 1,
        "upload_id": number - 8500,
        "file_id": None,
        "downloaded": 0,
        "instance_id": None,
    }


def _deploy(rng: random.Random, tables: Tables, build: Row, at: datetime) -> None:
    """Two downloads in three were deployed: where the definition says, by whichever agent was there."""
    for download in build["downloads"]:
        definitions = [row for row in tables.deployments if row["pattern_id"] == download["pattern_id"]]
        if rng.random() < 0.66:
            tables.build_deployments.append(
                {
                    "id": 301 + len(tables.build_deployments),
                    "build_id": build["id"],
                    "pattern_id": download["pattern_id"],
                    "deployment_id": rng.choice(definitions)["id"],
                    "upload_id": download["upload_id"],
                    "agent_id": rng.choice([*(row["id"] for row in tables.agents), None]),
                    "agent_group_id": rng.choice([row["id"] for row in tables.agent_groups]),
                    "status": "FINISHED" if rng.random() < 0.9 else "FAILED",
                    "message": None,
                    "created_at": stamp(at + timedelta(minutes=30)),
                }
            )
