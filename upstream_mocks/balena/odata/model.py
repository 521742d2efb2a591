"""What tables are described with, and how their rows are reached."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from functools import cached_property
from typing import Any, Literal, Protocol

Row = dict[str, Any]
"A stored row: moments are aware datetimes in microseconds, links the ids they point to."


class Kind(Enum):
    """What a value is. Two kinds compare only when one of them is a literal that converts."""

    NUMBER = "number"  # whole, 32 bits
    BIG = "big"  # whole, 64 bits, printed as text
    REAL = "real"
    TEXT = "text"
    BOOLEAN = "boolean"
    MOMENT = "moment"
    DAY = "day"
    TIME = "time"
    DURATION = "duration"
    DOCUMENT = "document"
    FILE = "file"
    LITERAL = "literal"  # takes the kind of what it meets
    NULL = "null"


@dataclass(frozen=True, slots=True)
class Limit:
    """Lengths a text may have; what a rule says when it has another is the caller's."""

    least: int = 0
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    kind: Kind
    target: str | None = None  # the resource a link points to
    is_required: bool = False
    default: Any = None
    limit: Limit | None = None
    words: tuple[str, ...] = ()  # the only ones allowed
    compute: Callable[[View, Row], Any] | None = None  # then nothing is stored
    comes_unasked: bool = True  # without a $select
    when_target_goes: Literal["cascade", "refuse", "leave"] = "refuse"


@dataclass(frozen=True, slots=True)
class Navigation:
    """From a row to the rows of `target` whose `there` is this row's `here`."""

    name: str
    target: str
    here: str
    there: str
    compute: Callable[[View, Row], Any] | None = None  # where `here` is not stored


@dataclass(frozen=True)
class Resource:
    name: str
    fields: Mapping[str, Field]
    many: tuple[Navigation, ...] = ()
    uniques: tuple[tuple[str, ...], ...] = ()  # alternate keys, in the order an error names them
    owner: tuple[str, ...] = ()  # links that lead to the row which decides who sees this one
    is_open: bool = False  # readable without a credential
    is_private: bool = False  # public owners do not show it
    is_writable: bool = True

    @cached_property
    def navigations(self) -> dict[str, Navigation]:
        links = [f for f in self.fields.values() if f.target is not None]
        to_one = [Navigation(link.name, link.target or "", link.name, "id", link.compute) for link in links]
        return {navigation.name: navigation for navigation in (*to_one, *self.many)}


@dataclass(frozen=True)
class Model:
    resources: Mapping[str, Resource]
    synonyms: Mapping[str, str] = field(default_factory=dict)  # other path names of resources

    def find(self, name: str) -> Resource | None:
        return self.resources.get(self.synonyms.get(name, name))


class View(Protocol):
    """The rows one caller can see, now."""

    model: Model
    now: datetime
    compares_finely: bool  # moments by the microsecond instead of by the millisecond they are printed with

    def rows(self, resource: Resource) -> Iterable[Row]:
        """All visible rows, in no order worth relying on."""

    def follow(self, navigation: Navigation, row: Row) -> list[Row]:
        """The visible rows behind a navigation, likewise unordered."""

    def open(self, resource: str) -> Resource:
        """The resource, if this caller may read it; what is raised otherwise is the caller's own."""

    def printed(self, field: Field, row: Row, value: Any) -> Any:
        """A value of a kind the engine cannot print itself: a file."""
