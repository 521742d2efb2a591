"""The filters of the three lists: all optional, all must hold, equality only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from upstream_mocks.buildmaster.errors import BadRequest
from upstream_mocks.buildmaster.requests import Question
from upstream_mocks.buildmaster.state import Build, Release, Run

Thing = TypeVar("Thing")
Filters = Mapping[str, Callable[[Thing], object]]

STATUSES = {
    "release": ("active", "canceled", "deployed"),
    "build": ("active", "rejected", "deployed"),
    "run": ("pending", "executing", "succeeded", "warned", "failed"),
}

RELEASES: Filters[Release] = {
    "applicationId": lambda release: release.application.id,
    "applicationName": lambda release: release.application.name,
    "releaseId": lambda release: release.id,
    "releaseNumber": lambda release: release.number,
    "releaseName": lambda release: release.name,
    "pipelineName": lambda release: release.pipeline,
    "status": lambda release: release.status,
}

BUILDS: Filters[Build] = {
    "applicationId": lambda build: build.application.id,
    "applicationName": lambda build: build.application.name,
    "releaseId": lambda build: build.release and build.release.id,
    "releaseNumber": lambda build: build.release and build.release.number,
    "releaseName": lambda build: build.release and build.release.name,
    "buildId": lambda build: build.id,
    "buildNumber": lambda build: build.number,
    "pipelineName": lambda build: build.pipeline,
    "furthestStage": lambda build: build.furthest_stage,
    "status": lambda build: build.status,
}


def _of_build(name: str) -> Callable[[Run], object]:
    read = BUILDS[name]
    return lambda run: read(run.build)


_SHARED = ("application", "release", "build")
DEPLOYMENTS: Filters[Run] = {
    **{name: _of_build(name) for name in BUILDS if name.startswith(_SHARED) or name == "pipelineName"},
    "deploymentId": lambda run: run.id,
    "pipelineStageName": lambda run: run.stage,
    "environmentId": lambda run: run.environment and run.environment.id,
    "environmentName": lambda run: run.environment and run.environment.name,
    "status": lambda run: run.status,
}


def matching(things: Iterable[Thing], filters: Filters[Thing], question: Question, statuses: str) -> list[Thing]:
    """The things every given filter holds for, in their order. Raises BadRequest for a value that cannot be."""
    wanted = [
        (read, _wanted(name, question, STATUSES[statuses])) for name, read in filters.items() if question.text(name)
    ]
    return [thing for thing in things if all(read(thing) == value for read, value in wanted)]


def _wanted(name: str, question: Question, statuses: tuple[str, ...]) -> Any:
    if name == "status" and question.text(name) not in statuses:
        raise BadRequest("Invalid value for status.")
    return question.integer(name) if name.endswith("Id") else question.text(name)
