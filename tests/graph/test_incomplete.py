"""Lists below an object that lost rows: what is left is shown, and what is missing is said."""

from __future__ import annotations

import aiohttp
import pytest

from gateway.app import create_app
from gateway.demo import demo_settings
from resolvers.graph.enums import SourceKind
from tests.conftest import MockPort, served
from tests.contract.rewriting import PLACES, Rewriting, after
from tests.graph.conftest import Gateway

BROKEN = {"name": 4711, "id": "no number", "uuid": []}


@pytest.mark.parametrize(
    ("kind", "what", "below"),
    [
        pytest.param(SourceKind.NERVESHUB, "cohorts", "cohorts", id="cohorts of NervesHub"),
        pytest.param(SourceKind.METAKRAFTWERK, "deployments", "deployments", id="deployments of MetaKraftwerk"),
        pytest.param(SourceKind.BUILDMASTER, "deployments", "deployments", id="deployments of BuildMaster"),
    ],
)
async def test_a_list_that_lost_a_row_is_partial_and_says_so(
    mocks: MockPort, kind: SourceKind, what: str, below: str
) -> None:
    rewriting = Rewriting(mocks.mocks)
    query = f"""query Q($source: String!) {{ fleets(first: 1, filter: {{ sources: [$source] }}) {{ nodes {{
      list: {below}(first: 200) {{ totalCount nodes {{ nativeId }} sources {{ state code }} }} }} }} }}"""

    with served(rewriting) as rewriting.url, served(create_app(demo_settings(rewriting.url, 8000))) as url:
        async with aiohttp.ClientSession() as session:
            gateway = Gateway(url, session)
            whole = (await gateway.data(query, source=kind.value.lower()))["fleets"]["nodes"][0]["list"]
            rewriting.rules[PLACES[kind, what]] = after(BROKEN)
            reply = await gateway.post(query, source=kind.value.lower())

    found = reply["data"]["fleets"]["nodes"][0]["list"]
    assert (found["nodes"], found["totalCount"]) == (whole["nodes"], None)
    assert found["sources"] == [{"state": "PARTIAL", "code": "UPSTREAM_PAYLOAD"}]
    assert reply["errors"][0]["path"] == ["fleets", "nodes", 0, "list"]
    assert reply["errors"][0]["extensions"]["partial"] is True
