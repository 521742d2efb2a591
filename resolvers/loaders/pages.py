"""The question "which releases come first in each of these fleets": one call a source for all its fleets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from resolvers.graph.release import Release
from resolvers.loaders.by_key import Batch, Route, by_key
from resolvers.upstreams.port import Page, Place, ReleaseQuery, Upstream

FleetPageKey = tuple[str, str, ReleaseQuery, Place]
"(source name, fleet's native id, query without fleets, place)"


def release_pages_by_fleet(upstreams: Mapping[str, Upstream], received: Callable[[Sequence[Any]], None]) -> Batch:
    """A batch function: the page, None for a fleet that is not there, or the error. received: is told of all rows."""

    async def batch(keys: list[FleetPageKey]) -> list[Page[Release] | Exception | None]:
        groups: dict[tuple[ReleaseQuery, Place], list[Route]] = {}
        for source, fleet_id, query, place in keys:
            groups.setdefault((query, place), []).append((source, fleet_id))
        asked = (_pages(query, place, routes) for (query, place), routes in groups.items())
        found = {key: page for answer in await asyncio.gather(*asked) for key, page in answer.items()}
        return [found[key] for key in keys]

    async def _pages(query: ReleaseQuery, place: Place, routes: list[Route]) -> dict[FleetPageKey, Any]:
        pages = await by_key(upstreams, lambda one, ids: one.release_pages_by_fleet_id(ids, query, place))(routes)
        for page in pages:
            received(page.rows if isinstance(page, Page) else ())
        return {(*route, query, place): page for route, page in zip(routes, pages, strict=True)}

    return batch
