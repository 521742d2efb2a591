"""Graph: what an estimate is made with beside the operation: the schema, and what is known of the sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLField,
    GraphQLSchema,
    ListValueNode,
    ObjectValueNode,
    ValueNode,
    VariableNode,
    value_from_ast,
)
from strawberry import Schema
from strawberry.types.arguments import convert_arguments

from gateway.execution.cost.questions import OF_ARTIFACTS
from resolvers.federation.product_lines import LineSpec
from resolvers.graph.enums import PagingKind, ReleaseOrderField, SourceKind
from resolvers.sources import Sources
from resolvers.upstreams.absent import Absent
from resolvers.upstreams.port import Facts, Upstream
from resolvers.upstreams.prices import UNKNOWN, Price, ScopeCount


class Unknown:
    """In the place of an argument that hangs on a variable, where those are left open."""


UNKNOWN_VALUE = Unknown()


@dataclass(frozen=True, slots=True)
class Graph:
    schema: Schema
    sources: Sources  # as the caller may read them
    lines: Sequence[LineSpec]
    max_page: int

    @property
    def core(self) -> GraphQLSchema:
        return self.schema._schema

    @property
    def facts(self) -> Mapping[str, Facts]:
        return self.sources.facts

    def count(self, source: str) -> ScopeCount:
        return self.sources.upstreams[source].scope_count or UNKNOWN

    def of_kind(self, kind: SourceKind) -> frozenset[str]:
        return frozenset(name for name, own in self.facts.items() if own.kind is kind)

    def paging(self, source: str, field: ReleaseOrderField) -> PagingKind:
        return self.facts[source].release_paging.get(field, PagingKind.WHOLE)

    def keyed(self, source: str, question: str, keys: int) -> int:
        """Calls of a question about so many keys."""
        price = self._price(source, question)
        return 0 if price is None else price.of_keys(keys, self.count(source))

    def below(self, source: str, question: str, rows: int) -> int:
        """Likewise for so many rows that were read: they may have brought the answer along."""
        return 0 if question in self.facts[source].prices.brought else self.keyed(source, question, rows)

    def listed(self, source: str, question: str) -> int:
        """Calls of a list of everything."""
        price = self._price(source, question)
        return 0 if price is None else price.of_list(self.count(source))

    def _price(self, source: str, question: str) -> Price | None:
        facts = self.facts[source]
        is_absent = question in OF_ARTIFACTS and not facts.artifact_kinds
        if is_absent or _is_inherited(type(self.sources.upstreams[source]), question):
            return None
        return facts.prices.of(question)

    def arguments(
        self, declared: GraphQLField, given: Mapping[str, ValueNode], variables: Mapping[str, Any]
    ) -> dict[str, Any]:
        """As the resolver would get them, by its own names. Raises GraphQLError for what does not fit."""
        values = {name: value_from_ast(node, declared.args[name].type, dict(variables)) for name, node in given.items()}
        definition = declared.extensions["strawberry-definition"]
        converter = self.schema.schema_converter
        try:
            return convert_arguments(values, definition.arguments, converter.scalar_registry, self.schema.config)
        except (AttributeError, TypeError, ValueError) as error:  # Undefined, where a value did not fit
            raise GraphQLError("an argument does not fit") from error


@cache
def _is_inherited(adapter: type[Upstream], question: str) -> bool:
    """Whether a vendor has no such thing."""
    own = getattr(adapter, question, None)
    return own is None or own is getattr(Absent, question, None)


def holds_variable(node: ValueNode) -> bool:
    if isinstance(node, ListValueNode):
        return any(map(holds_variable, node.values))
    if isinstance(node, ObjectValueNode):
        return any(holds_variable(field.value) for field in node.fields)
    return isinstance(node, VariableNode)
