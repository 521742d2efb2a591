"""The general way of a write: types, hooks, constraints, rights, rules, consequences; all inside one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from upstream_mocks.balena.errors import RefusedError, broken, is_referenced, must_be_unique, unauthorized
from upstream_mocks.balena.odata.model import Resource, Row
from upstream_mocks.balena.writes import bodies
from upstream_mocks.balena.writes.bodies import Body
from upstream_mocks.balena.writes.context import Context
from upstream_mocks.balena.writes.deletion import delete
from upstream_mocks.balena.writes.hooks import hooks_of


class Writer:
    """Writes rows of one resource on behalf of one caller."""

    def __init__(self, context: Context, resource: Resource):
        self.context = context
        self.store = context.store
        self.resource = resource
        self.hooks = hooks_of(resource.name)

    def create(self, body: Body, stored: Mapping[str, Any] | None = None) -> Row:
        """A new row. `stored`: values that need no reading, such as an uploaded file."""
        with self.store.transaction():
            body = self.hooks.prepare(self.context, body, is_new=True)
            values = {**bodies.accepted(self.resource, body), **(stored or {})}
            values = {**self._times(), **self.hooks.complete(self.context, values, body, None)}
            self._check_new(values)
            row = self.store.add(self.resource.name, values)
            self._check(row, values)
            self.hooks.settled(self.context, row, body, None)
        return row

    def change(self, rows: Sequence[Row], body: Body, stored: Mapping[str, Any] | None = None) -> None:
        """All of the rows, or none."""
        with self.store.transaction():
            body = self.hooks.prepare(self.context, body, is_new=False)
            if not body and not stored:
                raise RefusedError(400, "No fields to update")
            values = {**bodies.accepted(self.resource, body), **(stored or {})}
            values.pop("id", None)
            changed = [(self._changed(row, values, body), row) for row in rows]
            for row, before in changed:
                self.hooks.settled(self.context, row, body, before)

    def delete(self, rows: Sequence[Row]) -> None:
        with self.store.transaction():
            self.hooks.deleting(self.context, rows)
            delete(self.store, self.resource.name, rows)

    def _changed(self, before: Row, values: Row, body: Body) -> Row:
        completed = self.hooks.complete(self.context, values, body, before)
        row = self.store.change(self.resource.name, before, {**completed, "modified_at": self.context.now})
        self._check(row, completed)
        return row

    def _times(self) -> Row:
        return {"created_at": self.context.now, "modified_at": self.context.now}

    def _check_new(self, values: Row) -> None:
        """Raises RefusedError: 500, the database's own answer to a missing member; 409 for an id in use."""
        if self.store.get(self.resource.name, values.get("id")) is not None:
            raise must_be_unique(("id",))
        required = [field for field in self.resource.fields.values() if field.is_required and field.default is None]
        if any(values.get(field.name) is None for field in required):
            raise broken()

    def _check(self, row: Row, values: Row) -> None:
        bodies.check_limits(self.resource, values)
        self._check_links(row)
        self._check_uniques(row)
        if not self.context.view.owns(self.resource, row):
            raise unauthorized()
        self.hooks.check(self.context, row)

    def _check_links(self, row: Row) -> None:
        for field in self.resource.fields.values():
            if field.target is None or field.compute is not None or field.when_target_goes == "leave":
                continue
            if row[field.name] is not None and self.store.get(field.target, row[field.name]) is None:
                raise is_referenced(field.name)

    def _check_uniques(self, row: Row) -> None:
        for names in self.resource.uniques:
            if len(self.store.where(self.resource.name, {name: row[name] for name in names})) > 1:
                raise must_be_unique(names)
