"""Context: all that a field may ask of its request.

A Protocol, because the graph must not know how an answer is found: the request behind it is put together above.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import strawberry
from graphql import GraphQLResolveInfo

from resolvers.graph.questions import Question
from resolvers.graph.window import Window

if TYPE_CHECKING:
    from resolvers.graph.artifact import Artifact
    from resolvers.graph.connection import Connection
    from resolvers.graph.counterpart import Counterpart
    from resolvers.graph.drift import Drift
    from resolvers.graph.fleet import Fleet
    from resolvers.graph.inputs import (
        ArtifactFilter,
        DeviceFilter,
        FleetFilter,
        FleetOrder,
        ReleaseFilter,
        ReleaseOrder,
    )
    from resolvers.graph.node import Sourced
    from resolvers.graph.product_line import ProductLine, ReleaseTrain
    from resolvers.graph.release import Release
    from resolvers.graph.source import Source

At = GraphQLResolveInfo[Any]


class GraphContext(Protocol):
    """Lists give a connection, or raise when every asked source failed; look-ups give None for what is not there."""

    def source(self, name: str) -> Source: ...

    async def answer(self, question: Question, source: str, native_id: str) -> Any:
        """What the source says to a question about one id: an object, a fact, or None."""
        ...

    async def columns(self, source: str, native_id: str, names: frozenset[str]) -> Mapping[str, Any] | None:
        """Heavy columns of one release, by the vendor's own names; None when the release is gone."""
        ...

    async def kin(self, release: Release) -> Kin:
        """The releases before, after and beside one, within its fleet."""
        ...

    async def latest_release(self, fleet: Fleet) -> Release | None: ...

    @property
    def lines(self) -> Lines:
        """What is asked of product lines."""
        ...

    async def children(self, question: Question, parent: Sourced, window: Window, at: At) -> Connection[Any]:
        """A list below one object, in the fixed order of its type."""
        ...

    async def linked(self, parent: Sourced, ids: tuple[str, ...], window: Window, at: At) -> Connection[Release]:
        """Releases of the parent's source by native id, as a list."""
        ...

    async def releases_of_fleet(
        self, fleet: Fleet, where: ReleaseFilter | None, order: ReleaseOrder | None, window: Window, at: At
    ) -> Connection[Release]: ...

    async def artifacts_of_release(
        self, release: Release, where: ArtifactFilter | None, window: Window, at: At
    ) -> Connection[Artifact]: ...

    async def devices_of_fleet(
        self, fleet: Fleet, where: DeviceFilter | None, window: Window, at: At
    ) -> Connection[Any]: ...

    async def fleets_of_source(
        self, source: Source, where: FleetFilter | None, order: FleetOrder | None, window: Window, at: At
    ) -> Connection[Fleet]: ...


class Kin(Protocol):
    """Neighbours of one release in its fleet."""

    previous: Release | None
    next: list[Release]
    hotfix_of: Release | None
    hotfixes: list[Release]


class Lines(Protocol):
    """Product lines and what they tell of releases."""

    def of_fleet(self, fleet: Fleet) -> ProductLine | None: ...

    async def fleets(self, line: ProductLine, window: Window, at: At) -> Connection[Fleet]: ...

    async def trains(self, line: ProductLine, window: Window, at: At) -> Connection[ReleaseTrain]: ...

    async def drift(self, line: ProductLine, at: At) -> Drift: ...

    async def releases(self, train: ReleaseTrain, window: Window, at: At) -> Connection[Release]: ...

    async def missing_from(self, train: ReleaseTrain) -> list[Fleet]:
        """By name. Raises the upstream's error when a fleet of the line could not be read."""
        ...

    async def counterparts(self, release: Release, at: At) -> list[Counterpart]:
        """By rule, then by source name and native id. What a source that failed may hold is told beside the answer."""
        ...


Info = strawberry.Info[GraphContext, None]
