"""Flown: an operation executed from its place in flight to its answer, or to what ended it before."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.types import Receive

from gateway.execution.executor import Answer
from gateway.execution.flights import RETRY_AFTER_S, Ended, Flight, NotTaken, Why
from gateway.http.asked import NotAsked
from gateway.runtime import Runtime
from gateway.telemetry.told import Outcome, Told
from resolvers.errors import ChangeUnconfirmed

BUSY = "SERVER_BUSY"
CLIENT_GONE = 499
"The status of a reply that nobody is there to take: nginx's word, as HTTP has none."

OUTCOMES: dict[Why | None, Outcome] = {Why.GONE: "gone", Why.STOPPING: "stopped", None: "stopped"}


async def flown(runtime: Runtime, receive: Receive, answering: Callable[[], Awaitable[Answer]], told: Told) -> Answer:
    """The answer. told: its kind is known; the rest is filled in here. Raises NotAsked.

    A query ends with its client. A change does not: half of it may be done, and nobody would look.
    """
    in_flight, span = runtime.metrics.operations_in_flight, runtime.tracing.operation(told)
    try:
        with runtime.flights.begun() as flight:
            flight.receive = receive if told.kind == "query" else None
            in_flight.inc()
            try:
                if span is None:
                    return await _told(flight, answering, told)
                with span:
                    return await _told(flight, answering, told)
            finally:
                in_flight.dec()
    except NotTaken as error:
        told.outcome = "busy"
        raise NotAsked(503, str(error), {"Retry-After": str(RETRY_AFTER_S)}, BUSY) from None
    except Ended as ended:
        raise _unanswered(ended, told) from None


async def _told(flight: Flight, answering: Callable[[], Awaitable[Answer]], told: Told) -> Answer:
    try:
        answer = await answering()
    except asyncio.CancelledError:
        told.outcome = OUTCOMES[flight.why]
        raise
    if answer.was_executed:
        told.outcome = "errors" if answer.error_count else "ok"
        told.sources, told.ages_s = answer.body["extensions"]["sources"], answer.ages_s
    return answer


def _unanswered(ended: Ended, told: Told) -> NotAsked:
    if ended.why is Why.GONE:
        return NotAsked(CLIENT_GONE, str(ended))
    if told.kind == "query":
        return NotAsked(503, f"{ended}; ask again", {"Retry-After": str(RETRY_AFTER_S)}, BUSY)
    message = f"{ended}; what was asked may have been done: read the object before asking again"
    return NotAsked(503, message, code=ChangeUnconfirmed.code)
