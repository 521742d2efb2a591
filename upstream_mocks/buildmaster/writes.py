"""What can be changed: releases created, canceled, restored; builds created, deployed, rejected.

A refusal is a 400 with text, whatever the reason: BuildMaster keeps 404 for paths. Wording is ours.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypeVar

from upstream_mocks.buildmaster import filters
from upstream_mocks.buildmaster.errors import BadRequest, NoSuchPage
from upstream_mocks.buildmaster.filters import Filters
from upstream_mocks.buildmaster.progress import start
from upstream_mocks.buildmaster.requests import Question
from upstream_mocks.buildmaster.rows import Row, build_row, release_row, run_row
from upstream_mocks.buildmaster.state import PIPELINES, Application, Build, Release

APPLICATION = ("applicationId", "applicationName")
RELEASE = (*APPLICATION, "releaseId", "releaseNumber")
BUILD = (*RELEASE, "buildId", "buildNumber")
CREATE_RELEASE = (*APPLICATION, "releaseNumber", "pipelineName", "releaseName")
CREATE_TEMPLATE = (*CREATE_RELEASE, "template")
CANCEL = (*RELEASE, "reason")
RESTORE = RELEASE
CREATE_BUILD = (*RELEASE, "pipelineName", "buildNumber")
DEPLOY = (*BUILD, "toStage", "force", "startTime")
REJECT = BUILD

Thing = TypeVar("Thing", Release, Build)


def create_release(question: Question) -> Row:
    return release_row(_created(question, question.needed("pipelineName")), question.switches)


def create_from_template(question: Question) -> Row:
    """Gone since 2025, with templates themselves."""
    if not question.switches.get("templates"):
        raise NoSuchPage
    template = question.needed("template")
    release = _created(question, question.text("pipelineName") or "Release")
    release.template = template
    return release_row(release, question.switches)


def cancel_release(question: Question) -> None:
    """Its builds go with it. The reason is taken, and no call gives it back."""
    release = _release(question)
    if release.status != "active":
        raise BadRequest("The release is not active.")
    release.status, release.canceled_by, release.canceled_at = "canceled", "API", question.installation.tick()
    for build in release.builds:
        if build.status == "active":
            build.reject("API", release.canceled_at)


def restore_release(question: Question) -> None:
    """Active again; builds that were rejected stay so."""
    release = _release(question)
    if release.status == "active":
        raise BadRequest("The release is already active.")
    release.status, release.canceled_by, release.canceled_at = "active", None, None


def create_build(question: Question) -> Row:
    release = None if _is_without_release(question) else _release(question)
    application = release.application if release is not None else _application(question)
    _refuse_usage(application, release)
    siblings = release.builds if release is not None else _without_release(question, application)
    number = question.text("buildNumber") or _next_number(siblings)
    if number in {sibling.number for sibling in siblings}:
        raise BadRequest(f"Build {number} already exists.")
    pipeline = _pipeline(question.text("pipelineName")) or (release.pipeline if release is not None else None)
    build = Build(application, release, number, "API", question.installation.tick(), pipeline=pipeline)
    build.variables.update(question.variables())
    return build_row(question.installation.add_build(build))


def deploy_build(question: Question) -> Row | list[Row] | None:
    """The parent run, with nulls printed; nothing at all when there is no such stage to deploy to."""
    build = _build(question)
    force, waits = question.flag("force"), _is_ahead(question)
    if build.status == "rejected":
        raise BadRequest("The build was rejected.")
    stage = question.text("toStage") or _next_stage(build)
    if stage not in build.stages:
        return [] if question.switches.get("deploy_nothing") == "[]" else None
    if build.stages.index(stage) > build.depth and not force:
        raise BadRequest(f"The build is not ready for {stage}.")
    row = run_row(start(question.installation, build, stage, waits=waits).parent)
    return [row] if question.switches.get("deploy_as_list") else row


def reject_build(question: Question) -> None:
    build = _build(question)
    if build.status != "active":
        raise BadRequest("The build is not active.")
    build.reject("API", question.installation.tick())


def _created(question: Question, pipeline: str) -> Release:
    application, number = _application(question), question.needed("releaseNumber")
    kin = [release for release in question.installation.releases if release.application is application]
    if not application.is_active or application.release_usage == "Disabled":
        raise BadRequest("The application takes no releases.")
    if number in {release.number for release in kin}:
        raise BadRequest(f"Release {number} already exists.")
    sequence = max((release.sequence for release in kin), default=0) + 1
    name, at = question.text("releaseName") or number, question.installation.tick()
    release = Release(application, number, name, sequence, "API", at, pipeline=_pipeline(pipeline))
    release.variables.update(question.variables())
    return question.installation.add_release(release)


def _pipeline(name: str | None) -> str | None:
    if name is not None and name not in PIPELINES:
        raise BadRequest("Invalid value for pipelineName.")
    return name


def _refuse_usage(application: Application, release: Release | None) -> None:
    if release is None and application.release_usage == "Required":
        raise BadRequest("The application needs a release for every build.")
    if release is not None and release.status != "active":
        raise BadRequest("The release is not active.")


def _is_without_release(question: Question) -> bool:
    return not (question.text("releaseId") or question.text("releaseNumber"))


def _without_release(question: Question, application: Application) -> list[Build]:
    question.needed("pipelineName")
    known = question.installation.builds
    return [build for build in known if build.application is application and build.release is None]


def _next_number(siblings: list[Build]) -> str:
    return str(max((int(build.number) for build in siblings if build.number.isdecimal()), default=0) + 1)


def _next_stage(build: Build) -> str | None:
    return build.stages[build.depth] if build.depth < len(build.stages) else None


def _is_ahead(question: Question) -> bool:
    value = question.text("startTime")
    if value is None:
        return False
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        raise BadRequest("Invalid value for startTime.") from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)) > question.installation.now


def _application(question: Question) -> Application:
    number, name = question.integer("applicationId"), question.text("applicationName")
    if number is None and name is None:
        raise BadRequest("Missing required value: applicationId or applicationName.")
    for application in question.installation.applications:
        if number in (None, application.id) and name in (None, application.name):
            return application
    raise BadRequest("The application was not found.")


def _release(question: Question) -> Release:
    """By id, or by number within an application."""
    has_application = bool(question.text("applicationId") or question.text("applicationName"))
    if question.text("releaseId") is None and not (question.text("releaseNumber") and has_application):
        raise BadRequest("Missing required value: releaseId, or releaseNumber with an application.")
    if question.text("releaseId") and has_application and question.switches.get("strict_release_keys"):
        raise BadRequest("An application cannot be specified with releaseId.")
    return _only(question.installation.releases, _named(filters.RELEASES, RELEASE), question, "release")


def _build(question: Question) -> Build:
    if question.text("buildId") is None and not (question.text("buildNumber") and _release(question)):
        raise BadRequest("Missing required value: buildId, or buildNumber with a release.")
    return _only(question.installation.builds, _named(filters.BUILDS, BUILD), question, "build")


def _named(known: Filters[Thing], names: tuple[str, ...]) -> Filters[Thing]:
    return {name: known[name] for name in names}


def _only(things: list[Thing], known: Filters[Thing], question: Question, word: str) -> Thing:
    found = filters.matching(things, known, question, word)
    if len(found) != 1:
        raise BadRequest(f"The {word} was not found.")
    return found[0]
