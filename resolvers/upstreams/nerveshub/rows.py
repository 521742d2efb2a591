"""What NervesHub sends, as far as we read it. Routes go by name: no number is told of anything.

Whatever has a default is missing on some server still in use: see `__init__` for which were read.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

RouteKey = Annotated[str, msgspec.Meta(min_length=1)]  # it becomes a part of an id: empty, it would name nothing


class ListEnvelope(msgspec.Struct):
    data: msgspec.Raw  # nothing but devices is paged


class OrgRow(msgspec.Struct):
    name: RouteKey
    products: msgspec.Raw = msgspec.Raw()  # only with `include=products`, from servers that know it


class ProductRow(msgspec.Struct):
    name: RouteKey  # unique in its org; a product cannot be renamed
    require_unique_firmware_version: bool | None = None
    allowed_update_tools: list[str] | None = None  # fwup | esp-idf
    allow_unsigned_esp_idf_firmware: bool | None = None


class FirmwareRow(msgspec.Struct):
    uuid: RouteKey  # unique in its product
    version: RouteKey  # SemVer; several firmwares may share it, one for each platform and architecture
    platform: str | None = None
    architecture: str | None = None
    author: str | None = None
    tool: str | None = None  # fwup | esp-idf
