"""What must hold of a real service, whatever it holds. Reads only.

Not named test_*: pytest finds it only when told, by `make test-live`. Each source is listed once, and a few of its
rows are looked up; an account without rows passes, as far as it goes.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from gateway import doctor
from gateway.settings import Settings
from resolvers import keys
from resolvers.errors import UpstreamError
from resolvers.graph.enums import ReleaseStatus
from resolvers.transport.observe import Call
from resolvers.transport.session import Transport
from resolvers.upstreams.port import Chunk, FleetQuery, ReleaseQuery, Upstream
from resolvers.upstreams.registry import open_source
from tests.live.sources import configured

SOURCES = configured(os.environ)
LOOKED_UP = 5
"Rows of a list that are looked up again: enough to see whether it works, and little to ask."

UNKNOWN_PART = "2147483647"  # the largest number an upstream that numbers its rows could have given
READING_POSTS = ("/authentication", "/api/releases", "/api/applications/list")


@dataclass
class Listed:
    """What one source showed, and what it was asked for that."""

    fleets: list[Any] = field(default_factory=list)
    releases: list[Any] = field(default_factory=list)
    errors: list[UpstreamError] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)


@pytest.fixture(scope="module", params=list(SOURCES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def listed(name: str) -> Listed:
    """Asked once for all tests of a source."""
    return asyncio.run(_listed(name))


@pytest.fixture
async def adapter(name: str) -> AsyncIterator[Upstream]:
    """A new one, whose calls must all have been reads."""
    calls: list[Call] = []
    async with Transport(calls.append) as transport:
        yield open_source(name, SOURCES[name], transport)
    assert [call for call in calls if not is_read(call)] == []


async def _listed(name: str) -> Listed:
    found = Listed()
    async with Transport(found.calls.append) as transport:
        upstream = open_source(name, SOURCES[name], transport)
        await _read(upstream.fleets(FleetQuery()), found.fleets, found.errors)
        await _read(upstream.releases(ReleaseQuery()), found.releases, found.errors)
    return found


async def _read(stream: AsyncIterator[Chunk[Any]], rows: list[Any], errors: list[UpstreamError]) -> None:
    try:
        async for chunk in stream:
            rows.extend(chunk.rows)
            errors.extend(failure.error for failure in chunk.failures)
    except UpstreamError as error:
        errors.append(error)


def is_read(call: Call) -> bool:
    return call.method == "GET" or (call.method == "POST" and call.path.startswith(READING_POSTS))


def some(rows: list[Any]) -> list[str]:
    """Ids of a few rows, from all over the list."""
    return [row.native_id for row in rows[:: max(1, len(rows) // LOOKED_UP)]][:LOOKED_UP]


def unknown(ids: list[str]) -> list[str]:
    """Ids of the same form that nothing has; also without any row to take the form from."""
    return sorted({"/".join([*native_id.split("/")[:-1], UNKNOWN_PART]) for native_id in [*ids, UNKNOWN_PART]})


def test_the_doctor_finds_no_problem(name: str) -> None:
    (found,) = doctor.examine(Settings(sources={name: SOURCES[name]}))

    assert found.is_well, found.told


def test_lists_come_whole_and_each_row_has_an_id_of_its_own(name: str, listed: Listed) -> None:
    ids = [[row.native_id for row in rows] for rows in (listed.fleets, listed.releases)]

    assert listed.errors == []
    assert [len(each) for each in ids] == [len(set(each)) for each in ids]
    assert {row.source_name for row in (*listed.fleets, *listed.releases)} <= {name}


def test_listing_only_read(listed: Listed) -> None:
    assert [call for call in listed.calls if not is_read(call)] == []


def test_every_global_id_reads_back(listed: Listed) -> None:
    rows = [*listed.fleets, *listed.releases]

    assert [keys.decode(row.id())[1:] for row in rows] == [row.route for row in rows]


def test_every_instant_is_in_utc(listed: Listed) -> None:
    instants = {row.native_id: row.created_at for row in listed.releases if row.created_at is not None}

    assert [native_id for native_id, at in instants.items() if at.utcoffset() != timedelta(0)] == []


def test_every_status_is_one_that_we_know(name: str, listed: Listed) -> None:
    words = {release.native_status for release in listed.releases if release.status is ReleaseStatus.UNKNOWN}
    facts: Any = open_source(name, SOURCES[name], Transport()).facts

    assert words == set(), "add them to the glossary in normalise"
    assert {release.status for release in listed.releases} <= facts.release_statuses


async def test_listed_fleets_are_found_again(adapter: Upstream, listed: Listed) -> None:
    ids = some(listed.fleets)

    found = await adapter.fleets_by_id(ids)

    assert names_of(found) == {row.native_id: row.name for row in listed.fleets if row.native_id in ids}


async def test_listed_releases_are_found_again(adapter: Upstream, listed: Listed) -> None:
    ids = some(listed.releases)

    found = await adapter.releases_by_id(ids)

    assert names_of(found) == {row.native_id: row.name for row in listed.releases if row.native_id in ids}


async def test_the_fleets_of_listed_releases_are_there(adapter: Upstream, listed: Listed) -> None:
    wanted = set(some(listed.releases))
    ids = sorted({row.fleet_native_id for row in listed.releases if row.native_id in wanted})

    assert sorted(names_of(await adapter.fleets_by_id(ids))) == ids


async def test_artifacts_of_listed_releases_are_found_again(adapter: Upstream, listed: Listed) -> None:
    below: Mapping[str, Any] = await adapter.artifacts_by_release_id(some(listed.releases))
    files = {file.native_id: file.name for one in below.values() for file in one}
    ids = list(files)[:LOOKED_UP]

    found = await adapter.artifacts_by_id(ids)

    assert names_of(found) == {native_id: files[native_id] for native_id in ids}


async def test_an_unknown_id_is_not_found(adapter: Upstream, listed: Listed) -> None:
    found = [
        await adapter.fleets_by_id(unknown(some(listed.fleets))),
        await adapter.releases_by_id(unknown(some(listed.releases))),
    ]

    assert found == [{}, {}]


def names_of(found: Mapping[str, Any]) -> dict[str, str]:
    """Names by id. An error among the values has none, and fails here."""
    return {native_id: row.name for native_id, row in found.items()}
