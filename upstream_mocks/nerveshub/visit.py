"""One request on its way in: who asks, for which org, product and device, with which body.

The order is the server's: token, org, product, device, and the role last, so that what one may not see is not there.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from upstream_mocks.nerveshub import errors
from upstream_mocks.nerveshub.model import Device, Hub, Org, Product, Role, User


@dataclass
class Visit:
    request: Request
    hub: Hub
    switches: Mapping[str, Any]
    raw: bytes

    @property
    def params(self) -> dict[str, str]:
        return {name: unquote(text) for name, text in self.request.path_params.items()}

    @property
    def user(self) -> User:
        """Bearer and token are the same to the server, in any case of letters."""
        scheme, _, token = self.request.headers.get("authorization", "").partition(" ")
        known = {user.token: user for user in self.hub.users}
        if scheme.lower() not in ("bearer", "token") or token.strip() not in known:
            raise errors.unauthorized()
        return known[token.strip()]

    @property
    def org(self) -> Org:
        """Of the path, or of the device when the path is the short one."""
        if "org" in self.params:
            return self.org_named(self.params["org"])
        return self.org_named(self.device.product.org)

    def org_named(self, name: object) -> Org:
        if not isinstance(name, str) or name not in self.hub.orgs or name not in self.user.roles:
            raise errors.not_found()
        return self.hub.orgs[name]

    @property
    def product(self) -> Product:
        product = self.org.products.get(self.params["product"])
        if product is None:
            raise errors.not_found()
        return product

    @property
    def device(self) -> Device:
        """Deleted ones too: only the list hides them."""
        device = self.hub.devices.get(self.params["identifier"])
        if device is None or ("product" in self.params and device.product is not self.product):
            raise errors.not_found()
        return device

    def require(self, role: Role, org: Org) -> None:
        if self.user.roles[org.name] < role:
            raise errors.unauthorized()

    def admit(self, role: Role | None) -> None:
        """Raises what the server would before it looks at what is asked."""
        assert self.user
        if "product" in self.params:
            assert self.product
        if "identifier" in self.params:
            assert self.device
        if role is not None:
            self.require(role, self.org)

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object sent; {} when none was. Anything but JSON leaves the parameters empty."""
        if not self.raw or "json" not in self.request.headers.get("content-type", ""):
            return {}
        try:
            body = msgspec.json.decode(self.raw)
        except msgspec.DecodeError:
            raise errors.bad_request("The request body is not valid JSON.") from None
        return body if isinstance(body, dict) else {"_json": body}

    def nested_query(self, name: str) -> dict[str, str]:
        """`name[key]=value` pairs of the query; of a repeated key the last one counts."""
        pairs = parse_qsl(self.request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
        found = ((re.fullmatch(rf"{name}\[([^\]]+)\]", key), value) for key, value in pairs)
        return {match[1]: value for match, value in found if match}

    def path_to(self, *segments: str) -> str:
        """A path as the `location` header holds it."""
        return "/".join((f"{self.request.scope['root_path']}/api/orgs", *segments))


Handler = Callable[[Visit], Response]


def endpoint(
    hub: Hub, switches: Mapping[str, Any], role: Role | None, handler: Handler, *, needs_token: bool = True
) -> Callable[[Request], Awaitable[Response]]:
    """The handler behind token, org and role. Role None: any user."""

    async def answer(request: Request) -> Response:
        visit = Visit(request, hub, switches, await request.body())
        if needs_token:
            visit.admit(role)
        return handler(visit)

    return answer


def data(value: object, status: int = 200, location: str | None = None) -> Response:
    headers = {} if location is None else {"location": location}
    return JSONResponse({"data": value}, status_code=status, headers=headers)


def no_content() -> Response:
    return Response(status_code=204)
