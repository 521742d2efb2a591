"""State as the JSON BuildMaster prints. Lists leave out members without a value; the reply to a deploy prints null."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from upstream_mocks.buildmaster.state import ENVIRONMENTS, PIPELINES, Application, Build, Environment, Release, Run

Row = dict[str, Any]


def release_row(release: Release, switches: Mapping[str, Any]) -> Row:
    furthest, latest = release.furthest_build, release.latest_build
    row = {
        "id": release.id,
        "number": release.number,
        "name": release.name,
        "sequence": release.sequence,
        "template": release.template if switches.get("templates") else None,
        "status": release.status,
        "createdBy": release.created_by,
        "createdOn": stamp(release.created_at),
        "canceledBy": release.canceled_by,
        "canceledOn": stamp(release.canceled_at),
        "targetDate": stamp(release.target_at),
        "applicationId": release.application.id,
        "applicationName": release.application.name,
        "pipelineName": release.pipeline,
        "pipelineId": _pipeline_id(release.pipeline) if switches.get("pipeline_ids") else None,
        "furthestBuildId": furthest and furthest.id,
        "furthestBuildNumber": furthest and furthest.number,
        "latestBuildId": latest and latest.id,
        "latestBuildNumber": latest and latest.number,
        "deployables": [_deployable(*pair, switches) for pair in release.deployables],
    }
    return present({**row, **(_legacy(row) if switches.get("legacy_duplicates", True) else {})})


def _legacy(row: Row) -> Row:
    """What a build was called before 6.2, and the release's own two names once more."""
    return {
        "furthestPackageId": row["furthestBuildId"],
        "furthestPackageNumber": row["furthestBuildNumber"],
        "latestPackageId": row["latestBuildId"],
        "latestPackageNumber": row["latestBuildNumber"],
        "releaseName": row["name"],
        "releaseNumber": row["number"],
    }


def build_row(build: Build) -> Row:
    row = {
        "id": build.id,
        "number": build.number,
        "status": build.status,
        "createdBy": build.created_by,
        "createdOn": stamp(build.created_at),
        "rejectedBy": build.rejected_by,
        "rejectedOn": stamp(build.rejected_at),
        "applicationId": build.application.id,
        "applicationName": build.application.name,
        "pipelineName": build.pipeline,
        "furthestStage": build.furthest_stage,
        **_release_members(build),
        "buildNumber": build.number,
    }
    return present(row)


def run_row(run: Run) -> Row:
    """All members, null where there is no value; lists pass it through `present`."""
    build = run.build
    return {
        "id": run.id,
        "plan": run.plan,
        "status": run.status,
        "started": stamp(run.started_at),
        "ended": stamp(run.ended_at),
        "createdBy": run.created_by,
        "createdOn": stamp(run.created_at),
        "canceledBy": run.canceled_by,
        "canceledOn": stamp(run.canceled_at),
        "pipelineName": build.pipeline,
        "pipelineStageName": run.stage,
        "environmentId": run.environment and run.environment.id,
        "environmentName": run.environment and run.environment.name,
        "applicationId": build.application.id,
        "applicationName": build.application.name,
        **_release_members(build),
        "buildId": build.id,
        "buildNumber": build.number,
        "packageId": build.id,
        "packageNumber": build.number,
    }


def application_row(application: Application) -> Row:
    row = {
        "id": application.id,
        "name": application.name,
        "description": application.description,
        "groupName": application.group_name,
        "active": application.is_active,
        "buildNumberScheme": application.build_number_scheme,
        "releaseUsage": application.release_usage,
        "artifactUsage": application.artifact_usage,
        "raft": application.raft,
    }
    return present(row)


def environment_row(environment: Environment) -> Row:
    row: Row = {
        "name": environment.name,
        "parentName": environment.parent,
        "variables": {},
        "active": environment.is_active,
    }
    return present(row)


def present(row: Row) -> Row:
    return {name: value for name, value in row.items() if value is not None}


def stamp(at: datetime | None) -> str | None:
    """UTC with seven digits after the point: .NET's ticks, one digit finer than Python keeps."""
    return None if at is None else f"{at:%Y-%m-%dT%H:%M:%S.%f}0Z"


def _release_members(build: Build) -> Row:
    release = build.release
    return {
        "releaseId": release and release.id,
        "releaseNumber": release and release.number,
        "releaseName": release and release.name,
    }


def _deployable(number: int, name: str, switches: Mapping[str, Any]) -> Row:
    if switches.get("deployable_members", "short") == "long":
        return {"deployableId": number, "deployableName": name}
    return {"id": number, "name": name}


def _pipeline_id(pipeline: str | None) -> int | None:
    return list(PIPELINES).index(pipeline) + 1 if pipeline in PIPELINES else None


ENVIRONMENT_ROWS = [environment_row(environment) for environment in ENVIRONMENTS]
