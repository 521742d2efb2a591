"""The native calls: rows of the database itself, behind a grant that is full control. Off unless switched on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from upstream_mocks.buildmaster.requests import Question
from upstream_mocks.buildmaster.rows import Row, stamp
from upstream_mocks.buildmaster.state import Application, Build

ARTIFACT_KEYS = ("Application_Id", "Release_Number", "Build_Number", "Deployable_Id", "Artifact_Count")
TAKES = (*ARTIFACT_KEYS, "Application_Count", "IncludeInactive_Indicator")


def artifacts(question: Question) -> list[Row]:
    """Zip files of builds, newest build first: name and server path, neither size nor checksum."""
    wanted = question.integer("Application_Id"), question.text("Release_Number"), question.text("Build_Number")
    rows = [
        row
        for build in sorted(question.installation.builds, key=lambda build: -build.id)
        if _is_wanted(build, *wanted)
        for row in _artifact_rows(build)
    ]
    return rows[: question.integer("Artifact_Count") or None]


def applications(question: Question) -> list[Row]:
    """`Application_Count=0` means all."""
    everyone = question.flag("IncludeInactive_Indicator")
    known = question.installation.applications
    shown = [known for known in known if not known.is_retired and (everyone or known.is_active)]
    rows = [_application_row(application, question) for application in shown]
    return rows[: question.integer("Application_Count") or None]


def application(question: Question) -> dict[str, list[Row]]:
    """An object of named tables, as natives with several results give."""
    wanted = question.integer("Application_Id")
    found = [known for known in question.installation.applications if known.id == wanted]
    return {
        "Applications_Extended": [_application_row(known, question) for known in found],
        "Deployables_Extended": [row for known in found for row in _deployable_rows(known, question)],
    }


METHODS: dict[str, Callable[[Question], Any]] = {
    "Artifacts_GetArtifacts": artifacts,
    "Applications_GetApplications": applications,
    "Applications_GetApplication": application,
}


def _is_wanted(build: Build, application_id: int | None, release: str | None, number: str | None) -> bool:
    has_files = build.status != "rejected" and not build.application.is_retired
    return (
        has_files
        and application_id in (None, build.application.id)
        and (release is None or (build.release is not None and build.release.number == release))
        and number in (None, build.number)
    )


def _artifact_rows(build: Build) -> list[Row]:
    """One `Default` for each; one build in three has its symbols too (ids of the seed are three apart)."""
    names = ("Default", "Symbols") if build.id // 3 % 3 == 0 else ("Default",)
    return [_artifact_row(build, name) for name in names]


def _artifact_row(build: Build, name: str) -> Row:
    release = build.release
    return {
        "Application_Id": build.application.id,
        "Application_Name": build.application.name,
        "Release_Id": release and release.id,
        "Release_Number": release and release.number,
        "Build_Id": build.id,
        "Build_Number": build.number,
        "Deployable_Id": None,
        "Deployable_Name": None,
        "Artifact_Name": name,
        "Execution_Id": None,
        "Created_Date": stamp(build.created_at),
        "Artifact_Path": f"C:\\ProgramData\\BuildMaster\\Artifacts\\A{build.application.id}\\B{build.id}\\{name}.zip",
    }


def _application_row(application: Application, question: Question) -> Row:
    kin = [release for release in question.installation.releases if release.application is application]
    return {
        "Application_Id": application.id,
        "Application_Name": application.name,
        "ApplicationGroup_Id": None,
        "ApplicationGroup_Name": application.group_name,
        "Active_Releases_Count": sum(release.status == "active" for release in kin),
        "ReleaseNumber_Scheme_Name": "MajorMinorRevision",
        "BuildNumber_Scheme_Name": application.build_number_scheme,
        "Active_Indicator": application.is_active,
    }


def _deployable_rows(application: Application, question: Question) -> list[Row]:
    return [
        {
            "Deployable_Id": number,
            "Deployable_Name": name,
            "Application_Id": application.id,
            "Application_Name": application.name,
            "Release_Id": release.id,
            "Release_Number": release.number,
            "InclusionType_Code": "I",
        }
        for release in question.installation.releases
        if release.application is application
        for number, name in release.deployables
    ]
