"""What is selected of each resource: what `rows` reads, and nothing else. Pure.

Without a `$select` some fields come and some do not, by server; with it both servers send the same. What only the
hosted cloud knows is left out for an openBalena server, which answers 500 to a name it does not know.
"""

from __future__ import annotations

from resolvers.upstreams.balena.odata import Condition, Options

RELEASE = (
    "id", "belongs_to__application", "raw_version", "version", "semver", "semver_major", "semver_minor",
    "semver_patch", "semver_prerelease", "semver_build", "revision", "variant", "commit", "status", "source",
    "is_final", "is_finalized_at__date", "is_invalidated", "invalidation_reason", "is_passing_tests", "phase",
    "known_issue_list", "note", "release_version", "created_at", "start_timestamp", "end_timestamp",
    "update_timestamp",
)  # fmt: skip
CLOUD_RELEASE = ("is_created_by__user",)
HEAVY_RELEASE = frozenset({"composition", "contract", "build_log"})

APPLICATION = (
    "id", "uuid", "app_name", "slug", "actor", "application_type", "is_of__class", "should_track_latest_release",
    "should_be_running__release", "is_host", "is_public", "is_archived", "created_at",
)  # fmt: skip
CLOUD_APPLICATION = (
    "is_discoverable", "is_accessible_by_support_until__date", "is_stored_at__repository_url",
)  # fmt: skip

IMAGE = (
    "id", "content_hash", "image_size", "is_stored_at__image_location", "status", "push_timestamp", "created_at",
    "start_timestamp", "end_timestamp", "project_type", "error_message",
)  # fmt: skip
ASSET = ("id", "asset_key", "asset")

DEVICE = (
    "id", "uuid", "device_name", "is_online", "belongs_to__application", "should_be_running__release",
    "is_pinned_on__release", "should_be_operated_by__release", "should_be_managed_by__release",
    "last_connectivity_event", "created_at", "modified_at", "note", "local_id", "is_connected_to_vpn",
    "last_vpn_event", "api_heartbeat_state", "status", "overall_status", "overall_progress", "download_progress",
    "provisioning_state", "provisioning_progress", "update_status", "last_update_status_event", "is_web_accessible",
    "is_undervolted", "os_version", "os_variant", "supervisor_version", "memory_usage", "memory_total",
    "storage_block_device", "storage_usage", "storage_total", "cpu_usage", "cpu_temp", "cpu_id", "ip_address",
    "mac_address", "public_address", "latitude", "longitude", "custom_latitude", "custom_longitude", "location",
)  # fmt: skip
CLOUD_DEVICE = ("belongs_to__user", "is_active", "is_frozen")
USES_OF_RELEASE = (
    "should_be_running_on__application", "is_running_on__device", "is_pinned_to__device", "should_operate__device",
    "should_manage__device",
)  # fmt: skip
TAG = Options(("tag_key", "value"))


def releases(where: Condition, *, of_cloud: bool) -> Options:
    return Options((*RELEASE, *CLOUD_RELEASE) if of_cloud else RELEASE, where)


def applications(where: Condition, *, of_cloud: bool) -> Options:
    return Options(
        (*APPLICATION, *CLOUD_APPLICATION) if of_cloud else APPLICATION,
        where,
        expand={"organization": Options(("name", "handle")), "is_for__device_type": Options(("slug",))},
    )


def devices(where: Condition, *, of_cloud: bool) -> Options:
    return Options(
        (*DEVICE, *CLOUD_DEVICE) if of_cloud else DEVICE,
        where,
        expand={"is_of__device_type": Options(("slug",)), "is_running__release": Options(("id", "raw_version"))},
    )


def uses(where: Condition, own: Condition) -> Options:
    """Releases with how much points to each, and their application when it is one of `own`."""
    return Options(("id",), where, {"belongs_to__application": Options(("id",), own)}, USES_OF_RELEASE)
