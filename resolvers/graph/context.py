"""Context: all that a field may ask of its request.

A Protocol, because the graph must not know how an answer is found: the request behind it is put together above.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import strawberry
from graphql import GraphQLResolveInfo

from resolvers.graph.window import Window

if TYPE_CHECKING:
    from resolvers.graph.artifact import Artifact
    from resolvers.graph.connection import Connection
    from resolvers.graph.fleet import Fleet
    from resolvers.graph.inputs import ArtifactFilter, FleetFilter, FleetOrder, ReleaseFilter, ReleaseOrder
    from resolvers.graph.release import Release
    from resolvers.graph.source import Source


class GraphContext(Protocol):
    """Lists give a connection, or raise when every asked source failed; look-ups give None for what is not there."""

    def source(self, name: str) -> Source: ...

    async def fleet(self, source: str, native_id: str) -> Fleet | None: ...

    async def columns(self, source: str, native_id: str, names: frozenset[str]) -> dict[str, Any] | None:
        """Heavy columns of one release, by the vendor's own names; None when the release is gone."""
        ...

    async def releases_of_fleet(
        self,
        fleet: Fleet,
        where: ReleaseFilter | None,
        order: ReleaseOrder | None,
        window: Window,
        at: GraphQLResolveInfo[Any],
    ) -> Connection[Release] | None: ...

    async def artifacts_of_release(
        self, release: Release, where: ArtifactFilter | None, window: Window, at: GraphQLResolveInfo[Any]
    ) -> Connection[Artifact] | None: ...

    async def fleets_of_source(
        self,
        source: Source,
        where: FleetFilter | None,
        order: FleetOrder | None,
        window: Window,
        at: GraphQLResolveInfo[Any],
    ) -> Connection[Fleet] | None: ...


Info = strawberry.Info[GraphContext, None]
