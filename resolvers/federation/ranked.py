"""Ranked: rows in order, and as much of what tells that order as somebody needs.

Comparing rows is most of what a merge costs, so it is done by the least that is enough: keys that all differ tell the
order alone; source names and native ids are looked at only where keys tie; rows of one stream need not be compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import islice
from operator import le
from typing import Any, TypeVar

from resolvers.federation.order import Order, OrderKey, Rank
from resolvers.graph.node import Placed

T = TypeVar("T", bound=Placed)


class Ranked(list[T]):
    """keys: of the rows, where they are known already; groups: of these, likewise."""

    def __init__(
        self,
        rows: Iterable[T],
        order: Order[T],
        keys: Sequence[OrderKey] | None = None,
        groups: list[Any] | None = None,
    ):
        super().__init__(rows)
        self.order, self._keys, self._groups = order, keys, groups

    @classmethod
    def sorted(cls, rows: Sequence[T], order: Order[T]) -> Ranked[T]:
        """Rows of no order yet."""
        given = cls(rows, order)
        by = given.ranks if given.groups is None else given.groups
        if is_ascending(by):
            return given
        places = sorted(range(len(rows)), key=by.__getitem__)
        return cls((rows[place] for place in places), order, [given.keys[place] for place in places])

    @cached_property
    def keys(self) -> Sequence[OrderKey]:
        return self.order.keys.of_all(self) if self._keys is None else self._keys

    @cached_property
    def groups(self) -> list[Any] | None:
        """What sorts like the rows do and is less than their ranks; None when it does not tell all of them apart."""
        groups = self._groups
        if groups is None:
            if None in self.keys:
                return None
            groups = self.order.groups(self.keys)
        return groups if len(set(groups)) == len(groups) else None

    @cached_property
    def ranks(self) -> list[Rank]:
        return self.order.ranks(self, self.keys)

    def between(self, begin: int, end: int) -> Ranked[T]:
        return Ranked(self[begin:end], self.order, self.keys[begin:end])


def is_ascending(values: Sequence[Any]) -> bool:
    return all(map(le, values, islice(values, 1, None)))
