"""The README's tables of the five reference pages hold: each row is run, and both sides say the same."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest

from gateway.demo import OWN, WRITE_TOKEN
from tests.conftest import MockPort
from tests.graph.conftest import Gateway, Start, gateway, gateway_url, start
from tests.reference_pages import (
    APPLICATION,
    PAGES,
    Page,
    Row,
    Vendor,
    at_path,
    filled,
    holds,
    leaves,
    operation,
    places,
    selection,
    table,
)

__all__ = ["gateway", "gateway_url", "start"]  # fixtures: pytest finds them by being here

ROWS = [row for page in PAGES for row in table(page)]
FIELDS = [row for row in ROWS if re.fullmatch(r"\w+", row.asked)]
REQUESTS = [row for row in ROWS if row not in FIELDS]
REFUSED = [row for row in REQUESTS if row.code]
CHANGES = [row for row in REQUESTS if row not in REFUSED and "(input:" in row.right]
READS = [row for row in REQUESTS if row not in REFUSED and row not in CHANGES]


NEVER_SET = {
    "is_accessible_by_support_until__date": "2026-12-24T18:00:00.000Z",
    "is_stored_at__repository_url": "https://git.acme.example/sink",
    "release_version": "autumn",
    "variant": "prod",
}
"What the mocks' world leaves empty, and is set before it is compared."


def named(row: Row) -> str:
    return f"{row.page.kind}-{row.left.partition(chr(96))[0]}{row.asked}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.summary)
def test_every_word_of_a_page_has_a_row(page: Page) -> None:
    told = [row.asked for row in FIELDS if row.page == page]
    asked = "\n".join(row.left for row in REQUESTS if row.page == page)

    assert set(page.fields.split()) - set(told) == set()
    assert [request for request in page.requests.split(" | ") if request not in asked] == []


# Running


@pytest.fixture
def world(mocks: MockPort) -> Iterator[MockPort]:
    """The mocks, made anew afterwards: the tables change them."""
    yield mocks
    mocks.mocks.reset()


@pytest.fixture
async def writer(gateway_url: str, world: MockPort) -> AsyncIterator[Gateway]:
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {WRITE_TOKEN}"}) as session:
        yield Gateway(gateway_url, session)


def vendor_of(row: Row, mocks: MockPort, session: aiohttp.ClientSession) -> Vendor:
    return Vendor(row.page, mocks.url, session, f"demo-{row.page.kind}-token")


def only(page: Page, mocks: MockPort, **settings: str) -> dict[str, str]:
    """Variables of a gateway with this page's source alone."""
    own = OWN.get(page.kind, {f"{page.kind.upper()}_TOKEN": f"demo-{page.kind}-token"})
    return {**own, f"{page.kind.upper()}_URL": f"{mocks.url}/{page.kind}", **settings}


async def set_one(vendor: Vendor, field: str) -> None:
    """Gives one object of ours a value of this field, where none has any."""
    if field in NEVER_SET:
        found, resource = await places(vendor), "application" if vendor.page == APPLICATION else "release"
        target = filled(f"{resource}(<{'fleet' if vendor.page == APPLICATION else 'release'}>)", found, 0)
        status, _ = await vendor.ask(f"PATCH {target} {json.dumps({field: NEVER_SET[field]})}")
        assert status == 200


@pytest.mark.parametrize("row", FIELDS, ids=named)
async def test_a_field_of_a_page_is_shown_as_the_vendor_sends_it(
    row: Row, gateway: Gateway, world: MockPort, http: aiohttp.ClientSession
) -> None:
    path, vendor = row.answers[0], vendor_of(row, world, http)
    await set_one(vendor, row.asked)
    sent = {row.page.native_id(one): leaves(one.get(row.asked)) for one in await vendor.everything()}

    query = f"{{ answer: {row.page.listed} {{ nodes {{ nativeId }} nodes {selection(row.page, path)} }} }}"
    nodes = (await gateway.data(query))["answer"]["nodes"]

    shown = {node["nativeId"]: leaves(at_path(node, path)) for node in nodes}
    assert any(shown.values())
    # A vendor may say more of a thing it refers to than the path shows; what it says nothing of must stay empty.
    differs = [one for one, value in shown.items() if not value <= sent[one] or bool(value) != bool(sent[one])]
    assert differs == []


