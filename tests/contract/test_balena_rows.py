"""balena's rows as it sends them, and what they become; and that all its pages document is asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from resolvers.graph.artifact import Artifact, Digest
from resolvers.graph.deployment import Deployment
from resolvers.graph.enums import ArtifactKind, DeploymentStatus, ReleaseStatus
from resolvers.graph.lineage import Lineage
from resolvers.graph.native.balena import BalenaFleet, BalenaRelease
from resolvers.graph.people import Actor, Organization, Tag
from resolvers.upstreams import payload
from resolvers.upstreams.balena import files, normalise, odata, selection
from resolvers.upstreams.balena.rows import (
    ApplicationRow,
    AssetRow,
    DeviceRow,
    Envelope,
    Link,
    ReleaseFilesRow,
    ReleaseRow,
    ReleaseUseRow,
    TagRow,
    TargetRow,
    linked,
)

# --- balena's own pages ---

RELEASE_FIELDS = """
id created_at belongs_to__application is_created_by__user raw_version semver semver_major semver_minor semver_patch
semver_prerelease semver_build revision variant commit status source start_timestamp end_timestamp update_timestamp
is_invalidated release_version
"""
HEAVY_RELEASE_FIELDS = "composition build_log contract"
APPLICATION_FIELDS = """
id uuid organization actor app_name slug should_be_running__release application_type is_for__device_type
should_track_latest_release is_accessible_by_support_until__date is_public is_host is_archived is_discoverable
is_stored_at__repository_url created_at
"""


def test_every_field_of_the_pages_is_asked_for() -> None:
    releases = selection.releases(odata.TRUE, of_cloud=True)
    applications = selection.applications(odata.TRUE, of_cloud=True)

    assert set(RELEASE_FIELDS.split()) <= {*releases.select}
    assert set(HEAVY_RELEASE_FIELDS.split()) == selection.HEAVY_RELEASE
    assert set(APPLICATION_FIELDS.split()) <= {*applications.select, *applications.expand}


# --- rows, as balena sends them ---

DRAFT = """
{"belongs_to__application":{"__id":1234567},"is_created_by__user":{"__id":90001},"id":2345678,
 "raw_version":"1.3.0-rc.1.1795218875297+build.5","semver":"1.3.0-rc.1+build.5","semver_major":1,"semver_minor":3,
 "semver_patch":0,"semver_prerelease":"rc.1","semver_build":"build.5","variant":"","revision":null,
 "version":{"raw":"1.3.0-rc.1.1795218875297+build.5","major":1,"minor":3,"patch":0,"version":"1.3.0-rc.1.1795218875297",
 "prerelease":["rc",1,1795218875297],"build":["build","5"]},
 "commit":"57d00829492d4124ad6bc0b5ad1ea33d5d3ab0ba","status":"success","source":"cloud","is_final":false,
 "is_finalized_at__date":null,"is_invalidated":false,"invalidation_reason":null,"is_passing_tests":true,"phase":"next",
 "known_issue_list":"Display stays dark","note":"# 1.3.0","release_version":null,
 "created_at":"2026-11-20T10:01:15.297Z","start_timestamp":"2026-11-20T10:01:00.000Z",
 "end_timestamp":"2026-11-20T10:05:00.000Z","update_timestamp":"2026-11-20T10:05:00.412Z",
 "modified_at":"2026-11-20T10:05:00.412Z","__metadata":{"uri":"/v7/release(@id)?@id=2345678"}}
