"""Measuring: what each operation costs in each world, over all its subjects, whether the upstreams
answer at once or one after another.

An operation's one required variable says what it is about, and is given each of the world's: `$fleet`, `$release` and
`$device` are global ids, `$commit` is a revision. The dearest of them is its price.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import NonNullTypeNode, OperationDefinitionNode, parse

from tests.bounds.stated import Price, Stated
from tests.bounds.worlds import SCALES, Cost, World, world


@dataclass(frozen=True, slots=True)
class Measured:
    """One operation in one world. costs: of each try."""

    price: Price
    costs: Sequence[Cost]


def prices_of(found: Mapping[str, Sequence[Measured]]) -> dict[str, tuple[Price, ...]]:
    """Prices by name, one for each world."""
    return {name: tuple(one.price for one in worlds) for name, worlds in found.items()}


def measured(operations: Sequence[Stated], *, times: int = 1) -> dict[str, tuple[Measured, ...]]:
    """By name, one for each world of SCALES. times: how often each is tried, for answers race."""
    return asyncio.run(_measured(operations, times))


async def _measured(operations: Sequence[Stated], times: int) -> dict[str, tuple[Measured, ...]]:
    by_world = [await _in_world(scale, operations, times) for scale in SCALES]
    return {one.name: tuple(prices[one.name] for prices in by_world) for one in operations}


async def _in_world(scale: int, operations: Sequence[Stated], times: int) -> dict[str, Measured]:
    async with world(scale) as asked:
        subjects = await asked.subjects()
        return {one.name: await _price(asked, one, subjects, times) for one in operations}


async def _price(asked: World, one: Stated, subjects: dict[str, list[str]], times: int) -> Measured:
    tries = [await _tried(asked, one, subjects, one_by_one=slowly) for slowly in (False, True) for _ in range(times)]
    dearest = [max(cost.calls for cost in costs) for costs in tries]
    return Measured(Price(min(dearest), max(dearest)), [cost for costs in tries for cost in costs])


async def _tried(asked: World, one: Stated, subjects: dict[str, list[str]], *, one_by_one: bool) -> list[Cost]:
    return [await asked.cost(one.query, given, one_by_one=one_by_one) for given in _variables(one, subjects)]


def _variables(one: Stated, subjects: dict[str, list[str]]) -> Iterator[dict[str, Any]]:
    names = required(one.query)
    if not names:
        yield {}
    for name in names:
        yield from ({name: subject} for subject in subjects[name])


def required(query: str) -> list[str]:
    """Names of the variables that must be given."""
    operations = [node for node in parse(query).definitions if isinstance(node, OperationDefinitionNode)]
    return [
        definition.variable.name.value
        for operation in operations
        for definition in operation.variable_definitions or ()
        if isinstance(definition.type, NonNullTypeNode) and definition.default_value is None
    ]
