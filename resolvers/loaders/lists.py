"""The question "which releases has each of these fleets": one stream a source for all its fleets, shared out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from resolvers.errors import UpstreamError
from resolvers.federation.filters.releases import narrowed_by
from resolvers.federation.reading import Reading, capped
from resolvers.graph.columns import without
from resolvers.graph.release import Release
from resolvers.loaders.by_key import Batch
from resolvers.upstreams.port import Chunk, Columns, Failure, ReleaseQuery, Upstream

FleetReleasesKey = tuple[str, str, ReleaseQuery]
"(source name, fleet's native id, query without fleets)"


def releases_by_fleet(upstreams: Mapping[str, Upstream], received: Callable[[Sequence[Any]], None]) -> Batch:
    """A batch function: each fleet's releases in no order, not yet filtered here. received: is told of all rows."""

    async def batch(keys: list[FleetReleasesKey]) -> list[Reading[Release] | Exception]:
        groups: dict[tuple[str, ReleaseQuery], list[str]] = {}
        for source, fleet_id, query in keys:
            groups.setdefault((source, query), []).append(fleet_id)
        asked = (_shared(source, upstreams[source], query, fleets) for (source, query), fleets in groups.items())
        answers = dict(zip(groups, await asyncio.gather(*asked), strict=True))
        for reading in (one for own in answers.values() for one in own.values() if isinstance(one, Reading)):
            received(reading.rows)
        return [answers[source, query][fleet_id] for source, fleet_id, query in keys]

    return batch


async def _shared(
    source: str, upstream: Upstream, query: ReleaseQuery, fleet_ids: Sequence[str]
) -> Mapping[str, Reading[Release] | Exception]:
    rows: dict[str, list[Release]] = {fleet_id: [] for fleet_id in fleet_ids}
    failures: list[Failure] = []
    try:
        # The fleets are known: nobody asks for releases below a fleet that is not there.
        columns = without(query.columns, "fleet")
        stream = upstream.releases(replace(query, fleet_ids=tuple(fleet_ids), columns=_with_fleet(columns)))
        await _collect(capped(source, stream, narrowed_by(upstream.facts)), rows, failures)
    except UpstreamError as error:
        return {fleet_id: Reading(source, errors=(error,), is_lost=True) for fleet_id in fleet_ids}
    except Exception as error:  # nobody expected it: still, it is no matter of the other sources
        return dict.fromkeys(fleet_ids, error)
    return {fleet_id: _of_fleet(source, fleet_id, own, failures) for fleet_id, own in rows.items()}


def _with_fleet(columns: Columns) -> Columns:
    """Rows are shared out by it."""
    return None if columns is None else columns | {"fleet_native_id"}


async def _collect(
    chunks: AsyncIterator[Chunk[Release]], rows: dict[str, list[Release]], failures: list[Failure]
) -> None:
    async for chunk in chunks:
        failures.extend(chunk.failures)
        for row in chunk.rows:
            if row.fleet_native_id in rows:
                rows[row.fleet_native_id].append(row)


def _of_fleet(source: str, fleet_id: str, rows: list[Release], failures: Sequence[Failure]) -> Reading[Release]:
    """A failure of another fleet is none of ours; one of no fleet in particular may be anybody's."""
    errors = [failure.error for failure in failures if failure.fleet_id in (None, fleet_id)]
    return Reading(source, rows, errors, is_lost=bool(errors) and not rows)
