"""Lists of fleets: over all sources, of one source, and the search for a slug."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from graphql import GraphQLResolveInfo

from resolvers.errors import BadArgument
from resolvers.federation import order as orders
from resolvers.federation.filters import fleets as filters
from resolvers.federation.filters.fleets import FleetSelection
from resolvers.federation.lists import Listing
from resolvers.federation.reading import Reading, read_whole
from resolvers.federation.streams import whole
from resolvers.graph.connection import Connection
from resolvers.graph.fleet import Fleet
from resolvers.graph.inputs import FleetFilter, FleetOrder
from resolvers.graph.questions import Question
from resolvers.graph.source import Source
from resolvers.graph.window import Window
from resolvers.lists import Desk, identity, looked_up

At = GraphQLResolveInfo[Any]
NARROWED_BY = ("names", "slugs", "organizations")
"Filters that a source may apply itself."


async def everywhere(
    desk: Desk, where: FleetFilter | None, order: FleetOrder | None, window: Window, at: At, only: Source | None = None
) -> Connection[Fleet]:
    """Fleets of all sources, or of `only` one."""
    selection = filters.select(desk.sources.facts, where)

    async def read(source: str) -> Reading[Fleet]:
        if selection.ids is not None:
            return await looked_up(desk.loaders.to(Question.FLEET), source, selection)
        return await _read(desk, selection, source)

    names = desk.sources.names if only is None else (only.name,)
    listing = Listing(
        orders.fleets(order), (*identity(where), names if only else ()), names, selection.asked, whole(read)
    )
    page = await desk.lister.connection(listing, window, at)
    for fleet in page.nodes:  # a release of one of them need not ask for it again
        desk.loaders.prime(fleet)
    return page


async def with_slug(desk: Desk, slug: str, source: str | None) -> Fleet | None:
    """Raises BadArgument when two sources know the slug, an UpstreamError when one of those asked did not answer."""
    where = FleetFilter(slugs=[slug], sources=None if source is None else [source])
    selection = filters.select(desk.sources.facts, where)
    readings = await asyncio.gather(
        *(
            _read(desk, selection, name, *(f"Fleet.{name}" for name in filters.READS["slugs"]))
            for name in sorted(selection.asked)
        )
    )
    for reading in readings:
        desk.lister.collector.came(reading.source, reading.state)
    found = [fleet for reading in readings for fleet in reading.rows]
    if len({fleet.source_name for fleet in found}) > 1:
        names = ", ".join(sorted({fleet.source_name for fleet in found}))
        raise BadArgument(f"several sources know the slug {slug!r}: {names}; name one by `source`")
    errors = [error for reading in readings for error in reading.errors]
    # One that did not answer may hold the slug as well: whether the found one is the only one is not known.
    if errors:
        raise errors[0]
    return found[0] if found else None


async def _read(desk: Desk, selection: FleetSelection, source: str, *support: str) -> Reading[Fleet]:
    upstream = desk.sources.upstreams[source]
    columns, below = desk.columns("Fleet", *support), desk.loaders.below_for(upstream)
    stream = upstream.fleets(replace(selection.query(source, columns), below=below))
    return await read_whole(source, desk.arriving(stream), selection.keep, NARROWED_BY)
