"""Executor: graphql-core's own, in strawberry's dress, that asks for a region wherever it has an object to complete."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLObjectType, GraphQLResolveInfo
from graphql.execution.collect_fields import FieldDetails
from graphql.pyutils import AwaitableOrValue, Path
from graphql.type.definition import GraphQLResolveInfoHelpers
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from gateway.execution.compiled.info import ContextOnly
from gateway.execution.compiled.plans import Plans
from gateway.execution.compiled.regions import Region
from gateway.execution.compiled.settling import settle


class _Acyclic(StrawberryGraphQLCoreExecutionContext):
    """strawberry's, which does not hold what holds it: else it would wait for the collector, with all of a request."""

    @property
    def async_helpers(self) -> GraphQLResolveInfoHelpers:  # an attribute there
        return GraphQLResolveInfoHelpers(self.gather_async_work, self.track_async_work)

    @async_helpers.setter
    def async_helpers(self, given: GraphQLResolveInfoHelpers) -> None:
        """What its `__init__` gives is made when it is asked for."""


class PlainExecutor(_Acyclic):
    """graphql-core alone, which takes plans and leaves them."""

    def __init__(self, *args: Any, plans: Plans | None = None, **kwargs: Any):
        super().__init__(*args, **kwargs)


class CompiledExecutor(_Acyclic):
    """graphql-core, and compiled functions for what is below its root fields."""

    def __init__(self, *args: Any, plans: Plans | None = None, **kwargs: Any):
        super().__init__(*args, **kwargs)
        is_usual = self.middleware_manager is None and self.abort_signal is None and self.error_propagation
        self._regions = plans.of(self.operation, self.variable_values.coerced) if plans and is_usual else None
        self._info = ContextOnly(self.context_value)

    def complete_object_value(
        self,
        return_type: GraphQLObjectType,
        field_details_list: list[FieldDetails],
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,
        position_context: Any,
    ) -> AwaitableOrValue[dict[str, Any]]:
        regions = self._regions
        region = None if regions is None else regions.at(self, path, return_type, field_details_list)
        if region is not None:
            notes = region.notes(self._info)
            try:
                shown = region.answer(result, path, notes)
            except Exception:  # noqa: S110  # whatever it was, graphql-core meets it again and tells it
                pass
            else:
                return self._settled(shown, region, notes) if any(notes[1:]) else shown
        return super().complete_object_value(return_type, field_details_list, info, path, result, position_context)

    # Settling knows an operation by these two, whoever runs it.

    @property
    def core(self) -> CompiledExecutor:
        return self

    @property
    def context(self) -> Any:
        return self.context_value

    async def _settled(self, shown: dict[str, Any], region: Region, notes: list[Any]) -> dict[str, Any]:
        await settle(self, region, notes)
        return shown
