"""NervesHub's rows as the graph's types. Pure: no clock, no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import quote

import msgspec

from resolvers import keys
from resolvers.graph.artifact import Artifact
from resolvers.graph.cohort import Cohort
from resolvers.graph.deployment import Deployment
from resolvers.graph.device import Device
from resolvers.graph.enums import ArtifactKind, DeploymentStatus, ReleaseStatus
from resolvers.graph.fleet import Fleet
from resolvers.graph.native.nerveshub import NervesHubProduct, NervesHubRelease
from resolvers.graph.people import Organization, Tag
from resolvers.graph.release import Release
from resolvers.graph.scalars import JSON, utc
from resolvers.upstreams.nerveshub.rows import DeviceRow, FirmwareRow, GroupRow, ProductRow

IS_ACTIVE = {"on": True, "off": False}
STATUS = {True: DeploymentStatus.ACTIVE, False: DeploymentStatus.INACTIVE, None: DeploymentStatus.UNKNOWN}
IS_ONLINE = {"connected": True, "connecting": False, "disconnected": False, "not_seen": False}
"Connecting is not yet connected: the server's own filter `connected` leaves it out too."

NEVER = "never"
FIRMWARE_DETAILS = ("author", "tool")
DEVICE_DETAILS = ("description", "connection_status", "online", "updates_enabled", "updates_blocked_until")
METADATA_DETAILS = (
    "uuid",
    "version",
    "platform",
    "architecture",
    "author",
    "description",
    "fwup_version",
    "vcs_identifier",
    "misc",
)
"Allow-lists: what a server may add one day is not shown by itself."


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


def fleet(source: str, product: Product, row: ProductRow, web_url: str | None = None) -> Fleet:
    """A product. created_at: NervesHub tells no time of it. web_url: where its web pages begin, if that is known."""
    return Fleet(
        source_name=source,
        native_id=product.native_id,
        name=row.name,
        slug=f"{product.org}/{row.name}",
        organization=Organization(name=product.org, handle=product.org),
        web_url=_page(web_url, product, "devices"),
        native_of=partial(_native_product, row),
    )


def releases(source: str, product: Product, rows: Iterable[FirmwareRow], web_url: str | None = None) -> list[Release]:
    """One for each version among the firmwares, in the order of each version's first."""
    by_version: dict[str, list[FirmwareRow]] = {}
    for row in rows:
        by_version.setdefault(row.version, []).append(row)
    return [release(source, product, version, firmwares, web_url) for version, firmwares in by_version.items()]


def release(
    source: str, product: Product, version: str, rows: Sequence[FirmwareRow], web_url: str | None = None
) -> Release:
    """The firmwares of one version. status: always AVAILABLE, a firmware is listed once its file is there.

    created_at, revision and notes: NervesHub keeps them to itself. web_url: the page of its only firmware; of several,
    the page that lists all.
    """
    page = ["firmware", rows[0].uuid] if len(rows) == 1 else ["firmware"]
    return Release(
        source_name=source,
        native_id=keys.join(*product, version),
        name=version,
        raw_version=version,
        status=ReleaseStatus.AVAILABLE,
        fleet_native_id=product.native_id,
        web_url=_page(web_url, product, *page),
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
        details_of=partial(_details_of_firmware, row),
    )


def cohort(source: str, product: Product, row: GroupRow, versions: Mapping[str, str]) -> Cohort:
    """A deployment group. versions: by uuid of a firmware, for servers that tell no more of a group's release."""
    version = row.current_release.firmware.version if row.current_release else versions.get(row.firmware_uuid or "")
    return Cohort(
        source_name=source,
        native_id=keys.join(*product, row.name),
        name=row.name,
        device_count=row.device_count,
        is_active=_is_active(row),
        fleet_native_id=product.native_id,
        current_release_native_id=keys.join(*product, version) if version else None,
    )


def deployments(source: str, product: Product, rows: Iterable[GroupRow]) -> list[Deployment]:
    """What each group has now. A server that does not number releases has none to tell of."""
    return [one for row in rows if (one := deployment(source, product, row))]


def deployment(source: str, product: Product, row: GroupRow) -> Deployment | None:
    """A group's current release. created_at: when it became that; the zoneless text is UTC."""
    current = row.current_release
    if current is None:
        return None
    return Deployment(
        source_name=source,
        native_id=keys.join(*product, row.name, current.number),
        status=STATUS[_is_active(row)],
        native_status=row.state,
        created_at=instant(current.inserted_at),
        release_native_id=keys.join(*product, current.firmware.version),
        fleet_native_id=product.native_id,
        cohort_native_id=keys.join(*product, row.name),
    )


def device(source: str, product: Product, row: DeviceRow) -> Device:
    """A device. target: what its group wants; is_online: None for a word we do not know, which is in the details."""
    running, group = _running_version(row), row.deployment_group
    wanted = group.firmware_version if group else None
    return Device(
        source_name=source,
        native_id=keys.join(*product, row.identifier),
        name=row.identifier,
        device_type=(row.firmware_metadata and row.firmware_metadata.platform) or None,
        is_online=IS_ONLINE.get(_connected(row) or ""),
        last_seen_at=instant(row.last_communication),
        raw_running_version=running,
        fleet_native_id=product.native_id,
        cohort_native_id=keys.join(*product, group.name) if group else None,
        running_release_native_id=keys.join(*product, running) if running else None,
        target_release_native_id=keys.join(*product, wanted) if wanted else None,
        tags_of=[Tag(key=word) for word in row.tags or ()],
        details_of=partial(_details_of_device, row),
    )


def instant(text: str | None) -> datetime | None:
    """Any of NervesHub's times: with T or a space, with Z or without a zone, which is UTC too. `never` is none."""
    try:
        return utc(text or NEVER)
    except (ValueError, OverflowError):  # the last: an offset may lead out of the years there are
        return None


def _is_active(row: GroupRow) -> bool | None:
    return IS_ACTIVE.get(row.state or "") if row.is_active is None else row.is_active


def _connected(row: DeviceRow) -> str | None:
    return row.connection_status or row.online


def _running_version(row: DeviceRow) -> str | None:
    """Without metadata the server says `unknown`, which no firmware can be called."""
    version = row.version or (row.firmware_metadata.version if row.firmware_metadata else None)
    return None if version in (None, "", "unknown") else version


def _details_of_device(row: DeviceRow) -> JSON:
    running = _told(row.firmware_metadata, METADATA_DETAILS)
    return JSON({**_told(row, DEVICE_DETAILS), **({"firmware_metadata": running} if running else {})})


def _details_of_firmware(row: FirmwareRow) -> JSON:
    return JSON(_told(row, FIRMWARE_DETAILS))


def _told(row: msgspec.Struct | None, names: Iterable[str]) -> dict[str, Any]:
    """Those fields of a row that are set, by the server's own names."""
    values = ((name, getattr(row, name, None)) for name in names)
    return {name: value for name, value in values if value is not None and value != ""}


def _page(web_url: str | None, product: Product, *path: str) -> str | None:
    """A page of the server's own web interface (lib/nerves_hub_web/router.ex), where an operator said it is."""
    return web_url and "/".join((web_url, "org", *(quote(part, safe="") for part in (*product, *path))))


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