"""
CREATED = datetime(2026, 11, 20, 10, 1, 15, 297_000, tzinfo=UTC)
STARTED = datetime(2026, 11, 20, 10, 1, tzinfo=UTC)
ENDED = datetime(2026, 11, 20, 10, 5, tzinfo=UTC)
UPDATED = datetime(2026, 11, 20, 10, 5, 0, 412_000, tzinfo=UTC)


def release_row(**changes: Any) -> ReleaseRow:
    return msgspec.convert({**msgspec.json.decode(DRAFT), **changes}, ReleaseRow)


def test_a_draft_becomes_a_release_with_every_field_accounted_for() -> None:
    row = msgspec.json.decode(DRAFT, type=ReleaseRow)
    release = normalise.release("balena", row, web_url="https://dashboard.example")

    assert (
        release.route,
        release.name,
        release.raw_version,
        release.status,
        release.native_status,
        release.revision,
        release.notes,
        release.created_at,
        release.updated_at,
        release.started_at,
        release.finished_at,
        release.created_by,
        release.fleet_native_id,
        release.is_closed,
        release.artifacts_of,
        release.web_url,
        release.lineage,
        release.pipeline,
        release.known_device_count,
    ) == (
        ("balena", "2345678"),
        "1.3.0-rc.1.1795218875297+build.5",
        "1.3.0-rc.1.1795218875297+build.5",
        ReleaseStatus.DRAFT,
        "success",
        "57d00829492d4124ad6bc0b5ad1ea33d5d3ab0ba",
        "# 1.3.0",
        CREATED,
        UPDATED,
        STARTED,
        ENDED,
        Actor(native_id="90001"),
        "1234567",
        None,
        None,
        "https://dashboard.example/fleets/1234567/releases/2345678",
        Lineage(counts=True),
        None,
        None,
    )
    assert release.native_of() == BalenaRelease(
        release_id=2345678,
        belongs_to_application=1234567,
        is_created_by_user=90001,
        raw_version="1.3.0-rc.1.1795218875297+build.5",
        version={  # type: ignore[arg-type]  # a JSON is any value at run time
            "raw": "1.3.0-rc.1.1795218875297+build.5",
            "major": 1,
            "minor": 3,
            "patch": 0,
            "version": "1.3.0-rc.1.1795218875297",
            "prerelease": ["rc", 1, 1795218875297],
            "build": ["build", "5"],
        },
        semver="1.3.0-rc.1+build.5",
        semver_major=1,
        semver_minor=3,
        semver_patch=0,
        semver_prerelease="rc.1",
        semver_build="build.5",
        release_revision=None,
        variant="",
        commit="57d00829492d4124ad6bc0b5ad1ea33d5d3ab0ba",
        status="success",
        source="cloud",
        start_timestamp=STARTED,
        end_timestamp=ENDED,
        update_timestamp=UPDATED,
        is_invalidated=False,
        invalidation_reason=None,
        is_final=False,
        is_finalized_at=None,
        is_passing_tests=True,
        release_version=None,
        phase="next",
        known_issue_list="Display stays dark",
        route=("balena", "2345678"),
    )


@pytest.mark.parametrize(
    ("status", "is_final", "is_invalidated", "unified"),
    [
        pytest.param("success", True, False, ReleaseStatus.AVAILABLE, id="usable"),
        pytest.param("success", False, False, ReleaseStatus.DRAFT, id="not final"),
        pytest.param("running", False, False, ReleaseStatus.IN_PROGRESS, id="building, although a draft"),
        pytest.param("running", True, False, ReleaseStatus.IN_PROGRESS, id="building"),
        pytest.param("failed", False, False, ReleaseStatus.FAILED, id="failed, although a draft"),
        pytest.param("error", True, False, ReleaseStatus.FAILED, id="error"),
        pytest.param("cancelled", False, False, ReleaseStatus.CANCELLED, id="cancelled"),
        pytest.param("interrupted", True, False, ReleaseStatus.CANCELLED, id="legacy word"),
        pytest.param("success", True, True, ReleaseStatus.INVALIDATED, id="withdrawn"),
        pytest.param("failed", False, True, ReleaseStatus.INVALIDATED, id="withdrawn before anything else"),
        pytest.param("paused", True, False, ReleaseStatus.UNKNOWN, id="unheard of"),
        pytest.param("paused", False, False, ReleaseStatus.DRAFT, id="unheard of, but a draft"),
    ],
)
def test_the_status_is_the_first_that_holds(
    status: str, is_final: bool, is_invalidated: bool, unified: ReleaseStatus
) -> None:
    row = release_row(status=status, is_final=is_final, is_invalidated=is_invalidated)

    release = normalise.release("balena", row)

    assert (release.status, release.native_status) == (unified, status)


@pytest.mark.parametrize("status", ["running", "failed", "error", "cancelled", "interrupted", "paused"])
def test_a_release_that_is_not_known_to_be_built_is_nobodys_predecessor(status: str) -> None:
    assert normalise.release("balena", release_row(status=status)).lineage == Lineage(counts=False)


def test_without_an_address_of_the_dashboard_nothing_has_a_page() -> None:
    fleet = normalise.fleet("balena", msgspec.json.decode(FLEET, type=ApplicationRow), is_mine=True)

    assert (normalise.release("balena", release_row()).web_url, fleet.web_url) == (None, None)


@pytest.mark.parametrize(
    ("body", "number"),
    [
        pytest.param('{"__id":7}', 7, id="deferred"),
        pytest.param('{"__id":7,"__deferred":{"uri":"/v7/application(@id)?@id=7"}}', 7, id="with metadata"),
        pytest.param('[{"id":7,"slug":"acme/sink"}]', 7, id="expanded"),
        pytest.param("[]", None, id="expanded and not visible"),
        pytest.param("null", None, id="none"),
    ],
)
def test_a_link_is_read_in_all_its_shapes(body: str, number: int | None) -> None:
    link: Link = msgspec.json.decode(body, type=Link)

    assert linked(link) == number


FLEET = """
{"organization":[{"name":"Acme","handle":"acme"}],"is_for__device_type":[{"slug":"raspberrypi4-64"}],"id":1234567,
 "uuid":"0f3a9c5bd7e14a0fa1c2d3e4f5a6b7c8","app_name":"Sensor-Fleet","slug":"acme/sensor-fleet","actor":{"__id":77},
 "application_type":{"__id":5},"is_of__class":"block","should_track_latest_release":true,
 "should_be_running__release":{"__id":2345678},"is_host":false,"is_public":true,"is_archived":false,
 "created_at":"2026-11-20T10:01:15.297Z","is_discoverable":true,
 "is_accessible_by_support_until__date":"2026-11-20T10:05:00.000Z",
 "is_stored_at__repository_url":"https://git.example/acme/sensor-fleet"}
