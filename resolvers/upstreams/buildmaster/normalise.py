"""BuildMaster's rows as the graph's types. Pure: no clock, no I/O."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TypeVar

from resolvers.graph.enums import ReleaseStatus
from resolvers.graph.fleet import Fleet
from resolvers.graph.native.buildmaster import BuildMasterApplication, BuildMasterRelease
from resolvers.graph.release import Actor, Release
from resolvers.graph.scalars import utc
from resolvers.upstreams.buildmaster.rows import ApplicationRow, ReleaseRow

T = TypeVar("T")

STATUSES = {
    "active": ReleaseStatus.IN_PROGRESS,
    "deployed": ReleaseStatus.DEPLOYED,
    "canceled": ReleaseStatus.CANCELLED,
}


def release(source: str, row: ReleaseRow) -> Release:
    """status: an unknown word is UNKNOWN. finished_at: of a canceled one only, a restored one goes on."""
    number = _number(row)
    return Release(
        source_name=source,
        native_id=str(row.id),
        name=_name(row) or number,
        raw_version=number,
        status=STATUSES.get(row.status, ReleaseStatus.UNKNOWN),
        native_status=row.status,
        created_at=utc(row.created_on),
        finished_at=_instant(row.canceled_on) if row.status == "canceled" else None,
        planned_end=_instant(row.target_date),
        created_by=Actor(name=row.created_by) if row.created_by else None,
        fleet_native_id=str(row.application_id),
        native_of=partial(_native, row),
    )


def fleet(source: str, row: ApplicationRow) -> Fleet:
    """An application. Deactivated ones are archived: their releases are canceled, their history stays."""
    return Fleet(
        source_name=source,
        native_id=str(row.id),
        name=row.name,
        description=row.description or None,
        is_archived=None if row.active is None else not row.active,
        native_of=partial(_native_application, row),
    )


def fleet_of(source: str, row: ReleaseRow) -> Fleet:
    """An application as far as one of its releases tells: its id and name."""
    return Fleet(source_name=source, native_id=str(row.application_id), name=row.application_name, native_of=_unseen)


def _native(row: ReleaseRow) -> BuildMasterRelease:
    number = _number(row)
    return BuildMasterRelease(
        release_id=row.id,
        number=number,
        release_name=_name(row) or number,
        sequence=row.sequence,
        pipeline_name=row.pipeline_name or None,
        pipeline_id=row.pipeline_id,
        template=row.template or None,
        application_id=row.application_id,
        application_name=row.application_name,
        furthest_build_id=_first(row.furthest_build_id, row.furthest_package_id),
        furthest_build_number=_first(row.furthest_build_number, row.furthest_package_number),
        latest_build_id=_first(row.latest_build_id, row.latest_package_id),
        latest_build_number=_first(row.latest_build_number, row.latest_package_number),
        deployables=row.deployables,
        canceled_by=row.canceled_by or None,
        canceled_on=_instant(row.canceled_on),
        target_date=_instant(row.target_date),
    )


def _native_application(row: ApplicationRow) -> BuildMasterApplication:
    return BuildMasterApplication(
        application_id=row.id,
        group_name=row.group_name or None,
        is_active=row.active,
        build_number_scheme=row.build_number_scheme,
        release_usage=row.release_usage,
        artifact_usage=row.artifact_usage,
        raft=row.raft or None,
    )


def _unseen() -> None:
    return None


def _number(row: ReleaseRow) -> str:
    return _first(row.number, row.release_number) or ""  # the row was refused without either


def _name(row: ReleaseRow) -> str | None:
    return _first(row.name, row.release_name)


def _first(new: T | None, legacy: T | None) -> T | None:
    """A member, or its legacy twin. When both are there and differ, the new name is right."""
    return legacy if new is None else new


def _instant(text: str | None) -> datetime | None:
    return utc(text) if text else None
