"""Short words for the tables: `text("slug", required=True, most=64)` reads like the contract's line about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from upstream_mocks.balena.odata.model import Field, Kind, Limit, Navigation, Resource, Row, View

Compute = Callable[[View, Row], Any]
Going = Literal["cascade", "refuse", "leave"]


def table(name: str, *fields: Field, many: tuple[Navigation, ...] = (), **more: Any) -> Resource:
    """A resource with `id` and `created_at` before its own fields."""
    every = (Field("id", Kind.NUMBER), moment("created_at", required=True), *fields)
    return Resource(name, {field.name: field for field in every}, many, **more)


def text(name: str, *, required: bool = False, default: str | None = None, least: int = 0, most: int = 0) -> Field:
    limit = Limit(least, most or None) if least or most else None
    return Field(name, Kind.TEXT, is_required=required, default=default, limit=limit)


def word(name: str, *words: str, required: bool = False, default: str | None = None) -> Field:
    """One of the words, or null where it is not required."""
    return Field(name, Kind.TEXT, is_required=required, default=default, words=words)


def number(name: str, *, required: bool = False, default: int | None = None) -> Field:
    return Field(name, Kind.NUMBER, is_required=required, default=default)


def flag(name: str, *, default: bool = False) -> Field:
    return Field(name, Kind.BOOLEAN, is_required=True, default=default)


def moment(name: str, *, required: bool = False) -> Field:
    return Field(name, Kind.MOMENT, is_required=required)


def document(name: str, *, required: bool = False) -> Field:
    return Field(name, Kind.DOCUMENT, is_required=required)


def link(name: str, target: str, *, required: bool = False, going: Going = "refuse") -> Field:
    """To one row of `target`; `going` is what happens to this row when that one is deleted."""
    return Field(name, Kind.NUMBER, target=target, is_required=required, when_target_goes=going)


def part_of(name: str, target: str) -> Field:
    """To the row this one cannot be without."""
    return link(name, target, required=True, going="cascade")


def computed(name: str, kind: Kind, compute: Compute, *, target: str | None = None, unasked: bool = True) -> Field:
    return Field(name, kind, target=target, compute=compute, comes_unasked=unasked)


def many(target: str, there: str, *names: str) -> tuple[Navigation, ...]:
    """To the rows of `target` that point back by `there`, under each of the names."""
    return tuple(Navigation(name, target, "id", there) for name in names or (target,))