@pytest.mark.parametrize("row", [row for row in FIELDS if len(row.answers) > 1], ids=named)
async def test_what_is_made_of_a_field_is_answered(row: Row, gateway: Gateway) -> None:
    wanted = " ".join(f"nodes {selection(row.page, path)}" for path in row.answers[1:])

    nodes = (await gateway.data(f"{{ answer: {row.page.listed} {{ {wanted} }} }}"))["answer"]["nodes"]

    assert [path for path in row.answers[1:] if not any(leaves(at_path(node, path)) for node in nodes)] == []


@pytest.mark.parametrize("row", READS, ids=named)
async def test_a_question_of_a_page_is_answered_alike(
    row: Row, gateway: Gateway, mocks: MockPort, http: aiohttp.ClientSession, start: Start
) -> None:
    vendor = vendor_of(row, mocks, http)
    found = await places(vendor)
    status, told = await vendor.ask(filled(row.asked, found, 0))
    asked = Gateway(start(only(row.page, mocks, **row.settings)), http) if row.settings else gateway

    answer = (await asked.data(operation(filled(row.answers[0], found, 1))))["answer"]

    assert status == row.status
    sent = row.page.rows(told) if status == 200 else []
    assert bool(sent) == (status == 200)
    if "{ " in row.answers[0].partition(")")[2]:
        assert leaves(answer)
        assert leaves(answer) <= leaves(sent)
        return
    nodes = answer["nodes"] if answer and "nodes" in answer else [answer] * bool(answer)
    shown = [node["nativeId"] for node in nodes if node["sourceName"] == row.page.kind]
    expected = [row.page.native_id(one) for one in sent]
    assert shown == expected if "sort=" in row.asked else sorted(shown) == sorted(expected)


@pytest.mark.parametrize("row", CHANGES, ids=named)
async def test_a_change_of_a_page_is_made(
    row: Row, writer: Gateway, world: MockPort, http: aiohttp.ClientSession
) -> None:
    vendor = vendor_of(row, world, http)
    found = await places(vendor)
    verb, target, body = re.fullmatch(r"(\w+) (.+?)(?: (\{.*\}))?", filled(row.asked, found, 0)).groups()  # type: ignore[union-attr]
    members = json.loads(body or "{}")
    before = await vendor.rows(f"GET {target}")
    if row.status != 200:
        assert (await vendor.ask(filled(row.asked, found, 0)))[0] == row.status

    answer = await writer.data(operation(filled(row.answers[0], found, 1)))

    after = await vendor.rows(f"GET {target}")
    assert answer == {"answer": {"userErrors": []}}
    if verb == "DELETE":
        assert (len(before), after) == (1, [])
    else:
        assert [one for one in before if holds(one, members)] == []
        assert len([one for one in after if holds(one, members)]) == 1


@pytest.mark.parametrize("row", REFUSED, ids=named)
async def test_what_a_page_refuses_is_refused_with_a_code(
    row: Row, writer: Gateway, world: MockPort, http: aiohttp.ClientSession, start: Start
) -> None:
    is_credential = row.status in (401, 403)
    vendor = vendor_of(row, world, http)
    found = await places(vendor)
    vendor.token = "nobodys-token" if is_credential else vendor.token
    status, _ = await vendor.ask(filled(row.asked, found, 0))
    token = {f"{row.page.kind.upper()}_TOKEN": "nobodys-token"}
    asked = Gateway(start(only(row.page, world, **token)), http) if is_credential else writer
    world.mocks.calls.clear()

    error = await asked.error(operation(filled(row.answers[0], found, 1)))

    assert (status, error["extensions"]["code"]) == (row.status, row.code)
    assert {call["status"] for call in world.calls} == ({row.status} if is_credential else set())
