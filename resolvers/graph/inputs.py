"""Inputs: filters and orders. AND between fields, OR inside a list; `[]` matches nothing, null does not filter."""

from __future__ import annotations

from datetime import datetime

import strawberry

from resolvers.graph.enums import (
    ArtifactKind,
    FleetOrderField,
    OrderDirection,
    ReleaseOrderField,
    ReleaseStatus,
    SourceKind,
)

RULE = "AND between fields, OR inside a list; an empty list matches nothing, null does not filter; text is exact."


@strawberry.input(description=f"Which releases. {RULE}")
class ReleaseFilter:
    ids: list[strawberry.ID] | None = strawberry.field(default=None, description="These releases.")
    sources: list[str] | None = strawberry.field(default=None, description="In the sources of these names.")
    kinds: list[SourceKind] | None = strawberry.field(default=None, description="In sources of these vendors.")
    fleet_ids: list[strawberry.ID] | None = strawberry.field(default=None, description="Of these fleets.")
    fleet_names: list[str] | None = strawberry.field(default=None, description="Of the fleets of these names.")
    product_lines: list[str] | None = strawberry.field(
        default=None, description="Of the fleets of the product lines of these configured names."
    )
    names: list[str] | None = strawberry.field(default=None, description="Called one of these.")
    versions: list[str] | None = strawberry.field(
        default=None, description="Whose version is spelled like one of these."
    )
    version_range: str | None = strawberry.field(
        default=None, description="PEP 440 operators over the understood version: `>=1.2,<2`."
    )
    include_prereleases: bool | None = strawberry.field(
        default=False, description="Whether pre-releases match a `versionRange` that names none."
    )
    revisions: list[str] | None = strawberry.field(
        default=None, description="Commit, whole or a prefix of at least seven characters."
    )
    targets: list[str] | None = strawberry.field(
        default=None, description="Hardware version, platform or service of one of its artifacts."
    )
    build_identifiers: list[str] | None = strawberry.field(
        default=None,
        description="The vendor's identifier of the build of one of its artifacts (Memfault, MetaKraftwerk).",
    )
    pipelines: list[str] | None = strawberry.field(default=None, description="With this pipeline (BuildMaster).")
    statuses: list[ReleaseStatus] | None = strawberry.field(default=None, description="In one of these states.")
    is_closed: bool | None = strawberry.field(default=None, description="Whether it is frozen (MetaKraftwerk).")
    created_after: datetime | None = strawberry.field(default=None, description="Made at this instant or later.")
    created_before: datetime | None = strawberry.field(default=None, description="Made before this instant.")
    include_deleted: bool | None = strawberry.field(
        default=False, description="Whether releases marked as deleted are listed; `statuses: [DELETED]` implies it."
    )


@strawberry.input(description=f"Which fleets. {RULE}")
class FleetFilter:
    ids: list[strawberry.ID] | None = strawberry.field(default=None, description="These fleets.")
    sources: list[str] | None = strawberry.field(default=None, description="In the sources of these names.")
    kinds: list[SourceKind] | None = strawberry.field(default=None, description="In sources of these vendors.")
    names: list[str] | None = strawberry.field(default=None, description="Called one of these.")
    slugs: list[str] | None = strawberry.field(default=None, description="With one of these slugs.")
    organizations: list[str] | None = strawberry.field(
        default=None, description="Of one of these organizations, by handle or name."
    )
    is_public: bool | None = strawberry.field(default=None, description="Whether anyone may see it (balena).")
    is_archived: bool | None = strawberry.field(default=None, description="Whether it is put away.")
    mine: bool | None = strawberry.field(
        default=None,
        description="true: only what the credential was given access to. false: only what it sees because it is "
        "public, where the source is configured to show that.",
    )


@strawberry.input(description=f"Which artifacts. {RULE}")
class ArtifactFilter:
    sources: list[str] | None = strawberry.field(default=None, description="In the sources of these names.")
    kinds: list[ArtifactKind] | None = strawberry.field(default=None, description="Of these kinds.")
    targets: list[str] | None = strawberry.field(default=None, description="For one of these targets.")
    digests: list[str] | None = strawberry.field(
        default=None, description="With one of these checksums: hex digits, with or without `sha256:` in front."
    )
    release_ids: list[strawberry.ID] | None = strawberry.field(default=None, description="Of these releases.")


@strawberry.input(description=f"Which devices. {RULE}")
class DeviceFilter:
    sources: list[str] | None = strawberry.field(default=None, description="In the sources of these names.")
    fleet_ids: list[strawberry.ID] | None = strawberry.field(default=None, description="Of these fleets.")
    is_online: bool | None = strawberry.field(default=None, description="Whether it is connected (balena, NervesHub).")
    running_versions: list[str] | None = strawberry.field(
        default=None, description="Running one of these versions, as spelled."
    )
    search: str | None = strawberry.field(
        default=None, description="Part of the name, identifier or serial, whatever the case."
    )


@strawberry.input(description="An order of releases; the source's name and the native id decide between equals.")
class ReleaseOrder:
    field: ReleaseOrderField = strawberry.field(default=ReleaseOrderField.CREATED_AT, description="By what.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.DESC, description="Which way.")


@strawberry.input(description="An order of fleets; the source's name and the native id decide between equals.")
class FleetOrder:
    field: FleetOrderField = strawberry.field(default=FleetOrderField.NAME, description="By what.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description="Which way.")
