"""Expressions as functions over rows.

All names and kinds are checked here, before a row is seen: an unknown field fails on an empty table too, as it does in
a database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from upstream_mocks.balena.odata import operators
from upstream_mocks.balena.odata.failures import MissingBindingError, UntranslatableError
from upstream_mocks.balena.odata.functions import FUNCTIONS
from upstream_mocks.balena.odata.kinds import cut
from upstream_mocks.balena.odata.model import Kind, Navigation, Resource, Row, View
from upstream_mocks.balena.odata.operators import Env, Slot, Typed
from upstream_mocks.balena.odata.tree import (
    Alias,
    Call,
    Expression,
    Lambda,
    Literal,
    Membership,
    Method,
    Negation,
    Operation,
    Path,
)


@dataclass(frozen=True, slots=True)
class Join:
    """A short path: the rows behind a navigation stand next to their row, once per match, or a single None."""

    source: Slot
    slot: Slot
    navigation: Navigation


@dataclass(frozen=True)
class Scope:
    """Where a name is looked up: the query's own table, the variables around it, and what it joined so far."""

    slot: Slot
    resource: Resource
    variables: Mapping[str, tuple[Slot, Resource]] = field(default_factory=dict)
    joins: dict[Slot, Join] = field(default_factory=dict)

    def inner(self, navigation: Navigation, resource: Resource, variable: str | None = None) -> Scope:
        slot = (*self.slot, f"{navigation.name}()", str(len(self.variables)))
        named = {} if variable is None else {variable: (slot, resource)}
        return Scope(slot, resource, {**self.variables, **named})


class Translator:
    def __init__(self, view: View, aliases: Mapping[str, Literal]):
        self.view = view
        self.aliases = aliases

    def condition(self, expression: Expression, scope: Scope) -> Callable[[Env], bool]:
        """Whether a row stays; null does not."""
        value = operators.as_kind(self.typed(expression, scope), Kind.BOOLEAN).of
        return lambda env: value(env) is True

    def typed(self, expression: Expression, scope: Scope) -> Typed:
        match expression:
            case Literal(value):
                return operators.literal(value)
            case Alias(name):
                return operators.literal(self.bound(name))
            case Path(names, is_count, where):
                return self._count(names, where, scope) if is_count else self._field(names, scope)
            case Lambda():
                return self._lambda(expression, scope)
            case Negation(operand):
                return operators.negation(self.typed(operand, scope))
            case Membership(operand, items):
                return operators.membership(self.typed(operand, scope), [self.typed(item, scope) for item in items])
            case Operation(word, left, right):
                return _operation(word, self.typed(left, scope), self.typed(right, scope))
            case Call(word, arguments):
                return self._call(word, [self.typed(argument, scope) for argument in arguments])
            case Method(names):
                raise UntranslatableError("/".join(names))

    def bound(self, name: str) -> Any:
        if name not in self.aliases:
            raise MissingBindingError(name)
        return self.aliases[name].value

    def navigation(self, resource: Resource, name: str) -> tuple[Navigation, Resource]:
        """A navigation and what it leads to, if the caller may read that."""
        navigation = resource.navigations.get(name)
        if navigation is None:
            raise UntranslatableError(name)
        return navigation, self.view.open(navigation.target)

    def spread(self, env: Env, scope: Scope) -> Iterator[Env]:
        """The row with every combination of rows its joins found."""
        envs: list[Env] = [env]
        for join in scope.joins.values():
            envs = [{**env, join.slot: row} for env in envs for row in self._joined(join, env)]
        yield from envs

    def _joined(self, join: Join, env: Env) -> list[Row | None]:
        row = env[join.source]
        return [*self.view.follow(join.navigation, row)] or [None] if row is not None else [None]

    def _field(self, names: tuple[str, ...], scope: Scope) -> Typed:
        slot, resource = self._reach(names, scope)
        field = resource.fields.get(names[-1])
        if field is None:
            raise UntranslatableError(names[-1])
        name, compute, view = field.name, field.compute, self.view
        if compute is not None:
            return Typed(field.kind, lambda env: None if (row := env[slot]) is None else compute(view, row))
        if field.kind is Kind.MOMENT and not view.compares_finely:
            return Typed(field.kind, lambda env: None if (row := env[slot]) is None else cut(row[name]))
        return Typed(field.kind, lambda env: None if (row := env[slot]) is None else row[name])

    def _reach(self, names: tuple[str, ...], scope: Scope) -> tuple[Slot, Resource]:
        """The table the last of the names is looked up in, joining what lies between."""
        slot, resource, between = scope.slot, scope.resource, names[:-1]
        if between and between[0] in scope.variables:
            slot, resource = scope.variables[between[0]]
            between = between[1:]
        for name in between:
            navigation, target = self.navigation(resource, name)
            reached = (*slot, name)
            scope.joins.setdefault(reached, Join(slot, reached, navigation))
            slot, resource = reached, target
        return slot, resource

    def _behind(
        self, names: tuple[str, ...], scope: Scope, variable: str | None = None
    ) -> tuple[Scope, Callable[[Env], Iterator[Env]]]:
        """A scope for the rows behind the last of the names, and the walk that visits them."""
        slot, resource = self._reach(names, scope)
        navigation, target = self.navigation(resource, names[-1])
        inner = scope.inner(navigation, target, variable)

        def walk(env: Env) -> Iterator[Env]:
            row = env[slot]
            for found in () if row is None else self.view.follow(navigation, row):
                yield from self.spread({**env, inner.slot: found}, inner)

        return inner, walk

    def _count(self, names: tuple[str, ...], where: Expression | None, scope: Scope) -> Typed:
        inner, walk = self._behind(names, scope)
        if where is None:
            return Typed(Kind.NUMBER, lambda env: sum(1 for _ in walk(env)))
        stays = self.condition(where, inner)
        return Typed(Kind.NUMBER, lambda env: sum(1 for found in walk(env) if stays(found)))

    def _lambda(self, expression: Lambda, scope: Scope) -> Typed:
        inner, walk = self._behind(expression.names, scope, expression.variable)
        value = operators.as_kind(self.typed(expression.body, inner), Kind.BOOLEAN).of
        if expression.word == "any":
            return Typed(Kind.BOOLEAN, lambda env: any(value(found) is True for found in walk(env)))
        # "None that does not": a row for which it is null does no harm.
        return Typed(Kind.BOOLEAN, lambda env: not any(value(found) is False for found in walk(env)))

    def _call(self, word: str, arguments: list[Typed]) -> Typed:
        if word == "now":
            now = self.view.now
            return Typed(Kind.MOMENT, lambda env: now)
        function = FUNCTIONS.get(word)
        if function is None:
            raise UntranslatableError(word)
        fitted = [operators.as_kind(a, kind) for a, kind in zip(arguments, function.takes, strict=False)]
        return Typed(function.gives, operators.applied(function.apply, fitted))


def _operation(word: str, left: Typed, right: Typed) -> Typed:
    if word == "and":
        return operators.both(left, right)
    if word == "or":
        return operators.either(left, right)
    if word in ("eq", "ne", "gt", "ge", "lt", "le"):
        return operators.comparison(word, left, right)
    return operators.arithmetic(word, left, right)
