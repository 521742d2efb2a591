"""Paging over HTTP: any list, walked in any direction at any size, is the list sorted at once."""

from __future__ import annotations

import unicodedata
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import pytest

from gateway.app import create_app
from gateway.demo import demo_settings
from tests.conftest import MockPort, served
from tests.graph.conftest import Gateway, data_calls

PAGE = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount"
WINDOW = "$first: Int, $after: String, $last: Int, $before: String"
ARGUMENTS = "first: $first, after: $after, last: $last, before: $before"
NODES = f"{PAGE} nodes {{ id name sourceName nativeId }}"
RELEASES = f"""query ({WINDOW}, $by: ReleaseOrder, $filter: ReleaseFilter) {{
  list: releases({ARGUMENTS}, orderBy: $by, filter: $filter) {{
    {PAGE} nodes {{ id name sourceName nativeId createdAt updatedAt version {{ raw }} }} }} }}"""
FLEETS = f"query ({WINDOW}, $by: FleetOrder) {{ list: fleets({ARGUMENTS}, orderBy: $by) {{ {NODES} }} }}"
ARTIFACTS = f"query ({WINDOW}) {{ list: artifacts({ARGUMENTS}) {{ {NODES} }} }}"
SOURCES = f"query ({WINDOW}) {{ list: sources({ARGUMENTS}) {{ {PAGE} nodes {{ id name }} }} }}"
OF_FLEET = f"query ({WINDOW}, $id: ID!) {{ of: fleet(id: $id) {{ list: releases({ARGUMENTS}) {{ {NODES} }} }} }}"
OF_SOURCE = f'query ({WINDOW}) {{ of: source(name: "balena") {{ list: fleets({ARGUMENTS}) {{ {NODES} }} }} }}'
OF_RELEASE = f"query ({WINDOW}, $id: ID!) {{ of: release(id: $id) {{ list: artifacts({ARGUMENTS}) {{ {NODES} }} }} }}"
ORDERS = [
    pytest.param({"field": field, "direction": way}, id=f"{field.lower()} {way.lower()}")
    for field in ("CREATED_AT", "UPDATED_AT", "VERSION", "NAME")
    for way in ("ASC", "DESC")
]


@pytest.fixture(scope="session")
def wide_url(mock_server: MockPort) -> Iterator[str]:
    """A gateway that shows a whole list at once, with the same cursors."""
    settings = demo_settings(mock_server.url, 8000)
    server = settings.server.model_copy(update={"max_page_size": 1000})
    with served(create_app(settings.model_copy(update={"server": server}))) as url:
        yield url


@pytest.fixture
async def wide(wide_url: str, mocks: MockPort) -> AsyncIterator[Gateway]:
    async with aiohttp.ClientSession() as session:
        yield Gateway(wide_url, session)


async def listed(gateway: Gateway, query: str, **variables: Any) -> dict[str, Any]:
    """The one connection of a query, wherever it stands."""
    data = await gateway.data(query, **variables)
    connection: dict[str, Any] = data["list"] if "list" in data else data["of"]["list"]
    return connection


async def walked(gateway: Gateway, query: str, size: int, *, backward: bool = False, **variables: Any) -> list[str]:
    """The ids of a walk from one end to the other, in the order of the list."""
    ids: list[str] = []
    cursor = None
    for _ in range(500):
        window = {"last": size, "before": cursor} if backward else {"first": size, "after": cursor}
        page = await listed(gateway, query, **window, **variables)
        shown = [node["id"] for node in page["nodes"]]
        ids = [*shown, *ids] if backward else [*ids, *shown]
        info = page["pageInfo"]
        if not info["hasPreviousPage" if backward else "hasNextPage"]:
            return ids
        cursor = info["startCursor" if backward else "endCursor"]
    raise AssertionError("the walk does not end")


async def whole(wide: Gateway, query: str, **variables: Any) -> list[dict[str, Any]]:
    page = await listed(wide, query, first=1000, **variables)
    nodes: list[dict[str, Any]] = page["nodes"]
    assert len({node["id"] for node in nodes}) == len(nodes) == page["totalCount"]
    return nodes


