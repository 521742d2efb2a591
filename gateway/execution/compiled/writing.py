"""Writing: a selection as the source of functions, one for each object type in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLAbstractType,
    GraphQLEnumType,
    GraphQLField,
    GraphQLLeafType,
    GraphQLList,
    GraphQLObjectType,
    GraphQLOutputType,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetails

from gateway.execution.compiled import fields, leaves
from gateway.execution.compiled.fields import Called, GlobalId, Plain, Way
from gateway.execution.compiled.regions import Region, Slot
from gateway.execution.compiled.surprise import Surprise
from gateway.execution.compiled.text import Text
from resolvers import keys
from resolvers.graph.lookups import LookUp

Details = list[FieldDetails]


def region(executor: Executor[Any], type_: GraphQLOutputType, details: Details) -> Region:
    """The region of values of a type, selected as `details` say. Raises Surprise when it cannot be compiled."""
    writer = _Writer(executor)
    body = writer.value(type_, "o", "p", details)
    return Region(writer.text.compiled(writer.text.function([f"return {body}"])), writer.slots)


@dataclass(frozen=True, slots=True)
class _Field:
    """One field of a selection, with expressions for the trail of its object and for its own."""

    key: str
    parent: GraphQLObjectType
    field: GraphQLField
    details: Details
    at: str
    trail: str


class _Writer:
    """Expressions are of a value `of`, a name, and its trail `at`, an expression."""

    def __init__(self, executor: Executor[Any]):
        self._executor = executor
        self.text = Text()
        self.slots: list[Slot] = []

    def value(self, type_: GraphQLOutputType, of: str, at: str, details: Details) -> str:
        """What is shown of a value."""
        if is_non_null_type(type_):
            return self._present(type_.of_type, of, at, details)
        return f"(None if {of} is None else {self._present(type_, of, at, details)})"

    def _present(self, type_: Any, of: str, at: str, details: Details) -> str:
        """The same of a value that must not be None: raises for None."""
        if is_leaf_type(type_):
            return self._leaf(type_, of)
        if is_list_type(type_):
            return self._list(type_, of, at, details)
        before = len(self.slots)
        if is_abstract_type(type_):
            function = f"{self._table(type_, details)}[type({of})]"
        else:
            function = self._object(type_, details)
        return f"{function}({of}, {at if len(self.slots) > before else None}, j)"

    def _leaf(self, leaf: GraphQLLeafType, of: str) -> str:
        serialised = f"{self.text.name(leaves.serialiser(leaf))}({of})"
        if leaf in leaves.UNCHANGED:
            return f"({of} if {leaves.UNCHANGED[leaf].format(of)} else {serialised})"
        sure = leaves.SURE.get(leaf.name)
        if sure is not None:
            coerced = f"{self.text.name(leaf.coerce_output_value)}({of})"
            return f"({coerced} if type({of}) is {self.text.name(sure)} else {serialised})"
        words = leaves.words(leaf) if isinstance(leaf, GraphQLEnumType) else None
        if words is None:
            return serialised
        members, by_name = (self.text.name(one) for one in words)
        return f"({by_name}[{of}._name_] if type({of}) is {members} else {serialised})"

    def _list(self, type_: GraphQLList[Any], of: str, at: str, details: Details) -> str:
        bare = type_.of_type.of_type if is_non_null_type(type_.of_type) else type_.of_type
        if isinstance(bare, GraphQLObjectType):
            before = len(self.slots)
            function = self._objects(bare, details, is_optional=bare is type_.of_type)
            return f"{function}({of}, {at if len(self.slots) > before else None}, j)"
        item, index, before = self.text.fresh(), self.text.fresh(), len(self.slots)
        shown = self.value(type_.of_type, item, f"({at}, {index}, None)", details)
        if len(self.slots) > before:
            return f"[{shown} for {index}, {item} in enumerate(rows({of}))]"
        return f"[{shown} for {item} in rows({of})]"

    def _table(self, type_: GraphQLAbstractType, details: Details) -> str:
        """Functions by the concrete class, of all types the abstract one can be."""
        if fields.is_told_otherwise(type_):
            raise Surprise
        types = self._executor.schema.get_possible_types(type_)
        return self.text.table({_class(one): self._object(one, details) for one in types})

    def _object(self, type_: GraphQLObjectType, details: Details) -> str:
        """The function of objects of a type."""
        lines, shown, later = self._body(type_, details, "p")
        if not later:
            return self.text.function([*lines, f"return {shown}"])
        return self.text.function([*lines, f"d = {shown}", *later, "return d"])

    def _objects(self, type_: GraphQLObjectType, details: Details, *, is_optional: bool) -> str:
        """The function of lists of them: a call for each object would cost as much as two of its fields."""
        before = len(self.slots)
        lines, shown, later = self._body(type_, details, "(p, i, None)")
        over = "for i, o in enumerate(rows(l)):" if len(self.slots) > before else "for o in rows(l):"
        null = ["if o is None:", "    a(None)", "    continue"] if is_optional else []
        ends = [f"d = {shown}", *later, "a(d)"] if later else [f"a({shown})"]
        inside = (f"    {line}" for line in (*null, *lines, *ends))
        return self.text.function(["f, l = [], o", "a = f.append", over, *inside, "return f"])

    def _body(self, type_: GraphQLObjectType, details: Details, at: str) -> tuple[list[str], str, list[str]]:
        """(lines that come first, the dict of an object `o`, lines that use it as `d`)."""
        lines = [f"if type(o) is not {self.text.name(_class(type_))}: raise Surprise"]
        shown, later = [], []
        for key, own in self._selected(type_, details).items():
            name = self.text.name(key)
            before, what, after = self._field(key, name, type_, own, at)
            lines += before
            shown.append(f"{name}: {what}")
            later += after
        return lines, f"{{{', '.join(shown)}}}", later

    def _selected(self, type_: GraphQLObjectType, details: Details) -> dict[str, Details]:
        grouped, deferred, _ = self._executor.collect_subfields(type_, details)
        if deferred or any(one.fragment_variable_values for own in grouped.values() for one in own):
            raise Surprise
        return grouped

    def _field(
        self, key: str, name: str, parent: GraphQLObjectType, details: Details, at: str
    ) -> tuple[list[str], str, list[str]]:
        """(lines before the dict is made, the value in it, lines after that) of one field."""
        field_name = details[0].node.name.value
        if field_name == "__typename":
            return [], self.text.name(parent.name), []
        field = self._executor.schema.get_field(parent, field_name)
        if field is None:
            raise Surprise
        one = _Field(key, parent, field, details, at, f"({at}, {name}, {self.text.name(parent.name)})")
        before = len(self.slots)
        try:
            return self._own(one, fields.way(parent, field))
        except Surprise:
            del self.slots[before:]
            if is_non_null_type(field.type):
                raise
            return [], "None", [self._later(one, "o")]

    def _own(self, one: _Field, way: Way | None) -> tuple[list[str], str, list[str]]:
        value = self.text.fresh()
        if isinstance(way, Plain):
            return [f"{value} = o.{way.attribute}"], self._shown(one, value), []
        if isinstance(way, GlobalId):
            encode = f"{self.text.name(keys.encode)}({self.text.name(one.parent.name)}, o.source_name, o.native_id)"
            return [f"{value} = {encode}"], self._shown(one, value), []
        if isinstance(way, LookUp):
            return self._looked_up(one, way, value)
        if way is None:
            raise Surprise
        function = self.text.name(way.function)
        if way.is_async:
            return [], "None", [self._later(one, "o", way)]
        return [f"{value} = {function}(o{', j[0]' if way.wants_info else ''})"], self._shown(one, value), []

    def _looked_up(self, one: _Field, way: LookUp, value: str) -> tuple[list[str], str, list[str]]:
        key = self.text.fresh()
        later = self._later(one, "r", way)
        ask = [
            f"s, {key} = o.source_name, o.{way.by}",
            f"if type({key}) is str and type(s) is str:",
            f"    r = s, {key}",
            *(f"    {line}" for line in self._brought(one, later)),
            f"elif {key} is not None: raise Surprise" if way.is_optional else "else: raise Surprise",
        ]
        if way.known is None:
            return [], "None", ask
        unknown = [f"if {value} is None:", *(f"    {line}" for line in ask)]
        return [f"{value} = o.{way.known}"], self._shown(one, value), unknown

    def _brought(self, one: _Field, later: str) -> list[str]:
        """Lines that show what came along with the object of the last slot, or note it to be waited for."""
        slot = self.slots[-1]
        if not slot.is_brought or not hasattr(_class(one.parent), "along"):
            return [later]
        noted, key = f"j[{len(self.slots)}]", self.text.name(one.key)
        return [
            f"x = {noted}.shown.get(r)",
            f"if x is None: x = {noted}.show(o, r)",
            f"if x is False: {later}",
            f"else: d[{key}] = x",
        ]

    def _shown(self, one: _Field, value: str) -> str:
        return self.value(one.field.type, value, one.trail, one.details)

    def _later(self, one: _Field, what: str, way: LookUp | Called | None = None) -> str:
        """A line that notes what to wait for."""
        inner = None if way is None else region(self._executor, one.field.type, one.details)
        self.slots.append(Slot(one.key, one.parent, one.field, one.details, way, inner))
        return f"j[{len(self.slots)}].append((d, {what}, {one.at}))"


def _class(type_: GraphQLObjectType) -> type:
    found = fields.origin(type_)
    if found is None:
        raise Surprise
    return found