"""


def test_an_application_becomes_a_fleet_with_every_field_accounted_for() -> None:
    row = msgspec.json.decode(FLEET, type=ApplicationRow)
    fleet = normalise.fleet("balena", row, is_mine=True, web_url="https://dashboard.example")

    assert (
        fleet.route,
        fleet.name,
        fleet.slug,
        fleet.organization,
        fleet.created_at,
        fleet.is_archived,
        fleet.is_public,
        fleet.device_type,
        fleet.tracks_latest,
        fleet.is_mine,
        fleet.web_url,
        fleet.target_release_native_id,
        fleet.known_device_count,
        fleet.known_tags,
    ) == (
        ("balena", "1234567"),
        "Sensor-Fleet",
        "acme/sensor-fleet",
        Organization(name="Acme", handle="acme"),
        CREATED,
        False,
        True,
        "raspberrypi4-64",
        True,
        True,
        "https://dashboard.example/fleets/1234567",
        "2345678",
        None,
        None,
    )
    assert fleet.native_of() == BalenaFleet(
        application_id=1234567,
        uuid="0f3a9c5bd7e14a0fa1c2d3e4f5a6b7c8",
        actor=77,
        application_type=5,
        is_for_device_type="raspberrypi4-64",
        is_of_class="block",
        is_host=False,
        is_discoverable=True,
        is_stored_at_repository_url="https://git.example/acme/sensor-fleet",
        is_accessible_by_support_until_date=ENDED,
        should_be_running_release=2345678,
        should_track_latest_release=True,
    )


def test_a_fleet_of_an_organization_we_cannot_see_has_none() -> None:
    row = msgspec.convert({**msgspec.json.decode(FLEET), "organization": []}, ApplicationRow)

    assert normalise.fleet("balena", row, is_mine=False).organization is None


HASH, LOCATION = "4c1f" * 16, "registry2.balena-cloud.com/v2/0f3a9c5bd7e14a0fa1c2d3e4f5a6b7c8"
WITH_EVERYTHING = f"""
{{"d":[{{"release_image":[{{"image":[{{"is_a_build_of__service":[{{"id":81,"service_name":"main"}}],
  "id":9001,"content_hash":"sha256:{HASH}","image_size":"5368709121",
  "is_stored_at__image_location":"{LOCATION}",
  "status":"success","created_at":"2026-11-20T10:01:15.297Z","push_timestamp":"2026-11-20T10:05:00.000Z",
  "start_timestamp":"2026-11-20T10:01:00.000Z","project_type":"Standard Dockerfile"}}],"id":7001}},
  {{"image":[{{"is_a_build_of__service":[],"id":9002,"content_hash":null,"image_size":null,
  "is_stored_at__image_location":"{LOCATION}","status":"failed","created_at":"2026-11-20T10:01:15.297Z",
  "push_timestamp":null,"error_message":"no space left"}}],"id":7002}}],
  "release_tag":[{{"tag_key":"channel","value":"beta"}}],
  "release_asset":[{{"id":3,"asset_key":"sbom.json","asset":{{"filename":"sbom.json",
     "href":"https://files.example/sbom.json?X-Amz-Expires=86400&X-Amz-Signature=secret",
     "content_type":"application/json","content_disposition":"attachment","size":20481,"checksum":"{HASH.upper()}"}}}},
     {{"id":4,"asset_key":"manual.pdf","asset":null}}],
  "id":2345678,"raw_version":"1.2.3"}}]}}
