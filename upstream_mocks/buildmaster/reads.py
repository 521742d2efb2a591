"""What can be asked: whole lists, filtered, newest first, never a page of one."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import TypeVar
from urllib.parse import unquote

from upstream_mocks.buildmaster import filters
from upstream_mocks.buildmaster.errors import BadRequest, NotFound
from upstream_mocks.buildmaster.progress import move_on
from upstream_mocks.buildmaster.requests import Question
from upstream_mocks.buildmaster.rows import (
    ENVIRONMENT_ROWS,
    Row,
    application_row,
    build_row,
    present,
    release_row,
    run_row,
)
from upstream_mocks.buildmaster.state import Application, Build, Family, Release, Run

Listed = TypeVar("Listed", Release, Build, Run)


def applications(question: Question) -> list[Row]:
    """Drafts and deactivated ones too: `active` tells them apart."""
    return [application_row(known) for known in question.installation.applications if _is_shown(known, question)]


def environments(question: Question) -> list[Row]:
    return ENVIRONMENT_ROWS


def releases(question: Question) -> list[Row]:
    _refuse_unknown_application(question)
    shown = [release for release in question.installation.releases if _is_shown(release.application, question)]
    found = filters.matching(shown, filters.RELEASES, question, "release")
    return [release_row(release, question.switches) for release in _ordered(found, question)]


def builds(question: Question) -> list[Row]:
    _refuse_unknown_application(question)
    purged = question.switches.get("purged_builds", ())
    shown = [
        build
        for build in question.installation.builds
        if build.id not in purged and _is_shown(build.application, question)
    ]
    found = filters.matching(shown, _build_filters(question), question, "build")
    return [build_row(build) for build in _ordered(found, question)]


def deployments(question: Question) -> list[Row]:
    """Children only, unless one run is asked for by its id: then a parent may be it."""
    _refuse_unknown_application(question)
    families = question.installation.families
    shown = [
        run for family in families for run in _runs(family, question) if _is_shown(run.build.application, question)
    ]
    found = filters.matching(shown, filters.DEPLOYMENTS, question, "run")
    rows = [present(run_row(run)) for run in _ordered(found, question)]
    move_on(question.installation, {run.id for run in found}, question.switches)
    return rows


def release_variables(question: Question) -> dict[str, object]:
    application, number = _path_parts(question, 2)
    return _release(question, application, number).variables


def build_variables(question: Question) -> dict[str, object]:
    application, number, build_number = _path_parts(question, 3)
    for build in _release(question, application, number).builds:
        if build.number == build_number:
            return build.variables
    raise NotFound(f"Build {build_number} was not found.")


def _build_filters(question: Question) -> filters.Filters[Build]:
    asked = question.integer("releaseId")
    if not question.switches.get("leaky_builds") or asked is None:
        return filters.BUILDS
    kin = {release.id: release.application.id for release in question.installation.releases}
    return {**filters.BUILDS, "releaseId": lambda build: asked if build.application.id == kin.get(asked) else None}


def _runs(family: Family, question: Question) -> Sequence[Run]:
    return list(family) if question.text("deploymentId") else family.children


def _is_shown(application: Application, question: Question) -> bool:
    return not application.is_retired or bool(question.switches.get("retired_application"))


def _ordered(things: list[Listed], question: Question) -> list[Listed]:
    if question.switches.get("scrambled"):
        return sorted(things, key=lambda thing: sha256(str(thing.id).encode()).digest())
    return sorted(things, key=lambda thing: -thing.id)


def _refuse_unknown_application(question: Question) -> None:
    if not question.switches.get("unknown_application_is_error"):
        return
    known = question.installation.applications
    number, name = question.integer("applicationId"), question.text("applicationName")
    if number is not None and number not in {application.id for application in known}:
        raise BadRequest("Invalid value for applicationId.")
    if name is not None and name not in {application.name for application in known}:
        raise BadRequest("Invalid value for applicationName.")


def _path_parts(question: Question, count: int) -> list[str]:
    """Decoded after splitting: names hold slashes, and an encoded one is no separator."""
    parts = [unquote(part) for part in question.raw_path.partition("?")[0].split("/")[4:]]
    if len(parts) != count or not all(parts):
        raise BadRequest("The path does not name what the variables belong to.")
    return parts


def _release(question: Question, application: str, number: str) -> Release:
    for release in question.installation.releases:
        if release.application.name == application and release.number == number:
            return release
    raise NotFound(f"Release {number} of {application} was not found.")
