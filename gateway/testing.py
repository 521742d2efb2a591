"""Testing: the gateway over the mocks on free ports, for tests of whoever builds on the graph.

with gateway(seed=1) as graph:
    assert "errors" not in graph.ask("{ fleets { nodes { name } } }")
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

from starlette.types import ASGIApp

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Graph:
    url: str
    "Takes GraphQL, by POST."
    mocks_url: str
    "Below it `/_mock/calls` tells what the mocks were asked, and `/_mock/faults` takes faults."

    def ask(self, operation: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The whole reply, `data` beside `errors` and `extensions`, in the order it was sent in.

        Raises urllib.error.HTTPError for a request that is no operation at all; a refused operation is a reply.
        """
        body = json.dumps({"query": operation, "variables": dict(variables or {})}).encode()
        request = Request(self.url, body, {"Content-Type": "application/json"})  # noqa: S310  # our own address
        with urlopen(request) as reply:  # noqa: S310
            answer: dict[str, Any] = json.load(reply)
        return answer


@contextmanager
def gateway(*, seed: int = 1, scale: int = 1) -> Iterator[Graph]:
    """The gateway of `releasegraph demo`, running until the block ends; several at a time are fine.

    seed, scale: as of `releasegraph mocks`. The same ones give the same ids, rows and order on every machine; what
    differs are times of our own clock (`Source.health`) and the port in `Artifact.downloadUrl`.
    """
    from gateway.app import create_app
    from gateway.demo import demo_settings
    from upstream_mocks.server import create_mocks

    with ExitStack() as running:
        mocks_url = running.enter_context(_served(create_mocks(seed=seed, scale=scale)))
        # The port is told to nobody: the listener is taken already.
        url = running.enter_context(_served(create_app(demo_settings(mocks_url, 8000))))
        yield Graph(f"{url}/graphql", mocks_url)


@contextmanager
def _served(app: ASGIApp) -> Iterator[str]:
    from gateway.listening import in_thread, taken

    # Port 0 is any that is free.
    with taken(HOST, 0, "another address") as listener, in_thread(app, listener):
        yield f"http://{HOST}:{listener.getsockname()[1]}"
