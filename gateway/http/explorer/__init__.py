"""The GraphiQL explorer, whole from our own assets: no content network, no fonts of others, works offline.

`page()` answers a browser's GET on the graph's own address; `routes()` serves the files the page asks for, below
`/explorer/`. Both work before assets/ is built: the page then says how to build it.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from string import Template

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from gateway.http.explorer import files

PREFIX = "/explorer"

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",  # its editor positions and colours text with style attributes
        "font-src 'self' data:",  # its style sheet carries the fonts
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

_PAGE_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
    "Vary": "Accept",  # the same address answers programs with JSON
}


def has_assets() -> bool:
    """Whether the browser files are built; asked anew each time, so a running server sees a build end."""
    return files.has_all()


def routes() -> list[BaseRoute]:
    """`GET /explorer/{name}`: one browser file; 404 for a name that is none, or before the build."""
    return [Route(f"{PREFIX}/{{name}}", _file, methods=["GET"])]


def page(root_path: str = "", assets: Path = files.ASSETS) -> Response:
    """The explorer as HTML, 503 with what to do when its files are not built.

    root_path: what a proxy strips from the front of our paths (`request.scope["root_path"]`), without a last slash.
    assets: the folder that build.py filled.
    """
    if not files.has_all(assets):
        return HTMLResponse(_text("missing.html"), status_code=503, headers=_PAGE_HEADERS)
    filled = Template(_text("page.html")).substitute(
        base=escape(root_path + PREFIX), version=files.version(assets), starters=escape(files.starters())
    )
    return HTMLResponse(filled, headers=_PAGE_HEADERS)


# Not async, so that it runs in a thread: zipping the largest file takes tens of milliseconds, once.
def _file(request: Request) -> Response:
    file = files.served(files.ASSETS).get(request.path_params["name"]) if has_assets() else None
    if file is None:
        return PlainTextResponse("The explorer has no such file.\n", status_code=404)
    headers = {"X-Content-Type-Options": "nosniff", "Vary": "Accept-Encoding", "Cache-Control": _caching(request)}
    if "gzip" not in request.headers.get("Accept-Encoding", ""):
        return Response(file.body, media_type=file.media_type, headers=headers)
    return Response(file.zipped, media_type=file.media_type, headers=headers | {"Content-Encoding": "gzip"})


def _caching(request: Request) -> str:
    # Kept for a year only under our own version: while servers are replaced one by one, an old one may be asked for
    # the new version's file, and its answer must not stay.
    is_ours = request.query_params.get("v") == files.version(files.ASSETS)
    return "public, max-age=31536000, immutable" if is_ours else "no-cache"


def _text(name: str) -> str:
    return (files.HERE / name).read_text(encoding="utf-8")
