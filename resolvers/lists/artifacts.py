"""Lists of artifacts: over all sources, and of one release."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLResolveInfo

from resolvers.federation import order as orders
from resolvers.federation.filters import artifacts as filters
from resolvers.federation.filters.artifacts import ArtifactSelection
from resolvers.federation.lists import Listing
from resolvers.federation.reading import Reading, read_whole, sifted
from resolvers.federation.streams import whole
from resolvers.graph.artifact import Artifact
from resolvers.graph.connection import Connection
from resolvers.graph.inputs import ArtifactFilter
from resolvers.graph.questions import Question
from resolvers.graph.release import Release
from resolvers.graph.window import Window
from resolvers.lists import Desk, files_of, identity, settled, settled_each
from resolvers.upstreams.port import ArtifactQuery, Incomplete

At = GraphQLResolveInfo[Any]
NARROWED_BY = ("releaseIds", "kinds")


async def everywhere(desk: Desk, where: ArtifactFilter | None, window: Window, at: At) -> Connection[Artifact]:
    selection = filters.select(desk.sources.facts, where)

    async def read(source: str) -> Reading[Artifact]:
        if selection.ids is not None:
            return await _of_releases(desk, selection, source)
        stream = desk.sources.upstreams[source].artifacts(_query(desk, selection, source))
        return await read_whole(source, stream, selection.keep, NARROWED_BY)

    listing = Listing(orders.by_id("artifacts"), identity(where), desk.sources.names, selection.asked, whole(read))
    return await desk.lister.connection(listing, window, at)


async def of_release(
    desk: Desk, release: Release, where: ArtifactFilter | None, window: Window, at: At
) -> Connection[Artifact]:
    selection = filters.select(desk.sources.facts, where)

    async def read(source: str) -> Reading[Artifact]:
        if selection.ids is not None and release.native_id not in selection.ids[source]:
            return Reading(source)
        return await settled(source, files_of(desk, release), selection.keep)

    own = (*identity(where), release.route)
    listing = Listing(orders.by_id("artifacts"), own, (release.source_name,), selection.asked, whole(read))
    return await desk.lister.connection(listing, window, at)


def _query(desk: Desk, selection: ArtifactSelection, source: str) -> ArtifactQuery:
    return selection.query(source, desk.columns("Artifact"))


async def _of_releases(desk: Desk, selection: ArtifactSelection, source: str) -> Reading[Artifact]:
    """Files of the releases asked for, each once: one image may serve several of them."""
    routes = [(source, native_id) for native_id in dict.fromkeys((selection.ids or {})[source])]
    lists, errors = await settled_each(desk.loaders.to(Question.ARTIFACTS_OF_RELEASE), routes)
    files = {file.native_id: file for one in lists for file in sifted(selection.keep, one or ())}
    gaps = [one.error for one in lists if isinstance(one, Incomplete)]
    return Reading(source, list(files.values()), [*errors, *gaps], is_lost=len(errors) == len(routes))