async def assert_walks(gateway: Gateway, wide: Gateway, query: str, sizes: tuple[int, ...], **variables: Any) -> int:
    """Both ways at every size; gives how long the list is."""
    ids = [node["id"] for node in await whole(wide, query, **variables)]
    for size in sizes:
        assert await walked(gateway, query, size, **variables) == ids
        assert await walked(gateway, query, size, backward=True, **variables) == ids
    return len(ids)


@pytest.mark.parametrize("by", ORDERS)
async def test_releases_of_all_sources_walk_as_they_sort(gateway: Gateway, wide: Gateway, by: dict[str, str]) -> None:
    assert await assert_walks(gateway, wide, RELEASES, (50,), by=by) > 250


@pytest.mark.parametrize("by", ORDERS)
async def test_releases_of_two_sources_walk_in_small_pages(gateway: Gateway, wide: Gateway, by: dict[str, str]) -> None:
    narrowed = {"sources": ["nerveshub", "metakraftwerk"]}

    assert await assert_walks(gateway, wide, RELEASES, (7,), by=by, filter=narrowed) > 60


@pytest.mark.parametrize("by", ORDERS)
async def test_a_narrow_list_walks_one_by_one(gateway: Gateway, wide: Gateway, by: dict[str, str]) -> None:
    assert await assert_walks(gateway, wide, RELEASES, (1,), by=by, filter={"fleetNames": ["gauge", "Gauge"]}) > 20


@pytest.mark.parametrize(("query", "sizes"), [
    pytest.param(FLEETS, (1, 7, 50), id="fleets"),
    pytest.param(ARTIFACTS, (50, 200), id="artifacts"),
    pytest.param(SOURCES, (1, 2, 7), id="sources"),
    pytest.param(OF_SOURCE, (1, 7), id="fleets of a source"),
])  # fmt: skip
async def test_every_other_list_walks_too(gateway: Gateway, wide: Gateway, query: str, sizes: tuple[int, ...]) -> None:
    assert await assert_walks(gateway, wide, query, sizes) >= 5


BELOW = [
    pytest.param("fleets", '{ kinds: [MEMFAULT] }', "cohorts", (1, 7, 50), id="cohorts of a fleet"),
    pytest.param("fleets", '{ kinds: [MEMFAULT] }', "devices", (7, 50), id="devices of a fleet"),
    pytest.param("fleets", '{ kinds: [BUILDMASTER] }', "deployments", (7, 50), id="deployments of a fleet"),
    pytest.param("releases", '{ kinds: [BUILDMASTER] }', "builds", (1, 7, 50), id="builds of a release"),
    pytest.param("releases", '{ kinds: [METAKRAFTWERK] }', "deployments", (1, 7, 50), id="deployments of a release"),
]  # fmt: skip


@pytest.mark.parametrize(("parents", "of", "name", "sizes"), BELOW)
async def test_lists_below_objects_walk_too(
    gateway: Gateway, wide: Gateway, parents: str, of: str, name: str, sizes: tuple[int, ...]
) -> None:
    """Of the parent that has most of them."""
    found = await wide.data(f"{{ {parents}(first: 1000, filter: {of}) {{ nodes {{ id {name} {{ totalCount }} }} }} }}")
    most = max(found[parents]["nodes"], key=lambda node: node[name]["totalCount"])
    parent = parents.removesuffix("s")
    query = f"""query ({WINDOW}, $id: ID!) {{ of: {parent}(id: $id) {{
      list: {name}({ARGUMENTS}) {{ {PAGE} nodes {{ id }} }} }} }}"""

    assert await assert_walks(gateway, wide, query, sizes, id=most["id"]) == most[name]["totalCount"] >= 2


