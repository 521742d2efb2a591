"""The question "which releases has each of these fleets": one stream a source for all its fleets, shared out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace

from resolvers.errors import UpstreamError
from resolvers.federation.filters.releases import narrowed_by
from resolvers.federation.reading import Reading, capped
from resolvers.graph.enums import AnswerState
from resolvers.graph.release import Release
from resolvers.loaders.by_key import Asked, Batch, Note, unnoted
from resolvers.upstreams.port import Chunk, Failure, ReleaseQuery, Upstream

FleetReleasesKey = tuple[str, str, ReleaseQuery]
"(source name, fleet's native id, query without fleets)"


QUESTION = "releases_by_fleet_id"


def releases_by_fleet(upstreams: Mapping[str, Upstream], note: Note = unnoted) -> Batch:
    """A batch function: each fleet's releases in no order, not yet filtered here."""

    async def of(
        source: str, query: ReleaseQuery, fleet_ids: Sequence[str]
    ) -> Mapping[str, Reading[Release] | Exception]:
        answer = await _shared(source, upstreams[source], query, fleet_ids)
        note(Asked(QUESTION, source, len(fleet_ids), _state(answer)))
        return answer

    async def batch(keys: list[FleetReleasesKey]) -> list[Reading[Release] | Exception]:
        groups: dict[tuple[str, ReleaseQuery], list[str]] = {}
        for source, fleet_id, query in keys:
            groups.setdefault((source, query), []).append(fleet_id)
        asked = (of(source, query, fleets) for (source, query), fleets in groups.items())
        answers = dict(zip(groups, await asyncio.gather(*asked), strict=True))
        return [answers[source, query][fleet_id] for source, fleet_id, query in keys]

    return batch


def _state(answer: Mapping[str, Reading[Release] | Exception]) -> AnswerState:
    lost = [isinstance(one, Exception) or one.is_lost for one in answer.values()]
    if all(lost):
        return AnswerState.FAILED
    errors = any(isinstance(one, Exception) or one.errors for one in answer.values())
    return AnswerState.PARTIAL if errors else AnswerState.LIVE


async def _shared(
    source: str, upstream: Upstream, query: ReleaseQuery, fleet_ids: Sequence[str]
) -> Mapping[str, Reading[Release] | Exception]:
    rows: dict[str, list[Release]] = {fleet_id: [] for fleet_id in fleet_ids}
    failures: list[Failure] = []
    try:
        stream = upstream.releases(replace(query, fleet_ids=tuple(fleet_ids)))
        await _collect(capped(source, stream, narrowed_by(upstream.facts)), rows, failures)
    except UpstreamError as error:
        return {fleet_id: Reading(source, errors=(error,), is_lost=True) for fleet_id in fleet_ids}
    except Exception as error:  # nobody expected it: still, it is no matter of the other sources
        return dict.fromkeys(fleet_ids, error)
    return {fleet_id: _of_fleet(source, fleet_id, own, failures) for fleet_id, own in rows.items()}


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
