"""What only balena says of its rows: each attribute of the vendor's own part, and the columns it is made of. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from resolvers.upstreams.balena.columns import Column, same
from resolvers.upstreams.balena.rows import ApplicationRow, linked

DEVICE_TYPE = (("is_for__device_type", "slug"),)


def device_type(row: ApplicationRow) -> str | None:
    return next((one.slug for one in row.is_for__device_type), None)


def _id(name: str) -> Column:
    """Of a to-one link its id."""
    return Column(lambda row, at: linked(getattr(row, name)), (name,))


FLEET: Mapping[str, Column] = {
    "application_id": same("id"),
    "uuid": same("uuid"),
    "actor": _id("actor"),
    "application_type": _id("application_type"),
    "is_for_device_type": Column(lambda row, at: device_type(row), expand=DEVICE_TYPE),
    "is_of_class": same("is_of__class"),
    "is_host": same("is_host"),
    "is_discoverable": same("is_discoverable"),
    "is_stored_at_repository_url": same("is_stored_at__repository_url"),
    "is_accessible_by_support_until_date": same("is_accessible_by_support_until__date"),
    "should_be_running_release": _id("should_be_running__release"),
    "should_track_latest_release": same("should_track_latest_release"),
}

_AS_THEY_ARE = (
    "raw_version", "version", "semver", "semver_major", "semver_minor", "semver_patch", "semver_prerelease",
    "semver_build", "variant", "commit", "status", "source", "start_timestamp", "end_timestamp", "update_timestamp",
    "is_invalidated", "invalidation_reason", "is_final", "is_passing_tests", "release_version", "phase",
    "known_issue_list",
)  # fmt: skip

RELEASE: Mapping[str, Column] = {
    "release_id": same("id"),
    "belongs_to_application": _id("belongs_to__application"),
    "is_created_by_user": _id("is_created_by__user"),
    "release_revision": same("revision"),
    "is_finalized_at": same("is_finalized_at__date"),
    "route": Column(lambda row, at: (at.source, str(row.id))),
    **{name: same(name) for name in _AS_THEY_ARE},
}
