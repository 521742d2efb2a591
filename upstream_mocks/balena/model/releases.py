"""Releases, the images they are made of, their tags and assets."""

from __future__ import annotations

from upstream_mocks.balena.model import versions
from upstream_mocks.balena.model.fields import (
    computed,
    document,
    flag,
    link,
    many,
    moment,
    number,
    part_of,
    table,
    text,
    word,
)
from upstream_mocks.balena.odata.model import Field, Kind

RELEASE = table(
    "release",
    part_of("belongs_to__application", "application"),
    link("is_created_by__user", "user", going="leave"),
    text("commit", required=True, most=40),
    text("status", required=True),
    text("source", required=True),
    document("composition", required=True),
    document("contract"),
    number("semver_major", required=True, default=0),
    number("semver_minor", required=True, default=0),
    number("semver_patch", required=True, default=0),
    text("semver_prerelease", required=True, default=""),
    text("semver_build", required=True, default=""),
    text("variant", required=True, default=""),
    number("revision"),
    computed("semver", Kind.TEXT, versions.semver),
    computed("raw_version", Kind.TEXT, versions.raw_version, unasked=False),
    computed("version", Kind.DOCUMENT, versions.version),
    computed("is_final", Kind.BOOLEAN, lambda view, row: row["revision"] is not None),
    moment("is_finalized_at__date"),
    flag("is_invalidated"),
    text("invalidation_reason", most=255),
    flag("is_passing_tests", default=True),
    word("phase", "next", "current", "sunset", "end-of-life"),
    text("known_issue_list", most=1000),
    text("note", most=1_000_000),
    text("build_log"),
    text("release_version"),
    moment("start_timestamp", required=True),
    moment("end_timestamp"),
    moment("update_timestamp", required=True),
    many=(
        *many("release_tag", "release"),
        *many("release_asset", "release"),
        *many("release_image", "is_part_of__release", "release_image", "contains__image", "image__is_part_of__release"),
        *many("application", "should_be_running__release", "should_be_running_on__application"),
        *many("device", "is_running__release", "is_running_on__device"),
        *many("device", "is_pinned_on__release", "is_pinned_to__device"),
        *many("device", "should_be_operated_by__release", "should_operate__device"),
        *many("device", "should_be_managed_by__release", "should_manage__device"),
        *many("image_install", "is_provided_by__release", "provides__image_install"),
    ),
    owner=("belongs_to__application",),
    is_open=True,
)

IMAGE = table(
    "image",
    moment("start_timestamp", required=True),
    moment("end_timestamp"),
    moment("push_timestamp"),
    text("status", required=True),
    part_of("is_a_build_of__service", "service"),
    text("is_stored_at__image_location", required=True),
    text("content_hash", most=71),
    Field("image_size", Kind.BIG),
    text("project_type"),
    text("dockerfile"),
    document("contract"),
    text("error_message"),
    text("build_log"),
    many=(
        *many("release_image", "image", "release_image", "is_part_of__release", "image__is_part_of__release"),
        *many("image_install", "installs__image", "image_install", "is_installed_on__device"),
    ),
    uniques=(("is_stored_at__image_location",),),
    owner=("is_a_build_of__service", "application"),
    is_open=True,
)

RELEASE_IMAGE = table(
    "release_image",
    part_of("image", "image"),
    part_of("is_part_of__release", "release"),
    many=(*many("image_label", "release_image"), *many("image_environment_variable", "release_image")),
    uniques=(("image", "is_part_of__release"),),
    owner=("is_part_of__release", "belongs_to__application"),
    is_open=True,
)

RELEASE_ASSET = table(
    "release_asset",
    part_of("release", "release"),
    text("asset_key", required=True, least=1),
    Field("asset", Kind.FILE),
    uniques=(("release", "asset_key"),),
    owner=("release", "belongs_to__application"),
    is_open=True,
)

RELEASE_TAG = table(
    "release_tag",
    part_of("release", "release"),
    text("tag_key", required=True, least=1, most=164),
    text("value", required=True, most=1000),
    uniques=(("release", "tag_key"),),
    owner=("release", "belongs_to__application"),
    is_open=True,
)

TABLES = (RELEASE, IMAGE, RELEASE_IMAGE, RELEASE_ASSET, RELEASE_TAG)
