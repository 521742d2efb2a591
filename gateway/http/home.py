"""Home: `/` says where things are."""

from __future__ import annotations

from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from gateway.http import explorer
from gateway.runtime import Runtime

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>releasegraph</title>
<style>body{{font:16px/1.6 system-ui,sans-serif;max-width:42rem;margin:4rem auto;padding:0 1rem}}</style>
</head><body><h1>releasegraph</h1>
<p>One GraphQL endpoint over {sources}.</p>
<ul><li><a href="{root}/graphql">/graphql</a>: {explorer} for a browser, GraphQL for everyone else (POST JSON)</li>
<li><a href="{root}/healthz">/healthz</a>: is it alive</li>
<li><a href="{root}/readyz">/readyz</a>: what it knows of its sources</li>
<li><a href="{root}/metrics">/metrics</a>: what it counts, for Prometheus</li></ul>
</body></html>
"""


async def home(request: Request) -> Response:
    runtime: Runtime = request.app.state.runtime
    names = ", ".join(runtime.sources.names) or "no source yet"
    built = "the explorer" if explorer.has_assets() else "the explorer (not built yet: run <code>make explorer</code>)"
    root = escape(request.scope.get("root_path", ""))
    return HTMLResponse(_PAGE.format(sources=escape(names), explorer=built, root=root))
