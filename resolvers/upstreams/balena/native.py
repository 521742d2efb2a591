"""What only balena says of its rows, built when asked. Pure."""

from __future__ import annotations

from resolvers.graph.native.balena import BalenaFleet, BalenaRelease
from resolvers.upstreams.balena.rows import ApplicationRow, ReleaseRow, linked


def device_type(row: ApplicationRow) -> str | None:
    return next((one.slug for one in row.is_for__device_type), None)


def fleet(row: ApplicationRow) -> BalenaFleet:
    return BalenaFleet(
        application_id=row.id,
        uuid=row.uuid,
        actor=linked(row.actor),
        application_type=linked(row.application_type),
        is_for_device_type=device_type(row),
        is_of_class=row.is_of__class,
        is_host=row.is_host,
        is_discoverable=row.is_discoverable,
        is_stored_at_repository_url=row.is_stored_at__repository_url,
        is_accessible_by_support_until_date=row.is_accessible_by_support_until__date,
        should_be_running_release=linked(row.should_be_running__release),
        should_track_latest_release=row.should_track_latest_release,
    )


def release(source: str, row: ReleaseRow) -> BalenaRelease:
    return BalenaRelease(
        release_id=row.id,
        belongs_to_application=linked(row.belongs_to__application),
        is_created_by_user=linked(row.is_created_by__user),
        raw_version=row.raw_version,
        version=row.version,
        semver=row.semver,
        semver_major=row.semver_major,
        semver_minor=row.semver_minor,
        semver_patch=row.semver_patch,
        semver_prerelease=row.semver_prerelease,
        semver_build=row.semver_build,
        release_revision=row.revision,
        variant=row.variant,
        commit=row.commit,
        status=row.status,
        source=row.source,
        start_timestamp=row.start_timestamp,
        end_timestamp=row.end_timestamp,
        update_timestamp=row.update_timestamp,
        is_invalidated=row.is_invalidated,
        invalidation_reason=row.invalidation_reason,
        is_final=row.is_final,
        is_finalized_at=row.is_finalized_at__date,
        is_passing_tests=row.is_passing_tests,
        release_version=row.release_version,
        phase=row.phase,
        known_issue_list=row.known_issue_list,
        route=(source, str(row.id)),
    )
