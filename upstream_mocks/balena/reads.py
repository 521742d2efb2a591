"""GET below `/v7`: collections, keys, counts, paths."""

from __future__ import annotations

from typing import Any

from upstream_mocks.balena.errors import broken
from upstream_mocks.balena.odata.model import Resource, Row
from upstream_mocks.balena.odata.queries import Query, matching
from upstream_mocks.balena.odata.shapes import Shape
from upstream_mocks.balena.odata.translator import Translator
from upstream_mocks.balena.odata.tree import Key, Options, Segment, Url
from upstream_mocks.balena.views import AccountView


def read(view: AccountView, url: Url, *, most: int | None = None) -> Any:
    """The payload under `d`: rows, at most so many, or a number."""
    if url.has_links:
        raise broken()
    translator = Translator(view, url.options.aliases)
    resource, rows = _start(view, translator, url.segments[0])
    for segment in url.segments[1:]:
        resource, rows = _step(translator, resource, rows, segment)
    if url.is_count:
        return Query(translator, resource, Options(where=url.options.where)).count(rows)
    # Beyond a path the server knows no default columns.
    if len(url.segments) > 1 and url.options.select is None:
        raise broken()
    return Shape(translator, resource, url.options).answer(rows)[:most]


def shown(view: AccountView, resource: Resource, row: Row) -> dict[str, Any]:
    """One row with its default columns."""
    return Shape(Translator(view, {}), resource, Options()).shown(row)


def keyed(view: AccountView, translator: Translator, resource: Resource, key: Key) -> list[Row]:
    """The visible row with the key: one or none."""
    found = view.store.where(resource.name, matching(translator, resource, key))
    return [row for row in found if view.sees(resource, row)]


def _start(view: AccountView, translator: Translator, segment: Segment) -> tuple[Resource, list[Row]]:
    resource = view.open(segment.resource)
    if segment.key is None:
        return resource, view.rows(resource)
    return resource, keyed(view, translator, resource, segment.key)


def _step(translator: Translator, resource: Resource, rows: list[Row], segment: Segment) -> tuple[Resource, list[Row]]:
    navigation, target = translator.navigation(resource, segment.resource)
    found = [other for row in rows for other in translator.view.follow(navigation, row)]
    if segment.key is None:
        return target, found
    members = matching(translator, target, segment.key)
    return target, [row for row in found if all(row[name] == value for name, value in members.items())]
