"""Memfault, imitated: the management API under `/api/v0`, uploads, files, and the route devices ask.

Credentials: `demo-memfault-token` by `Authorization: Bearer …` or Basic with an empty user; Basic
`demo@memfault.example` with `demo-memfault-password` or the API key of `auth.py`. To be refused:
`demo-memfault-read-token` writes nothing, `demo-memfault-acme-token` sees one organization. A project's key opens
`/releases/latest` and nothing else.

Surprises it keeps:
- Route keys are slugs, versions and serials; only deployments go by id. A version travels percent-encoded.
- One page past the end is 200 with nothing on it and true totals. Instants carry microseconds and `+00:00`.
- Unset text is "", an unset object null. Of an artifact `sha1`, `sha256`, `file_size`, `extra_info` may be missing.
- A `normal` deployment reads 0 percent. POST of an object is 200; uploads are 202 and worked off in a queue.
- `/auth/me`, `/releases/latest` and the queue answer without `data`.

Switches (what is unconfirmed, or differs between documents), with their defaults:
- `default_order` "shuffled", or a sort key: the order of lists nobody sorted.
- `per_page_limit` "clamp" to 100, "reject" with 400, or "accept"; software types always accept.
- `release_artifacts` True; False leaves `artifacts` out of releases, as the documented sample does.
- `release_flags` False; True adds `must_pass_through` and `is_delta` to releases.
- `cohort_shape` "last_deployment", or "deployments", "both", "neither"; `cohort_flags` False adds the newer fields.
- `device_shape` "live", or "old"; `device_patch_status` 200; `move_devices_status` 202.
- `normal_rollout_percent` 0; `pull_status` 204; `pulled_deployments_vanish` False.
- `auth_me_for_tokens` False: 403 for a token; `enforce_sso` False: True refuses logins and API keys.
- `max_ota_upload_size` None: what a project tells; a number makes clients upload in parts.
- `queue_pending_polls` 0: how often a task answers PENDING before its work shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import ASGIApp

from upstream_mocks.memfault import (
    artifacts,
    cohorts,
    deployments,
    devices,
    errors,
    latest,
    organizations,
    releases,
    rows,
    software,
)
from upstream_mocks.memfault.visit import Verbs, endpoint
from upstream_mocks.world import World

V0 = "/api/v0"
ORGANIZATIONS = V0 + "/organizations"
PROJECTS = ORGANIZATIONS + "/{organization}/projects"
P = PROJECTS + "/{project}"
RELEASE = P + "/releases/{version}"
COHORT = P + "/cohorts/{slug}"
DEPLOYMENT = P + "/deployments/{id:int}"
DEVICE = P + "/devices/{serial}"
SOFTWARE = P + "/software_types"

MANAGEMENT: dict[str, Verbs] = {
    "/auth/me": {"GET": organizations.me},
    "/auth/api_key": dict.fromkeys(("GET", "POST", "DELETE"), organizations.user_api_key),
    ORGANIZATIONS: {"GET": organizations.organizations},
    PROJECTS: {"GET": organizations.projects, "POST": organizations.create_project},
    P: {
        "GET": organizations.project,
        "PATCH": organizations.update_project,
        "DELETE": organizations.delete_project,
    },
    P + "/api_key": dict.fromkeys(("GET", "POST"), organizations.project_key),
    P + "/releases": {"GET": releases.listed, "POST": releases.create},
    # Before the release of one version: no version may be called so.
    P + "/releases/ota_payload": {"POST": artifacts.add_payload},
    P + "/release-artifacts": {"POST": artifacts.add_payload},
    RELEASE: {"GET": releases.shown, "PATCH": releases.update, "DELETE": releases.delete},
    RELEASE + "/artifacts": {"POST": artifacts.add_form},
    P + "/upload": {"POST": artifacts.prepare},
    P + "/upload_multipart": {"POST": artifacts.prepare_parts},
    V0 + "/queue/{task}": {"GET": artifacts.queue},
    P + "/cohorts": {"GET": cohorts.listed, "POST": cohorts.create},
    COHORT: {"GET": cohorts.shown, "PATCH": cohorts.update, "DELETE": cohorts.delete},
    COHORT + "/devices": {"GET": cohorts.devices, "PATCH": cohorts.move_devices},
    P + "/deployments": {"GET": deployments.listed, "POST": deployments.create},
    DEPLOYMENT: {"GET": deployments.shown, "PATCH": deployments.update, "DELETE": deployments.pull},
    P + "/devices": {"GET": devices.listed, "POST": devices.create},
    DEVICE: {"GET": devices.shown, "PATCH": devices.update, "DELETE": devices.delete},
    SOFTWARE: {"GET": software.software_types},
    SOFTWARE + "/{type}/software_versions": {"GET": software.software_versions},
    SOFTWARE + "/{type}/software_versions/{version}": {"GET": software.software_version},
    P + "/software_type_values": {"GET": software.software_type_values},
    P + "/hardware_versions": {"GET": software.hardware_versions, "POST": software.create_hardware_version},
    P + "/installs": {"GET": software.installs},
    P + "/installs/{id:int}": {"GET": software.install},
}
WITHOUT_LOGIN: dict[str, Verbs] = {
    V0 + "/releases/latest": {"GET": latest.release},
    V0 + "/releases/latest/url": {"GET": latest.url},
    "/uploads/{token}": {"PUT": artifacts.put_bytes},
    "/uploads/{token}/complete": {"POST": artifacts.complete},
}


def build(world: World, switches: Mapping[str, Any]) -> ASGIApp:
    """A service of its own, with the world's rows and no writes yet."""
    cloud = rows.cloud(world)
    guarded = [Route(path, endpoint(cloud, switches, verbs), methods=list(verbs)) for path, verbs in MANAGEMENT.items()]
    others = [
        Route(path, endpoint(cloud, switches, verbs, needs_login=False), methods=list(verbs))
        for path, verbs in WITHOUT_LOGIN.items()
    ]
    files = Route("/files/{id:int}/{name}", artifacts.stored_file(cloud))
    app = Starlette(
        routes=[*guarded, *others, files],
        exception_handlers={errors.RefusedError: errors.refuse, HTTPException: errors.no_such_route},
    )
    app.router.redirect_slashes = False
    return app
