"""What a write works with, and what a resource may add to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from upstream_mocks.balena.odata.model import Row
from upstream_mocks.balena.store import Store
from upstream_mocks.balena.views import AccountView
from upstream_mocks.balena.writes.bodies import Body
from upstream_mocks.world import World


@dataclass(frozen=True, slots=True)
class Context:
    store: Store
    view: AccountView
    world: World
    now: datetime  # of this write


class Hooks:
    """The steps of a write, in order; each may raise RefusedError, and then nothing happened."""

    def prepare(self, context: Context, body: Body, *, is_new: bool) -> Body:
        """The body before its types are looked at."""
        return body

    def complete(self, context: Context, values: Row, body: Body, before: Row | None) -> Row:
        """The values to store, typed; `before` is None for a new row."""
        return values

    def check(self, context: Context, row: Row) -> None:
        """The rules the stored row must satisfy."""

    def settled(self, context: Context, row: Row, body: Body, before: Row | None) -> None:
        """What else changes because this row did."""

    def deleting(self, context: Context, rows: Sequence[Row]) -> None:
        """Whether these rows may be deleted."""
