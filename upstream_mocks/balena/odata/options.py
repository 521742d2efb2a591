"""The grammar of query options, at the top (separated by `&`) and inside `$expand` (by `;` or `&`).

Source: balena-io-modules/odata-parser, odata-parser.pegjs.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

from upstream_mocks.balena.odata import literals
from upstream_mocks.balena.odata.expressions import expression, path
from upstream_mocks.balena.odata.failures import MalformedUrlError
from upstream_mocks.balena.odata.scanner import Scanner
from upstream_mocks.balena.odata.tree import Expand, Literal, Options, Order, Path

Item = TypeVar("Item")

_TEXT = re.compile(r"[^:/?#\[\]@!$*&()+,;=]*")
_DIGITS = re.compile(r"[0-9]+")
_FORMAT = re.compile(r"[A-Za-z]+/[A-Za-z]+(?:\+[A-Za-z]+)?|json|atom|xml")


def options(scanner: Scanner, *separators: str) -> Options:
    """One option or more, until no separator follows."""
    said: dict[str, Any] = {"parameters": {}, "aliases": {}}
    _option(scanner, said)
    while scanner.take(*separators):
        _option(scanner, said)
    return Options(**said)


def _option(scanner: Scanner, said: dict[str, Any]) -> None:
    if scanner.take("$", "%24"):
        return _known(scanner, said)
    if scanner.take("@"):
        return _alias(scanner, said["aliases"])
    name = scanner.match(_TEXT) or ""
    scanner.expect("=")
    said["parameters"][literals.decoded(name)] = literals.decoded(scanner.match(_TEXT) or "")
    return None


def _known(scanner: Scanner, said: dict[str, Any]) -> None:
    word = scanner.take(*_OPTIONS)
    if word is None:
        raise MalformedUrlError
    member, read = _OPTIONS[word]
    value = read(scanner)
    if member is not None:
        said[member] = value


def _alias(scanner: Scanner, aliases: dict[str, Literal]) -> None:
    """`@x=<literal>`; null is not one, and a name has one value."""
    name = "@" + (scanner.match(_TEXT) or "")
    scanner.expect("=")
    value = (
        literals.number(scanner) or literals.boolean(scanner) or literals.quoted(scanner) or literals.moment(scanner)
    )
    if value is None or name in aliases:
        raise MalformedUrlError
    aliases[name] = value


def _select(scanner: Scanner) -> tuple[Path, ...] | None:
    return None if scanner.take("*") else _list(scanner, path)


def _order(scanner: Scanner) -> tuple[Order, ...]:
    return _list(scanner, _ordering)


def _ordering(scanner: Scanner) -> Order:
    by = path(scanner)
    start = scanner.at
    word = scanner.take("asc", "desc") if scanner.boundary() else None
    if word is None:
        scanner.at = start
    # Without a word the dialect sorts downwards, unlike OData itself.
    return Order(by, is_descending=word != "asc")


def _expand(scanner: Scanner) -> tuple[Expand, ...]:
    return _list(scanner, _expansion)


def _expansion(scanner: Scanner) -> Expand:
    name = scanner.name()
    is_count = scanner.take("/$count") is not None
    inside = Options()
    if scanner.take("("):
        inside = inside if scanner.text.startswith(")", scanner.at) else options(scanner, "&", ";")
        scanner.expect(")")
    return Expand(name, is_count, inside, path(scanner) if scanner.take("/") else None)


def _list(scanner: Scanner, read: Callable[[Scanner], Item]) -> tuple[Item, ...]:
    items = [read(scanner)]
    while scanner.take(","):
        items.append(read(scanner))
    return tuple(items)


def _whole(scanner: Scanner) -> int:
    digits = scanner.match(_DIGITS)
    if digits is None:
        raise MalformedUrlError
    return int(digits)


def _boolean(scanner: Scanner) -> None:
    if literals.boolean(scanner) is None:
        raise MalformedUrlError


def _format(scanner: Scanner) -> bool:
    """Whether full metadata is asked: all that a format changes."""
    if scanner.match(_FORMAT) is None:
        raise MalformedUrlError
    if scanner.take(";odata.metadata=", ";metadata=") is None:
        return False
    level = scanner.take("none", "minimal", "full")
    if level is None:
        raise MalformedUrlError
    return level == "full"


_OPTIONS: dict[str, tuple[str | None, Callable[[Scanner], Any]]] = {
    "select=": ("select", _select),
    "filter=": ("where", expression),
    "expand=": ("expand", _expand),
    "orderby=": ("order", _order),
    "top=": ("top", _whole),
    "skip=": ("skip", _whole),
    "count=": (None, _boolean),
    "inlinecount=": (None, lambda scanner: scanner.match(_TEXT)),
    "format=": ("has_full_metadata", _format),
}
