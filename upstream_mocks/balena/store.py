"""Rows in memory, found by any column, changed in transactions. Stored rows are never altered, only replaced."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from upstream_mocks.balena.odata.model import Model, Row


class Table:
    """The rows of one resource by id, with an index for each column anybody ever asked by."""

    def __init__(self) -> None:
        self.rows: dict[int, Row] = {}
        self.last_id = 0
        self._indexes: dict[str, dict[Any, list[Row]]] = {}

    def by(self, column: str, value: Any) -> list[Row]:
        if column == "id":
            return [row] if (row := self.rows.get(value)) is not None else []
        if column not in self._indexes:
            self._indexes[column] = defaultdict(list)
            for row in self.rows.values():
                self._indexes[column][row[column]].append(row)
        return self._indexes[column].get(value, [])

    def put(self, row_id: int, row: Row | None) -> None:
        """Replace the row, or take it away."""
        before = self.rows.pop(row_id, None)
        for column, index in self._indexes.items():
            if before is not None:
                index[before[column]] = [other for other in index[before[column]] if other is not before]
            if row is not None:
                index[row[column]].append(row)
        if row is not None:
            self.rows[row_id] = row
            self.last_id = max(self.last_id, row_id)


class Store:
    def __init__(self, model: Model):
        self.model = model
        self.tables = {name: Table() for name in model.resources}
        self._undo: list[tuple[Table, int, Row | None]] | None = None

    def get(self, resource: str, row_id: int | None) -> Row | None:
        return None if row_id is None else self.tables[resource].rows.get(row_id)

    def all(self, resource: str) -> Iterable[Row]:
        return self.tables[resource].rows.values()

    def by(self, resource: str, column: str, value: Any) -> list[Row]:
        return self.tables[resource].by(column, value)

    def where(self, resource: str, members: Mapping[str, Any]) -> list[Row]:
        """The rows that have every one of the members."""
        (first, value), *rest = members.items()
        return [row for row in self.by(resource, first, value) if all(row[name] == wanted for name, wanted in rest)]

    def add(self, resource: str, row: Row) -> Row:
        """Store a row under its own `id`, or under the next free one; what it does not say is null or the default."""
        table = self.tables[resource]
        fields = self.model.resources[resource].fields.values()
        blank = {field.name: field.default for field in fields if field.compute is None}
        whole = {**blank, "modified_at": row.get("created_at"), **row, "id": row.get("id") or table.last_id + 1}
        self._put(table, whole["id"], whole)
        return whole

    def change(self, resource: str, row: Row, values: Mapping[str, Any]) -> Row:
        changed = {**row, **values}
        self._put(self.tables[resource], row["id"], changed)
        return changed

    def remove(self, resource: str, row: Row) -> None:
        self._put(self.tables[resource], row["id"], None)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the changes inside, or none when an exception leaves it."""
        self._undo = []
        try:
            yield
        except BaseException:
            for table, row_id, before in reversed(self._undo):
                table.put(row_id, before)
            raise
        finally:
            self._undo = None

    def _put(self, table: Table, row_id: int, row: Row | None) -> None:
        if self._undo is not None:
            self._undo.append((table, row_id, table.rows.get(row_id)))
        table.put(row_id, row)
