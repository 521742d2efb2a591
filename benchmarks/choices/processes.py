"""Processes: the mocks, and a client, where their CPU time is not ours. Each ends with its pipe, so also with us."""

from __future__ import annotations

import asyncio
import http.client
import multiprocessing
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection

HOST = "127.0.0.1"
PATIENCE_S = 20.0
"How long we wait for a process to start, answer or end; turns are far shorter."


@contextmanager
def mocks() -> Iterator[str]:
    """All mocks behind one port of a process of their own; gives its base URL."""
    with _process(_mocks) as pipe:
        yield f"http://{HOST}:{_received(pipe)}"


@dataclass(frozen=True, slots=True)
class Client:
    """Asks by HTTP from a process of its own, over a connection to each port that it keeps."""

    pipe: Connection

    async def ask(self, port: int, body: bytes, turn_s: float) -> int:
        """Posts `body` to /graphql until the turn is over; gives how often. Raises RuntimeError at a bad answer."""
        self.pipe.send((port, body, turn_s))
        count = await asyncio.to_thread(_received, self.pipe)
        if count is None:
            raise RuntimeError(f"the gateway on port {port} did not answer as it should")
        return count


@contextmanager
def client() -> Iterator[Client]:
    with _process(_client) as pipe:
        yield Client(pipe)


@contextmanager
def _process(target: Callable[[Connection], None]) -> Iterator[Connection]:
    context = multiprocessing.get_context("spawn")  # fork would copy our loop and threads
    ours, theirs = context.Pipe()
    process = context.Process(target=target, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours
    finally:
        ours.close()
        process.join(PATIENCE_S)
        process.kill()  # of one that has ended: nothing
        process.join()
        process.close()


def _received(pipe: Connection) -> int | None:
    if not pipe.poll(PATIENCE_S):
        raise RuntimeError(f"no answer from a process of ours within {PATIENCE_S:g} s")
    received: int | None = pipe.recv()
    return received


def _mocks(pipe: Connection) -> None:
    from gateway.listening import in_thread, taken
    from upstream_mocks.server import create_mocks

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, who closes the pipe
    with taken(HOST, 0, "nothing: any free port will do") as listener, in_thread(create_mocks(), listener):
        pipe.send(listener.getsockname()[1])
        pipe.poll(None)  # until the other end is closed


def _client(pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connections: dict[int, http.client.HTTPConnection] = {}
    while (job := _job(pipe)) is not None:
        port, body, turn_s = job
        connection = connections.setdefault(port, http.client.HTTPConnection(HOST, port, timeout=PATIENCE_S / 2))
        pipe.send(_asked(connection, body, turn_s))


def _job(pipe: Connection) -> tuple[int, bytes, float] | None:
    """The next one, or None when the other end is closed."""
    try:
        job: tuple[int, bytes, float] = pipe.recv()
    except EOFError:
        return None
    return job


def _asked(connection: http.client.HTTPConnection, body: bytes, turn_s: float) -> int | None:
    end, count = time.perf_counter() + turn_s, 0
    while count == 0 or time.perf_counter() < end:
        try:
            connection.request("POST", "/graphql", body, {"Content-Type": "application/json"})
            is_good = connection.getresponse().read().startswith(b'{"data"')
        except (OSError, http.client.HTTPException):
            is_good = False
        if not is_good:
            return None
        count += 1
    return count
