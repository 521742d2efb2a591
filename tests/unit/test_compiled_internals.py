"""What the compiled executor uses of graphql-core and strawberry beside their documented interfaces.

An upgrade that changes any of it fails here first, and by name: `graphql-core` is pinned for that reason.
"""

from __future__ import annotations

from importlib.metadata import version
from inspect import signature
from typing import Any

import pytest
from graphql import GraphQLBoolean, GraphQLID, GraphQLInt, GraphQLString
from graphql.execution import Executor, collect_fields
from graphql.execution import executor as internals
from graphql.pyutils import Path
from graphql.type.definition import GraphQLResolveInfoHelpers
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types.field import StrawberryField
from strawberry.types.fields.resolver import StrawberryResolver

from gateway.execution.compiled import leaves
from gateway.execution.executor import core
from resolvers.schema import schema


def parameters(function: Any) -> tuple[str, ...]:
    return tuple(signature(function).parameters)


def test_graphql_core_is_the_version_that_this_was_written_for() -> None:
    assert version("graphql-core") == "3.3.2"


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("complete_object_value", "self return_type field_details_list info path result position_context"),
        ("complete_awaitable_value", "self return_type field_details_list info path result position_context"),
        ("execute_field", "self parent_type source field_details_list path position_context"),
        ("build_resolve_info", "self field_def field_nodes parent_type path"),
        ("collect_subfields", "self return_type field_details_list"),
        ("gather_async_work", "self values"),
        ("track_async_work", "self values"),
    ],
)
def test_the_executor_s_inner_methods_take_what_they_took(method: str, expected: str) -> None:
    found = parameters(getattr(StrawberryGraphQLCoreExecutionContext, method))

    assert found == tuple(expected.split())


def test_an_executor_is_made_of_what_it_was_made_of() -> None:
    expected = "schema fragment_definitions fragments root_value context_value operation variable_values field_resolver"

    found = parameters(Executor.__init__)

    assert found[1:9] == tuple(expected.split())
    assert found[9:11] == ("type_resolver", "subscribe_field_resolver")
    assert {"handle_field_error", "complete_value"} <= set(dir(Executor))


def test_what_divides_an_operation_takes_what_it_took() -> None:
    build = parameters(StrawberryGraphQLCoreExecutionContext.build)

    assert parameters(StrawberryGraphQLCoreExecutionContext.get_stream_usage) == ("self", "field_details_list", "path")
    assert parameters(StrawberryGraphQLCoreExecutionContext.cancel_incremental_work) == ("self", "reason")
    assert {"raw_variable_values", "enable_early_execution", "is_awaitable", "hide_suggestions"} <= set(build)


def test_what_is_passed_between_them_has_the_same_parts() -> None:
    assert Path._fields == ("prev", "key", "typename")
    assert collect_fields.FieldDetails._fields == ("node", "defer_usage", "fragment_variable_values")
    assert collect_fields.CollectedFields._fields[:2] == ("grouped_field_set", "new_defer_usages")
    assert parameters(internals.to_nodes) == ("field_details_list",)


def test_the_state_that_is_read_of_an_executor_is_there() -> None:
    names = {"schema", "operation", "variable_values", "context_value", "middleware_manager", "abort_signal"}

    assert names | {"error_propagation", "async_helpers"} <= set(Executor.__annotations__)


def test_its_helpers_are_made_of_its_own_methods() -> None:
    assert GraphQLResolveInfoHelpers._fields == ("gather", "track")


def test_strawberry_s_definitions_say_how_a_field_is_resolved() -> None:
    field = core(schema).type_map["Release"].fields["version"]  # type: ignore[attr-defined]
    own = field.extensions["strawberry-definition"]

    assert isinstance(own, StrawberryField)
    assert isinstance(own.base_resolver, StrawberryResolver)
    assert (own.extensions, own.default_resolver, own.base_resolver.is_async) == ([], getattr, False)


@pytest.mark.parametrize(
    ("leaf", "values"),
    [
        (GraphQLString, ("", "text", "ü")),
        (GraphQLID, ("", "id")),
        (GraphQLBoolean, (True, False)),
        (GraphQLInt, (0, -1, 2**31 - 1, -(2**31))),
    ],
)
def test_serialisers_give_back_what_is_left_as_it_is(leaf: Any, values: tuple[Any, ...]) -> None:
    condition = leaves.UNCHANGED[leaf].format("value")

    assert all(eval(condition, {"value": value}) for value in values)  # noqa: S307  # our own text
    assert [leaf.coerce_output_value(value) for value in values] == list(values)
    assert not eval(condition, {"value": 2**31})  # noqa: S307
