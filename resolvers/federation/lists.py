"""Lists: from a filter to a connection, the same way for releases, fleets and artifacts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from graphql import FieldNode, FragmentDefinitionNode, FragmentSpreadNode, GraphQLResolveInfo, InlineFragmentNode
from graphql.language import SelectionSetNode

from resolvers.federation import pages
from resolvers.federation.cursor import Cursors, list_digest
from resolvers.federation.order import Order
from resolvers.federation.reading import Reading, skipped
from resolvers.federation.report import Collector
from resolvers.graph.connection import Connection
from resolvers.graph.node import Placed
from resolvers.graph.window import Window

T = TypeVar("T", bound=Placed)


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """One list that was asked for.

    identity: what a cursor of it belongs to beside the order: filter and parent. sources: who is reported, in order;
    of these `asked` are read, the others are skipped.
    """

    order: Order[T]
    identity: tuple[Any, ...]
    sources: Sequence[str]
    asked: frozenset[str]
    read: Callable[[str], Awaitable[Reading[T]]]


@dataclass(frozen=True, slots=True)
class Lister:
    """What all lists of one request share."""

    cursor_key: bytes
    max_size: int
    collector: Collector

    async def connection(self, listing: Listing[T], window: Window, at: GraphQLResolveInfo[Any]) -> Connection[T]:
        """The page. Raises the first error when every asked source failed; the others are told beside it."""
        cursors = Cursors(self.cursor_key, list_digest(listing.order.name, *listing.identity))
        limits = pages.limits(window, cursors, self.max_size)
        if limits.size == 0 and not is_selected(at, "totalCount"):
            return pages.unread(limits)
        readings = await asyncio.gather(*(_read(listing, source) for source in listing.sources))
        page = pages.page(readings, listing.order, cursors, limits)
        path = at.path.as_list()
        asked = [reading for reading in readings if not reading.is_skipped]
        if asked and all(reading.is_lost for reading in asked):
            # The field's own error speaks for the first source, so only the others are noted beside it.
            self.collector.note(path, asked[1:], page.sources)
            raise asked[0].errors[0]
        self.collector.note(path, readings, page.sources)
        return page


async def _read(listing: Listing[T], source: str) -> Reading[T]:
    return await listing.read(source) if source in listing.asked else skipped(source)


def is_selected(at: GraphQLResolveInfo[Any], name: str) -> bool:
    """Whether the field being answered has `name` selected below it, under any alias, in any fragment."""
    return any(_selects(node.selection_set, name, at.fragments) for node in at.field_nodes)


def _selects(within: SelectionSetNode | None, name: str, fragments: dict[str, FragmentDefinitionNode]) -> bool:
    return any(_is_or_holds(node, name, fragments) for node in _nodes(within))


def _nodes(within: SelectionSetNode | None) -> Iterable[Any]:
    return within.selections if within is not None else ()


def _is_or_holds(node: Any, name: str, fragments: dict[str, FragmentDefinitionNode]) -> bool:
    if isinstance(node, FieldNode):
        return node.name.value == name
    if isinstance(node, FragmentSpreadNode):
        return _selects(fragments[node.name.value].selection_set, name, fragments)
    return isinstance(node, InlineFragmentNode) and _selects(node.selection_set, name, fragments)
