"""How NervesHub refuses: `errors` is always an object, with one `detail` or with a list of sentences per field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

NOT_FOUND_OR_NOT_YOURS = "Resource Not Found or Authorization Insufficient"
UNEXPECTED = "Sorry, an unexpected error occurred. The masters of the web have been notified."
BAD_LOGIN = "Authentication failed, please check your username and password and try again."


class RefusedError(Exception):
    def __init__(self, status: int, errors: Mapping[str, Any]):
        self.status, self.errors = status, errors


def unauthorized() -> RefusedError:
    """No token, a bad one, or a role too low: told apart by nobody, 403 is never sent."""
    return RefusedError(401, {"detail": NOT_FOUND_OR_NOT_YOURS})


def not_found() -> RefusedError:
    """Unknown, or of an org one is no member of."""
    return RefusedError(404, {"detail": NOT_FOUND_OR_NOT_YOURS})


def bad_request(detail: str) -> RefusedError:
    return RefusedError(400, {"detail": detail})


def invalid(**fields: str) -> RefusedError:
    return RefusedError(422, {name: [message] for name, message in fields.items()})


def unprocessable(detail: str) -> RefusedError:
    return RefusedError(422, {"detail": detail})


def unexpected() -> RefusedError:
    return RefusedError(500, {"detail": UNEXPECTED})


async def refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)
    return JSONResponse({"errors": error.errors}, status_code=error.status)


async def no_such_route(request: Request, error: Exception) -> Response:
    """A wrong verb is an unknown route to Phoenix: 404, never 405."""
    return await refuse(request, not_found())
