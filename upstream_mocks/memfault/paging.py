"""Lists: sorted as asked, cut into pages, with the five numbers of `paging`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from starlette.responses import JSONResponse, Response

from upstream_mocks.memfault import errors
from upstream_mocks.memfault.visit import Visit

MAX_PER_PAGE = 100
T = TypeVar("T")
SortKeys = Mapping[str, Callable[[T], Any]]


def listing(visit: Visit, rows: list[T], view: Callable[[T], object], *, is_capped: bool = True) -> Response:
    """One page; past the end it is empty, with true totals."""
    page, per_page = _number(visit, "page", 1), _number(visit, "per_page", MAX_PER_PAGE)
    if is_capped:
        per_page = _capped(per_page, visit.switches.get("per_page_limit", "clamp"))
    shown = rows[(page - 1) * per_page : page * per_page]
    paging = {
        "item_count": len(shown),
        "page": page,
        "page_count": -(-len(rows) // per_page),
        "per_page": per_page,
        "total_count": len(rows),
    }
    return JSONResponse({"data": [view(row) for row in shown], "paging": paging})


def sorted_as_asked(visit: Visit, rows: Iterable[T], keys: SortKeys[T], default: str | None = None) -> list[T]:
    """By `sort`, which may repeat for several keys; rows without a value come last.

    Without it by `default`, and without that in no order to rely on: the switch `default_order` tells which.
    """
    asked = visit.query.getlist("sort")
    if not asked and default is None:
        return _unsorted(list(rows), str(visit.switches.get("default_order", "shuffled")), keys)
    ordered = list(rows)
    for name in reversed(asked or [default or ""]):
        ordered = _sorted(ordered, name, keys)
    return ordered


def _unsorted(rows: list[T], order: str, keys: SortKeys[T]) -> list[T]:
    if order == "shuffled":
        return _shuffled(rows)
    return _sorted(rows, order, keys) if order.removeprefix("-") in keys else rows


def _sorted(rows: list[T], name: str, keys: SortKeys[T]) -> list[T]:
    value = keys.get(name.removeprefix("-"))
    if value is None:
        raise errors.invalid(f"`{name}` is not a sort key")
    known = [row for row in rows if value(row) is not None]
    return sorted(known, key=value, reverse=name.startswith("-")) + [row for row in rows if value(row) is None]


def _shuffled(rows: list[T]) -> list[T]:
    """Always the same, and never what a client would hope for."""
    return sorted(rows, key=lambda row: hashlib.md5(str(getattr(row, "id", row)).encode()).digest())  # noqa: S324 - an order, no secret


def _capped(per_page: int, limit: str) -> int:
    if limit == "reject" and per_page > MAX_PER_PAGE:
        raise errors.invalid(f"`per_page` is at most {MAX_PER_PAGE}")
    return per_page if limit == "accept" else min(per_page, MAX_PER_PAGE)


def _number(visit: Visit, name: str, default: int) -> int:
    value = visit.query.get(name, str(default))
    if not value.isascii() or not value.isdigit() or int(value) < 1:
        raise errors.invalid(f"`{name}` must be a positive integer")
    return int(value)
