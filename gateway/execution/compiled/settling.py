"""Settling: what a region left to be waited for, asked a whole list at a time and put into its place."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

from graphql.execution import Executor
from graphql.execution.executor import to_nodes

from gateway.execution.compiled.fields import Called
from gateway.execution.compiled.info import Elsewhere
from gateway.execution.compiled.regions import Region, Row, Slot, Trail
from resolvers.graph.lookups import LookUp

Answers = Mapping[Any, "asyncio.Future[Any]"]


class Under(Protocol):
    """The operation whose fields are filled in. core: graphql-core's executor of it, for what is odd."""

    @property
    def core(self) -> Executor[Any]: ...

    @property
    def context(self) -> Any: ...


async def settle(under: Under, region: Region, notes: Sequence[Any]) -> None:
    """Fills in all that was noted. What goes wrong is the error of its own field, noted by graphql-core."""
    # All are asked before any is waited for, so that those of one question travel together.
    pending = [_asked(under, slot, rows, notes[0]) for slot, rows in zip(region.slots, notes[1:], strict=True) if rows]
    await _all(pending)


async def _all(pending: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Side by side; one alone needs no task."""
    if len(pending) == 1:
        await pending[0]
    elif pending:
        await asyncio.gather(*pending)


def _asked(under: Under, slot: Slot, rows: list[Row], info: Any) -> Coroutine[Any, Any, None]:
    if slot.region is None:
        return _by_core(under, slot, rows)
    if isinstance(slot.way, LookUp):
        answers = under.context.answers(slot.way.question, dict.fromkeys([route for _, route, _ in rows]))
        return _filled(under, slot, slot.region, rows, answers, info)
    return _resolved(under, slot, slot.region, rows, info)


async def _by_core(under: Under, slot: Slot, rows: list[Row]) -> None:
    """The field as graphql-core executes it, object by object."""
    pending: list[tuple[dict[str, Any], Awaitable[Any]]] = []
    for into, source, trail in rows:
        value = under.core.execute_field(slot.parent, source, slot.details, slot.path(trail), None)
        if under.core.is_awaitable(value):
            pending.append((into, value))
        else:
            into[slot.key] = value
    values = await asyncio.gather(*(value for _, value in pending))
    for (into, _), value in zip(pending, values, strict=True):
        into[slot.key] = value


async def _resolved(under: Under, slot: Slot, region: Region, rows: list[Row], info: Any) -> None:
    """Resolvers without arguments, each run as it is: what they return is still shown a list at a time."""
    assert isinstance(slot.way, Called)
    way = slot.way
    answers = {
        number: asyncio.ensure_future(way.function(source, info) if way.wants_info else way.function(source))
        for number, (_, source, _) in enumerate(rows)
    }
    await asyncio.gather(*answers.values(), return_exceptions=True)
    elsewhere = [number for number, answer in answers.items() if _went_elsewhere(answer)]
    if elsewhere:
        for number in elsewhere:
            del answers[number]
        await _by_core(under, slot, [rows[number] for number in elsewhere])
    numbered: list[Row] = [(rows[number][0], number, rows[number][2]) for number in answers]
    await _filled(under, slot, region, numbered, answers, info)


def _went_elsewhere(answer: asyncio.Future[Any]) -> bool:
    return isinstance(answer.exception(), Elsewhere)


async def _filled(under: Under, slot: Slot, region: Region, rows: list[Row], answers: Answers, info: Any) -> None:
    """Puts each row's answer in its place; one that is an error, or odd, is completed by graphql-core."""
    for answer in answers.values():
        if not answer.done():  # those of one batch are set together: this waits about once for all
            with suppress(Exception):
                await answer
    notes = region.notes(info)
    odd = _shown(slot, region, rows, answers, notes)
    pending = [_completed(under, slot, into, trail, answer) for into, answer, trail in odd]
    if any(notes[1:]):
        pending.append(settle(under, region, notes))
    await _all(pending)


def _shown(slot: Slot, region: Region, rows: list[Row], answers: Answers, notes: list[Any]) -> list[Row]:
    """Shows the answer to each row; those it could not show, with their answers instead of what was asked."""
    show = _shown_each if region.slots else _shown_shared
    return show(slot, region, rows, answers, notes)


def _shown_shared(slot: Slot, region: Region, rows: list[Row], answers: Answers, notes: list[Any]) -> list[Row]:
    """Nothing below is waited for: rows of one answer share what is shown of it."""
    shown: dict[Any, Any] = {}
    for asked, answer in answers.items():
        with suppress(Exception):
            shown[asked] = region.answer(answer.result(), None, notes)
    odd: list[Row] = []
    for into, asked, trail in rows:
        if asked in shown:
            into[slot.key] = shown[asked]
        else:
            odd.append((into, answers[asked], trail))
    return odd


def _shown_each(slot: Slot, region: Region, rows: list[Row], answers: Answers, notes: list[Any]) -> list[Row]:
    """Each row has its own, since what fails below has a path of its own in each."""
    odd: list[Row] = []
    for into, asked, trail in rows:
        before = [len(noted) for noted in notes[1:]]
        try:
            into[slot.key] = region.answer(answers[asked].result(), (trail, slot.key, slot.parent.name), notes)
        except Exception:
            for noted, length in zip(notes[1:], before, strict=True):
                del noted[length:]
            odd.append((into, answers[asked], trail))
    return odd


async def _completed(under: Under, slot: Slot, into: dict[str, Any], trail: Trail, answer: asyncio.Future[Any]) -> None:
    path = slot.path(trail)
    info = under.core.build_resolve_info(slot.field, to_nodes(slot.details), slot.parent, path)
    into[slot.key] = await under.core.complete_awaitable_value(slot.field.type, slot.details, info, path, answer, None)
