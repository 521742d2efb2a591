"""What an operation wants of each type: nothing that is selected is forgotten, and little that is not is fetched."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import pytest
from graphql import GraphQLObjectType, GraphQLUnionType, get_named_type, is_composite_type, parse

from gateway.execution.executor import core
from resolvers import keys
from resolvers.federation.columns import EVERYTHING, Wants, field_reads, is_row, wanted
from resolvers.federation.filters.reads import reads_of
from resolvers.federation.product_lines import FleetRef, LineSpec, Naming
from resolvers.graph.artifact import Artifact
from resolvers.graph.build import Build
from resolvers.graph.cohort import Cohort
from resolvers.graph.columns import own
from resolvers.graph.deployment import Deployment
from resolvers.graph.device import Device
from resolvers.graph.enums import BuildStatus, DeploymentStatus, FleetOrderField, ReleaseOrderField, ReleaseStatus
from resolvers.graph.fleet import Fleet
from resolvers.graph.inputs import ArtifactFilter, DeviceFilter, FleetFilter, ReleaseFilter
from resolvers.graph.release import Release
from resolvers.schema import schema
from resolvers.upstreams.port import (
    ArtifactQuery,
    Chunk,
    Columns,
    DeviceQuery,
    Facts,
    FleetQuery,
    Found,
    Part,
    ReleaseQuery,
    ReleasesBelow,
)
from tests.unit.fake_upstreams import ALL_FACTS, FakeUpstream, Graph, artifact, fleet, release

SCHEMA = core(schema)
FACTS = replace(ALL_FACTS, parts=frozenset(Part), release_statuses=ALL_FACTS.release_statuses - {ReleaseStatus.DELETED})


def wants(text: str, **variables: Any) -> Wants:
    document = parse(text)
    (operation,) = (node for node in document.definitions if hasattr(node, "operation"))
    return wanted(SCHEMA, document, operation).by(variables)


def of(type_name: str, text: str, **variables: Any) -> set[str]:
    """The columns of the row itself."""
    columns = wants(text, **variables).of(type_name)
    assert columns is not None
    return {*own(columns)}


# --- the walk ---


@pytest.mark.parametrize(
    "selection",
    [
        pytest.param("releases { nodes { notes } }", id="plain"),
        pytest.param("a: releases { b: nodes { c: notes } }", id="aliases"),
        pytest.param("releases { edges { node { notes } } }", id="edges"),
        pytest.param("releases { nodes { ...F } }", id="a fragment"),
        pytest.param("releases { nodes { ...G } }", id="a fragment in a fragment"),
        pytest.param("releases { nodes { ... { notes } } }", id="an inline fragment without a type"),
        pytest.param("node(id: 1) { ... on Release { notes } }", id="behind an interface"),
        pytest.param("releases { nodes { ... on Node { ... on Release { notes } } } }", id="there and back"),
        pytest.param("fleets { nodes { releases { nodes { artifacts { nodes { id } } notes } } } }", id="below a list"),
        pytest.param("releases { nodes { notes @skip(if: $yes) } }", id="left out by a variable"),
        pytest.param("releases { nodes { notes @include(if: false) } }", id="left out for good"),
    ],
)
def test_a_selected_field_is_found_wherever_it_stands(selection: str) -> None:
    text = f"query ($yes: Boolean = true) {{ {selection} }} fragment F on Release {{ notes }}"
    text += " fragment G on Release { ...F }"

    assert "notes" in of("Release", text, yes=True)


def test_only_what_is_read_is_wanted() -> None:
    columns = of("Release", "{ releases { nodes { id name } totalCount } }")

    assert columns == {"name", "created_at"}  # the second is what the list is ordered by


def test_a_type_is_wanted_the_same_wherever_it_is_met() -> None:
    text = '{ releases { nodes { fleet { name } } } fleet(id: "1") { description } node(id: "2") { id } }'

    assert of("Fleet", text) == {"name", "description"}


def test_a_row_behind_a_link_is_wanted_with_its_own_columns() -> None:
    columns = wants("{ releases { nodes { fleet { name } } } }").of("Release")

    assert columns is not None
    assert {"fleet.", "fleet.name", "fleet_native_id"} <= columns


def test_of_a_vendor_s_own_part_only_the_selected_columns_are_wanted() -> None:
    columns = of("Release", "{ releases { nodes { native { ... on BalenaRelease { semver } } } } }")

    assert columns == {"native_of", "native.semver", "created_at"}


@pytest.mark.parametrize(
    ("order", "column"),
    [
        ("", "created_at"),
        ("(orderBy: null)", "created_at"),
        ("(orderBy: {})", "created_at"),
        ("(orderBy: { direction: ASC })", "created_at"),
        ("(orderBy: { field: VERSION })", "raw_version"),
        ("(orderBy: $order)", "updated_at"),
    ],
)
def test_a_list_reads_what_it_is_ordered_by(order: str, column: str) -> None:
    text = f"query ($order: ReleaseOrder) {{ releases{order} {{ nodes {{ id }} }} }}"

    assert of("Release", text, order={"field": "UPDATED_AT"}) == {column}


def test_a_variable_s_default_counts_while_it_is_not_given() -> None:
    text = "query ($f: ReleaseFilter = { versions: [] }) { releases(filter: $f) { nodes { id } } }"

    assert "raw_version" in of("Release", text)
    assert "raw_version" not in of("Release", text, f={"names": ["a"]})
    assert "name" in of("Release", text, f={"names": ["a"]})


@pytest.mark.parametrize("strange", [None, 5, "text", [], {"field": 5}, {"field": None}, {"nonsense": 1}])
def test_a_variable_of_any_shape_is_survived(strange: Any) -> None:
    text = "query ($o: ReleaseOrder, $f: ReleaseFilter) { releases(orderBy: $o, filter: $f) { nodes { id } } }"

    assert isinstance(wants(text, o=strange, f=strange), Wants)


def test_a_change_wants_everything_of_what_it_reads_again() -> None:
    text = 'mutation { deleteRelease(input: { id: "1", confirmVersion: "1" }) { deletedId } }'

    assert wants(text) is EVERYTHING
    assert EVERYTHING.of("Release") is None


@pytest.mark.parametrize("filter_type", [ReleaseFilter, FleetFilter, ArtifactFilter, DeviceFilter])
def test_every_field_of_a_filter_says_what_it_reads(filter_type: Any) -> None:
    names = SCHEMA.type_map[filter_type.__name__].fields.keys()  # type: ignore[attr-defined]

    silent = [name for name in names if reads_of(filter_type.__name__, {name: None}) is None]

    assert not silent, f"say in READS of federation/filters what they read: {silent}"


# --- declarations ---


def resolved() -> Iterable[tuple[GraphQLObjectType, str]]:
    """Fields that are more than an attribute; root fields read no row by themselves."""
    for owner in SCHEMA.type_map.values():
        if isinstance(owner, GraphQLObjectType) and owner not in (SCHEMA.query_type, SCHEMA.mutation_type):
            for name, one in owner.fields.items():
                definition = one.extensions.get("strawberry-definition")
                if definition is not None and definition.base_resolver is not None:
                    yield owner, name


def test_every_field_that_is_more_than_an_attribute_declares_what_it_reads() -> None:
    silent = [f"{owner.name}.{name}" for owner, name in resolved() if field_reads(SCHEMA, owner, name) is None]

    assert not silent, f"put @reads(...) of graph.columns below @strawberry.field of: {', '.join(silent)}"


def test_what_is_declared_is_there() -> None:
    rows = {one.__name__: one for one in (Release, Fleet, Artifact, Device, Cohort, Build, Deployment)}
    known = {(name, one.name) for name, row in rows.items() for one in fields(row) if one.init}

    declared = {read for owner, name in resolved() for read in field_reads(SCHEMA, owner, name) or ()}

    assert {read for read in declared if not read[1].startswith("native.")} <= known


def test_a_column_that_was_not_fetched_raises_and_is_never_null() -> None:
    row = Release.of_columns({"source_name": "a", "native_id": "1", "fetched": frozenset({"notes"}), "notes": None})

    assert row.notes is None
    with pytest.raises(AttributeError, match="'Release' object has no attribute 'revision'"):
        _ = row.revision
    assert "notes=None" in repr(row)
    assert not hasattr(row, "__await__")
    assert (row.has(frozenset({"notes", "fleet.name"})), row.has(frozenset({"name"})), row.has(None)) == (
        True,
        False,
        False,
    )
    assert release("a", "1").has(None)


# --- rows that hold nothing but what was asked for ---


def cut(row: Any, columns: Columns) -> Any:
    if columns is None:
        return row
    names = {one for one in own(columns) if not one.startswith("native.")}
    values = {name: getattr(row, name) for name in ("source_name", "native_id", *names)}
    return type(row).of_columns({**values, "fetched": own(columns)})


@dataclass
class Sparing(FakeUpstream):
    """Answers with the columns it was asked for and nothing else."""

    facts: Facts = FACTS

    async def releases(self, query: ReleaseQuery) -> AsyncIterator[Chunk[Release]]:
        yield Chunk([cut(row, query.columns) for row in self.rows])

    async def fleets(self, query: FleetQuery) -> AsyncIterator[Chunk[Fleet]]:
        yield Chunk([cut(row, query.columns) for row in self.own_fleets])

    async def artifacts(self, query: ArtifactQuery) -> AsyncIterator[Chunk[Artifact]]:
        yield Chunk([cut(one, query.columns) for own_files in self.files.values() for one in own_files])

    async def devices(self, query: DeviceQuery) -> AsyncIterator[Chunk[Device]]:
        yield Chunk([cut(DEVICE, query.columns)])

    async def releases_by_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Release]:
        return _cut_all(await super().releases_by_id(ids), columns)

    async def fleets_by_id(
        self, ids: Sequence[str], columns: Columns = None, below: ReleasesBelow | None = None
    ) -> Found[Fleet]:
        return _cut_all(await super().fleets_by_id(ids), columns)

    async def artifacts_by_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Artifact]:
        return _cut_all(await super().artifacts_by_id(ids), columns)

    async def artifacts_by_release_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Sequence[Artifact]]:
        return {key: [cut(one, columns) for one in own_files] for key, own_files in self.files.items() if key in ids}

    async def devices_by_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Device]:
        return {"1": cut(DEVICE, columns)}

    async def devices_by_fleet_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Sequence[Device]]:
        return {"1": [cut(DEVICE, columns)]}

    async def deployments_by_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Deployment]:
        return {"1": cut(DEPLOYMENT, columns)}

    async def deployments_by_fleet_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Sequence[Deployment]]:
        return {"1": [cut(DEPLOYMENT, columns)]}

    async def deployments_by_release_id(
        self, ids: Sequence[str], columns: Columns = None
    ) -> Found[Sequence[Deployment]]:
        return {"1": [cut(DEPLOYMENT, columns)]}

    async def cohorts_by_id(self, ids: Sequence[str]) -> Found[Cohort]:
        return {"1": Cohort(source_name="a", native_id="1", name="c", fleet_native_id="1")}

    async def builds_by_id(self, ids: Sequence[str]) -> Found[Build]:
        return {"1": Build(source_name="a", native_id="1", status=BuildStatus.SUCCEEDED, release_native_ids=("1",))}

    async def release_ids_by_artifact_id(self, ids: Sequence[str]) -> Found[Sequence[str]]:
        return {"1": ["1"]}


def _cut_all(found: Mapping[str, Any], columns: Columns) -> dict[str, Any]:
    return {key: cut(row, columns) for key, row in found.items()}


DEVICE = Device(
    source_name="a",
    native_id="1",
    name="d",
    identifiers=("x",),
    raw_running_version="1.2.3",
    fleet_native_id="1",
    cohort_native_id="1",
    running_release_native_id="1",
    target_release_native_id="2",
    details_of=dict,
)
DEPLOYMENT = Deployment(
    source_name="a",
    native_id="1",
    status=DeploymentStatus.ACTIVE,
    release_native_id="1",
    fleet_native_id="1",
    cohort_native_id="1",
)


def sparing() -> Sparing:
    versions = {"1": "1.0.0", "2": "1.1.0"}
    return Sparing(
        "a",
        rows=[release("a", one, raw_version=raw, fleet_native_id="1") for one, raw in versions.items()],
        own_fleets=[fleet("a", "1", target_release_native_id="1", slug="acme/one")],
        files={one: [artifact("a", one, release_native_ids=(one,), has_all_releases=False)] for one in versions},
    )


LINE = LineSpec("one", (FleetRef("a", Naming.SLUG, "acme/one"),))
DRIFT = (
    "rows { fleet { id } cohort { id } targetVersion { raw } latestVersion { raw } behindBy deviceCounts { count } }"
)


@pytest.mark.parametrize("selection", ["id name", "fleets { nodes { id } }", "trains { nodes { version { raw } } }",
    "trains { nodes { releases { nodes { id } } } }", "trains { nodes { missingFrom { id } } }", f"drift {{ {DRIFT} }}",
])  # fmt: skip
async def test_a_product_line_is_answered_from_what_it_declares(selection: str) -> None:
    assert await complaints(f"{{ productLines {{ {selection} }} }}") == []


async def complaints(query: str, **variables: Any) -> list[Any]:
    reply = await Graph([sparing()], product_lines=(LINE,)).reply(query, **variables)
    assert reply["data"] is not None, reply
    return [error["message"] for error in reply.get("errors", ())]


def inner(owner: GraphQLObjectType, name: str) -> str:
    """A selection below the field that reads as little as there is to read."""
    result = get_named_type(owner.fields[name].type)
    if not is_composite_type(result) or isinstance(result, GraphQLUnionType):
        return "{ __typename }" if is_composite_type(result) else ""
    return "{ nodes { id } edges { cursor } totalCount }" if "nodes" in result.fields else "{ id }"


ROW_FIELDS = [(owner.name, name) for owner, name in resolved() if is_row(owner) and name not in ("id", "native")]


@pytest.mark.parametrize(("type_name", "name"), ROW_FIELDS)
async def test_a_field_is_answered_from_what_it_declares(type_name: str, name: str) -> None:
    owner: Any = SCHEMA.type_map[type_name]
    selection = inner(owner, name) if name not in ("version", "minimumVersion", "runningVersion") else "{ raw }"
    selection = {"tags": "{ key }", "counterparts": "{ release { id } }"}.get(name, selection)

    found = await complaints(
        f"query ($id: ID!) {{ node(id: $id) {{ ... on {type_name} {{ {name} {selection} }} }} }}",
        id=keys.encode(type_name, "a", "1"),
    )

    assert found == []


FILTERS: list[tuple[str, str, Any]] = [
    *(("releases", "ReleaseFilter", one) for one in (
        {"names": ["1"]}, {"versions": ["1.0.0"]}, {"versionRange": ">=1"}, {"revisions": ["1234567"]},
        {"statuses": ["AVAILABLE"]}, {"pipelines": ["p"]}, {"isClosed": True}, {"targets": ["t"]},
        {"buildIdentifiers": ["b"]}, {"createdAfter": "2026-01-01T00:00:00Z"}, {"fleetNames": ["1"]},
        {"createdBefore": "2026-01-01T00:00:00Z"}, {"fleetIds": [keys.encode("Fleet", "a", "1")]},
        {"ids": [keys.encode("Release", "a", "1")]}, {"includeDeleted": True}, {"sources": ["a"]},
    )),
    *(("fleets", "FleetFilter", one) for one in (
        {"names": ["1"]}, {"slugs": ["acme/one"]}, {"organizations": ["o"]}, {"isPublic": True}, {"isArchived": True},
        {"mine": True}, {"ids": [keys.encode("Fleet", "a", "1")]},
    )),
    *(("artifacts", "ArtifactFilter", one) for one in (
        {"kinds": ["FIRMWARE"]}, {"targets": ["t"]}, {"digests": ["d"]},
        {"releaseIds": [keys.encode("Release", "a", "1")]},
    )),
    *(("devices", "DeviceFilter", one) for one in (
        {"isOnline": True}, {"runningVersions": ["1"]}, {"search": "x"}, {"fleetIds": [keys.encode("Fleet", "a", "1")]},
    )),
]  # fmt: skip


@pytest.mark.parametrize(("root", "input_type", "given"), FILTERS, ids=str)
async def test_a_filter_sifts_rows_by_what_it_says_it_reads(root: str, input_type: str, given: Any) -> None:
    query = f"query ($given: {input_type}) {{ {root}(filter: $given) {{ nodes {{ id }} }} }}"
    below = "query ($given: ReleaseFilter) { fleets { nodes { releases(filter: $given) { nodes { id } } } } }"

    found = [
        *await complaints(query, given=given),
        *(await complaints(below, given=given) if root == "releases" else []),
    ]

    assert found == []


@pytest.mark.parametrize("field", [*ReleaseOrderField], ids=str)
async def test_releases_are_ordered_by_what_the_order_says_it_reads(field: ReleaseOrderField) -> None:
    found = await complaints(f"{{ releases(orderBy: {{ field: {field.name} }}) {{ edges {{ cursor }} }} }}")

    assert found == []


@pytest.mark.parametrize("field", [*FleetOrderField], ids=str)
async def test_fleets_are_ordered_by_what_the_order_says_it_reads(field: FleetOrderField) -> None:
    found = await complaints(f"{{ fleets(orderBy: {{ field: {field.name} }}) {{ edges {{ cursor }} }} }}")

    assert found == []


async def test_a_fleet_is_found_by_its_slug_without_selecting_it() -> None:
    assert await complaints('{ fleetBySlug(slug: "acme/one") { id } }') == []


async def test_an_attribute_nobody_declared_is_an_internal_error_and_no_null() -> None:
    class Stingy(Sparing):
        async def releases_by_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Release]:
            return await super().releases_by_id(ids, (columns or frozenset()) - {"notes"})

    reply = await Graph([Stingy("a", rows=sparing().rows)]).reply(
        "query ($id: ID!) { release(id: $id) { name notes } }", id=keys.encode("Release", "a", "1")
    )

    assert reply["data"] == {"release": {"name": "1", "notes": None}}
    assert [error["extensions"]["code"] for error in reply["errors"]] == ["INTERNAL"]
