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
)  # fmt: skip
ASSET = ("id", "asset_key", "asset")

SERVICE_OF_IMAGE = {"is_a_build_of__service": Options(("service_name",))}
IMAGES_OF_RELEASE = {"release_image": Options(("id",), expand={"image": Options(IMAGE, expand=SERVICE_OF_IMAGE)})}
ASSETS_OF_RELEASE = {"release_asset": Options(ASSET)}


def releases(where: Condition, *, of_cloud: bool) -> Options:
    return Options((*RELEASE, *CLOUD_RELEASE) if of_cloud else RELEASE, where)


def applications(where: Condition, *, of_cloud: bool) -> Options:
    return Options(
        (*APPLICATION, *CLOUD_APPLICATION) if of_cloud else APPLICATION,
        where,
        expand={"organization": Options(("name", "handle")), "is_for__device_type": Options(("slug",))},
    )


def files(where: Condition, *, images: bool = True, assets: bool = True) -> Options:
    """Releases with what they are made of, in one call whatever their number."""
    wanted = {**(IMAGES_OF_RELEASE if images else {}), **(ASSETS_OF_RELEASE if assets else {})}
    return Options(("id",), where, expand=wanted)


def images(where: Condition) -> Options:
    """Images with the releases they are in."""
    return Options(IMAGE, where, expand={**SERVICE_OF_IMAGE, "release_image": Options(("is_part_of__release",))})


def assets(where: Condition) -> Options:
    return Options((*ASSET, "release"), where)
