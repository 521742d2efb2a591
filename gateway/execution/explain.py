"""Explain: an answer that also carries its plan, the upstream calls that were made for it.

Whoever asks for a plan and may not have one gets the answer all the same, and is told in the plan's place: the header
asks for more telling, not for other data, and may be set once for all requests of a client.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from msgspec.structs import replace

from gateway.execution.executor import Answer
from resolvers.errors import ReleasegraphError
from resolvers.principal import Principal
from resolvers.transport import plan
from resolvers.transport.plan import Plan


async def explained(answering: Awaitable[Answer]) -> Answer:
    """The answer with `extensions.plan`, unless nothing was executed. answering: a coroutine and no task, not begun."""
    made = Plan()
    with plan.begun(made):
        answer = await answering
    return _with_plan(answer, made.told)


async def explained_to(principal: Principal, answering: Awaitable[Answer]) -> Answer:
    """Likewise for a caller with the scope `explain`; for another, the reason stands in the plan's place."""
    try:
        principal.check("explain")
    except ReleasegraphError as refusal:
        return _with_plan(await answering, {"refused": {"message": str(refusal), **refusal.extensions}})
    return await explained(answering)


@contextmanager
def planned(principal: Principal) -> Iterator[Callable[[], dict[str, Any]]]:
    """For what is answered in parts: gives, once asked, what `extensions` have beside the rest."""
    try:
        principal.check("explain")
    except ReleasegraphError as refusal:
        refused = {"plan": {"refused": {"message": str(refusal), **refusal.extensions}}}
        yield lambda: refused
        return
    made = Plan()
    with plan.begun(made):
        yield lambda: {"plan": made.told}


def _with_plan(answer: Answer, told: dict[str, Any]) -> Answer:
    if not answer.was_executed:
        return answer
    extensions = {**answer.body.get("extensions", {}), "plan": told}
    return replace(answer, body={**answer.body, "extensions": extensions})
