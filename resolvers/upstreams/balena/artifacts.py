"""Artifacts: images and assets of releases. Questions of the port, asked of balena."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence

from resolvers.errors import UpstreamError
from resolvers.graph.artifact import Artifact
from resolvers.graph.enums import ArtifactKind
from resolvers.upstreams.balena import files, filters, odata
from resolvers.upstreams.balena.asking import Asking, numbered
from resolvers.upstreams.balena.columns import extended
from resolvers.upstreams.balena.odata import Condition, Options
from resolvers.upstreams.balena.rows import AssetLinkRow, DownloadRow, IdRow, ImageLinkRow, ReleaseFilesRow
from resolvers.upstreams.payload import Rows
from resolvers.upstreams.port import ArtifactQuery, Chunk, Columns, Found
from resolvers.upstreams.scopes import Answer


async def listed(asking: Asking, query: ArtifactQuery) -> AsyncIterator[Chunk[Artifact]]:
    images, assets = (
        query.kinds is None or kind in query.kinds
        for kind in (ArtifactKind.CONTAINER_IMAGE, ArtifactKind.RELEASE_ASSET)
    )
    if images or assets:
        parts = files.Files(query.columns, asking.of_cloud, images=images, assets=assets)
        rows = await _releases(asking, parts, filters.releases_in_scope(asking.config))
        yield Chunk(parts.of(asking.source, rows.rows, has_all_releases=rows.error is None), rows.failures())


async def by_id(asking: Asking, ids: Sequence[str], columns: Columns) -> Found[Artifact]:
    async def find_images(numbers: Sequence[int]) -> Answer[Artifact]:
        view = asking.cut(files.LINKED_IMAGES, columns)
        rows = await asking.cut_rows("image", view.options(_images(asking, numbers)), view)
        return _by_native_id(view.rows(rows.rows, asking.at), rows.error)

    async def find_assets(numbers: Sequence[int]) -> Answer[Artifact]:
        view = asking.cut(files.LINKED_ASSETS, columns)
        rows = await asking.cut_rows("release_asset", view.options(_assets(asking, numbers)), view)
        return _by_native_id(view.rows(rows.rows, asking.at), rows.error)

    images = asking.look_up(numbered(ids, files.IMAGE), find_images)
    assets = asking.look_up(numbered(ids, files.ASSET), find_assets)
    found_images, found_assets = await asyncio.gather(images, assets)
    return {**found_images, **found_assets}


async def by_release_id(asking: Asking, ids: Sequence[str], columns: Columns) -> Found[Sequence[Artifact]]:
    parts = files.Files(columns, asking.of_cloud)

    async def find(numbers: Sequence[int]) -> Answer[Sequence[Artifact]]:
        where = odata.every(filters.releases_in_scope(asking.config), odata.one_of("id", numbers))
        rows = await _releases(asking, parts, where)
        # An image may be in releases that were not asked for.
        return Answer(
            {str(row.id): parts.of(asking.source, [row], has_all_releases=False) for row in rows.rows}, rows.error
        )

    return await asking.look_up(numbered(ids), find)


async def download_url_by_id(asking: Asking, ids: Sequence[str]) -> Found[str]:
    """Of assets that have a file; images are pulled, not fetched."""

    async def find(numbers: Sequence[int]) -> Answer[str]:
        wanted = Options(("id", "asset"), _assets(asking, numbers))
        rows = await asking.rows(odata.url("release_asset", wanted), DownloadRow, may_be_kept=False)
        links = {files.asset_id(row.id): row.asset.href for row in rows.rows if row.asset is not None}
        return Answer({native_id: link for native_id, link in links.items() if link}, rows.error)

    return await asking.look_up(numbered(ids, files.ASSET), find)


async def release_ids_by_id(asking: Asking, ids: Sequence[str]) -> Found[Sequence[str]]:
    async def of_images(numbers: Sequence[int]) -> Answer[Sequence[str]]:
        scope = odata.some("is_part_of__release", "r", filters.in_scope(asking.config, "r/belongs_to__application"))
        wanted = Options(("image", "is_part_of__release"), odata.every(scope, odata.one_of("image", numbers)))
        rows = await asking.rows(odata.url("release_image", wanted), ImageLinkRow)
        # Of an image that lost a row nobody knows which releases it lacks.
        return Answer({} if rows.error else files.releases_of_images(rows.rows), rows.error)

    async def of_assets(numbers: Sequence[int]) -> Answer[Sequence[str]]:
        wanted = Options(("id", "release"), _assets(asking, numbers))
        rows = await asking.rows(odata.url("release_asset", wanted), AssetLinkRow)
        return Answer(files.releases_of_assets(rows.rows), rows.error)

    images = asking.look_up(numbered(ids, files.IMAGE), of_images)
    assets = asking.look_up(numbered(ids, files.ASSET), of_assets)
    found_images, found_assets = await asyncio.gather(images, assets)
    return {**found_images, **found_assets}


async def _releases(asking: Asking, parts: files.Files, where: Condition) -> Rows[ReleaseFilesRow]:
    """Releases with what they are made of, in one call whatever their number."""
    target = odata.url("release", Options(("id",), where, parts.expand))
    return await asking.rows(target, extended(IdRow, parts.types))


def _images(asking: Asking, numbers: Sequence[int]) -> Condition:
    return odata.every(filters.images_in_scope(asking.config), odata.one_of("id", numbers))


def _assets(asking: Asking, numbers: Sequence[int]) -> Condition:
    return odata.every(filters.assets_in_scope(asking.config), odata.one_of("id", numbers))


def _by_native_id(found: Iterable[Artifact], error: UpstreamError | None) -> Answer[Artifact]:
    return Answer({artifact.native_id: artifact for artifact in found}, error)
