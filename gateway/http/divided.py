"""Divided: an operation answered in parts, from its place in flight to its last part, or to what ended it before.

The place is held until the last part is out: what is drained, counted and told of the operation includes all of them.
"""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from gateway.access.principal import Caller
from gateway.execution import explain
from gateway.execution.executor import Answer, Found, Operation, Way
from gateway.execution.flights import Why
from gateway.execution.incremental.parts import Parts
from gateway.http import media_types
from gateway.http.arrived import Arrived
from gateway.http.asked import NotAsked
from gateway.http.flown import CLIENT_GONE, flown
from gateway.http.multipart import Multipart
from gateway.runtime import Runtime
from gateway.telemetry.told import Told

NOT_TAKEN = (
    f"@defer and @stream are answered in parts, and Accept does not name {media_types.MULTIPART}: "
    "add it, or turn them off by `if: false`"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for, by whom, and how they want it told."""

    found: Found
    operation: Operation
    caller: Caller
    tells_losses: bool
    is_explained: bool


async def answered(request: Arrived, runtime: Runtime, asked: Asked, told: Told) -> Answer:
    """What was sent, for the log; or the answer, not sent, where nothing was divided after all. Raises NotAsked."""
    accept = request.headers.get("accept")
    if not media_types.takes_parts(accept):
        raise NotAsked(406, NOT_TAKEN)
    is_of_older_draft = media_types.is_of_older_draft(accept)
    reply = Multipart(request, runtime.settings.server.body_timeout_s, is_of_older_draft=is_of_older_draft)
    return await _Delivery(request, runtime, asked, reply, is_of_older_draft).flown(told)


class _Delivery:
    def __init__(self, request: Arrived, runtime: Runtime, asked: Asked, reply: Multipart, has_paths: bool):
        self._request, self._runtime, self._asked, self._reply = request, runtime, asked, reply
        self._has_paths = has_paths
        self._context = runtime.request(asked.caller)
        self._parts: Parts | None = None

    async def flown(self, told: Told) -> Answer:
        try:
            return await flown(self._runtime, self._request.receive, self._answer, told)
        except NotAsked as refusal:
            if self._parts is None or not self._reply.has_begun:
                raise
            if refusal.status != CLIENT_GONE:
                await self._break_off(self._parts, refusal)
            return self._sent(self._parts)

    async def _answer(self) -> Answer:
        asked, request_id = self._asked, self._request.scope["state"]["request_id"]
        with ExitStack() as stack:
            adds = stack.enter_context(explain.planned(asked.caller)) if asked.is_explained else dict[str, Any]
            way = Way(asked.tells_losses, not asked.caller.may_introspect, self._has_paths, adds)
            running = self._runtime.executor.divided(asked.found, asked.operation, self._context, request_id, way)
            async with running as outcome:
                if isinstance(outcome, Answer):
                    return _with(outcome, adds())
                self._parts = outcome
                await self._send(outcome)
                return self._sent(outcome)

    async def _send(self, parts: Parts) -> None:
        flight = self._runtime.flights.current()
        async for part in parts.each():
            try:
                await self._reply.send(part)
            except TimeoutError:
                flight.end(Why.GONE)
                await asyncio.sleep(0)  # where this task is cancelled
            # Of a change too: what is left of it only reads.
            flight.receive = self._request.receive

    async def _break_off(self, parts: Parts, refusal: NotAsked) -> None:
        error = {"message": str(refusal), "extensions": {"code": refusal.code}}
        with suppress(TimeoutError):  # then its client did not take the last of it either
            await self._reply.send(parts.broken_off(error))

    def _sent(self, parts: Parts) -> Answer:
        body = {"errors": parts.errors, "extensions": parts.extensions}
        return Answer(body, was_executed=True, ages_s=self._context.ages_s, is_sent=True)


def _with(answer: Answer, added: dict[str, Any]) -> Answer:
    if not answer.was_executed or not added:
        return answer
    return replace(answer, body={**answer.body, "extensions": {**answer.body["extensions"], **added}})
