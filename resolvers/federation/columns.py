"""Columns: what an operation wants of each type of row, told from its text before anything is asked.

One walk over the document: aliases and fragments followed, a field of an interface counted for all that implement it,
what @skip and @include may leave out counted as selected. Its result is the union over the whole operation, so that
one row may serve every field that meets it: whoever is asked for releases in this request is asked for the same of
them. It depends on the document and the operation's name, and is remembered with them; only arguments that are
variables are looked at again for each request.

What a field reads is declared beside it (`graph.columns.reads`). A field that declares nothing may read anything: then
everything is wanted, which is always right and never cheap.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    EnumValueNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
    get_named_type,
    is_composite_type,
)

from resolvers.federation.filters.reads import Read, default_order, given_by_value, is_described, reads_of
from resolvers.graph.columns import NATIVE, declared_reads, linking
from resolvers.graph.node import Sourced
from resolvers.upstreams.port import Columns


@dataclass(frozen=True)
class Wants:
    """What one request wants of each type of row. Of one without `reads` everything is wanted."""

    reads: frozenset[Read] | None = None
    links: frozenset[tuple[str, str, str]] = frozenset()  # (type of row, its field, type of row behind it)
    _known: dict[tuple[str, ...], Columns] = field(default_factory=dict, compare=False, repr=False)

    def of(self, type_name: str, *support: str) -> Columns:
        """The columns to ask a row of this type with: its own, and those of rows that may come along with it.

        support: attributes that are read of these rows for another reason than a selection.
        """
        if self.reads is None:
            return None
        key = (type_name, *support)
        if key not in self._known:
            behind = (linking(link, self._own(target)) for owner, link, target in self.links if owner == type_name)
            self._known[key] = self._own(type_name).union(support, *behind)
        return self._known[key]

    def _own(self, type_name: str) -> frozenset[str]:
        return frozenset(column for owner, column in self.reads or () if owner == type_name)


EVERYTHING = Wants()


@dataclass(frozen=True)
class Wanted:
    """What an operation wants, as far as its text tells: all but the arguments that are variables."""

    reads: frozenset[Read] | None
    links: frozenset[tuple[str, str, str]] = frozenset()
    arguments: tuple[tuple[str, str], ...] = ()  # (input type, variable)
    defaults: Mapping[str, ValueNode] = field(default_factory=dict)  # of variables
    below_fleets: tuple[FieldNode, ...] = ()  # the lists of releases that are selected below fleets
    fragments: Mapping[str, FragmentDefinitionNode] = field(default_factory=dict)
    variables: tuple[VariableDefinitionNode, ...] = ()

    def by(self, variables: Mapping[str, Any] | None) -> Wants:
        if self.reads is None:
            return EVERYTHING
        if not self.arguments:
            return self._fixed
        found = set(self.reads)
        for input_type, name in self.arguments:
            more = self._of_variable(input_type, name, variables or {})
            if more is None:
                return EVERYTHING
            found |= more
        return _wants(frozenset(found), self.links)

    @cached_property
    def _fixed(self) -> Wants:
        return _wants(self.reads or frozenset(), self.links)

    def _of_variable(self, input_type: str, name: str, variables: Mapping[str, Any]) -> frozenset[Read] | None:
        if name in variables:
            return reads_of(input_type, given_by_value(variables[name]))
        return reads_of(input_type, _given(self.defaults.get(name)))


def wanted(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> Wanted:
    """Of a valid document.

    A change wants everything of what it reads again: it is rare, and checked against its order.
    """
    if operation.operation is not OperationType.QUERY:
        return Wanted(None)
    walk = _Walk(schema, document)
    walk.below(schema.query_type, operation.selection_set)
    if walk.is_open:
        return Wanted(None)
    defaults = {
        one.variable.name.value: one.default_value
        for one in operation.variable_definitions or ()
        if one.default_value is not None
    }
    return Wanted(
        frozenset(walk.reads),
        frozenset(walk.links),
        tuple(walk.arguments),
        defaults,
        tuple(walk.below_fleets),
        walk.fragments,
        tuple(operation.variable_definitions or ()),
    )


class _Walk:
    def __init__(self, schema: GraphQLSchema, document: DocumentNode):
        self.reads: set[Read] = set()
        self.links: set[tuple[str, str, str]] = set()
        self.arguments: dict[tuple[str, str], None] = {}
        self.below_fleets: list[FieldNode] = []
        self.is_open = False  # a field that may read anything is selected
        self._schema = schema
        self.fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._spread: set[str] = set()

    def below(self, parent: GraphQLNamedType | None, within: SelectionSetNode | None) -> None:
        for node in within.selections if within is not None else ():
            if isinstance(node, FieldNode):
                self._field(parent, node)
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                self.below(parent if condition is None else self._type(condition.name.value), node.selection_set)
            elif isinstance(node, FragmentSpreadNode):
                self._fragment(node.name.value)

    def _fragment(self, name: str) -> None:
        if name not in self._spread:
            self._spread.add(name)
            fragment = self.fragments[name]
            self.below(self._type(fragment.type_condition.name.value), fragment.selection_set)

    def _type(self, name: str) -> GraphQLNamedType | None:
        return self._schema.get_type(name)

    def _field(self, parent: GraphQLNamedType | None, node: FieldNode) -> None:
        name = node.name.value
        if name.startswith("__") or not isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
            return
        declared = parent.fields[name]
        result = get_named_type(declared.type)
        for owner in self._objects(parent):
            self._reads(owner, name)
            if (link := _linked(owner, result)) is not None:
                self.links.add((owner.name, _python_name(owner.fields[name]), link))
        if (parent.name, name) == ("Fleet", "releases"):
            self.below_fleets.append(node)
        self._arguments(declared, node)
        self._order(declared, node, result)
        if is_composite_type(result):
            self.below(result, node.selection_set)

    def _objects(self, parent: GraphQLObjectType | GraphQLInterfaceType) -> Iterable[GraphQLObjectType]:
        return [parent] if isinstance(parent, GraphQLObjectType) else self._schema.get_possible_types(parent)

    def _reads(self, owner: GraphQLObjectType, name: str) -> None:
        self._add(field_reads(self._schema, owner, name))

    def _add(self, reads: Iterable[Read] | None) -> None:
        if reads is None:
            self.is_open = True
        else:
            self.reads.update(reads)

    def _arguments(self, declared: GraphQLField, node: FieldNode) -> None:
        for argument in node.arguments or ():
            input_type = get_named_type(declared.args[argument.name.value].type).name
            if isinstance(argument.value, VariableNode):
                if is_described(input_type):
                    self.arguments[input_type, argument.value.name.value] = None
            else:
                self._add(reads_of(input_type, _given(argument.value)))

    def _order(self, declared: GraphQLField, node: FieldNode, result: GraphQLNamedType) -> None:
        """A list has an order, also when none was asked."""
        rows = _rows_of(result)
        if rows is not None and not any(argument.name.value == "orderBy" for argument in node.arguments or ()):
            self.reads.update(default_order(rows))


def field_reads(schema: GraphQLSchema, owner: GraphQLObjectType, name: str) -> Iterable[Read] | None:
    """What a field reads of rows; None when it is more than an attribute and declares nothing.

    A root field reads no row by itself: what it does read for another reason it declares like any other.
    """
    definition = owner.fields[name].extensions.get("strawberry-definition")
    if definition is None:  # of the machinery, such as _service
        return ()
    resolver = definition.base_resolver
    if resolver is None:
        return _qualified(_holder(schema, owner), (definition.python_name,))
    declared = declared_reads(resolver.wrapped_func)
    if declared is None:
        return () if owner is schema.query_type else None
    return _qualified(_holder(schema, owner), declared)


def _qualified(holder: Read | None, columns: Iterable[str]) -> Iterator[Read]:
    """Each with the type of row it is of; what is of no row is nobody's column."""
    for column in columns:
        other, dot, name = column.partition(".")
        if dot:
            yield other, name
        elif holder is not None:
            yield holder[0], holder[1] + column


