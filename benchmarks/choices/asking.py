"""Asking: the gateway in this process, over the mocks, and requests handed to it without a server in between."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
from starlette.applications import Starlette
from starlette.types import Message, Scope

from gateway.app import create_app
from gateway.demo import demo_settings
from gateway.settings import Settings

PAGE = """
query Page {
  releases(first: 50) {
    pageInfo { hasNextPage endCursor }
    nodes {
      id name version { raw } status createdAt source { kind }
      fleet { name slug }
      artifacts { nodes { name kind sizeBytes } }
    }
  }
}
"""
RELEASES = """
query Releases {
  releases(first: 100) {
    pageInfo { hasNextPage endCursor }
    nodes { id name version { raw } status createdAt fleet { id name slug } }
  }
}
"""
"Rows alone: their look-ups travel together, and nothing in it has arguments."
SOURCES = "query Sources { sources { nodes { id name kind webUrl } } }"
"Asks no upstream: what is left is the price of any operation."


def settings(mock_url: str, **server: object) -> Settings:
    """The demo's, with other values of `[server]` where they are given."""
    given = demo_settings(mock_url, 8000)  # the port is not listened on
    return given.model_copy(update={"server": given.server.model_copy(update=server)})


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Starlette]:
    """The gateway's application, started in the running loop."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield app


def body_of(text: str) -> bytes:
    return orjson.dumps({"query": text})


async def ask(app: Starlette, body: bytes) -> bytes:
    """The answer to one POST. Raises RuntimeError unless it is `data` without errors: failures are quick."""
    parts: list[bytes] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        parts.append(message.get("body", b""))

    await app(_scope(body), receive, send)
    answer = b"".join(parts)
    if not answer.startswith(b'{"data"'):
        raise RuntimeError(f"the gateway did not answer as it should: {answer[:500]!r}")
    return answer


def _scope(body: bytes) -> Scope:
    headers = {"host": "localhost", "content-type": "application/json", "content-length": str(len(body))}
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/graphql",
        "raw_path": b"/graphql",
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8000),
        "state": {},
    }
