"""What MetaKraftwerk sends, as far as we read it. Only ids and names are sure to be there."""

from __future__ import annotations

import msgspec

from resolvers.graph.scalars import utc

Flag = bool | int | None
"Releases write true and false, builds 1 and 0: read as truth, null as unknown."


class ReleaseRow(msgspec.Struct):
    id: int
    group_id: int
    name: str  # a label: R1, R.2026.Q3, HF-July-01, Default Release
    description: str | None = None
    start_date: str | None = None  # midnight where it was entered, told in UTC: often the day before
    end_date: str | None = None
    closed: Flag = None  # frozen; it may be opened again
    deleted: Flag = None  # still listed
    hotfix_of_id: int | None = None
    prev_release_id: int | None = None

    def __post_init__(self) -> None:
        _refuse_unreadable(self.start_date, self.end_date)


class GroupRow(msgspec.Struct):
    id: int
    name: str
    description: str | None = None  # likely, by analogy with agent groups


class DownloadRow(msgspec.Struct):
    """`file_name` is left out on purpose: it is a path on their server."""

    id: int
    name: str  # of the file, as shown
    type: str | None = None  # the platform it was generated for: IICS, SNOWFLAKE, ...
    pattern_id: int | None = None
    project_id: int | None = None
    version: int | None = None
    upload_id: int | None = None
    instance_id: int | None = None


class BuildRow(msgspec.Struct):
    id: int
    releases: list[int] = []  # ids, at most one of each group
    downloads: list[DownloadRow] = []
    name: str | None = None
    status: str | None = None  # BUILDING | FINISHED | FAILED | CANCELED
    progress: int | None = None  # from 0 to 100
    message: str | None = None
    user_id: int | None = None
    created_at: str | None = None
    build_start: str | None = None
    build_end: str | None = None

    def __post_init__(self) -> None:
        _refuse_unreadable(self.created_at, self.build_start, self.build_end)


class BuildDeploymentRow(msgspec.Struct):
    """One run of a deployment. Status and time are in no page of the vendor: read should they be sent."""

    id: int
    build_id: int
    pattern_id: int | None = None
    deployment_id: int | None = None
    status: str | None = None
    created_at: str | None = None

    def __post_init__(self) -> None:
        _refuse_unreadable(self.created_at)


class DefinitionRow(msgspec.Struct):
    """A deployment as a pattern defines it: where results go."""

    id: int
    name: str | None = None


class PatternRow(msgspec.Struct):
    id: int
    release_group_id: int | None = None  # it is tied to one group at most


def _refuse_unreadable(*texts: str | None) -> None:
    """Here rather than in normalise, so that a row with such a date is reported like any other misfit."""
    try:
        _ = [utc(text) for text in texts if text]
    except (ValueError, OverflowError):
        raise ValueError("a date that is not ISO 8601") from None
