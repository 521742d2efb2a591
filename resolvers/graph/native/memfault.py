"""What only Memfault says."""

from __future__ import annotations

import strawberry

from resolvers.graph.scalars import JSON


@strawberry.type(description="A Memfault release, in Memfault's words.")
class MemfaultRelease:
    release_id: int = strawberry.field(description="`id`: its route key is the version, not this number.")
    min_version: str | None = strawberry.field(description="The lowest version that may be updated to this one.")
    extra_info: JSON | None = strawberry.field(description="Whatever its maker attached.")
    count_devices: int | None = strawberry.field(description="Devices on it now.")
    must_pass_through: bool | None = strawberry.field(
        description="Every device below it has to install it before anything newer; null where not told."
    )
    is_delta: bool | None = strawberry.field(description="Whether it goes from one version to one other.")


@strawberry.type(description="A Memfault project, in Memfault's words.")
class MemfaultProject:
    project_id: int = strawberry.field(description="`id`: its route key is the slug, not this number.")
    platform: str | None = strawberry.field(description="Such as `mcu` or `android`.")
    os: str | None = strawberry.field(description="Operating system of its devices.")
