"""Requests to answers, in the order of Feathers: the path, the verb, the token, then the service itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.requests import Request
from starlette.responses import Response

from upstream_mocks.metakraftwerk import errors
from upstream_mocks.metakraftwerk.errors import FeathersError
from upstream_mocks.metakraftwerk.login import Login
from upstream_mocks.metakraftwerk.services import SERVICES
from upstream_mocks.metakraftwerk.tables import Row, Tables

METHODS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "remove"}
LATER = ("status", "message", "created_at")  # members of a build deployment that no page documents


class Server:
    def __init__(self, tables: Tables, login: Login, switches: Mapping[str, Any]):
        self.tables, self.login, self.switches = tables, login, switches

    async def authentication(self, request: Request) -> Response:
        try:
            if request.method != "POST":
                raise _not_allowed(request, None)
            return _json(self.login.create(await _body(request)), status=201)
        except FeathersError as error:
            return self._refused(error, request)

    async def service(self, request: Request) -> Response:
        resource, *rest = request.path_params["rest"].strip("/").split("/")
        identifier = rest[0] if rest else None
        try:
            if resource not in SERVICES or len(rest) > 1:
                raise errors.no_page(request.scope["raw_target"])
            await self._refuse_verb(request, resource, identifier)
            self.login.check(request.headers.get("Authorization"))
            return self._got(resource, identifier) if identifier else _json(self._found(resource, request))
        except FeathersError as error:
            return self._refused(error, request)

    async def page_not_found(self, request: Request, error: Exception) -> Response:
        return self._refused(errors.no_page(request.scope["raw_target"]), request)

    async def _refuse_verb(self, request: Request, resource: str, identifier: str | None) -> None:
        if request.method in ("GET", "HEAD"):
            return
        is_known = SERVICES[resource].starts and request.method == "POST"
        refusal = _not_allowed(request, identifier)
        if is_known or self.switches.get("unimplemented_status", 405) == 501:
            # Thrown by the service itself, so the token is looked at and the body read before.
            self.login.check(request.headers.get("Authorization"))
            await _body(request)
            refusal = FeathersError(501, "Not implemented")
        raise refusal

    def _found(self, resource: str, request: Request) -> object:
        query = dict(parse_qsl(request.url.query, keep_blank_values=True))
        tests = SERVICES[resource].tests(query, self.tables)
        rows = [row for row in map(self._shown(resource), self.tables.rows(resource)) if all(t(row) for t in tests)]
        if resource == "releases" and self.switches.get("hide_deleted"):
            rows = [row for row in rows if not row["deleted"]]
        if self.switches.get("scrambled"):
            rows.sort(key=lambda row: sha256(str(row["id"]).encode()).digest())
        return self._page(rows, query) if self.switches.get("paged") else rows

    def _page(self, rows: list[Row], query: Mapping[str, str]) -> dict[str, object]:
        """Feathers' envelope; its limit is also the most it gives."""
        most = int(self.switches.get("page_limit", 10))
        limit, skip = min(int(query.get("$limit", most)), most), int(query.get("$skip", 0))
        return {"total": len(rows), "limit": limit, "skip": skip, "data": rows[skip : skip + limit]}

    def _got(self, resource: str, identifier: str) -> Response:
        for row in self.tables.rows(resource):
            if str(row["id"]) == identifier:
                break
        else:
            raise errors.no_record(identifier)
        if resource == "downloads" and self.switches.get("download_bytes"):
            row["downloaded"] += 1
            return Response(row["name"].encode(), media_type="application/zip")
        return _json(self._shown(resource)(row))

    def _shown(self, resource: str) -> Callable[[Row], Row]:
        """The row as the switches have it."""
        cycle = self.tables.cycle
        if resource == "releases" and self.switches.get("cycle"):
            return lambda row: {**row, "prev_release_id": cycle.get(row["id"], row["prev_release_id"])}
        if resource == "build_deployments" and not self.switches.get("build_deployment_status"):
            return lambda row: {name: value for name, value in row.items() if name not in LATER}
        return lambda row: row

    def _refused(self, error: FeathersError, request: Request) -> Response:
        return errors.response(error, request, with_empty_errors=bool(self.switches.get("error_members")))


def _json(content: object, *, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")


async def _body(request: Request) -> Mapping[str, Any]:
    """An empty body is an empty object. Raises 500 with the parser's words for one that cannot be read."""
    try:
        content = json.loads(await request.body() or b"{}")
    except ValueError as error:
        raise FeathersError(500, str(error)) from None
    return content if isinstance(content, dict) else {}


def _not_allowed(request: Request, identifier: str | None) -> FeathersError:
    method = METHODS.get(request.method, "get" if identifier else "find")
    return FeathersError(405, f"Method `{method}` is not supported by this endpoint.")
