"""Connection: one page of an ordered list over several sources, and how each source did."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar

import strawberry

from resolvers.graph.columns import reads
from resolvers.graph.context import Info
from resolvers.graph.enums import AnswerState

if TYPE_CHECKING:
    from resolvers.graph.source import Source

T = TypeVar("T")


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether more stands behind the last edge.")
    has_previous_page: bool = strawberry.field(description="Whether more stands before the first edge.")
    start_cursor: str | None = strawberry.field(description="Cursor of the first edge; null on an empty page.")
    end_cursor: str | None = strawberry.field(description="Cursor of the last edge; null on an empty page.")


@strawberry.type(description="How one source did in this answer.")
class SourceReport:
    source_name: strawberry.Private[str]
    state: AnswerState = strawberry.field(description="Whether its rows are here.")
    fetched_at: datetime | None = strawberry.field(
        default=None, description="When it was asked: of several answers the oldest."
    )
    age_seconds: float | None = strawberry.field(default=None, description="How old its rows are; null when not asked.")
    code: str | None = strawberry.field(default=None, description="What went wrong, as in `errors[].extensions.code`.")
    message: str | None = strawberry.field(default=None, description="What went wrong, for a person.")

    @strawberry.field(description="The source.")
    @reads()
    def source(self, info: Info) -> Annotated[Source, strawberry.lazy("resolvers.graph.source")]:
        return info.context.source(self.source_name)


@strawberry.type(description="One object of a page, with its position.")
class Edge(Generic[T]):
    node: T = strawberry.field(description="The object.")
    cursor_of: strawberry.Private[Callable[[Any], str]]

    @strawberry.field(description="Its position in this list, in this order: for `after` and `before`.")
    @reads()
    def cursor(self) -> str:
        return self.cursor_of(self.node)


@strawberry.type(description="One page of a list, ordered over all sources.")
class Connection(Generic[T]):
    nodes: list[T] = strawberry.field(description="The objects of this page, in order.")
    info_of: strawberry.Private[Callable[[], PageInfo]]
    total_count: int | None = strawberry.field(
        description="How many the whole list has; null when one source cannot count or did not answer."
    )
    sources: list[SourceReport] = strawberry.field(
        description="How each source did, by name; empty when none had to be asked."
    )
    cursor_of: strawberry.Private[Callable[[Any], str]]

    @strawberry.field(description="Where this page stands.")
    @reads()
    def page_info(self) -> PageInfo:
        # Made when it is shown: its cursors are signed.
        return self.info_of()

    @strawberry.field(description="The objects of this page with their cursors, in order.")
    @reads()
    def edges(self) -> list[Edge[T]]:
        return [Edge(node=node, cursor_of=self.cursor_of) for node in self.nodes]


def page_info(nodes: Sequence[T], cursor_of: Callable[[T], str], *, has_next: bool, has_previous: bool) -> PageInfo:
    return PageInfo(
        has_next_page=has_next,
        has_previous_page=has_previous,
        start_cursor=cursor_of(nodes[0]) if nodes else None,
        end_cursor=cursor_of(nodes[-1]) if nodes else None,
    )
