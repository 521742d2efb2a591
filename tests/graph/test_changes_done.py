"""Every change at every source: what the graph shows afterwards, and what it says when it cannot be known."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import MockPort
from tests.graph.changes import CHANGES, Change, sent, trouble
from tests.graph.conftest import Gateway

EVERY = pytest.mark.parametrize("change", CHANGES, ids=str)
TROUBLE = pytest.mark.parametrize(
    ("fault", "code", "status"),
    [
        pytest.param({"status": 503}, "CHANGE_UNCONFIRMED", 503, id="maintenance"),
        pytest.param({"status": 429}, "UPSTREAM_BUSY", 429, id="asked too often"),
        pytest.param({"status": 401}, "UPSTREAM_REFUSED", 401, id="our token may not"),
        pytest.param({"drop": True}, "CHANGE_UNCONFIRMED", 0, id="hung up"),
    ],
)


async def told(gateway: Gateway, change: Change) -> Any:
    query, variables = change.look
    return (await gateway.data(query, **variables))["told"]


@EVERY
async def test_a_change_is_sent_once_and_shown_from_then_on(writer: Gateway, mocks: MockPort, change: Change) -> None:
    before = await told(writer, change)

    done = (await writer.data(change.text, input=change.input))["done"]
    requests = sent(mocks)
    after = await told(writer, change)

    assert done == {**change.shows, "userErrors": []}
    assert [request[:2] for request in requests] == [change.sent]
    assert (before, after) == (change.before, change.after)


@TROUBLE
@EVERY
async def test_trouble_during_a_change_is_an_error_and_nothing_is_sent_twice(
    writer: Gateway, mocks: MockPort, change: Change, fault: dict[str, Any], code: str, status: int
) -> None:
    before = await told(writer, change)
    mocks.mocks.calls.clear()
    trouble(mocks, change, fault)

    reply = await writer.post(change.text, input=change.input)
    requests = sent(mocks)
    mocks.mocks.faults.clear()
    after = await told(writer, change)

    assert reply["data"] == {"done": None}
    assert [error["extensions"]["code"] for error in reply["errors"]] == [code]
    assert [error["extensions"]["source"] for error in reply["errors"]] == [change.source]
    assert requests == [(*change.sent, status)]
    assert after == before
