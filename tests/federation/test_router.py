"""A real router over the gateway and a neighbour that adds a field to releases: the example of the README, run."""

from __future__ import annotations

import json
import re
from pathlib import Path

from docs.federation.neighbour import BOOK
from gateway.demo import WRITE_TOKEN
from tests.conftest import MockPort
from tests.graph.conftest import Gateway, data_calls

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
QUERY, ANSWER = re.findall(r"^```gql\n(.*?)^```\n.*?^```json\n(.*?)^```", README, re.DOTALL | re.MULTILINE)[0]
SIGNED = "{ signOffs { by release { sourceName nativeId fleet { name } } } }"


async def test_the_example_of_the_readme_is_answered_as_it_shows(router: Gateway) -> None:
    assert await router.data(QUERY) == json.loads(ANSWER)


async def test_lists_of_several_systems_have_the_neighbour_s_field(router: Gateway) -> None:
    query = """{ releases(filter: { versions: ["1.3.0"], fleetNames: ["sensor-hub", "Sensor Hub"] }) {
      nodes { sourceName fleet { name } signOffs { by } } } }"""

    data = await router.data(query)

    assert data["releases"]["nodes"] == [
        {"sourceName": "memfault", "fleet": {"name": "Sensor Hub"}, "signOffs": [{"by": "Ada"}]},
        {"sourceName": "balena", "fleet": {"name": "sensor-hub"}, "signOffs": []},
        {"sourceName": "buildmaster", "fleet": {"name": "Sensor Hub"}, "signOffs": [{"by": "Grace"}]},
        {"sourceName": "nerveshub", "fleet": {"name": "sensor-hub"}, "signOffs": [{"by": "Ada"}, {"by": "Grace"}]},
    ]


async def test_what_the_neighbour_names_is_one_call_for_each_scope(router: Gateway, mocks: MockPort) -> None:
    await router.data(SIGNED)  # who-am-I and the like
    mocks.mocks.calls.clear()

    data = await router.data(SIGNED)

    assert [one["by"] for one in data["signOffs"]] == [one.by for one in BOOK]
    assert sorted(path.partition("?")[0] for path in data_calls(mocks)) == [
        "/buildmaster/api/applications/list",
        "/buildmaster/api/releases",
        "/memfault/api/v0/organizations/acme/projects/sensor-hub/releases",
        "/nerveshub/api/orgs/acme/products/sensor-hub/firmwares",
    ]


async def test_a_change_is_made_by_who_may_change(router: Gateway, mocks: MockPort) -> None:
    change = """mutation { trackLatestRelease(input: { source: "balena", slug: "acme/gauge", enabled: true }) {
      fleet { name tracksLatest } userErrors { message } } }"""
    writing = {"Authorization": f"Bearer {WRITE_TOKEN}"}

    refused = await router.error(change)
    async with router.session.post(router.url, json={"query": change}, headers=writing) as reply:
        answer = await reply.json()
    mocks.mocks.reset()

    assert refused["extensions"]["code"] == "UNAUTHENTICATED"
    assert answer["data"] == {
        "trackLatestRelease": {"fleet": {"name": "gauge", "tracksLatest": True}, "userErrors": []}
    }


async def test_a_source_that_fails_costs_its_own_releases_and_keeps_its_code(router: Gateway, mocks: MockPort) -> None:
    mocks.fail(source="memfault", path="*/releases*", status=503)

    reply = await router.post("{ signOffs { by release { name } } }")

    found = [one["release"] for one in reply["data"]["signOffs"]]
    (error,) = reply["errors"]
    assert found == [{"name": "1.3.0"}, {"name": "1.3.0"}, None, {"name": "Field trial"}, None]
    assert error["path"] == ["signOffs", 2, "release"]
    assert error["extensions"]["code"] == "UPSTREAM_BROKEN"
    assert error["extensions"]["source"] == "memfault"
