"""Questions: the look-ups that fields may ask of a source. The port answers each with a method of that name."""

from __future__ import annotations

from enum import StrEnum


class Question(StrEnum):
    """Each is asked with native ids and answered by native id; a vendor that has no such thing answers nothing."""

    RELEASE = "releases_by_id"
    FLEET = "fleets_by_id"
    ARTIFACT = "artifacts_by_id"
    COHORT = "cohorts_by_id"
    BUILD = "builds_by_id"
    DEPLOYMENT = "deployments_by_id"
    DEVICE = "devices_by_id"

    ARTIFACTS_OF_RELEASE = "artifacts_by_release_id"
    ARTIFACTS_OF_BUILD = "artifacts_by_build_id"
    BUILDS_OF_RELEASE = "builds_by_release_id"
    COHORTS_OF_FLEET = "cohorts_by_fleet_id"
    DEPLOYMENTS_OF_RELEASE = "deployments_by_release_id"
    DEPLOYMENTS_OF_FLEET = "deployments_by_fleet_id"
    DEPLOYMENTS_OF_COHORT = "deployments_by_cohort_id"
    DEVICES_OF_FLEET = "devices_by_fleet_id"
    DEVICES_OF_COHORT = "devices_by_cohort_id"

    TAGS_OF_RELEASE = "tags_by_release_id"
    TAGS_OF_FLEET = "tags_by_fleet_id"
    TAGS_OF_DEVICE = "tags_by_device_id"
    IS_DEPLOYED = "is_deployed_by_release_id"
    DEVICES_ON_RELEASE = "device_count_by_release_id"
    DEVICES_IN_FLEET = "device_count_by_fleet_id"
    VERSION_COUNTS_OF_FLEET = "version_counts_by_fleet_id"
    DOWNLOAD_URL = "download_url_by_artifact_id"
    RELEASES_OF_ARTIFACT = "release_ids_by_artifact_id"
