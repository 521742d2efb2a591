"""The JSON of Memfault. Unset text is "", unset objects are null, instants carry microseconds and +00:00."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from upstream_mocks.memfault import auth
from upstream_mocks.memfault.model import (
    Artifact,
    Cohort,
    Deployment,
    Device,
    Organization,
    Project,
    Release,
    Row,
)
from upstream_mocks.memfault.visit import Visit

Json = dict[str, Any]


def organization(row: Organization) -> Json:
    return {"id": row.id, "name": row.name, "slug": row.slug}


def project(row: Project, switches: Mapping[str, Any]) -> Json:
    return {
        **_stamped(row),
        "name": row.name,
        "slug": row.slug,
        "platform": row.platform,
        "os": row.os,
        "api_key": row.api_key,
        "count_devices": len(row.devices),
        "max_ota_upload_size": switches.get("max_ota_upload_size"),
        "qcomm_enabled": False,
    }


def release(row: Release, visit: Visit, of: Project) -> Json:
    """Artifacts and the two newer flags can be switched: the documented sample has none of them."""
    told = {
        **_stamped(row),
        "version": row.version,
        "min_version": row.min_version,
        "revision": row.revision,
        "notes": row.notes,
        "extra_info": row.extra_info,
        "count_devices": of.count_devices(row),
    }
    if visit.switches.get("release_artifacts", True):
        told["artifacts"] = [artifact(each, visit) for each in row.artifacts]
    if visit.switches.get("release_flags", False):
        told |= {"must_pass_through": row.must_pass_through, "is_delta": False}
    return told


def artifact(row: Artifact, visit: Visit) -> Json:
    return {
        **_stamped(row),
        "type": row.type,
        "hardware_version": row.hardware_version,
        "build_id": row.build_id,
        "filename": row.filename,
        "url": file_url(row, visit),
        "md5": row.md5,
        **row.newer,
    }


def file_url(row: Artifact, visit: Visit) -> str:
    """Signed: whoever has it may fetch the file."""
    return f"{visit.base}files/{row.id}/{row.filename}?Signature={signature(row)}"


def signature(row: Artifact) -> str:
    return f"{row.id:08x}{row.md5[:8]}"


def cohort(row: Cohort, visit: Visit, of: Project) -> Json:
    """The recorded shape has `last_deployment`, the documented one `deployments`; see the switch `cohort_shape`."""
    shape = visit.switches.get("cohort_shape", "last_deployment")
    deployments = of.deployments_to(row)
    told = {**_stamped(row), "name": row.name, "slug": row.slug, "count_devices": of.count_devices(row)}
    if shape in ("last_deployment", "both"):
        told["last_deployment"] = _last(deployments)
    if shape in ("deployments", "both"):
        told["deployments"] = [_short_deployment(each) for each in deployments]
    if visit.switches.get("cohort_flags", False):
        told |= _cohort_flags(row, deployments)
    return told


def _last(deployments: list[Deployment]) -> Json | None:
    if not deployments:
        return None
    return {**_short_deployment(deployments[0]), "deployed_date": stamp(deployments[0].deployed_date)}


def _short_deployment(row: Deployment) -> Json:
    short = {"id": row.id, "type": row.type, "status": row.status}
    return {**short, "deployer": auth.USER, "release": release_summary(row.release)}


def _cohort_flags(row: Cohort, deployments: list[Deployment]) -> Json:
    return {
        "count_active_deployments": sum(deployment.is_active for deployment in deployments),
        "count_staged_devices": 0,
        "updates_enabled": True,
        "bypass_version_checks": row.bypass_version_checks,
        "bypass_primary_software_type_check": False,
        "ignore_traces": False,
        "return_equal_latest_releases": False,
    }


def deployment(row: Deployment, switches: Mapping[str, Any], of: Project) -> Json:
    """`normal` reads 0 percent and means all: recorded so."""
    percent = row.rollout_percent if row.type == "staged_rollout" else switches.get("normal_rollout_percent", 0)
    return {
        **_stamped(row),
        "deployed_date": stamp(row.deployed_date),
        "type": row.type,
        "status": row.status,
        "rollout_percent": percent,
        "release": release_summary(row.release),
        "cohort": cohort_summary(row.cohort, of),
        "deployer": auth.USER,
        "extra_info": row.extra_info,
    }


def device(row: Device, switches: Mapping[str, Any], of: Project) -> Json:
    """`live` since 2022, `old` as documented: see the switch `device_shape`."""
    seen = None if row.last_seen is None else stamp(row.last_seen)
    shared = {**_stamped(row), "device_serial": row.serial, "last_seen": seen}
    old = switches.get("device_shape", "live") == "old"
    return {**shared, **(_old_device(row, of) if old else _live_device(row, of))}


def _old_device(row: Device, of: Project) -> Json:
    return {
        "owner_ref": row.owner_ref,
        "hardware_version": row.hardware_version,
        "last_seen_release": None if row.release is None else release_summary(row.release),
        "latest_install": None,
        "latest_trace": None,
        "cohort": cohort_summary(row.cohort, of),
    }


def _live_device(row: Device, of: Project) -> Json:
    return {
        "nickname": row.nickname,
        "description": row.description,
        "hardware_version": {"name": row.hardware_version},
        "last_seen_software_version": None if row.release is None else software_version(row.release, of),
        "cohort": {"id": row.cohort.id, "name": row.cohort.name, "slug": row.cohort.slug},
        "project": {"id": of.id, "name": of.name, "slug": of.slug},
        "fleet_sampling_resolution": "off",
        "server_side_developer_mode": False,
    }


def software_type(of: Project) -> Json:
    return {"id": of.id, "name": of.software_type}


def software_version(row: Release, of: Project) -> Json:
    return {"id": row.id, "version": row.version, "archived": False, "software_type": software_type(of)}


def hardware_version(name: str, of: Project) -> Json:
    count = sum(device.hardware_version == name for device in of.devices.values())
    kind = software_type(of)
    return {"name": name, "count_devices": count, "primary_software_type": kind, "software_types": [kind]}


def release_summary(row: Release) -> Json:
    return {"id": row.id, "version": row.version, "revision": row.revision}


def cohort_summary(row: Cohort, of: Project) -> Json:
    return {"id": row.id, "name": row.name, "slug": row.slug, "count_devices": of.count_devices(row)}


def _stamped(row: Row) -> Json:
    return {"id": row.id, "created_date": stamp(row.created_date), "updated_date": stamp(row.updated_date)}


def stamp(at: datetime) -> str:
    return at.isoformat(timespec="microseconds")
