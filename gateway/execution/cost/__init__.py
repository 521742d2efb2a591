"""Cost: what an operation costs in upstream calls, held against a limit before it runs and while it runs.

Every request pays for the check. So the most that a document can cost, whatever its variables, is found out once and
remembered with it; only where that is beyond the limit are the variables of a request looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import DocumentNode, OperationDefinitionNode
from strawberry import Schema

from gateway.execution.cost.estimate import estimate
from gateway.execution.cost.graph import Graph
from resolvers.federation.product_lines import LineSpec
from resolvers.sources import Sources
from resolvers.upstreams.prices import Learnt

Ceilings = dict[tuple[str, ...], tuple[int, int]]
"""What one operation of a document can cost whatever its variables: by the names of the sources that the caller may
read, with the revision of what was known of their scopes then."""


@dataclass(frozen=True, slots=True)
class Costs:
    """limit: calls that one operation may make."""

    schema: Schema
    limit: int
    max_page: int
    lines: Sequence[LineSpec] = ()

    def excess(
        self,
        ceilings: Ceilings,
        sources: Sources,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any] | None,
    ) -> int:
        """What the operation may cost, when that is more than the limit; else 0."""
        ceiling = ceilings.get(sources.names)
        if ceiling is None or ceiling[0] != Learnt.revision:
            ceiling = Learnt.revision, estimate(self._graph(sources), document, operation, None)
            ceilings[sources.names] = ceiling
        if ceiling[1] <= self.limit:
            return 0
        cost = self.estimate(sources, document, operation, variables)
        return cost if cost > self.limit else 0

    def estimate(
        self,
        sources: Sources,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any] | None,
    ) -> int:
        """Upstream calls it makes at most, with these variables."""
        return estimate(self._graph(sources), document, operation, variables or {})

    def _graph(self, sources: Sources) -> Graph:
        return Graph(self.schema, sources, self.lines, self.max_page)
