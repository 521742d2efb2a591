"""Golden URLs: what each typical selection sends to balena, asked through the whole gateway. Decoded, to be read.

A line that grows here grows on the wire, for every row.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import unquote

import aiohttp
import pytest

from gateway.app import create_app
from gateway.demo import demo_settings
from tests.conftest import MockPort, served

OURS = "belongs_to__application/any(a:a/is_directly_accessible_by__user/any(dau:true))"
OUR_FLEETS = "is_directly_accessible_by__user/any(dau:true)"
PAGE = "&$orderby=created_at desc,id asc&$top=26"  # twenty, one to see whether there is more, some to end on
IMAGE = "is_a_build_of__service($select=service_name)"
LONGEST = 6_000

Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def gateway_url(mock_server: MockPort) -> Iterator[str]:
    with ExitStack() as stack:
        yield stack.enter_context(served(create_app(demo_settings(mock_server.url, 8000))))


@pytest.fixture
async def ask(gateway_url: str, mocks: MockPort) -> AsyncIterator[Ask]:
    """Asks, and gives `data`; the book of calls holds what that one took."""
    async with aiohttp.ClientSession() as session:

        async def asked(query: str, **variables: Any) -> Any:
            mocks.mocks.calls.clear()
            body = {"query": query, "variables": {"balena": {"sources": ["balena"]}, **variables}}
            async with session.post(f"{gateway_url}/graphql", json=body) as reply:
                answer = await reply.json()
            assert "errors" not in answer, answer["errors"]
            return answer["data"]

        yield asked


@pytest.fixture
async def ids(ask: Ask) -> dict[str, str]:
    """Of one fleet and one release, as global and as native ids."""
    data = await ask("""query ($balena: ReleaseFilter) {
      releases(filter: $balena, first: 1) { nodes { id nativeId fleet { id nativeId } } } }""")
    release = data["releases"]["nodes"][0]
    fleet = release["fleet"]
    return {"release": release["id"], "R": release["nativeId"], "fleet": fleet["id"], "F": fleet["nativeId"]}


def sent(mocks: MockPort) -> list[str]:
    calls = [unquote(path).removeprefix("/balena/v7/") for path in mocks.paths("balena")]
    return [call for call in calls if not call.endswith("whoami")]


LISTS = [
    pytest.param(
        "releases { nodes { id name } }",
        f"release?$select=id,raw_version,created_at&$filter={OURS}{PAGE}",
        id="releases: id name",
    ),
    pytest.param(
        "releases { nodes { name version { raw major } status } }",
        f"release?$select=id,raw_version,status,is_final,is_invalidated,created_at&$filter={OURS}{PAGE}",
        id="releases: version and status",
    ),
    pytest.param(
        "releases(orderBy: { field: VERSION }) { nodes { revision } }",
        f"release?$select=id,raw_version,commit&$filter={OURS}",
        id="releases in another order",
    ),
    pytest.param(
        "releases { nodes { name fleet { name } } }",
        f"release?$select=id,raw_version,created_at&$filter={OURS}"
        f"&$expand=belongs_to__application($select=id,app_name){PAGE}",
        id="releases with their fleet: one call",
    ),
    pytest.param(
        "releases { nodes { fleet { organization { name } deviceType } } }",
        f"release?$select=id,created_at&$filter={OURS}&$expand=belongs_to__application($select=id;"
        f"$expand=organization($select=name,handle),is_for__device_type($select=slug)){PAGE}",
        id="releases with what is behind their fleet",
    ),
    pytest.param(
        "releases { nodes { native { ... on BalenaRelease { semver } } } }",
        f"release?$select=id,semver,created_at&$filter={OURS}{PAGE}",
        id="releases: one column of balena's own",
    ),
    pytest.param(
        "fleets { nodes { id name } }", f"application?$select=id,app_name&$filter={OUR_FLEETS}", id="fleets: id name"
    ),
    pytest.param(
        "fleets { nodes { name targetRelease { version { raw } } } }",
        f"application?$select=id,app_name&$filter={OUR_FLEETS}"
        "&$expand=should_be_running__release($select=id,raw_version)",
        id="fleets with what they should run: one call",
    ),
    pytest.param(
        "devices { nodes { name isOnline runningVersion { raw } } }",
        f"device?$select=id,uuid,device_name,is_online&$filter={OURS}"
        "&$expand=is_running__release($select=id,raw_version)",
        id="devices with the version they run",
    ),
    pytest.param(
        "devices { nodes { name fleet { name } runningRelease { status } } }",
        f"device?$select=id,uuid,device_name&$filter={OURS}&$expand=is_running__release($select=id,"
        "belongs_to__application,status,is_final,is_invalidated),belongs_to__application($select=id,app_name)",
        id="devices with fleet and release: one call",
    ),
    pytest.param(
        "artifacts { nodes { name digests { value } } }",
        f"release?$select=id&$filter={OURS}&$expand=release_image($select=id;$expand=image("
        f"$select=id,content_hash;$expand={IMAGE})),release_asset($select=id,asset_key,asset)",
        id="artifacts",
    ),
    pytest.param(
        "artifacts { nodes { kind } }",
        f"release?$select=id&$filter={OURS}&$expand=release_image($select=id;$expand=image($select=id)),"
        "release_asset($select=id)",
        id="artifacts: nothing to be asked",
    ),
]


@pytest.mark.parametrize(("selection", "url"), LISTS)
async def test_a_list_sends(ask: Ask, mocks: MockPort, selection: str, url: str) -> None:
    root = selection.partition(" ")[0].partition("(")[0]
    query = selection.replace(f"{root}(", f"{root} (", 1).replace(f"{root} ", f"{root}(filter: $balena) ", 1)

    await ask(f"query ($balena: {root.capitalize()[:-1]}Filter) {{ {query.replace(') (', ', ', 1)} }}")

    assert sent(mocks) == [url]


LOOK_UPS = [
    pytest.param(
        "query ($fleet: ID!) { fleet(id: $fleet) { name description } }",
        [f"application?$select=id,app_name&$filter=({OUR_FLEETS}) and (id in (F))"],
        id="a fleet",
    ),
    pytest.param(
        "query ($release: ID!) { release(id: $release) { notes fleet { slug } } }",
        [f"release?$select=id,note&$filter=({OURS}) and (id in (R))&$expand=belongs_to__application($select=id,slug)"],
        id="a release with its fleet: one call",
    ),
    pytest.param(
        "query ($release: ID!) { release(id: $release) { artifacts { nodes { name pullReference } } } }",
        [
            f"release?$select=id&$filter=({OURS}) and (id in (R))&$expand=release_image($select=id;$expand=image("
            f"$select=id,content_hash,is_stored_at__image_location;$expand={IMAGE})),release_asset($select=id,asset_key)"
        ],
        id="a release with its artifacts: one call",
    ),
    pytest.param(
        "query ($release: ID!) { release(id: $release) { native { ... on BalenaRelease { composition } } } }",
        [
            f"release?$select=id&$filter=({OURS}) and (id in (R))",
            f"release?$select=id,composition&$filter=({OURS}) and (id in (R))",
        ],
        id="a heavy column, by itself",
    ),
    pytest.param(
        "query ($fleet: ID!) { fleet(id: $fleet) { deployments { nodes { status release { name } } } } }",
        [
            f"application?$select=id&$filter=({OUR_FLEETS}) and (id in (F))",
            f"application?$select=id&$filter=({OUR_FLEETS}) and (id in (F))"
            "&$expand=should_be_running__release($select=id,raw_version)",
        ],
        id="what a fleet should run, as a deployment",
    ),
    pytest.param(
        "query ($fleet: ID!) { fleet(id: $fleet) { releases { nodes { name fleet { name } } } } }",
        [
            f"application?$select=id,app_name&$filter=({OUR_FLEETS}) and (id in (F))&$expand=owns__release("
            "$select=id,belongs_to__application,raw_version,created_at;$orderby=created_at desc,id asc;$top=26)",
        ],
        id="a fleet with its first releases",
    ),
]


@pytest.mark.parametrize(("query", "urls"), LOOK_UPS)
async def test_a_look_up_sends(ask: Ask, mocks: MockPort, ids: dict[str, str], query: str, urls: list[str]) -> None:
    wanted = [url.replace("(F)", f"({ids['F']})").replace("(R)", f"({ids['R']})") for url in urls]
    given = {name: ids[name] for name in ("fleet", "release") if f"${name}" in query}

    await ask(query, **given)

    assert sent(mocks) == wanted


ALONE = (
    "query ($balena: ReleaseFilter) { releases(filter: $balena, first: 1) { nodes { fleet { name } } } }",
    "query ($fleet: ID!) { fleet(id: $fleet) { name slug tracksLatest } }",
    "query ($fleet: ID!) { node(id: $fleet) { ... on Fleet { name isArchived deviceType } } }",
)


async def test_one_fleet_by_three_ways_is_what_it_is_by_each(ask: Ask, mocks: MockPort, ids: dict[str, str]) -> None:
    listed = (await ask(ALONE[0]))["releases"]["nodes"][0]["fleet"]
    looked_up = (await ask(ALONE[1], fleet=ids["fleet"]))["fleet"]
    node = (await ask(ALONE[2], fleet=ids["fleet"]))["node"]

    together = await ask(
        """query ($fleet: ID!, $balena: ReleaseFilter) {
          releases(filter: $balena, first: 1) { nodes { fleet { name } } }
          fleet(id: $fleet) { name slug tracksLatest }
          node(id: $fleet) { ... on Fleet { name isArchived deviceType } } }""",
        fleet=ids["fleet"],
    )

    assert together == {"releases": {"nodes": [{"fleet": listed}]}, "fleet": looked_up, "node": node}
    assert looked_up["name"] == node["name"] == listed["name"]
    assert len(sent(mocks)) == 2  # the list, and one look-up for both others


# --- bytes and lengths ---

RELEASE_IN_FULL = """id nativeId name status nativeStatus revision description notes createdAt updatedAt startedAt
  finishedAt plannedStart plannedEnd createdBy { nativeId } webUrl version { raw } minimumVersion { raw } isDeployed
  deviceCount tags { key value } fleet { id name slug organization { name } createdAt isArchived deviceType }
  artifacts { nodes { name target sizeBytes digests { value } pullReference details } }
  native { ... on BalenaRelease { version semver variant commit source isFinal isInvalidated phase knownIssueList
    releaseVersion composition contract buildLog } }"""


async def fetched(mocks: MockPort, http: aiohttp.ClientSession) -> int:
    """Bytes of the replies to all calls of the last operation, unpacked."""
    size = 0
    for path in mocks.paths("balena"):
        headers = {"Authorization": "Bearer demo-balena-token", "Accept-Encoding": "identity"}
        async with http.get(f"{mocks.url}{path}", headers=headers) as reply:
            size += len(await reply.read())
    return size


async def test_id_and_name_fetch_a_twentieth_of_everything(
    ask: Ask, mocks: MockPort, http: aiohttp.ClientSession
) -> None:
    page = "query ($balena: ReleaseFilter) { releases(filter: $balena, first: 100) { nodes { %s } } }"

    await ask(page % RELEASE_IN_FULL)
    everything = await fetched(mocks, http)
    await ask(page % "id name")
    id_and_name = await fetched(mocks, http)

    assert everything > 20 * id_and_name


async def test_no_url_is_longer_than_front_ends_take(ask: Ask, mocks: MockPort) -> None:
    query = """query ($f: ReleaseFilter) { releases(filter: $f) { nodes { %s } } fleets { nodes { id name
      releases(filter: $f) { nodes { id artifacts { nodes { name digests { value } details } } } } } } }"""
    filters: dict[str, Any] = {
        "sources": ["balena"],
        "versions": [f"1.0.{number}-{'pre' * 9}" for number in range(50)],
        "names": [f"1.0.{number}" for number in range(50)],
        "revisions": [f"{number:040x}" for number in range(50)],
        "statuses": ["AVAILABLE", "DRAFT", "UNKNOWN", "FAILED"],
        "targets": [f"service-{number}" for number in range(50)],
    }

    await ask(query % RELEASE_IN_FULL, f=filters)

    assert max(map(len, mocks.paths("balena"))) < LONGEST
