"""Lists: releases, fleets and artifacts as connections. One file a type; what they share is here.

Each goes the same way: filter -> selection -> one reading a source -> connection. May import: loaders, sources,
federation and what those may.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import fields
from typing import Any, TypeVar

from aiodataloader import DataLoader
from msgspec import Struct

from resolvers.errors import UpstreamError
from resolvers.federation.filters.selection import Selection
from resolvers.federation.lists import Lister
from resolvers.federation.reading import Keep, Reading, sifted
from resolvers.graph.artifact import Artifact
from resolvers.graph.questions import Question
from resolvers.graph.release import Release
from resolvers.loaders import Loaders, Route
from resolvers.sources import Sources
from resolvers.upstreams.port import Chunk, Columns, Incomplete

T = TypeVar("T")


class Desk(Struct, frozen=True):
    """What every list of one request works with."""

    sources: Sources
    loaders: Loaders
    lister: Lister

    def columns(self, type_name: str, *support: str) -> Columns:
        """What to ask rows of this type with: all that this operation reads of any of them, and `support`.

        support: as fields declare it, `Release.status`; what is of another type does not count.
        """
        own = (name.partition(".") for name in support)
        return self.loaders.wants.of(type_name, *(name for owner, _, name in own if owner == type_name))

    async def arriving(self, chunks: AsyncIterator[Chunk[Any]]) -> AsyncIterator[Chunk[Any]]:
        """The stream of chunks of rows; what comes along with them answers look-ups from then on."""
        async for chunk in chunks:
            self.loaders.received(chunk.rows)
            yield chunk


def identity(where: Any) -> tuple[Any, ...]:
    """What a cursor remembers of a filter: fields that do something, so that a new field leaves old cursors valid."""
    given = ((one.name, getattr(where, one.name), one.default) for one in fields(where)) if where else ()
    return tuple((name, value) for name, value, default in given if value != default)


async def looked_up(loader: DataLoader[Route, T | None], source: str, selection: Selection[T, Any]) -> Reading[T]:
    """The rows of the selection's ids: what is not there is left out, what could not be found out is an error."""
    routes = [(source, native_id) for native_id in dict.fromkeys((selection.ids or {})[source])]
    values, errors = await settled_each(loader, routes)
    rows = [value for value in values if value is not None]
    return Reading(source, sifted(selection.keep, rows), errors, is_lost=len(errors) == len(routes))


async def settled_each(loader: DataLoader[Route, T], routes: Sequence[Route]) -> tuple[list[T], list[UpstreamError]]:
    """What could be loaded, and the upstreams' errors for the rest. Anything else that goes wrong is raised."""
    values: list[T] = []
    errors: list[UpstreamError] = []
    for answer in await asyncio.gather(*map(loader.load, routes), return_exceptions=True):
        if isinstance(answer, UpstreamError):
            errors.append(answer)
        elif isinstance(answer, BaseException):
            raise answer
        else:
            values.append(answer)
    return values, errors


async def files_of(desk: Desk, release: Release) -> Sequence[Artifact]:
    """A release's artifacts: those its row brought along, else asked for in one batch with everyone's."""
    if release.artifacts_of is not None:
        return release.artifacts_of()
    files: Sequence[Artifact] | None = await desk.loaders.to(Question.ARTIFACTS_OF_RELEASE).load(release.route)
    return [] if files is None else files


async def settled(source: str, asked: Awaitable[Sequence[T]], keep: Keep[T] = None) -> Reading[T]:
    try:
        rows = await asked
        errors = (rows.error,) if isinstance(rows, Incomplete) else ()
        return Reading(source, sifted(keep, rows), errors)
    except UpstreamError as error:
        return Reading(source, errors=(error,), is_lost=True)
