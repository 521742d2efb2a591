"""Columns: what a row holds, and what a field reads of it.

A row knows its columns: an adapter that was asked for some of a row's attributes sets those alone, and reading another
raises instead of showing a null that nobody said. A field that is more than its attribute declares what it reads by
`reads`, so that what is fetched follows from what is selected; a plain field reads the attribute of its name.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

if TYPE_CHECKING:
    from resolvers.graph.node import Sourced

F = TypeVar("F", bound=Callable[..., Any])
NATIVE = "native."
"Before the name of an attribute of the vendor's own part of a row."


class Columned:
    """What may be there with some of its attributes only.

    Another raises an AttributeError, as anything does that is not there: our own mistake then, since a declaration of
    `reads` lacks it. So no row is read by `getattr` with a default, which would make a null of it; nor by a
    `__getattr__` that says it better, which costs each attribute that is there six times as much.

    fetched: the names it was asked with; None: everything. along: rows of other types that came with it, each as good
    as one that was looked up. pages: of a fleet, pages of its releases by the port's ReleasesBelow that asked for them.
    """

    fetched: ClassVar[frozenset[str] | None] = None
    along: ClassVar[Sequence[Sourced]] = ()
    pages: ClassVar[Mapping[Any, Any]] = {}

    @classmethod
    def of_columns(cls, values: Mapping[str, Any]) -> Self:
        """A row with these attributes alone, `fetched` and `along` among them."""
        row = object.__new__(cls)
        row.__dict__.update(values)
        return row

    def bringing(self, along: Sequence[Sourced]) -> Self:
        """The row itself, with rows that came with it."""
        self.__dict__["along"] = along
        return self

    def has(self, columns: frozenset[str] | None) -> bool:
        """Whether all of these can be read."""
        return self.fetched is None or (columns is not None and own(columns) <= self.fetched)


def knows_its_columns(row: type[Columned]) -> None:
    """Takes the defaults off the class: they stay those of its constructor, but no longer answer for what is unset.

    And lets it be printed with what it has.
    """
    for one in fields(row):  # type: ignore[arg-type]  # strawberry makes every row a dataclass
        if one.init and one.name in vars(row):
            delattr(row, one.name)
    row.__repr__ = _shown  # type: ignore[method-assign]  # instead of the dataclass's, which reads every attribute


def _shown(row: object) -> str:
    inside = ", ".join(f"{name}={value!r}" for name, value in vars(row).items())
    return f"{type(row).__name__}({inside})"


def reads(*columns: str) -> Callable[[F], F]:
    """Declares the attributes a field's resolver reads: of its own row by name, of others as `Fleet.name`."""

    def declared(resolver: F) -> F:
        resolver.__dict__["reads"] = columns
        return resolver

    return declared


def declared_reads(resolver: Callable[..., Any]) -> Sequence[str] | None:
    """None when it declares nothing."""
    declared: Sequence[str] | None = getattr(resolver, "reads", None)
    return declared


@lru_cache(maxsize=1024)
def own(columns: frozenset[str]) -> frozenset[str]:
    """Of a row's columns those it holds itself: `fleet.name` is what a row of another type should bring along."""
    return frozenset(one for one in columns if "." not in one or one.startswith(NATIVE))


@lru_cache(maxsize=1024)
def linked(columns: frozenset[str], link: str) -> frozenset[str] | None:
    """The columns a link's row should come along with; None when it is not wanted."""
    prefix = f"{link}."
    found = frozenset(one.removeprefix(prefix) for one in columns if one.startswith(prefix))
    return found - {""} if found else None


def linking(link: str, columns: Collection[str]) -> frozenset[str]:
    """The columns of a link's row, as the row with the link is asked for them; `fleet.` alone: the row, by its id."""
    return frozenset({f"{link}.", *(f"{link}.{one}" for one in columns)})


def without(columns: frozenset[str] | None, link: str) -> frozenset[str] | None:
    """The same, where a link's rows are known already."""
    return None if columns is None else frozenset(one for one in columns if not one.startswith(f"{link}."))
