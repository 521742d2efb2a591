"""The explorer at /graphql: a page for a person's browser, whole from our own files, with queries to start from."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from docs.picture import QUERY, run_starter
from gateway.http import explorer
from gateway.http.explorer import files
from tests.browser import chromium
from tests.conftest import MockPort
from tests.graph.conftest import Gateway
from tests.graph.telling import gateway_over

CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
STARTERS: list[dict[str, str]] = json.loads(files.starters())
SOURCES = {"balena", "nerveshub", "memfault", "buildmaster", "metakraftwerk"}
LARGEST = "graphiql.min.js"

built = pytest.mark.skipif(not explorer.has_assets(), reason="the explorer is not built: make explorer")


def starter(title: str) -> str:
    return next(given["query"] for given in STARTERS if given["title"] == title)


async def get(url: str, **headers: str) -> tuple[aiohttp.ClientResponse, bytes]:
    """The reply and its bytes as they were sent: zipped ones stay zipped."""
    async with aiohttp.ClientSession(auto_decompress=False) as session, session.get(url, headers=headers) as reply:
        return reply, await reply.read()


@built
async def test_a_person_sees_all_five_systems_and_only_this_server_is_asked(gateway: Gateway) -> None:
    async with chromium() as page:
        answer = await run_starter(page, gateway.url)

    assert {fleet["sourceName"] for fleet in answer["data"]["fleets"]["nodes"]} == SOURCES
    assert "errors" not in answer
    assert page.complaints == []
    assert page.hosts == {"127.0.0.1"}
    assert all(url.startswith(gateway.url) for url in page.requested)


@built
async def test_a_click_on_a_starter_opens_it_in_a_tab_of_its_own(gateway: Gateway) -> None:
    wanted = json.dumps(STARTERS[3]["query"])
    async with chromium() as page:
        await page.open(f"{gateway.url}/graphql")
        await page.until("document.querySelectorAll('.graphiql-tab').length === " + str(len(STARTERS)))
        await page.evaluate("document.querySelector('[aria-label=\"Show Starter queries\"]').click()")
        await page.until("document.querySelectorAll('.starters button').length === " + str(len(STARTERS)))

        await page.evaluate("document.querySelectorAll('.starters button')[3].click()")

        # The tab is there a moment before its text is.
        await page.until(
            f"document.querySelectorAll('.graphiql-tab').length === {len(STARTERS) + 1} && ({QUERY}) === {wanted}"
        )
        query = await page.evaluate(QUERY)
        assert query == STARTERS[3]["query"]
        assert page.complaints == []


@built
async def test_upstream_calls_are_shown_once_a_box_is_ticked_and_still_after_a_reload(gateway: Gateway) -> None:
    panel = "document.querySelector('[aria-label=\"Show Upstream calls\"]')"
    run = "document.querySelector('.graphiql-execute-button').click()"
    async with chromium() as page:
        await page.open(f"{gateway.url}/graphql")
        await page.until(panel)
        await page.evaluate(f"{panel}.click()")
        await page.until("document.querySelector('.plan input')")

        await page.evaluate("document.querySelector('.plan input').click()")
        await page.until(f"{QUERY}.includes('query')")
        await page.evaluate(run)

        await page.until("document.querySelectorAll('.plan h3').length === 5")
        headings = await page.evaluate("[...document.querySelectorAll('.plan h3')].map(each => each.textContent)")
        calls = await page.evaluate("[...document.querySelectorAll('.plan li')].map(each => each.textContent)")
        await page.open(f"{gateway.url}/graphql")
        await page.until(panel)
        await page.evaluate(f"{panel}.click()")
        await page.until("document.querySelector('.plan input').checked")
        assert [heading.split(": ")[0] for heading in headings] == sorted(SOURCES)
        assert any(call.startswith("GET /api/v1/releases38 rows · ") for call in calls)
        assert page.complaints == []


@built
async def test_parts_are_put_together_and_their_calls_are_shown(mocks: MockPort) -> None:
    panel = "document.querySelector('[aria-label=\"Show Upstream calls\"]')"
    text = "query Parts { fleets(first: 2) { nodes @stream { name ... @defer { latestRelease { name } } } } }"
    with gateway_over(mocks.url, incremental=True) as url:
        async with chromium() as page:
            await page.open(f"{url}/graphql")
            await page.evaluate("localStorage.setItem('releasegraph:explain', 'on')")
            await page.open(f"{url}/graphql")
            await page.until(f"{panel} && {QUERY}.includes('query')")
            await page.evaluate(f"{QUERY.replace('getValue()', 'setValue')}({json.dumps(text)})")
            # From then on it is run by the name of this one.
            await page.until("document.querySelector('.graphiql-tab-active').textContent.includes('Parts')")
            await page.evaluate("document.querySelector('.graphiql-execute-button').click()")
            await page.until(f"{QUERY.replace('.graphiql-query-editor', '.result-window')}.includes('sources')")
            await page.evaluate(f"{panel}.click()")
            await page.until("document.querySelectorAll('.plan h3').length === 5")
            shown = json.loads(await page.evaluate(QUERY.replace(".graphiql-query-editor", ".result-window")))
            complaints = page.complaints

    assert [(one["name"], one["latestRelease"]["name"]) for one in shown["data"]["fleets"]["nodes"]] == [
        ("Charging Dock", "1.4.2"),
        ("Edge Gateway", "1.4.0"),
    ]
    assert complaints == []


@pytest.mark.parametrize("given", STARTERS, ids=lambda given: given["title"])
async def test_each_starter_is_explained_and_answers_with_something_in_every_list(
    gateway: Gateway, given: dict[str, str]
) -> None:
    data = await gateway.data(given["query"])

    told = [one for one in data.values() if isinstance(one, list) or "nodes" in one]
    lists = [one if isinstance(one, list) else one["nodes"] for one in told]
    assert lists
    assert all(lists)
    assert given["about"].endswith(".")


async def test_the_starter_about_one_version_shows_a_commit_in_two_systems(gateway: Gateway) -> None:
    nodes: list[dict[str, Any]] = (await gateway.data(starter("One version everywhere")))["releases"]["nodes"]

    shipped = {(node["revision"], node["sourceName"]) for node in nodes if node["revision"]}
    assert len({revision for revision, _ in shipped}) < len(shipped)
    assert {node["sourceName"] for node in nodes} == SOURCES - {"metakraftwerk"}


@pytest.mark.parametrize("path", ["/graphql", "/graphql/"])
@built
async def test_a_browser_gets_the_page(gateway: Gateway, path: str) -> None:
    reply, body = await get(gateway.url + path, Accept=CHROME, **{"Accept-Encoding": "identity"})

    assert (reply.status, reply.content_type) == (200, "text/html")
    assert b'id="explorer"' in body


@pytest.mark.parametrize(
    "accept",
    ["*/*", "application/json", "application/json, text/html", "application/graphql-response+json, text/html;q=0.5"],
)
async def test_a_program_gets_json_at_the_same_address(gateway: Gateway, accept: str) -> None:
    reply, body = await get(f"{gateway.url}/graphql", Accept=accept)

    assert reply.content_type in ("application/json", "application/graphql-response+json")
    assert json.loads(body)["errors"]


async def test_a_browsers_get_with_a_query_is_answered_and_is_not_the_page(gateway: Gateway) -> None:
    url = f"{gateway.url}/graphql?query={{__typename}}"

    reply, body = await get(url, Accept=CHROME, **{"X-Requested-With": "test"})

    assert (reply.status, reply.content_type) == (200, "application/json")
    assert json.loads(body)["data"] == {"__typename": "Query"}


@built
async def test_the_page_may_load_from_its_own_server_only(gateway: Gateway) -> None:
    reply, body = await get(f"{gateway.url}/graphql", Accept=CHROME, **{"Accept-Encoding": "identity"})

    policy = dict(part.split(" ", 1) for part in reply.headers["Content-Security-Policy"].split("; "))
    assert (policy["default-src"], policy["script-src"], policy["connect-src"]) == ("'none'", "'self'", "'self'")
    assert policy["frame-ancestors"] == "'none'"
    links = re.findall(r'(?:src|href)="([^"]+)"', body.decode())
    assert all(link.startswith((f"{explorer.PREFIX}/", "data:")) for link in links)


@built
async def test_a_proxys_prefix_stands_in_front_of_every_file() -> None:
    page = bytes(explorer.page("/behind").body).decode()

    links = re.findall(r'(?:src|href)="(/[^"]+)"', page)
    assert links
    assert all(link.startswith(f"/behind{explorer.PREFIX}/") for link in links)


@built
async def test_files_are_kept_for_a_year_under_their_version_and_the_page_is_not(gateway: Gateway) -> None:
    page, body = await get(f"{gateway.url}/graphql", Accept=CHROME, **{"Accept-Encoding": "identity"})
    (address,) = re.findall(rf'"({explorer.PREFIX}/{LARGEST}\?v=\w+)"', body.decode())

    versioned, _ = await get(gateway.url + address)
    plain, _ = await get(f"{gateway.url}{explorer.PREFIX}/{LARGEST}?v=another")

    assert versioned.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert plain.headers["Cache-Control"] == "no-cache"
    assert page.headers["Cache-Control"] == "no-cache"
    assert page.headers["Vary"].startswith("Accept")


@built
async def test_files_are_zipped_once(gateway: Gateway) -> None:
    url = f"{gateway.url}{explorer.PREFIX}/{LARGEST}"

    zipped, zipped_body = await get(url, **{"Accept-Encoding": "gzip"})
    plain, plain_body = await get(url, **{"Accept-Encoding": "identity"})

    assert zipped.headers.getall("Content-Encoding") == ["gzip"]
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(zipped_body) == plain_body == (files.ASSETS / LARGEST).read_bytes()


@pytest.mark.parametrize("name", ["none.js", files.STAMP, "page.html", "..%2Fpage.html"])
async def test_what_is_no_browser_file_is_not_found(gateway: Gateway, name: str) -> None:
    reply, _ = await get(f"{gateway.url}{explorer.PREFIX}/{name}")

    assert reply.status == 404


def test_a_page_without_its_files_says_how_to_make_them(tmp_path: Path) -> None:
    reply = explorer.page(assets=tmp_path)

    assert reply.status_code == 503
    assert b"make explorer" in bytes(reply.body)