"""


def nothing() -> None:
    return None


def test_a_release_with_everything_becomes_its_artifacts() -> None:
    envelope = payload.decode("balena", "GET /v7/release", WITH_EVERYTHING.encode(), Envelope)
    rows = payload.decode_rows("balena", "GET /v7/release", envelope.d, ReleaseFilesRow, "$.d")

    artifacts = files.artifacts("balena", rows.rows, has_all_releases=False)

    assert rows.error is None
    assert [artifact.details_of() for artifact in artifacts] == [
        {
            "is_stored_at__image_location": LOCATION,
            "project_type": "Standard Dockerfile",
            "created_at": "2026-11-20T10:01:15.297000Z",
            "push_timestamp": "2026-11-20T10:05:00Z",
            "start_timestamp": "2026-11-20T10:01:00.000Z",
        },
        {
            "is_stored_at__image_location": LOCATION,
            "error_message": "no space left",
            "created_at": "2026-11-20T10:01:15.297000Z",
        },
        {"content_disposition": "attachment", "checksum": HASH.upper()},
        {},
    ]
    assert [replace(artifact, details_of=nothing) for artifact in artifacts] == [
        Artifact(
            source_name="balena",
            native_id="image/9001",
            name="main",
            kind=ArtifactKind.CONTAINER_IMAGE,
            target="main",
            size_bytes=5368709121,  # type: ignore[arg-type]  # an int is what a ByteCount is at run time
            digests=[Digest(algorithm="sha256", value=HASH)],
            pull_reference=f"{LOCATION}@sha256:{HASH}",
            native_status="success",
            created_at=ENDED,
            release_native_ids=("2345678",),
            has_all_releases=False,
            details_of=nothing,
        ),
        Artifact(
            source_name="balena",
            native_id="image/9002",
            name="image 9002",
            kind=ArtifactKind.CONTAINER_IMAGE,
            native_status="failed",
            created_at=CREATED,
            release_native_ids=("2345678",),
            has_all_releases=False,
            details_of=nothing,
        ),
        Artifact(
            source_name="balena",
            native_id="asset/3",
            name="sbom.json",
            kind=ArtifactKind.RELEASE_ASSET,
            filename="sbom.json",
            media_type="application/json",
            size_bytes=20481,  # type: ignore[arg-type]  # as above
            digests=[Digest(algorithm="sha256", value=HASH)],
            release_native_ids=("2345678",),
            details_of=nothing,
        ),
        Artifact(
            source_name="balena",
            native_id="asset/4",
            name="manual.pdf",
            kind=ArtifactKind.RELEASE_ASSET,
            release_native_ids=("2345678",),
            details_of=nothing,
        ),
    ]


def test_a_signed_link_is_never_kept() -> None:
    (row,) = msgspec.json.decode(WITH_EVERYTHING, type=dict[str, list[ReleaseFilesRow]])["d"]

    artifacts = files.artifacts("balena", [row], has_all_releases=True)
    assert "X-Amz" not in repr((row, artifacts, [artifact.details_of() for artifact in artifacts]))


def test_an_asset_without_a_known_checksum_has_no_digest() -> None:
    row = msgspec.convert({"id": 3, "asset_key": "k", "asset": {"filename": "", "checksum": "n/a"}}, AssetRow)

    asset = files.linked_asset("balena", row)

    assert (asset.digests, asset.filename, asset.release_native_ids) == ([], None, ())


def test_a_row_that_does_not_fit_is_dropped_and_told_with_its_path() -> None:
    misfit = {**msgspec.json.decode(DRAFT), "created_at": "yesterday"}
    body = msgspec.json.encode([msgspec.json.decode(DRAFT), misfit])

    rows = payload.decode_rows("balena", "GET /v7/release", body, ReleaseRow, "$.d")

    assert [row.id for row in rows.rows] == [2345678]
    assert "at $.d[1].created_at" in str(rows.error)


DEVICE = """
{"is_of__device_type":[{"slug":"raspberrypi4-64"}],"is_running__release":[{"id":2345678,"raw_version":"1.3.0+rev1"}],
 "id":5150,"uuid":"c0ffee00c0ffee00c0ffee00c0ffee00","device_name":"quiet-river","is_online":true,
 "belongs_to__application":{"__id":1234567},"should_be_running__release":{"__id":2345679},
 "is_pinned_on__release":{"__id":2345679},"should_be_operated_by__release":null,"should_be_managed_by__release":null,
 "last_connectivity_event":"2026-11-20T10:05:00.000Z","created_at":"2026-11-20T10:01:00.000Z",
 "modified_at":"2026-11-20T10:05:00.412Z","note":null,"local_id":null,"is_connected_to_vpn":true,
 "last_vpn_event":"2026-11-20T10:05:00.000Z","api_heartbeat_state":"online","status":"Idle",
 "overall_status":"operational","overall_progress":null,"download_progress":null,"provisioning_state":"",
 "provisioning_progress":null,"update_status":null,"last_update_status_event":null,"is_web_accessible":false,
 "is_undervolted":false,"os_version":"balenaOS 6.1.2","os_variant":"prod","supervisor_version":"16.7.6",
 "memory_usage":512,"memory_total":3794,"storage_block_device":"/dev/mmcblk0p6","storage_usage":901,
 "storage_total":14237,"cpu_usage":3,"cpu_temp":51,"cpu_id":"10000000","ip_address":"192.168.1.44 10.114.101.7",
 "mac_address":"DC:A6:32:0F:00:0A","public_address":"203.0.113.7","latitude":"52.520","longitude":"13.405",
 "custom_latitude":"","custom_longitude":"","location":"Berlin, Germany","belongs_to__user":{"__id":9},
 "is_active":true,"is_frozen":false,"api_secret":"do not show"}
