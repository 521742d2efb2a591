"""Roots: the root fields of a query, run without graphql-core where each is a resolver that it would simply call.

graphql-core makes an executor, collects fields, coerces variables and arguments for every request; here all that a
document says once is made once. An executor of it is made when there is something for it to do: fields to be waited
for, or whatever is odd. It is then given what the resolver has answered or raised, so that nothing is asked twice, and
errors, paths and nulls are its own.

Only fields that may be null: an error of one that must not be takes the whole answer along, and that is its affair.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from graphql import (
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLObjectType,
    is_non_null_type,
)
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetails, collect_fields
from graphql.execution.executor import to_nodes
from graphql.execution.values import VariableValues
from graphql.pyutils import Path
from strawberry.types.field import StrawberryField

from gateway.execution.compiled import writing
from gateway.execution.compiled.arguments import DEFINITION, Arguments
from gateway.execution.compiled.info import ContextOnly, RootInfo
from gateway.execution.compiled.regions import Region
from gateway.execution.compiled.settling import settle
from gateway.execution.compiled.surprise import Surprise

Make = Callable[[], Executor[Any]]


@dataclass(frozen=True, slots=True)
class Root:
    """One root field. function: `function(None, info=..., **arguments)`. region: None where its value is core's.

    nodes: where it is selected, in a document of these fragments.
    """

    key: str
    field: GraphQLField
    parent: GraphQLObjectType
    details: list[FieldDetails]
    path: Path
    function: Callable[..., Any]
    is_async: bool
    arguments: Arguments
    region: Region | None
    nodes: list[FieldNode]
    fragments: Mapping[str, FragmentDefinitionNode]


class Running:
    """One operation on its way. make: graphql-core's executor of it, which is made once it is needed."""

    __slots__ = ("_core", "_make", "context", "info", "variables")

    def __init__(self, context: Any, variables: VariableValues, make: Make):
        self.context, self.variables, self._make = context, variables, make
        self.info = ContextOnly(context)
        self._core: Executor[Any] | None = None

    @property
    def core(self) -> Executor[Any]:
        if self._core is None:
            self._core = self._make()
        return self._core

    def result(self, data: dict[str, Any]) -> ExecutionResult:
        errors = None if self._core is None else self._core.collected_errors.errors
        return ExecutionResult(data, errors or None)


async def run(roots: Sequence[Root], running: Running) -> ExecutionResult:
    """All of them, side by side."""
    if len(roots) == 1:
        root = roots[0]
        running.context.is_alone = root.is_async
        return running.result({root.key: await _shown(root, running)})
    values = await asyncio.gather(*(_shown(root, running) for root in roots))
    return running.result({root.key: value for root, value in zip(roots, values, strict=True)})


async def _shown(root: Root, running: Running) -> Any:
    try:
        given = root.arguments.given(running.variables)
        value = root.function(None, info=RootInfo(running, root), **given)
        if root.is_async:
            value = await value
    except Exception as error:
        running.core.handle_field_error(error, root.field.type, root.details, root.path)
        return None
    finally:
        running.context.is_alone = False
    region = root.region
    if region is None:
        return await _completed(root, running, value)
    notes = region.notes(running.info)
    try:
        shown = region.answer(value, root.path, notes)
    except Exception:  # whatever it was, graphql-core meets it again and tells it
        return await _completed(root, running, value)
    if len(notes) > 1 and any(notes[1:]):
        await settle(running, region, notes)
    return shown


async def _completed(root: Root, running: Running, value: Any) -> Any:
    """By graphql-core, from what the resolver has answered on."""
    core, type_ = running.core, root.field.type
    info = core.build_resolve_info(root.field, root.nodes, root.parent, root.path)
    try:
        completed = core.complete_value(type_, root.details, info, root.path, value, None)
        return await completed if core.is_awaitable(completed) else completed
    except Exception as error:
        core.handle_field_error(error, type_, root.details, root.path)
        return None


def found(executor: Executor[Any]) -> Sequence[Root]:
    """The root fields of its operation; none where one of them is not simply called."""
    query = executor.schema.query_type
    assert query is not None
    collected = collect_fields(
        executor.schema, executor.fragments, executor.variable_values, query, executor.operation, False
    )
    if collected.new_defer_usages:
        return ()
    try:
        return [_root(executor, query, key, details) for key, details in collected.grouped_field_set.items()]
    except Surprise:
        return ()


def _root(executor: Executor[Any], query: GraphQLObjectType, key: str, details: list[FieldDetails]) -> Root:
    """Raises Surprise."""
    node = details[0].node
    field = query.fields.get(node.name.value)
    own = None if field is None else field.extensions.get(DEFINITION)
    if field is None or is_non_null_type(field.type) or not isinstance(own, StrawberryField):
        raise Surprise
    function, is_async = _called(own)
    path, arguments = Path(None, key, query.name), Arguments(executor.schema, field, node)
    region, nodes = _region(executor, field, details), to_nodes(details)
    fragments = executor.fragment_definitions
    return Root(key, field, query, details, path, function, is_async, arguments, region, nodes, fragments)


def _called(own: StrawberryField) -> tuple[Callable[..., Any], bool]:
    resolver = own.base_resolver
    if resolver is None or own.extensions or not isinstance(resolver.wrapped_func, FunctionType):
        raise Surprise
    names = {"self", "info", *(argument.python_name for argument in own.arguments)}
    if set(resolver.signature.parameters) != names or own.is_subscription:
        raise Surprise
    return resolver.wrapped_func, resolver.is_async


def _region(executor: Executor[Any], field: GraphQLField, details: list[FieldDetails]) -> Region | None:
    try:
        return writing.region(executor, field.type, details)
    except Surprise:
        return None
