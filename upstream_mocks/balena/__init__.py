"""balena Cloud API v7, mocked: fleets, releases, images, assets, tags and devices behind Pinejs' OData.

Older versions of the API, which the vendor translates, are 404 here.

What a client must be ready for, and meets here:
- the query is read raw: syntax that was percent-encoded is 400; `and` and `or` group to the left; `$orderby=x` sorts
  downwards; without `$orderby` rows come in an order of no use, another one for each page;
- no row is `{"d":[]}`; a PATCH or DELETE of nothing is an empty 200; there is no page limit and no total;
- a bad token is a guest: 200 with public rows, 401 only for closed resources and writes;
- errors are JSON strings or empty; an unknown field is 500; a body that is no JSON gets HTML;
- moments are stored in microseconds and printed in milliseconds; sizes of images are text; `raw_version` changes
  when a draft becomes final.

Switches, with their defaults:
- open_server (False): answer as the open-source server does: computed columns come unasked, cloud-only columns are
  unknown, every resource has `modified_at`.
- compares_finely (False): compare and sort moments by the microsecond, instead of cut to what is printed.
- refuses_bad_tokens (False): 401 for a credential nobody issued, instead of a guest's view.
- most_rows (None): a cap on the rows of one reply, as a front end might have.
- elapsed_s (0): seconds added to the server's time; a day of them and signed addresses expire.

Credentials: `demo-balena-token` is a member of both organizations, `partner-balena-token` of the partner's alone;
`POST /login_` takes their user names (demo, partner) with `demo-balena-password`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from upstream_mocks.balena.asked import asked
from upstream_mocks.balena.endpoint import ROOT, Endpoint
from upstream_mocks.balena.routes import Routes
from upstream_mocks.balena.state import State
from upstream_mocks.world import World


def build(world: World, switches: Mapping[str, Any]) -> ASGIApp:
    """A fresh API over the world's rows; its changes live as long as it does."""
    return Api(State(world, switches))


class Api:
    """Not Starlette's router: it would route by the decoded path, and the raw one is the syntax here."""

    def __init__(self, state: State):
        self.v7 = Endpoint(state)
        self.routes = Routes(state)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = await asked(Request(scope, receive))
        is_v7 = request.path == ROOT or request.path.startswith(ROOT + "/")
        response = self.v7.answer(request) if is_v7 else self.routes.answer(request)
        await response(scope, receive, send)