"""


def device_row(**changes: Any) -> DeviceRow:
    return msgspec.convert({**msgspec.json.decode(DEVICE), **changes}, DeviceRow)


def test_a_device_with_every_field_accounted_for() -> None:
    device = normalise.device("balena", msgspec.json.decode(DEVICE, type=DeviceRow))

    assert (
        device.route,
        device.name,
        device.device_type,
        device.hardware_version,
        device.is_online,
        device.last_seen_at,
        device.raw_running_version,
        device.fleet_native_id,
        device.cohort_native_id,
        device.running_release_native_id,
        device.target_release_native_id,
        device.tags_of,
    ) == (
        ("balena", "5150"),
        "quiet-river",
        "raspberrypi4-64",
        None,
        True,
        ENDED,
        "1.3.0+rev1",
        "1234567",
        None,
        "2345678",
        "2345679",
        None,
    )
    assert device.details_of() == {
        "uuid": "c0ffee00c0ffee00c0ffee00c0ffee00",
        "created_at": "2026-11-20T10:01:00.000Z",
        "modified_at": "2026-11-20T10:05:00.412Z",
        "belongs_to__user": 9,
        "status": "Idle",
        "overall_status": "operational",
        "api_heartbeat_state": "online",
        "is_connected_to_vpn": True,
        "last_vpn_event": "2026-11-20T10:05:00.000Z",
        "provisioning_state": "",
        "is_web_accessible": False,
        "is_active": True,
        "is_frozen": False,
        "is_undervolted": False,
        "os_version": "balenaOS 6.1.2",
        "os_variant": "prod",
        "supervisor_version": "16.7.6",
        "is_pinned_on__release": 2345679,
        "memory_usage": 512,
        "memory_total": 3794,
        "storage_block_device": "/dev/mmcblk0p6",
        "storage_usage": 901,
        "storage_total": 14237,
        "cpu_usage": 3,
        "cpu_temp": 51,
        "cpu_id": "10000000",
        "ip_address": "192.168.1.44 10.114.101.7",
        "mac_address": "DC:A6:32:0F:00:0A",
        "public_address": "203.0.113.7",
        "latitude": "52.520",
        "longitude": "13.405",
        "custom_latitude": "",
        "custom_longitude": "",
        "location": "Berlin, Germany",
    }


def test_every_column_of_a_device_that_is_asked_for_is_shown() -> None:
    devices = selection.devices(odata.TRUE, of_cloud=True)
    typed = {
        "id", "device_name", "is_online", "belongs_to__application", "should_be_running__release",
        "last_connectivity_event",
    }  # fmt: skip

    assert {*devices.select} == typed | {*normalise.DEVICE_DETAILS}


def test_a_device_that_never_told_anything_is_called_by_its_uuid() -> None:
    row = device_row(
        device_name=None, is_online=False, is_running__release=[], should_be_running__release=None,
        last_connectivity_event=None,
    )  # fmt: skip

    device = normalise.device("balena", row)

    assert device.name == "c0ffee00c0ffee00c0ffee00c0ffee00"
    assert (device.raw_running_version, device.running_release_native_id, device.last_seen_at) == (None, None, None)
    assert device.target_release_native_id is None


def test_a_measure_of_another_type_costs_no_device() -> None:
    device = normalise.device("balena", device_row(cpu_temp=51.5, memory_usage="512"))

    details: Any = device.details_of()
    assert (details["cpu_temp"], details["memory_usage"]) == (51.5, "512")


def test_a_fleets_target_is_its_one_deployment() -> None:
    row = msgspec.json.decode(b'{"id":1234567,"should_be_running__release":{"__id":2345678}}', type=TargetRow)

    assert normalise.deployments("balena", row) == [
        Deployment(
            source_name="balena",
            native_id="1234567/2345678",
            status=DeploymentStatus.ACTIVE,
            release_native_id="2345678",
            fleet_native_id="1234567",
        )
    ]


def test_a_fleet_without_a_target_has_no_deployment() -> None:
    row = msgspec.json.decode(b'{"id":1234567,"should_be_running__release":null}', type=TargetRow)

    assert normalise.deployments("balena", row) == []


@pytest.mark.parametrize("pointing", [None, *selection.USES_OF_RELEASE])
@pytest.mark.parametrize("is_ours", [True, False])
def test_whatever_points_to_a_release_makes_it_deployed_and_of_others_a_no_is_not_known(
    pointing: str | None, is_ours: bool
) -> None:
    counts = {name: int(name == pointing) for name in selection.USES_OF_RELEASE}
    row = msgspec.convert({"id": 1, "belongs_to__application": [{"id": 7}] if is_ours else [], **counts}, ReleaseUseRow)

    assert normalise.is_used(row) is (True if pointing else False if is_ours else None)


def test_tags_come_by_key() -> None:
    rows = [TagRow(tag_key="b", value=""), TagRow(tag_key="a", value="1")]

    assert normalise.tags(rows) == [Tag(key="a", value="1"), Tag(key="b", value="")]
