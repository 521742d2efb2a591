"""Files: images and assets of releases as artifacts. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any

from resolvers import keys
from resolvers.graph.artifact import Artifact, Digest
from resolvers.graph.enums import ArtifactKind
from resolvers.upstreams.balena import selection
from resolvers.upstreams.balena.columns import At, Column, Table, cut, details, extended, listing, same
from resolvers.upstreams.balena.normalise import native_id
from resolvers.upstreams.balena.odata import Options
from resolvers.upstreams.balena.rows import (
    AssetLinkRow,
    AssetRow,
    FileRow,
    ImageLinkRow,
    ImageRow,
    ReleaseFilesRow,
    ReleaseImageRow,
    linked,
)
from resolvers.upstreams.port import Columns

IMAGE, ASSET = "image", "asset"
"First part of an artifact's native id: both kinds count from 1."

ALGORITHMS = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}
"By the number of hex digits, where a checksum does not name its algorithm."

IMAGE_DETAILS = (
    "is_stored_at__image_location", "project_type", "error_message", "created_at", "start_timestamp", "end_timestamp",
    "push_timestamp",
)  # fmt: skip
FILE_DETAILS = ("content_disposition", "checksum")
"What `details` shows, under balena's own names: the columns of a row that the graph has no field for."

SERVICE = (("is_a_build_of__service", "service_name"),)

IMAGES: Table[Artifact] = Table(
    Artifact,
    ImageRow,
    {
        "name": Column(lambda row, at: _service(row) or f"image {row.id}", expand=SERVICE),
        "kind": Column(lambda row, at: ArtifactKind.CONTAINER_IMAGE),
        "target": Column(lambda row, at: _service(row), expand=SERVICE),
        "size_bytes": Column(lambda row, at: _bytes(row.image_size), ("image_size",)),
        "digests": Column(lambda row, at: _digests(row.content_hash), ("content_hash",)),
        "pull_reference": Column(
            lambda row, at: f"{row.is_stored_at__image_location}@{row.content_hash}" if row.content_hash else None,
            ("content_hash", "is_stored_at__image_location"),
        ),
        "native_status": same("status"),
        # When it was pushed, else when its row was made.
        "created_at": Column(lambda row, at: row.push_timestamp or row.created_at, ("push_timestamp", "created_at")),
        "release_native_ids": Column(lambda row, at: at.release_ids),
        "has_all_releases": Column(lambda row, at: at.has_all_releases),
        "details_of": Column(lambda row, at: partial(details, row, IMAGE_DETAILS), IMAGE_DETAILS),
    },
    selection.IMAGE,
    native_id=lambda row, at: keys.join(IMAGE, row.id),
)

# Whatever is asked of a file comes with the column `asset`; a slot nobody uploaded to has only its name.
ASSETS: Table[Artifact] = Table(
    Artifact,
    AssetRow,
    {
        "name": same("asset_key"),
        "kind": Column(lambda row, at: ArtifactKind.RELEASE_ASSET),
        "filename": Column(lambda row, at: _file(row).filename or None, ("asset",)),
        "media_type": Column(lambda row, at: _file(row).content_type or None, ("asset",)),
        "size_bytes": Column(lambda row, at: _file(row).size, ("asset",)),
        "digests": Column(lambda row, at: _digests(_file(row).checksum), ("asset",)),
        "release_native_ids": Column(lambda row, at: at.release_ids),
        "details_of": Column(lambda row, at: partial(details, _file(row), FILE_DETAILS), ("asset",)),
    },
    selection.ASSET,
    native_id=lambda row, at: asset_id(row.id),
)


# Looked up by itself a file brings along the releases it is in; below releases it is told by them.
LINKED_IMAGES = replace(
    IMAGES,
    columns={
        **IMAGES.columns,
        "release_native_ids": Column(
            lambda row, at: linked_releases(row), expand=(("release_image", "is_part_of__release"),)
        ),
    },
)
LINKED_ASSETS = replace(
    ASSETS,
    columns={**ASSETS.columns, "release_native_ids": Column(lambda row, at: _release(row), ("release",))},
    selected=(*selection.ASSET, "release"),
)


class Files:
    """Images and assets as they come with the releases they are part of, cut to these columns."""

    def __init__(self, columns: Columns, of_cloud: bool, *, images: bool = True, assets: bool = True):
        self._images, self._assets = cut(IMAGES, columns, of_cloud), cut(ASSETS, columns, of_cloud)
        self.expand: dict[str, Options] = {}
        self.types: dict[str, Any] = {}
        if images:
            self.expand["release_image"] = Options(("id",), expand={"image": self._images.options()})
            self.types["release_image"] = listing(extended(ReleaseImageRow, {"image": listing(self._images.row)}))
        if assets:
            self.expand["release_asset"] = self._assets.options()
            self.types["release_asset"] = listing(self._assets.row)

    def of(self, source: str, rows: Iterable[ReleaseFilesRow], *, has_all_releases: bool) -> list[Artifact]:
        """Of all the releases, each once: an image that is reused knows every release of these.

        has_all_releases: whether these are all releases there are.
        """
        images: dict[int, ImageRow] = {}
        releases: dict[int, list[str]] = {}
        assets: list[Artifact] = []
        for row in rows:
            for one in (one for part in getattr(row, "release_image", ()) for one in part.image):
                images[one.id] = one
                releases.setdefault(one.id, []).append(str(row.id))
            at = At(source, release_ids=(str(row.id),))
            assets += [self._assets.made(one, at) for one in getattr(row, "release_asset", ())]
        made = (
            self._images.made(one, At(source, release_ids=tuple(releases[one.id]), has_all_releases=has_all_releases))
            for one in images.values()
        )
        return [*made, *assets]


def artifacts(source: str, rows: Iterable[ReleaseFilesRow], *, has_all_releases: bool) -> list[Artifact]:
    """Of rows with everything."""
    return Files(None, of_cloud=True).of(source, rows, has_all_releases=has_all_releases)


def linked_asset(source: str, row: AssetRow) -> Artifact:
    return cut(LINKED_ASSETS, None, of_cloud=True).made(row, At(source))


def linked_releases(row: ImageRow) -> tuple[str, ...]:
    """Of an image that brought along the releases it is in."""
    ids = (linked(one.is_part_of__release) for one in row.release_image)
    return tuple(str(one) for one in ids if one is not None)


def asset_id(number: int) -> str:
    return keys.join(ASSET, number)


def releases_of_images(rows: Iterable[ImageLinkRow]) -> dict[str, list[str]]:
    """Native ids of releases by that of each image."""
    found: dict[str, list[str]] = {}
    for row in rows:
        image_id, release_id = linked(row.image), native_id(row.is_part_of__release)
        if image_id is not None and release_id is not None:
            found.setdefault(keys.join(IMAGE, image_id), []).append(release_id)
    return found


def releases_of_assets(rows: Iterable[AssetLinkRow]) -> dict[str, list[str]]:
    """The same of assets: one each."""
    return {asset_id(row.id): [release_id] for row in rows if (release_id := native_id(row.release)) is not None}


def _service(row: ImageRow) -> str | None:
    return next((one.service_name for one in row.is_a_build_of__service), None)


def _release(row: AssetRow) -> tuple[str, ...]:
    found = native_id(row.release)
    return () if found is None else (found,)


def _file(row: AssetRow) -> FileRow:
    return row.asset or FileRow()


def _bytes(size: str | int | None) -> int | None:
    if isinstance(size, str):
        return int(size) if size.isascii() and size.isdigit() else None
    return size


def _digests(text: str | None) -> list[Digest]:
    """`sha256:<hex>`, or the hex alone."""
    name, _, value = (text or "").lower().rpartition(":")
    algorithm = name or ALGORITHMS.get(len(value))
    return [Digest(algorithm=algorithm, value=value)] if algorithm else []
