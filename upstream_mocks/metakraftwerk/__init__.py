"""MetaKraftwerk, imitated: release groups, releases with their hotfixes, builds and downloads, behind a login.

`services` says what can be asked and answers, `login` and `tokens` decide who may, `errors` is how it says no; the
`seeding` modules turn the world into `tables`. It behaves as the FeathersJS service its messages give it away to be.

Odd, and on purpose:
- The login is at `/authentication`, outside `/api/v1`; it answers 201. Tokens are read by clients for `exp`, so here,
  and nowhere else in the mocks, times are the real clock's. The fixed `demo-metakraftwerk-token` never expires.
- A release is a branch of metadata with a label for a name; each group begins with an undated "Default Release".
- Lineage is a forest: two releases may follow the same one, a hotfix hangs under its release, and one
  `prev_release_id` leads to a release nobody can see any more.
- Dates are midnights of central Europe, told in UTC: they fall on the day before.
- Builds write booleans as 0 and 1, everything else as true and false; a build belongs to releases of several groups.
- A filter by an unknown name is a 404, by an unknown id an empty list; a filter nobody knows is ignored.

Switches, what the vendor's pages leave open or a test needs (default):
- `token_life_s` (86400): how long a login lasts; 0 or less gives a token that is expired already.
- `documented_token_errors` (False): a garbage token is "Not authenticated" as on the page, not the library's own words.
- `unimplemented_status` (405): what a verb without implementation answers; 501 comes after the token was looked at.
- `cycle` (False): two releases of the last group follow each other.
- `hide_deleted` (False): lists leave out releases marked as deleted.
- `paged` (False): lists come as `{total, limit, skip, data}`, obeying `$limit` and `$skip`; `page_limit` (10).
- `scrambled` (False): lists come in no order rather than by id.
- `build_deployment_status` (False): adds `status`, `message`, `created_at` to build deployments.
- `download_bytes` (False): one download is the file itself, and its counter climbs, instead of JSON.
- `error_members` (False): errors carry `errors: {}`, as an older Feathers is said to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp

from upstream_mocks.metakraftwerk.login import Login
from upstream_mocks.metakraftwerk.seeding import seeded
from upstream_mocks.metakraftwerk.server import Server
from upstream_mocks.world import World

VERBS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def build(world: World, switches: Mapping[str, Any]) -> ASGIApp:
    """A service of its own; only the counters of downloads change in it."""
    server = Server(seeded(world), Login(world, switches), switches)
    app = Starlette(
        routes=[
            Route("/authentication", server.authentication, methods=VERBS),
            Route("/api/v1/{rest:path}", server.service, methods=VERBS),
        ],
        exception_handlers={404: server.page_not_found},
    )
    app.router.redirect_slashes = False
    return app
