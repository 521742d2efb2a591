"""How BuildMaster says no: text for a bad request, nothing for a bad key, HTML for an unknown path, a trace for 500."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

FORBIDDEN = "The specified API key does not have the proper permissions to perform this action."
TRACE = (
    "Object reference not set to an instance of an object.\r\n"
    "   at Inedo.BuildMaster.WebApplication.Api.ReleaseApi.ProcessRequestAsync(AhHttpContext context)\r\n"
    "   at Inedo.Web.Handlers.AsyncHandler.InvokeAsync(AhHttpContext context)\r\n"
)


class BadRequest(Exception):
    """Becomes 400; the text is the body."""


class NotFound(Exception):
    """Becomes 404 with text: only the Variables API has one for a thing rather than a path."""


class NoSuchPage(Exception):
    """Becomes the HTML of an unknown path: the call does not exist in this version."""


def bad_request(text: str) -> Response:
    return PlainTextResponse(text, status_code=400)


def not_found(text: str) -> Response:
    return PlainTextResponse(text, status_code=404)


def forbidden(*, with_sentence: bool) -> Response:
    return PlainTextResponse(FORBIDDEN, status_code=403) if with_sentence else Response(status_code=403)


def handshake() -> Response:
    """Windows Integrated Authentication comes before any key."""
    return Response(status_code=401, headers={"WWW-Authenticate": "Negotiate"})


def server_error() -> Response:
    return PlainTextResponse(TRACE, status_code=500)


def no_such_page() -> Response:
    page = "<!DOCTYPE html><html><head><title>Not Found</title></head><body><h1>404 - Not Found</h1></body></html>"
    return HTMLResponse(page, status_code=404)


async def page_not_found(request: Request, error: Exception) -> Response:
    return no_such_page()
