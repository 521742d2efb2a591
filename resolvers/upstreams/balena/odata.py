"""URLs in balena's dialect of OData, built as text. Pure.

The server parses the raw URL: a bracket, comma, colon or slash that is syntax must arrive as it is, and everything
else must not. So a URL is put together here to the last character, and only the inside of a literal is encoded. Three
traps are closed by construction: `and` and `or` have one precedence, so every operand stands in brackets; an order
without a direction sorts downwards, so a direction is always said; fields that were not selected may be missing, so
`select` has no default.

Source: balena-io-modules/odata-parser 4.3.5; balena-sdk src/util/request-batching.ts for the sizes of lists.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal, NewType, TypeVar
from urllib.parse import quote

from msgspec import Struct, field

Condition = NewType("Condition", str)
"A filter, already encoded."
Value = bool | int | str | datetime
Direction = Literal["asc", "desc"]
V = TypeVar("V", int, str)

TRUE = Condition("true")
MAX_LENGTH = 6_000  # of path and query; common front ends stop at 8 KiB with headers
MAX_LIST_LENGTH = 4_000  # of the values of one `in`: the rest is for columns and other conditions
MAX_NUMBERS, MAX_TEXTS = 200, 50  # of one `in`, as the official SDK does
_LATER = "\0"  # is in no URL


class Options(Struct, frozen=True):
    """What is wanted of a resource. `expand` nests: each navigation with options of its own.

    counted: navigations that come as the number of rows behind them, under the navigation's own name.
    """

    select: Sequence[str]
    where: Condition | None = None
    expand: Mapping[str, Options] = field(default_factory=dict)
    counted: Sequence[str] = ()
    order_by: Sequence[tuple[str, Direction]] = ()
    top: int | None = None  # inside an expand it counts per parent


def url(resource: str, options: Options, key: int | None = None) -> str:
    """Path and query, ready to be sent as it is. A key that is not there still answers a list, an empty one."""
    place = resource if key is None else f"{resource}({key})"
    return f"/v7/{place}?{_spelled(options, '&')}"


def count_url(resource: str, where: Condition) -> str:
    """The number of rows that meet a condition: `$top` and the like do nothing there."""
    return f"/v7/{resource}/$count?$filter={where}"


def collection(resource: str) -> str:
    """Where a POST makes a row."""
    return f"/v7/{resource}"


def chosen(resource: str, *, key: int | None = None, where: Condition | None = None) -> str:
    """Which rows a PATCH or DELETE hits: one by its id, or those that meet a condition.

    Raises ValueError when nothing chooses: balena would then take every row the token can write.
    """
    if key is not None:
        return f"/v7/{resource}({key})"
    if where is None or where in ("", TRUE):
        raise ValueError(f"neither key nor condition: this would hit every {resource}")
    return f"/v7/{resource}?$filter={where}"


def literal(value: Value) -> str:
    """A value as the dialect writes it. Instants are cut to milliseconds: the server's own dates hold no more."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime):
        moment = value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
        return f"datetime'{moment}Z'"
    # A text that UTF-8 cannot hold equals nothing that is stored: a stand-in does no harm.
    return f"'{quote(value.replace(chr(39), chr(39) * 2), safe='', errors='replace')}'"


def compare(name: str, operator: Literal["eq", "ne", "gt", "ge", "lt", "le"], value: Value) -> Condition:
    return Condition(f"{name}%20{operator}%20{literal(value)}")


def one_of(name: str, values: Iterable[int] | Iterable[str]) -> Condition:
    """Raises ValueError for no values: an empty list is malformed, and what matches nothing need not be asked."""
    spelled = [literal(value) for value in values]
    if not spelled:
        raise ValueError(f"no values for {name}")
    return Condition(f"{name}%20in%20({','.join(spelled)})")


def chosen_ones(name: str) -> Condition:
    """`one_of`, for values that are filled in later: see `around`."""
    return Condition(f"{name}%20in%20({_LATER})")


def around(url: str) -> tuple[str, str]:
    """What stands before and after the values of `chosen_ones` in a URL."""
    before, _, after = url.partition(_LATER)
    return before, after


def starts_with(name: str, text: str) -> Condition:
    return Condition(f"startswith({name},{literal(text)})")


def every(*conditions: Condition) -> Condition:
    return _joined("and", conditions)


def either(*conditions: Condition) -> Condition:
    return _joined("or", conditions)


def negated(condition: Condition) -> Condition:
    return Condition(f"not%20({condition})")


def some(navigation: str, variable: str, condition: Condition) -> Condition:
    """Whether a row behind a navigation, to-one or to-many, meets a condition on `variable/...`."""
    return Condition(f"{navigation}/any({variable}:{condition})")


def chunked(values: Sequence[V]) -> list[list[V]]:
    """Values in groups of what one `in` takes, in order: 200 numbers or 50 texts, and 4,000 characters."""
    groups: list[list[V]] = []
    length = 0
    for value in values:
        size = len(literal(value)) + 1
        most = MAX_TEXTS if isinstance(value, str) else MAX_NUMBERS
        if not groups or len(groups[-1]) == most or length + size > MAX_LIST_LENGTH:
            groups.append([])
            length = 0
        groups[-1].append(value)
        length += size
    return groups


def _joined(word: str, conditions: Sequence[Condition]) -> Condition:
    if not conditions:
        raise ValueError(f"no conditions to join with {word}")
    if len(conditions) == 1:
        return conditions[0]
    return Condition(f"%20{word}%20".join(f"({condition})" for condition in conditions))


def _spelled(options: Options, separator: str) -> str:
    parts = [f"$select={','.join(options.select)}"]
    if options.where is not None:
        parts.append(f"$filter={options.where}")
    if options.expand or options.counted:
        inside = [f"{name}({_spelled(nested, ';')})" for name, nested in options.expand.items()]
        parts.append(f"$expand={','.join([*inside, *(f'{name}/$count' for name in options.counted)])}")
    if options.order_by:
        parts.append(f"$orderby={','.join(f'{name}%20{direction}' for name, direction in options.order_by)}")
    if options.top is not None:
        parts.append(f"$top={options.top}")
    return separator.join(parts)
