"""The schema as a contract: what it promises whoever stores a query against it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLUnionType,
    is_leaf_type,
    is_specified_directive,
    is_specified_scalar_type,
    parse,
    validate,
)
from graphql.type import get_named_type
from strawberry.types.base import StrawberryObjectDefinition

from gateway.execution.executor import core
from resolvers.schema import schema

SCHEMA = core(schema)
COMMITTED = Path(__file__).parent.parent / "schema.graphql"

ASKING = {
    "Artifact.downloadUrl",
    "Artifact.releases",
    "BalenaRelease.buildLog",
    "BalenaRelease.composition",
    "BalenaRelease.contract",
    "Build.artifacts",
    "Build.releases",
    "BuildMasterRelease.furthestBuild",
    "BuildMasterRelease.latestBuild",
    "Cohort.currentRelease",
    "Cohort.deployments",
    "Cohort.devices",
    "Cohort.fleet",
    "Deployment.cohort",
    "Deployment.fleet",
    "Deployment.release",
    "Device.cohort",
    "Device.fleet",
    "Device.runningRelease",
    "Device.tags",
    "Device.targetRelease",
    "DriftRow.deviceCounts",
    "DriftRow.otherDevices",
    "Fleet.cohorts",
    "Fleet.deployments",
    "Fleet.deviceCount",
    "Fleet.devices",
    "Fleet.latestRelease",
    "Fleet.releases",
    "Fleet.tags",
    "Fleet.targetRelease",
    "ProductLine.drift",
    "ProductLine.fleets",
    "ProductLine.trains",
    "Query.artifact",
    "Query.artifacts",
    "Query.device",
    "Query.devices",
    "Query.fleet",
    "Query.fleetByNativeId",
    "Query.fleetBySlug",
    "Query.fleets",
    "Query.node",
    "Query.release",
    "Query.releaseByNativeId",
    "Query.releases",
    "Query.sources",
    "Release.artifacts",
    "Release.builds",
    "Release.counterparts",
    "Release.deployments",
    "Release.deviceCount",
    "Release.fleet",
    "Release.hotfixOf",
    "Release.hotfixes",
    "Release.isDeployed",
    "Release.next",
    "Release.previous",
    "Release.tags",
    "ReleaseTrain.missingFrom",
    "ReleaseTrain.releases",
    "Source.fleets",
}
"""Every field that may need another upstream call. One that is not in here asks nobody."""


def object_types() -> Iterator[GraphQLObjectType]:
    for type_ in SCHEMA.type_map.values():
        if isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__"):
            yield type_


def asking_fields() -> Iterator[tuple[str, GraphQLField]]:
    """Fields answered by a coroutine, read from strawberry's own definitions."""
    for type_ in object_types():
        definition = type_.extensions["strawberry-definition"]
        assert isinstance(definition, StrawberryObjectDefinition)
        for field in definition.fields if type_.name != "Mutation" else ():
            name = schema.config.name_converter.get_graphql_name(field)
            if field.is_async:
                yield f"{type_.name}.{name}", type_.fields[name]


def described() -> Iterator[tuple[str, str | None]]:
    """Everything a person can meet in the explorer, with its description."""
    for type_ in SCHEMA.type_map.values():
        if type_.name.startswith("__") or is_specified_scalar_type(type_):
            continue
        yield type_.name, type_.description
        if isinstance(type_, GraphQLEnumType):
            yield from ((f"{type_.name}.{name}", value.description) for name, value in type_.values.items())
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            yield from ((f"{type_.name}.{name}", field.description) for name, field in type_.fields.items())
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            for field_name, field in type_.fields.items():
                for name, argument in field.args.items():
                    yield f"{type_.name}.{field_name}({name})", argument.description
    for directive in SCHEMA.directives:
        if not is_specified_directive(directive):
            yield f"@{directive.name}", directive.description


def test_the_committed_schema_is_the_code_s() -> None:
    assert COMMITTED.read_text() == schema.as_str() + "\n", "run `make schema` and look at the difference"


def test_everything_is_described() -> None:
    assert [name for name, text in described() if not text or not text.strip().endswith((".", "`"))] == []


def test_fields_that_ask_an_upstream_are_these() -> None:
    assert {name for name, _ in asking_fields()} == ASKING


def test_no_field_that_asks_an_upstream_is_non_null() -> None:
    assert [name for name, field in asking_fields() if isinstance(field.type, GraphQLNonNull)] == []


def test_the_list_of_asking_fields_can_fail() -> None:
    assert len(list(asking_fields())) > 10


NATIVE = [one for name, one in SCHEMA.type_map.items() if isinstance(one, GraphQLUnionType) and "Native" in name]


@pytest.mark.parametrize("union", NATIVE)
def test_one_query_selects_every_scalar_of_every_member(union: GraphQLUnionType) -> None:
    spreads = (f"... on {member.name} {{ {' '.join(leaves(member))} }}" for member in union.types)
    parent = "releases" if union.name == "NativeRelease" else "fleets"
    document = parse(f"{{ {parent} {{ nodes {{ native {{ __typename {' '.join(spreads)} }} }} }} }}")

    assert validate(SCHEMA, document) == []


def leaves(type_: GraphQLObjectType) -> list[str]:
    return [name for name, field in type_.fields.items() if is_leaf_type(get_named_type(field.type))]
