"""Product line: fleets of several sources that are one product, and its versions wherever they show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import strawberry

from resolvers import keys
from resolvers.graph.columns import reads
from resolvers.graph.connection import Connection
from resolvers.graph.context import Info
from resolvers.graph.drift import Drift
from resolvers.graph.lineage import MEMBER, SIGHTING, STANDING
from resolvers.graph.node import Node
from resolvers.graph.version import Version, version
from resolvers.graph.window import After, Before, First, Last, Window

if TYPE_CHECKING:
    from resolvers.graph.fleet import Fleet
    from resolvers.graph.release import Release


@strawberry.type(description="One version of a product line, wherever it shows: its spellings may differ by source.")
class ReleaseTrain(Node):
    line_name: strawberry.Private[str]
    key: strawberry.Private[str]  # one for all spellings of the version
    raw_version: strawberry.Private[str]
    seen: strawberry.Private[Sequence[Release]]
    source_name: strawberry.Private[str]  # for its place in a list only: it is of no one source

    @strawberry.field(description="The version, in the plainest of its spellings.")
    @reads()
    def version(self) -> Version:
        return version(self.raw_version)

    @strawberry.field(
        description="Its releases, newest first; drafts and what failed, was taken back or deleted are none."
    )
    @reads(*SIGHTING)
    async def releases(
        self, info: Info, first: First = None, after: After = None
    ) -> Connection[Annotated[Release, strawberry.lazy("resolvers.graph.release")]] | None:
        return await info.context.lines.releases(self, Window(first, after), info._raw_info)

    @strawberry.field(
        description="Fleets of the line that have no release of this version, by name. Those of sources that know no "
        "versions are left out. Null, with an error, when a fleet did not answer."
    )
    @reads(*SIGHTING)
    async def missing_from(self, info: Info) -> list[Annotated[Fleet, strawberry.lazy("resolvers.graph.fleet")]] | None:
        return await info.context.lines.missing_from(self)

    @property
    def native_id(self) -> str:
        return keys.join(self.line_name, self.key)

    def _route(self) -> tuple[str, str]:
        return keys.NOWHERE, self.native_id


@strawberry.type(description="Fleets of several sources that are one product, as configured in `[[product_lines]]`.")
class ProductLine(Node):
    name: str = strawberry.field(description="Its configured name. Renaming it changes its id.")

    @strawberry.field(description="Its fleets, by name; one that is configured and does not exist is left out.")
    @reads(*MEMBER)
    async def fleets(
        self, info: Info, first: First = None, after: After = None
    ) -> Connection[Annotated[Fleet, strawberry.lazy("resolvers.graph.fleet")]] | None:
        return await info.context.lines.fleets(self, Window(first, after), info._raw_info)

    @strawberry.field(
        description="Its versions, highest first: releases (SEMVER, PEP440) and dates. Numbers, labels and `0.0.0` do "
        "not tell one release from another and are none."
    )
    @reads(*SIGHTING)
    async def trains(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[ReleaseTrain] | None:
        return await info.context.lines.trains(self, Window(first, after, last, before), info._raw_info)

    @strawberry.field(description="Which version is on which of its fleets, and where it is behind.")
    @reads(*STANDING)
    async def drift(self, info: Info) -> Drift | None:
        return await info.context.lines.drift(self, info._raw_info)

    def _route(self) -> tuple[str, str]:
        return keys.NOWHERE, keys.join(self.name)
