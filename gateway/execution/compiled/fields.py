"""Fields: how a field gets its value, read from strawberry's definition of it.

Not from graphql-core's side: there a plain attribute and one behind a permission class look alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from keyword import iskeyword
from types import FunctionType
from typing import Any

from graphql import GraphQLAbstractType, GraphQLField, GraphQLObjectType, is_non_null_type
from strawberry.types.field import StrawberryField

from resolvers.graph.lookups import LOOK_UPS, LookUp
from resolvers.graph.node import Node, Sourced

DEFINITION = "strawberry-definition"
"Where strawberry keeps its own definitions in graphql-core's objects."


@dataclass(frozen=True, slots=True)
class Plain:
    """An attribute of the object."""

    attribute: str


@dataclass(frozen=True, slots=True)
class Called:
    """A resolver without arguments: `function(object)`, or `function(object, info)`."""

    function: Callable[..., Any]
    wants_info: bool
    is_async: bool


@dataclass(frozen=True, slots=True)
class GlobalId:
    """The id of a row: of its type, source name and native id. Every row has one, so its resolver is written out."""


Way = Plain | Called | GlobalId | LookUp


def way(parent: GraphQLObjectType, field: GraphQLField) -> Way | None:
    """How its value is had; None: as graphql-core does it, whatever that takes."""
    own = field.extensions.get(DEFINITION)
    if not isinstance(own, StrawberryField) or own.extensions or field.args:
        return None
    if _is_global_id(parent, own):
        return GlobalId()
    found = _attribute(own) if own.base_resolver is None else _called(own)
    if found is None or not may_wait(found):
        return found
    # Nobody above is there any more to take the null of a field that was waited for.
    return None if is_non_null_type(field.type) else LOOK_UPS.get((parent.name, own.python_name), found)


def _is_global_id(parent: GraphQLObjectType, own: StrawberryField) -> bool:
    class_, resolver = origin(parent), own.base_resolver
    is_row = class_ is not None and issubclass(class_, Sourced) and class_._route is Sourced._route
    return is_row and resolver is not None and resolver.wrapped_func is vars(Node)["id"]


def may_wait(way: Way) -> bool:
    return isinstance(way, LookUp) or (isinstance(way, Called) and way.is_async)


def origin(type_: GraphQLObjectType) -> type | None:
    """The class whose objects are of this type and of no other; None where that is not for the class alone to say."""
    own = type_.extensions.get(DEFINITION)
    if own is None or own.is_type_of is not None:
        return None
    generic = own.concrete_of
    found: type = own.origin if generic is None else generic.origin
    return found


def is_told_otherwise(type_: GraphQLAbstractType) -> bool:
    """Whether the type of an object behind this one is not simply that of its class."""
    own = type_.extensions.get(DEFINITION)
    return own is None or getattr(own, "resolve_type", None) is not None


def _attribute(own: StrawberryField) -> Plain | None:
    name = own.python_name
    is_usual = own.default_resolver is getattr and name.isidentifier() and not iskeyword(name)
    return Plain(name) if is_usual else None


def _called(own: StrawberryField) -> Called | None:
    resolver = own.base_resolver
    function = resolver.wrapped_func if resolver is not None else None
    if resolver is None or not isinstance(function, FunctionType):
        return None
    parameters = tuple(resolver.signature.parameters)
    if parameters not in (("self",), ("self", "info")):
        return None
    return Called(function, len(parameters) == 2, resolver.is_async)
