"""What only NervesHub says."""

from __future__ import annotations

import strawberry


@strawberry.type(description="The firmwares of one version in a NervesHub product: one per platform and architecture.")
class NervesHubRelease:
    firmware_uuids: list[str] = strawberry.field(description="UUIDs of its firmwares, in order.")
    platforms: list[str] = strawberry.field(description="Platforms it was built for, without repeats.")
    architectures: list[str] = strawberry.field(description="Architectures it was built for, without repeats.")
    authors: list[str] = strawberry.field(description="Who the firmwares name as author, without repeats.")
    tools: list[str] = strawberry.field(description="`fwup` or `esp-idf`, without repeats; empty on older servers.")


@strawberry.type(description="A NervesHub product.")
class NervesHubProduct:
    allowed_update_tools: list[str] | None = strawberry.field(description="`fwup`, `esp-idf`; null on older servers.")
    require_unique_firmware_version: bool | None = strawberry.field(
        description="Whether a version may be uploaded once per platform only; null on older servers."
    )
    allow_unsigned_esp_idf_firmware: bool | None = strawberry.field(description="Null on older servers.")
