"""Serving: the gateway behind a real server, in a thread of this process, so that its CPU time is ours."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal

import uvicorn

from benchmarks.choices.processes import HOST, PATIENCE_S
from gateway.app import create_app
from gateway.listening import Server
from gateway.settings import Settings


@dataclass(frozen=True, slots=True)
class Served:
    """uvicorn's choice of event loop and HTTP parser."""

    name: str
    loop: Literal["auto", "asyncio"]
    http: Literal["auto", "h11"]


# auto takes what there is: uvloop does not exist everywhere.
AS_SERVED = Served(" + ".join(name for name in ("uvloop", "httptools") if find_spec(name)) or "auto", "auto", "auto")
PLAIN = Served("asyncio + h11", "asyncio", "h11")


@contextmanager
def gateway(settings: Settings, served: Served) -> Iterator[int]:
    """The gateway on a free port, until the block ends; gives the port."""
    settled = threading.Event()
    # uvicorn opens the socket itself, as for `serve`: on one made here asyncio would not switch Nagle's delay off.
    config = uvicorn.Config(
        create_app(settings), HOST, 0, loop=served.loop, http=served.http, log_level="warning", access_log=False
    )
    server = Server(config, settled.set)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        if not settled.wait(PATIENCE_S):
            raise RuntimeError(f"the gateway on {served.name} did not start")
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(PATIENCE_S)


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The event loop the gateway is served on, for what runs here without a server."""
    return uvicorn.Config("", loop=AS_SERVED.loop).get_loop_factory()
