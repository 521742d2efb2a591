"""What BuildMaster sends, as far as we read it. A member without a value is missing or null, which is the same."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from resolvers.graph.scalars import utc

Told = Annotated[str, msgspec.Meta(min_length=1)]  # a time that is always there: empty, it would be none


NO_TIME = "a time that is not ISO 8601"


class ReleaseRow(msgspec.Struct, rename="camel", gc=False):
    """Until 6.2 builds were packages, and a release says everything twice: the legacy twins hold the same values.

    Times are UTC with seven digits after the point; older servers print no Z.
    """

    id: int
    sequence: int  # orders the releases of one application
    status: str  # active | deployed | canceled
    created_on: Told
    application_id: int
    application_name: str
    number: str | None = None  # free text, unique within its application
    release_number: str | None = None
    name: str | None = None
    release_name: str | None = None
    created_by: str | None = None  # a user, SYSTEM, or API
    canceled_by: str | None = None
    canceled_on: str | None = None
    target_date: str | None = None
    template: str | None = None  # up to 2024
    pipeline_name: str | None = None
    pipeline_id: int | None = None  # up to 6.1
    furthest_build_id: int | None = None
    furthest_build_number: str | None = None
    furthest_package_id: int | None = None
    furthest_package_number: str | None = None
    latest_build_id: int | None = None
    latest_build_number: str | None = None
    latest_package_id: int | None = None
    latest_package_number: str | None = None
    deployables: Any = None  # the shape of an element is documented nowhere

    def __post_init__(self) -> None:
        if self.number is None and self.release_number is None:
            raise ValueError("neither `number` nor `releaseNumber`")
        try:  # written out: a list has many of them
            utc(self.created_on)
        except (ValueError, OverflowError):
            raise ValueError(NO_TIME) from None
        if self.canceled_on or self.target_date:
            _refuse_unreadable(self.canceled_on, self.target_date)


class ApplicationRow(msgspec.Struct, rename="camel"):
    id: int
    name: str
    description: str | None = None
    group_name: str | None = None
    active: bool | None = None
    build_number_scheme: str | None = None
    release_usage: str | None = None
    artifact_usage: str | None = None
    raft: str | None = None


class BuildRow(msgspec.Struct, rename="camel"):
    """A build; the release's members are missing when it was made without one, which some applications allow."""

    id: int
    status: str  # active | deployed | rejected
    created_on: Told
    application_id: int
    application_name: str
    number: str | None = None  # free text, unique within its release
    build_number: str | None = None
    created_by: str | None = None
    rejected_on: str | None = None
    furthest_stage: str | None = None  # missing until it reached one
    release_id: int | None = None

    def __post_init__(self) -> None:
        _refuse_unreadable(self.created_on, self.rejected_on)


class RunRow(msgspec.Struct, rename="camel"):
    """One run of a pipeline's stage: what BuildMaster calls a deployment."""

    id: int
    status: str  # pending | executing | succeeded | warned | failed
    created_on: Told
    application_id: int
    application_name: str
    started: str | None = None
    ended: str | None = None
    created_by: str | None = None
    canceled_on: str | None = None
    pipeline_stage_name: str | None = None
    environment_name: str | None = None  # missing of a parent, which runs nowhere itself
    release_id: int | None = None

    def __post_init__(self) -> None:
        _refuse_unreadable(self.created_on, self.started, self.ended, self.canceled_on)


class FileRow(msgspec.Struct):
    """An artifact as the native API tells of it. `Artifact_Path` is left out on purpose: a path on their server."""

    application_id: int = msgspec.field(name="Application_Id")
    application_name: str = msgspec.field(name="Application_Name")
    build_id: int = msgspec.field(name="Build_Id")
    name: str = msgspec.field(name="Artifact_Name")  # unique within its build
    release_id: int | None = msgspec.field(name="Release_Id", default=None)
    release_number: str | None = msgspec.field(name="Release_Number", default=None)
    build_number: str | None = msgspec.field(name="Build_Number", default=None)
    deployable_name: str | None = msgspec.field(name="Deployable_Name", default=None)
    created_date: str | None = msgspec.field(name="Created_Date", default=None)

    def __post_init__(self) -> None:
        _refuse_unreadable(self.created_date)


class Started(msgspec.Struct):
    """What came of a change, as far as we read it: the object itself is read again."""

    id: int


def _refuse_unreadable(*texts: str | None) -> None:
    """Here rather than in normalise, so that a row with such a time is reported like any other misfit."""
    try:
        for text in texts:
            if text:
                utc(text)
    except (ValueError, OverflowError):
        raise ValueError(NO_TIME) from None
