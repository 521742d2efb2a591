"""BuildMaster 2025, imitated: releases, builds, deployments, applications, with the oddities of the real one.

`requests` reads what came, `auth` who sent it, `reads` and `writes` answer, `rows` prints; `state` is what an
installation remembers and `seeding` how it begins. Errors are text, never JSON: see `errors`.

Odd, and on purpose:
- Members without a value are missing from lists, and explicit nulls in the reply to a deploy.
- Every release repeats its furthest/latest build as a "package", its number as `releaseNumber`, its name twice.
- Numbers are free text; some releases have no pipeline, some pipelines a raft prefix (`global::`), some do not.
- One filter key twice, in whatever carriers, is a 400; a key nobody knows is ignored and the whole list comes.
- A deploy answers with a parent run, which lists show only when asked by its `deploymentId`; the children did the work.
- A run made by a deploy moves one step (pending, executing, its outcome) each time it is listed: no clock is involved.
- A bad key is 403 with no body; an unknown path is 404 in HTML; `/health` asks for no key.

Switches, what the vendor's pages leave open or installations differ in (default):
- `forbidden_body` (False): a 403 carries the sentence of the API overview. The Variables API always sends it.
- `grant_release_build`, `grant_application_management`, `grant_infrastructure`, `grant_variables` (True) and
  `grant_native` (False): what the demo key may call.
- `windows_authentication` (False): 401 with `WWW-Authenticate: Negotiate` before anything else.
- `leaky_builds` (False): builds by `releaseId` come with those of the application's other releases.
- `drop_get_body` (False): a proxy on the way loses the body of a GET, and with it every filter.
- `unknown_keys_are_errors`, `unknown_application_is_error`, `strict_release_keys` (False): 400 instead of leniency.
- `deploy_as_list` (False): the reply to a deploy is an array of one. `deploy_nothing` ("" or "[]"): what comes when
  there is nothing to deploy to. `deploy_outcome` ("succeeded"): how a run ends.
- `legacy_duplicates` (True); `templates`, `pipeline_ids` (False): members that came and went with versions.
- `deployable_members` ("short"): `id`, `name`; "long": `deployableId`, `deployableName`.
- `retired_application` (False): shows a deactivated application whose name needs encoding, its releases canceled.
- `purged_builds` ([]): build ids that retention removed, though releases still name them.
- `scrambled` (False): lists come in no order rather than newest first.
- `server_error` (False): every call is a 500 whose text has a stack trace.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp

from upstream_mocks.buildmaster import filters, native, reads, writes
from upstream_mocks.buildmaster.errors import page_not_found
from upstream_mocks.buildmaster.health import health
from upstream_mocks.buildmaster.requests import Desk
from upstream_mocks.buildmaster.seeding import seeded
from upstream_mocks.world import World

READ = ("GET", "POST")
WRITE = ("POST", "PUT")
REJECT = ("POST", "DELETE")
PACKAGE_WRITE = ("POST", "PUT", "DELETE")


def build(world: World, switches: Mapping[str, Any]) -> ASGIApp:
    """An installation of its own: what is written to it lasts as long as the application does."""
    desk = Desk(seeded(world), switches)
    app = Starlette(
        routes=[*_releases(desk), *_packages(desk), *_elsewhere(desk), Route("/health", health(switches))],
        exception_handlers={404: page_not_found},
    )
    app.router.redirect_slashes = False
    return app


def _releases(desk: Desk) -> list[Route]:
    root = "/api/releases"
    return [
        desk.route(root, reads.releases, READ, takes=filters.RELEASES),
        desk.route(f"{root}/create", writes.create_release, WRITE, takes=writes.CREATE_RELEASE),
        desk.route(f"{root}/create-from-template", writes.create_from_template, WRITE, takes=writes.CREATE_TEMPLATE),
        desk.route(f"{root}/cancel", writes.cancel_release, WRITE, takes=writes.CANCEL),
        desk.route(f"{root}/restore", writes.restore_release, WRITE, takes=writes.RESTORE),
        desk.route(f"{root}/builds", reads.builds, READ, takes=filters.BUILDS),
        desk.route(f"{root}/builds/create", writes.create_build, WRITE, takes=writes.CREATE_BUILD),
        desk.route(f"{root}/builds/deploy", writes.deploy_build, WRITE, takes=writes.DEPLOY),
        desk.route(f"{root}/builds/reject", writes.reject_build, REJECT, takes=writes.REJECT),
        desk.route(f"{root}/builds/deployments", reads.deployments, READ, takes=filters.DEPLOYMENTS),
    ]


def _packages(desk: Desk) -> list[Route]:
    """The names builds had before 6.2: the same calls, with `package…` keys."""
    root = "/api/releases/packages"
    return [
        desk.route(root, reads.builds, READ, takes=filters.BUILDS, old_names=True),
        desk.route(f"{root}/create", writes.create_build, WRITE, takes=writes.CREATE_BUILD, old_names=True),
        desk.route(f"{root}/deploy", writes.deploy_build, WRITE, takes=writes.DEPLOY, old_names=True),
        desk.route(f"{root}/reject", writes.reject_build, PACKAGE_WRITE, takes=writes.REJECT, old_names=True),
        desk.route(f"{root}/deployments", reads.deployments, READ, takes=filters.DEPLOYMENTS, old_names=True),
    ]


def _elsewhere(desk: Desk) -> list[Route]:
    """What lies outside release and build deployment, each behind a grant of its own."""
    post, get = ("POST",), ("GET",)
    variables = "/api/variables"
    return [
        desk.route("/api/applications/list", reads.applications, post, grant="application_management"),
        desk.route("/api/infrastructure/environments/list", reads.environments, post, grant="infrastructure"),
        desk.route(f"{variables}/releases/{{rest:path}}", reads.release_variables, get, grant="variables"),
        desk.route(f"{variables}/builds/{{rest:path}}", reads.build_variables, get, grant="variables"),
        *[
            desk.route(f"/api/json/{name}", answer, READ, grant="native", takes=native.TAKES)
            for name, answer in native.METHODS.items()
        ],
    ]
