"""What is compiled and what is not, and that nothing of a client's text becomes code."""

from __future__ import annotations

from types import CodeType, FunctionType
from typing import Any

import pytest
from graphql import parse

from gateway.execution.compiled import CompiledExecutor, PlainExecutor, plans
from gateway.execution.compiled.plans import Plans
from gateway.execution.documents import Documents, Prepared
from gateway.execution.executor import Executor, Operation, core
from gateway.execution.limits import Limits
from resolvers.graph.fleet import Fleet
from resolvers.schema import schema
from tests.unit.fake_upstreams import FakeUpstream, fleet, release, request

LIMITS = Limits(max_depth=15, max_aliases=30, max_tokens=4000, max_rows=1_000_000, max_page=200)
PAGE = """query Page($more: Boolean = true) { releases(first: 20) {
  pageInfo { hasNextPage } nodes { oddAlias: name status version { raw } fleet { slug @include(if: $more) name } }
} }"""


class Counting(CompiledExecutor):
    """Counts the fields that graphql-core executes."""

    executed: list[str] = []  # noqa: RUF012  # of all requests of a test, which empties it

    def execute_field(self, parent_type: Any, source: Any, field_details_list: Any, path: Any, context: Any) -> Any:
        self.executed.append(path.key)
        return super().execute_field(parent_type, source, field_details_list, path, context)


def world() -> FakeUpstream:
    rows = [release("a", str(number), raw_version=f"1.0.{number}", fleet_native_id="1") for number in range(20)]
    return FakeUpstream("a", rows=rows, own_fleets=[fleet("a", "1", slug="acme/one")])


def documents(remembered: int = 10) -> Documents:
    return Documents(core(schema), LIMITS, remembered)


async def asked(executor: Executor, text: str, upstream: FakeUpstream, **variables: Any) -> dict[str, Any]:
    Counting.executed.clear()
    operation = Operation(text, None, variables)
    found = executor.find(operation)
    return (await executor.run(found, operation, request(upstream), "the-id", tell_losses=True)).body


@pytest.fixture
def executor() -> Executor:
    made = Executor(schema, documents(), LIMITS)
    made._executor_class = Counting
    return made


async def test_a_page_of_releases_costs_core_nothing_and_one_call_for_all_fleets(executor: Executor) -> None:
    upstream = world()

    body = await asked(executor, PAGE, upstream)

    first = {"oddAlias": "0", "status": "AVAILABLE", "version": {"raw": "1.0.0"}}
    assert body["data"]["releases"]["nodes"][0] == {**first, "fleet": {"slug": "acme/one", "name": "1"}}
    assert Counting.executed == []
    assert upstream.calls[1:] == [("fleets_by_id", ("1",))]


async def test_a_fleet_that_came_along_is_shown_and_only_the_others_are_asked_for(executor: Executor) -> None:
    names = ("0", "0", "1", "2", "3")
    rows = [release("a", str(at), raw_version=f"1.0.{at}", fleet_native_id=name) for at, name in enumerate(names)]
    brought = [fleet("a", "0", slug="acme/along")]
    of_no_use = {
        2: fleet("a", "0", slug="acme/of-another"),
        3: release("a", "2"),
        4: Fleet.of_columns({"source_name": "a", "native_id": "3", "name": "3", "fetched": frozenset({"name"})}),
    }
    for at, row in enumerate(rows):
        row.bringing([of_no_use[at]] if at in of_no_use else brought)
    upstream = FakeUpstream("a", rows=rows, own_fleets=[fleet("a", name, slug="acme/asked") for name in "0123"])

    body = await asked(executor, "{ releases(first: 5) { nodes { name fleet { slug } } } }", upstream)

    slugs = {node["name"]: node["fleet"]["slug"] for node in body["data"]["releases"]["nodes"]}
    assert slugs == {"0": "acme/along", "1": "acme/along", **dict.fromkeys("234", "acme/asked")}
    assert Counting.executed == []
    assert [call for call in upstream.calls if call[0] == "fleets_by_id"] == [("fleets_by_id", ("1", "2", "3"))]


async def test_a_field_with_arguments_is_core_s_and_what_it_returns_is_compiled(executor: Executor) -> None:
    body = await asked(executor, "{ releases(first: 2) { nodes { name artifacts { nodes { name } } } } }", world())

    assert [node["artifacts"] for node in body["data"]["releases"]["nodes"]] == [{"nodes": []}] * 2
    assert Counting.executed == ["artifacts", "artifacts"]


async def test_one_odd_row_costs_the_others_nothing_but_time(executor: Executor) -> None:
    upstream = world()
    upstream.rows[3].notes = b"bytes"  # type: ignore[assignment]

    body = await asked(executor, "{ releases(first: 5) { nodes { id notes } } }", upstream)

    assert [node["notes"] for node in body["data"]["releases"]["nodes"]] == [None] * 5
    assert [error["path"] for error in body["errors"]] == [["releases", "nodes", 3, "notes"]]
    assert Counting.executed == ["nodes", "id", "notes"]


