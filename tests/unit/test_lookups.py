"""Each declared look-up asks what its resolver asks: the table and the resolvers cannot drift apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from inspect import signature
from types import SimpleNamespace
from typing import Any

import pytest
from graphql import GraphQLObjectType

from gateway.execution.executor import core
from resolvers.graph.lookups import LOOK_UPS, LookUp
from resolvers.schema import schema

OBJECT = {"source_name": "a", "native_id": "the id", "route": ("a", "the id")}


@dataclass
class Book:
    """A context that notes what it is asked."""

    asked: list[tuple[Any, ...]] = field(default_factory=list)

    async def answer(self, *question: Any) -> str:
        self.asked.append(question)
        return "the answer"


def resolver(type_name: str, python_name: str) -> Any:
    type_ = core(schema).type_map[type_name]
    assert isinstance(type_, GraphQLObjectType)
    own = {one.extensions["strawberry-definition"].python_name: one for one in type_.fields.values()}
    return own[python_name].extensions["strawberry-definition"].base_resolver.wrapped_func


async def resolved(place: tuple[str, str], **attributes: Any) -> tuple[Any, list[tuple[Any, ...]]]:
    """What the resolver gives for an object, and what it asked."""
    book = Book()
    value = await resolver(*place)(SimpleNamespace(**{**OBJECT, **attributes}), SimpleNamespace(context=book))
    return value, book.asked


def attributes(declared: LookUp) -> dict[str, Any]:
    """As of an object for which the question has to be asked."""
    known = {} if declared.known is None else {declared.known: None}
    return {**known, declared.by: "the id"}


@pytest.mark.parametrize("place", LOOK_UPS, ids=".".join)
async def test_the_resolver_asks_what_is_declared(place: tuple[str, str]) -> None:
    declared = LOOK_UPS[place]

    value, asked = await resolved(place, **attributes(declared))

    assert (value, asked) == ("the answer", [(declared.question, "a", "the id")])
    assert tuple(signature(resolver(*place)).parameters) == ("self", "info")


@pytest.mark.parametrize("place", [place for place, one in LOOK_UPS.items() if one.known], ids=".".join)
async def test_what_is_known_is_not_asked(place: tuple[str, str]) -> None:
    declared = LOOK_UPS[place]

    value, asked = await resolved(place, **{**attributes(declared), str(declared.known): "known"})

    assert (value, asked) == ("known", [])


@pytest.mark.parametrize("place", [place for place, one in LOOK_UPS.items() if one.by != "native_id"], ids=".".join)
async def test_without_an_id_it_is_asked_only_where_one_must_be_there(place: tuple[str, str]) -> None:
    declared = LOOK_UPS[place]

    value, asked = await resolved(place, **{**attributes(declared), declared.by: None})

    assert (value, asked == []) == ((None, True) if declared.is_optional else ("the answer", False))
