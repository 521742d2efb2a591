"""NervesHub, imitated: the REST API under `/api`, as of August 2026, with a switch for the servers of March.

Credential: `demo-nerveshub-token` by `Authorization: Bearer …` or `token …`, an admin of every org. Others,
to be refused: `demo-nerveshub-manage-token`, `-view-token` and `-stranger-token` (a member of nothing).
Login: `demo@nerveshub.example` with `demo-nerveshub-password`.

Surprises it keeps:
- A role too low is 401, a foreign org 404, a wrong verb 404, all with one sentence; 403 is never sent.
- Only devices are paged, 10 unless asked, and no filter names a deployment group.
- `online` is text; PUT of a device is 201; device and create bodies are flat, PUT of a group wants `deployment`.
- A new group is off whatever was asked and its counts are null; a PUT with a firmware ignores state and conditions.
- Times have three shapes and a word. A firmware has no time, size, checksum or commit.
- Words the server does not know in sort and filters, and pages that are no number, are 500.

Switches (what is unconfirmed or depends on the version), with their defaults:
- `server_version` "current"; "2.4.0" leaves out product settings, a firmware's tool, and all of a group but its core.
- `unknown_words_fail` True: unknown sort and filter words answer 500; False ignores them.
- `stale_releases_count` True: a PUT that makes a release tells the count from before it.
- `post_counts` False: a POST of a group tells null counts; True tells numbers.
- `firmware_upload_max_size` 200 MiB, in bytes of the request.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from upstream_mocks.nerveshub import accounts, deployment_groups, devices, errors, firmwares, rows
from upstream_mocks.nerveshub.model import Hub, Role
from upstream_mocks.nerveshub.visit import Handler, endpoint
from upstream_mocks.world import World

ORG = "/api/orgs/{org}"
PRODUCT = ORG + "/products/{product}"
FIRMWARE = PRODUCT + "/firmwares/{uuid}"
GROUP = PRODUCT + "/deployments/{name}"
DEVICE = PRODUCT + "/devices/{identifier}"
SHORT_DEVICE = "/api/devices/{identifier}"
VIEW, MANAGE, ADMIN = Role

Row = tuple[str, str, Role | None, Handler]

ACCOUNTS: tuple[Row, ...] = (
    ("GET", "/api/users/me", None, accounts.me),
    ("GET", "/api/orgs", None, accounts.orgs),
    ("GET", ORG + "/products", VIEW, accounts.products),
    ("POST", ORG + "/products", ADMIN, accounts.create_product),
    ("GET", PRODUCT, VIEW, accounts.product),
    ("PUT", PRODUCT, MANAGE, accounts.update_product),
    ("PATCH", PRODUCT, MANAGE, accounts.update_product),
    ("DELETE", PRODUCT, ADMIN, accounts.delete_product),
    ("GET", ORG + "/users", VIEW, accounts.org_users),
    ("GET", ORG + "/keys", VIEW, accounts.nothing),
    ("GET", ORG + "/ca_certificates", VIEW, accounts.nothing),
    ("GET", ORG + "/iroh_endpoints", VIEW, accounts.nothing),
    ("GET", PRODUCT + "/scripts", VIEW, accounts.nothing),
)
FIRMWARES: tuple[Row, ...] = (
    ("GET", PRODUCT + "/firmwares", VIEW, firmwares.listed),
    ("POST", PRODUCT + "/firmwares", MANAGE, firmwares.upload),
    ("GET", FIRMWARE, VIEW, firmwares.shown),
    ("DELETE", FIRMWARE, MANAGE, firmwares.delete),
    ("GET", FIRMWARE + "/download", MANAGE, firmwares.download),
)
GROUPS: tuple[Row, ...] = (
    ("GET", PRODUCT + "/deployments", VIEW, deployment_groups.listed),
    ("POST", PRODUCT + "/deployments", MANAGE, deployment_groups.create),
    ("GET", GROUP, VIEW, deployment_groups.shown),
    ("PUT", GROUP, MANAGE, deployment_groups.update),
    ("DELETE", GROUP, MANAGE, deployment_groups.delete),
)
DEVICES: tuple[Row, ...] = (
    ("GET", PRODUCT + "/devices", VIEW, devices.listed),
    ("POST", PRODUCT + "/devices", MANAGE, devices.create),
    ("PUT", DEVICE, MANAGE, devices.update),
    ("DELETE", DEVICE, MANAGE, devices.delete),
    ("GET", DEVICE + "/certificates", VIEW, accounts.nothing),
    ("GET", DEVICE + "/network_identities", VIEW, accounts.nothing),
)
BOTH_DEVICE_PATHS: tuple[Row, ...] = (
    ("GET", "", VIEW, devices.shown),
    ("POST", "/reboot", MANAGE, devices.order),
    ("POST", "/reconnect", MANAGE, devices.order),
    ("POST", "/code", MANAGE, devices.run_code),
    ("POST", "/upgrade", MANAGE, devices.upgrade),
    ("POST", "/move", MANAGE, devices.move),
    ("DELETE", "/penalty", MANAGE, devices.leave_penalty_box),
)
WITHOUT_TOKEN: tuple[tuple[str, str, Handler], ...] = (
    ("POST", "/api/users/auth", accounts.log_in),
    ("POST", "/api/users/login", accounts.log_in),
    ("POST", "/api/auth/cli_session", accounts.begin_browser_login),
    ("GET", "/api/auth/cli_session/{token}", accounts.poll_browser_login),
)


def build(world: World, switches: Mapping[str, Any]) -> ASGIApp:
    """A server of its own, with the world's rows and no writes yet."""
    app = Starlette(
        routes=_routes(rows.hub(world), switches),
        exception_handlers={errors.RefusedError: errors.refuse, HTTPException: errors.no_such_route},
    )
    app.router.redirect_slashes = False
    return _Segments(app)


class _Segments:
    """Routes see the path as it came: the server splits it first and decodes after, so that a name may hold a slash."""

    def __init__(self, inner: ASGIApp):
        self.inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw = scope.get("raw_path")
        await self.inner({**scope, "path": raw.decode("latin-1")} if raw else scope, receive, send)


def _routes(hub: Hub, switches: Mapping[str, Any]) -> list[Route]:
    short_and_long = [
        (verb, device + path, role, handler)
        for verb, path, role, handler in BOTH_DEVICE_PATHS
        for device in (DEVICE, SHORT_DEVICE)
    ]
    guarded = [
        Route(path, endpoint(hub, switches, role, handler), methods=[verb])
        for verb, path, role, handler in (*ACCOUNTS, *FIRMWARES, *GROUPS, *DEVICES, *short_and_long)
    ]
    open_to_all = [
        Route(path, endpoint(hub, switches, None, handler, needs_token=False), methods=[verb])
        for verb, path, handler in WITHOUT_TOKEN
    ]
    files = [
        Route("/status/alive", accounts.alive),
        Route("/api/openapi", accounts.openapi),
        Route("/storage/{org}/{name}", firmwares.stored_file),
    ]
    return guarded + open_to_all + files