def _holder(schema: GraphQLSchema, owner: GraphQLObjectType) -> Read | None:
    """The type of row that holds this type's attributes, and what stands before their names there."""
    if is_row(owner):
        return owner.name, ""
    row = _native_owners(schema).get(owner.name)
    return None if row is None else (row, NATIVE)


@cache
def _native_owners(schema: GraphQLSchema) -> Mapping[str, str]:
    """The types of row by those of their vendors' own parts."""
    return {
        part.name: owner.name
        for owner in schema.type_map.values()
        if isinstance(owner, GraphQLObjectType) and is_row(owner) and "native" in owner.fields
        for part in _members(schema, get_named_type(owner.fields["native"].type))
    }


def _members(schema: GraphQLSchema, part: GraphQLNamedType) -> Iterable[GraphQLNamedType]:
    return part.types if isinstance(part, GraphQLUnionType) else [part]


def is_row(owner: GraphQLNamedType) -> bool:
    """Whether sources are asked for objects of this type."""
    origin = getattr(owner.extensions.get("strawberry-definition"), "origin", None)
    return isinstance(origin, type) and issubclass(origin, Sourced)


def _linked(owner: GraphQLObjectType, result: GraphQLNamedType) -> str | None:
    """The type of row behind a field of a row: of one, or of a list."""
    if not is_row(owner):
        return None
    return result.name if is_row(result) else _rows_of(result)


def _rows_of(result: GraphQLNamedType) -> str | None:
    """The type of row that a connection lists."""
    nodes = result.fields.get("nodes") if isinstance(result, GraphQLObjectType) else None
    rows = None if nodes is None else get_named_type(nodes.type)
    return rows.name if rows is not None and is_row(rows) else None


def _python_name(declared: GraphQLField) -> str:
    name: str = declared.extensions["strawberry-definition"].python_name
    return name


def _given(value: ValueNode | None) -> Mapping[str, str | None]:
    """The fields of an input as the text gives them: the name of an enum's value, None for anything else."""
    if not isinstance(value, ObjectValueNode):
        return {}
    return {one.name.value: one.value.value if isinstance(one.value, EnumValueNode) else None for one in value.fields}


@lru_cache(maxsize=1024)
def _wants(reads: frozenset[Read], links: frozenset[tuple[str, str, str]]) -> Wants:
    return Wants(reads, links)
