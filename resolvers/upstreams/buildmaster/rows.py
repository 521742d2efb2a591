"""What BuildMaster sends, as far as we read it. A member without a value is missing or null, which is the same."""

from __future__ import annotations

from typing import Any

import msgspec

from resolvers.graph.scalars import utc


class ReleaseRow(msgspec.Struct, rename="camel"):
    """Until 6.2 builds were packages, and a release says everything twice: the legacy twins hold the same values.

    Times are UTC with seven digits after the point; older servers print no Z.
    """

    id: int
    sequence: int  # orders the releases of one application
    status: str  # active | deployed | canceled
    created_on: str
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
        _refuse_unreadable(self.created_on, self.canceled_on, self.target_date)


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


def _refuse_unreadable(*texts: str | None) -> None:
    """Here rather than in normalise, so that a row with such a time is reported like any other misfit."""
    try:
        _ = [utc(text) for text in texts if text]
    except (ValueError, OverflowError):
        raise ValueError("a time that is not ISO 8601") from None
