"""Node: everything with a global id, and what all rows of a source share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Protocol

import strawberry

from resolvers import keys
from resolvers.graph.columns import Columned, reads
from resolvers.graph.context import Info

if TYPE_CHECKING:
    from resolvers.graph.source import Source


class Placed(Protocol):
    """What an ordered list needs of its rows."""

    @property
    def source_name(self) -> str: ...

    @property
    def native_id(self) -> str: ...


@strawberry.interface(description="An object with an id that finds it again, whichever source it is in.")
class Node:
    @strawberry.field(
        description="Opaque and global. It holds the source's configured name: renaming a source changes it."
    )
    @reads()
    def id(self) -> strawberry.ID:
        return strawberry.ID(keys.encode(type(self).__name__, *self._route()))

    def _route(self) -> tuple[str, str]:
        raise NotImplementedError


@strawberry.type(description="An object of one source.")
class Sourced(Columned, Node):
    source_name: str = strawberry.field(description="The configured name of the source it is in.")
    native_id: str = strawberry.field(
        description="The upstream's own route to it; with `sourceName` a key other subgraphs can know."
    )

    @strawberry.field(description="The source it is in.")
    @reads()
    def source(self, info: Info) -> Annotated[Source, strawberry.lazy("resolvers.graph.source")]:
        return info.context.source(self.source_name)

    @property
    def route(self) -> tuple[str, str]:
        """(source name, native id): what loaders key on."""
        return self.source_name, self.native_id

    def _route(self) -> tuple[str, str]:
        return self.route
