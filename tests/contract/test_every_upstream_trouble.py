"""Trouble of every kind that has an adapter: what could not be found out is an error, never a shorter list."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from resolvers.errors import (
    UpstreamBroken,
    UpstreamBusy,
    UpstreamError,
    UpstreamPayloadError,
    UpstreamRefused,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from resolvers.graph.enums import SourceKind
from resolvers.upstreams.payload import REPORTED
from resolvers.upstreams.port import ReleaseQuery
from tests.conftest import MockPort
from tests.contract.conftest import CREDENTIALS, Open
from tests.contract.questions import (
    BELOW,
    EVERY_BELOW,
    EVERY_KIND,
    EVERY_LIST,
    EVERY_LOOK_UP,
    LOOK_UPS,
    READS,
    UNKNOWN_PART,
    below,
    by_id,
    look_up,
    plain,
    read,
    rows_of,
    unknown,
)
from tests.contract.rewriting import PLACES, Rewriting, after, inside

AT_ONCE = [
    pytest.param({"status": 401}, UpstreamRefused, id="our token is not known"),
    pytest.param({"status": 403}, UpstreamRefused, id="our token may not"),
    pytest.param({"status": 302}, UpstreamRejected, id="sent elsewhere: our token does not go along"),
    pytest.param({"status": 429, "retry_after": 7}, UpstreamBusy, id="asked too often"),
    pytest.param({"status": 503}, UpstreamBroken, id="maintenance"),
    pytest.param({"drop": True}, UpstreamUnreachable, id="hung up"),
    pytest.param({"cut_body": True}, UpstreamUnreachable, id="hung up in the middle"),
    pytest.param({"wrong_shape": True}, UpstreamPayloadError, id="another shape"),
]
# Of a link that is a redirect the other two are answers.
BELOW_ANYTHING = [fault for fault in AT_ONCE if not {"status": 302, "cut_body": True}.items() & fault.values[0].items()]
TOO_SLOW = pytest.param({"delay_ms": 400}, UpstreamTimeout, id="too slow")
EVERY_FAULT = pytest.mark.parametrize(("fault", "error"), [*AT_ONCE, TOO_SLOW])
# A short limit would fail the healthy read before it whenever the machine is busy.
EVERY_FAULT_AT_ONCE = pytest.mark.parametrize(("fault", "error"), AT_ONCE)


def slow(fault: Mapping[str, Any]) -> dict[str, Any]:
    """Settings that make a delay matter."""
    return {"timeout_s": 0.1} if "delay_ms" in fault else {}


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


# Nothing can be known


@EVERY_FAULT
@EVERY_LIST
async def test_trouble_with_a_list_is_told_and_leaves_no_rows(
    kind: SourceKind, what: str, fault: dict[str, Any], error: type[UpstreamError], opened: Open, mocks: MockPort
) -> None:
    adapter = opened(kind, what, **slow(fault))
    mocks.fail(source=kind.value.lower(), **fault)

    outcome = await read(READS[what](adapter))

    assert outcome.rows == []
    assert {type(each) for each in outcome.errors} == {error}


@EVERY_FAULT
@EVERY_LOOK_UP
async def test_trouble_with_a_look_up_is_never_the_same_as_not_found(
    kind: SourceKind, what: str, fault: dict[str, Any], error: type[UpstreamError], opened: Open, mocks: MockPort
) -> None:
    ids = [row.native_id for row in await rows_of(opened(kind, what), what)][:3]
    adapter = opened(kind, what, **slow(fault))
    mocks.fail(source=kind.value.lower(), **fault)

    found = await look_up(LOOK_UPS[what](adapter, ids), ids)

    assert {native_id: type(each) for native_id, each in found.items()} == dict.fromkeys(ids, error)


@EVERY_FAULT_AT_ONCE
@EVERY_LIST
async def test_trouble_with_a_list_after_the_scopes_are_known_is_told_too(
    kind: SourceKind, what: str, fault: dict[str, Any], error: type[UpstreamError], opened: Open, mocks: MockPort
) -> None:
    adapter = opened(kind, what)
    await read(READS[what](adapter))
    mocks.fail(source=kind.value.lower(), **fault)

    outcome = await read(READS[what](adapter))

    assert outcome.rows == []
    assert {type(each) for each in outcome.errors} == {error}


@EVERY_FAULT_AT_ONCE
@EVERY_LOOK_UP
async def test_trouble_with_a_look_up_after_the_scopes_are_known_is_told_too(
    kind: SourceKind, what: str, fault: dict[str, Any], error: type[UpstreamError], opened: Open, mocks: MockPort
) -> None:
    adapter = opened(kind, what)
    ids = [row.native_id for row in await rows_of(adapter, what)][:3]
    mocks.fail(source=kind.value.lower(), **fault)

    found = await look_up(LOOK_UPS[what](adapter, ids), ids)
    alone = await look_up(LOOK_UPS[what](adapter, ids[:1]), ids[:1])

    assert {native_id: type(each) for native_id, each in found.items()} == dict.fromkeys(ids, error)
    assert {native_id: type(each) for native_id, each in alone.items()} == dict.fromkeys(ids[:1], error)


@pytest.mark.parametrize(("fault", "error"), BELOW_ANYTHING)
@EVERY_BELOW
async def test_trouble_below_an_object_is_never_an_empty_list_nor_a_no(
    kind: SourceKind, what: str, fault: dict[str, Any], error: type[UpstreamError], opened: Open, mocks: MockPort
) -> None:
    adapter = opened(kind, what)
    ids = [row.native_id for row in await rows_of(adapter, BELOW[what])]
    told = await below(adapter, what, ids)
    mocks.fail(source=kind.value.lower(), **fault)

    found = await look_up(below(adapter, what, ids), ids)

    assert told
    assert {native_id: type(found.get(native_id)) for native_id in told} == dict.fromkeys(told, error)


@EVERY_LIST
async def test_nobody_at_the_address_is_unreachable(
    kind: SourceKind, what: str, opened: Open, closed_port: int
) -> None:
    adapter = opened(kind, what, url=f"http://127.0.0.1:{closed_port}")

    outcome = await read(READS[what](adapter))

    assert outcome.rows == []
    assert {type(each) for each in outcome.errors} == {UpstreamUnreachable}


@EVERY_KIND
async def test_how_long_to_wait_is_passed_on(kind: SourceKind, upstream: Open, mocks: MockPort) -> None:
    adapter = upstream(kind)
    mocks.fail(source=kind.value.lower(), status=429, retry_after=7)

    outcome = await read(adapter.releases(ReleaseQuery()))

    assert {each.extensions["retryAfter"] for each in outcome.errors} == {7}


@EVERY_FAULT
@EVERY_KIND
async def test_no_message_tells_the_credential_and_each_names_its_source(
    kind: SourceKind, fault: dict[str, Any], error: type[UpstreamError], upstream: Open, mocks: MockPort
) -> None:
    adapter, name = upstream(kind, **slow(fault)), kind.value.lower()
    mocks.fail(source=name, **fault)

    outcome = await read(adapter.releases(ReleaseQuery()))

    told = "\n".join(f"{each} {each!r} {each.extensions}" for each in outcome.errors)
    assert {each.source for each in outcome.errors} == {name}
    assert all(str(each).startswith(f"{name}: ") for each in outcome.errors)
    assert CREDENTIALS[kind]["token"] not in told


@EVERY_KIND
async def test_an_adapter_recovers_with_its_upstream(kind: SourceKind, upstream: Open, mocks: MockPort) -> None:
    adapter = upstream(kind)
    mocks.fail(source=kind.value.lower(), status=503, times=1)
    first = await read(adapter.releases(ReleaseQuery()))

    second = await read(adapter.releases(ReleaseQuery()))

    assert {type(each) for each in first.errors} == {UpstreamBroken}
    assert second.errors == []
    assert second.rows


# Something does not fit


SCOPES = {
    (SourceKind.NERVESHUB, "releases"): 4,
    (SourceKind.NERVESHUB, "artifacts"): 4,
    (SourceKind.NERVESHUB, "devices"): 4,
    (SourceKind.MEMFAULT, "releases"): 4,
    (SourceKind.MEMFAULT, "artifacts"): 4,
    (SourceKind.MEMFAULT, "devices"): 4,
    (SourceKind.BUILDMASTER, "artifacts"): 4,
}
"How many times a list tells of broken rows, where it is more than once: for each scope that can be lost alone."

OWNERS = {(SourceKind.BALENA, "deployments"): 0, (SourceKind.MEMFAULT, "artifacts"): 2}
"Which are read out of the row of an owner, and where that stands in their ids: in a row that came nothing is missing."


def lost(kind: SourceKind, what: str, ids: Iterable[str]) -> str:
    """An id nothing has that came: its row may be the broken one."""
    parts = unknown(ids)[0].split("/")
    parts[OWNERS.get((kind, what), -1)] = UNKNOWN_PART
    return "/".join(parts)


def broken(rewriting: Rewriting, kind: SourceKind, what: str, times: int = 1) -> None:
    """Before the rows of every list come some that lack all they must have."""
    rows = after(*[{}] * times)
    # These come below their organizations.
    nested = (kind, what) == (SourceKind.NERVESHUB, "fleets")
    rewriting.rules[PLACES[kind, what]] = inside("products", rows) if nested else rows


def partial(rows: Iterable[Any]) -> dict[str, dict[str, Any]]:
    """Rows by their ids, but for what an image says of a list that lost some: whether it knows all its releases."""
    return {native_id: {**row, "has_all_releases": None} for native_id, row in by_id(rows).items()}


def paths_told(error: UpstreamError) -> int:
    return len(re.findall(r" at \$", str(error)))


@EVERY_LIST
async def test_a_broken_row_costs_itself_alone_and_is_told_with_its_path(
    kind: SourceKind, what: str, opened: Open, rewriting: Rewriting
) -> None:
    whole = partial((await read(READS[what](opened(kind, what)))).rows)
    broken(rewriting, kind, what)

    outcome = await read(READS[what](opened(kind, what, url=f"{rewriting.url}/{kind.value.lower()}")))

    assert partial(outcome.rows) == whole
    assert {type(error) for error in outcome.errors} == {UpstreamPayloadError}
    assert {paths_told(error) for error in outcome.errors} == {1}
    assert len(outcome.errors) == SCOPES.get((kind, what), 1)


@EVERY_LIST
async def test_of_many_broken_rows_ten_are_told_and_all_are_counted(
    kind: SourceKind, what: str, opened: Open, rewriting: Rewriting
) -> None:
    whole = partial((await read(READS[what](opened(kind, what)))).rows)
    broken(rewriting, kind, what, times=REPORTED + 3)

    outcome = await read(READS[what](opened(kind, what, url=f"{rewriting.url}/{kind.value.lower()}")))

    assert partial(outcome.rows) == whole
    assert {paths_told(error) for error in outcome.errors} == {REPORTED}
    assert all(f": {REPORTED + 3} of " in str(error) for error in outcome.errors)


@EVERY_LOOK_UP
async def test_next_to_a_broken_row_the_others_are_found_and_what_is_not_is_unknown(
    kind: SourceKind, what: str, opened: Open, rewriting: Rewriting
) -> None:
    adapter = opened(kind, what, url=f"{rewriting.url}/{kind.value.lower()}")
    whole = by_id(await rows_of(adapter, what))
    missing = lost(kind, what, whole)
    broken(rewriting, kind, what)

    found = dict(await look_up(LOOK_UPS[what](adapter, [*whole, missing]), [*whole, missing]))

    assert type(found.pop(missing)) is UpstreamPayloadError
    assert {native_id: plain(row) for native_id, row in found.items()} == whole
