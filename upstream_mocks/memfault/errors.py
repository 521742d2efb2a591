"""How Memfault refuses: `{"error": {code, http_code, message, type}}`.

Only code 1003 with NotFoundError was ever recorded; the other numbers and types are made up in its manner.
"""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

CODES = {
    400: (1000, "ValidationError"),
    401: (1001, "UnauthorizedError"),
    403: (1002, "ForbiddenError"),
    404: (1003, "NotFoundError"),
    405: (1004, "MethodNotAllowedError"),
    409: (1005, "ConflictError"),
}


class RefusedError(Exception):
    def __init__(self, status: int, message: str):
        self.status, self.message = status, message


def invalid(message: str) -> RefusedError:
    return RefusedError(400, message)


def unauthorized() -> RefusedError:
    return RefusedError(401, "The credentials are missing or not valid")


def forbidden() -> RefusedError:
    return RefusedError(403, "The credentials do not grant this")


def not_found(thing: str, key: str, value: object) -> RefusedError:
    return RefusedError(404, f"{thing} with {key} `{value}` not found")


def conflict(message: str) -> RefusedError:
    return RefusedError(409, message)


async def refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)
    code, kind = CODES[error.status]
    told = {"code": code, "http_code": error.status, "message": error.message, "type": kind}
    return JSONResponse({"error": told}, status_code=error.status)


async def no_such_route(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    answer = await refuse(request, RefusedError(error.status_code, error.detail))
    answer.headers.update(error.headers or {})
    return answer
