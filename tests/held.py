"""Held: mocks that keep some answers back until a test lets them go, so that nobody has to sleep."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from fnmatch import fnmatchcase

from starlette.types import ASGIApp, Receive, Scope, Send

from tests.conftest import MockPort, served


class Held:
    """Requests whose path fits `pattern` are taken, and answered once they are let go."""

    def __init__(self, app: ASGIApp, pattern: str):
        self._app, self._pattern = app, pattern
        self._met: Future[None] = Future()
        self._let_go: Future[None] = Future()
        self.url = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and fnmatchcase(scope["path"], self._pattern):
            if not self._met.done():
                self._met.set_result(None)
            await asyncio.shield(asyncio.wrap_future(self._let_go))
        await self._app(scope, receive, send)

    async def met(self) -> None:
        """Until the first of them is here."""
        await asyncio.shield(asyncio.wrap_future(self._met))

    def let_go(self) -> None:
        if not self._let_go.done():
            self._let_go.set_result(None)


@contextmanager
def holding(mocks: MockPort, pattern: str) -> Iterator[Held]:
    """The mocks at another address, where they hold back; whatever still waits at the end is let go."""
    held = Held(mocks.mocks, pattern)
    with served(held) as held.url:
        try:
            yield held
        finally:
            held.let_go()