async def test_trains_of_a_product_line_walk_from_the_newest_version_down(gateway: Gateway, wide: Gateway) -> None:
    query = f"""query ({WINDOW}) {{ of: productLine(name: "Sensor Hub") {{
      list: trains({ARGUMENTS}) {{ {PAGE} nodes {{ id version {{ raw }} }} }} }} }}"""

    assert await assert_walks(gateway, wide, query, (1, 7, 50)) > 10


async def test_devices_of_all_sources_walk_too(gateway: Gateway, wide: Gateway) -> None:
    query = f"query ({WINDOW}) {{ list: devices({ARGUMENTS}) {{ {PAGE} nodes {{ id }} }} }}"

    assert await assert_walks(gateway, wide, query, (50, 200)) > 100


@pytest.mark.parametrize("by", [{"field": field, "direction": way} for field in ("NAME", "CREATED_AT") for way in ("ASC", "DESC")])  # fmt: skip  # noqa: E501
async def test_fleets_walk_in_every_order(gateway: Gateway, wide: Gateway, by: dict[str, str]) -> None:
    assert await assert_walks(gateway, wide, FLEETS, (7,), by=by) > 15


async def test_releases_of_each_fleet_walk_too(gateway: Gateway, wide: Gateway) -> None:
    fleets = await whole(wide, FLEETS)
    one_of_each = {fleet["sourceName"]: fleet["id"] for fleet in fleets}

    lengths = [await assert_walks(gateway, wide, OF_FLEET, (7,), id=native_id) for native_id in one_of_each.values()]

    assert len(lengths) == 5
    assert sum(lengths) > 20


async def test_artifacts_of_a_release_walk_too(gateway: Gateway, wide: Gateway) -> None:
    files = await wide.data("{ releases(first: 1000) { nodes { id sourceName artifacts { totalCount } } } }")
    nodes = sorted(files["releases"]["nodes"], key=lambda node: node["artifacts"]["totalCount"])
    most = {node["sourceName"]: node["id"] for node in nodes}

    lengths = {name: await assert_walks(gateway, wide, OF_RELEASE, (1, 2), id=one) for name, one in most.items()}

    assert lengths.pop("buildmaster") == 0
    assert min(lengths.values()) >= 1


@pytest.mark.parametrize("way", ["ASC", "DESC"])
async def test_names_go_by_code_point(wide: Gateway, way: str) -> None:
    names = [node["name"] for node in await whole(wide, RELEASES, by={"field": "NAME", "direction": way})]

    assert names == sorted(names, key=lambda name: unicodedata.normalize("NFC", name), reverse=way == "DESC")


@pytest.mark.parametrize("way", ["ASC", "DESC"])
async def test_times_go_by_instant_and_releases_without_one_stand_last(wide: Gateway, way: str) -> None:
    nodes = await whole(wide, RELEASES, by={"field": "CREATED_AT", "direction": way})
    times = [node["createdAt"][:19] for node in nodes if node["createdAt"]]

    assert times == sorted(times, reverse=way == "DESC")
    assert all(node["createdAt"] is None for node in nodes[len(times) :])
    assert {node["sourceName"] for node in nodes[len(times) :]} == {"nerveshub", "metakraftwerk"}


async def test_every_edge_has_the_cursor_of_its_own_place(gateway: Gateway) -> None:
    query = "query ($after: String) { releases(first: 4, after: $after) { edges { cursor node { id } } } }"
    edges = (await gateway.data(query))["releases"]["edges"]

    following = (await gateway.data(query, after=edges[0]["cursor"]))["releases"]["edges"]

    assert following[:3] == edges[1:]


