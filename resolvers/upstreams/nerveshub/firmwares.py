"""Firmwares: a product's list of them holds its releases and its artifacts at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from resolvers.errors import UpstreamError
from resolvers.graph.artifact import Artifact
from resolvers.graph.release import Release
from resolvers.upstreams import scopes
from resolvers.upstreams.nerveshub import normalise
from resolvers.upstreams.nerveshub.normalise import Product
from resolvers.upstreams.nerveshub.products import Products
from resolvers.upstreams.payload import Rows
from resolvers.upstreams.port import ArtifactQuery, Chunk, Columns, Found, ReleaseQuery
from resolvers.upstreams.scopes import Answer


class Firmwares(Products):
    async def releases(self, query: ReleaseQuery) -> AsyncIterator[Chunk[Release]]:
        async def read(product: Product) -> Chunk[Release]:
            releases = await self._releases_of(product)
            return Chunk(releases.rows, releases.failures(product.native_id))

        async for chunk in self.chunks(query.fleet_ids, read):
            yield chunk

    async def artifacts(self, query: ArtifactQuery) -> AsyncIterator[Chunk[Artifact]]:
        async for chunk in self.releases(ReleaseQuery()):
            yield Chunk([file for release in chunk.rows for file in _files(release)], chunk.failures)

    async def releases_by_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Release]:
        """A call for each product: NervesHub finds no firmware by its version."""

        async def find(product: Product, own: Sequence[str]) -> Answer[Release]:
            releases = await self._releases_of(product)
            return Answer({release.native_id: release for release in releases.rows}, releases.error)

        return await self.look_up(ids, 3, find)

    async def artifacts_by_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Artifact]:
        """A call for each product: one for each firmware would grow with the rows."""

        async def find(product: Product, own: Sequence[str]) -> Answer[Artifact]:
            rows = await self.api.firmwares(product)
            found = normalise.artifacts(self.http.source, product, rows.rows)
            return Answer({artifact.native_id: artifact for artifact in found}, rows.error)

        return await self.look_up(ids, 3, find)

    async def artifacts_by_release_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Sequence[Artifact]]:
        found = await self.releases_by_id(ids)
        return {i: each if isinstance(each, UpstreamError) else _files(each) for i, each in found.items()}

    async def release_ids_by_artifact_id(self, ids: Sequence[str]) -> Found[Sequence[str]]:
        found = await self.artifacts_by_id(ids)
        return {i: each if isinstance(each, UpstreamError) else each.release_native_ids for i, each in found.items()}

    async def download_url_by_artifact_id(self, ids: Sequence[str]) -> Found[str]:
        """A call for each: a link is signed for one file, and soon over."""

        async def find(native_id: str, product: Product, uuid: str) -> Answer[str]:
            url = await self.api.download_url(product, uuid)
            return Answer({native_id: url} if url else {})

        routes = [(native_id, self.route(native_id, 3)) for native_id in dict.fromkeys(ids)]
        return await scopes.look_up(((i,), find(i, route[0], *route[1])) for i, route in routes if route)

    async def _releases_of(self, product: Product) -> Rows[Release]:
        rows = await self.api.firmwares(product)
        return Rows(normalise.releases(self.http.source, product, rows.rows, self.config.web_url), rows.error)


def _files(release: Release) -> Sequence[Artifact]:
    return release.artifacts_of() if release.artifacts_of else []
