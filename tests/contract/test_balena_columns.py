"""What balena is asked for, column by column: each alone is what it is among all; what comes along is as looked up."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import unquote

import pytest

from resolvers.errors import UpstreamPayloadError
from resolvers.graph.columns import linking
from resolvers.graph.enums import SourceKind
from resolvers.upstreams.balena import files, normalise, odata, selection
from resolvers.upstreams.balena.client import Balena
from resolvers.upstreams.balena.columns import ALWAYS, Table, cut
from resolvers.upstreams.making import attributes
from resolvers.upstreams.port import Chunk, DeviceQuery, FleetQuery, ReleaseQuery
from tests.conftest import MockPort
from tests.contract.rewriting import Rewriting, every, inside

Open = Callable[..., Balena]
WHO_AM_I = "/balena/actor/v1/whoami"


@pytest.fixture
def balena(upstream: Callable[..., Any]) -> Open:
    return lambda **settings: upstream(
        SourceKind.BALENA, **{"select_cloud_fields": True, "web_url": "https://dashboard.example", **settings}
    )


async def rows_of(chunks: AsyncIterator[Chunk[Any]]) -> list[Any]:
    return [row for chunk in [chunk async for chunk in chunks] for row in chunk.rows]


def reads(mocks: MockPort) -> list[str]:
    return [unquote(path) for path in mocks.paths("balena") if path != WHO_AM_I]


def value(row: Any, name: str) -> Any:
    """An attribute in a form that compares: what is built when asked is built."""
    found = getattr(row, name)
    return found() if callable(found) else found


async def releases(source: Balena, columns: Any) -> list[Any]:
    return await rows_of(source.releases(ReleaseQuery(columns=columns)))


async def fleets(source: Balena, columns: Any) -> list[Any]:
    return await rows_of(source.fleets(FleetQuery(columns=columns)))


async def devices(source: Balena, columns: Any) -> list[Any]:
    return await rows_of(source.devices(DeviceQuery(columns=columns)))


async def artifacts(source: Balena, columns: Any) -> list[Any]:
    ids = [release.native_id for release in await releases(source, frozenset())]
    found: Any = await source.artifacts_by_release_id(ids[:40], columns)
    return [one for own in found.values() for one in own]


async def artifacts_by_id(source: Balena, columns: Any) -> list[Any]:
    ids = [one.native_id for one in await artifacts(source, frozenset())]
    found: Any = await source.artifacts_by_id(ids[:60], columns)
    return [*found.values()]


WAYS: dict[str, tuple[Callable[..., Any], Table[Any]]] = {
    "releases": (releases, normalise.RELEASE),
    "fleets": (fleets, normalise.FLEET),
    "devices": (devices, normalise.DEVICE),
    "artifacts": (artifacts, files.IMAGES),
    "artifacts_by_id": (artifacts_by_id, files.LINKED_IMAGES),
}
EVERY_ATTRIBUTE = [
    (way, name)
    for way, (_, table) in WAYS.items()
    for name in sorted({*attributes(table.made, ALWAYS)} - {"native_of"})
]
EVERY_NATIVE = [
    (way, name) for way, (_, table) in WAYS.items() for name in sorted(table.native) if table.native_type is not None
]


@pytest.mark.parametrize(("way", "name"), EVERY_ATTRIBUTE)
async def test_an_attribute_alone_is_what_it_is_among_all(balena: Open, way: str, name: str) -> None:
    source, (read, _) = balena(), WAYS[way]

    whole = {row.native_id: value(row, name) for row in await read(source, None)}
    alone = {row.native_id: value(row, name) for row in await read(source, frozenset({name}))}

    assert alone == whole
    assert len(whole) > 3


@pytest.mark.parametrize(("way", "name"), EVERY_NATIVE)
async def test_an_attribute_of_balena_s_own_part_alone_is_what_it_is_among_all(
    balena: Open, way: str, name: str
) -> None:
    source, (read, _) = balena(), WAYS[way]

    whole = {row.native_id: getattr(row.native_of(), name) for row in await read(source, None)}
    alone = {
        row.native_id: getattr(row.native_of(), name)
        for row in await read(source, frozenset({"native_of", f"native.{name}"}))
    }

    assert alone == whole


@pytest.mark.parametrize("way", WAYS)
async def test_what_was_not_asked_for_is_not_there(balena: Open, way: str) -> None:
    read, _ = WAYS[way]

    (row, *_) = await read(balena(), frozenset())

    with pytest.raises(AttributeError):
        _ = row.name


async def test_an_open_server_is_not_asked_for_what_only_the_cloud_knows(balena: Open, mocks: MockPort) -> None:
    mocks.mocks.switches["balena"]["open_server"] = True
    source = balena(select_cloud_fields=False)

    rows = await releases(source, frozenset({"created_by", "name"}))
    native = await fleets(source, frozenset({"native_of", "native.is_discoverable"}))
    shown = await devices(source, frozenset({"details_of"}))

    assert {row.created_by for row in rows} == {None}
    assert {row.native_of().is_discoverable for row in native} == {None}
    assert all(row.details_of() for row in shown)


def test_everything_is_what_the_lists_select() -> None:
    for_releases = cut(normalise.RELEASE, None, True).options(odata.TRUE)
    for_fleets = cut(normalise.FLEET, None, True).options(odata.TRUE)
    for_devices = cut(normalise.DEVICE, None, True).options(odata.TRUE)

    assert for_releases == selection.releases(odata.TRUE, of_cloud=True)
    assert for_fleets == selection.applications(odata.TRUE, of_cloud=True)
    assert for_devices == selection.devices(odata.TRUE, of_cloud=True)


def test_a_selection_that_comes_again_makes_no_new_shape() -> None:
    columns = frozenset({"name", "artifacts_of", *linking("fleet", {"name"})})

    first, again = (cut(normalise.RELEASE, frozenset({*columns}), True) for _ in range(2))
    files_first, files_again = (files.Files(frozenset({"name", "digests"}), True) for _ in range(2))

    assert first is again
    assert files_first.types == files_again.types


# --- what comes along ---


FLEET = frozenset({"name", "slug", "organization", "target_release_native_id", "is_mine"})
RELEASE = frozenset({"name", "status", "fleet_native_id", "revision"})


async def test_releases_bring_along_their_fleets_as_looked_up(balena: Open, mocks: MockPort) -> None:
    source = balena()

    rows = await releases(source, frozenset({"fleet_native_id", *linking("fleet", FLEET)}))
    calls = len(reads(mocks))
    looked_up: Any = await source.fleets_by_id([row.fleet_native_id for row in rows], FLEET)

    assert calls == 1
    assert {fleet.native_id: vars(fleet) for row in rows for fleet in row.along} == {
        native_id: vars(fleet) for native_id, fleet in looked_up.items()
    }
    assert all(row.along[0].native_id == row.fleet_native_id for row in rows)
    assert len({id(row.along[0]) for row in rows}) == len(looked_up)  # one object for all its releases


async def test_fleets_bring_along_their_target_releases_as_looked_up(balena: Open) -> None:
    source = balena()

    rows = await fleets(source, frozenset({"target_release_native_id", *linking("target_release", RELEASE)}))
    wanted = [row.target_release_native_id for row in rows if row.target_release_native_id]
    looked_up: Any = await source.releases_by_id(wanted, RELEASE)

    assert [vars(looked_up[one.native_id]) for row in rows for one in row.along] == [
        vars(one) for row in rows for one in row.along
    ]
    assert sorted(one.native_id for row in rows for one in row.along) == sorted(wanted)
    assert len(wanted) > 1


async def test_devices_bring_along_fleet_and_running_release_as_looked_up(balena: Open, mocks: MockPort) -> None:
    source = balena()
    columns = {"name", "fleet_native_id", "running_release_native_id", "raw_running_version"}

    rows = await devices(source, frozenset({*columns, *linking("fleet", FLEET), *linking("running_release", RELEASE)}))
    calls = len(reads(mocks))
    whole = {row.native_id: row for row in await devices(source, None)}
    along = {(type(one).__name__, one.native_id): one for row in rows for one in row.along}
    of_fleets: Any = await source.fleets_by_id([key for name, key in along if name == "Fleet"], FLEET)
    of_releases: Any = await source.releases_by_id([key for name, key in along if name == "Release"], RELEASE)

    assert calls == 1
    assert len(of_fleets) > 1
    assert len(of_releases) > 1
    assert {key: vars(one) for key, one in along.items()} == {
        **{("Fleet", key): vars(one) for key, one in of_fleets.items()},
        **{("Release", key): vars(one) for key, one in of_releases.items()},
    }
    assert {row.native_id: [getattr(row, name) for name in sorted(columns)] for row in rows} == {
        key: [getattr(row, name) for name in sorted(columns)] for key, row in whole.items()
    }


async def test_what_comes_along_with_devices_needs_nothing_else_to_be_asked_for(balena: Open) -> None:
    rows = await devices(balena(), linking("running_release", {"name"}) | linking("fleet", {"name"}))

    assert {type(one).__name__ for row in rows for one in row.along} == {"Fleet", "Release"}


async def test_a_release_that_runs_on_a_moved_device_does_not_come_along(
    upstream: Callable[..., Any], rewriting: Rewriting
) -> None:
    rewriting.rules[r"/v7/device\?"] = inside("is_running__release", every(belongs_to__application={"__id": 1}))
    source = upstream(SourceKind.BALENA, url=f"{rewriting.url}/balena")

    rows = await devices(source, linking("running_release", {"name"}) | {"running_release_native_id"})

    assert {len(row.along) for row in rows} == {0}
    assert any(row.running_release_native_id for row in rows)


async def test_deployments_bring_along_both_sides(balena: Open, mocks: MockPort) -> None:
    source = balena()
    ids = [row.native_id for row in await fleets(source, frozenset())]
    before = len(reads(mocks))

    found: Any = await source.deployments_by_fleet_id(ids, linking("fleet", FLEET) | linking("release", RELEASE))
    calls = len(reads(mocks)) - before
    whole: Any = await source.deployments_by_fleet_id(ids)

    assert calls == 1
    assert found == whole
    assert {tuple(type(one).__name__ for one in row.along) for own in found.values() for row in own} == {
        ("Fleet", "Release")
    }
    assert all(row.along[1].native_id == row.release_native_id for own in found.values() for row in own)


async def test_of_fleets_that_may_be_strangers_nothing_comes_along_when_it_matters(balena: Open) -> None:
    source = balena(public=True)

    untold = await releases(source, linking("fleet", FLEET))
    told = await releases(source, linking("fleet", FLEET - {"is_mine"}))

    assert {len(row.along) for row in untold} == {0}
    assert {len(row.along) for row in told} == {1}


async def test_a_fleet_that_does_not_fit_costs_no_release(
    upstream: Callable[..., Any], rewriting: Rewriting, mocks: MockPort
) -> None:
    rewriting.rules[r"/v7/release\?"] = inside("belongs_to__application", every(app_name=5))
    source = upstream(SourceKind.BALENA, url=f"{rewriting.url}/balena")

    rows = await releases(source, frozenset({"name", *linking("fleet", FLEET)}))

    assert len(rows) > 50
    assert {len(row.along) for row in rows} == {0}


async def test_artifacts_come_along_with_releases_that_are_looked_up(balena: Open, mocks: MockPort) -> None:
    source = balena()
    ids = [row.native_id for row in await releases(source, frozenset())][:30]
    wanted = frozenset({"name", "target", "digests", "size_bytes"})

    found: Any = await source.releases_by_id(ids, frozenset({"name", "artifacts_of", *linking("artifacts", wanted)}))
    calls = len(reads(mocks)) - 1
    by_release: Any = await source.artifacts_by_release_id(ids, wanted)

    assert calls == 1
    assert {key: [*map(vars, row.artifacts_of())] for key, row in found.items()} == {
        key: [*map(vars, own)] for key, own in by_release.items()
    }
    assert any(by_release.values())


async def test_artifacts_never_come_along_with_a_whole_list(balena: Open, mocks: MockPort) -> None:
    rows = await releases(balena(), frozenset({"artifacts_of", *linking("artifacts", {"name"})}))

    assert {row.artifacts_of for row in rows} == {None}
    assert "release_image" not in reads(mocks)[0]


async def test_artifacts_that_do_not_fit_are_left_to_their_own_look_up(
    upstream: Callable[..., Any], balena: Open, rewriting: Rewriting
) -> None:
    ids = [row.native_id for row in await releases(balena(), frozenset())][:5]
    no_service = inside("image", inside("is_a_build_of__service", every(service_name=5)))
    rewriting.rules[r"/v7/release\?"] = inside("release_image", no_service)
    source = upstream(SourceKind.BALENA, url=f"{rewriting.url}/balena")

    found: Any = await source.releases_by_id(
        ids, frozenset({"name", "artifacts_of", *linking("artifacts", {"target"})})
    )
    files_of: Any = await source.artifacts_by_release_id(ids, frozenset({"target"}))

    assert {row.artifacts_of for row in found.values()} == {None}
    assert UpstreamPayloadError in {type(one) for one in files_of.values()}