async def test_a_page_of_none_costs_nothing_and_a_count_costs_a_reading(gateway: Gateway, mocks: MockPort) -> None:
    await gateway.data("{ releases(first: 1) { nodes { id } } }")
    mocks.mocks.calls.clear()

    none = await gateway.data("{ releases(first: 0) { nodes { id } pageInfo { hasNextPage endCursor } } }")
    calls = data_calls(mocks)
    counted = await gateway.data("{ releases(first: 0) { totalCount } }")

    assert none["releases"] == {"nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}
    assert calls == []
    assert counted["releases"]["totalCount"] > 250
    assert len(data_calls(mocks)) > 5


async def cursor_of(gateway: Gateway, query: str, **variables: Any) -> str:
    cursor: str = (await listed(gateway, query, first=1, **variables))["pageInfo"]["endCursor"]
    return cursor


async def assert_bad_cursor(gateway: Gateway, mocks: MockPort, query: str, **variables: Any) -> None:
    mocks.mocks.calls.clear()
    error = await gateway.error(query, **variables)
    assert error["extensions"] == {"code": "BAD_CURSOR"}
    assert [path for path in data_calls(mocks) if "release" in path] == []


@pytest.mark.parametrize("other", [
    pytest.param({"by": {"field": "NAME", "direction": "DESC"}}, id="other order"),
    pytest.param({"by": {"field": "CREATED_AT", "direction": "ASC"}}, id="other direction"),
    pytest.param({"filter": {"statuses": ["AVAILABLE"]}}, id="with a filter"),
    pytest.param({"filter": {"includeDeleted": True}}, id="with the deleted"),
])  # fmt: skip
async def test_a_cursor_belongs_to_its_order_and_filter(gateway: Gateway, mocks: MockPort, other: Any) -> None:
    cursor = await cursor_of(gateway, RELEASES)

    await assert_bad_cursor(gateway, mocks, RELEASES, first=1, after=cursor, **other)
    await assert_bad_cursor(gateway, mocks, RELEASES, last=1, before=cursor, **other)


async def test_a_cursor_belongs_to_its_list(gateway: Gateway, mocks: MockPort) -> None:
    cursor = await cursor_of(gateway, FLEETS)

    await assert_bad_cursor(gateway, mocks, RELEASES, first=1, after=cursor)
    await assert_bad_cursor(gateway, mocks, OF_SOURCE, first=1, after=cursor)


async def test_a_cursor_belongs_to_its_parent(gateway: Gateway, wide: Gateway, mocks: MockPort) -> None:
    one, other = [node["id"] for node in await whole(wide, FLEETS) if node["sourceName"] == "balena"][:2]
    cursor = await cursor_of(gateway, OF_FLEET, id=one)

    error = await gateway.error(OF_FLEET, first=1, after=cursor, id=other)

    assert error["extensions"] == {"code": "BAD_CURSOR"}
    assert error["path"] == ["of", "list"]


async def test_the_same_arguments_spelled_otherwise_keep_a_cursor(gateway: Gateway) -> None:
    cursor = await cursor_of(gateway, RELEASES)
    spelled = {"by": {"field": "CREATED_AT", "direction": "DESC"}, "filter": {"names": None, "includeDeleted": False}}

    page = await listed(gateway, RELEASES, first=1, after=cursor, **spelled)

    assert page["pageInfo"]["hasPreviousPage"]


async def test_a_source_that_fails_on_the_second_page_is_partial_on_the_third(
    gateway: Gateway, mocks: MockPort
) -> None:
    query = "query ($after: String) { releases(first: 90, after: $after) { pageInfo { endCursor } totalCount sources { source { name } state message } nodes { id sourceName } } }"  # noqa: E501
    first = (await gateway.data(query))["releases"]
    mocks.fail(source="memfault", path="*/releases*", status=503)
    second = (await gateway.post(query, after=first["pageInfo"]["endCursor"]))["data"]["releases"]
    mocks.mocks.faults.clear()

    third = await gateway.post(query, after=second["pageInfo"]["endCursor"])

    states = [
        next(one["state"] for one in page["sources"] if one["source"]["name"] == "memfault")
        for page in (first, second, third["data"]["releases"])
    ]
    assert states == ["LIVE", "FAILED", "PARTIAL"]
    assert (second["totalCount"], third["data"]["releases"]["totalCount"]) == (None, first["totalCount"])
    assert "errors" not in third
    assert third["extensions"]["sources"]["memfault"] == "PARTIAL"
    assert "memfault" not in {node["sourceName"] for node in second["nodes"]}
