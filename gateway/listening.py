"""Listening: a port is taken before anything else is started, so that one in use is a sentence and not a traceback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import uvicorn
from starlette.types import ASGIApp

from gateway import stopping


class PortTaken(Exception):
    """The message names the port and what to change."""


def taken(host: str, port: int, change: str) -> socket.socket:
    """A socket that listens there, to be served on. change: what the operator changes to use another port.

    Raises PortTaken, also when the address is not of this machine or the port is not ours to open.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
    raise PortTaken(f"cannot listen on {host} port {port}: {reason}; choose another port with {change}")


class Server(uvicorn.Server):
    """uvicorn's server, which also says when it is up."""

    def __init__(self, config: uvicorn.Config, on_start: Callable[[], None]):
        super().__init__(config)
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_start()


def serve(app: ASGIApp, listener: socket.socket, on_start: Callable[[], None]) -> None:
    """Serves until Ctrl-C. To be called in the main thread, where signals arrive."""
    stopping.quietly()
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=5)
    # uvicorn ends in good order, then raises the signal again.
    with suppress(KeyboardInterrupt):
        Server(config, on_start).run([listener])


@contextmanager
def in_thread(app: ASGIApp, listener: socket.socket) -> Iterator[None]:
    """The application served by a thread, from being up until the block ends."""
    settled = threading.Event()
    server = Server(uvicorn.Config(app, log_level="warning"), settled.set)
    thread = threading.Thread(target=_run_and_tell, args=(server, listener, settled), daemon=True)
    thread.start()
    settled.wait()
    if not server.started:
        raise RuntimeError("the server did not start")
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


def _run_and_tell(server: Server, listener: socket.socket, settled: threading.Event) -> None:
    try:
        server.run([listener])
    finally:
        settled.set()
