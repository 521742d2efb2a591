"""Deleting: what goes along, what stands in the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from upstream_mocks.balena.errors import is_referenced
from upstream_mocks.balena.odata.model import Field, Model, Row
from upstream_mocks.balena.store import Store

Gone = dict[tuple[str, int], Row]


def delete(store: Store, resource: str, rows: Sequence[Row]) -> None:
    """Rows with all that cannot be without them. Raises RefusedError: 409 when something else still points there."""
    gone: Gone = {}
    for row in rows:
        _collect(store, resource, row, gone)
    for name, row_id in gone:
        _check(store, name, row_id, gone)
    for (name, _), row in gone.items():
        store.remove(name, row)


def _collect(store: Store, resource: str, row: Row, gone: Gone) -> None:
    if (resource, row["id"]) in gone:
        return
    gone[(resource, row["id"])] = row
    for name, field in _pointing(store.model, resource):
        if field.when_target_goes == "cascade":
            for child in list(store.by(name, field.name, row["id"])):
                _collect(store, name, child, gone)


def _check(store: Store, resource: str, row_id: int, gone: Gone) -> None:
    for name, field in _pointing(store.model, resource):
        if field.when_target_goes != "refuse":
            continue
        if any((name, other["id"]) not in gone for other in store.by(name, field.name, row_id)):
            raise is_referenced(field.name)


def _pointing(model: Model, resource: str) -> Iterator[tuple[str, Field]]:
    """The stored links of all resources that lead to this one."""
    for name, table in model.resources.items():
        for field in table.fields.values():
            if field.target == resource and field.compute is None:
                yield name, field
