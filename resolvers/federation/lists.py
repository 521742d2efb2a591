"""Lists: from a filter to a connection, the same way for releases, fleets and artifacts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Generic, TypeVar, cast

import structlog
from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLResolveInfo,
    InlineFragmentNode,
    value_from_ast_untyped,
)
from graphql.language import SelectionSetNode
from msgspec import Struct

from resolvers.errors import ReleasegraphError
from resolvers.federation import merge, pages, streams
from resolvers.federation.apart import side_by_side
from resolvers.federation.cursor import Cursors, list_digest
from resolvers.federation.order import Order
from resolvers.federation.reading import Reading, Unexpected, skipped
from resolvers.federation.report import Collector
from resolvers.federation.streams import Begun, Open, Opened, Span
from resolvers.graph.connection import Connection
from resolvers.graph.node import Placed
from resolvers.graph.window import Window
from resolvers.transport import allowance, freshness
from resolvers.transport.way import MAX_BYTES

T = TypeVar("T", bound=Placed)
At = GraphQLResolveInfo[Any]

_log = structlog.get_logger("releasegraph.federation")


class Listing(Struct, Generic[T], frozen=True):
    """One list that was asked for.

    identity: what a cursor of it belongs to beside the order: filter and parent. sources: who is reported, in order;
    of these `asked` are read, the others are skipped. open: gives a source's streams, see `streams.whole`.
    """

    order: Order[T]
    identity: tuple[Any, ...]
    sources: Sequence[str]
    asked: frozenset[str]
    open: Open[T]


class Lister(Struct, frozen=True):
    """What all lists of one request share."""

    cursor_key: bytes
    max_size: int
    collector: Collector

    async def connection(self, listing: Listing[T], window: Window, at: At) -> Connection[T]:
        """The page. Raises the first error when every asked source failed; the others are told beside it."""
        digest = list_digest(listing.order.name, *listing.identity)
        cursors = Cursors(self.cursor_key, digest, listing.order.keys.type)
        limits = pages.limits(window, cursors, self.max_size)
        is_counted = is_selected(at, "totalCount")
        if limits.size == 0 and not is_counted:
            return pages.unread(limits)
        span = pages.span(listing.order, limits)
        opened = await side_by_side([_open(listing, source, span, is_counted) for source in listing.sources])
        rows = await merge.first(span.size, [stream for one in opened for stream in one.streams], span.order)
        total = await _total(opened) if is_counted else None
        page = pages.page(rows, opened, listing.order, cursors, limits, total)
        path = at.path.as_list()
        readings = [one.reading for one in opened]
        asked = [reading for reading in readings if not reading.is_skipped]
        if asked and all(reading.is_lost for reading in asked):
            # The field's own error speaks for the first source, so only the others are noted beside it.
            self.collector.note(path, asked[1:], page.sources, is_partial=False)
            raise asked[0].errors[0]
        self.collector.note(path, readings, page.sources)
        return page


async def _open(listing: Listing[T], source: str, span: Span[T], is_counted: bool) -> Opened[T]:
    """The source's streams, begun. Whatever goes wrong with one source is its own failure: a mistake of one adapter
    must not cost the others."""
    if source not in listing.asked:
        return streams.read(skipped(source), span)
    allowance.begin(MAX_BYTES)
    fresh = freshness.begin()
    try:
        opened = await listing.open(source, span)
        opened.reading.freshness = fresh
        await _begin(opened, is_counted)
        return opened
    except ReleasegraphError:
        raise
    except Exception as error:
        _log.error("unexpected error", source=source, exc_info=error)
        return streams.read(Reading(source, errors=(Unexpected(source),), is_lost=True), span)


async def _begin(opened: Opened[T], is_counted: bool) -> None:
    """Asks for its first rows, and its count, here: a source that is read as a whole while it is opened must not keep
    the others' first pages waiting."""
    asked = [stream.more() for stream in opened.streams]
    if is_counted and not opened.is_counted_by_reading:
        firsts, opened.counted = await asyncio.gather(side_by_side(asked), opened.count())
    else:
        firsts = await side_by_side(asked)
    opened.streams = [Begun(*one) for one in zip(opened.streams, firsts, strict=True)]


async def _total(opened: Sequence[Opened[T]]) -> int | None:
    """How many rows all sources have together; None as soon as one cannot tell."""
    counted = [one for one in opened if not one.reading.is_skipped]
    counts = await asyncio.gather(*map(_count, counted))
    return None if None in counts else sum(count for count in counts if count is not None)


async def _count(one: Opened[T]) -> int | None:
    if not one.is_counted_by_reading:
        return one.counted
    if one.reading.freshness is not None:
        one.reading.freshness.go_on()
    return await one.count()


def is_selected(at: At, name: str) -> bool:
    """Whether the field being answered has `name` selected below it, under any alias, in any fragment."""
    return any(_selects(node.selection_set, name, at) for node in at.field_nodes)


def _selects(within: SelectionSetNode | None, name: str, at: At) -> bool:
    nodes = within.selections if within is not None else ()
    return any(_is_or_holds(node, name, at) for node in nodes if _is_included(node, at))


def _is_or_holds(node: Any, name: str, at: At) -> bool:
    if isinstance(node, FieldNode):
        return node.name.value == name
    if isinstance(node, FragmentSpreadNode):
        return _selects(at.fragments[node.name.value].selection_set, name, at)
    return isinstance(node, InlineFragmentNode) and _selects(node.selection_set, name, at)


def _is_included(node: Any, at: At) -> bool:
    """By its @skip and @include; each has the one argument `if`."""
    variables = cast("dict[str, Any]", at.variable_values)  # strawberry's executor hands them over plain
    given = {
        directive.name.value: value_from_ast_untyped(directive.arguments[0].value, variables)
        for directive in node.directives or ()
        if directive.name.value in ("skip", "include")
    }
    return not given.get("skip", False) and bool(given.get("include", True))
