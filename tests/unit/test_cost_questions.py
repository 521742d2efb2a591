"""What fields ask is known for every one of them: one that is missing would cost nothing in an estimate."""

from __future__ import annotations

import inspect

from graphql import GraphQLObjectType

from gateway.execution.cost.questions import ASKED, LINKED, LOOK_UPS
from gateway.execution.cost.roots import FIELDS
from gateway.execution.executor import core
from resolvers.entities import KEYS
from resolvers.graph.questions import Question
from resolvers.keys import OF_NO_SOURCE
from resolvers.request import TYPES
from resolvers.schema import schema
from resolvers.upstreams.port import Upstream

SCHEMA = core(schema)
SETTINGS_TELL = {("Query", "_service")}


def _asking() -> set[tuple[str, str]]:
    """Fields whose resolver reaches beyond its own row."""
    return {
        (owner.name, name)
        for owner in SCHEMA.type_map.values()
        if isinstance(owner, GraphQLObjectType) and owner is not SCHEMA.mutation_type
        for name, field in owner.fields.items()
        if (resolver := getattr(field.extensions.get("strawberry-definition"), "base_resolver", None)) is not None
        and (
            "info" in inspect.signature(resolver.wrapped_func).parameters
            or inspect.iscoroutinefunction(resolver.wrapped_func)
        )
    }


def test_every_field_that_asks_has_a_price() -> None:
    known = ASKED.keys() | LINKED.keys() | FIELDS.keys() | SETTINGS_TELL

    missing = {one for one in _asking() if one not in known and one[1] != "source"}

    assert missing == set()


def test_every_price_is_of_a_field_that_there_is() -> None:
    known = {(owner, name) for owner, name in [*ASKED, *FIELDS, *LINKED]}

    gone = {(owner, name) for owner, name in known if name not in SCHEMA.type_map[owner].fields}  # type: ignore[attr-defined]

    assert gone == set()


def test_every_question_of_a_price_is_one_of_the_port() -> None:
    asked = {question for questions in ASKED.values() for question in questions} | {*LINKED.values()}

    assert [question for question in asked if not hasattr(Upstream, question)] == []
    assert {question for question in Question if question not in asked} <= {
        *LOOK_UPS.values(),
        Question.VERSION_COUNTS_OF_FLEET,
    }


def test_every_type_that_an_id_may_be_of_has_a_look_up() -> None:
    assert LOOK_UPS.keys() == KEYS.keys()
    assert {name: question for name, question in LOOK_UPS.items() if question} == TYPES
    assert LOOK_UPS.keys() > OF_NO_SOURCE


def test_every_price_of_a_vendor_is_of_a_question_it_answers() -> None:
    from resolvers.upstreams.absent import Absent
    from resolvers.upstreams.registry import ADAPTERS

    idle = {
        (kind, question)
        for kind, adapter in ADAPTERS.items()
        for question in adapter.facts.prices.own
        if getattr(adapter, question, None) in (None, getattr(Absent, question, None))
    }

    assert idle == set()
