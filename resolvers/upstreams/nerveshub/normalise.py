"""NervesHub's rows as the graph's types. Pure: no clock, no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import NamedTuple

from resolvers import keys
from resolvers.graph.artifact import Artifact
from resolvers.graph.enums import ArtifactKind, ReleaseStatus
from resolvers.graph.fleet import Fleet, Organization
from resolvers.graph.native.nerveshub import NervesHubProduct, NervesHubRelease
from resolvers.graph.release import Release
from resolvers.upstreams.nerveshub.rows import FirmwareRow, ProductRow


class Product(NamedTuple):
    """The route of a product: both names, as there are no ids."""

    org: str
    name: str

    @property
    def native_id(self) -> str:
        return keys.join(self.org, self.name)

    @classmethod
    def of(cls, fleet_id: str) -> Product | None:
        """None for an id that names no product whatever exists."""
        route = keys.split(fleet_id, 2)
        return cls(*route) if route else None


def fleet(source: str, product: Product, row: ProductRow) -> Fleet:
    """A product. created_at: NervesHub tells no time of it."""
    return Fleet(
        source_name=source,
        native_id=product.native_id,
        name=row.name,
        slug=f"{product.org}/{row.name}",
        organization=Organization(name=product.org, handle=product.org),
        native_of=partial(_native_product, row),
    )


def releases(source: str, product: Product, rows: Iterable[FirmwareRow]) -> list[Release]:
    """One for each version among the firmwares, in the order of each version's first."""
    by_version: dict[str, list[FirmwareRow]] = {}
    for row in rows:
        by_version.setdefault(row.version, []).append(row)
    return [release(source, product, version, firmwares) for version, firmwares in by_version.items()]


def release(source: str, product: Product, version: str, rows: Sequence[FirmwareRow]) -> Release:
    """The firmwares of one version. status: always AVAILABLE, a firmware is listed once its file is there.

    created_at, revision and notes: NervesHub keeps them to itself.
    """
    return Release(
        source_name=source,
        native_id=keys.join(*product, version),
        name=version,
        raw_version=version,
        status=ReleaseStatus.AVAILABLE,
        fleet_native_id=product.native_id,
        native_of=partial(_native_release, rows),
        artifacts_of=partial(artifacts, source, product, rows),
    )


def artifacts(source: str, product: Product, rows: Iterable[FirmwareRow]) -> list[Artifact]:
    return [artifact(source, product, row) for row in rows]


def artifact(source: str, product: Product, row: FirmwareRow) -> Artifact:
    """name: what tells it from its neighbours, as a uuid tells people nothing. filename: as a download is called."""
    words = (product.name, row.version, row.platform, row.architecture)
    return Artifact(
        source_name=source,
        native_id=keys.join(*product, row.uuid),
        name=" ".join(word for word in words if word),
        kind=ArtifactKind.FIRMWARE,
        filename=f"{row.uuid}.fw",
        target=row.platform or None,
        architecture=row.architecture or None,
        release_native_ids=(keys.join(*product, row.version),),
    )


def _native_product(row: ProductRow) -> NervesHubProduct:
    return NervesHubProduct(
        allowed_update_tools=row.allowed_update_tools,
        require_unique_firmware_version=row.require_unique_firmware_version,
        allow_unsigned_esp_idf_firmware=row.allow_unsigned_esp_idf_firmware,
    )


def _native_release(rows: Sequence[FirmwareRow]) -> NervesHubRelease:
    return NervesHubRelease(
        firmware_uuids=[row.uuid for row in rows],
        platforms=_distinct(row.platform for row in rows),
        architectures=_distinct(row.architecture for row in rows),
        authors=_distinct(row.author for row in rows),
        tools=_distinct(row.tool for row in rows),
    )


def _distinct(words: Iterable[str | None]) -> list[str]:
    """Each word once, in order; what is unset is left out."""
    return list(dict.fromkeys(word for word in words if word))
