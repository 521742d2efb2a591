"""What a URL says, once read: expressions, options and the path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

Value = int | float | str | bool | datetime | timedelta | None


@dataclass(frozen=True, slots=True)
class Literal:
    value: Value


@dataclass(frozen=True, slots=True)
class Alias:
    name: str  # with its @


@dataclass(frozen=True, slots=True)
class Path:
    """`name`, `navigation/name`, `navigation/$count`; names may start with a lambda's variable."""

    names: tuple[str, ...]
    is_count: bool = False
    where: Expression | None = None  # of a count


@dataclass(frozen=True, slots=True)
class Lambda:
    names: tuple[str, ...]  # the last is the navigation
    word: str  # any | all
    variable: str
    body: Expression


@dataclass(frozen=True, slots=True)
class Method:
    """`navigation/anything(...)`: of the grammar, and known to nobody. `any()` without a body ends here."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Call:
    word: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Negation:
    operand: Expression


@dataclass(frozen=True, slots=True)
class Operation:
    word: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Membership:
    operand: Expression
    items: tuple[Expression, ...]


Expression = Literal | Alias | Path | Lambda | Method | Call | Negation | Operation | Membership


@dataclass(frozen=True, slots=True)
class Order:
    path: Path
    is_descending: bool


@dataclass(frozen=True, slots=True)
class Options:
    """Query options; what was not said is None or empty. Of an option said twice the last counts."""

    select: tuple[Path, ...] | None = None  # None also for `*`
    where: Expression | None = None
    order: tuple[Order, ...] = ()
    expand: tuple[Expand, ...] = ()
    top: int | None = None
    skip: int = 0
    has_full_metadata: bool = False
    parameters: Mapping[str, str] = field(default_factory=dict)  # plain ones, decoded
    aliases: Mapping[str, Literal] = field(default_factory=dict)  # names with their @


@dataclass(frozen=True, slots=True)
class Expand:
    name: str
    is_count: bool = False
    options: Options = Options()
    inner: Path | None = None  # of `a/b`: b


Key = Literal | Alias | Mapping[str, "Literal | Alias"]


@dataclass(frozen=True, slots=True)
class Segment:
    resource: str
    key: Key | None = None


@dataclass(frozen=True, slots=True)
class Url:
    segments: tuple[Segment, ...]  # never empty
    is_count: bool = False
    has_links: bool = False
    options: Options = Options()
