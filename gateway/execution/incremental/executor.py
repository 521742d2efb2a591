"""Executor: graphql-core's own, which divides what it executes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from inspect import isawaitable
from typing import Any

from graphql import ExecutionResult, ExperimentalIncrementalExecutionResults, OperationType
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.executor import StreamUsage
from graphql.pyutils import Path
from strawberry.execution import optimized_is_awaitable

from gateway.execution.compiled import Executable, PlainExecutor
from resolvers.errors import BadArgument


class DividingExecutor(PlainExecutor):
    """For one operation."""

    def get_stream_usage(self, field_details_list: list[FieldDetails], path: Path) -> StreamUsage | None:
        """None for lists that come whole."""
        if self.operation.operation is not OperationType.QUERY:
            return None
        try:
            return super().get_stream_usage(field_details_list, path)
        except ValueError:
            raise BadArgument("@stream: initialCount should be 0 or more") from None


Results = ExecutionResult | ExperimentalIncrementalExecutionResults


@asynccontextmanager
async def divided(
    one: Executable, context: Any, variables: Mapping[str, Any] | None, hides_suggestions: bool
) -> AsyncIterator[Results]:
    """What comes of it at first. context: of its request. What is not done when the block ends is given up."""
    made = DividingExecutor.build(
        one.schema,
        one.document,
        context_value=context,
        raw_variable_values=None if variables is None else dict(variables),
        operation_name=one.node.name.value if one.node.name else None,
        enable_early_execution=one.node.operation is OperationType.QUERY,
        is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]  # typed as bool, made for this place
        hide_suggestions=hides_suggestions,
    )
    if isinstance(made, list):
        yield ExecutionResult(None, made)
        return
    try:
        outcome = made.execute_operation()
        results: Results = await outcome if isawaitable(outcome) else outcome
        try:
            yield results
        finally:
            if isinstance(results, ExperimentalIncrementalExecutionResults):
                await results.subsequent_results.aclose()
    finally:
        # Also when the first part was never there: what is deferred has begun before it.
        await made.cancel_incremental_work()