async def test_a_number_beyond_int_is_an_error_in_its_place(executor: Executor) -> None:
    upstream = world()
    upstream.rows[0].known_device_count = 2**31

    body = await asked(executor, "{ releases(first: 1) { nodes { deviceCount } } }", upstream)

    assert body["data"] == {"releases": {"nodes": [{"deviceCount": None}]}}
    assert "32-bit" in body["errors"][0]["message"]


async def test_one_path_holds_another_selection_for_another_type(executor: Executor) -> None:
    ids = [release("a", "1").id(), fleet("a", "1").id()]
    text = """query Nodes($ids: [ID!]!) { nodes(ids: $ids) {
      ... on Release { at: next { totalCount } } ... on Fleet { at: releases(first: 1) { nodes { name } } } } }"""

    body = await asked(executor, text, world(), ids=ids)

    assert body["data"]["nodes"] == [{"at": {"totalCount": 1}}, {"at": {"nodes": [{"name": "0"}]}}]


@pytest.mark.parametrize(("more", "expected"), [(True, {"slug", "name"}), (False, {"name"})])
async def test_variables_of_include_are_asked_each_time(executor: Executor, more: bool, expected: set[str]) -> None:
    await asked(executor, PAGE, world(), more=not more)

    body = await asked(executor, PAGE, world(), more=more)

    assert body["data"]["releases"]["nodes"][0]["fleet"].keys() == expected


async def test_plans_are_found_by_names_and_values_alone(executor: Executor) -> None:
    """Never by the identity of a node, which another one may have once its document is forgotten."""
    await asked(executor, PAGE, world(), more=False)
    await asked(executor, PAGE, world(), more=True)

    own: Any = executor._documents.prepare(PAGE).plans
    places = [place for regions in own._variants.values() for place in regions._known]
    assert list(own._variants) == [("Page", False), ("Page", True)]
    assert {type(step) for place in places for step in place} <= {str}


def test_of_many_variants_the_oldest_are_forgotten() -> None:
    names = [f"v{number}" for number in range(6)]
    declared = ", ".join(f"${name}: Boolean!" for name in names)
    fields = " ".join(f"{name}: __typename @skip(if: ${name})" for name in names)
    document = parse(f"query Many({declared}) {{ {fields} }}")
    own: Any = Plans(document)

    for number in range(64):
        own.of(document.definitions[0], {name: bool(number >> bit & 1) for bit, name in enumerate(names)})

    assert len(own._variants) == plans.MAX_VARIANTS


@pytest.mark.parametrize(
    "text",
    [
        "mutation M { createFleet { fleet { name } } }",
        "subscription S { releases { nodes { name } } }",
        "query Q { releases @stream { nodes { name } } }",
        "query Q { releases { nodes { ... @defer { name } } } }",
        "query Q { releases { nodes { ...F } } } fragment F on Release { fleet { ... @defer(if: false) { name } } }",
        "query Q { releases { nodes { name @ours } } }",
    ],
    ids=["mutation", "subscription", "@stream", "@defer", "@defer in a fragment", "a directive not known here"],
)
def test_what_is_not_a_plain_query_is_left_to_core(text: str) -> None:
    document = parse(text)

    regions = Plans(document).of(document.definitions[0], {})  # type: ignore[arg-type]

    assert regions is None


@pytest.mark.parametrize(
    ("text", "remembered", "is_compiled"),
    [
        pytest.param("{ sources { nodes { name } } }", 10, True, id="kept"),
        pytest.param("{ sources { nodes { name } } }", 0, False, id="nothing is kept"),
        pytest.param("{ sources { nodes { name } } }" + " " * 40_000, 10, False, id="too long to be kept"),
    ],
)
def test_only_documents_that_are_kept_are_compiled(text: str, remembered: int, is_compiled: bool) -> None:
    prepared = documents(remembered).prepare(text)

    assert (prepared.plans is not None) is is_compiled


def test_it_can_be_switched_off() -> None:
    made = Executor(schema, documents(), LIMITS, compiled=False)

    assert made._executor_class is PlainExecutor


async def test_no_text_of_the_client_is_in_the_code(executor: Executor) -> None:
    await asked(executor, PAGE, world())

    prepared = executor._documents.prepare(PAGE)
    words = {word for code in codes(prepared) for word in (*code.co_names, *code.co_varnames, *code.co_consts)}
    assert {"fleet_native_id", "status"} <= words
    assert not {"oddAlias", "more", "Page", "hasNextPage", "slug "} & words


def codes(prepared: Prepared) -> list[CodeType]:
    """All code made for a document, that of its look-ups included."""
    assert prepared.plans is not None
    regions = [one for variant in prepared.plans._variants.values() for one in variant._known.values() if one]
    regions += [
        one.region for variant in prepared.plans._variants.values() for one in variant.roots or () if one.region
    ]
    regions += [slot.region for one in regions for slot in one.slots if slot.region is not None]
    values = [value for one in regions for value in one.answer.__globals__.values()]  # type: ignore[attr-defined]
    return [nested for value in values if isinstance(value, FunctionType) for nested in nest(value.__code__)]


def nest(code: CodeType) -> list[CodeType]:
    inner = [one for const in code.co_consts if isinstance(const, CodeType) for one in nest(const)]
    return [code, *inner]
