"""Writing: one way for every change. Checked, done, read again.

A change is refused before anything is sent unless its source has the operation, is writable, and the caller may write.
What the caller can mend comes back as userErrors; whatever leaves it open whether something was done is an error.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from resolvers import keys
from resolvers.errors import ChangeUnconfirmed, OperationNotSupported, UpstreamError, UserMistake, WritesDisabled
from resolvers.graph.changes import UserError
from resolvers.graph.enums import AnswerState, SourceOperation, UserErrorCode
from resolvers.graph.fleet import Fleet
from resolvers.graph.questions import Question
from resolvers.loaders import Route
from resolvers.request import Request
from resolvers.transport import attempt, freshness
from resolvers.upstreams.commands import Command

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Written:
    """Where the object of a change is, to be read again."""

    source: str
    native_id: str


async def perform(request: Request, source: str, command: Command) -> Written:
    """Checks and performs. Raises OperationNotSupported, WritesDisabled, Unauthenticated, Forbidden, UserMistake, an
    UpstreamError when nothing was done, ChangeUnconfirmed when it is not known whether it was."""
    check(request, source, command.operation)
    started = attempt.begin()
    try:
        written = Written(source, await request.sources.upstreams[source].perform(command))
        request.collector.came(source, AnswerState.LIVE)
        return written
    except UpstreamError as error:
        request.collector.came(source, AnswerState.FAILED)
        if started.has_left:
            raise ChangeUnconfirmed(source, str(error)) from None
        raise
    finally:
        # Also after a failure: nobody knows how far it came.
        request.forget()


def check(request: Request, source: str, operation: SourceOperation) -> None:
    facts = request.sources.facts[source]
    if operation not in facts.operations:
        can = ", ".join(one.name for one in facts.operations) or "nothing"
        raise OperationNotSupported(f"{source}: {facts.title} has no {operation.name}; it can do {can}")
    if source not in request.sources.writable:
        raise WritesDisabled(f"{source} is not writable: an operator sets writable = true in [sources.{source}]")
    request.principal.check("write", source)


async def read_again(
    request: Request, question: Question, written: Written, is_done: Callable[[Any], bool] = bool
) -> Any:
    """The object as it is now. Raises ChangeUnconfirmed when it cannot be read, or does not show what was asked: the
    success of an upstream, or of a proxy in front of it, proves nothing yet."""
    try:
        found = await request.answer(question, written.source, written.native_id)
    except UpstreamError as error:
        raise ChangeUnconfirmed(written.source, str(error)) from None
    if not is_done(found):
        raise ChangeUnconfirmed(written.source, "it was answered well, and what is read afterwards does not show it")
    return found


def is_gone(found: Any) -> bool:
    return found is None


def anything(found: Any) -> bool:
    return True


async def mended(change: Callable[[], Awaitable[T]], payload: Callable[[list[UserError]], T]) -> T:
    """The change's payload, or one that tells what the caller can mend. From here on everything is asked anew: a change
    is decided by what is, not by what is remembered."""
    freshness.only_live()
    try:
        return await change()
    except UserMistake as mistake:
        path = None if mistake.path is None else list(mistake.path)
        return payload([UserError(code=UserErrorCode[mistake.kind], message=str(mistake), path=path)])


async def fleet_of(request: Request, id: str | None, source: str | None, slug: str | None) -> Route:
    """A fleet named by id, or by source and slug. Raises UserMistake when neither, or both, or nothing is there."""
    if (id is None) == (source is None or slug is None):
        raise UserMistake("REQUIRED", "name the fleet by `id`, or by `source` and `slug`", ("input",))
    if id is not None:
        return request.route_of(id, "Fleet")
    found: Fleet | None = await request.fleet_by_slug(str(slug), source)
    if found is None:
        raise UserMistake("NOT_FOUND", f"{source} has no fleet with the slug {slug!r}", ("input", "slug"))
    return found.route


async def existing(request: Request, question: Question, route: Route, field: str) -> Any:
    """The object that is to be changed. Raises UserMistake when it is not there."""
    found = await request.answer(question, *route)
    if found is None:
        raise UserMistake("NOT_FOUND", "there is no such object (any more)", ("input", field))
    return found


def same_source(source: str, route: Route, field: str) -> str:
    """The native id of an object that has to be in the same source."""
    if route[0] != source:
        raise UserMistake("INVALID", f"it is in {route[0]}, not in {source}", ("input", field))
    return route[1]


def global_id(type_name: str, written: Written) -> str:
    return keys.encode(type_name, written.source, written.native_id)
