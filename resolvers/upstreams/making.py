"""Making: rows of ours out of rows of theirs, by one function written for the attributes at hand.

A list of a hundred rows is made in one loop that sets what was asked for and nothing else: no constructor, no default,
no call for what is only carried over. The source text is made of attribute names of our own declarations alone; all
else in it is a value behind a name.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import lru_cache
from typing import Any, TypeVar

T = TypeVar("T")
Make = Callable[[Any, Any], Any]
"One attribute of ours: of a row of theirs, and of what holds for all rows of the call."

Rows = Callable[[Iterable[Any], Any], list[T]]

MOST_KNOWN = 256
"Values of a few attributes together: words of theirs that nobody has documented may be many."


@dataclass(frozen=True, slots=True)
class Same:
    """An attribute of theirs, as it is."""

    name: str

    def __call__(self, row: Any, at: Any) -> Any:
        return getattr(row, self.name)


@dataclass(frozen=True, slots=True)
class Spelled:
    """An attribute of theirs, as text."""

    name: str

    def __call__(self, row: Any, at: Any) -> str:
        return str(getattr(row, self.name))


@dataclass(frozen=True, slots=True)
class Filled:
    """A text of theirs; null where it is empty."""

    name: str

    def __call__(self, row: Any, at: Any) -> str | None:
        return getattr(row, self.name) or None


@dataclass(frozen=True, slots=True)
class Judged:
    """What a function makes of a few attributes of theirs that together have few values: made once for each."""

    names: tuple[str, ...]
    function: Callable[[Any], Any]
    known: dict[tuple[Any, ...], Any] = field(default_factory=dict)

    def __call__(self, row: Any, at: Any) -> Any:
        found = self.function(row)
        if len(self.known) < MOST_KNOWN:
            self.known[tuple(getattr(row, name) for name in self.names)] = found
        return found


@dataclass(frozen=True, slots=True)
class Linked:
    """The id of what is behind a link of theirs, as text; null where there is nothing. A link has an `id`, or is a list
    of one that has."""

    name: str

    def __call__(self, row: Any, at: Any) -> str | None:
        link = getattr(row, self.name)
        behind = (link[0] if link else None) if type(link) is list else link
        return None if behind is None else str(behind.id)


@dataclass(frozen=True, slots=True)
class Shared:
    """What holds for all rows of the call."""

    name: str

    def __call__(self, row: Any, at: Any) -> Any:
        return getattr(at, self.name)


@dataclass(frozen=True, slots=True)
class Knowing:
    """What is told which rows the same call has made before: (row, at, known), where known is its own to fill."""

    make: Callable[[Any, Any, dict[Any, Any]], Any]

    def __call__(self, row: Any, at: Any) -> Any:
        return self.make(row, at, {})


def rows(made: type[T], parts: Mapping[str, Make], constants: Mapping[str, Any]) -> Rows[T]:
    """Makes rows of ours with these attributes. constants: those that are the same in every row, which share them."""
    values = {**constants, **parts}
    kinds = tuple((name, *_kind(name, values[name], constants)) for name in values)
    found: Rows[T] = _written(kinds)(object.__new__, made, *values.values())
    return found


def attributes(made: type[Any], but: Container[str]) -> frozenset[str]:
    """All that can be set of a type, without some."""
    return frozenset(one.name for one in fields(made) if one.init and one.name not in but)


def unsaid(made: type[Any], names: Container[str], said: Container[str]) -> tuple[dict[str, Any], dict[str, Make]]:
    """Attributes that are wanted and that nobody says anything of: what the type says then, as (constants, parts)."""
    left = [one for one in fields(made) if one.name in names and one.name not in said]
    constants = {one.name: one.default for one in left if one.default is not MISSING}
    # A list that two rows shared could be changed for both.
    anew = {one.name: _anew(one.default_factory) for one in left if one.default_factory is not MISSING}
    return constants, anew


def _anew(factory: Callable[[], Any]) -> Make:
    return lambda row, at: factory()


def _kind(name: str, value: Any, constants: Container[str]) -> tuple[str, str]:
    """(how it is had, the name it is had by)."""
    if name in constants:
        return "constant", ""
    if isinstance(value, Same | Spelled | Filled | Linked | Shared):
        return type(value).__name__, value.name
    if isinstance(value, Judged):
        return "Judged", "".join(f"row.{one}, " for one in value.names)
    return ("Knowing", "") if isinstance(value, Knowing) else ("called", "")


@lru_cache(maxsize=2048)  # writing one costs as much as making a page of rows
def _written(kinds: tuple[tuple[str, str, str], ...]) -> Callable[..., Any]:
    """(new, class, a value for each attribute) -> the function."""
    shown = {
        "constant": "v{at}",
        "called": "v{at}(row, at)",
        "Knowing": "v{at}.make(row, at, known)",
        "Same": "row.{name}",
        "Spelled": "str(row.{name})",
        "Filled": "row.{name} or None",
        "Linked": "None if not (link := row.{name}) else str((link[0] if type(link) is list else link).id)",
        "Judged": "k{at}(({name})) or v{at}(row, at)",
        "Shared": "s{at}",
    }
    shared = [f"        s{at} = at.{name}" for at, (_, kind, name) in enumerate(kinds) if kind == "Shared"]
    shared += [f"        k{at} = v{at}.known.get" for at, (_, kind, _) in enumerate(kinds) if kind == "Judged"]
    # One by one: a dict of its own would cost each row twice the time and the memory.
    lines = [
        f"            one.{key} = {shown[kind].format(at=at, name=name)}" for at, (key, kind, name) in enumerate(kinds)
    ]
    text = "\n".join(
        [
            f"def written(new, made, {', '.join(f'v{at}' for at in range(len(kinds)))}):",
            "    def rows(rows, at):",
            *shared,
            "        known, found = {}, []",
            "        for row in rows:",
            "            one = new(made)",
            *lines,
            "            found.append(one)",
            "        return found",
            "    return rows",
        ]
    )
    names: dict[str, Any] = {}
    exec(compile(text, "<rows>", "exec"), names)  # noqa: S102  # names of our own declarations alone
    found: Callable[..., Any] = names["written"]
    return found
