"""balena's rows as it sends them, and what they become; and that all its pages document is asked for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from resolvers.graph.artifact import Artifact, Digest
from resolvers.graph.enums import ArtifactKind, ReleaseStatus
from resolvers.graph.fleet import Organization
from resolvers.graph.native.balena import BalenaFleet, BalenaRelease
from resolvers.graph.release import Actor
from resolvers.upstreams import payload
from resolvers.upstreams.balena import normalise, odata, selection
from resolvers.upstreams.balena.rows import ApplicationRow, AssetRow, Envelope, Link, ReleaseFilesRow, ReleaseRow

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
    release = normalise.release("balena", msgspec.json.decode(DRAFT, type=ReleaseRow))

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

    assert normalise.linked(link) == number


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
    fleet = normalise.fleet("balena", msgspec.json.decode(FLEET, type=ApplicationRow), is_mine=True)

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
  "status":"success","created_at":"2026-11-20T10:01:15.297Z","push_timestamp":"2026-11-20T10:05:00.000Z"}}],"id":7001}},
  {{"image":[{{"is_a_build_of__service":[],"id":9002,"content_hash":null,"image_size":null,
  "is_stored_at__image_location":"{LOCATION}","status":"failed","created_at":"2026-11-20T10:01:15.297Z",
  "push_timestamp":null}}],"id":7002}}],
  "release_tag":[{{"tag_key":"channel","value":"beta"}}],
  "release_asset":[{{"id":3,"asset_key":"sbom.json","asset":{{"filename":"sbom.json",
     "href":"https://files.example/sbom.json?X-Amz-Expires=86400&X-Amz-Signature=secret",
     "content_type":"application/json","size":20481,"checksum":"{HASH.upper()}"}}}},
     {{"id":4,"asset_key":"manual.pdf","asset":null}}],
  "id":2345678,"raw_version":"1.2.3"}}]}}
"""


def test_a_release_with_everything_becomes_its_artifacts() -> None:
    envelope = payload.decode("balena", "GET /v7/release", WITH_EVERYTHING.encode(), Envelope)
    rows = payload.decode_rows("balena", "GET /v7/release", envelope.d, ReleaseFilesRow, "$.d")

    artifacts = normalise.artifacts("balena", rows.rows)

    assert rows.error is None
    assert artifacts == [
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
        ),
        Artifact(
            source_name="balena",
            native_id="image/9002",
            name="image 9002",
            kind=ArtifactKind.CONTAINER_IMAGE,
            native_status="failed",
            created_at=CREATED,
            release_native_ids=("2345678",),
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
        ),
        Artifact(
            source_name="balena",
            native_id="asset/4",
            name="manual.pdf",
            kind=ArtifactKind.RELEASE_ASSET,
            release_native_ids=("2345678",),
        ),
    ]


def test_a_signed_link_is_never_kept() -> None:
    (row,) = msgspec.json.decode(WITH_EVERYTHING, type=dict[str, list[ReleaseFilesRow]])["d"]

    assert "X-Amz" not in repr((row, normalise.artifacts("balena", [row])))


def test_an_asset_without_a_known_checksum_has_no_digest() -> None:
    row = msgspec.convert({"id": 3, "asset_key": "k", "asset": {"filename": "", "checksum": "n/a"}}, AssetRow)

    asset = normalise.linked_asset("balena", row)

    assert (asset.digests, asset.filename, asset.release_native_ids) == ([], None, ())


def test_a_row_that_does_not_fit_is_dropped_and_told_with_its_path() -> None:
    misfit = {**msgspec.json.decode(DRAFT), "created_at": "yesterday"}
    body = msgspec.json.encode([msgspec.json.decode(DRAFT), misfit])

    rows = payload.decode_rows("balena", "GET /v7/release", body, ReleaseRow, "$.d")

    assert [row.id for row in rows.rows] == [2345678]
    assert "at $.d[1].created_at" in str(rows.error)
