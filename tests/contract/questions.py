"""Questions: what is asked of every kind that has an adapter, and answers in a form that compares."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from typing import Any, NamedTuple

import pytest

from resolvers.errors import UpstreamError
from resolvers.graph.enums import SourceKind
from resolvers.upstreams.absent import Absent
from resolvers.upstreams.port import (
    ArtifactQuery,
    Chunk,
    DeviceQuery,
    Facts,
    FleetQuery,
    Found,
    Part,
    ReleaseQuery,
    Upstream,
)
from resolvers.upstreams.registry import ADAPTERS

Ask = Callable[[Upstream, list[str]], Awaitable[Found[Any]]]

READS: dict[str, Callable[[Upstream], AsyncIterator[Chunk[Any]]]] = {
    "releases": lambda upstream: upstream.releases(ReleaseQuery()),
    "fleets": lambda upstream: upstream.fleets(FleetQuery()),
    "artifacts": lambda upstream: upstream.artifacts(ArtifactQuery()),
    "devices": lambda upstream: upstream.devices(DeviceQuery()),
}
LOOK_UPS: dict[str, Ask] = {
    "releases": lambda upstream, ids: upstream.releases_by_id(ids),
    "fleets": lambda upstream, ids: upstream.fleets_by_id(ids),
    "artifacts": lambda upstream, ids: upstream.artifacts_by_id(ids),
    "cohorts": lambda upstream, ids: upstream.cohorts_by_id(ids),
    "builds": lambda upstream, ids: upstream.builds_by_id(ids),
    "deployments": lambda upstream, ids: upstream.deployments_by_id(ids),
    "devices": lambda upstream, ids: upstream.devices_by_id(ids),
}
PARENTS = {"cohorts": "fleets", "builds": "releases", "deployments": "fleets"}
"What the port lists below something else only."

BELOW = {
    "artifacts_by_release_id": "releases",
    "artifacts_by_build_id": "builds",
    "builds_by_release_id": "releases",
    "cohorts_by_fleet_id": "fleets",
    "deployments_by_release_id": "releases",
    "deployments_by_fleet_id": "fleets",
    "deployments_by_cohort_id": "cohorts",
    "devices_by_fleet_id": "fleets",
    "devices_by_cohort_id": "cohorts",
    "tags_by_release_id": "releases",
    "tags_by_fleet_id": "fleets",
    "tags_by_device_id": "devices",
    "is_deployed_by_release_id": "releases",
    "device_count_by_release_id": "releases",
    "device_count_by_fleet_id": "fleets",
    "version_counts_by_fleet_id": "fleets",
    "download_url_by_artifact_id": "artifacts",
    "release_ids_by_artifact_id": "artifacts",
    "columns_by_release_id": "releases",
}
"Lists and facts of the port by the id of what they are of, each with what has such an id."


def below(adapter: Upstream, question: str, ids: list[str]) -> Awaitable[Found[Any]]:
    more = (frozenset({"composition"}),) if question == "columns_by_release_id" else ()
    asked: Awaitable[Found[Any]] = getattr(adapter, question)(ids, *more)
    return asked


def facts_of(kind: SourceKind) -> Facts:
    facts: Facts = ADAPTERS[kind].facts  # type: ignore[attr-defined]  # every adapter is a class with it
    return facts


def has(kind: SourceKind, what: str) -> bool:
    """Whether the kind has such a thing at all; BuildMaster has artifacts where an operator says so."""
    if what == "artifacts":
        return bool(facts_of(kind).artifact_kinds) or kind is SourceKind.BUILDMASTER
    return what in ("releases", "fleets") or Part(what) in facts_of(kind).parts


def answers(kind: SourceKind, question: str) -> bool:
    """Whether a question of `BELOW` is one of the kind's own; the others are answered with nothing, for nothing."""
    return getattr(ADAPTERS[kind], question) is not getattr(Absent, question, None)


def _each(names: Iterable[str], is_asked: Callable[[SourceKind, str], bool]) -> list[Any]:
    named = [(kind, what) for kind in ADAPTERS for what in names if is_asked(kind, what)]
    return [pytest.param(kind, what, id=f"{kind.value.lower()} {what}") for kind, what in named]


EVERY_KIND = pytest.mark.parametrize("kind", list(ADAPTERS), ids=lambda kind: kind.value.lower())
EVERY_LIST = pytest.mark.parametrize(("kind", "what"), _each(READS, has))
EVERY_LOOK_UP = pytest.mark.parametrize(("kind", "what"), _each(LOOK_UPS, has))
EVERY_BELOW = pytest.mark.parametrize(("kind", "what"), _each(BELOW, answers))


class Outcome(NamedTuple):
    rows: list[Any]
    errors: list[UpstreamError]


async def read(stream: AsyncIterator[Chunk[Any]]) -> Outcome:
    """All rows and all that went wrong, whether it was raised or told in a chunk."""
    outcome = Outcome([], [])
    try:
        async for chunk in stream:
            outcome.rows.extend(chunk.rows)
            outcome.errors.extend(failure.error for failure in chunk.failures)
    except UpstreamError as error:
        outcome.errors.append(error)
    return outcome


async def rows_of(adapter: Upstream, what: str) -> list[Any]:
    """All there is of it, each once, in whichever way the port leads there."""
    if what in READS:
        return (await read(READS[what](adapter))).rows
    parents = PARENTS[what]
    ids = [row.native_id for row in await rows_of(adapter, parents)]
    found = await below(adapter, f"{what}_by_{parents.removesuffix('s')}_id", ids)
    lists: list[Any] = list(found.values())
    return list({row.native_id: row for rows in lists for row in rows}.values())


async def look_up(asked: Awaitable[Found[Any]], ids: Iterable[str]) -> Mapping[str, Any]:
    """What was found by id; an error that was raised is the answer to every id."""
    try:
        return await asked
    except UpstreamError as error:
        return dict.fromkeys(ids, error)


def plain(row: Any) -> dict[str, Any]:
    """A row by its fields, what it builds when asked among them: closures themselves are never equal."""
    told = {field.name: getattr(row, field.name) for field in dataclasses.fields(row) if field.init}
    built = {name: _unfolded(value()) for name, value in told.items() if callable(value)}
    # No order is promised of the releases an image serves.
    unordered = {name: frozenset(value) for name, value in told.items() if name == "release_native_ids"}
    return {**told, **built, **unordered}


def _unfolded(built: Any) -> Any:
    return [plain(row) for row in built] if isinstance(built, list) else built


def by_id(rows: Iterable[Any]) -> dict[str, dict[str, Any]]:
    return {row.native_id: plain(row) for row in rows}


UNKNOWN_PART = "2147483647"  # the largest number an upstream that numbers its rows could have given


def unknown(ids: Iterable[str]) -> list[str]:
    """Ids of the same form that nothing has."""
    return sorted({"/".join([*native_id.split("/")[:-1], UNKNOWN_PART]) for native_id in ids})
