"""Repeats: what would take the square of its length to validate is refused before it is."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import parse

from gateway.execution import repeats
from tests.unit.fake_upstreams import FakeUpstream, Graph


def fragments(count: int) -> str:
    return " ".join(f"fragment F{number} on Query {{ sources {{ nodes {{ id }} }} }}" for number in range(count))


@pytest.mark.parametrize(
    ("text", "count"),
    [
        pytest.param("{ a }", 1, id="once"),
        pytest.param("{ a a a b }", 3, id="beside each other"),
        pytest.param("{ a { b } a { b b } }", 3, id="below what is merged"),
        pytest.param("{ x: a y: a z: a }", 1, id="by other names"),
        pytest.param("{ a { b } c { b } }", 1, id="at different places"),
        pytest.param("{ a ... { a } ... on Q { a } }", 3, id="in inline fragments"),
        pytest.param("{ ...F ...G ...F } fragment F on Q { a } fragment G on Q { a }", 2, id="in fragments, each once"),
        pytest.param("{ ...F } fragment F on Q { a { ...F } }", 1, id="in a circle"),
        pytest.param("{ ...Nowhere a }", 1, id="in a fragment that is not there"),
        pytest.param("{ a } fragment F on Q { b b b }", 3, id="in a fragment nobody spreads"),
    ],
)
def test_repeats_are_counted_by_place(text: str, count: int) -> None:
    found = repeats.counted(parse(text))

    assert found is not None
    assert found.repeats == count


def test_fragments_that_double_sixty_times_are_too_much_to_count() -> None:
    levels = " ".join(f"fragment F{n} on Q {{ a {{ ...F{n + 1} }} b {{ ...F{n + 1} }} }}" for n in range(60))

    assert repeats.counted(parse(f"{{ ...F0 }} {levels} fragment F60 on Q {{ c }}")) is None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"{{ {'sources { nodes { name id } } ' * 400} }}", id="lists"),
        pytest.param(f"{{ sources {{ nodes {{ {'name ' * 900} }} }} }}", id="one leaf"),
        pytest.param(f"{{ {' '.join(f'...F{n}' for n in range(100))} }} {fragments(100)}", id="fragments"),
    ],
)
async def test_a_flood_of_one_field_is_refused_with_its_limit(text: str) -> None:
    error = await _refused(text)

    assert error["extensions"]["code"] == "QUERY_TOO_COMPLEX"
    assert "at most 50" in error["message"]


async def _refused(text: str) -> dict[str, Any]:
    from gateway.execution.documents import Unusable
    from gateway.execution.executor import unusable

    with pytest.raises(Unusable) as refusal:
        await Graph([FakeUpstream("alpha")]).reply(text)
    return dict(unusable(refusal.value, "the-request-id").body["errors"][0])


async def test_as_many_as_the_limit_are_answered() -> None:
    data = await Graph([FakeUpstream("alpha")]).data(f"{{ {'sources { nodes { name } } ' * 50} }}")

    assert data == {"sources": {"nodes": [{"name": "alpha"}]}}
