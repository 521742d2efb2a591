"""Prices: how many calls a question costs a vendor, as each adapter declares it in its facts.

For telling beforehand what an operation will cost at most. Calls grow with scopes and full chunks, never with rows, but
for lists that a vendor gives in pages: those are taken for two pages, and what is beyond is counted while it is read.
A method that an adapter inherits from `Absent` costs nothing, and needs no price.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

ANY_NUMBER = 2**31
"Keys of one call, where a list that is read anyway answers for all of them."


@dataclass(frozen=True, slots=True)
class ScopeCount:
    """How many scopes a source has, and how many organizations those are in."""

    scopes: int = 1
    organizations: int = 1


ONE_SCOPE = ScopeCount()
UNKNOWN = ScopeCount(scopes=4)
"Assumed until a source was asked for its scopes."


class Learnt:
    """What one source has told of its scopes. revision: another one after any source of the process told something
    new, so that what was found out with the old numbers need not compare them each time."""

    revision: ClassVar[int] = 0

    def __init__(self, count: ScopeCount | None = None):
        self.count = count

    def learn(self, count: ScopeCount) -> None:
        if count != self.count:
            self.count = count
            Learnt.revision += 1


@dataclass(frozen=True, slots=True)
class Price:
    """Calls of one question: `once`, for each scope that keys lie in, and for each organization.

    chunk: keys of a scope that one call takes. alone: calls for a single key; None: as for several.
    """

    each: int = 1
    once: int = 0
    organization: int = 0
    chunk: int = ANY_NUMBER
    alone: int | None = None

    def of_list(self, count: ScopeCount) -> int:
        """Of everything in all scopes."""
        return self.once + self.each * count.scopes + self.organization * count.organizations

    def of_keys(self, keys: int, count: ScopeCount) -> int:
        """Of so many keys, however they lie in the scopes."""
        if keys <= 1 and self.alone is not None:
            return self.alone * keys
        touched = min(keys, count.scopes) + keys // self.chunk
        organizations = min(keys, count.organizations)
        return (self.once if keys else 0) + self.each * touched + self.organization * organizations


ONE_CALL = Price(each=0, once=1)
"One list answers for all scopes."


@dataclass(frozen=True, slots=True)
class Prices:
    """By the port's method; what is not named costs the default. brought: what rows bring along for fields below."""

    default: Price = Price()
    own: Mapping[str, Price] = field(default_factory=dict)
    brought: frozenset[str] = frozenset()

    def of(self, question: str) -> Price:
        return self.own.get(question, self.default)
