"""How rows are shown: `$select` and nested `$expand`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from upstream_mocks.balena.odata.failures import UntranslatableError
from upstream_mocks.balena.odata.kinds import printed_moment
from upstream_mocks.balena.odata.model import Field, Kind, Resource, Row, View
from upstream_mocks.balena.odata.queries import Query
from upstream_mocks.balena.odata.translator import Translator
from upstream_mocks.balena.odata.tree import Expand, Options, Path

Shown = dict[str, Any]


class Shape:
    """One `$select` and `$expand` over one resource, with the query of its own options."""

    def __init__(self, translator: Translator, resource: Resource, options: Options, *, has_metadata: bool = False):
        self.view: View = translator.view
        self.resource = resource
        self.translator = translator
        self.has_metadata = has_metadata or options.has_full_metadata
        # Named twice, the last counts.
        self.expanded = {expand.name: self._expansion(expand) for expand in options.expand}
        self.fields = [field for field in self._fields(options.select) if field.name not in self.expanded]
        self.query = Query(translator, resource, options)

    def answer(self, rows: Iterable[Row]) -> list[Shown]:
        """The rows the query leaves, as JSON shows them; what is expanded stands first."""
        return [self.shown(row) for row in self.query.rows(rows)]

    def shown(self, row: Row) -> Shown:
        about: Shown = {"__metadata": {"uri": self._uri(self.resource.name, row["id"])}} if self.has_metadata else {}
        about.update({name: show(row) for name, show in self.expanded.items()})
        about.update({field.name: self._printed(field, row) for field in self.fields})
        return about

    def _fields(self, select: tuple[Path, ...] | None) -> list[Field]:
        if select is None:
            return [field for field in self.resource.fields.values() if field.comes_unasked]
        return [self._field(path) for path in select]

    def _field(self, path: Path) -> Field:
        field = self.resource.fields.get(path.names[0])
        if field is None or path.is_count or len(path.names) > 1:
            raise UntranslatableError("/".join(path.names))
        return field

    def _expansion(self, expand: Expand) -> Callable[[Row], Any]:
        navigation, target = self.translator.navigation(self.resource, expand.name)
        if expand.is_count:
            query = Query(self.translator, target, expand.options)
            return lambda row: query.count(self.view.follow(navigation, row))
        inside = Shape(self.translator, target, _with(expand), has_metadata=self.has_metadata)
        return lambda row: inside.answer(self.view.follow(navigation, row))

    def _printed(self, field: Field, row: Row) -> Any:
        value = row[field.name] if field.compute is None else field.compute(self.view, row)
        if value is None:
            return None
        if field.target is not None:
            return self._link(field.target, value)
        return _PRINTED[field.kind](value) if field.kind in _PRINTED else self.view.printed(field, row, value)

    def _link(self, target: str, value: int) -> Shown:
        about = {"__deferred": {"uri": self._uri(target, value)}} if self.has_metadata else {}
        return {"__id": value, **about}

    def _uri(self, resource: str, value: int) -> str:
        return f"/v7/{resource}(@id)?@id={value}"


def _with(expand: Expand) -> Options:
    """The options of an expansion; of `a/b`, b is expanded inside a."""
    if expand.inner is None:
        return expand.options
    first, *rest = expand.inner.names
    inner = Expand(first, expand.inner.is_count and not rest, inner=Path(tuple(rest)) if rest else None)
    options = expand.options
    return Options(
        select=options.select, where=options.where, order=options.order, expand=(*options.expand, inner),
        top=options.top, skip=options.skip,
    )  # fmt: skip


def _same(value: Any) -> Any:
    return value


_PRINTED: dict[Kind, Callable[[Any], Any]] = {
    Kind.MOMENT: printed_moment,
    Kind.BIG: str,
    Kind.NUMBER: _same,
    Kind.REAL: _same,
    Kind.TEXT: _same,
    Kind.BOOLEAN: _same,
    Kind.DOCUMENT: _same,
}
