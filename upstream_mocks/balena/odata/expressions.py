"""The grammar of `$filter`.

`and` and `or` share one precedence and group to the left; each arithmetic operator has a precedence of its own. `in`
binds to the value before it. Source: balena-io-modules/odata-parser, odata-parser.pegjs.
"""

from __future__ import annotations

from upstream_mocks.balena.odata import literals
from upstream_mocks.balena.odata.failures import MalformedUrlError
from upstream_mocks.balena.odata.scanner import Scanner
from upstream_mocks.balena.odata.tree import (
    Alias,
    Call,
    Expression,
    Lambda,
    Membership,
    Method,
    Negation,
    Operation,
    Path,
)

PRECEDENCE = {
    "eq": 1, "ne": 1, "gt": 1, "ge": 1, "lt": 1, "le": 1, "and": 0, "or": 0,
    "sub": 2, "add": 3, "mod": 4, "div": 5, "mul": 6,
}  # fmt: skip

ARGUMENTS: dict[str, tuple[int, ...]] = {
    "cast": (1, 2), "ceiling": (1,), "concat": (2,), "contains": (2,), "date": (1,), "day": (1,), "endswith": (2,),
    "floor": (1,), "fractionalseconds": (1,), "hour": (1,), "indexof": (2,), "isof": (1, 2), "length": (1,),
    "maxdatetime": (0,), "mindatetime": (0,), "minute": (1,), "month": (1,), "now": (0,), "replace": (3,),
    "round": (1,), "second": (1,), "startswith": (2,), "substringof": (2,), "substring": (2, 3), "time": (1,),
    "tolower": (1,), "totaloffsetminutes": (1,), "totalseconds": (1,), "toupper": (1,), "trim": (1,), "year": (1,),
}  # fmt: skip
"How many arguments each function takes; a call with another number is not of the grammar."


def expression(scanner: Scanner, floor: int = -1) -> Expression:
    """Everything from here that binds tighter than `floor`."""
    left = _value(scanner)
    while True:
        if (word := _operator(scanner, floor)) is not None:
            left = Operation(word, left, expression(scanner, PRECEDENCE[word]))
        elif (items := _members(scanner)) is not None:
            left = Membership(left, items)
        else:
            return left


def path(scanner: Scanner) -> Path:
    """`a/b`, `a/$count`, `a/$count($filter=..)`."""
    names = [scanner.name()]
    while not scanner.text.startswith("/$count", scanner.at) and scanner.take("/"):
        names.append(scanner.name())
    if scanner.take("/$count") is None:
        return Path(tuple(names))
    return Path(tuple(names), is_count=True, where=_where_of_count(scanner))


def alias(scanner: Scanner) -> Alias | None:
    return None if scanner.take("@") is None else Alias("@" + scanner.name())


def _where_of_count(scanner: Scanner) -> Expression | None:
    start = scanner.at
    if scanner.take("($filter=", "(%24filter=") is None:
        scanner.at = start
        return None
    where = expression(scanner)
    scanner.expect(")")
    return where


def _operator(scanner: Scanner, floor: int) -> str | None:
    start = scanner.at
    scanner.spaces()
    word = scanner.take(*PRECEDENCE)
    if word is not None and scanner.boundary() and PRECEDENCE[word] > floor:
        return word
    scanner.at = start
    return None


def _members(scanner: Scanner) -> tuple[Expression, ...] | None:
    start = scanner.at
    if not (scanner.boundary() and scanner.take("in") and scanner.boundary() and scanner.take("(")):
        scanner.at = start
        return None
    scanner.spaces()
    items = [_primitive(scanner)]
    while scanner.take(","):
        scanner.spaces()
        items.append(_primitive(scanner))
    scanner.expect(")")
    return tuple(items)


def _value(scanner: Scanner) -> Expression:
    return _group(scanner) or _call(scanner) or _negation(scanner) or alias(scanner) or _primitive(scanner)


def _group(scanner: Scanner) -> Expression | None:
    if scanner.take("(") is None:
        return None
    scanner.spaces()
    inside = expression(scanner)
    scanner.spaces()
    scanner.expect(")")
    return inside


def _negation(scanner: Scanner) -> Negation | None:
    start = scanner.at
    scanner.spaces()
    if scanner.take("not") and scanner.boundary():
        return Negation(_value(scanner))
    scanner.at = start
    return None


def _call(scanner: Scanner) -> Call | None:
    start = scanner.at
    word = scanner.take(*(f"{word}(" for word in ARGUMENTS))
    if word is None:
        return None
    arguments = _arguments(scanner)
    if len(arguments) in ARGUMENTS[word[:-1]]:
        return Call(word[:-1], arguments)
    scanner.at = start
    raise MalformedUrlError


def _arguments(scanner: Scanner) -> tuple[Expression, ...]:
    """Up to the closing bracket, which is taken."""
    scanner.spaces()
    if scanner.take(")"):
        return ()
    found = [expression(scanner)]
    scanner.spaces()
    while scanner.take(","):
        scanner.spaces()
        found.append(expression(scanner))
        scanner.spaces()
    scanner.expect(")")
    return tuple(found)


def _primitive(scanner: Scanner) -> Expression:
    start = scanner.at
    if scanner.take("("):
        scanner.spaces()
        inside = _primitive(scanner)
        scanner.spaces()
        scanner.expect(")")
        return inside
    scanner.at = start
    return literals.primitive(scanner) or _lambda(scanner) or path(scanner)


def _lambda(scanner: Scanner) -> Lambda | Method | None:
    """`a/b/any(x:..)`; also `a/b(..)`, which parses and means nothing."""
    start = scanner.at
    names = [scanner.name()]
    while scanner.take("/"):
        if scanner.text.startswith("$", scanner.at):
            break
        names.append(scanner.name())
    if len(names) < 2 or scanner.take("(") is None:
        scanner.at = start
        return None
    body = _body(scanner)
    if names[-1] in ("any", "all") and body is not None:
        return Lambda(tuple(names[:-1]), names[-1], *body)
    _arguments(scanner)
    return Method(tuple(names[:-1]))


def _body(scanner: Scanner) -> tuple[str, Expression] | None:
    """`x:<expression>)`."""
    start = scanner.at
    scanner.spaces()
    try:
        variable = scanner.name()
        scanner.expect(":")
    except MalformedUrlError:
        scanner.at = start
        return None
    inside = expression(scanner)
    scanner.spaces()
    scanner.expect(")")
    return variable, inside
