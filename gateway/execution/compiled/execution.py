"""Execution: an operation by its root fields where they are understood, else by graphql-core's executor as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import isawaitable
from typing import Any

import graphql
from graphql import DocumentNode, ExecutionResult, FragmentDefinitionNode, GraphQLSchema, OperationDefinitionNode
from graphql.execution import Executor
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.execute import default_field_resolver, default_type_resolver
from graphql.execution.values import VariableValues
from msgspec import Struct
from strawberry.execution import optimized_is_awaitable

from gateway.execution.compiled import roots
from gateway.execution.compiled.executor import CompiledExecutor, PlainExecutor
from gateway.execution.compiled.plans import Plans
from gateway.execution.compiled.roots import Running
from gateway.execution.incremental.merging import merged

Class = type[CompiledExecutor] | type[PlainExecutor]


class Executable(Struct, frozen=True):
    """One operation of a document that may be executed."""

    schema: GraphQLSchema
    document: DocumentNode
    node: OperationDefinitionNode
    plans: Plans | None


async def execute(
    one: Executable, context: Any, variables: Mapping[str, Any] | None, executor_class: Class
) -> ExecutionResult:
    """context: of its request."""
    if one.plans is not None and issubclass(executor_class, CompiledExecutor):
        values = one.plans.variables(one.schema, one.node).coerced(variables)
        regions = None if values is None else one.plans.of(one.node, values.coerced)
        if values is not None and regions is not None:
            running = Running(context, values, lambda: _core(one, context, values, executor_class))
            if regions.roots is None:
                regions.rooted(roots.found(running.core))
            if regions.roots:
                return await roots.run(regions.roots, running)
    return await _by_core(one, context, variables, executor_class)


def _core(one: Executable, context: Any, values: VariableValues, executor_class: Class) -> Executor[Any]:
    """graphql-core's executor as its own `build` makes it, but for variables that are coerced already."""
    fragments = {node.name.value: node for node in one.document.definitions if isinstance(node, FragmentDefinitionNode)}
    return executor_class(
        one.schema,
        fragments,
        {name: FragmentDetails(node, None) for name, node in fragments.items()},
        None,
        context,
        one.node,
        values,
        default_field_resolver,
        default_type_resolver,
        default_field_resolver,
        is_awaitable=optimized_is_awaitable,
        plans=one.plans,
    )


async def _by_core(
    one: Executable, context: Any, variables: Mapping[str, Any] | None, executor_class: Class
) -> ExecutionResult:
    # By this name alone it takes a schema that knows @defer and @stream; where neither is in force it does the same.
    outcome = graphql.experimental_execute_incrementally(
        one.schema,
        one.document,
        context_value=context,
        variable_values=None if variables is None else dict(variables),
        operation_name=one.node.name.value if one.node.name else None,
        executor_class=executor_class,
        plans=one.plans,
        is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]  # typed as bool, made for this place
    )
    result = await outcome if isawaitable(outcome) else outcome
    return result if isinstance(result, ExecutionResult) else await merged(result)
