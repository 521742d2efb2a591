"""Operators over typed operands, with SQL's three values: a comparison with null is neither true nor false.

`eq` and `ne` are the exception: they are null-safe, negated too.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from upstream_mocks.balena.odata.failures import UntranslatableError
from upstream_mocks.balena.odata.kinds import fitted
from upstream_mocks.balena.odata.model import Kind, Row

Slot = tuple[str, ...]
Env = Mapping[Slot, Row | None]
"One row for each table of the query; None where a join found nothing."


@dataclass(frozen=True, slots=True)
class Typed:
    """An expression that knows its kind and can be asked for its value."""

    kind: Kind
    of: Callable[[Env], Any]
    constant: Any = None  # of a literal


def literal(value: Any) -> Typed:
    return Typed(Kind.NULL if value is None else Kind.LITERAL, lambda env: value, value)


def as_kind(typed: Typed, kind: Kind) -> Typed:
    """The operand as one of `kind`; only literals convert. Raises UntranslatableError."""
    if typed.kind is Kind.LITERAL:
        value = fitted(typed.constant, kind)
        return Typed(kind, lambda env: value)
    if typed.kind in (kind, Kind.NULL) or (typed.kind in _NUMBERS and kind in _NUMBERS):
        return typed
    raise UntranslatableError(f"a {typed.kind.value} is no {kind.value}")


def alike(left: Typed, right: Typed) -> tuple[Typed, Typed]:
    """Both operands in one kind. Raises UntranslatableError when there is none."""
    if left.kind is Kind.LITERAL and right.kind is Kind.LITERAL:
        return _literals(left, right)
    if left.kind is Kind.LITERAL:
        return as_kind(left, right.kind), right
    return left, right if right.kind is Kind.NULL or left.kind is Kind.NULL else as_kind(right, left.kind)


def comparison(word: str, left: Typed, right: Typed) -> Typed:
    left, right = alike(left, right)
    first, second = left.of, right.of
    if word == "eq":
        return Typed(Kind.BOOLEAN, lambda env: first(env) == second(env))
    if word == "ne":
        return Typed(Kind.BOOLEAN, lambda env: first(env) != second(env))
    if Kind.DOCUMENT in (left.kind, right.kind) or Kind.FILE in (left.kind, right.kind):
        raise UntranslatableError("documents have no order")
    return Typed(Kind.BOOLEAN, _strict(_COMPARISONS[word], left, right))


def arithmetic(word: str, left: Typed, right: Typed) -> Typed:
    if word not in _ARITHMETIC:
        raise UntranslatableError(word)
    if Kind.MOMENT in (left.kind, right.kind) or Kind.DURATION in (left.kind, right.kind):
        return _over_time(word, left, right)
    left, right = alike(left, right)
    kind = Kind.REAL if Kind.REAL in (left.kind, right.kind) else Kind.NUMBER
    return Typed(kind, _strict(_ARITHMETIC[word], as_kind(left, kind), as_kind(right, kind)))


def both(left: Typed, right: Typed) -> Typed:
    first, second = as_kind(left, Kind.BOOLEAN).of, as_kind(right, Kind.BOOLEAN).of

    def value(env: Env) -> bool | None:
        found = (first(env), second(env))
        return False if False in found else None if None in found else True

    return Typed(Kind.BOOLEAN, value)


def either(left: Typed, right: Typed) -> Typed:
    first, second = as_kind(left, Kind.BOOLEAN).of, as_kind(right, Kind.BOOLEAN).of

    def value(env: Env) -> bool | None:
        found = (first(env), second(env))
        return True if True in found else None if None in found else False

    return Typed(Kind.BOOLEAN, value)


def negation(operand: Typed) -> Typed:
    inside = as_kind(operand, Kind.BOOLEAN).of
    return Typed(Kind.BOOLEAN, lambda env: None if (value := inside(env)) is None else not value)


def membership(operand: Typed, items: list[Typed]) -> Typed:
    """True, false, or null when the operand is null or only a null of the list could have been it."""
    pairs = [alike(operand, item) for item in items]

    def value(env: Env) -> bool | None:
        found = [None if None in (pair := (one.of(env), other.of(env))) else pair[0] == pair[1] for one, other in pairs]
        return True if True in found else None if None in found else False

    return Typed(Kind.BOOLEAN, value)


def applied(apply: Callable[..., Any], arguments: list[Typed]) -> Callable[[Env], Any]:
    """The function over the arguments; null when one of them is."""

    def value(env: Env) -> Any:
        values = [argument.of(env) for argument in arguments]
        return None if None in values else apply(*values)

    return value


def _strict(apply: Callable[[Any, Any], Any], left: Typed, right: Typed) -> Callable[[Env], Any]:
    return applied(apply, [left, right])


def _literals(left: Typed, right: Typed) -> tuple[Typed, Typed]:
    for kind, types in _LITERALS:
        if isinstance(left.constant, types) or isinstance(right.constant, types):
            return as_kind(left, kind), as_kind(right, kind)
    return as_kind(left, Kind.TEXT), as_kind(right, Kind.TEXT)


def _over_time(word: str, left: Typed, right: Typed) -> Typed:
    if word not in ("add", "sub"):
        raise UntranslatableError(word)
    left = as_kind(left, Kind.DURATION) if left.kind is Kind.LITERAL and right.kind is Kind.DURATION else left
    right = as_kind(right, Kind.DURATION) if right.kind is Kind.LITERAL else right
    gives = _TIMES.get((left.kind, word, right.kind))
    if gives is None:
        raise UntranslatableError(f"{left.kind.value} {word} {right.kind.value}")
    return Typed(gives, _strict(_ARITHMETIC[word], left, right))


def _divided(first: float, second: float) -> float:
    """Whole numbers stay whole, cut towards zero."""
    if second == 0:
        raise UntranslatableError("division by zero")
    if isinstance(first, int) and isinstance(second, int):
        return abs(first) // abs(second) * (1 if (first < 0) == (second < 0) else -1)
    return first / second


_NUMBERS = (Kind.NUMBER, Kind.BIG, Kind.REAL)
_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "gt": operator.gt, "ge": operator.ge, "lt": operator.lt, "le": operator.le,
}  # fmt: skip
_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": _divided,
}  # fmt: skip
_TIMES = {
    (Kind.MOMENT, "add", Kind.DURATION): Kind.MOMENT,
    (Kind.DURATION, "add", Kind.MOMENT): Kind.MOMENT,
    (Kind.MOMENT, "sub", Kind.DURATION): Kind.MOMENT,
    (Kind.MOMENT, "sub", Kind.MOMENT): Kind.DURATION,
    (Kind.DURATION, "add", Kind.DURATION): Kind.DURATION,
    (Kind.DURATION, "sub", Kind.DURATION): Kind.DURATION,
}
_LITERALS: tuple[tuple[Kind, type | tuple[type, ...]], ...] = (
    (Kind.BOOLEAN, bool), (Kind.REAL, float), (Kind.NUMBER, int),
)  # fmt: skip
