"""Session: one aiohttp pool for the life of the app, and what all sources share of it."""

from __future__ import annotations

import asyncio
from types import TracebackType

import aiohttp

from resolvers.transport.clock import Clock
from resolvers.transport.guards import UNTOLD, Telling
from resolvers.transport.observe import Begin, Observe, unobserved, unwatched
from resolvers.transport.recall import FORGETFUL, Policy, Recall

KEPT_IDLE_S = 4

USER_AGENT = "releasegraph"


class Transport:
    """The pool. Open it inside the running loop, close it with the app.

    recall: what is remembered of answers; unless given, nothing, and only calls under way are shared. policy: of
    sources that have none of their own. telling: told of what guards hold back.
    """

    def __init__(
        self,
        observe: Observe = unobserved,
        recall: Recall | None = None,
        policy: Policy = FORGETFUL,
        begin: Begin = unwatched,
        telling: Telling = UNTOLD,
        clock: Clock | None = None,
    ):
        self.observe, self.begin, self.telling, self.clock = observe, begin, telling, clock or Clock()
        self.recall = recall or Recall()
        self.policy = policy
        self._dropping: set[asyncio.Task[bool]] = set()
        self._session: aiohttp.ClientSession | None = None
        self._anew: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Transport:
        # Common servers close what was idle for five seconds: one taken up again in that moment fails a POST.
        self._session = _session(aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT_IDLE_S))
        self._anew = _session(aiohttp.TCPConnector(limit=0, force_close=True))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.recall.close()
        for session in (self._session, self._anew):
            if session is not None:
                await session.close()

    async def dropped(self, source: str) -> None:
        """Drops what is remembered, and is not stopped by whoever waits leaving."""
        task = asyncio.ensure_future(self.recall.drop(source))
        self._dropping.add(task)
        task.add_done_callback(self._dropping.discard)
        await asyncio.shield(task)

    def session(self, *, is_anew: bool = False) -> aiohttp.ClientSession:
        """is_anew: on a connection of its own. Where one that was kept turned out to be closed, the others mostly are
        too: they were idle for as long."""
        session = self._anew if is_anew else self._session
        if session is None:
            raise RuntimeError("the transport is not open")
        return session


def _session(connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
    # No overall timeout here: each source has its own. No cookies: two credentials must not share a session.
    session = aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=None),
        cookie_jar=aiohttp.DummyCookieJar(),
        connector=connector,
        headers={"User-Agent": USER_AGENT, "Accept": "application/json"},
    )
    # aiohttp sends a GET, PUT or DELETE again by itself when the connection breaks, and has no public word against it:
    # a fleet that was deleted would then be reported as not found, and no budget would count the reads.
    session._retry_connection = False
    return session
