"""Version: as spelled, and as understood."""

from __future__ import annotations

from functools import lru_cache

import strawberry

from resolvers.graph.enums import VersionScheme
from resolvers.knowledge import versions


@strawberry.type(description="A version as spelled, and as understood.")
class Version:
    raw: str = strawberry.field(description="As the upstream spells it: what `versions:` compares.")
    scheme: VersionScheme = strawberry.field(description="How it was understood.")
    normalized: str | None = strawberry.field(
        description="The usual spelling of what was understood; null for a label."
    )
    major: int | None = strawberry.field(description="First number; null when there is none or it exceeds Int.")
    minor: int | None = strawberry.field(description="Second number; null when there is none or it exceeds Int.")
    patch: int | None = strawberry.field(description="Third number; null when there is none or it exceeds Int.")
    prerelease: str | None = strawberry.field(description="What follows the numbers of a pre-release, such as `rc.1`.")
    build: str | None = strawberry.field(description="Build metadata, such as `rev1`.")
    is_prerelease: bool = strawberry.field(description="Whether it precedes the release of the same numbers.")


@lru_cache(maxsize=16384)
def version(raw: str) -> Version:
    """The version a text spells. Never fails: what nothing else fits is a LABEL. Shared: do not change it."""
    understood = versions.understand(raw)
    return Version(
        raw=understood.raw,
        scheme=VersionScheme[understood.scheme.name],
        normalized=understood.normalized,
        major=understood.major,
        minor=understood.minor,
        patch=understood.patch,
        prerelease=understood.prerelease,
        build=understood.build,
        is_prerelease=understood.is_prerelease,
    )
