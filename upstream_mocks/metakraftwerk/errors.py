"""Errors as Feathers prints them: `name`, `message`, `code`, `className`, and `data` when there is any."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

NAMES = {
    400: "BadRequest",
    401: "NotAuthenticated",
    404: "NotFound",
    405: "MethodNotAllowed",
    500: "GeneralError",
    501: "NotImplemented",
}


class FeathersError(Exception):
    def __init__(self, code: int, message: str, data: Mapping[str, Any] | None = None):
        super().__init__(message)
        self.code, self.message, self.data = code, message, data

    def body(self, *, with_empty_errors: bool) -> dict[str, Any]:
        name = NAMES[self.code]
        kebab = re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()
        body: dict[str, Any] = {"name": name, "message": self.message, "code": self.code, "className": kebab}
        if self.data is not None:
            body["data"] = dict(self.data)
        return {**body, "errors": {}} if with_empty_errors else body


def not_authenticated(message: str = "Not authenticated", data: Mapping[str, Any] | None = None) -> FeathersError:
    return FeathersError(401, message, data)


def no_record(identifier: str) -> FeathersError:
    return FeathersError(404, f"No record found for id '{identifier}'")


def no_name(word: str, name: str) -> FeathersError:
    return FeathersError(404, f"A {word} with the name '{name}' does not exist!")


def no_page(path: str) -> FeathersError:
    return FeathersError(404, "Page not found", {"url": path})


def response(error: FeathersError, request: Request, *, with_empty_errors: bool) -> Response:
    """JSON, unless the headers speak of html and not of json."""
    headers = request.headers.get("Accept", "") + request.headers.get("Content-Type", "")
    if "html" in headers and "json" not in headers:
        return HTMLResponse(f"<!DOCTYPE html><h1>{error.code}</h1><p>{NAMES[error.code]}</p>", error.code)
    body = orjson.dumps(error.body(with_empty_errors=with_empty_errors))
    return Response(body, error.code, media_type="application/json")
