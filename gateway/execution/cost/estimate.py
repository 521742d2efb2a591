"""Estimate: how many upstream calls an operation makes at most, told before anything is asked.

One walk over the operation, which carries how many rows of each source there may be at each place: a field that asks
costs its question's price for so many rows, once for each place it is selected at. Where a source answers in one call
what is asked at two places, or brings along what would be asked next, it is less: this is the most.

Not in it, and counted while it runs: pages of a list beyond the second, pages beyond the second that filters applied
here make necessary, retries, and sessions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLUnionType,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    get_variable_values,
    value_from_ast_untyped,
)

from gateway.execution.cost import roots
from gateway.execution.cost.graph import UNKNOWN_VALUE, Graph, holds_variable
from gateway.execution.cost.questions import ASKED, LINKED
from resolvers.federation.pages import DEFAULT_SIZE
from resolvers.federation.reading import MAX_ROWS
from resolvers.graph.enums import SourceKind

Rows = Mapping[str, int]
"How many rows of each source there may be, by its name."
Calls = Counter[str]
NATIVE = {"BalenaRelease": SourceKind.BALENA, "BuildMasterRelease": SourceKind.BUILDMASTER}
"Parts of one vendor alone that ask something."


def estimate(
    graph: Graph, document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any] | None
) -> int:
    """Calls at most. variables: as they were sent; None: whatever they are. The document is valid.

    0 when they do not fit: nothing is executed then.
    """
    values: Mapping[str, Any] | None = None
    if variables is not None:
        coerced = get_variable_values(graph.core, operation.variable_definitions or (), dict(variables), max_errors=1)
        if isinstance(coerced, list):
            return 0
        values = coerced.coerced
    return Walk(graph, document, values).total(operation)


class Walk:
    """One operation. calls: by source, as far as it was walked."""

    def __init__(self, graph: Graph, document: DocumentNode, variables: Mapping[str, Any] | None):
        self.graph, self.variables = graph, variables
        self.calls: Calls = Counter()
        self.of_lines: set[str] = set()  # what product lines are read for: see `roots.of_lines`
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._known: dict[tuple[str, str, frozenset[tuple[str, int]]], Calls] = {}

    def total(self, operation: OperationDefinitionNode) -> int:
        root = self.graph.core.get_root_type(operation.operation)
        if root is not None:
            self.below(root, operation.selection_set, {})
        return self.calls.total() + roots.of_lines(self).total()

    # what is selected

    def below(self, owner: GraphQLNamedType, within: SelectionSetNode | None, rows: Rows) -> None:
        for node in within.selections if within is not None else ():
            if not self._is_included(node):
                continue
            if isinstance(node, FieldNode):
                self._field(owner, node, rows)
            elif isinstance(node, InlineFragmentNode):
                name = node.type_condition.name.value if node.type_condition is not None else owner.name
                self._part(owner, name, node.selection_set, rows)
            elif isinstance(node, FragmentSpreadNode):
                self._fragment(owner, node.name.value, rows)

    def _fragment(self, owner: GraphQLNamedType, name: str, rows: Rows) -> None:
        """Walked once for each state it is met in: fragments inside fragments would else be walked over and over."""
        key = name, owner.name, frozenset(rows.items())
        if key not in self._known:
            fragment = self._fragments[name]
            condition = fragment.type_condition.name.value
            self._known[key] = self.measured(lambda: self._part(owner, condition, fragment.selection_set, rows))
        self.calls += self._known[key]

    def _part(self, owner: GraphQLNamedType, condition: str, within: SelectionSetNode, rows: Rows) -> None:
        """A fragment: of the type itself, of one that it may be, or that it implements."""
        on = self.graph.core.type_map[condition]
        if isinstance(owner, GraphQLObjectType):
            if on is owner or _may_be(self.graph, on, owner):
                self.below(owner, within, rows)
        elif on is owner or isinstance(on, GraphQLInterfaceType):
            self.below(on, within, rows)
        elif on.name in NATIVE:
            own = self.graph.of_kind(NATIVE[on.name])
            self.below(on, within, {name: count for name, count in rows.items() if name in own})
        else:
            self.below(on, within, rows)

    def _field(self, owner: GraphQLNamedType, node: FieldNode, rows: Rows) -> None:
        name = node.name.value
        if name.startswith("__") or not isinstance(owner, GraphQLObjectType | GraphQLInterfaceType):
            return
        declared = owner.fields[name]
        special = roots.FIELDS.get((owner.name, name))
        if special is not None:
            special(self, declared, node, rows)
            return
        for question in ASKED.get((owner.name, name), ()):
            self.ask(question, rows)
        self.go_on(declared, node, self.page(declared, node, rows, LINKED.get((owner.name, name))))

    def page(self, declared: GraphQLField, node: FieldNode, rows: Rows, linked: str | None = None) -> Rows:
        """The rows of a list below rows; the same where it is none."""
        if not is_connection(get_named_type(declared.type)):
            return rows
        size = self.size(declared, node)
        rows = {source: min(count * size, MAX_ROWS) for source, count in rows.items()}
        if linked is not None:
            self.ask(linked, rows)
        return rows

    def go_on(self, declared: GraphQLField, node: FieldNode, rows: Rows) -> None:
        result = get_named_type(declared.type)
        if node.selection_set is not None:
            self.below(result, node.selection_set, rows)

    # what it costs

    def ask(self, question: str, rows: Rows) -> None:
        for source, count in rows.items():
            self.calls[source] += self.graph.below(source, question, count)

    def measured(self, walking: Callable[[], None]) -> Calls:
        """What that costs, by itself."""
        before, self.calls = self.calls, Counter()
        try:
            walking()
            return self.calls
        finally:
            self.calls = before

    def dearest(self, sources: Iterable[str], walking: Callable[[str], None]) -> None:
        """One of these sources, not known which."""
        costs: list[Calls] = [self.measured(partial(walking, source)) for source in sources]
        if costs:
            self.calls += costs[max(range(len(costs)), key=lambda at: costs[at].total())]

    # what is given

    def given(self, declared: GraphQLField, node: FieldNode) -> dict[str, Any]:
        """Arguments as the resolver would get them; UNKNOWN_VALUE in the place of those that cannot be told.

        Raises GraphQLError for what does not fit.
        """
        nodes = {one.name.value: one.value for one in node.arguments or ()}
        open_ = {name for name, value in nodes.items() if self.variables is None and holds_variable(value)}
        told = {name: value for name, value in nodes.items() if name not in open_}
        names = {"filter": "filter", "orderBy": "order_by", "nativeId": "native_id"}
        unknown = {names.get(name, name): UNKNOWN_VALUE for name in open_}
        return {**self.graph.arguments(declared, told, self.variables or {}), **unknown}

    def size(self, declared: GraphQLField, node: FieldNode) -> int:
        """Rows of a page; what is no number is somebody else's error."""
        sizes = [self._number(one.value) for one in node.arguments or () if one.name.value in ("first", "last")]
        told = [size for size in sizes if size is not None]
        return min(max(max(told, default=DEFAULT_SIZE), 0), self.graph.max_page)

    def _number(self, node: Any) -> int | None:
        if self.variables is None and holds_variable(node):
            return self.graph.max_page
        value = value_from_ast_untyped(node, dict(self.variables or {}))
        return value if isinstance(value, int) else None

    def selects(self, node: FieldNode, name: str) -> bool:
        """Whether a field is selected right below another, also in a fragment."""
        return self._selects(node.selection_set, name)

    def _selects(self, within: SelectionSetNode | None, name: str) -> bool:
        return any(self._is_or_holds(one, name) for one in (within.selections if within is not None else ()))

    def _is_or_holds(self, node: Any, name: str) -> bool:
        if isinstance(node, FieldNode):
            return node.name.value == name
        if isinstance(node, FragmentSpreadNode):
            return self._selects(self._fragments[node.name.value].selection_set, name)
        return self._selects(node.selection_set, name)

    def _is_included(self, node: Any) -> bool:
        """By its @skip and @include, as far as they can be told."""
        for directive in node.directives or ():
            name = directive.name.value
            if name not in ("skip", "include") or not directive.arguments:
                continue
            value = directive.arguments[0].value
            if self.variables is None and holds_variable(value):
                continue
            if value_from_ast_untyped(value, dict(self.variables or {})) is (name == "skip"):
                return False
        return True


def is_connection(result: GraphQLNamedType) -> bool:
    return isinstance(result, GraphQLObjectType) and "nodes" in result.fields and "pageInfo" in result.fields


def _may_be(graph: Graph, on: GraphQLNamedType, owner: GraphQLObjectType) -> bool:
    is_abstract = isinstance(on, GraphQLInterfaceType | GraphQLUnionType)
    return is_abstract and graph.core.is_sub_type(on, owner)  # type: ignore[arg-type]  # checked just now
