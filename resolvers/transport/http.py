"""Http: a source's way out, as its adapter knows it.

Answers come back as bytes; a status outside 200-299 comes back as an error of the tree. Adapters map no status.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from resolvers.errors import UpstreamRejected, UserMistake
from resolvers.transport import allowance, attempt, departure, freshness, plan, spending, statuses
from resolvers.transport.cache import NOTHING, Seen
from resolvers.transport.coalesce import Took
from resolvers.transport.credentials import Credentials
from resolvers.transport.exchange import NO_HEADERS, Choice, Reply, Request
from resolvers.transport.recall import Asker
from resolvers.transport.together import Together
from resolvers.transport.tries import Tries
from resolvers.transport.way import Way

MAX_SENTENCE = 500
"Characters of an upstream's own words that a client is shown."

JSON: Mapping[str, str] = {"Content-Type": "application/json"}
FORM: Mapping[str, str] = {"Content-Type": "application/x-www-form-urlencoded"}
DOTS = re.compile(r"/(\.|%2[eE]){1,2}(/|$)")


@dataclass(frozen=True)
class Http(Way):
    """`signed` gives the same way with a source's credentials and manners."""

    together: Together = field(default_factory=Together)

    def signed(self, credentials: Credentials, own_statuses: statuses.Statuses = statuses.NONE) -> Http:
        return replace(self, credentials=credentials, own_statuses=own_statuses)

    async def get(
        self,
        target: str,
        *,
        is_session: bool = False,
        may_be_kept: bool = True,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> bytes:
        """Body of a GET. `target` is path and query, already encoded: it is sent as it is.

        may_be_kept: False for what must be asked for anew each time, such as signed links.
        """
        return await self._asked(
            Request("GET", target, headers=headers, is_session=is_session, may_be_kept=may_be_kept)
        )

    async def look_up(self, choice: Choice) -> bytes:
        """Body of a GET for these rows; look-ups of the same kind that come in the same moment share a call."""
        return await self._asked(Request("GET", choice.target, choice=choice))

    async def find(self, target: str) -> bytes | None:
        """Like `get` for one object: None when the upstream says 404."""
        return await self._asked(Request("GET", target, missing_is_none=True)) or None

    async def location(self, target: str) -> str | None:
        """Where a GET is sent on to, as an absolute address; None when the upstream says 404. Nothing is fetched there.

        Raises UpstreamPayloadError for an answer that is no redirect to the web.
        """
        request = Request("GET", target, missing_is_none=True, wants_location=True, is_read=False)
        return (await self._asked(request)).decode() or None

    async def post_form(self, target: str, form: Mapping[str, str]) -> bytes:
        """Body of a POST that only reads."""
        return await self._asked(Request("POST", target, urlencode(form).encode(), FORM))

    async def post_json(self, target: str, body: bytes, *, is_session: bool = False) -> bytes:
        """Body of a POST that only reads, or with `is_session` logs in."""
        return await self._asked(Request("POST", target, body, JSON, is_session, is_read=not is_session))

    async def change(
        self, method: str, target: str, body: bytes | Mapping[str, str] | None, explain: Callable[[bytes], str | None]
    ) -> bytes:
        """Body of a request that changes something: JSON bytes, or a form. Never repeated by us.

        Whatever is remembered of the source is dropped, also after a failure: nobody knows how far it came.
        Raises UserMistake for 400, 404, 409 and 422, in the words that `explain` finds in the reply's body.
        """
        sent, headers = (body, JSON) if isinstance(body, bytes) else (body and urlencode(body).encode(), body and FORM)
        request = Request(method, target, sent or None, headers or NO_HEADERS, is_change=True, is_read=False)
        self._refuse_dots(request)
        try:
            reply = await self._direct(request)
        finally:
            await self.transport.dropped(self.source)
        if reply.status is not None and 300 <= reply.status < 500:
            attempt.came_back()
        mistake = None if reply.status is None else statuses.mistake_of(reply.status)
        if mistake is not None:
            said = explain(reply.body) or f"{self.source} refused it ({reply.status})"
            raise UserMistake(mistake, said[:MAX_SENTENCE])
        if reply.error is not None:
            raise reply.error
        return reply.body

    def _refuse_dots(self, request: Request) -> None:
        """A server or a proxy may read `releases/..` as the object above: nothing is asked by such a name."""
        if DOTS.search(request.target.partition("?")[0]):
            raise UpstreamRejected(self.source, f"a name of dots alone cannot be asked for by path ({request})")

    async def _asked(self, request: Request) -> bytes:
        self._refuse_dots(request)
        if not request.is_session:
            spending.take(self.source)
        is_shared = request.is_read and not freshness.is_live_only()
        # What a session needs is asked for everyone: it goes on when the one who came first leaves.
        with nullcontext() if request.is_session else departure.waiting():
            reply = await (self._shared(request) if is_shared else self._direct(request))
        if reply.error is None:
            return reply.body
        error = reply.error
        try:
            raise error
        finally:
            del error, reply  # it remembers this frame for as long as anybody remembers it

    async def _shared(self, request: Request) -> Reply:
        asker = Asker(self.source, self.base_url, self.credentials.identity, self.policy)
        ask = self._tried if request.choice is None else self._tried_together
        return await self.transport.recall.read(asker, request, ask, self.transport.observe)

    async def _direct(self, request: Request) -> Reply:
        """A call of its own, whoever asks the same."""
        freshness.was_asked(self.source)
        if not request.is_session:
            freshness.passes()
        reply = await self._tried(request, allowance.take, NOTHING)
        if reply.call is not None:
            plan.observe(reply.call)
        return reply

    async def _tried(self, request: Request, took: Took, seen: Seen) -> Reply:
        return await Tries(self, request, took, seen).reply()

    async def _tried_together(self, request: Request, took: Took, seen: Seen) -> Reply:
        assert request.choice is not None
        return await self.together.asked(self, request, request.choice, took, seen)
