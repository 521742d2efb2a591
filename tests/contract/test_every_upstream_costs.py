"""What a look-up of any kind costs: calls grow with scopes and full chunks, never with rows; a session is paid once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from math import ceil

import pytest

from resolvers.graph.enums import SourceKind
from resolvers.transport.observe import Call
from resolvers.transport.session import Transport
from resolvers.upstreams.balena import odata
from resolvers.upstreams.memfault import calls
from resolvers.upstreams.memfault.catalogue import KEYS_PER_CALL
from resolvers.upstreams.port import FleetQuery, ReleaseQuery
from tests.conftest import MockPort
from tests.contract.conftest import Open
from tests.contract.questions import EVERY_KIND, EVERY_LOOK_UP, LOOK_UPS, read, rows_of

Cost = Callable[[Sequence[str]], int]


def batches(size: int, *, parts: int) -> Cost:
    """A call for each so many ids of a scope, which is their first so many parts."""

    def cost(ids: Sequence[str]) -> int:
        scopes = Counter("/".join(native_id.split("/")[:parts]) for native_id in dict.fromkeys(ids))
        return sum(ceil(count / size) for count in scopes.values())

    return cost


def of_owners(cost: Cost, *, parts: int) -> Cost:
    """What is read out of something else: by the id of that, the first so many parts."""
    return lambda ids: cost(["/".join(native_id.split("/")[:parts]) for native_id in ids])


def fixed(calls: int) -> Cost:
    return lambda ids: calls


ALL = 10**9  # one call whatever their number
COSTS: dict[tuple[SourceKind, str], Cost] = {
    (SourceKind.BALENA, "releases"): batches(odata.MAX_NUMBERS, parts=0),
    (SourceKind.BALENA, "fleets"): batches(odata.MAX_NUMBERS, parts=0),
    (SourceKind.BALENA, "artifacts"): batches(odata.MAX_NUMBERS, parts=1),  # images and assets are two resources
    (SourceKind.BALENA, "deployments"): of_owners(batches(odata.MAX_NUMBERS, parts=0), parts=1),
    (SourceKind.BALENA, "devices"): batches(odata.MAX_NUMBERS, parts=0),
    (SourceKind.NERVESHUB, "releases"): batches(ALL, parts=2),
    (SourceKind.NERVESHUB, "fleets"): batches(ALL, parts=0),
    (SourceKind.NERVESHUB, "artifacts"): batches(ALL, parts=2),
    (SourceKind.NERVESHUB, "cohorts"): batches(ALL, parts=2),
    (SourceKind.NERVESHUB, "deployments"): batches(ALL, parts=2),
    (SourceKind.NERVESHUB, "devices"): batches(ALL, parts=2),
    (SourceKind.MEMFAULT, "releases"): batches(KEYS_PER_CALL, parts=2),
    (SourceKind.MEMFAULT, "fleets"): batches(ALL, parts=1),
    (SourceKind.MEMFAULT, "artifacts"): of_owners(batches(KEYS_PER_CALL, parts=2), parts=3),
    (SourceKind.MEMFAULT, "cohorts"): batches(KEYS_PER_CALL, parts=2),
    (SourceKind.MEMFAULT, "deployments"): batches(ALL, parts=2),
    (SourceKind.MEMFAULT, "devices"): batches(calls.PAGE_SIZE, parts=2),  # pages of the project's list
    (SourceKind.BUILDMASTER, "releases"): fixed(1),
    (SourceKind.BUILDMASTER, "fleets"): fixed(1),
    (SourceKind.BUILDMASTER, "artifacts"): fixed(4),  # applications
    (SourceKind.BUILDMASTER, "builds"): fixed(4),
    (SourceKind.BUILDMASTER, "deployments"): fixed(4),
    (SourceKind.METAKRAFTWERK, "releases"): fixed(1),
    (SourceKind.METAKRAFTWERK, "fleets"): fixed(1),
    (SourceKind.METAKRAFTWERK, "artifacts"): fixed(1),
    (SourceKind.METAKRAFTWERK, "builds"): fixed(1),
    (SourceKind.METAKRAFTWERK, "deployments"): fixed(5),  # runs, and what they are looked up in
}
CHUNKED = [
    (SourceKind.BALENA, "releases", 0),
    (SourceKind.BALENA, "fleets", 0),
    (SourceKind.BALENA, "artifacts", 1),
    (SourceKind.BALENA, "deployments", 0),
    (SourceKind.BALENA, "devices", 0),
    (SourceKind.MEMFAULT, "releases", 2),
    (SourceKind.MEMFAULT, "artifacts", 2),
    (SourceKind.MEMFAULT, "cohorts", 2),
]
"Which take so many ids at once, with the place of the part that is asked for."


ASKED_AGAIN = {(SourceKind.MEMFAULT, "cohorts"): 2}
"Whose rows may leave open what a second list tells: here the release a cohort has, which its deployments tell."


@EVERY_LOOK_UP
async def test_a_batch_of_everything_costs_what_the_adapter_declares(
    kind: SourceKind, what: str, opened: Open, mocks: MockPort
) -> None:
    adapter = opened(kind, what)
    ids = [row.native_id for row in await rows_of(adapter, what)]
    mocks.mocks.calls.clear()

    await LOOK_UPS[what](adapter, ids)

    assert len(mocks.paths(kind.value.lower())) == COSTS[kind, what](ids) * ASKED_AGAIN.get((kind, what), 1)


@pytest.mark.parametrize(
    ("kind", "what", "place"), [pytest.param(*case, id=f"{case[0].value.lower()} {case[1]}") for case in CHUNKED]
)
async def test_a_batch_grows_by_a_call_for_each_full_chunk(
    kind: SourceKind, what: str, place: int, opened: Open, mocks: MockPort
) -> None:
    adapter = opened(kind, what)
    parts = (await rows_of(adapter, what))[0].native_id.split("/")
    ids = ["/".join([*parts[:place], str(number), *parts[place + 1 :]]) for number in range(1_000_000, 1_000_450)]
    mocks.mocks.calls.clear()

    costs = []
    for count in (1, 50, 51, 200, 201, 450):
        await LOOK_UPS[what](adapter, ids[:count])
        costs.append(len(mocks.paths(kind.value.lower())))
        mocks.mocks.calls.clear()

    assert costs == [COSTS[kind, what](ids[:count]) for count in (1, 50, 51, 200, 201, 450)]
    assert costs[-1] >= 3


@EVERY_KIND
async def test_a_session_is_opened_once(kind: SourceKind, upstream: Open, transport: Transport) -> None:
    made: list[Call] = []
    transport.observe = made.append
    adapter = upstream(kind)
    await read(adapter.releases(ReleaseQuery()))
    session = [call for call in made if call.is_session]

    await read(adapter.releases(ReleaseQuery()))
    await read(adapter.fleets(FleetQuery()))
    await adapter.releases_by_id(["acme/gateway/1.2.0"])

    assert [call for call in made if call.is_session] == session
