"""Generated operations: valid ones over the whole schema, drawn by hypothesis."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLNamedType,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_leaf_type,
    is_union_type,
)
from hypothesis import strategies as st

from gateway.execution.executor import core
from resolvers import keys
from resolvers.schema import schema
from tests.unit.hostile_worlds import IDS, ROWS

SCHEMA = core(schema)
NOT_THE_SAME_TWICE = frozenset({("SourceReport", "fetchedAt")})
ALIASES = ("class", "None", "o", "p", "j", "d", "n1", "type", "rows", "Surprise", "__proto", "x", "data")
"Names that would do harm if they were ever part of generated code."
BY_NATIVE_ID = ("releaseByNativeId", "fleetByNativeId")
LISTS = ("releases", "fleets", "artifacts", "devices")
OBJECTS = (
    "sources",
    "source",
    "node",
    "nodes",
    "release",
    "fleet",
    "artifact",
    "device",
    "releaseByNativeId",
    "fleetByNativeId",
)
CONDITIONS = ("yes", "no")


@dataclass(frozen=True)
class Generated:
    text: str
    variables: dict[str, Any]


@dataclass
class _State:
    """What a document has gathered so far. left: fields it may still select."""

    left: int
    used: set[str] = field(default_factory=set)
    fragments: list[str] = field(default_factory=list)
    aliases: int = 0


def everything(row: str) -> str:
    """An operation with all fields of a type, and below those that hold objects of others all of their plain ones."""
    asked = " ".join(f'n{one}: node(id: "{keys.encode(row, "a", one)}") {{ ...All }}' for one in IDS)
    return f"{{ {asked} }} fragment All on {row} {_all(SCHEMA.type_map[row], 2)}"


def _all(type_: Any, depth: int) -> str:
    if is_union_type(type_):
        return f"{{ __typename {' '.join(f'... on {one.name} {_all(one, depth)}' for one in type_.types)} }}"
    shown = (_whole(type_, name, get_named_type(one.type), depth) for name, one in type_.fields.items())
    return f"{{ __typename {' '.join(filter(None, shown))} }}"


def _whole(parent: Any, name: str, type_: Any, depth: int) -> str:
    if (parent.name, name) in NOT_THE_SAME_TWICE:
        return ""
    if is_leaf_type(type_):
        return name
    return f"{name} {_all(type_, depth - 1)}" if depth else ""


@st.composite
def operations(draw: st.DrawFn) -> Generated:
    state = _State(left=draw(st.integers(10, 80)))
    roots = [_root(draw, state) for _ in range(draw(st.integers(1, 3)))]
    declared = ", ".join(f"${name}: Boolean!" + (" = true" if name == "yes" else "") for name in sorted(state.used))
    head = f"query Generated({declared})" if declared else "query Generated"
    text = "\n".join([f"{head} {{ {' '.join(roots)} }}", *state.fragments])
    values = {name: draw(st.booleans()) for name in sorted(state.used) if name == "no" or draw(st.booleans())}
    return Generated(text, values)


def _root(draw: st.DrawFn, state: _State) -> str:
    name = draw(st.sampled_from(LISTS if draw(st.booleans()) else (*LISTS, *OBJECTS)))
    return _field(draw, state, "Query", name, SCHEMA.query_type.fields[name], 5)  # type: ignore[union-attr]


def _field(draw: st.DrawFn, state: _State, parent: str, name: str, definition: GraphQLField, depth: int) -> str:
    state.left -= 1
    arguments = _arguments(draw, parent, name, definition)
    alias = _alias(draw, state) if arguments or draw(st.integers(0, 3)) == 0 else ""
    inner = get_named_type(definition.type)
    below = "" if is_leaf_type(inner) else " " + _selection(draw, state, inner, depth - 1)
    return f"{alias}{name}{arguments}{_directives(draw, state)}{below}"


def _alias(draw: st.DrawFn, state: _State) -> str:
    """Each alias is used once in a document: which fields may share one is not what is tried here."""
    state.aliases += 1
    return f"{draw(st.sampled_from(ALIASES))}{state.aliases}: "


def _directives(draw: st.DrawFn, state: _State) -> str:
    if draw(st.integers(0, 5)):
        return ""
    condition = draw(st.sampled_from(("true", "false", "$yes", "$no")))
    if condition.startswith("$"):
        state.used.add(condition[1:])
    return f" @{draw(st.sampled_from(('skip', 'include')))}(if: {condition})"


def _arguments(draw: st.DrawFn, parent: str, name: str, definition: GraphQLField) -> str:
    given = []
    if "first" in definition.args and draw(st.booleans()):
        given.append(f"first: {draw(st.sampled_from((0, 1, 2, 6, 999)))}")
    if "filter" in definition.args and draw(st.integers(0, 3)) == 0:
        given.append('filter: { sources: ["a"] }')
    if parent == "Query":
        given += _identity(draw, name)
    return f"({', '.join(given)})" if given else ""


def _identity(draw: st.DrawFn, name: str) -> list[str]:
    source, native_id = draw(st.sampled_from("ab")), draw(st.sampled_from((*IDS, "9")))
    if name == "source":
        return [f'name: "{source}"']
    if name.endswith("ByNativeId"):
        return [f'source: "{source}", nativeId: "{native_id}"']
    if name == "nodes":
        return [f"ids: [{', '.join(_id(draw) for _ in range(draw(st.integers(0, 4))))}]"]
    if name == "node":
        return [f"id: {_id(draw)}"]
    if name in ("release", "fleet", "artifact", "device"):
        return [f'id: "{keys.encode(name.title(), source, native_id)}"']
    return []


def _id(draw: st.DrawFn) -> str:
    type_name = draw(st.sampled_from((*ROWS, "Source", "Nonsense")))
    native_id = "" if type_name == "Source" else draw(st.sampled_from((*IDS, "9")))
    return f'"{keys.encode(type_name, draw(st.sampled_from("ab")), native_id)}"'


def _selection(draw: st.DrawFn, state: _State, type_: GraphQLNamedType, depth: int) -> str:
    chosen = [_part(draw, state, type_, depth) for _ in range(draw(st.integers(1, 8)))]
    if type_.name.endswith("Connection") and depth > 0 and draw(st.integers(0, 4)):
        chosen.append(_field(draw, state, type_.name, "nodes", type_.fields["nodes"], depth))  # type: ignore[attr-defined]
    return f"{{ {' '.join(filter(None, chosen)) or '__typename'} }}"


def _part(draw: st.DrawFn, state: _State, type_: GraphQLNamedType, depth: int) -> str:
    if is_abstract_type(type_) or (depth > 0 and draw(st.integers(0, 7)) == 0):
        return _fragment(draw, state, type_, depth)
    fields = {
        name: one
        for name, one in type_.fields.items()  # type: ignore[attr-defined]
        if (type_.name, name) not in NOT_THE_SAME_TWICE
        and (is_leaf_type(get_named_type(one.type)) or (depth > 0 and state.left > 0))
    }
    name = draw(st.sampled_from((*fields, "__typename")))
    return name if name == "__typename" else _field(draw, state, type_.name, name, fields[name], depth)


def _fragment(draw: st.DrawFn, state: _State, type_: GraphQLNamedType, depth: int) -> str:
    """Inline, named, or without a type; on the type, or on one that it may be or that it implements."""
    on = draw(st.sampled_from(_may_be(type_)))
    if not is_composite_type(on):
        return "__typename"
    inner = _fields_of(draw, state, on, depth)
    directives = _directives(draw, state)
    if draw(st.booleans()):
        return f"... on {on.name}{directives} {inner}"
    state.fragments.append(f"fragment F{len(state.fragments)} on {on.name} {inner}")
    return f"...F{len(state.fragments) - 1}{directives}"


def _may_be(type_: Any) -> list[Any]:
    return list(SCHEMA.get_possible_types(type_)) if is_abstract_type(type_) else [type_, *type_.interfaces]


def _fields_of(draw: st.DrawFn, state: _State, type_: Any, depth: int) -> str:
    if is_abstract_type(type_):
        return "{ __typename id }"
    return _selection(draw, state, type_, depth - 1)
