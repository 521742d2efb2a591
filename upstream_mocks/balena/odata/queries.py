"""Which rows, in which order: keys, `$filter`, `$orderby`, `$skip`, `$top`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from upstream_mocks.balena.odata.failures import UntranslatableError
from upstream_mocks.balena.odata.kinds import fitted
from upstream_mocks.balena.odata.model import Kind, Resource, Row
from upstream_mocks.balena.odata.operators import Env
from upstream_mocks.balena.odata.translator import Scope, Translator
from upstream_mocks.balena.odata.tree import Alias, Key, Literal, Options

_UNORDERED = (Kind.DOCUMENT, Kind.FILE)


class Query:
    """One `$filter`, `$orderby` and page over one resource, translated once and run over any rows of it."""

    def __init__(self, translator: Translator, resource: Resource, options: Options):
        self.translator = translator
        self.options = options
        self.scope = Scope((resource.name,), resource)
        self.stays = None if options.where is None else translator.condition(options.where, self.scope)
        self.orders = [(self._by(order.path), order.is_descending) for order in options.order]

    def rows(self, rows: Iterable[Row]) -> list[Row]:
        """What is left of the rows; one that joined a to-many comes once per match."""
        envs = self._filtered(rows)
        for by, is_descending in reversed(self.orders):
            envs.sort(key=by, reverse=is_descending)
        found = [row for env in envs if (row := env[self.scope.slot]) is not None]
        top = self.options.top
        return found[self.options.skip :][: len(found) if top is None else top]

    def count(self, rows: Iterable[Row]) -> int:
        """How many stay; order and page make no difference."""
        return len(self._filtered(rows))

    def _filtered(self, rows: Iterable[Row]) -> list[Env]:
        spread = (env for row in rows for env in self.translator.spread({self.scope.slot: row}, self.scope))
        return [env for env in spread if self.stays is None or self.stays(env)]

    def _by(self, path: Any) -> Callable[[Env], tuple[bool, Any]]:
        """A key that puts null first when sorted downwards, last otherwise."""
        typed = self.translator.typed(path, self.scope)
        if typed.kind in _UNORDERED:
            raise UntranslatableError("documents have no order")
        return lambda env: (True, 0) if (value := typed.of(env)) is None else (False, value)


def matching(translator: Translator, resource: Resource, key: Key) -> dict[str, Any]:
    """The members a key asks for, by field.

    Raises UntranslatableError for members that are not together unique, and for values that are no such value.
    """
    named: Mapping[str, Literal | Alias] = {"id": key} if isinstance(key, Literal | Alias) else key
    if {*named} not in [{"id"}, *map(set, resource.uniques)]:
        raise UntranslatableError("/".join(named))
    return {name: _fitted(translator, resource, name, bind) for name, bind in named.items()}


def _fitted(translator: Translator, resource: Resource, name: str, bind: Literal | Alias) -> Any:
    value = translator.bound(bind.name) if isinstance(bind, Alias) else bind.value
    return fitted(value, resource.fields[name].kind)
